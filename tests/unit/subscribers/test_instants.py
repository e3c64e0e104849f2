"""Instants: kept and read as they were."""

from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from subscribers.instants import as_instant, as_read

KINDS = ("sqlite", "postgresql")


def on(kind: str) -> Any:
    """A connection to this kind of database."""
    return SimpleNamespace(dialect=SimpleNamespace(name=kind))


@given(some.datetimes(timezones=some.just(UTC)))
def test_an_instant_is_read_as_it_was_written(at: datetime) -> None:
    """To the microsecond, and in a form that sorts as text."""
    assert as_read(as_instant(at, on("sqlite"))) == at
    assert as_instant(at, on("sqlite")) == at.replace(tzinfo=None).isoformat(" ", "microseconds")
    assert datetime.fromisoformat(as_instant(at, on("postgresql"))) == at


@pytest.mark.parametrize("kind", KINDS)
def test_an_instant_is_written_in_utc(kind: str) -> None:
    """Whatever clock it was read from."""
    here = datetime(2026, 7, 1, 12, tzinfo=timezone(timedelta(hours=2)))

    assert as_instant(here, on(kind)).startswith("2026-07-01 10:00:00.000000")
