"""The scheduler: APScheduler ticks, and every tick asks the database what is due.

Its job stores are not used: two processes that share one would run everything twice.
"""

import logging
import threading
from collections.abc import Callable

from apscheduler.schedulers.background import BackgroundScheduler

from digest.errors import Problem
from digest.flow.house import House
from digest.flow.schedule import tick

log = logging.getLogger(__name__)


def start(house: House) -> Callable[[], None]:
    """Tick in the background, at once and then as often as the settings say. Returns what ends it."""
    scheduler = BackgroundScheduler(timezone="UTC")
    scheduler.add_job(
        lambda: tick_once(house),
        "interval",
        seconds=house.settings.scheduler.tick_seconds,
        next_run_time=house.clock.now(),
        coalesce=True,
        max_instances=1,
        misfire_grace_time=None,
    )
    scheduler.start()
    return lambda: scheduler.shutdown(wait=True)


def run(house: House, stop: threading.Event) -> None:
    """Tick until told to stop."""
    end = start(house)
    stop.wait()
    end()


def tick_once(house: House) -> None:
    """One tick; what goes wrong is logged, and the next tick tries again."""
    try:
        done = tick(house)
    except Problem as problem:
        log.warning("%s", problem)
        return
    for gathered in done.gathered:
        if gathered.error:
            log.warning("%s: %s", gathered.source, gathered.error)
        elif gathered.new or gathered.changed:
            log.info("%s: %d new, %d changed", gathered.source, gathered.new, gathered.changed)
    for name in done.composed:
        log.info("%s: a new draft", name)
    for name in done.published:
        log.info("%s: published", name)
    for line in done.problems:
        log.warning("%s", line)
