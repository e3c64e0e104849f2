"""Freshness: how long an answer may be kept, and how long a server asks for peace (RFC 9110, RFC 9111)."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

#: No server is believed that what it gave stays the same for longer than this.
LONGEST_FRESH = timedelta(hours=24)
#: Nor that it must be left alone for longer than this.
LONGEST_WAIT = timedelta(days=7)

_NOTHING = timedelta()
_DIRECTIVE = re.compile(r"""([\w-]+)(?:\s*=\s*(?:"([^"]*)"|([^\s,"]+)))?""", re.ASCII)
#: No honest field is longer, and a hostile one costs nothing.
_CAP = 1000


def fresh_for(headers: Mapping[str, str], *, now: datetime) -> timedelta:
    """How long an answer says that it stays true, at most a day; nothing when it does not say, or says nonsense.

    The names of the headers are in lower case. What is meant for shared caches (`s-maxage`) is not meant for us.
    """
    control = _directives(headers.get("cache-control", ""))
    if "no-store" in control or "no-cache" in control:
        return _NOTHING
    if "max-age" in control:
        age = _seconds(headers.get("age", "")) or _NOTHING
        return _within((_seconds(control["max-age"]) or _NOTHING) - age, LONGEST_FRESH)
    expires_at = _instant(headers.get("expires", ""))
    return _within(expires_at - (_instant(headers.get("date", "")) or now), LONGEST_FRESH) if expires_at else _NOTHING


def retry_after(value: str, *, now: datetime) -> timedelta:
    """The wait that a Retry-After asks for, in seconds or until a date; at most a week, nothing when it is nonsense."""
    seconds = _seconds(value)
    if seconds is not None:
        return _within(seconds, LONGEST_WAIT)
    until = _instant(value)
    return _within(until - now, LONGEST_WAIT) if until else _NOTHING


def _directives(value: str) -> dict[str, str]:
    """Each directive with its value; of one that stands twice the first, as RFC 9111 (4.2.1) has it."""
    found: dict[str, str] = {}
    for match in _DIRECTIVE.finditer(value[:_CAP]):
        found.setdefault(match[1].lower(), match[2] or match[3] or "")
    return found


def _seconds(value: str) -> timedelta | None:
    """A whole number of seconds; one too large to matter is cut to what is still above every cap."""
    digits = value.strip()
    return timedelta(seconds=min(int(digits), 10**9)) if re.fullmatch(r"[0-9]{1,100}", digits) else None


def _instant(value: str) -> datetime | None:
    """The moment of an HTTP-date, in any of the three spellings of RFC 9110 (5.6.7)."""
    try:
        when = parsedate_to_datetime(value[:100])
        return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _within(span: timedelta, cap: timedelta) -> timedelta:
    return min(max(span, _NOTHING), cap)
