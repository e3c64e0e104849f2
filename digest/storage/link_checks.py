"""Link checks: what came of asking for addresses, kept so that nobody is asked twice a day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection, delete, insert, select

from digest.storage.tables import link_check

#: So many at a time; a statement takes only so many values.
_MANY = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkCheck:
    """What came of asking for one address."""

    url: str
    #: "alive", "gone", "forbidden" or "doubtful".
    outcome: str
    #: HTTP's, of the last answer; None where none came.
    status: int | None
    #: In words, unless it is alive.
    why: str
    checked_at: datetime


def known(connection: Connection, urls: Iterable[str], *, since: datetime) -> dict[str, LinkCheck]:
    """What is known of these addresses from that time on."""
    hashes = [_hash(url) for url in urls]
    found: dict[str, LinkCheck] = {}
    for n in range(0, len(hashes), _MANY):
        these = (link_check.c.url_hash.in_(hashes[n : n + _MANY])) & (link_check.c.checked_at >= since)
        for row in connection.execute(select(link_check).where(these)):
            found[row.url] = LinkCheck(
                url=row.url, outcome=row.outcome, status=row.status, why=row.why, checked_at=row.checked_at
            )
    return found


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
