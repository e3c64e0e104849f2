"""What a reader's own key opens: a letter in the browser, and the archive of a private newsletter."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import feedparser
import pytest

from digest.flow.letters import Letters
from digest.storage import received
from digest.web.app import create_app
from digest.web.site import build
from subscribers.address import masked
from subscribers.service import Subscribers
from subscribers.tokens import Purpose
from tests.support.web_house import EMAIL, READER, SCRIPT, Trial, client, tags, trial, words

HOME = "/archive/quay/"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    with trial(tmp_path_factory.mktemp("house")) as furnished:
        yield furnished


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    with trial(tmp_path_factory.mktemp("private"), newsletter="private = true") as furnished:
        yield furnished


def letter(house: Trial) -> tuple[str, str]:
    """A letter of the reader of carers as it went out, decoded, and the path of its link to the browser."""
    own = next(row for row in house.rows("delivery") if row["subscription_id"] == 1)
    with house.house.store.read() as connection:
        duty = received.find(connection, own["id"])
        assert duty is not None
        message = Letters(house.house).of(connection, [duty])[0].made()[1]
    text = message.decode().replace("=\r\n", "").replace("=3D", "=")
    found = re.search(r"http://testserver(/view/[\w.-]+)", text)
    assert found is not None
    return text, found[1]


def key_of(house: Trial, purpose: Purpose = Purpose.READ, number: int = 1) -> str:
    """A fresh token."""
    return house.house.keys.token(purpose, number)


def test_a_letter_leads_to_what_its_reader_got(house: Trial) -> None:
    """Their own words and choice; the address is masked, and it is kept out of caches and of search engines."""
    text, path = letter(house)
    page = client(create_app(house.house)).get(path)

    assert page.status_code == 200
    assert "Two new pieces on your topic" in page.text
    assert "Read in your browser" in text
    assert "Read in your browser" not in page.text
    assert EMAIL not in page.text
    assert masked(EMAIL) in page.text
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-robots-tag"] == "noindex"
    assert f"Archived-At: <http://testserver{HOME}2026-09/>" in text


def test_a_letter_in_the_browser_gives_nobody_anything(house: Trial) -> None:
    """A copy that was passed on has no token of any kind in it, and its policy lets no script run."""
    path = letter(house)[1]
    page = client(create_app(house.house)).get(path)

    links = [str(a["href"]) for tag, a in tags(page.text) if tag == "a"]
    ours = {link.removeprefix("http://testserver") for link in links if link.startswith("http://testserver/")}
    assert {"/view/copy", "/view/copy#pause"} <= ours
    assert not [link for link in ours if re.match(r"/(u|preferences|read|about-you)/", link)]
    assert SCRIPT not in page.text
    policy = page.headers["content-security-policy"]
    assert "sandbox allow-popups" in policy
    assert "script" not in policy
    assert "in your mailbox" in client(create_app(house.house)).get("/view/copy").text


@pytest.mark.parametrize("purpose", [each for each in Purpose if each is not Purpose.VIEW])
def test_a_token_for_something_else_opens_no_letter(house: Trial, purpose: Purpose) -> None:
    """Nor does the token of a letter open anything else."""
    browser = client(create_app(house.house))
    view = key_of(house, Purpose.VIEW)

    assert browser.get(f"/view/{key_of(house, purpose)}").status_code == 404
    assert browser.get(f"/preferences/{view}").status_code == 404
    assert browser.get(f"/read/{view}{HOME}").status_code == 404


def test_a_letter_of_nobody_is_refused_like_a_wrong_link(house: Trial, tmp_path: Path) -> None:
    """A delivery that is not there, a link that is too old, and a reader who was erased: one answer."""
    with trial(tmp_path) as own:
        browser = client(create_app(own.house))
        path = letter(own)[1]
        before = browser.get(path).status_code
        with own.house.store.write() as connection:
            people = Subscribers(connection, own.house.keys, now=own.house.clock.now(), channel="command")
            people.erase(EMAIL)
        old = own.house.keys.token(Purpose.VIEW, 1, at=own.house.clock.now() - timedelta(days=500))
        answers = [browser.get(each) for each in (path, f"/view/{key_of(own, Purpose.VIEW, 9999)}", f"/view/{old}")]

    assert before == 200
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1


def test_opening_letters_changes_nothing(house: Trial) -> None:
    """GET and HEAD, however often."""
    before = house.dump()
    browser = client(create_app(house.house))
    path = letter(house)[1]

    for _ in range(5):
        browser.get(path)
        browser.head(path)

    assert house.dump() == before


def test_a_private_archive_is_not_there(private: Trial) -> None:
    """To whoever has no key it looks like one that does not exist, byte for byte, and nothing lists it."""
    browser = client(create_app(private.house))
    places = ("", "2026-09/", "feed.atom", "feed.json", "sitemap.xml", "search/?q=carers", "topics/carers/")

    answers = [browser.get(f"{HOME}{place}") for place in places]

    assert {answer.status_code for answer in answers} == {404}
    assert {answer.content for answer in answers} == {browser.get("/archive/nobody/").content}
    assert "quay" not in browser.get("/").text + browser.get("/sitemap.xml").text


def test_a_private_archive_is_in_no_static_site(private: Trial, tmp_path: Path) -> None:
    """A folder of files asks nobody for a key."""
    build(private.house, tmp_path / "site")

    assert not (tmp_path / "site" / "archive").exists()
    assert "quay" not in (tmp_path / "site" / "index.html").read_text()


def test_a_key_opens_the_private_archive_and_stays_in_its_links(private: Trial) -> None:
    """Pages, search and feeds; none of them may be kept or found, and none leads to where there is nothing."""
    browser, key = client(create_app(private.house)), key_of(private)
    home = f"/read/{key}{HOME}"

    seen, wanted = set(), [home, f"{home}search/?q=carers"]
    while wanted:
        path = wanted.pop()
        seen.add(path)
        answer = browser.get(path)
        assert answer.status_code == 200, path
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-robots-tag"] == "noindex"
        for tag, a in tags(answer.text):
            href = str(a.get("href") or "").partition("#")[0]
            if href.startswith(("/archive/", "/read/")) and tag in ("a", "link"):
                assert href.startswith(home) or href.partition("?")[0].endswith("brand.css"), (path, href)
                wanted += [href] if href.startswith(home) and href not in seen and href not in wanted else []
    assert len(seen) > 10
    entries = feedparser.parse(browser.get(f"{home}feed.atom").content).entries
    assert {entry.link.removeprefix("http://testserver") for entry in entries} <= seen
    assert browser.get(f"{home}sitemap.xml").status_code == 404


def test_letters_of_a_private_newsletter_bear_their_readers_key(private: Trial) -> None:
    """Every link into the archive; what the archive keeps of the issue itself does not."""
    text, path = letter(private)
    browser = client(create_app(private.house))
    page = browser.get(path).text

    links = re.findall(r"http://testserver(/(?:read/[\w.-]+/)?archive/[^\s\"<>]*)", text.partition("\r\n\r\n")[2])
    assert len(links) >= 2
    assert all(link.startswith("/read/") for link in links)
    assert {browser.get(link).status_code for link in links} == {200}
    assert browser.get(re.findall(r"/read/[\w.-]+/archive/quay/", page)[0]).status_code == 200


def test_who_has_left_has_no_key_any_more(tmp_path: Path) -> None:
    """A key is the reader's as long as they are one."""
    with trial(tmp_path, newsletter="private = true") as own:
        browser, home = client(create_app(own.house)), f"/read/{key_of(own)}{HOME}"
        before = browser.get(home).status_code
        browser.post(own.unsubscribe)
        after = browser.get(home).status_code

    assert (before, after) == (200, 404)


def test_a_key_leads_on_where_nothing_is_private(house: Trial) -> None:
    """So links of letters still work when a newsletter opens its archive."""
    answer = client(create_app(house.house)).get(f"/read/{key_of(house)}{HOME}2026-09/", follow_redirects=False)

    assert (answer.status_code, answer.headers["location"]) == (302, f"{HOME}2026-09/")


def test_a_hostile_name_greets_as_text(house: Trial) -> None:
    """What a reader is called is said as in the letter: here nothing, as it cannot be a name."""
    page = client(create_app(house.house)).get(letter(house)[1])

    assert READER not in page.text
    assert "Hello" in words(page.text)
