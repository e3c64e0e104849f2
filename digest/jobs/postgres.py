"""On PostgreSQL: procrastinate wakes any number of workers on any number of machines.

Jobs are enqueued on the connection whose transaction filled the outbox: no outbox without jobs, no jobs without outbox.
The ledger's leases fence, so a job that is lost, doubled or late is only a delay, and a job is done once it has woken
somebody.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import cast

from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
from procrastinate.jobs import Status
from procrastinate.types import JSONDict
from sqlalchemy import Connection, Engine, inspect, text

QUEUE = "deliveries"
TASK = "digest.deliver"
#: So many jobs are enqueued by one statement.
_AT_ONCE = 1000
_WAITING = text("SELECT count(*) FROM procrastinate_jobs WHERE queue_name = :queue AND status = 'todo'")
#: How long the end of listening is waited for; the system ends it with the process in any case.
_PATIENCE_SECONDS = 5.0


def _nothing() -> None:
    """Before anybody listens there is nothing to stop."""


class PostgresQueue:
    """Enqueues one job for each batch of deliveries, and is woken by one."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._conninfo = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._app = App(connector=SyncPsycopgConnector(conninfo=self._conninfo))
        self._woken = threading.Event()
        self._listener: threading.Thread | None = None
        self._hush: Callable[[], None] = _nothing
        self._closing = threading.Event()

    def prepare(self) -> None:
        """Make procrastinate's own tables where they are missing; once, however many processes start together."""
        if inspect(self._engine).has_table("procrastinate_jobs"):
            return
        with self._engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(7143403)"))
            if not inspect(connection).has_table("procrastinate_jobs"):
                with self._app.open():
                    self._app.schema_manager.apply_schema()

    def wake(self, connection: object, issue_id: int, batches: int) -> None:
        """Enqueue a job for each batch, in the transaction of `connection`.

        A job that waits still wakes as well as a new one: where nobody listens, they do not pile up.
        """
        assert isinstance(connection, Connection)
        waiting: int = connection.scalar(_WAITING, {"queue": QUEUE}) or 0
        batches = min(batches, max(batches - waiting, 1))
        driver = connection.connection.driver_connection
        task = self._app.configure_task(TASK, queue=QUEUE, connection=driver)
        for first in range(0, batches, _AT_ONCE):
            jobs = ({"issue_id": issue_id} for _ in range(first, min(first + _AT_ONCE, batches)))
            task.batch_defer(*cast("Iterator[JSONDict]", jobs))

    def wait(self, seconds: float) -> None:
        """Until a job wakes us, or so many seconds."""
        if self._listener is None or not self._listener.is_alive():
            self._closing.clear()
            self._listener = threading.Thread(target=self._listen, name="jobs", daemon=True)
            self._listener.start()
        self._woken.wait(seconds)
        self._woken.clear()

    def close(self) -> None:
        """Stop listening; who waits again, listens again."""
        if self._listener is not None:
            self._closing.set()
            self._hush()
            self._listener.join(_PATIENCE_SECONDS)
            self._listener = None

    def _listen(self) -> None:
        try:
            asyncio.run(self._work_off())
        except Exception as error:  # whoever waits looks at the outbox now and then, and listens anew
            told = error.exceptions[0] if isinstance(error, ExceptionGroup) else error
            logging.getLogger(__name__).warning("No jobs can be heard for now: %s", told)

    async def _work_off(self) -> None:
        hushed, loop = asyncio.Event(), asyncio.get_running_loop()
        self._hush = lambda: _tell(loop, hushed)
        if self._closing.is_set():  # before there was anything to stop
            return
        app = App(connector=PsycopgConnector(conninfo=self._conninfo))

        @app.task(name=TASK, queue=QUEUE)
        def woken(issue_id: int) -> None:
            self._woken.set()

        async with app.open_async(), asyncio.TaskGroup() as group:
            await _forget_jobs_of_the_dead(app)
            ours = app.run_worker_async(queues=[QUEUE], install_signal_handlers=False, delete_jobs="always")
            working = group.create_task(ours)
            await hushed.wait()
            working.cancel()


def _tell(loop: asyncio.AbstractEventLoop, event: asyncio.Event) -> None:
    with suppress(RuntimeError):  # the loop has ended by itself
        loop.call_soon_threadsafe(event.set)


async def _forget_jobs_of_the_dead(app: App) -> None:
    """Whoever was killed between taking a job and ending it leaves it for ever; what it asked for, others have done."""
    for job in await app.job_manager.get_stalled_jobs(queue=QUEUE):
        await app.job_manager.finish_job(job, status=Status.FAILED, delete_job=True)
