"""Publish: freeze an approved issue and fill the outbox for its audience, in one transaction.

Publishing a published issue returns it unchanged.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection

from digest.flow.choose import Chooser
from digest.flow.freeze import Edition, freeze
from digest.flow.house import House
from digest.model.issue import FROZEN, Issue, IssueState
from digest.rendering.variant import Layout
from digest.storage import audiences, editions, issues, lock
from digest.storage.editions import StoredBlock

_LAYOUT = TypeAdapter(Layout)


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What publishing came to."""

    issue: Issue
    #: Readers who get a message, readers for whom nothing is new, different letters.
    readers: int
    without: int
    variants: int


def publish(house: House, issue_name: str) -> Published:
    """Freeze an approved issue and put one delivery per reader into the outbox. Raises WrongState, BadTemplate."""
    now = house.clock.now()
    with lock.publishing(house.store), house.store.write(steady=True) as connection:
        issue = issues.find(connection, issue_name)
        if issue.state is IssueState.CANCELLED:
            issue.must_allow(IssueState.PUBLISHED)
        if issue.state not in FROZEN:
            issue.must_allow(IssueState.PUBLISHED)
            edition = freeze(house, connection, issue, now=now)
            expected = _fill(connection, edition, now)
            state = IssueState.PUBLISHED if expected else IssueState.EMPTY
            # Readers count what they get, so a month in which nobody gets anything takes no number.
            number = edition.content.number if expected else 0
            issue = issues.move(connection, issue, state, frozen_at=now, expected=expected, number=number)
            batches = -(-expected // house.settings.delivery.batch)
            house.queue.wake(connection, issue.id, batches)
        readers, without, variants = audiences.count_by_cohort(connection, issue.id)
        return Published(issue=issue, readers=readers, without=without, variants=variants)


def layout_from(stored: dict[str, Any]) -> Layout:
    """The layout that publishing stored."""
    return _LAYOUT.validate_python(stored)


def _fill(connection: Connection, edition: Edition, now: datetime) -> int:
    issue, publication = edition.issue, edition.publication
    span = audiences.Span(since=edition.window.since, items=edition.receivable)
    audiences.gather_readers(connection, publication.id, issue.period.cadence, span, now=now)
    chooser = Chooser(edition)
    chosen = [
        (cohort, None if layout is None else _save_variant(connection, issue, layout))
        for cohort, layout in chooser.for_cohorts(connection, audiences.cohorts(connection))
    ]
    editions.save_content(
        connection, issue.id, edition.content, edition.headers, shown=chooser.offered - edition.shown_before
    )
    editions.save_blocks(
        connection,
        issue.id,
        (StoredBlock(key=k, html=b.html_json(), text=b.text_json()) for k, b in edition.blocks.items()),
    )
    audiences.save_cohorts(connection, issue.id, chosen)
    expected = audiences.fill_outbox(connection, issue.id)
    audiences.forget_readers(connection, now=now)
    return expected


def _save_variant(connection: Connection, issue: Issue, layout: Layout) -> int:
    dumped = _LAYOUT.dump_python(layout, mode="json")
    key = hashlib.sha256(json.dumps(dumped, sort_keys=True).encode()).hexdigest()
    return editions.save_variant(connection, issue.id, key, dumped, layout.item_ids)
