"""The worker: delivers for as long as it runs, and outlives a mail server or database that is away for a while."""

import logging
import threading

from digest.errors import Again, OutboxBusy, Problem
from digest.flow.deliver import Stop, deliver
from digest.flow.house import House
from digest.flow.recover import recover
from digest.storage import lock

log = logging.getLogger(__name__)

#: How often an idle outbox is looked at when nobody wakes us.
IDLE_SECONDS = 2.0
#: The longest wait after a failure.
LONGEST_PAUSE = 300.0


def run(house: House, stop: threading.Event) -> None:
    """Deliver until told to stop; on the stop, what is in flight is finished and the rest given back."""
    ask = Stop()
    threading.Thread(target=_pass_on, args=(stop, ask), daemon=True).start()
    while not stop.is_set():
        try:
            with lock.hold(house.store, house.settings.data_folder):
                _work(house, stop, ask)
        except OutboxBusy as problem:
            log.warning("%s", problem)
            stop.wait(10)


def _work(house: House, stop: threading.Event, ask: Stop) -> None:
    pause = 0.0
    recover(house, alone=house.store.embedded)
    while not stop.is_set():
        try:
            if not house.store.embedded:
                recover(house, alone=False)
            done = deliver(house, stop=ask)
        except Problem as problem:
            ask.wanted, ask.problem = stop.is_set(), None
            pause = min(max(pause * 2, 5.0), LONGEST_PAUSE)
            log.warning("%s Trying again in %d s.", problem, pause if isinstance(problem, Again) else LONGEST_PAUSE)
            stop.wait(pause if isinstance(problem, Again) else LONGEST_PAUSE)
            continue
        pause = 0.0
        if done.accepted or done.failed or done.unknown:
            log.info("%d accepted, %d failed, %d unknown", done.accepted, done.failed, done.unknown)
        house.queue.wait(IDLE_SECONDS)


def _pass_on(stop: threading.Event, ask: Stop) -> None:
    stop.wait()
    ask.wanted = True
