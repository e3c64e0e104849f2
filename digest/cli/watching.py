"""Processes that keep running: serve, worker, scheduler."""

import logging
import signal
import threading
from typing import Annotated

import typer

from digest.cli import out
from digest.cli.house import opened


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (serve, worker, scheduler):
        app.command()(command)


def serve(
    host: Annotated[str | None, typer.Option(help="Where to listen; web.host when left out.")] = None,
    port: Annotated[int | None, typer.Option(help="The port; web.port when left out.")] = None,
) -> None:
    """Serve the pages; on SQLite also run the scheduler and deliver, all in this one process. Ctrl-C ends it.

    Example: digest serve --port 8080
    """
    from digest import scheduler as clock
    from digest import worker as delivering
    from digest.web.app import create_app
    from digest.web.serving import serve as serve_app

    _log_lines()
    with opened() as house:
        stop = threading.Event()
        threads = []
        if house.store.embedded:
            house.signers()  # a key that cannot be signed with is told now, not in the night the issue goes out
            for target in (clock.run, delivering.run):
                threads.append(threading.Thread(target=target, args=(house, stop), name=target.__module__))
                threads[-1].start()
        try:
            web = house.settings.web
            serve_app(
                create_app(house),
                host=host or web.host,
                port=web.port if port is None else port,
                ready=lambda url: out.say(f"The pages are at {url} (Ctrl-C ends it)."),
            )
        finally:
            stop.set()
            for thread in threads:
                thread.join()


def worker() -> None:
    """Deliver for as long as it runs. On PostgreSQL any number of workers on any number of machines share the work.

    Example: digest worker
    """
    from digest import worker as delivering

    _log_lines()
    with opened() as house:
        house.signers()  # told now, as above
        delivering.run(house, _stop_on_signals())


def scheduler() -> None:
    """Gather, compose and publish what the calendar asks for. Any number may run: each issue is made once.

    Example: digest scheduler
    """
    from digest import scheduler as clock

    _log_lines()
    with opened() as house:
        clock.run(house, _stop_on_signals())


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _log_lines() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s")
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
