"""Away: readers who come back after a pause longer than an issue reaches back, and get what they missed.

Days are texts such as "2026-05-20": alike for all who left on one day, and empty for everybody else.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, case, func, select, text, update

from digest.model.delivery import DeliveryState
from digest.model.issue import IssueId
from digest.model.item import ItemId
from digest.storage.tables import cohort, delivery
from subscribers import audience
from subscribers.tables import subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """What holds for those who come back."""

    #: They left before this day; who left later misses nothing by the usual reach.
    before: str
    #: Who left before this day is taken to have left on it.
    least: str
    #: Receipts of issues that held one of these may matter to them.
    items: tuple[ItemId, ...]

    def day(self, away_since: str) -> str:
        """The day from which somebody catches up; empty for who need not."""
        return max(away_since, self.least) if away_since and away_since < self.before else ""


def came_back(before: str) -> ColumnElement[bool]:
    """Whether a subscription was paused before a day, and no issue was made for its reader since."""
    # Said outright: by a bound value no database would see that it may look into the index of the few.
    return and_(text("subscription.away_since <> ''"), subscription.c.away_since < before)


def day_of(back: Back) -> ColumnElement[str]:
    """As `Back.day`, of subscriptions that `came_back`."""
    return case((subscription.c.away_since < back.least, back.least), else_=subscription.c.away_since)


def earliest(connection: Connection, newsletter_id: int, cadence: str, *, before: str, now: datetime) -> str:
    """The day on which the first of those left who come back for this issue; empty where nobody does."""
    returning = audience.readers(newsletter_id, cadence, now).where(came_back(before))
    mine = returning.with_only_columns(func.min(subscription.c.away_since), maintain_column_froms=True)
    return connection.scalar(mine) or ""


def earliest_in(connection: Connection, issue_id: IssueId) -> str:
    """The same of an issue that is out."""
    mine = select(func.min(cohort.c.away)).where(cohort.c.issue_id == issue_id, cohort.c.away != "")
    return connection.scalar(mine) or ""


def have_caught_up(connection: Connection, subscription_ids: ColumnElement[bool]) -> None:
    """An issue was made for these: their pause is over and done with."""
    theirs = and_(text("away_since <> ''"), subscription_ids)
    connection.execute(update(subscription).where(theirs).values(away_since=""))


def have_not_caught_up(connection: Connection, issue_id: IssueId) -> None:
    """An issue was cancelled before it left for these: their pause counts until the next one."""
    theirs = (
        select(subscription.c.id, func.min(cohort.c.away))
        .join(delivery, delivery.c.subscription_id == subscription.c.id)
        .join(
            cohort,
            and_(cohort.c.variant_id == delivery.c.variant_id, cohort.c.preference_id == subscription.c.preference_id),
        )
        .where(cohort.c.issue_id == issue_id, cohort.c.away != "", subscription.c.away_since == "")
        .where(delivery.c.issue_id == issue_id, delivery.c.state == DeliveryState.CANCELLED)
        .group_by(subscription.c.id)
    )
    for number, day in connection.execute(theirs).all():
        connection.execute(update(subscription).where(subscription.c.id == number).values(away_since=day))
