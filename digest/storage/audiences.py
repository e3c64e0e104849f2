"""Audiences: the readers of an issue, told apart only as far as choosing goes, and never one by one.

Publishing writes the readers down once in a temporary table, so that the cohorts that are chosen for and the readers
who are put into the outbox cannot differ.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    CompoundSelect,
    Connection,
    FromClause,
    MetaData,
    Select,
    String,
    Table,
    Text,
    and_,
    case,
    exists,
    func,
    insert,
    literal,
    not_,
    select,
    union_all,
    update,
)

from digest.model.cadence import Cadence
from digest.model.delivery import DeliveryState
from digest.model.issue import IssueId
from digest.storage import away, receipts, spread
from digest.storage.clock import database_now
from digest.storage.receipts import Span
from digest.storage.spread import Share
from digest.storage.tables import cohort, delivery, nothing_new
from subscribers import audience
from subscribers.preferences import Preference, from_text
from subscribers.tables import Id, consent, preference, subscription, suppression

#: Lives for one transaction.
_reader = Table(
    "publishing_reader",
    MetaData(),
    Column("subscriber_id", Id, primary_key=True),
    Column("subscription_id", Id, nullable=False),
    Column("preference_id", Id, nullable=False),
    Column("language", String(35), nullable=False),
    Column("first", Boolean, nullable=False),
    Column("received", Text, nullable=False),
    Column("away", String(10), nullable=False),
    prefixes=["TEMPORARY"],
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """Readers who are alike as far as choosing goes."""

    preference_id: int
    chosen: Preference
    language: str
    #: No issue was made for them before.
    first: bool
    #: The variants they have had within the look-back.
    received: tuple[int, ...]
    readers: int
    #: The day from which they catch up after a long pause; empty for everybody else.
    away: str = ""


def gather_readers(connection: Connection, newsletter_id: int, cadence: Cadence, span: Span, *, now: datetime) -> None:
    """Write down who gets this issue, with the receipts that may matter to it."""
    _reader.metadata.create_all(connection, checkfirst=False)
    query = _who_gets(newsletter_id, cadence, span, now)
    connection.execute(insert(_reader).from_select([column.name for column in query.selected_columns], query))


def stamp(connection: Connection) -> str:
    """Another one whenever somebody came, left, chose anew, or was suppressed. It costs next to nothing."""
    last = connection.scalar(select(func.max(consent.c.id)))
    barred, lifted = connection.execute(select(func.max(suppression.c.id), func.count(suppression.c.lifted_at))).one()
    return f"{last or 0}.{barred or 0}.{lifted}"


def _who_gets(newsletter_id: int, cadence: Cadence, span: Span, now: datetime) -> Select[Any] | CompoundSelect[Any]:
    who, back = audience.readers(newsletter_id, cadence, now), span.back
    if back is None:
        return _with_receipts(who, receipts.of_readers(newsletter_id, span))
    returning = away.came_back(back.before)
    theirs = select(subscription.c.subscriber_id).where(subscription.c.newsletter_id == newsletter_id, returning)
    long_ago = receipts.of_readers(newsletter_id, span.for_back, among=theirs)
    return union_all(
        _with_receipts(who.where(not_(returning)), receipts.of_readers(newsletter_id, span)),
        _with_receipts(who.where(returning), long_ago, away.day_of(back)),
    )


def _with_receipts(
    readers: Select[Any], received: Select[Any], away_since: ColumnElement[str] | None = None
) -> Select[Any]:
    who = (readers if away_since is None else readers.add_columns(away_since.label("away"))).subquery()
    had = received.subquery()
    return select(
        who.c.subscriber_id,
        who.c.subscription_id,
        who.c.preference_id,
        who.c.language,
        who.c.first,
        func.coalesce(had.c.received, "").label("received"),
        (literal("") if away_since is None else who.c.away).label("away"),
    ).outerjoin(had, had.c.subscriber_id == who.c.subscriber_id)


def cohorts(connection: Connection) -> Iterator[Cohort]:
    """The distinct cohorts among the readers written down, in an order that is the same every time."""
    return _cohorts_among(connection, _reader)


def cohorts_now(
    connection: Connection, newsletter_id: int, cadence: Cadence, span: Span, *, now: datetime
) -> Iterator[Cohort]:
    """The cohorts there would be if the readers were written down now; it writes nothing."""
    return _cohorts_among(connection, _who_gets(newsletter_id, cadence, span, now).subquery())


def _cohorts_among(connection: Connection, among: FromClause) -> Iterator[Cohort]:
    alike = (among.c.preference_id, among.c.language, among.c.first, among.c.received, among.c.away)
    # Grouped before topics come to it: there are many readers, and few sets of topics.
    each = select(*alike, func.count().label("readers")).group_by(*alike).subquery()
    query = (
        select(each, preference.c.topics)
        .join(preference, preference.c.id == each.c.preference_id)
        .order_by(each.c.preference_id, each.c.language, each.c.first, each.c.received, each.c.away)
    )
    yield from map(_cohort, connection.execute(query).all())


def _cohort(row: Any) -> Cohort:
    return Cohort(
        preference_id=row.preference_id,
        chosen=from_text(row.topics),
        language=row.language,
        first=row.first,
        received=parse_received(row.received),
        readers=row.readers,
        away=row.away,
    )


def parse_received(text: str) -> tuple[int, ...]:
    """The variants that "3,17" names."""
    return tuple(int(part) for part in text.split(",") if part)


def save_cohorts(connection: Connection, issue_id: IssueId, found: Sequence[tuple[Cohort, int | None]]) -> None:
    """Keep each cohort with the variant it gets; None where nothing is new to it."""
    rows = [
        {
            "issue_id": issue_id,
            "preference_id": each.preference_id,
            "language": each.language,
            "first": each.first,
            "received": ",".join(map(str, each.received)),
            "away": each.away,
            "variant_id": variant_id,
            "readers": each.readers,
        }
        for each, variant_id in found
    ]
    if rows:
        connection.execute(insert(cohort), rows)


def fill_outbox(connection: Connection, issue_id: IssueId, over: Sequence[Share] = ()) -> int:
    """One delivery for each reader whose cohort has a variant, and a note for each other. Returns the deliveries.

    They are due at once, or spread `over` some times.
    """
    joined = and_(
        cohort.c.issue_id == issue_id,
        cohort.c.preference_id == _reader.c.preference_id,
        cohort.c.language == _reader.c.language,
        cohort.c.first == _reader.c.first,
        cohort.c.received == _reader.c.received,
        cohort.c.away == _reader.c.away,
    )
    at = due = database_now()  # workers ask what is due by the same clock
    order = (cohort.c.variant_id, _reader.c.subscriber_id)
    readers, without, _ = count_by_cohort(connection, issue_id)
    if over:
        due = spread.due_at(func.row_number().over(order_by=order), readers, over)
    due = due.label("due")
    # Said in a way that leaves each reader looking for their cohort: the other way round, each cohort goes through all
    # readers, and no database knows that it must not.
    theirs = func.coalesce(cohort.c.variant_id, 0)
    connection.execute(
        insert(delivery).from_select(
            ["issue_id", "subscriber_id", "subscription_id", "variant_id", "state", "not_before", "queued_at"],
            select(
                literal(issue_id),
                _reader.c.subscriber_id,
                _reader.c.subscription_id,
                cohort.c.variant_id,
                literal(DeliveryState.QUEUED.value),
                due,
                at,
            )
            .outerjoin(cohort, joined)
            .where(theirs > 0)
            # As they will be taken, so that those of one moment lie together; and in the order of variants, so that a
            # worker meets one variant after the other and keeps few in memory.
            .order_by(*[due] * bool(over), *order),
        )
    )
    if without:  # going through a million readers to find none takes as long as to find some
        nobodys = select(literal(issue_id), _reader.c.subscriber_id).outerjoin(cohort, joined).where(theirs == 0)
        connection.execute(insert(nothing_new).from_select(["issue_id", "subscriber_id"], nobodys))
    # Counted, not taken from the insert: not every driver knows how many rows an INSERT … SELECT made.
    filled: int = connection.execute(
        select(func.count()).select_from(delivery).where(delivery.c.issue_id == issue_id)
    ).scalar_one()
    return filled


def cohort_of(
    connection: Connection, issue_id: IssueId, subscriber_id: int, chosen: Preference
) -> tuple[Cohort, int | None] | None:
    """The cohort that a reader was of when an issue was frozen, and its variant; None for who was of none.

    Cohorts with one variant had the same chosen for them; of these, the one with the topics the reader has now.
    """
    mine = and_(delivery.c.issue_id == issue_id, delivery.c.subscriber_id == subscriber_id)
    variant_id: int | None = connection.scalar(select(delivery.c.variant_id).where(mine))
    quiet = and_(nothing_new.c.issue_id == issue_id, nothing_new.c.subscriber_id == subscriber_id)
    if variant_id is None and connection.scalar(select(nothing_new.c.issue_id).where(quiet)) is None:
        return None
    row = connection.execute(
        select(cohort, preference.c.topics)
        .join(preference, preference.c.id == cohort.c.preference_id)
        .where(cohort.c.issue_id == issue_id, cohort.c.variant_id.is_not_distinct_from(variant_id))
        .order_by(case((preference.c.key == chosen.key, 0), else_=1), cohort.c.id)
    ).first()
    return None if row is None else (_cohort(row), variant_id)


def forget_readers(connection: Connection, *, now: datetime) -> None:
    """Note that an issue was made for these readers, and let the temporary table go."""
    mine = subscription.c.id.in_(select(_reader.c.subscription_id).where(_reader.c.first))
    connection.execute(update(subscription).where(mine).values(considered_at=now))
    # Asked for each of the few who were away: going through a million readers to find none takes half a second.
    among = exists().where(
        _reader.c.subscriber_id == subscription.c.subscriber_id, _reader.c.subscription_id == subscription.c.id
    )
    away.have_caught_up(connection, among)
    _reader.metadata.drop_all(connection, checkfirst=False)


def variants_of(connection: Connection, issue_id: IssueId) -> list[int]:
    """The variants that readers of an issue got."""
    mine = (cohort.c.issue_id == issue_id) & cohort.c.variant_id.is_not(None)
    return list(connection.scalars(select(cohort.c.variant_id).where(mine).distinct().order_by(cohort.c.variant_id)))


def count_by_cohort(connection: Connection, issue_id: IssueId) -> tuple[int, int, int]:
    """Readers with a variant, readers without, and how many variants there are."""
    with_variant = case((cohort.c.variant_id.is_not(None), cohort.c.readers), else_=0)
    without = case((cohort.c.variant_id.is_(None), cohort.c.readers), else_=0)
    row = connection.execute(
        select(
            func.coalesce(func.sum(with_variant), 0),
            func.coalesce(func.sum(without), 0),
            func.count(cohort.c.variant_id.distinct()),
        ).where(cohort.c.issue_id == issue_id)
    ).one()
    return int(row[0]), int(row[1]), int(row[2])
