"""What tests in a browser share: the browser, and readers' pages served on loopback."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import uvicorn

from digest.web.app import create_app
from subscribers.tokens import Purpose
from tests.support.browser import _windows, chromium, windows
from tests.support.web_house import Trial, trial

__all__ = ["_windows", "chromium", "served", "windows"]


@dataclass(frozen=True, slots=True)
class Served:
    """A house whose pages can be asked for."""

    address: str
    house: Trial

    def pages(self) -> dict[str, str]:
        """The addresses of one page of each kind, by name."""
        home = f"{self.address}/archive/quay/"
        return {
            "archive": home,
            "issue": f"{home}2026-09/",
            "article": f"{home}2026-09/budgets-for-carers-five-years-on/",
            "topic": f"{home}topics/carers/",
            "results": f"{home}search/?q=carers",
            "no results": f"{home}search/?q=zebra",
            "preferences": f"{self.address}{self.house.preferences}",
            "unsubscribe": f"{self.address}{self.house.unsubscribe}",
            "refusal": f"{self.address}/u/not-a-token",
            "sign up": f"{self.address}/subscribe/quay/",
            "embed": f"{self.address}/subscribe/quay/embed",
            "leave": f"{self.address}{self.house.preferences}/leave",
            "where": f"{self.address}/preferences/",
            "about you": f"{self.address}/about-you/{self._token(Purpose.PERSON)}",
            "erase": f"{self.address}/about-you/{self._token(Purpose.PERSON)}/erase",
            "nothing there": f"{home}2031-01/",
        }

    def _token(self, purpose: Purpose) -> str:
        """Of the one reader."""
        return self.house.house.keys.token(purpose, 1)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Readers' pages, served by a thread of this process."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with trial(tmp_path_factory.mktemp("served"), base=address) as house:
            server = uvicorn.Server(uvicorn.Config(create_app(house.house), log_level="warning"))
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
            thread.start()
            yield Served(address, house)
            server.should_exit = True
            thread.join()
