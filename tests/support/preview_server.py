"""The preview on a port of this machine, for real browsers: of a draft with an error that somebody let go."""

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import uvicorn

from digest.flow import approve
from digest.flow.approve import Wishes
from digest.flow.check import check
from digest.flow.house import House
from digest.flow.moved import Stamps
from digest.model.finding import Finding
from digest.web.live import Live
from digest.web.preview import create_preview
from tests.support.web_house import Trial, trial

ISSUE = "quay/2026-11"


@dataclass(frozen=True)
class Served:
    """A preview that answers."""

    trial: Trial
    live: Live
    address: str

    def settled(self) -> str:
        """The first page once the checks are made and the readers counted."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            page = httpx.get(self.address, timeout=30).text
            if "looking it over" not in page and "being counted" not in page:
                return page
            time.sleep(0.05)
        raise AssertionError("the checks never came to an end")


@contextmanager
def preview_server(folder: Path) -> Iterator[Served]:
    """Serve it while the block runs."""
    with trial(folder) as furnished:
        house = _with_test_addresses(furnished.house)
        let_go(house)
        live = Live(house, "quay", folder=folder, stamp=Stamps(ISSUE).now)
        app = create_preview(house, ISSUE, live=live, check=found)
        listening = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        with live.watching():
            thread.start()
            try:
                yield Served(furnished, live, f"http://127.0.0.1:{listening.getsockname()[1]}")
            finally:
                live.end()
                server.should_exit = True
                thread.join()
                listening.close()


def found(house: House, issue: str) -> Sequence[Finding]:
    """What the checks find without asking the network."""
    return check(house, issue, links=False).findings


def let_go(house: House) -> None:
    """Leave something to be filled in, and approve all the same."""
    approve.curate(house, ISSUE, Wishes(intro="TODO: say what the tide left."))
    approve.approve(house, ISSUE, by="Ruth", overrule=["leftover"])


def _with_test_addresses(house: House) -> House:
    mail = house.settings.mail.model_copy(update={"test_addresses": ("desk@example.org",)})
    return replace(house, settings=house.settings.model_copy(update={"mail": mail}))
