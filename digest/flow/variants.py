"""Variants: all the letters that an issue comes to, how many readers get each, and who gets none and why.

It counts cohorts as publishing does and never lists a reader, so that many readers cost no more than their cohorts.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Row, case, func, select

from digest.flow.choose import Choosers
from digest.flow.layouts import layout_from
from digest.flow.preview import Preview, Reader, reader_of_topics
from digest.model.choice import MORE, Choice, Readers, Reason
from digest.model.item import ItemId
from digest.rendering.variant import Layout
from digest.storage import audiences, editions
from digest.storage.audiences import Cohort
from digest.storage.tables import cohort
from subscribers import audience
from subscribers.consent import SubscriptionState
from subscribers.errors import UnknownReader
from subscribers.preferences import Preference, from_text
from subscribers.tables import newsletter, preference, subscriber, subscription

#: So many are measured and listed, those with the most readers; the others are counted.
LISTED = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One letter, and who gets it."""

    #: Names some of its readers, for `reader_alike`.
    key: str
    subject: str
    #: BCP 47 tag; empty for the newsletter's own.
    language: str
    pieces: int
    #: Bytes of the message to a plausible reader.
    size: int
    readers: int
    #: Different choices of topics that lead to it, the most common first; not all of many.
    choices: tuple[Preference, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Without:
    """Readers who get nothing."""

    #: As `Variant.key`; empty where there is nothing to look at.
    key: str
    why: str
    readers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Map:
    """What an issue comes to."""

    #: The most read first.
    variants: tuple[Variant, ...]
    #: How many variants there are, and their readers.
    count: int
    readers: int
    without: tuple[Without, ...]
    #: Who subscribes and is not written to, by why; only of an issue that is not out.
    unwritten: tuple[Without, ...]


@dataclass(slots=True)
class _Group:
    """Cohorts with one letter; none where it has no layout."""

    key: str
    layout: Layout | None
    variant_id: int | None
    cohorts: list[Cohort] = field(default_factory=list)

    @property
    def readers(self) -> int:
        return sum(each.readers for each in self.cohorts)


def variants(connection: Connection, preview: Preview) -> Map:
    """The letters of an issue that is out, or that it would come to now. The connection is a reading one."""
    out = preview.issue.frozen_at is not None
    groups, without = _kept(connection, preview) if out else _would_be(connection, preview)
    ordered = sorted(groups, key=lambda g: -g.readers)
    return Map(
        variants=tuple(_variant(connection, preview, group) for group in ordered[:LISTED]),
        count=len(groups),
        readers=sum(group.readers for group in groups),
        without=tuple(sorted(without, key=lambda w: -w.readers)),
        unwritten=() if out else tuple(_unwritten(connection, preview)),
    )


def reader_alike(connection: Connection, preview: Preview, key: str) -> Reader:
    """A reader who stands for all of a cohort. Raises UnknownReader."""
    found, variant_id = _kept_cohort(connection, preview, key) if key.isdecimal() else (_named(connection, key), None)
    return _standing_for(preview, found, variant_id)


def _standing_for(preview: Preview, found: Cohort, variant_id: int | None) -> Reader:
    thought = reader_of_topics(preview.issue, found.chosen)
    return Reader(
        label=str(found.chosen),
        email=thought.email,
        name="",
        chosen=found.chosen,
        cadence=thought.cadence,
        since=thought.since,
        language=found.language,
        alike=found,
        variant_id=variant_id,
    )


def _would_be(connection: Connection, preview: Preview) -> tuple[list[_Group], list[Without]]:
    """By choosing for each cohort, as publishing would; what it writes down for that goes with the transaction."""
    edition, now = preview.edition, preview.house.clock.now()
    span = audiences.Span(since=edition.window.since, items=edition.receivable)
    audiences.gather_readers(connection, edition.publication.id, edition.issue.period.cadence, span, now=now)
    groups: dict[object, _Group] = {}
    quiet: dict[str, Without] = {}
    for each, choice, layout in _chosen(connection, preview):
        if layout is None:
            _add(quiet, _why(choice, each), _key(each), each.readers)
            continue
        sameness = (layout.subject, layout.language, *((p.key, *p.values.values()) for p in layout.parts))
        groups.setdefault(sameness, _Group(_key(each), layout, None)).cohorts.append(each)
    return list(groups.values()), list(quiet.values())


def _chosen(connection: Connection, preview: Preview) -> Iterator[tuple[Cohort, Choice, Layout | None]]:
    choosers, here = Choosers(preview.spoken), frozenset(preview.edition.receivable)

    @lru_cache(maxsize=100_000)
    def items_of(variant_ids: tuple[int, ...]) -> frozenset[ItemId]:
        return editions.items_of(connection, variant_ids) & here

    for each in audiences.cohorts(connection):
        alike = Readers(topics=each.chosen.topics, received=items_of(each.received), first=each.first)
        yield each, *choosers.reading(each.language).letter(alike)


def _kept(connection: Connection, preview: Preview) -> tuple[list[_Group], list[Without]]:
    """As publishing wrote it down."""
    groups: dict[int, _Group] = {}
    quiet: dict[str, Without] = {}
    for row in connection.execute(_cohorts().where(cohort.c.issue_id == preview.issue.id).order_by(cohort.c.id)):
        each = _cohort(row)
        if row.variant_id is None:
            _add(quiet, "Nothing was new to them", str(row.id), each.readers)
        else:
            groups.setdefault(row.variant_id, _Group(str(row.id), None, row.variant_id)).cohorts.append(each)
    return list(groups.values()), list(quiet.values())


def _variant(connection: Connection, preview: Preview, group: _Group) -> Variant:
    layout = group.layout or layout_from(editions.load_variant(connection, group.variant_id or 0)[1])
    readers_of: dict[Preference, int] = {}
    for each in group.cohorts:
        readers_of[each.chosen] = readers_of.get(each.chosen, 0) + each.readers
    common = sorted(readers_of, key=lambda chosen: -readers_of[chosen])
    return Variant(
        key=group.key,
        subject=layout.subject,
        language=layout.language,
        pieces=len(layout.item_ids),
        size=preview.size(_standing_for(preview, group.cohorts[0], group.variant_id), layout),
        readers=group.readers,
        choices=tuple(common),
    )


def _add(quiet: dict[str, Without], why: str, key: str, readers: int) -> None:
    before = quiet.get(why)
    quiet[why] = Without(
        key=before.key if before else key, why=why, readers=readers + (before.readers if before else 0)
    )


def _why(choice: Choice, each: Cohort) -> str:
    """The reason that says most: what is nearest to having been a letter."""
    reasons = set(choice.passed_over.values())
    if each.chosen.topics is not None and not each.chosen.topics:
        return "They have chosen no topic"
    if reasons & MORE:
        return "What is new to them finds no room"
    if Reason.OTHER_TOPIC in reasons:
        return "What is new is not on the topics they chose"
    if Reason.HAD in reasons:
        return "They have had all there is"
    if Reason.UNFILED in reasons:
        return "What is new is filed under no topic yet"
    return "No piece belongs to this period"


def _unwritten(connection: Connection, preview: Preview) -> Iterator[Without]:
    now, issue = preview.house.clock.now(), preview.issue
    why = case((audience.suppressed(), "suppressed"), else_=subscription.c.state).label("why")
    query = (
        select(why, func.count().label("readers"))
        .select_from(subscription)
        .join(subscriber, subscriber.c.id == subscription.c.subscriber_id)
        .join(newsletter, newsletter.c.id == subscription.c.newsletter_id)
        .where(
            newsletter.c.slug == issue.newsletter,
            subscription.c.cadence == issue.period.cadence,
            subscription.c.state != SubscriptionState.ENDED,
            ~audience.may_receive(now),
        )
        .group_by(why)
        .order_by(func.count().desc())
    )
    for row in connection.execute(query):
        yield Without(key="", why=_UNWRITTEN.get(row.why, row.why), readers=row.readers)


_UNWRITTEN: Mapping[str, str] = {
    "suppressed": "Their address is suppressed",
    SubscriptionState.PENDING: "They have not confirmed yet",
    SubscriptionState.PAUSED: "They have paused",
    SubscriptionState.ACTIVE: "They were erased",
}


def _key(each: Cohort) -> str:
    """Names a cohort of a draft: all that choosing knows of it."""
    received = "-".join(map(str, each.received))
    return f"{each.preference_id}.{int(each.first)}.{each.language}.{received}"


def _named(connection: Connection, key: str) -> Cohort:
    """The cohort that `_key` named."""
    try:
        preference_id, first, language, received = key.split(".")
        variant_ids = tuple(int(part) for part in received.split("-") if part)
        number = int(preference_id)
    except ValueError as error:
        raise _no_such() from error
    topics = connection.scalar(select(preference.c.topics).where(preference.c.id == _small(number)))
    if topics is None:
        raise _no_such()
    return Cohort(
        preference_id=number,
        chosen=from_text(topics),
        language=language,
        first=first == "1",
        received=tuple(map(_small, variant_ids)),
        readers=0,
    )


def _kept_cohort(connection: Connection, preview: Preview, key: str) -> tuple[Cohort, int | None]:
    this = (cohort.c.id == _small(int(key))) & (cohort.c.issue_id == preview.issue.id)
    row = connection.execute(_cohorts().where(this)).first()
    if row is None:
        raise _no_such()
    return _cohort(row), row.variant_id


def _cohorts() -> Any:
    return select(cohort, preference.c.topics).join(preference, preference.c.id == cohort.c.preference_id)


def _cohort(row: Row[Any]) -> Cohort:
    return Cohort(
        preference_id=row.preference_id,
        chosen=from_text(row.topics),
        language=row.language,
        first=row.first,
        received=audiences.parse_received(row.received),
        readers=row.readers,
    )


def _small(number: int) -> int:
    """The number, if a column can hold it."""
    if not 0 <= number < 2**31:
        raise _no_such()
    return number


def _no_such() -> UnknownReader:
    return UnknownReader("There are no such readers of this issue.", remedy="Choose from the list of all letters.")
