"""The worker: delivers for as long as it runs, and outlives a mail server or database that is away for a while."""

import logging
import threading

from digest.errors import Again, Problem, TransportRefused, TransportUnavailable
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
    pause = _Pause()
    while not stop.is_set():
        try:
            with lock.hold(house.store, house.settings.data_folder):
                recover(house, alone=house.store.embedded)
                while not stop.is_set():
                    _work(house, ask)
                    pause.over()
                    house.queue.wait(IDLE_SECONDS)
        except (TransportUnavailable, TransportRefused) as problem:
            # How long it is left in peace stands in the database, for all workers; somebody may mend it before.
            log.warning("%s", problem)
            stop.wait(IDLE_SECONDS)
        except Problem as problem:
            log.warning("%s Trying again in %d s.", problem, pause.longer(again=isinstance(problem, Again)))
        except Exception:  # a mistake of ours must not end the delivery for good
            log.exception("The delivery stumbled; trying again in %d s.", pause.longer(again=True))
        ask.wanted, ask.problem = stop.is_set(), None
        stop.wait(pause.seconds)
    house.queue.close()


def _work(house: House, ask: Stop) -> None:
    if not house.store.embedded:
        recover(house, alone=False)
    done = deliver(house, stop=ask, patient=True)
    if done.accepted or done.failed or done.unknown:
        log.info("%d accepted, %d failed, %d unknown", done.accepted, done.failed, done.unknown)


class _Pause:
    """How long to wait after a failure: longer with each in a row, and long at once where only a person can help."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def longer(self, *, again: bool) -> float:
        """The wait after one more failure."""
        self.seconds = min(max(self.seconds * 2, 5.0), LONGEST_PAUSE) if again else LONGEST_PAUSE
        return self.seconds

    def over(self) -> None:
        """It went well."""
        self.seconds = 0.0


def _pass_on(stop: threading.Event, ask: Stop) -> None:
    stop.wait()
    ask.wanted = True
