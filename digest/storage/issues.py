"""Issues: one row for a newsletter, cadence and period, whoever makes it first; and what editors decide in them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select, update

from digest.errors import BadPeriod, Overtaken, UnknownName
from digest.model.cadence import Cadence, Period, parse_period
from digest.model.issue import Issue, IssueId, IssueState
from digest.model.item import ItemId
from digest.storage.newsletters import Publication
from digest.storage.tables import curation, issue
from subscribers.tables import newsletter
from subscribers.upsert import insert_new


@dataclass(frozen=True, slots=True, kw_only=True)
class Curation:
    """What the editor decided about an item in an issue."""

    pinned: bool = False
    left_out: bool = False
    #: Place within its topic, from 1; None for the order by date.
    position: int | None = None


def create(connection: Connection, publication: Publication, period: Period, *, now: datetime) -> tuple[Issue, bool]:
    """The issue of a period, and whether it was made just now."""
    values = {
        "newsletter_id": publication.id,
        "cadence": period.cadence,
        "period_key": period.key,
        "number": 0,
        "state": IssueState.DRAFT,
        "composed_at": now,
        "period_ends_at": period.ends_at(publication.newsletter.zone),
    }
    made = insert_new(connection, issue, values)
    return find(connection, f"{publication.newsletter.slug}/{period.key}"), made


def find(connection: Connection, name: str) -> Issue:
    """The issue of that name (`social-care/2014-11`) or id. Raises UnknownName."""
    return _only(connection, _issues(*_named(name)), name)


def take(connection: Connection, name: str) -> Issue:
    """The same, which nobody else moves before this transaction has ended."""
    return _only(connection, _issues(*_named(name)).with_for_update(of=issue, key_share=True), name)


def _only(connection: Connection, query: Select[Any], name: str) -> Issue:
    row = connection.execute(query).first()
    if row is None:
        raise UnknownName(
            f"There is no issue “{name}”.", remedy="Names are like social-care/2014-11; see: digest status."
        )
    return _issue(row)


def listed(connection: Connection, newsletter_slug: str | None = None, *states: IssueState) -> list[Issue]:
    """Issues, newest period first."""
    conditions: list[ColumnElement[bool]] = [newsletter.c.slug == newsletter_slug] if newsletter_slug else []
    if states:
        conditions.append(issue.c.state.in_(states))
    query = _issues(*conditions).order_by(issue.c.period_ends_at.desc(), issue.c.id.desc())
    return [_issue(row) for row in connection.execute(query)]


def move(connection: Connection, current: Issue, to: IssueState, **values: Any) -> Issue:
    """Move an issue by compare-and-set. Raises WrongState, or Overtaken when another was faster."""
    current.must_allow(to)
    mine = (issue.c.id == current.id) & (issue.c.state == current.state)
    if connection.execute(update(issue).where(mine).values(state=to, **values)).rowcount == 0:
        raise Overtaken(f"{current.name} was changed by somebody else just now.", remedy="Look at it again.")
    return find(connection, str(current.id))


def hold(connection: Connection, current: Issue, *, since: datetime | None) -> Issue:
    """Keep an issue from going on since then; None lets it go on."""
    connection.execute(update(issue).where(issue.c.id == current.id).values(held_at=since))
    return find(connection, str(current.id))


def edit(connection: Connection, current: Issue, **values: Any) -> None:
    """Set title, subject or introduction of a draft, or that it is the last."""
    if values:
        connection.execute(update(issue).where(issue.c.id == current.id).values(values))


def curations(connection: Connection, issue_id: IssueId) -> dict[ItemId, Curation]:
    """The editor's decisions, by item."""
    rows = connection.execute(select(curation).where(curation.c.issue_id == issue_id))
    return {ItemId(r.item_id): Curation(pinned=r.pinned, left_out=r.left_out, position=r.position) for r in rows}


def curate(connection: Connection, issue_id: IssueId, item_ids: Iterable[int], **values: Any) -> None:
    """Set `pinned`, `left_out` or `position` of items in a draft."""
    for item_id in item_ids:
        insert_new(connection, curation, {"issue_id": issue_id, "item_id": item_id})
        this = (curation.c.issue_id == issue_id) & (curation.c.item_id == item_id)
        connection.execute(update(curation).where(this).values(values))


def pinned_and_left_out(connection: Connection, issue_id: IssueId) -> list[int]:
    """Items of a draft of which two editors want what cannot both be."""
    both = (curation.c.issue_id == issue_id) & curation.c.pinned.is_(True) & curation.c.left_out.is_(True)
    return list(connection.scalars(select(curation.c.item_id).where(both).order_by(curation.c.item_id)))


def put_in_order(connection: Connection, issue_id: IssueId, item_ids: Iterable[int]) -> None:
    """Set the order of a draft's items; those not named follow by date, whatever place they had before."""
    connection.execute(update(curation).where(curation.c.issue_id == issue_id).values(position=None))
    for position, item_id in enumerate(item_ids, 1):
        curate(connection, issue_id, [item_id], position=position)


def _named(name: str) -> list[ColumnElement[bool]]:
    if name.isascii() and name.isdecimal() and len(name) < 19:  # no id is longer
        return [issue.c.id == int(name)]
    slug, _, key = name.partition("/")
    return [newsletter.c.slug == slug, issue.c.period_key == key]


def _issues(*conditions: ColumnElement[bool]) -> Select[Any]:
    return (
        select(issue, newsletter.c.slug).join(newsletter, newsletter.c.id == issue.c.newsletter_id).where(*conditions)
    )


def _issue(row: Row[Any]) -> Issue:
    return Issue(
        id=IssueId(row.id),
        newsletter=row.slug,
        period=parse_period(Cadence(row.cadence), row.period_key),
        state=IssueState(row.state),
        number=row.number,
        title=row.title,
        subject=row.subject,
        intro=row.intro,
        composed_at=row.composed_at,
        approved_at=row.approved_at,
        approved_by=row.approved_by,
        frozen_at=row.frozen_at,
        expected=row.expected,
        last=row.last,
        held_at=row.held_at,
    )


def next_number(connection: Connection, newsletter_id: int, cadence: Cadence) -> int:
    """The number of the issue that comes out next."""
    mine = (issue.c.newsletter_id == newsletter_id) & (issue.c.cadence == cadence)
    return (connection.scalar(select(func.max(issue.c.number)).where(mine)) or 0) + 1


def cadence_of(key: str, cadences: Iterable[Cadence]) -> Cadence:
    """The cadence whose period a key names. Raises BadPeriod with an example."""
    refusals: list[BadPeriod] = []
    for cadence in cadences:
        try:
            parse_period(cadence, key)
        except BadPeriod as refusal:
            refusals.append(refusal)
        else:
            return cadence
    raise refusals[0]
