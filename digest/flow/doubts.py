"""Doubts and failures: what the ledger leaves open or gave up, decided by a person."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection

from digest.errors import UnknownName, WrongState
from digest.flow.house import House
from digest.model.delivery import DeliveryState
from digest.model.issue import Issue, IssueState
from digest.storage import again, issues, lock

_S = DeliveryState


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What a person's word came to."""

    issue: Issue
    #: Whose deliveries it was about.
    emails: tuple[str, ...]
    #: Whom a later issue has brought some of the same, so that nothing was done.
    passed_over: tuple[str, ...] = ()
    #: Who has left, has paused or is suppressed, so that nothing was done either.
    gone: tuple[str, ...] = ()


def resend(
    house: House, issue_name: str, state: DeliveryState, *, to: Collection[str] = (), by: str, dry_run: bool = False
) -> Decided:
    """Send again what of an issue is in doubt (UNKNOWN) or FAILED, all of it or that `to` some readers.

    What has failed was offered again by the issues since: who has had some of it in one of these is passed over.
    Raises WrongState for an issue that is not out, UnknownName where there is nothing of the kind.
    """
    # Not while another issue is made: it would offer anew what is just being sent again.
    with lock.publishing(house.store), house.store.write() as connection:
        issue = issues.take(connection, issue_name)
        if issue.state is not IssueState.PUBLISHED:
            raise WrongState(f"{issue.name} is {issue.state}, so nothing of it is sent any more.")
        found = _found(connection, issue, state, to)
        may = again.may_go(connection, [i for i, _ in found])
        gone = tuple(email for i, email in found if i not in may)
        had = again.had_since(connection, issue.id, sorted(may)) if state is _S.FAILED else set()
        passed_over = tuple(email for i, email in found if i in had)
        found = [(i, email) for i, email in found if i in may - had]
        if not dry_run:
            reason = f"sent again by the word of {by}"
            again.queue_again(connection, [i for i, _ in found], state, reason=reason)
            house.queue.wake(connection, issue.id, batches=-(-len(found) // house.settings.delivery.batch))
        emails = tuple(email for _, email in found)
        return Decided(issue=issue, emails=emails, passed_over=passed_over, gone=gone)


def settle(
    house: House, issue_name: str, *, arrived: bool, to: Collection[str] = (), by: str, dry_run: bool = False
) -> Decided:
    """Close doubts: the messages arrived (ACCEPTED), or they did not and are not sent again (FAILED).

    Raises UnknownName where nothing is in doubt.
    """
    with house.store.write() as connection:
        issue = issues.find(connection, issue_name)
        found = _found(connection, issue, _S.UNKNOWN, to, erased=True)
        if not dry_run:
            ends, word = (_S.ACCEPTED, "arrived") if arrived else (_S.FAILED, "did not arrive")
            again.settle(connection, [i for i, _ in found], ends, reason=f"{word}, by the word of {by}")
        return Decided(issue=issue, emails=tuple(email for _, email in found))


def _found(
    connection: Connection, issue: Issue, state: DeliveryState, to: Collection[str], *, erased: bool = False
) -> list[tuple[int, str]]:
    wanted = {email.strip().casefold() for email in to}
    found = again.matching(connection, issue.id, state, wanted, erased=erased)
    if missing := wanted - {email.casefold() for _, email in found}:
        raise UnknownName(
            f"No delivery of {issue.name} to {', '.join(sorted(missing))} is {state}.",
            remedy=f"See: digest deliveries {issue.name}.",
        )
    if not found:
        raise UnknownName(f"No delivery of {issue.name} is {state}.", remedy="There is nothing to do.")
    return found
