"""On PostgreSQL: procrastinate wakes any number of workers on any number of machines.

Jobs are enqueued on the connection whose transaction filled the outbox: no outbox without jobs, no jobs without outbox.
The ledger's leases fence, so a job that is lost, doubled or late is only a delay.
"""

from collections.abc import Callable

import procrastinate
from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
from sqlalchemy import Connection, Engine, inspect, make_url

QUEUE = "deliveries"
TASK = "digest.deliver"


class PostgresQueue:
    """Enqueues one job for each batch of deliveries."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._app = App(connector=SyncPsycopgConnector(conninfo=_conninfo(engine)))

    def prepare(self) -> None:
        """Make procrastinate's own tables where they are missing."""
        if not inspect(self._engine).has_table("procrastinate_jobs"):
            with self._app.open():
                self._app.schema_manager.apply_schema()

    def wake(self, connection: object, issue_id: int, batches: int) -> None:
        """Enqueue a job for each batch, in the transaction of `connection`."""
        assert isinstance(connection, Connection)
        driver = connection.connection.driver_connection
        task = self._app.configure_task(TASK, queue=QUEUE, allow_unknown=True, connection=driver)
        for _ in range(max(1, batches)):
            task.defer(issue_id=issue_id)


def run_worker(engine: Engine, deliver: Callable[[], object]) -> None:
    """Work off jobs until a signal comes; each asks for what is due, whichever issue woke it."""
    app = App(connector=PsycopgConnector(conninfo=_conninfo(engine)))

    @app.task(name=TASK, queue=QUEUE, pass_context=False)
    def work(issue_id: int) -> None:
        deliver()

    app.run_worker(queues=[QUEUE], concurrency=1, delete_jobs=procrastinate.jobs.DeleteJobCondition.ALWAYS)


def _conninfo(engine: Engine) -> str:
    url = make_url(str(engine.url.set(drivername="postgresql").render_as_string(hide_password=False)))
    return url.render_as_string(hide_password=False)
