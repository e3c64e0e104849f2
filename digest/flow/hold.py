"""Hold: stop an issue while it goes out, and let it go on with exactly the rest."""

from datetime import timedelta

from digest.errors import WrongState
from digest.flow.house import House
from digest.model.issue import Issue, IssueState
from digest.storage import issues


def hold(house: House, issue_name: str) -> Issue:
    """Let nothing more of an issue leave; what is in flight finishes. Held twice is held. Raises WrongState."""
    with house.store.write() as connection:
        issue = _going_out(issues.find(connection, issue_name))
        return issue if issue.held_at else issues.hold(connection, issue, since=house.clock.now())


def release(house: House, issue_name: str) -> Issue:
    """Let a held issue go on: each reader it has not left for gets it, once. Raises WrongState."""
    with house.store.write() as connection:
        issue = _going_out(issues.find(connection, issue_name))
        released = issues.hold(connection, issue, since=None)
        house.queue.wake(connection, issue.id, batches=1)
        return released


def is_old_news(house: House, issue: Issue) -> bool:
    """Whether what of an issue still waits from its beginning will expire, and not leave."""
    longest = timedelta(hours=house.settings.delivery.expire_hours)
    return issue.frozen_at is not None and house.clock.now() - issue.frozen_at > longest


def _going_out(issue: Issue) -> Issue:
    if issue.state is not IssueState.PUBLISHED:
        raise WrongState(
            f"{issue.name} is {issue.state}, so nothing of it is going out.",
            remedy=f"To take back its approval: digest reopen {issue.name}."
            if issue.state is IssueState.APPROVED
            else "Only an issue that is out, and was not cancelled, can be held.",
        )
    return issue
