"""A counter where readers sign up and change what they get: a browser without scripts, and a mailbox to look into."""

import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from httpx import Response

from digest import settings
from digest.bootstrap import open_house
from digest.flow.deliver import drain_outbox
from digest.flow.house import House
from digest.mail.memory import MemoryTransport
from digest.web.app import create_app
from tests.support.web_house import NOW, TestClient, Trial, client, tags, trial

FORM = "/subscribe/quay/"
NEW = "new.reader@example.org"
ALL = {"topics": ["all"], "cadence": "monthly"}


@dataclass
class Clock:
    """A clock that goes on when it is told to."""

    at: datetime

    def now(self) -> datetime:
        """Where it stands."""
        return self.at

    def pass_by(self, **span: float) -> None:
        """Let time pass."""
        self.at += timedelta(**span)


@dataclass
class Counter:
    """A browser at a house whose letters can be read."""

    trial: Trial
    house: House
    clock: Clock
    box: MemoryTransport
    browser: TestClient = field(init=False)

    def __post_init__(self) -> None:
        self.browser = client(create_app(self.house))

    def stamp(self) -> str:
        """The stamp of a form that was shown a while ago."""
        page = self.browser.get(FORM).text
        self.clock.pass_by(seconds=5)
        return str(next(a["value"] for tag, a in tags(page) if tag == "input" and a.get("name") == "stamp"))

    def ask(self, email: str = NEW, **form: object) -> Response:
        """Sign up, as a person does."""
        return self.browser.post(FORM, data={**ALL, "email": email, "stamp": self.stamp(), **form})

    def post(self) -> list[EmailMessage]:
        """What goes out now."""
        before = len(self.box.kept)
        _deliver(self.house)
        return [message_from_bytes(kept.message, policy=policy.default) for kept in self.box.kept[before:]]  # type: ignore[misc]

    def link(self, message: EmailMessage, kind: str) -> str:
        """The path of a link of a kind in a letter."""
        found = re.search(rf"/{kind}/[\w.-]+", text_of(message))
        assert found is not None, text_of(message)
        return found[0]

    def state(self, email: str) -> list[str]:
        """The states of somebody's subscriptions."""
        ids = [row["id"] for row in self.trial.rows("subscriber") if row["email"] == email]
        return [row["state"] for row in self.trial.rows("subscription") if row["subscriber_id"] in ids]


def text_of(message: EmailMessage) -> str:
    """A letter's text."""
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def _deliver(house: House) -> None:
    """In a thread of its own: what drives the browser keeps an event loop running in ours."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(drain_outbox, house).result()


@dataclass(frozen=True)
class Stencil:
    """A house that was furnished once, to be copied."""

    folder: Path
    unsubscribe: str
    preferences: str


@pytest.fixture(scope="session")
def stencil(tmp_path_factory: pytest.TempPathFactory) -> Stencil:
    """Two issues are out and delivered; nobody has signed up yet."""
    folder = tmp_path_factory.mktemp("stencil")
    with trial(folder) as furnished:
        _deliver(replace(furnished.house, transport=MemoryTransport))
    return Stencil(folder, furnished.unsubscribe, furnished.preferences)


@pytest.fixture
def counter(stencil: Stencil, tmp_path: Path) -> Iterator[Counter]:
    """A copy of it."""
    with opened(stencil, tmp_path) as found:
        yield found


@contextmanager
def opened(stencil: Stencil, folder: Path, *, base: str = "http://testserver") -> Iterator[Counter]:
    """A copy of the house in a folder, its pages at a base address."""
    shutil.copytree(stencil.folder / "data", folder / "data", dirs_exist_ok=True)
    (folder / "digest.toml").write_text(f'data_folder = "{folder / "data"}"\n[web]\nbase_url = "{base}"\n')
    clock, box = Clock(NOW), MemoryTransport()
    house = replace(open_house(settings.load(folder)), clock=clock, transport=lambda: box)
    try:
        yield Counter(Trial(house, stencil.unsubscribe, stencil.preferences), house, clock, box)
    finally:
        house.store.close()
