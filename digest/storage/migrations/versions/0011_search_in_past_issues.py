"""Words of past issues and an index over them, filled with what has come out already."""

import json
import re
from html import unescape
from typing import Any

import sqlalchemy as sa
from alembic import op

from subscribers.tables import Id

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_STEMMED = {
    "da": "danish",
    "de": "german",
    "en": "english",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "it": "italian",
    "nb": "norwegian",
    "nl": "dutch",
    "no": "norwegian",
    "pt": "portuguese",
    "sv": "swedish",
}
#: Tags within a word or a line, and the others, which part words.
_WITHIN, _TAG = re.compile(r"</?(?:a|em|strong|b|i|code|sub|sup)\b[^>]*>"), re.compile(r"<[^>]*>")
_SHOWN = sa.text(
    "SELECT article.issue_id, article.item_id, article.content, newsletter.settings FROM article"
    " JOIN issue ON issue.id = article.issue_id JOIN newsletter ON newsletter.id = issue.newsletter_id"
    " WHERE article.shown ORDER BY article.issue_id, article.position"
)
_INTO_TEXT = sa.text(
    "INSERT INTO article_text (issue_id, item_id, title, summary, body)"
    " VALUES (:issue_id, :item_id, :title, :summary, :body) RETURNING id"
)
_INTO_INDEX = {
    "sqlite": sa.text("INSERT INTO article_search (rowid, title, summary, body) VALUES (:id, :title, :summary, :body)"),
    "postgresql": sa.text(
        "INSERT INTO article_search (rowid, words) VALUES (:id,"
        " setweight(to_tsvector(CAST(:config AS regconfig), :title), 'A') ||"
        " setweight(to_tsvector(CAST(:config AS regconfig), :summary), 'B') ||"
        " setweight(to_tsvector(CAST(:config AS regconfig), :body), 'D'))"
    ),
}


def upgrade() -> None:
    op.create_table(
        "article_text",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("issue_id", Id, nullable=False),
        sa.Column("item_id", Id, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["issue_id"], ["issue.id"], name="fk_article_text_issue_id"),
        sa.ForeignKeyConstraint(["item_id"], ["item.id"], name="fk_article_text_item_id"),
        sa.PrimaryKeyConstraint("id", name="pk_article_text"),
        sa.UniqueConstraint("issue_id", "item_id", name="uq_article_text_issue_id_item_id"),
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE article_search USING fts5(title, summary, body, content = 'article_text',"
            " content_rowid = 'id', tokenize = 'porter unicode61 remove_diacritics 2')"
        )
    else:
        op.execute(
            "CREATE TABLE article_search (rowid bigint PRIMARY KEY REFERENCES article_text (id) ON DELETE CASCADE,"
            " words tsvector NOT NULL)"
        )
        op.execute("CREATE INDEX ix_article_search_words ON article_search USING gin (words)")
    _fill(op.get_bind())


def downgrade() -> None:
    op.execute("DROP TABLE article_search")
    op.drop_table("article_text")


def _fill(connection: sa.Connection) -> None:
    into_index = _INTO_INDEX[connection.dialect.name]
    for row in connection.execute(_SHOWN).all():
        said, settings = _value(row.content), _value(row.settings)
        config = _STEMMED.get(settings.get("language", "en-GB").partition("-")[0].lower(), "simple")
        summary = _plain(said["summary_text"])
        body = _plain(unescape(_TAG.sub(" ", _WITHIN.sub("", said["body_html"])))) or summary
        words = {"title": _plain(said["title"]), "summary": summary, "body": body}
        made = connection.scalar(_INTO_TEXT, {"issue_id": row.issue_id, "item_id": row.item_id, **words})
        given = {"id": made, **words} | ({} if connection.dialect.name == "sqlite" else {"config": config})
        connection.execute(into_index, given)


def _value(column: Any) -> Any:
    """Text on SQLite, a value on PostgreSQL."""
    return json.loads(column) if isinstance(column, str) else column


def _plain(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f\ud800-\udfff\s]+", " ", text[:200_000]).strip()
