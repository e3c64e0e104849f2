"""The first tables."""

import sqlalchemy as sa
from alembic import op

from subscribers.tables import Id as ID
from subscribers.tables import Instant

INSTANT = Instant()

#: Consent is a record: it grows, and nothing in it changes or goes.
APPEND_ONLY = {
    "sqlite": (
        """CREATE TRIGGER consent_is_never_changed BEFORE UPDATE ON consent
           BEGIN SELECT RAISE(ABORT, 'consent is append-only'); END""",
        """CREATE TRIGGER consent_is_never_removed BEFORE DELETE ON consent
           BEGIN SELECT RAISE(ABORT, 'consent is append-only'); END""",
    ),
    "postgresql": (
        """CREATE FUNCTION consent_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN RAISE EXCEPTION 'consent is append-only'; END $$""",
        """CREATE TRIGGER consent_is_append_only BEFORE UPDATE OR DELETE ON consent
           FOR EACH ROW EXECUTE FUNCTION consent_is_append_only()""",
        """CREATE TRIGGER consent_is_never_emptied BEFORE TRUNCATE ON consent
           FOR EACH STATEMENT EXECUTE FUNCTION consent_is_append_only()""",
    ),
}

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "fact",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_fact")),
    )
    op.create_table(
        "newsletter",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_newsletter")),
        sa.UniqueConstraint("slug", name=op.f("uq_newsletter_slug")),
    )
    op.create_table(
        "preference",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("topics", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_preference")),
        sa.UniqueConstraint("key", name=op.f("uq_preference_key")),
    )
    op.create_table(
        "source",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("location", sa.Text(), server_default="", nullable=False),
        sa.Column("link_label", sa.String(length=80), server_default="", nullable=False),
        sa.Column("read_at", INSTANT, nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_error", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source")),
        sa.UniqueConstraint("slug", name=op.f("uq_source_slug")),
    )
    op.create_table(
        "subscriber",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("address_hash", sa.String(length=64), nullable=True),
        sa.Column("name", sa.String(length=200), server_default="", nullable=False),
        sa.Column("language", sa.String(length=35), server_default="", nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("erased_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriber")),
        sa.UniqueConstraint("address_hash", name=op.f("uq_subscriber_address_hash")),
    )
    op.create_table(
        "suppression",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("address_hash", sa.String(length=64), nullable=False),
        sa.Column("scope", sa.String(length=80), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("evidence", sa.Text(), server_default="", nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("lifted_at", INSTANT, nullable=True),
        sa.Column("lifted_because", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppression")),
    )
    op.create_index(
        "uq_suppression_in_force",
        "suppression",
        ["address_hash", "scope"],
        unique=True,
        sqlite_where=sa.text("lifted_at IS NULL"),
        postgresql_where=sa.text("lifted_at IS NULL"),
    )
    op.create_table(
        "worker",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("token", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("beat_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_worker")),
        sa.UniqueConstraint("token", name=op.f("uq_worker_token")),
    )
    op.create_table(
        "consent",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("subscriber_id", ID, nullable=False),
        sa.Column("newsletter_id", ID, nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["newsletter_id"], ["newsletter.id"], name=op.f("fk_consent_newsletter_id")),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name=op.f("fk_consent_subscriber_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
    )
    op.create_index(op.f("ix_consent_subscriber_id"), "consent", ["subscriber_id"], unique=False)
    op.create_table(
        "issue",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("newsletter_id", ID, nullable=False),
        sa.Column("cadence", sa.String(length=20), nullable=False),
        sa.Column("period_key", sa.String(length=12), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("title", sa.String(length=200), server_default="", nullable=False),
        sa.Column("subject", sa.String(length=200), server_default="", nullable=False),
        sa.Column("intro", sa.Text(), server_default="", nullable=False),
        sa.Column("composed_at", INSTANT, nullable=False),
        sa.Column("approved_at", INSTANT, nullable=True),
        sa.Column("approved_by", sa.String(length=200), server_default="", nullable=False),
        sa.Column("frozen_at", INSTANT, nullable=True),
        sa.Column("period_ends_at", INSTANT, nullable=False),
        sa.Column("expected", sa.Integer(), nullable=True),
        sa.Column("content", sa.JSON(), nullable=True),
        sa.Column("headers", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["newsletter_id"], ["newsletter.id"], name=op.f("fk_issue_newsletter_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issue")),
        sa.UniqueConstraint(
            "newsletter_id", "cadence", "period_key", name=op.f("uq_issue_newsletter_id_cadence_period_key")
        ),
    )
    op.create_index(op.f("ix_issue_period_ends_at"), "issue", ["period_ends_at"], unique=False)
    op.create_table(
        "item",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("source_id", ID, nullable=False),
        sa.Column("identity", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("guid", sa.Text(), nullable=True),
        sa.Column("link", sa.Text(), nullable=True),
        sa.Column("published_on", sa.String(length=10), nullable=True),
        sa.Column("published_at", INSTANT, nullable=True),
        sa.Column("first_seen_at", INSTANT, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.Column("people", sa.JSON(), nullable=False),
        sa.Column("categories", sa.JSON(), nullable=False),
        sa.Column("body_html", sa.Text(), nullable=False),
        sa.Column("body_text", sa.Text(), nullable=False),
        sa.Column("word_count", sa.Integer(), nullable=True),
        sa.Column("excerpt", sa.Boolean(), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=True),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_item_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item")),
        sa.UniqueConstraint("source_id", "identity", name=op.f("uq_item_source_id_identity")),
    )
    op.create_index(op.f("ix_item_first_seen_at"), "item", ["first_seen_at"], unique=False)
    op.create_table(
        "newsletter_source",
        sa.Column("newsletter_id", ID, nullable=False),
        sa.Column("source_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["newsletter_id"], ["newsletter.id"], name=op.f("fk_newsletter_source_newsletter_id")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_newsletter_source_source_id")),
        sa.PrimaryKeyConstraint("newsletter_id", "source_id", name=op.f("pk_newsletter_source")),
    )
    op.create_index(op.f("ix_newsletter_source_source_id"), "newsletter_source", ["source_id"], unique=False)
    op.create_table(
        "subscription",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("subscriber_id", ID, nullable=False),
        sa.Column("newsletter_id", ID, nullable=False),
        sa.Column("preference_id", ID, nullable=False),
        sa.Column("cadence", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("confirmed_at", INSTANT, nullable=True),
        sa.Column("paused_until", INSTANT, nullable=True),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("end_reason", sa.String(length=20), server_default="", nullable=False),
        sa.Column("considered_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["newsletter_id"], ["newsletter.id"], name=op.f("fk_subscription_newsletter_id")),
        sa.ForeignKeyConstraint(["preference_id"], ["preference.id"], name=op.f("fk_subscription_preference_id")),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name=op.f("fk_subscription_subscriber_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription")),
        sa.UniqueConstraint("subscriber_id", "newsletter_id", name=op.f("uq_subscription_subscriber_id_newsletter_id")),
    )
    op.create_index("ix_subscription_audience", "subscription", ["newsletter_id", "cadence", "state"], unique=False)
    op.create_table(
        "topic",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("newsletter_id", ID, nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("phrases", sa.JSON(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["newsletter_id"], ["newsletter.id"], name=op.f("fk_topic_newsletter_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_topic")),
        sa.UniqueConstraint("newsletter_id", "slug", name=op.f("uq_topic_newsletter_id_slug")),
    )
    op.create_table(
        "article",
        sa.Column("issue_id", ID, nullable=False),
        sa.Column("item_id", ID, nullable=False),
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("shown", sa.Boolean(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"], name=op.f("fk_article_issue_id")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_article_item_id")),
        sa.PrimaryKeyConstraint("issue_id", "item_id", name=op.f("pk_article")),
        sa.UniqueConstraint("issue_id", "slug", name=op.f("uq_article_issue_id_slug")),
    )
    op.create_index(op.f("ix_article_item_id"), "article", ["item_id"], unique=False)
    op.create_table(
        "block",
        sa.Column("issue_id", ID, nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"], name=op.f("fk_block_issue_id")),
        sa.PrimaryKeyConstraint("issue_id", "key", name=op.f("pk_block")),
    )
    op.create_table(
        "curation",
        sa.Column("issue_id", ID, nullable=False),
        sa.Column("item_id", ID, nullable=False),
        sa.Column("pinned", sa.Boolean(), server_default="0", nullable=False),
        sa.Column("left_out", sa.Boolean(), server_default="0", nullable=False),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"], name=op.f("fk_curation_issue_id")),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_curation_item_id")),
        sa.PrimaryKeyConstraint("issue_id", "item_id", name=op.f("pk_curation")),
    )
    op.create_table(
        "filing",
        sa.Column("item_id", ID, nullable=False),
        sa.Column("topic_id", ID, nullable=False),
        sa.Column("origin", sa.String(length=10), nullable=False),
        sa.Column("stands", sa.Boolean(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_filing_item_id")),
        sa.ForeignKeyConstraint(["topic_id"], ["topic.id"], name=op.f("fk_filing_topic_id")),
        sa.PrimaryKeyConstraint("item_id", "topic_id", name=op.f("pk_filing")),
    )
    op.create_index(op.f("ix_filing_topic_id"), "filing", ["topic_id"], unique=False)
    op.create_table(
        "nothing_new",
        sa.Column("issue_id", ID, nullable=False),
        sa.Column("subscriber_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"], name=op.f("fk_nothing_new_issue_id")),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name=op.f("fk_nothing_new_subscriber_id")),
        sa.PrimaryKeyConstraint("issue_id", "subscriber_id", name=op.f("pk_nothing_new")),
    )
    op.create_index(op.f("ix_nothing_new_subscriber_id"), "nothing_new", ["subscriber_id"], unique=False)
    op.create_table(
        "variant",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("issue_id", ID, nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("layout", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"], name=op.f("fk_variant_issue_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_variant")),
        sa.UniqueConstraint("issue_id", "key", name=op.f("uq_variant_issue_id_key")),
    )
    op.create_table(
        "cohort",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("issue_id", ID, nullable=False),
        sa.Column("preference_id", ID, nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("first", sa.Boolean(), nullable=False),
        sa.Column("received", sa.Text(), nullable=False),
        sa.Column("variant_id", ID, nullable=True),
        sa.Column("readers", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"], name=op.f("fk_cohort_issue_id")),
        sa.ForeignKeyConstraint(["preference_id"], ["preference.id"], name=op.f("fk_cohort_preference_id")),
        sa.ForeignKeyConstraint(["variant_id"], ["variant.id"], name=op.f("fk_cohort_variant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cohort")),
    )
    op.create_index("ix_cohort_issue_preference", "cohort", ["issue_id", "preference_id"], unique=False)
    op.create_table(
        "delivery",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("issue_id", ID, nullable=False),
        sa.Column("subscriber_id", ID, nullable=False),
        sa.Column("subscription_id", ID, nullable=False),
        sa.Column("variant_id", ID, nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("lease_token", sa.String(length=32), nullable=True),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("not_before", INSTANT, nullable=False),
        sa.Column("queued_at", INSTANT, nullable=False),
        sa.Column("dated_at", INSTANT, nullable=True),
        sa.Column("settled_at", INSTANT, nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"], name=op.f("fk_delivery_issue_id")),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name=op.f("fk_delivery_subscriber_id")),
        sa.ForeignKeyConstraint(["subscription_id"], ["subscription.id"], name=op.f("fk_delivery_subscription_id")),
        sa.ForeignKeyConstraint(["variant_id"], ["variant.id"], name=op.f("fk_delivery_variant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("issue_id", "subscriber_id", name=op.f("uq_delivery_issue_id_subscriber_id")),
    )
    op.create_index("ix_delivery_issue_state", "delivery", ["issue_id", "state"], unique=False)
    op.create_index(op.f("ix_delivery_lease_token"), "delivery", ["lease_token"], unique=False)
    op.create_index("ix_delivery_queued", "delivery", ["state", "queued_at"], unique=False)
    op.create_index("ix_delivery_state", "delivery", ["state", "id"], unique=False)
    op.create_index(op.f("ix_delivery_subscriber_id"), "delivery", ["subscriber_id"], unique=False)
    op.create_index("ix_delivery_variant", "delivery", ["variant_id"], unique=False)
    op.create_table(
        "variant_item",
        sa.Column("variant_id", ID, nullable=False),
        sa.Column("item_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name=op.f("fk_variant_item_item_id")),
        sa.ForeignKeyConstraint(["variant_id"], ["variant.id"], name=op.f("fk_variant_item_variant_id")),
        sa.PrimaryKeyConstraint("variant_id", "item_id", name=op.f("pk_variant_item")),
    )
    op.create_index(op.f("ix_variant_item_item_id"), "variant_item", ["item_id"], unique=False)
    op.create_table(
        "attempt",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("delivery_id", ID, nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("phase", sa.String(length=12), nullable=False),
        sa.Column("reply_code", sa.Integer(), nullable=True),
        sa.Column("enhanced_code", sa.String(length=12), server_default="", nullable=False),
        sa.Column("diagnostic", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_attempt_delivery_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
    )
    op.create_index(op.f("ix_attempt_delivery_id"), "attempt", ["delivery_id"], unique=False)

    for statement in APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:

    op.drop_index(op.f("ix_attempt_delivery_id"), table_name="attempt")
    op.drop_table("attempt")
    op.drop_index(op.f("ix_variant_item_item_id"), table_name="variant_item")
    op.drop_table("variant_item")
    op.drop_index("ix_delivery_variant", table_name="delivery")
    op.drop_index(op.f("ix_delivery_subscriber_id"), table_name="delivery")
    op.drop_index("ix_delivery_state", table_name="delivery")
    op.drop_index("ix_delivery_queued", table_name="delivery")
    op.drop_index(op.f("ix_delivery_lease_token"), table_name="delivery")
    op.drop_index("ix_delivery_issue_state", table_name="delivery")
    op.drop_table("delivery")
    op.drop_index("ix_cohort_issue_preference", table_name="cohort")
    op.drop_table("cohort")
    op.drop_table("variant")
    op.drop_index(op.f("ix_nothing_new_subscriber_id"), table_name="nothing_new")
    op.drop_table("nothing_new")
    op.drop_index(op.f("ix_filing_topic_id"), table_name="filing")
    op.drop_table("filing")
    op.drop_table("curation")
    op.drop_table("block")
    op.drop_index(op.f("ix_article_item_id"), table_name="article")
    op.drop_table("article")
    op.drop_table("topic")
    op.drop_index("ix_subscription_audience", table_name="subscription")
    op.drop_table("subscription")
    op.drop_index(op.f("ix_newsletter_source_source_id"), table_name="newsletter_source")
    op.drop_table("newsletter_source")
    op.drop_index(op.f("ix_item_first_seen_at"), table_name="item")
    op.drop_table("item")
    op.drop_index(op.f("ix_issue_period_ends_at"), table_name="issue")
    op.drop_table("issue")
    op.drop_index(op.f("ix_consent_subscriber_id"), table_name="consent")
    op.drop_table("consent")
    op.drop_table("worker")
    op.drop_index(
        "uq_suppression_in_force",
        table_name="suppression",
        sqlite_where=sa.text("lifted_at IS NULL"),
        postgresql_where=sa.text("lifted_at IS NULL"),
    )
    op.drop_table("suppression")
    op.drop_table("subscriber")
    op.drop_table("source")
    op.drop_table("preference")
    op.drop_table("newsletter")
    op.drop_table("fact")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION consent_is_append_only()")
