"""Approve: an editor lets an issue go, or takes that back; and curates it while it is a draft."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from digest.errors import Never, WrongState, did_you_mean
from digest.flow.check import known_errors
from digest.flow.house import House
from digest.model.issue import FROZEN, Issue, IssueState
from digest.rendering.fragments import one_line, several_lines
from digest.storage import away, issues, items, overrules, stopping
from digest.storage.overrules import Overruled


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What an editor wants of a draft; what is None or empty stays as it is."""

    title: str | None = None
    subject: str | None = None
    intro: str | None = None
    pin: Sequence[int] = ()
    unpin: Sequence[int] = ()
    leave_out: Sequence[int] = ()
    put_back: Sequence[int] = ()
    #: Items in the order they are to come; the others follow by date.
    order: Sequence[int] = ()
    #: Whether the newsletter ends with this issue.
    last: bool | None = None


def approve(house: House, issue_name: str, *, by: str, overrule: Collection[str] = ()) -> Issue:
    """Let an issue go out. One that is approved or out already stays as it is.

    Publishing still asks what checks find. What they find by the names in `overrule` then counts no more, for as long
    as this approval stands; Never for a name by which they find no error.
    """
    found = _overruled(house, issue_name, overrule) if overrule else {}
    now = house.clock.now()
    with house.store.write() as connection:
        issue = issues.find(connection, issue_name)
        if overrule:
            _must_be_open(issue)
        if issue.state not in (IssueState.APPROVED, IssueState.PUBLISHED, IssueState.EMPTY):
            issue = issues.move(connection, issue, IssueState.APPROVED, approved_at=now, approved_by=by)
        known = {each.check for each in overrules.in_force(connection, issue)}
        new = [Overruled(check=c, by=by, at=now, what=what) for c, what in found.items() if c not in known]
        overrules.record(connection, issue.id, new)
        return issue


def _overruled(house: House, issue_name: str, names: Collection[str]) -> dict[str, str]:
    """What checks of these names find now, by name."""
    with house.store.read() as connection:
        _must_be_open(issues.find(connection, issue_name))
    issue, errors = known_errors(house, issue_name)
    found: dict[str, str] = {}
    for name in names:
        mine = [f"{error.place}: {error.what}" for error in errors if error.check == name]
        if not mine:
            meant = did_you_mean(name, (error.check for error in errors))
            raise Never(
                f"“{name}” finds no error in {issue.name}, so there is nothing to overrule.",
                remedy=meant or f"See what is found: digest check {issue.name}.",
            )
        found[name] = "\n".join(mine)
    return found


def _must_be_open(issue: Issue) -> None:
    if issue.state in FROZEN:
        raise WrongState(f"{issue.name} is {issue.state}; there is nothing left to overrule.")


def reopen(house: House, issue_name: str) -> Issue:
    """Make an approved issue a draft again."""
    with house.store.write() as connection:
        issue = issues.find(connection, issue_name)
        if issue.state is IssueState.DRAFT:
            return issue
        return issues.move(connection, issue, IssueState.DRAFT, approved_at=None, approved_by="")


def curate(house: House, issue_name: str, wishes: Wishes) -> Issue:
    """Carry out an editor's wishes. Raises WrongState for an issue that is frozen, UnknownName for a strange item."""
    with house.store.write() as connection:
        issue = issues.take(connection, issue_name)
        if issue.state in FROZEN:
            raise WrongState(f"{issue.name} is {issue.state} and does not change any more.")
        if issue.state is IssueState.APPROVED:  # the approval was for what was seen
            issue = issues.move(connection, issue, IssueState.DRAFT, approved_at=None, approved_by="")
        for item_id in (*wishes.pin, *wishes.unpin, *wishes.leave_out, *wishes.put_back, *wishes.order):
            items.load(connection, item_id)
        issues.curate(connection, issue.id, wishes.pin, pinned=True)
        issues.curate(connection, issue.id, wishes.unpin, pinned=False)
        issues.curate(connection, issue.id, wishes.leave_out, left_out=True)
        issues.curate(connection, issue.id, wishes.put_back, left_out=False)
        _must_not_be_both(connection, issue)
        if wishes.order:
            issues.put_in_order(connection, issue.id, wishes.order)
        issues.edit(connection, issue, **_texts(wishes), **({} if wishes.last is None else {"last": wishes.last}))
        return issues.find(connection, str(issue.id))


def _must_not_be_both(connection: Connection, issue: Issue) -> None:
    """One editor may pin what another leaves out: the second is told, and nobody's wish goes lost unseen."""
    if both := issues.pinned_and_left_out(connection, issue.id):
        raise Never(
            f"Item {both[0]} would be both pinned and left out.", remedy="Say --unpin or --put-back for it as well."
        )


def cancel(house: House, issue_name: str) -> tuple[Issue, int]:
    """Stop an issue for good. What has not been handed over is not; returns how many that were."""
    with house.store.write() as connection:
        issue = issues.find(connection, issue_name)
        if issue.state is IssueState.CANCELLED:
            return issue, 0
        moved = issues.move(connection, issue, IssueState.CANCELLED, held_at=None)
        stopped = stopping.cancel(connection, issue.id)
        away.have_not_caught_up(connection, issue.id)
        return moved, stopped


#: What a row holds of a title or a subject.
_LONGEST = 200
#: An introduction is for all readers, in every letter; this is ten pages of it.
_LONGEST_INTRO = 20_000


def _texts(wishes: Wishes) -> dict[str, str]:
    """What was said, as rows and headers can hold it. Raises Never for what is too long."""
    lines = {"title": wishes.title, "subject": wishes.subject}
    texts = {name: one_line(text) for name, text in lines.items() if text is not None}
    for name, text in texts.items():
        if len(text) > _LONGEST:
            raise Never(f"The {name} is {len(text)} characters long.", remedy=f"Make it {_LONGEST} at most.")
    if wishes.intro is None:
        return texts
    intro = several_lines(wishes.intro)
    if len(intro) > _LONGEST_INTRO:
        raise Never(
            f"The introduction is {len(intro):,} characters long.",
            remedy=f"Make it {_LONGEST_INTRO:,} at most, and link to what is longer.",
        )
    return {**texts, "intro": intro}
