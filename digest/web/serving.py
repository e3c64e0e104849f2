"""Serving: one app on one address, until a signal comes."""

import errno
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from digest.errors import SettingsRefused
from digest.flow import circles

#: How long one thread goes on while another wants to.
_TURN_SECONDS = 0.0005


def _nothing() -> None:
    pass


def serve(
    app: ASGIApp, *, host: str, port: int, ready: Callable[[str], None], ending: Callable[[], None] = _nothing
) -> None:
    """Serve until Ctrl-C or SIGTERM; `ready` is told the address once it is taken. Raises SettingsRefused.

    `ending` is called when the signal comes: answers that go on for long must then end, as they are waited for.
    """
    with _bound(host, port) as listening, _in_small_turns(), circles.seldom_sought(), circles.left_out():
        ready(f"http://{host}:{listening.getsockname()[1]}/")
        server = _Server(uvicorn.Config(app, log_level="warning", server_header=False, loop="uvloop"), ending)
        with _outliving_signals():
            server.run(sockets=[listening])


@contextmanager
def _in_small_turns() -> Iterator[None]:
    """What waits for the database beside the pages has to ask for Python's one lock after each answer, and would wait
    for five milliseconds each time that much is asked for."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(_TURN_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ending: Callable[[], None]) -> None:
        super().__init__(config)
        self._ending = ending

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._ending()
        super().handle_exit(sig, frame)


@contextmanager
def _outliving_signals() -> Iterator[None]:
    """uvicorn ends on a signal and then raises it once more, which would kill us before others have tidied up."""
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _bound(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        why = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be listened at: {error.strerror}"
        raise SettingsRefused(f"{host}:{port} {why}.", remedy="Choose another port with --port.") from error
