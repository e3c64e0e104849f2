"""The desk's own questions: what an editor who looks at an issue wants to know beside it. All of them only read."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from sqlalchemy import Boolean, Connection, Executable, Integer, String, case, cast, column, func, select, table

from digest.model.issue import Issue
from digest.model.item import ItemId
from digest.storage.chunks import chunks
from digest.storage.source_tables import filing, item, newsletter_source, topic
from digest.storage.tables import curation, delivery, issue, link_check, overruled
from subscribers import audience
from subscribers.consent import SubscriptionState
from subscribers.tables import newsletter, subscriber, subscription

#: The readers that `audiences.gather_readers` wrote down, as far as they matter here.
_written_down = table(
    "publishing_reader",
    column("subscription_id", Integer),
    column("preference_id", Integer),
    column("language", String),
    column("first", Boolean),
    column("received", String),
    column("away", String),
)

SUPPRESSED = "suppressed"

#: Names a cohort of a draft: preference, language, whether it is their first, the variants they have had, and from when
#: they catch up.
CohortName = tuple[int, str, bool, str, str]


def examples(connection: Connection) -> dict[CohortName, int]:
    """The oldest subscription in each cohort of the readers that are written down."""
    alike = [_written_down.c[name] for name in ("preference_id", "language", "first", "received", "away")]
    query = select(*alike, func.min(_written_down.c.subscription_id).label("example")).group_by(*alike)
    return {(r.preference_id, r.language, r.first, r.received, r.away): r.example for r in connection.execute(query)}


def examples_of(connection: Connection, issue_id: int) -> dict[int, int]:
    """The oldest subscription that got each variant of an issue that is out."""
    query = (
        select(delivery.c.variant_id, func.min(delivery.c.subscription_id).label("example"))
        .where(delivery.c.issue_id == issue_id)
        .group_by(delivery.c.variant_id)
    )
    return {row.variant_id: row.example for row in connection.execute(query)}


def unwritten(connection: Connection, newsletter_slug: str, cadence: str, *, now: datetime) -> list[tuple[str, int]]:
    """Who subscribes and is not written to: a subscription's state or SUPPRESSED, and how many, the most first."""
    why = case((audience.suppressed(), SUPPRESSED), else_=subscription.c.state).label("why")
    query = (
        select(why, func.count().label("readers"))
        .select_from(subscription)
        .join(subscriber, subscriber.c.id == subscription.c.subscriber_id)
        .join(newsletter, newsletter.c.id == subscription.c.newsletter_id)
        .where(
            newsletter.c.slug == newsletter_slug,
            subscription.c.cadence == cadence,
            subscription.c.state != SubscriptionState.ENDED,
            ~audience.may_receive(now),
        )
        .group_by(why)
        .order_by(func.count().desc())
    )
    return [(row.why, row.readers) for row in connection.execute(query)]


def reasons(connection: Connection, newsletter_slug: str, items: Iterable[ItemId]) -> dict[tuple[ItemId, str], str]:
    """Why each item stands under each of a newsletter's topics: what says most of it, by item and topic's slug."""
    query = (
        select(filing.c.item_id, topic.c.slug, filing.c.reasons)
        .join(topic, topic.c.id == filing.c.topic_id)
        .join(newsletter, newsletter.c.id == topic.c.newsletter_id)
        .where(newsletter.c.slug == newsletter_slug, filing.c.stands)
    )
    found: dict[tuple[ItemId, str], str] = {}
    for some in chunks(items):
        for row in connection.execute(query.where(filing.c.item_id.in_(some))):
            found[ItemId(row.item_id), row.slug] = row.reasons[0] if row.reasons else ""
    return found


def stamp(connection: Connection, this: Issue, *, since: datetime) -> tuple[object, ...]:
    """Another one after each change of what a preview of this issue shows; in time that grows with the items that it
    may take, those since `since`. Who subscribes, and what becomes of deliveries, does not change it."""
    return tuple(tuple(row) for query in _facts(this, since) for row in connection.execute(query))


def _facts(this: Issue, since: datetime) -> Iterator[Executable]:
    mine = issue.c.newsletter_id == select(issue.c.newsletter_id).where(issue.c.id == this.id).scalar_subquery()
    near = (
        select(item.c.id, item.c.changed_at)
        .join(newsletter_source, newsletter_source.c.source_id == item.c.source_id)
        .join(newsletter, newsletter.c.id == newsletter_source.c.newsletter_id)
        .where(newsletter.c.slug == this.newsletter, item.c.stands_at >= since)
        .subquery()
    )
    filed = select(filing.c.stands, filing.c.at).join(near, near.c.id == filing.c.item_id).subquery()
    yield select(newsletter.c.changed_at).where(newsletter.c.slug == this.newsletter)
    yield select(*(issue.c[name] for name in _EDITED)).where(issue.c.id == this.id)
    yield select(func.count(), func.max(issue.c.frozen_at)).where(mine)
    yield select(curation).where(curation.c.issue_id == this.id).order_by(curation.c.item_id)
    yield select(func.max(overruled.c.id)).where(overruled.c.issue_id == this.id)
    yield select(func.max(link_check.c.checked_at))
    yield select(func.count(), func.max(near.c.changed_at)).select_from(near)
    yield select(func.count(), func.sum(cast(filed.c.stands, Integer)), func.max(filed.c.at)).select_from(filed)


_EDITED = ("state", "title", "subject", "intro", "approved_at", "approved_by", "last")
