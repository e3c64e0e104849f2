"""Facts: what is told beside a letter: when it goes, who gets it, why each piece is in it, and what checks found."""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from digest.flow import preview as previews
from digest.flow.preview import Preview
from digest.flow.unapplied import Unapplied
from digest.flow.variants import Map
from digest.model.choice import Choice
from digest.model.finding import Finding, Severity
from digest.model.issue import IssueState
from digest.model.newsletter import Approval
from digest.rendering.fragments import one_line
from digest.rendering.phrases import ENGLISH
from digest.rendering.variant import Layout
from digest.storage import desk
from digest.storage.overrules import Overruled
from digest.web.looking import topics_of
from subscribers.errors import UnknownReader

#: About so many signs of a subject, and of the line after it, stand on a phone's screen.
SUBJECT_SHOWN, OPENING_SHOWN = 40, 90
_WEIGHT = re.compile(r", with weight [\d.]+$")
_SEVERITIES = (
    (Severity.ERROR, "error", "errors"),
    (Severity.WARNING, "warning", "warnings"),
    (Severity.NOTE, "note", "notes"),
)


def findings(found: Sequence[Finding], overruled: Sequence[Overruled], zone: ZoneInfo) -> dict[str, Any]:
    """What the checks say, the worst first; apart from it, the errors that somebody let go, by whom and when."""
    let_go = {each.check: each for each in overruled}
    gone = [f for f in found if f.severity is Severity.ERROR and f.check in let_go]
    groups = [
        {"words": counted(len(these), one, many), "severity": str(severity), "findings": these}
        for severity, one, many in _SEVERITIES
        if (these := [f for f in found if f.severity is severity and f not in gone])
    ]
    return {
        "looking": False,
        "groups": groups,
        "worst": groups[0]["severity"] if groups else "",
        "overruled": [
            {"finding": f, "by": one_line(let_go[f.check].by), "at": moment(let_go[f.check].at, zone)} for f in gone
        ],
    }


def schedule(preview: Preview) -> str:
    """When the issue goes out or did, what it waits for, and when the next is due; in sentences."""
    return " ".join(_schedule(preview))


def _schedule(preview: Preview) -> Iterator[str]:
    issue, newsletter = preview.issue, preview.edition.publication.newsletter
    zone = newsletter.zone
    match issue.state:
        case IssueState.PUBLISHED if issue.frozen_at:
            yield f"It came out on {moment(issue.frozen_at, zone)}."
        case IssueState.EMPTY:
            yield "Nobody had anything new, so nothing was sent."
        case IssueState.CANCELLED:
            yield "It was cancelled and does not go out."
        case _ if planned := newsletter.cadences.get(issue.period.cadence):
            due_at = issue.period.due_at(planned, zone)
            late = due_at <= preview.house.clock.now()
            yield f"It {'was' if late else 'is'} due on {moment(due_at, zone)}"
            yield f"and {_waits_for(preview, late)}."
    if preview.edition.content.last:
        yield "It is the newsletter’s last."
    elif next_on := preview.edition.content.next_on:
        yield f"The next is due on {ENGLISH.long_date(next_on)}."


def _waits_for(preview: Preview, late: bool) -> str:
    issue = preview.issue
    if issue.state is IssueState.APPROVED:
        goes = "goes out as soon as the scheduler looks" if late else "goes out then"
        return f"{goes}, approved by {one_line(issue.approved_by) or 'nobody named'}"
    if preview.edition.publication.newsletter.approval is Approval.AUTOMATIC:
        return "goes out by itself"
    return "waits for somebody to approve it"


def moment(at: datetime, zone: ZoneInfo) -> str:
    """ "1 December 2026 at 08:00", on the newsletter's clock."""
    local = at.astimezone(zone)
    return f"{ENGLISH.long_date(local.date())} at {local:%H:%M}"


def audience(
    connection: Connection,
    preview: Preview,
    layout: Layout | None,
    found: Map | None,
    href: Callable[[int], str],
    *,
    but: int | None = None,
) -> dict[str, Any] | None:
    """How many readers get a letter, and one of them that is not `but`; None where it is no letter of the issue."""
    if layout is None:
        return None
    if found is None:
        return {"counting": True}
    mine = found.getting(layout)
    return {
        "counting": False,
        "known": mine is not None or found.count == len(found.variants),
        "readers": counted(mine.readers, "reader gets", "readers get") if mine else "",
        "all": f"{found.readers:,}",
        "example": example(connection, preview, mine.example, href) if mine and mine.example != but else None,
    }


def example(
    connection: Connection, preview: Preview, number: int | None, href: Callable[[int], str]
) -> dict[str, str] | None:
    """The reader of that subscription, as a link to their letter; None for who gets no letters any more."""
    if number is None:
        return None
    try:
        held = previews.reader_numbered(connection, preview.issue, number)
    except UnknownReader:
        return None
    return {"words": one_line(f"{held.name} ({held.email})" if held.name else held.email), "href": href(number)}


def why(connection: Connection, preview: Preview, choice: Choice | None) -> list[dict[str, Any]]:
    """The pieces of a letter under their topics, each with what put it there."""
    chosen = choice.chosen if choice else ()
    because = desk.reasons(connection, preview.issue.newsletter, [each.id for each in chosen])
    named = topics_of(preview)
    groups: dict[str | None, list[dict[str, str]]] = {}
    for each in chosen:
        title = one_line(preview.items[each.id].title) if each.id in preview.items else f"Piece {each.id}"
        reason = _WEIGHT.sub("", because.get((each.id, each.under or ""), ""))
        groups.setdefault(each.under, []).append({"title": title, "because": one_line(reason)})
    return [
        {"topic": named.get(under, under) if under else "Pinned for everyone", "pieces": pieces}
        for under, pieces in groups.items()
    ]


def inbox(preview: Preview, sender: str, subject: str, opening: str) -> dict[str, Any]:
    """A letter's line in an inbox on a phone, and what of it is too long to be shown there."""
    return {
        "sender": one_line(sender or preview.edition.publication.newsletter.sender.name),
        "subject": subject,
        "opening": opening,
        "long_subject": len(subject) > SUBJECT_SHOWN,
        "long_opening": len(opening) > OPENING_SHOWN,
    }


def unapplied(said: Unapplied | None, *, shown: bool) -> dict[str, Any] | None:
    """A newsletter's file that is not applied; `shown` where the letter is as the file has it."""
    if said is None:
        return None
    name = f"{said.file.parent.name}/{said.file.name}"
    return {"file": name, "differs": ENGLISH.listed(said.differs), "trouble": said.trouble, "shown": shown}


def counted(count: int, one: str, many: str) -> str:
    """ "1 reader", "1,240 readers"."""
    return f"{count:,} {one if count == 1 else many}"
