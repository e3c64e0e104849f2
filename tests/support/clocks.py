"""A machine whose clock is wrong: Python's and SQLite's in one process, from outside."""

import datetime as datetimes
import time
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine


def shift(seconds: float) -> None:
    """From now on this process's clock is so far ahead, or behind."""
    real, real_time = datetimes.datetime, time.time

    class Shifted(real):  # type: ignore[misc, valid-type]
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return real.now(tz) + datetimes.timedelta(seconds=seconds)

    time.time = lambda: real_time() + seconds
    for name in ("digest.flow.line", "digest.flow.shift", "digest.bootstrap"):
        module = __import__(name, fromlist=["datetime"])
        if hasattr(module, "datetime"):
            module.datetime = Shifted  # type: ignore[attr-defined]

    def connected(connection: Any, _record: object) -> None:
        if type(connection).__module__ == "sqlite3":
            connection.create_function("strftime", -1, _strftime(seconds))

    event.listen(Engine, "connect", connected)


def _strftime(seconds: float) -> Any:
    import sqlite3

    plain = sqlite3.connect(":memory:", check_same_thread=False)

    def strftime(*args: Any) -> Any:
        marks = ", ".join("?" * (len(args) + 1))
        return plain.execute(f"SELECT strftime({marks})", (*args, f"{seconds:+.3f} seconds")).fetchone()[0]

    return strftime
