"""A real browser for tests: the machine's Chromium, driven by Playwright, that reaches nothing but this machine.

`python -m tests.support.browser` says which one the tests would use, and ends with 1 where there is none.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, Route, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
VARIABLE = "DIGEST_CHROMIUM"
MISSING = (
    "there is no Chromium: “make browser” installs one, as does “apt-get install chromium”; one that lies elsewhere is "
    f"named by the environment variable {VARIABLE}"
)
#: The last one holds for what cannot be routed, too: sockets of scripts, and what the browser itself would ask.
FLAGS = (
    "--no-first-run",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-lcd-text",
    "--font-render-hinting=none",
    "--force-color-profile=srgb",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
WITHOUT_NET = frozenset({"about", "blob", "data"})


@dataclass(slots=True)
class Windows:
    """Opens pages, and keeps what they asked of others, which they never got."""

    browser: Browser
    #: What is answered at an address that is not of this machine: its type and its bytes.
    answers: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    #: What else was asked for.
    refused: list[str] = field(default_factory=list)
    _open: list[BrowserContext] = field(default_factory=list)
    _reader: Page | None = None

    def open(self, *, width: int = 800, height: int = 900, dark: bool = False, scripts: bool = True) -> Page:
        """An empty page in a profile of its own, so many CSS pixels wide and high, one to each pixel of a picture, in
        the mode that its reader likes. It is closed after the test."""
        context = self.browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            java_script_enabled=scripts,
            locale="en-GB",
            timezone_id="UTC",
            service_workers="block",
        )
        context.set_default_timeout(10_000)
        context.route("**/*", lambda route: self._answer(route))
        self._open.append(context)
        return context.new_page()

    def show(self, html: str, *, width: int = 800, dark: bool = False) -> Page:
        """The one page in which letters are read, with this document, all its pictures loaded."""
        # To open a page takes longer than most letters take to be shown.
        if self._reader is None:
            self._reader = self.open()
            self._open.remove(self._reader.context)
        self._reader.set_viewport_size({"width": width, "height": 900})
        self._reader.emulate_media(color_scheme="dark" if dark else "light")
        self._reader.set_content(html, wait_until="load")
        return self._reader

    def clear(self) -> None:
        """Close what was opened, and forget the answers."""
        while self._open:
            self._open.pop().close()
        self.answers.clear()

    def _answer(self, route: Route) -> None:
        address = route.request.url
        parts = urlsplit(address)
        if parts.scheme in WITHOUT_NET or parts.hostname in LOOPBACK:
            route.continue_()
        elif address in self.answers:
            kind, body = self.answers[address]
            route.fulfill(content_type=kind, body=body)
        else:
            self.refused.append(address)
            route.abort()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser for the tests of one file, which skip where the machine has none."""
    # Playwright keeps an event loop running in this thread; tests of other files run loops of their own.
    with sync_playwright() as playwright:
        if (found := find(playwright)) is None:
            pytest.skip(MISSING)
        browser = launch(playwright, found)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def _windows(chromium: Browser) -> Windows:
    return Windows(chromium)


@pytest.fixture
def windows(_windows: Windows) -> Iterator[Windows]:
    """Windows of the browser; the test fails whose pages asked another machine for anything."""
    _windows.refused.clear()
    yield _windows
    _windows.clear()
    assert _windows.refused == [], "a page asked another machine"


def find(playwright: Playwright) -> Path | None:
    """The browser named by the environment, else the system's, else Playwright's own."""
    if named := os.environ.get(VARIABLE):
        return Path(named) if Path(named).is_file() else None
    for name in NAMES:
        if there := shutil.which(name):
            return Path(there)
    own = Path(playwright.chromium.executable_path)
    return own if own.is_file() else None


def launch(playwright: Playwright, program: Path) -> Browser:
    """Start it; without its sandbox where the system's owner runs it, as it would refuse to start."""
    root = ("--no-sandbox",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()
    return playwright.chromium.launch(executable_path=program, args=[*FLAGS, *root])


def main() -> int:
    """Start the browser that would be used and say which it is."""
    with sync_playwright() as playwright:
        if (found := find(playwright)) is None:
            sys.stderr.write(f"Tests in a browser will be skipped: {MISSING}.\n")
            return 1
        browser = launch(playwright, found)
        sys.stdout.write(f"Tests use Chromium {browser.version} at {found}.\n")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
