"""Receipts: which variants readers have had, as far as they may matter to an issue."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, String, and_, cast, func, literal, select

from digest.model.delivery import NO_RECEIPT
from digest.model.issue import Issue
from digest.model.item import ItemId
from digest.storage.away import Back
from digest.storage.tables import article, delivery, issue


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Which receipts may matter to an issue."""

    #: Those of issues that held one of these, however long ago: a source may date anew what was sent then. An issue
    #: that held none makes nobody's letter another one, and reading what a million readers had of it takes seconds.
    items: tuple[ItemId, ...]
    #: For those who come back after a long pause; None where nobody does.
    back: Back | None = None

    @property
    def for_back(self) -> "Span":
        """Of those who come back."""
        return self if self.back is None else Span(items=self.back.items)

    def of(self, away_since: str) -> "tuple[Span, str]":
        """Of one reader who has been away since a day, and the day from which they catch up; empty for no such day."""
        day = self.back.day(away_since) if self.back else ""
        return (self.for_back if day else self), day


def received_by(connection: Connection, newsletter_id: int, subscriber_id: int, before: Issue, span: Span) -> list[int]:
    """The variants one reader had when an issue was frozen, or has now while it is a draft."""
    query = (
        select(delivery.c.variant_id)
        .join(issue, issue.c.id == delivery.c.issue_id)
        .where(*_held(newsletter_id, span), issue.c.id != before.id)
        .where(delivery.c.subscriber_id == subscriber_id, delivery.c.state.not_in(NO_RECEIPT))
    )
    if before.frozen_at is not None:
        query = query.where(issue.c.frozen_at < before.frozen_at)
    return list(connection.scalars(query))


def issues_held(connection: Connection, newsletter_id: int, span: Span) -> list[int]:
    """The issues of a newsletter whose receipts may matter, the earliest first."""
    query = select(issue.c.id).where(*_held(newsletter_id, span)).order_by(issue.c.frozen_at, issue.c.id)
    return list(connection.scalars(query))


def beside(
    readers: FromClause, issue_ids: Sequence[int], *, among: Select[Any] | None = None
) -> tuple[FromClause, ColumnElement[str]]:
    """Readers joined with what they had of these issues, and their variants: "3,17". `among` names those readers once
    more, where they are few."""
    if len(issue_ids) > _LOOKED_UP:
        return _gathered(readers, issue_ids, among)
    found = readers
    received: ColumnElement[str] = cast(literal(""), String)
    for number in issue_ids:
        had = delivery.alias()
        mine = and_(had.c.issue_id == number, had.c.subscriber_id == readers.c.subscriber_id)
        found = found.outerjoin(had, and_(mine, had.c.state.not_in(NO_RECEIPT)))
        received = received + func.coalesce("," + cast(had.c.variant_id, String), "")
    return found, func.ltrim(received, ",")


#: Of so many issues each reader's receipt is looked up, which takes half as long as gathering those of all readers; a
#: statement may join only so many tables.
_LOOKED_UP = 8


def _gathered(
    readers: FromClause, issue_ids: Sequence[int], among: Select[Any] | None
) -> tuple[FromClause, ColumnElement[str]]:
    had = (
        select(delivery.c.subscriber_id, delivery.c.variant_id)
        .where(delivery.c.issue_id.in_(issue_ids), delivery.c.state.not_in(NO_RECEIPT))
        .order_by(delivery.c.subscriber_id, delivery.c.variant_id)
    )
    each = (had if among is None else had.where(delivery.c.subscriber_id.in_(among))).subquery()
    joined = func.aggregate_strings(cast(each.c.variant_id, String), ",")
    theirs = select(each.c.subscriber_id, joined.label("received")).group_by(each.c.subscriber_id).subquery()
    found = readers.outerjoin(theirs, theirs.c.subscriber_id == readers.c.subscriber_id)
    return found, func.coalesce(theirs.c.received, "")


def _held(newsletter_id: int, span: Span) -> tuple[ColumnElement[bool], ...]:
    holds_one = issue.c.id.in_(select(article.c.issue_id).where(article.c.item_id.in_(span.items)))
    return issue.c.newsletter_id == newsletter_id, holds_one
