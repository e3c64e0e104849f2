"""The preview in a real browser: nothing for axe or the HTML checker to say, in either mode; by the keyboard alone,
without scripts, and while others change the issue."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page

from digest.flow import approve
from digest.flow.approve import Wishes
from digest.web.preview_files import write_files
from tests.support import html_checker
from tests.support.axe import violations
from tests.support.browser import Windows
from tests.support.preview_server import ISSUE, Served, found, let_go, preview_server
from tests.support.site import Site, site

__all__ = ["site"]

PAGES = {
    "the letter": "/?reader=held:1",
    "text on a phone": "/?view=text&width=phone",
    "the source": "/?view=source",
    "the headers": "/?view=headers&language=de",
    "nothing new": "/?reader=mix",
    "a search": "/?find=example.org",
    "a notice": "/?letter=welcome&mode=dark",
    "all letters": "/letters",
    "two letters": "/compare?reader=topic:carers",
    "no such page": "/nothing",
}


#: What has the focus: its words, whether a line shows around it, and whether it is on the screen.
FOCUSED = """() => {
    const here = document.activeElement;
    if (!here || here === document.body) return null;
    const style = getComputedStyle(here), box = here.getBoundingClientRect();
    return {
        tag: here.localName,
        words: (here.title || here.labels?.[0]?.querySelector("span")?.innerText || here.innerText).trim(),
        ring: here.localName === "iframe" || (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2),
        seen: box.width > 0 && box.left >= 0 && box.top < innerHeight && box.bottom > 0,
    };
}"""
MARKED = "document.querySelector('iframe').dataset.marked"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with preview_server(tmp_path_factory.mktemp("house")) as running:
        running.settled()
        yield running


def opened(windows: Windows, served: Served, path: str) -> Page:
    """A page with all that folds unfolded."""
    page = windows.open(width=1440)
    page.goto(served.address + path, wait_until="load")
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    return page


def broken(page: Page) -> list[str]:
    """What axe has to say, but that it cannot look into the letter's frame, where no script runs."""
    return [each for each in violations(page) if not each.startswith("frame-tested ")]


def wider_than_the_screen(page: Page, *widths: int) -> list[int]:
    """The widths at which one would have to scroll sideways."""
    found = []
    for width in widths:
        page.set_viewport_size({"width": width, "height": 844})
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            found.append(width)
    return found


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
def test_a_page_is_accessible_and_fits_in_both_modes(windows: Windows, served: Served, path: str) -> None:
    """WCAG 2.2 AA and beyond, on a wide screen and a phone; on the narrowest phone nothing lies beside the screen."""
    page = opened(windows, served, path)

    said = [f"wide and light: {each}" for each in broken(page)]
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark")
    said += [f"narrow and dark: {each}" for each in broken(page)]

    assert said == []
    assert wider_than_the_screen(page, 1440, 390, 320) == []


def test_the_other_modes_are_accessible_as_well(windows: Windows, served: Served) -> None:
    """Wide and dark, narrow and light: the page that has all parts is looked at in every way."""
    page = opened(windows, served, "/?reader=held:1")

    page.emulate_media(color_scheme="dark")
    said = [f"wide and dark: {each}" for each in broken(page)]
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="light")
    said += [f"narrow and light: {each}" for each in broken(page)]

    assert said == []


@pytest.fixture(scope="module")
def written(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as files."""
    folder = tmp_path_factory.mktemp("files")
    write_files(served.trial.house, ISSUE, folder, most=1, findings=found(served.trial.house, ISSUE))
    return folder


def test_every_page_is_html_as_it_is_written_down(served: Served, written: Path) -> None:
    """On the server and as files."""
    ours = [written / "index.html", *(written / "everything").glob("*.html"), *(written / "welcome-de").glob("*.html")]
    ours = [page for page in ours if not page.name.startswith(("letter-", "before-"))]

    documents = {name: httpx.get(served.address + path, timeout=30).text for name, path in PAGES.items()}
    documents |= {str(page.relative_to(written)): page.read_text(encoding="utf-8") for page in ours}

    assert len(documents) > len(PAGES) + 12
    assert html_checker.not_allowed(html_checker.check(documents), ()) == []


def test_the_written_pages_are_accessible_and_need_no_server(windows: Windows, written: Path) -> None:
    """Opened as files without a net, with their style sheets and their frames."""
    context = windows.browser.new_context(offline=True, viewport={"width": 390, "height": 844})
    page, said = context.new_page(), []
    for name in ("index.html", "everything-de/index.html", "everything/compare-dark.html"):
        page.goto((written / name).as_uri(), wait_until="load")
        said += [f"{name}: {each}" for each in broken(page)]
        assert "system-ui" in page.evaluate("getComputedStyle(document.body).fontFamily")
    framed = page.frames[1].locator("body").inner_text()
    context.close()

    assert said == []
    assert "Quay" in framed


def used(windows: Windows, served: Served, path: str = "/?reader=held:1", *, scripts: bool = True) -> Page:
    page = windows.open(width=1280, scripts=scripts)
    page.goto(served.address + path, wait_until="load")
    return page


def focused(page: Page) -> dict[str, object] | None:
    """What has the focus; the letter's frame is a process of its own, which hands it back in its own time."""
    for _ in range(20):
        if here := page.evaluate(FOCUSED):
            return dict(here)
        page.wait_for_timeout(25)
    return None


def walked(page: Page, most: int = 80) -> list[dict[str, object]]:
    """All that the Tab key comes to in the page itself, until it leaves it or comes to the letter's own links."""
    met: list[dict[str, object]] = []
    for _ in range(most):
        page.keyboard.press("Tab")
        if (here := focused(page)) is None:
            break
        if here["tag"] != "iframe" or not met or met[-1]["tag"] != "iframe":
            met.append(here)
    return met


def test_everything_is_reached_by_tab_and_seen(windows: Windows, served: Served) -> None:
    """The ways past the rest first, then in the order of reading; a line shows around what has the focus."""
    met = walked(used(windows, served))

    words = [str(each["words"]) for each in met]
    assert words[:3] == ["Skip to the content", "Skip to the letter", "Skip to what is known of it"]
    assert [each for each in met if not (each["ring"] and each["seen"])] == []
    expected = ["As", "Find a reader", "Show", "Any topics together", "Letter", "Desktop", "The letter as", "Overruled"]
    expected += ["Why these pieces", "All letters of this issue", "Download as .eml", "Send a test", "Keys"]
    places = [next(n for n, each in enumerate(words) if each.startswith(wanted)) for wanted in expected]
    assert places == sorted(places)


def test_a_way_past_the_letter_leads_past_it(windows: Windows, served: Served) -> None:
    """The next Tab is among what is known of it, not in the frame."""
    page = used(windows, served)
    for _ in range(3):
        page.keyboard.press("Tab")

    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    assert page.evaluate("document.activeElement.closest('#about') !== null")


def test_going_through_a_list_by_the_keyboard_chooses_nothing_yet(windows: Windows, served: Served) -> None:
    """Enter on the button does; with the mouse it is chosen at once."""
    page = used(windows, served)
    page.locator("[data-reader]").focus()

    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    still = page.url
    page.get_by_role("button", name="Show", exact=True).press("Enter")
    page.wait_for_url("**reader=topic*")
    page.locator("summary", has_text="Any topics").click()
    page.get_by_role("checkbox", name="Money").check()
    page.wait_for_url("**reader=mix*topics=money*")

    assert still.endswith("held:1")


def test_every_key_is_announced(windows: Windows, served: Served) -> None:
    """Each is on the page once, and the list at the end says what it chooses."""
    page = used(windows, served)

    keys = page.evaluate("[...document.querySelectorAll('[accesskey]')].map(each => each.accessKey + each.innerText)")
    said = page.evaluate("[...document.querySelectorAll('[data-keep=keys] li')].map(each => each.textContent.trim())")

    assert sorted(f"{key[0]} {key[1:]}" for key in keys) == sorted(said)
    assert len({key[0] for key in keys}) == len(keys) == 10


def test_it_works_without_scripts(windows: Windows, served: Served) -> None:
    """By links and buttons: another view, another reader, topics together in one step, a search."""
    page = used(windows, served, scripts=False)

    page.get_by_role("link", name="Text", exact=True).click()
    assert "Carers and the early train" in page.locator("pre").inner_text()
    page.locator("summary", has_text="Any topics").click()
    page.get_by_role("checkbox", name="Money").check()
    page.get_by_role("button", name="Show these topics").click()
    assert "reader=mix" in page.url
    assert "Nothing is new for a reader of Money" in page.locator("#letter").inner_text()
    page.get_by_label("Find a reader").fill("priya.secret@example.org")
    page.get_by_role("button", name="Show", exact=True).click()
    assert page.locator("[data-reader]").input_value() == "held:1"
    assert page.get_by_label("Find a reader").input_value() == ""


def test_what_is_told_beside_the_letter_changes_in_its_place(windows: Windows, served: Served) -> None:
    """The letter is not loaded anew for it, and what is open stays open; a change of the letter does load it."""
    page = used(windows, served)
    page.evaluate(f"{MARKED} = 'the same'")
    page.locator("summary", has_text="Why these").click()

    with served.trial.house.store.write() as connection:
        connection.exec_driver_sql("UPDATE overruled SET by = 'Somebody else', id = id + 100")
    page.locator("summary", has_text="Overruled").click()
    page.get_by_text("Somebody else").wait_for()
    same, open_ = page.evaluate(MARKED), page.locator("[data-keep=why]").get_attribute("open")
    approve.curate(served.trial.house, ISSUE, Wishes(title="What the tide left"))
    page.get_by_role("heading", name="What the tide left").wait_for()
    anew = page.evaluate(MARKED)
    let_go(served.trial.house)

    assert (same, open_, anew) == ("the same", "", None)


#: What a page of another origin can find out of an address: by fetching it, as a script, in a frame, in a window.
FOUND_OUT = """async address => {
    const loaded = (tag, at) => new Promise(done => {
        const made = Object.assign(document.createElement(tag), { src: address + at });
        made.onload = () => done("loaded"), made.onerror = () => done("refused"), document.head.append(made);
    });
    const fetched = at => fetch(address + at, { mode: "no-cors" }).then(() => "fetched", () => "refused");
    const opened = open(address + "/?find=priya.secret@example.org");
    await new Promise(done => setTimeout(done, 1000));
    const frames = opened.closed ? 0 : opened.length;
    const page = "/?find=priya.secret@example.org";
    return [await fetched(page), await fetched("/letters"), await loaded("script", "/static/preview.js"), frames];
}"""


def test_another_page_cannot_tell_whether_an_address_subscribes(windows: Windows, served: Served, site: Site) -> None:
    """Neither by what it gets, nor by what its windows hold; the letter's own frame works as before."""
    page = windows.open(width=1280)
    page.goto(site.page("/evil", b"<!doctype html><title>x</title>", **{"Content-Type": "text/html"}))

    told = page.evaluate(FOUND_OUT, served.address)
    ours = used(windows, served, "/?find=priya.secret@example.org")
    ours.frame_locator("iframe").locator("a", has_text="Carers and the early train").first.wait_for()
    alone = windows.open(width=1280)
    alone.goto(f"{served.address}/letter?reader=held:1")

    assert told == ["refused", "refused", "refused", 0]
    assert "Carers and the early train" in alone.locator("body").inner_text()


@pytest.mark.parametrize(
    ("path", "width"),
    [("/?reader=held:1", 390), ("/?reader=held:1&width=phone", 390), ("/compare?reader=topic:carers", 346)],
)
def test_on_a_phone_a_letter_is_as_wide_as_the_page(windows: Windows, served: Served, path: str, width: int) -> None:
    """There is no other width to choose from there."""
    page = used(windows, served, path)
    page.set_viewport_size({"width": 390, "height": 844})

    widths = page.evaluate("[...document.querySelectorAll('iframe')].map(each => each.getBoundingClientRect().width)")

    assert {width} == {round(each) for each in widths}
    assert not page.get_by_role("list", name="Width").is_visible()
