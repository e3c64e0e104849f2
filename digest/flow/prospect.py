"""Prospect: what becomes of an issue on its day in which nobody finds anything."""

from digest.flow.house import House
from digest.model.issue import Issue
from digest.model.newsletter import WhenEmpty
from digest.storage import newsletters
from digest.storage.verdicts import Verdict


def of_nothing(house: House, issue: Issue, verdict: Verdict) -> str:
    """In words, if as things stand no reader gets a piece; else empty."""
    if verdict.readers:
        return ""
    readers = verdict.quiet + verdict.without
    if not readers:
        return f"Nobody is there yet who would get {issue.name}. If that stays so, it is recorded as empty on its day."
    with house.store.read() as connection:
        policy = newsletters.load(connection, issue.newsletter).newsletter.selection
    return f"As it stands, {issue.name} holds nothing for anybody. {_outcome(issue, policy.when_empty, readers)}"


def _outcome(issue: Issue, when_empty: WhenEmpty, readers: int) -> str:
    who = "its one reader gets" if readers == 1 else f"all {readers:,} readers get"
    if issue.last:
        return f"If nothing comes until it is published, {who} the last issue's farewell."
    if when_empty is WhenEmpty.HEARTBEAT:
        return f"If nothing comes until it is published, {who} a quiet month's letter (when_empty = “heartbeat”)."
    return (
        "If nothing comes until it is published, nobody gets a letter and it is recorded as empty "
        "(when_empty = “skip”)."
    )
