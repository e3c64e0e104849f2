"""The captured pages beside the project are read whole, and so is what is served on loopback."""

import re
import threading
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from digest.errors import UnreadableSource
from digest.model.item import FoundItem
from digest.sources import captures, detect
from digest.sources.fetch import Document, Fetcher, Wanted

SEEDS = Path(__file__).resolve().parents[3] / "shared" / "seeds"
NEWS, POSTS = SEEDS / "000_f4b5ca358f1e08a3.txt", SEEDS / "003_687a5b0c8ec29bdf.txt"
needs_seeds = pytest.mark.skipif(not POSTS.exists(), reason="the captured pages do not lie beside the project")
DATE_LINE = re.compile(r"\d{1,2} [A-Z][a-z]+ \d{4}")

pytestmark = [pytest.mark.seeds, needs_seeds]


def fetched(location: str) -> bytes:
    """What lies at an address of this machine, or in a file."""
    answer = Fetcher(allow_hosts=("127.0.0.1:*",)).one(Wanted(key="news", location=location))
    assert isinstance(answer, Document)
    return answer.data


@pytest.fixture
def news() -> list[FoundItem]:
    """The items of the dated page."""
    return detect.read(fetched(str(NEWS)))


@pytest.fixture
def posts() -> list[FoundItem]:
    """The items of the author's page."""
    return detect.read(fetched(str(POSTS)))


def lines(page: Path) -> list[str]:
    return [" ".join(line.split()) for line in page.read_text("utf-8").split("\n")]


def test_every_dated_item_is_found(news):
    """Sixteen, each titled by the line two above its date."""
    page = lines(NEWS)
    titles = [page[at - 2] for at, line in enumerate(page) if DATE_LINE.fullmatch(line)]

    assert len(news) == 16
    assert [item.title for item in news] == titles
    assert [item.published for item in news][:2] == [date(2014, 12, 16), date(2014, 12, 12)]
    assert news[-1].published == date(2014, 2, 3)
    assert {(item.people, item.excerpt, item.link) for item in news} == {((), False, None)}


def test_every_paragraph_of_the_news_is_kept_or_known_to_be_chrome(news):
    """No line is lost but dates, titles, menu, footer and the links that lost their addresses; none is doubled."""
    kept = [line for item in news for line in item.body_text.split("\n") if line]
    page = [line for line in lines(NEWS) if line]
    lost = [line for line in page if line not in kept]

    assert len(kept) == len(set(kept))
    assert set(kept) <= set(page)
    assert sum(line.startswith("• ") for line in kept) == 12
    rest = [line for line in lost if not DATE_LINE.fullmatch(line) and line not in {item.title for item in news}]
    # Above the first item stand four lines, below the last one five.
    assert len(rest) == 4 + 13 + 5
    assert all(re.match(r"(Read|View|Watch|The) .{10,60}\.$", line) for line in rest[4:-5])


def test_sub_headings_with_dates_are_no_items(news):
    """A range of days within an item stays there."""
    ranges = [
        line for item in news for line in item.body_text.split("\n") if re.search(r" - \d|\d-\d \w+ \d{4}$", line)
    ]

    assert len([line for line in ranges if len(line) < 60]) == 2


def test_every_post_is_found(posts):
    """Ten, titled as the page has them, with their people and no date."""
    page = lines(POSTS)
    begins = [page.index(item.title) for item in posts]

    assert begins == sorted(begins)
    assert begins[0] == 0
    assert all(page[at + 1] == "" for at in begins)
    assert len(posts) == 10
    assert {item.published for item in posts} == {None}
    assert [len(item.people) for item in posts] == [1, 1, 2, 1, 1, 1, 1, 2, 1, 1]
    assert {name for item in posts for name in item.people} == {"Martin Stevens", "Jo Moriarty", "John Woolham"}


def test_lengths_are_as_stated_or_counted(posts):
    """Eight posts state theirs and are excerpts; two are whole."""
    stated = [int(number.replace(",", "")) for number in re.findall(r"\(([\d,]+) words\)", POSTS.read_text("utf-8"))]

    assert [item.word_count for item in posts[:8]] == stated
    assert [item.excerpt for item in posts] == [True] * 8 + [False] * 2
    assert all(
        item.word_count == sum(c.isalnum() for c in [w]) or item.word_count > 500 for item in posts[8:] for w in "x"
    )


def test_no_chrome_is_left_in_a_post(posts):
    """Neither captions, bylines and their counts, nor what follows an excerpt; references stay."""
    text = "\n".join(item.body_text for item in posts)

    assert not re.search(r"Continue reading|Follow @|\(\d[\d,]* words\)|[a-z]Martin|Moriarty Nov|BaumIn", text)
    assert not any(line in {"Martin Stevens", "John Woolham"} or "Stadium, S" in line[:24] for line in text.split("\n"))
    assert posts[8].body_text.count("(2011)") == 1
    assert "References" in posts[8].body_text
    assert all("References" not in item.body_text for item in posts[:8])


def test_each_item_is_known_by_itself(news, posts):
    """No two are taken for one."""
    assert len({item.identity for item in news + posts}) == 26


@pytest.mark.parametrize("page", [NEWS, POSTS])
def test_another_way_of_saving_gives_the_same(page):
    """Line ends and a byte order mark make no difference."""
    text = page.read_text("utf-8")

    assert captures.read("\ufeff" + text.replace("\n", "\r\n")) == captures.read(text)


@pytest.mark.parametrize("number", range(16))
def test_a_lost_date_is_never_passed_over(number):
    """A date that is cut out, or no date, is named near its line; the item is not swallowed by the one above."""
    page = NEWS.read_text("utf-8").split("\n")
    at = [n for n, line in enumerate(page) if DATE_LINE.fullmatch(line)][number]
    spoilt = [*page[:at], "30 February 2014", *page[at + 1 :]]
    without = [*page[:at], *page[at + 2 :]]

    with pytest.raises(UnreadableSource) as refusal:
        captures.read("\n".join(spoilt))
    assert refusal.value.line == at + 1
    if number:
        with pytest.raises(UnreadableSource) as refusal:
            captures.read("\n".join(without))
        assert refusal.value.line == at - 1


@pytest.mark.parametrize("number", range(16))
def test_a_lost_title_is_never_passed_over(number):
    """A date without its title is named by its line."""
    page = NEWS.read_text("utf-8").split("\n")
    at = [n for n, line in enumerate(page) if DATE_LINE.fullmatch(line)][number]

    with pytest.raises(UnreadableSource) as refusal:
        captures.read("\n".join([*page[: at - 2], *page[at - 1 :]]))
    assert refusal.value.line == at


def test_a_page_is_read_from_the_web():
    """From an address to items, through a server on loopback."""
    body = NEWS.read_bytes()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        items = detect.read(fetched(f"http://127.0.0.1:{server.server_port}/"))
        thread.join()

    assert len(items) == 16
