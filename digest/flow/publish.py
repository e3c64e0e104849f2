"""Publish: freeze an approved issue and fill the outbox for its audience, in one transaction.

Publishing a published issue returns it unchanged.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from digest.errors import Overlapped
from digest.flow import memory
from digest.flow.choose import Choosers
from digest.flow.freeze import Edition, freeze
from digest.flow.hours import shares
from digest.flow.house import House
from digest.flow.layouts import stored_form
from digest.flow.spoken import Spoken
from digest.flow.verdict import Going, Held, must_pass
from digest.model.issue import FROZEN, Issue, IssueState
from digest.rendering.variant import Layout
from digest.storage import audiences, editions, issues, lock, verdicts
from digest.storage.audiences import Cohort
from digest.storage.editions import NewVariant, StoredBlock


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What publishing came to."""

    issue: Issue
    #: Readers who get a message, readers for whom nothing is new, different letters.
    readers: int
    without: int
    variants: int


def publish(house: House, issue_name: str) -> Published:
    """Freeze an approved issue and put one delivery per reader into the outbox. Raises WrongState, BadTemplate,
    and HeldBack where checks have found an error that nobody has overruled."""
    try:
        for _ in range(_TRIES - 1):
            # Another scheduler may just be noting what it found of the same issue.
            with suppress(Overlapped):
                return _publish(house, issue_name)
        return _publish(house, issue_name)
    except Held as held:
        memory.remember(house, held.issue, held.verdict)  # after the transaction, which came to nothing
        raise


#: How often it is begun anew when somebody changes the same at the same moment.
_TRIES = 4


def _publish(house: House, issue_name: str) -> Published:
    now = house.clock.now()
    with lock.publishing(house.store), house.store.write(steady=True) as connection:
        issue = issues.find(connection, issue_name)
        if issue.state is IssueState.CANCELLED:
            issue.must_allow(IssueState.PUBLISHED)
        if issue.state not in FROZEN:
            issue.must_allow(IssueState.PUBLISHED)
            edition = freeze(house, connection, issue, now=now)
            expected = _fill(house, connection, Spoken(house, edition), now)
            state = IssueState.PUBLISHED if expected else IssueState.EMPTY
            # Readers count what they get, so a month in which nobody gets anything takes no number.
            number = edition.content.number if expected else 0
            issue = issues.move(connection, issue, state, frozen_at=now, expected=expected, number=number)
            verdicts.forget(connection, issue.id)
            batches = -(-expected // house.settings.delivery.batch)
            house.queue.wake(connection, issue.id, batches)
        readers, without, variants = audiences.count_by_cohort(connection, issue.id)
        return Published(issue=issue, readers=readers, without=without, variants=variants)


def _fill(house: House, connection: Connection, spoken: Spoken, now: datetime) -> int:
    edition = spoken.own
    issue, publication = edition.issue, edition.publication
    span = edition.span
    audiences.gather_readers(connection, publication.id, issue.period.cadence, span, now=now)
    choosers = Choosers(spoken)
    chosen = choosers.for_cohorts(connection, audiences.cohorts(connection))
    letters = [(cohort, layout) for cohort, _, layout in chosen]
    must_pass(house, connection, spoken, letters)
    editions.save_content(
        connection, issue.id, edition.content, edition.headers, shown=choosers.offered - edition.shown_before
    )
    editions.save_blocks(connection, issue.id, _blocks(spoken.editions.values()))
    audiences.save_cohorts(connection, issue.id, _saved(connection, issue, letters))
    over = shares(house, publication.newsletter, now=now)
    expected = audiences.fill_outbox(connection, issue.id, over)
    audiences.forget_readers(connection, now=now)
    return expected


def _saved(connection: Connection, issue: Issue, letters: Sequence[Going]) -> list[tuple[Cohort, int | None]]:
    """Each cohort with its variant; a letter that several get is kept once."""
    layouts = {id(layout): layout for _, layout in letters if layout is not None}
    rows = editions.save_variants(connection, issue.id, map(_new_variant, layouts.values()))
    kept = dict(zip(layouts, rows, strict=True))
    return [(cohort, None if layout is None else kept[id(layout)]) for cohort, layout in letters]


def _blocks(spoken: Iterable[Edition]) -> Iterator[StoredBlock]:
    for edition in spoken:
        for key, block in edition.blocks.items():
            yield StoredBlock(language=edition.language, key=key, html=block.html_json(), text=block.text_json())


def _new_variant(layout: Layout) -> NewVariant:
    dumped = stored_form(layout)
    key = hashlib.sha256(dumped.encode()).hexdigest()
    return NewVariant(key=key, layout=dumped, item_ids=layout.item_ids)
