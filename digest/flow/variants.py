"""Variants: all the letters that an issue comes to, how many readers get each, and who gets none and why.

It never lists a reader, so that many readers cost no more than their cohorts.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection

from digest.flow.alike import kept_cohorts, key_of, standing_for
from digest.flow.layouts import layout_from
from digest.flow.outcomes import Outcome, outcomes
from digest.flow.preview import Preview
from digest.model.choice import Choice, Reason
from digest.rendering.variant import Layout
from digest.storage import audiences, desk, editions
from digest.storage.audiences import Cohort
from subscribers.consent import SubscriptionState
from subscribers.preferences import Preference

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
    #: The number of a subscription that gets it; None where nobody was asked for.
    example: int | None = None


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
    #: Those of `variants` by what they hold.
    by_layout: Mapping["Sameness", Variant]

    def getting(self, layout: Layout) -> Variant | None:
        """The letter of that layout with its readers; None where none of those listed is like it."""
        return self.by_layout.get(_sameness(layout))


#: What makes two letters one: their subject, language, and blocks with the values that all their readers share.
Sameness = tuple[object, ...]


@dataclass(slots=True)
class _Group:
    """Cohorts with one letter; none where it has no layout."""

    key: str
    layout: Layout | None
    variant_id: int | None
    cohorts: list[Cohort] = field(default_factory=list)
    example: int | None = None

    @property
    def readers(self) -> int:
        return sum(each.readers for each in self.cohorts)


def variants(
    connection: Connection,
    preview: Preview,
    chosen: Iterable[Outcome] | None = None,
    *,
    most: int = LISTED,
    examples: bool = False,
) -> Map:
    """The letters of an issue that is out, or that it would come to now; `chosen` is what its readers get, if known.

    So many of them are listed, with an example of their readers if that is asked for; the others are counted.
    """
    out = preview.issue.frozen_at is not None
    if out:
        groups, without = _kept(connection, preview)
    else:
        groups, without = _would_be(outcomes(connection, preview) if chosen is None else chosen)
    listed = sorted(groups, key=lambda g: -g.readers)[:most]
    if examples:
        _name_examples(connection, preview, listed)
    laid_out = [(_layout(connection, group), group) for group in listed]
    found = {_sameness(layout): _variant(preview, group, layout) for layout, group in laid_out}
    return Map(
        variants=tuple(found.values()),
        count=len(groups),
        readers=sum(group.readers for group in groups),
        without=tuple(sorted(without, key=lambda w: -w.readers)),
        unwritten=() if out else tuple(_unwritten(connection, preview)),
        by_layout=found,
    )


def _would_be(chosen: Iterable[Outcome]) -> tuple[list[_Group], list[Without]]:
    alike: dict[int, _Group] = {}
    quiet: dict[str, Without] = {}
    for each, choice, layout in chosen:
        if layout is None:
            _add(quiet, _why(choice, each), key_of(each), each.readers)
        else:
            alike.setdefault(id(layout), _Group(key_of(each), layout, None)).cohorts.append(each)
    return list(_merged(alike.values())), list(quiet.values())


def _merged(groups: Iterable[_Group]) -> Iterable[_Group]:
    """Letters that were chosen for different reasons may say the same."""
    found: dict[Sameness, _Group] = {}
    for group in groups:
        first = found.setdefault(_sameness(group.layout), group) if group.layout else group
        if first is not group:
            first.cohorts += group.cohorts
    return found.values()


def _kept(connection: Connection, preview: Preview) -> tuple[list[_Group], list[Without]]:
    """As publishing wrote it down."""
    groups: dict[int, _Group] = {}
    quiet: dict[str, Without] = {}
    for number, each, variant_id in kept_cohorts(connection, preview.issue.id):
        if variant_id is None:
            _add(quiet, "Nothing was new to them", str(number), each.readers)
        else:
            groups.setdefault(variant_id, _Group(str(number), None, variant_id)).cohorts.append(each)
    return list(groups.values()), list(quiet.values())


def _sameness(layout: Layout) -> Sameness:
    return (layout.subject, layout.language, *((p.key, *p.values.values()) for p in layout.parts))


def _layout(connection: Connection, group: _Group) -> Layout:
    return group.layout or layout_from(editions.load_variant(connection, group.variant_id or 0)[1])


def _name_examples(connection: Connection, preview: Preview, groups: Iterable[_Group]) -> None:
    if preview.issue.frozen_at is not None:
        got = desk.examples_of(connection, preview.issue.id)
        for group in groups:
            group.example = got.get(group.variant_id or 0)
        return
    edition = preview.edition
    span = edition.span
    now, cadence = preview.house.clock.now(), preview.issue.period.cadence
    audiences.gather_readers(connection, edition.publication.id, cadence, span, now=now)
    named = desk.examples(connection)
    for group in groups:
        group.example = named.get(_cohort_name(group.cohorts[0]))


def _cohort_name(each: Cohort) -> desk.CohortName:
    return each.preference_id, each.language, each.first, ",".join(map(str, each.received)), each.away


def _variant(preview: Preview, group: _Group, layout: Layout) -> Variant:
    readers_of: dict[Preference, int] = {}
    for each in group.cohorts:
        readers_of[each.chosen] = readers_of.get(each.chosen, 0) + each.readers
    common = sorted(readers_of, key=lambda chosen: -readers_of[chosen])
    return Variant(
        key=group.key,
        subject=layout.subject,
        language=layout.language,
        pieces=len(layout.item_ids),
        size=preview.size(standing_for(preview, group.cohorts[0], group.variant_id), layout),
        readers=group.readers,
        choices=tuple(common),
        example=group.example,
    )


def _add(quiet: dict[str, Without], why: str, key: str, readers: int) -> None:
    before = quiet.get(why)
    quiet[why] = Without(
        key=before.key if before else key, why=why, readers=readers + (before.readers if before else 0)
    )


def _why(choice: Choice, each: Cohort) -> str:
    """The reason that says most: what is nearest to having been a letter."""
    reasons = set(choice.refused.values())
    if each.chosen.topics is not None and not each.chosen.topics:
        return "They have chosen no topic"
    if choice.no_room:
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
    for why, readers in desk.unwritten(connection, issue.newsletter, issue.period.cadence, now=now):
        yield Without(key="", why=_UNWRITTEN.get(why, why), readers=readers)


_UNWRITTEN: Mapping[str, str] = {
    desk.SUPPRESSED: "Their address is suppressed",
    SubscriptionState.PENDING: "They have not confirmed yet",
    SubscriptionState.PAUSED: "They have paused",
    SubscriptionState.ACTIVE: "They were erased",
}
