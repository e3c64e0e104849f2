"""Searching in a browser: a static site by its own script, and a server's pages without any."""

import functools
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from digest.web.site import build
from tests.browser.conftest import Served
from tests.support.axe import violations
from tests.support.browser import Windows
from tests.support.web_house import trial


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A static site behind a server that knows nothing but files: its search page, and the folder."""
    where = tmp_path_factory.mktemp("static")
    with trial(where) as house:
        build(house.house, where / "site")
    handler = functools.partial(_Quiet, directory=str(where / "site"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/archive/quay/search/", where / "site"
        server.shutdown()
        thread.join()


def test_a_static_site_finds_without_a_server(windows: Windows, folder: tuple[str, Path]) -> None:
    """Typed on its front page, found on its search page, and the result leads to the piece."""
    page = windows.open()
    page.goto(folder[0].replace("search/", "index.html"))
    page.get_by_label("Search past issues").fill("budget form -train")
    page.keyboard.press("Enter")
    page.locator(".hit").wait_for()

    assert page.locator(".counted").inner_text() == "1 piece found"
    assert [mark.lower() for mark in page.locator(".hit mark").all_inner_texts()][:1] == ["budgets"]
    assert violations(page) == []
    page.locator(".hit h2 a").click()
    assert "Budgets for carers" in page.locator("h1").inner_text()


def test_markup_in_a_title_is_text_to_the_script_too(windows: Windows, folder: tuple[str, Path]) -> None:
    """Nothing of a title or of what is typed becomes an element."""
    page = windows.open()
    page.on("dialog", lambda dialog: pytest.fail("a script ran"))
    page.goto(f"{folder[0]}?q=rota")
    page.locator(".hit").wait_for()
    said = page.locator(".hit h2").inner_text()
    page.goto(f"{folder[0]}?q=%3Cimg%20src=x%20onerror=alert(1)%3E")
    page.locator("#results .notice").wait_for()

    assert "<script>alert(1)</script>" in said
    assert page.locator("#results img").count() == 0


def test_without_scripts_or_without_a_server_the_page_says_what_to_do(
    windows: Windows, folder: tuple[str, Path]
) -> None:
    """Instead of an empty page."""
    plain, disk = windows.open(scripts=False), windows.open()
    plain.goto(f"{folder[0]}?q=rota")
    file = folder[1] / "archive" / "quay" / "search" / "index.html"
    html = file.read_text().replace('data-files="1"', 'data-files="7"')
    (file.parent / "broken.html").write_text(html)
    disk.goto(f"{folder[0]}broken.html?q=rota")
    disk.locator("#results .notice").wait_for()

    assert "needs JavaScript" in plain.locator("main").inner_text()
    assert "could not be loaded" in disk.locator("#results").inner_text()


def test_a_server_searches_without_any_script(windows: Windows, served: Served) -> None:
    """By keyboard alone: from the front page to the piece."""
    page = windows.open(scripts=False)
    page.goto(served.pages()["archive"])
    page.get_by_label("Search past issues").press_sequentially("forms")
    page.keyboard.press("Enter")
    page.locator(".hit h2 a").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/budgets-for-carers-five-years-on/")

    assert "Budgets for carers" in page.locator("h1").inner_text()
