"""A reader's whole way in a real browser, with scripts and without: sign up, confirm, receive, change, pause, leave, be
erased."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Page, expect

from digest.flow.approve import approve
from digest.flow.publish import publish
from digest.web.app import create_app
from tests.support.browser import Windows
from tests.support.counter import NEW, Counter, Stencil, opened, stencil

__all__ = ["stencil"]

#: Every movement that nobody asked for, added up (the web's “cumulative layout shift”).
SHIFT = """() => new Promise(done => { let sum = 0;
    new PerformanceObserver(list => list.getEntries().forEach(e => sum += e.value))
        .observe({type: 'layout-shift', buffered: true});
    setTimeout(() => done(sum), 100) })"""


@dataclass
class Reader:
    """Somebody at their browser, with their mailbox."""

    counter: Counter
    page: Page
    address: str

    def press(self, words: str) -> None:
        """A button."""
        self.page.get_by_role("button", name=words, exact=True).click()

    def open_from_mail(self, kind: str) -> None:
        """The link of a kind in the newest letter to them."""
        letters = [letter for letter in self.counter.post() if letter["To"] == NEW]
        self.page.goto(self.address + self.counter.link(letters[-1], kind))

    def sees(self, heading: str) -> None:
        """The page they are on."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(heading)


@pytest.fixture
def reader(windows: Windows, stencil: Stencil, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Reader]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with opened(stencil, tmp_path, base=address) as counter:
            limits = counter.house.settings.sign_up.model_copy(update={"shortest_seconds": 0})
            settings = counter.house.settings.model_copy(update={"sign_up": limits})
            counter.house = replace(counter.house, settings=settings)
            server = uvicorn.Server(uvicorn.Config(create_app(counter.house), log_level="warning"))
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
            thread.start()
            yield Reader(counter, windows.open(width=390, scripts=request.param), address)
            server.should_exit = True
            thread.join()


@pytest.mark.parametrize("reader", [True, False], indirect=True, ids=["with scripts", "without scripts"])
def test_the_whole_way_of_a_reader(reader: Reader) -> None:
    """Each step by what they see on the page or find in their mailbox, and nothing else."""
    page, counter = reader.page, reader.counter
    page.goto(f"{reader.address}/archive/quay/")
    page.get_by_role("link", name="Sign up").click()
    page.get_by_label("E-mail address").fill("not an address")
    reader.press("Sign up")
    expect(page.get_by_role("alert")).to_be_focused()
    page.get_by_label("E-mail address").fill(NEW)
    page.get_by_label("Everything").uncheck()
    page.get_by_label("Money").check()
    reader.press("Sign up")
    reader.sees("Look into your mailbox")

    reader.open_from_mail("confirm")
    reader.press("Yes, send it to me")
    reader.sees("You are subscribed")
    approve(counter.house, "quay/2026-11", by="editor")
    publish(counter.house, "quay/2026-11")
    assert counter.state(NEW) == ["active"]

    reader.open_from_mail("preferences")
    page.get_by_label("Carers").check()
    reader.press("Save")
    expect(page.get_by_role("status")).to_contain_text("Saved")
    page.get_by_label("Until").fill("2027-02-01")
    reader.press("Pause until that day")
    expect(page.get_by_role("status")).to_contain_text("Paused until 1 February 2027")
    reader.press("Resume now")

    page.get_by_role("link", name="Choose what to leave").click()
    reader.press("Leave")
    reader.sees("You are unsubscribed")
    reader.press("Undo")
    reader.sees("You are back")
    assert counter.state(NEW) == ["active"]

    page.goto(f"{reader.address}/preferences/")
    page.get_by_label("E-mail address").fill(NEW)
    reader.press("Send me the link")
    reader.open_from_mail("about-you")
    page.get_by_role("link", name="Erase everything about me").click()
    page.get_by_label("Yes, erase everything about me").check()
    reader.press("Erase everything")
    reader.sees("Everything is erased")
    assert counter.state(NEW) == []


@pytest.mark.parametrize("reader", [True], indirect=True)
def test_the_first_page_is_light_and_stands_still(reader: Reader) -> None:
    """Under 50 kB with all it needs, nothing from elsewhere, and nothing moves once it is there."""
    sizes: list[int] = []
    reader.page.on("response", lambda response: sizes.append(len(response.body())))
    reader.page.goto(f"{reader.address}/subscribe/quay/", wait_until="networkidle")

    assert 0 < sum(sizes) < 50_000
    assert reader.page.evaluate(SHIFT) == 0


@pytest.mark.parametrize("reader", [False], indirect=True)
def test_the_form_goes_by_the_keyboard_alone(reader: Reader) -> None:
    """Tab, space and enter, in the order in which it is read; the hidden field is passed over."""
    page = reader.page
    page.goto(f"{reader.address}/subscribe/quay/")
    page.get_by_label("E-mail address").focus()
    page.keyboard.type(NEW)
    seen = []
    for _ in range(9):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.name || document.activeElement.textContent.trim()"))
    while page.evaluate("document.activeElement.textContent.trim()") != "Sign up":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    reader.sees("Look into your mailbox")
    assert "website" not in seen
    assert seen[:3] == ["topics"] * 3
