"""Feeds as the world writes them, and as an enemy would: each ends in its items, or in an error with words."""

import gzip
import io
import json
import resource
import signal
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from digest.errors import Problem, UnreadableSource
from digest.model.item import FoundItem
from digest.sources import detect, feedtext

CORPUS = Path(__file__).parents[2] / "corpus" / "feeds"
#: What each file comes to: its items as title, date, link and text; or what is said of it.
EXPECTED = json.loads((CORPUS / "expected.json").read_text("utf-8"))
BASE = "https://ash.example/feed"
#: Seconds of work, seconds by the clock and megabytes that no document may take: what takes so long takes the square of
#: its length, and no slow machine is taken for that.
LONGEST, LATEST, LARGEST = 60, 300, 300


@pytest.fixture(autouse=True)
def within_bounds() -> Iterator[None]:
    """Neither a hang nor a bloat passes for a result."""

    def out_of_time(*_: object) -> None:
        pytest.fail("it takes too long")

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    timers = ((signal.ITIMER_PROF, signal.SIGPROF, LONGEST), (signal.ITIMER_REAL, signal.SIGALRM, LATEST))
    for timer, sign, seconds in timers:
        signal.signal(sign, out_of_time)
        signal.setitimer(timer, seconds)
    yield
    for timer, sign, _ in timers:
        signal.setitimer(timer, 0)
        signal.signal(sign, signal.SIG_DFL)
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024 < LARGEST


def shown(item: FoundItem) -> list[str]:
    return [item.title, item.published.isoformat() if item.published else "", item.link or "", item.body_text]


def rss(inside: str, head: str = "") -> bytes:
    return f"{head}<rss version='2.0'><channel><title>Ash Lane</title>{inside}</channel></rss>".encode()


def outcome(data: bytes, **how: str) -> list[str]:
    """The titles of the items, or what is said in their place."""
    try:
        return [item.title for item in detect.read(data, **how)]
    except Problem as problem:
        return [str(problem)]


def of_archive() -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr("feed.xml", rss("<item><title>x</title></item>"))
    return archive.getvalue()


@pytest.mark.parametrize("name", EXPECTED)
def test_each_file_comes_to_what_the_table_says(name):
    """Titles, dates, links and texts, or the words of a refusal; nothing else, whatever the file."""
    data, expected = (CORPUS / name).read_bytes(), EXPECTED[name]

    if isinstance(expected, list):
        assert [shown(item) for item in detect.read(data, base=BASE)] == expected
    else:
        with pytest.raises(UnreadableSource) as refusal:
            detect.read(data, base=BASE)
        assert expected in str(refusal.value)
        assert refusal.value.remedy


def test_every_file_is_in_the_table():
    """None lies there unread."""
    assert {path.name for path in CORPUS.iterdir()} - {"expected.json"} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_each_file_is_survived_by_every_reader(name):
    """A source whose server has changed its mind is told so; it does not break anything."""
    data = (CORPUS / name).read_bytes()

    for kind in ("feed", "json", "csv", "capture"):
        assert all(outcome(data, base=BASE, kind=kind, charset="shift_jis") or ["empty"])


BINARIES = {
    "gzip without its header": (gzip.compress(rss("<item><title>x</title></item>"))[10:], "it is no text"),
    "gzip": (gzip.compress(rss("<item><title>x</title></item>")), "compressed by gzip"),
    "zip": (of_archive(), "a zip archive"),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n", "a PDF"),
    "PNG": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01", "a picture"),
    "JPEG": (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", "a picture"),
    "GIF": (b"GIF89a\x01\x00\x01\x00\x80", "a picture"),
    "a program": (b"\x7fELF\x02\x01\x01\x00" * 20, "it is no text"),
    "half a letter of UTF-16": (b"\xff\xfe<\x00r\x00s", "not text in any known encoding"),
}


@pytest.mark.parametrize("name", BINARIES)
def test_what_is_no_text_is_called_what_it_is(name):
    """With what to do about it."""
    data, what = BINARIES[name]

    with pytest.raises(UnreadableSource, match=what) as refusal:
        detect.read(data)

    assert refusal.value.remedy


def test_ten_thousand_entries_are_read():
    """The archive of a paper, at once."""
    entry = "<item><title>Piece {0}</title><link>https://ash.example/{0}</link></item>"

    items = detect.read(rss("".join(entry.format(number) for number in range(10_000))))

    assert len({item.identity for item in items}) == 10_000


GROWING = {
    "entities within entities": "<!DOCTYPE r [<!ENTITY a '" + "a" * 50_000 + "'>]>",
    "a doctype without end": "<!DOCTYPE " * 50_000,
    "comments without end": "<!-- " * 50_000,
    "instructions": "<?a?>" * 50_000,
    "white space": "\n" * 500_000,
    "hard spaces": "\u00a0" * 500_000,
}


@pytest.mark.parametrize("name", GROWING)
def test_nothing_above_a_feed_takes_long(name):
    """Read or refused, in time that grows with its length alone."""
    items = "<item><title>t</title><description>" + "&a;" * 50_000 + "</description></item>"

    (said,) = outcome(rss(items, head=GROWING[name]))

    assert said == "t" or said.startswith("line ")


REPEATED = {
    "labels": "<category>c{0}</category>",
    "labels of Dublin Core": "<dc:subject>c{0}</dc:subject>",
    "authors": "<author>Ann Lee {0}</author>",
    "links": "<link href='https://ash.example/{0}'/>",
    "pictures": "<media:content url='https://ash.example/{0}.jpg' medium='image'/>",
    "pictures in the text": "<description>&lt;img src='https://ash.example/{0}.jpg'&gt;</description>",
    "bare signs": "&amp; & &x; &nbsp; {0}",
    "places": "<gml:pos>{0}</gml:pos>",
    "unknown elements": "<x:y{0}>z</x:y{0}>",
    "dates": "<pubDate>Mon, 06 Jan 2025 10:00:{0} GMT</pubDate>",
}
PREFIXES = "xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:media='http://search.yahoo.com/mrss/' xmlns:x='urn:x'"


@pytest.mark.parametrize("name", REPEATED)
def test_an_entry_with_too_much_of_one_thing_is_read(name):
    """Eight thousand of it take no longer than they must."""
    much = "".join(REPEATED[name].format(number) for number in range(8_000))
    feed = f"<rss version='2.0' {PREFIXES} xmlns:gml='http://www.opengis.net/gml'><channel><item><title>t</title>"

    (item,) = detect.read(f"{feed}<link>https://ash.example/1</link>{much}</item></channel></rss>".encode())

    assert item.title == "t"
    assert max(len(item.categories), len(item.people)) <= 50
    assert len(item.images) <= 12


def test_keywords_without_number_are_passed_over():
    """They are for search engines, and comparing them would take their square."""
    words = ",".join(f"w{number}" for number in range(50_000))
    prefix = "xmlns:itunes='http://www.itunes.com/DTDs/PodCast-1.0.dtd'"
    feed = f"<rss version='2.0' {prefix}><channel><item><title>t</title><link>https://ash.example/1</link>"

    (item,) = detect.read(f"{feed}<itunes:keywords>{words}</itunes:keywords></item></channel></rss>".encode())

    assert item.categories == ()


@pytest.mark.parametrize("tag", ["<a>", "<item>", "<b/>", "<x:y xmlns:x='z'>"])
def test_tags_without_number_are_refused(tag):
    """Each would take the parser its time, and each level its memory."""
    with pytest.raises(UnreadableSource, match=r"more than 300,000 tags"):
        detect.read(rss(tag * (feedtext.MOST_TAGS + 1)))


@pytest.mark.parametrize("cut", range(0, 900, 61))
def test_a_feed_cut_anywhere_is_refused_or_empty_but_never_half_read(cut):
    """What was lost on the way is fetched again."""
    data = (CORPUS / "rss-2.0.xml").read_bytes()[: cut + 60]

    with pytest.raises(UnreadableSource):
        detect.read(data, kind="feed")
