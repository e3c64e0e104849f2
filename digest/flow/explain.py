"""Explain: why a reader gets, or got, each item of an issue, and why not the others."""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from digest.flow import preview as previews
from digest.flow.house import House
from digest.model.choice import Reason
from digest.model.issue import Issue
from digest.storage.tables import delivery, nothing_new


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One item and why it is, or is not, in a reader's issue."""

    item_id: int
    title: str
    topics: tuple[str, ...]
    #: The topic it stands under; None when it is not in the issue, or pinned.
    under: str | None
    included: bool
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A reader's issue, explained."""

    issue: Issue
    email: str
    #: The chosen topics, as a person writes them.
    chosen: str
    #: The day from which they catch up in it after a long pause; empty for none.
    away: str
    #: What became of the delivery; "nothing new" where there was none, "draft" before it came out.
    delivery: str
    items: tuple[Explained, ...]


def explain(house: House, email: str, issue_name: str) -> Explanation:
    """Why a reader gets each item of an issue, in their order, then why not the others.

    Raises UnknownName or UnknownReader.
    """
    with house.store.read() as connection:
        preview = previews.preview(house, connection, issue_name)
        reader = previews.reader_named(house, connection, preview.issue, email)
        choice = preview.choice(connection, reader)
        included = [_explained(preview, c.id, c.under, True, c.reason) for c in choice.chosen]
        others = [_explained(preview, i, None, False, why) for i, why in choice.passed_over.items()]
        return Explanation(
            issue=preview.issue,
            email=reader.email,
            chosen=str(reader.chosen),
            away=preview.caught_up_from(connection, reader),
            delivery=_fate(connection, preview.issue, reader.held.subscriber_id if reader.held else 0),
            items=(*included, *others),
        )


def _explained(preview: previews.Preview, item_id: int, under: str | None, included: bool, reason: Reason) -> Explained:
    item = preview.items[item_id]
    return Explained(
        item_id=item_id, title=item.title, topics=item.topics, under=under, included=included, reason=reason
    )


def _fate(connection: Connection, issue: Issue, subscriber_id: int) -> str:
    if issue.frozen_at is None:
        return "draft"
    mine = (delivery.c.issue_id == issue.id) & (delivery.c.subscriber_id == subscriber_id)
    state: str | None = connection.scalar(select(delivery.c.state).where(mine))
    if state:
        return state
    quiet = (nothing_new.c.issue_id == issue.id) & (nothing_new.c.subscriber_id == subscriber_id)
    return "nothing new" if connection.scalar(select(nothing_new.c.issue_id).where(quiet)) else "not in the audience"
