"""Link checks: what came of asking for addresses, kept so that nobody is asked twice a day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, select

from digest.storage.tables import link_check

#: The outcomes that keep an issue from going out.
BAD = ("gone", "forbidden")
#: So many at a time; a statement takes only so many values.
_MANY = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkCheck:
    """What came of asking for one address."""

    url: str
    #: "alive", "gone", "forbidden", "doubtful", or "unreached" while nobody could be asked from here.
    outcome: str
    #: HTTP's, of the last answer; None where none came.
    status: int | None
    #: In words, unless it is alive.
    why: str
    checked_at: datetime


def known(connection: Connection, urls: Iterable[str], *, since: datetime | None = None) -> dict[str, LinkCheck]:
    """What is known of these addresses, all of it or from that time on."""
    hashes = [_hash(url) for url in urls]
    found: dict[str, LinkCheck] = {}
    for n in range(0, len(hashes), _MANY):
        these: list[ColumnElement[bool]] = [link_check.c.url_hash.in_(hashes[n : n + _MANY])]
        if since is not None:
            these.append(link_check.c.checked_at >= since)
        found |= {row.url: _check(row) for row in connection.execute(select(link_check).where(*these))}
    return found


def lately(connection: Connection, outcome: str, *, most: int) -> list[str]:
    """Addresses of which this was the last to be known, the newest first."""
    mine = select(link_check.c.url).where(link_check.c.outcome == outcome)
    return list(connection.scalars(mine.order_by(link_check.c.checked_at.desc(), link_check.c.url_hash).limit(most)))


def any_bad(connection: Connection, *, before: datetime) -> bool:
    """Whether any address led to nothing when it was asked before that time, and has not been asked since."""
    bad = link_check.c.outcome.in_(BAD) & (link_check.c.checked_at < before)
    return connection.scalar(select(link_check.c.url_hash).where(bad).limit(1)) is not None


def _check(row: Row[Any]) -> LinkCheck:
    return LinkCheck(url=row.url, outcome=row.outcome, status=row.status, why=row.why, checked_at=row.checked_at)


def keep(connection: Connection, checks: Iterable[LinkCheck], *, forget_before: datetime) -> None:
    """Keep what came of it in place of what was known, and forget what is older than that."""
    rows = {
        _hash(c.url): {
            "url_hash": _hash(c.url),
            "url": c.url,
            "outcome": c.outcome,
            "status": c.status,
            "why": c.why,
            "checked_at": c.checked_at,
        }
        for c in checks
    }
    hashes = sorted(rows)
    for n in range(0, len(hashes), _MANY):
        connection.execute(delete(link_check).where(link_check.c.url_hash.in_(hashes[n : n + _MANY])))
    connection.execute(delete(link_check).where(link_check.c.checked_at < forget_before))
    if rows:
        connection.execute(insert(link_check), [rows[each] for each in hashes])


def _hash(url: str) -> str:
    return sha256(url.encode("utf-8", "backslashreplace")).hexdigest()
