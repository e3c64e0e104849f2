"""Suggest: guess topics from what editors decided, and propose them. Only what is very sure files by itself."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from digest.flow.house import House
from digest.learning.suggester import Learned, Lesson, Piece, Suggestion, train
from digest.model.cadence import reach_back
from digest.storage import filings, lessons, newsletters
from digest.storage.lessons import Filed
from digest.storage.newsletters import Publication


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A topic proposed for an item."""

    item_id: int
    title: str
    topic: str
    #: From 0 to 1: how many of such guesses are right.
    confidence: float
    because: tuple[str, ...]
    #: True where it was sure enough to file the item at once.
    files: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggested:
    """What was learned and what follows from it."""

    learned: tuple[Learned, ...]
    proposals: tuple[Proposal, ...]


def suggest(house: House, newsletter: str, *, dry_run: bool = False) -> Suggested:
    """Learn from the editors of a newsletter, and propose topics for what its next issues may hold.

    Proposals lie beside the filings until an editor accepts or refuses them. Raises UnknownName, or SettingsRefused
    where the extra is not installed.
    """
    with house.store.read() as connection:
        publication = newsletters.load(connection, newsletter)
        taught = lessons.decided(connection, publication.id)
        open_items = lessons.since(connection, publication.id, at=_reach(house, publication))
    suggester = train([_lesson(each, publication) for each in taught], topics=publication.topic_order)
    guesses = suggester.suggest_many([_piece(each) for each in open_items])
    proposals = [p for each, some in zip(open_items, guesses, strict=True) for p in _proposals(house, each, some)]
    if not dry_run and proposals:
        with house.store.write() as connection:
            _keep(house, connection, publication, proposals)
    return Suggested(learned=tuple(suggester.learned), proposals=tuple(proposals))


def _reach(house: House, publication: Publication) -> datetime:
    newsletter = publication.newsletter
    return reach_back(newsletter.longest_cadence, newsletter.selection.look_back, house.clock.now(), newsletter.zone)


def _lesson(filed: Filed, publication: Publication) -> Lesson:
    # Who looked at an item has seen all its topics: those it is not under, it was not meant for.
    return Lesson(
        title=filed.title,
        text=filed.text,
        categories=filed.categories,
        topics=filed.topics,
        against=frozenset(publication.topic_order) - filed.topics,
    )


def _piece(filed: Filed) -> Piece:
    return Piece(title=filed.title, text=filed.text, categories=filed.categories)


def _proposals(house: House, filed: Filed, guesses: Sequence[Suggestion]) -> Iterator[Proposal]:
    wanted = house.settings.suggest
    for guess in guesses:
        if guess.confidence >= wanted.propose_from and guess.topic not in filed.topics | filed.decided:
            yield Proposal(
                item_id=filed.id,
                title=filed.title,
                topic=guess.topic,
                confidence=guess.confidence,
                because=guess.because,
                files=wanted.file_from < 1 and guess.confidence >= wanted.file_from,
            )


def _keep(house: House, connection: Connection, publication: Publication, proposals: Sequence[Proposal]) -> None:
    ids = lessons.topic_ids(connection, publication.id)
    now = house.clock.now()
    for each in proposals:
        if each.topic in ids:
            because = "like others that editors filed: " + ", ".join(f"“{word}”" for word in each.because)
            filings.propose(
                connection,
                each.item_id,
                ids[each.topic],
                confidence=each.confidence,
                files=each.files,
                because=because,
                now=now,
            )
