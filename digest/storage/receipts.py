"""Receipts: which variants readers have had, as far as they may matter to an issue."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, String, cast, func, select

from digest.model.delivery import NO_RECEIPT
from digest.model.issue import Issue
from digest.model.item import ItemId
from digest.storage.away import Back
from digest.storage.tables import article, delivery, issue


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Which receipts may matter to an issue."""

    #: Those of issues that held one of these, however long ago: a source may date anew what was sent then. An issue
    #: that held none changes nobody's letter, and reading what a million readers had of it takes seconds.
    items: tuple[ItemId, ...]
    #: For those who come back after a long pause; None where nobody does.
    back: Back | None = None

    @property
    def for_back(self) -> "Span":
        """Of those who come back."""
        return self if self.back is None else Span(items=self.back.items)

    def of(self, away_since: str) -> "tuple[Span, str]":
        """Of one reader who has been away since a day, and the day from which they catch up; empty for no such day.

        Old receipts cost nothing here, and tell anybody that they have had what is too old for them.
        """
        return self.for_back, self.back.day(away_since) if self.back else ""


def received_by(connection: Connection, newsletter_id: int, subscriber_id: int, before: Issue, span: Span) -> list[int]:
    """The variants one reader had when an issue was frozen, or has now while it is a draft."""
    query = (
        select(delivery.c.variant_id)
        .join(issue, issue.c.id == delivery.c.issue_id)
        .where(*_had(newsletter_id, span), delivery.c.subscriber_id == subscriber_id, issue.c.id != before.id)
    )
    if before.frozen_at is not None:
        query = query.where(issue.c.frozen_at < before.frozen_at)
    return list(connection.scalars(query))


def of_readers(newsletter_id: int, span: Span, *, among: Select[Any] | None = None) -> Select[Any]:
    """Per reader, the variants they have had: "3,17", as far as they may matter; only of some people where given."""
    had = (
        select(delivery.c.subscriber_id, delivery.c.variant_id)
        .join(issue, issue.c.id == delivery.c.issue_id)
        .where(*_had(newsletter_id, span))
        .order_by(delivery.c.subscriber_id, delivery.c.variant_id)
    )
    each = (had if among is None else had.where(delivery.c.subscriber_id.in_(among))).subquery()
    joined = func.aggregate_strings(cast(each.c.variant_id, String), ",")
    return select(each.c.subscriber_id, joined.label("received")).group_by(each.c.subscriber_id)


def _had(newsletter_id: int, span: Span) -> tuple[ColumnElement[bool], ...]:
    holds_one = issue.c.id.in_(select(article.c.issue_id).where(article.c.item_id.in_(span.items)))
    return (
        issue.c.newsletter_id == newsletter_id,
        holds_one,
        delivery.c.state.not_in(NO_RECEIPT),
    )
