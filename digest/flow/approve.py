"""Approve: an editor lets an issue go, or takes that back; and curates it while it is a draft."""

from collections.abc import Sequence
from dataclasses import dataclass

from digest.errors import Never, WrongState
from digest.flow.house import House
from digest.model.issue import FROZEN, Issue, IssueState
from digest.rendering.fragments import one_line, several_lines
from digest.storage import issues, items, outbox


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


def approve(house: House, issue_name: str, *, by: str) -> Issue:
    """Let an issue go out. One that is approved or out already stays as it is."""
    with house.store.write() as connection:
        issue = issues.find(connection, issue_name)
        if issue.state in (IssueState.APPROVED, IssueState.PUBLISHED, IssueState.EMPTY):
            return issue
        return issues.move(connection, issue, IssueState.APPROVED, approved_at=house.clock.now(), approved_by=by)


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
        issue = issues.find(connection, issue_name)
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
        if wishes.order:
            issues.put_in_order(connection, issue.id, wishes.order)
        issues.edit(connection, issue, **_texts(wishes))
        return issues.find(connection, str(issue.id))


def cancel(house: House, issue_name: str) -> tuple[Issue, int]:
    """Stop an issue for good. What has not been handed over is not; returns how many that were."""
    with house.store.write() as connection:
        issue = issues.find(connection, issue_name)
        if issue.state is IssueState.CANCELLED:
            return issue, 0
        moved = issues.move(connection, issue, IssueState.CANCELLED)
        return moved, outbox.cancel(connection, issue.id)


#: What a row holds of a title or a subject.
_LONGEST = 200


def _texts(wishes: Wishes) -> dict[str, str]:
    """What was said, as rows and headers can hold it. Raises Never for what is too long."""
    lines = {"title": wishes.title, "subject": wishes.subject}
    texts = {name: one_line(text) for name, text in lines.items() if text is not None}
    for name, text in texts.items():
        if len(text) > _LONGEST:
            raise Never(f"The {name} is {len(text)} characters long.", remedy=f"Make it {_LONGEST} at most.")
    return texts if wishes.intro is None else {**texts, "intro": several_lines(wishes.intro)}
