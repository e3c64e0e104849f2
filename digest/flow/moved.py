"""Moved: whether anything in the database that the preview of an issue shows is another than it was."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from digest.flow.freeze import window_of
from digest.flow.house import House
from digest.model.issue import Issue
from digest.storage import desk, issues, newsletters

#: A bare day has no zone: it may begin so long before or after its beginning in UTC.
_GRACE = timedelta(days=1)


class Stamps:
    """An issue's stamps, asked for again and again: a few short statements, however many readers there are."""

    def __init__(self, issue_name: str) -> None:
        self._name = issue_name
        self._last: tuple[object, ...] = ()
        self._since: datetime | None = None

    def now(self, house: House) -> tuple[object, ...]:
        """Another one after each change of what is shown. Raises UnknownName, StorageUnavailable."""
        with house.store.read() as connection:
            issue = issues.find(connection, self._name)
            # Reckoning how far back it takes items means loading all topics: once for each change is enough.
            since = self._since or _reach(house, connection, issue)
            found = desk.stamp(connection, issue, since=since)
        self._since, self._last = (since if found == self._last else None), found
        return found


def _reach(house: House, connection: Connection, issue: Issue) -> datetime:
    publication = newsletters.load(connection, issue.newsletter)
    return window_of(connection, issue, publication, now=issue.frozen_at or house.clock.now()).furthest - _GRACE
