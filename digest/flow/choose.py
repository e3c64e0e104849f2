"""Choose: what each cohort of an issue's audience gets. Once for each distinct cohort, never for each reader."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache

from sqlalchemy import Connection

from digest.flow.freeze import Edition
from digest.flow.spoken import Spoken
from digest.model.choice import REMEMBERED, Choice, Offer, Readers
from digest.model.item import ItemId
from digest.model.newsletter import WhenEmpty
from digest.rendering.sizes import Room, room, widest
from digest.rendering.variant import TITLES_UNTIL, Layout, lay_out
from digest.storage import editions
from digest.storage.audiences import Cohort
from digest.storage.chunks import chunks


class Choosers:
    """Chooses for the readers of one edition, each in their language."""

    def __init__(self, spoken: Spoken) -> None:
        self._spoken = spoken
        self._choosers: dict[str, Chooser] = {}

    @property
    def offered(self) -> set[ItemId]:
        """Items that somebody gets, or would get if there were room; the issue's page shows them."""
        return set().union(*(chooser.offered for chooser in self._choosers.values()))

    def reading(self, language: str) -> "Chooser":
        """For those who read a language, named as a reader's row names it."""
        ours = self._spoken.language_for(language)
        if ours not in self._choosers:
            self._choosers[ours] = Chooser(self._spoken.edition(ours))
        return self._choosers[ours]

    def for_cohorts(
        self, connection: Connection, cohorts: Iterable[Cohort]
    ) -> Iterator[tuple[Cohort, Choice, Layout | None]]:
        """Each cohort with its letter; None where nothing is new and the newsletter sends nothing then.

        Readers who get the same get one and the same layout.
        """
        here = frozenset(self._spoken.own.receivable)
        for some in chunks(cohorts):
            carried = editions.items_by_variant(connection, {v for cohort in some for v in cohort.received})
            for cohort in some:
                had = frozenset().union(*(carried[each] for each in cohort.received)) & here
                readers = Readers(topics=cohort.chosen.topics, received=had, first=cohort.first, away=cohort.away)
                yield cohort, *self.reading(cohort.language).letter(readers)


def room_in(edition: Edition) -> Room:
    """The bytes there are in a letter of an edition, whoever reads it."""
    slots = widest(
        edition.phrases,
        cadence=edition.issue.period.cadence,
        topics=[topic.name for topic in edition.content.topics],
        titles=[article.title for article in edition.content.articles],
    )
    return room(edition.blocks, slots, budget=edition.publication.newsletter.selection.byte_budget)


@dataclass(slots=True)
class Chooser:
    """Chooses within one edition, and remembers for a while what it has chosen, for readers who are alike."""

    edition: Edition
    #: Items that somebody gets, or would get if there were room.
    offered: set[ItemId] = field(default_factory=set)
    #: By what they bring and the number of topics: whoever gets the same shares one.
    _laid_out: dict[tuple[tuple[int, ...], int, int | None], Layout] = field(default_factory=dict)
    _offer: Offer = field(init=False)
    _remembered: Callable[[Readers], tuple[Choice, Layout | None]] = field(init=False)

    def __post_init__(self) -> None:
        self._remembered = lru_cache(REMEMBERED)(self._letter)
        edition, there_is = self.edition, room_in(self.edition)
        self._offer = Offer(
            edition.candidates,
            topic_order=edition.publication.topic_order,
            window=edition.window,
            policy=edition.publication.newsletter.selection,
            sizes=there_is.sizes,
            headings=there_is.headings,
            lines=there_is.lines,
            most_lines=TITLES_UNTIL,
            room=there_is.left,
        )

    def letter(self, readers: Readers) -> tuple[Choice, Layout | None]:
        """What these readers get, and the letter; None when they get none."""
        return self._remembered(readers)

    def _letter(self, readers: Readers) -> tuple[Choice, Layout | None]:
        choice = self.choice(readers)
        self.offered.update(c.id for c in choice.chosen)
        self.offered.update(choice.no_room)
        return choice, self._lay_out(choice, readers)

    def choice(self, readers: Readers) -> Choice:
        """What these readers get."""
        return self._offer.choice(readers)

    def _lay_out(self, choice: Choice, readers: Readers) -> Layout | None:
        quiet = self.edition.publication.newsletter.selection.when_empty is WhenEmpty.SKIP
        # That it was the last is news to everybody.
        if not choice.chosen and quiet and not self.edition.content.last:
            return None
        known = frozenset(self.edition.publication.topic_order)
        topics = None if readers.topics is None else readers.topics & known
        # By what they are, not by what they say, which takes longer: the offer makes each but once, and keeps it.
        key = (tuple(map(id, choice.chosen)), choice.more, None if topics is None else len(topics))
        if key not in self._laid_out:
            laid_out = lay_out(choice, self.edition.content, topics=topics, phrases=self.edition.phrases)
            self._laid_out[key] = replace(laid_out, subject=self.edition.subject, language=self.edition.language)
        return self._laid_out[key]
