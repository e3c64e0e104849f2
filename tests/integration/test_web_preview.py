"""The preview: an issue as any reader gets it, on the editor's own machine."""

import email
from collections.abc import Iterator
from dataclasses import replace
from email import policy
from pathlib import Path

import pytest

from digest.web.forcing import Mode, forced
from digest.web.preview import create_preview, write_files
from tests.support.web_house import READER, SCRIPT, Trial, client, tags, trial, words

ISSUE = "quay/2026-11"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Trial]:
    with trial(tmp_path) as furnished:
        yield furnished


def test_a_preview_writes_nothing(house: Trial) -> None:
    """Looked at as anybody and in every way, a draft leaves every row of every table as it was."""
    browser, before = client(create_preview(house.house, ISSUE)), house.dump()

    readers = ("everything", "held:1", "topic:money", "mix&topics=carers&topics=money")
    paths = [f"{path}?reader={reader}" for path in ("/", "/letter") for reader in readers]
    paths += [f"/?view={view}&mode=dark&width=phone" for view in ("text", "headers", "html")]
    answers = [browser.get(path).status_code for path in (*paths, "/letter.eml")]

    assert set(answers) == {200}
    assert house.dump() == before


def test_the_letter_stands_in_a_frame_that_can_run_nothing(house: Trial) -> None:
    """Neither the frame's sandbox nor the letter's policy lets a script run or anything but pictures be loaded."""
    browser = client(create_preview(house.house, ISSUE))

    page = browser.get("/")
    letter = browser.get("/letter")

    frame = next(attrs for tag, attrs in tags(page.text) if tag == "iframe")
    assert "sandbox" in frame
    assert "allow-scripts" not in str(frame["sandbox"])
    assert "allow-same-origin" not in str(frame["sandbox"])
    allowed = letter.headers["content-security-policy"]
    assert allowed.startswith("default-src 'none'; img-src https: data:; style-src 'unsafe-inline'")
    assert "script-src" not in allowed
    assert "script-src 'self';" in page.headers["content-security-policy"]


def test_the_page_holds_no_inline_script_or_style(house: Trial) -> None:
    """Not even with a reader, a newsletter and topics whose names are markup."""
    page = client(create_preview(house.house, ISSUE)).get("/?reader=held:1")

    for tag, attributes in tags(page.text):
        assert tag != "style"
        assert tag != "script" or attributes.get("src")
        assert not any(name == "style" or name.startswith("on") for name in attributes)
    assert SCRIPT not in page.text
    assert f'<option value="held:1" selected>{READER.replace("<", "&lt;")[:5]}' in page.text


def test_the_facts_are_in_a_sentence(house: Trial) -> None:
    """How many pieces, how long against what Gmail shows, and why the others are not in it."""
    said = words(client(create_preview(house.house, ISSUE)).get("/?reader=topic:carers").text)

    assert "piece ; " in said
    assert "of the 102 kB that Gmail shows whole." in said
    assert "Received before" in said


def test_who_gets_nothing_is_shown_why(house: Trial) -> None:
    """A reader for whom nothing is new gets no letter; the page says so, with the reasons open."""
    browser = client(create_preview(house.house, ISSUE))

    page = browser.get("/?reader=mix")

    assert "Nothing is new for a reader of no topic" in words(page.text)
    assert ("details", {"open": None}) in tags(page.text)
    assert "iframe" not in page.text
    assert browser.get("/letter.eml?reader=mix").status_code == 404


def test_the_message_can_be_taken_away(house: Trial) -> None:
    """The .eml is the message as it would go over the wire, but its links belong to nobody."""
    answer = client(create_preview(house.house, ISSUE)).get("/letter.eml?reader=held:1")

    message = email.message_from_bytes(answer.content, policy=policy.default)
    assert answer.headers["content-disposition"] == 'attachment; filename="quay-2026-11.eml"'
    assert message["List-Unsubscribe"] == "<http://testserver/u/preview>"
    assert b"\n" not in answer.content.replace(b"\r\n", b"")


def test_light_and_dark_are_forced_in_the_copy_only(house: Trial) -> None:
    """The condition always holds in one and never in the other; both declare the one scheme they show."""
    browser = client(create_preview(house.house, ISSUE))

    dark, light = (browser.get(f"/letter?mode={mode}").text for mode in ("dark", "light"))

    assert "@media (min-width: 0px)" in dark
    assert "@media (max-width: 0px)" in light
    for html, scheme in ((dark, "dark"), (light, "light")):
        assert "prefers-color-scheme" not in html
        assert f'<meta name="color-scheme" content="{scheme}">' in html
        assert f"color-scheme: {scheme};" in html


def test_a_light_dark_in_the_text_is_left_alone() -> None:
    """Only declarations are rewritten, not what somebody wrote about light and dark."""
    html = "<head></head><p>Prefer light dark colours: color or scheme.</p>"

    assert forced(html, Mode.DARK) == html.replace("<head>", '<head><base target="_blank">')


@pytest.mark.parametrize(
    ("template", "told"),
    [("{{ nonsense.here }}", "issue.mjml.j2, line 1"), ("{% if %}", "issue.mjml.j2, line 1")],
)
def test_a_broken_template_is_told_with_its_line(house: Trial, tmp_path: Path, template: str, told: str) -> None:
    """An editor who changes the template sees what is wrong on the page, not a trace."""
    own = tmp_path / "own" / "email" / "issue"
    own.mkdir(parents=True)
    (own / "issue.mjml.j2").write_text(template)
    broken = replace(house.house, template_folders=(tmp_path / "own", *house.house.template_folders))

    answer = client(create_preview(broken, ISSUE)).get("/")

    assert answer.status_code == 422
    assert told in words(answer.text)
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("path", ["/?reader=held:99", "/?reader=topic:none", "/nothing"])
def test_a_strange_wish_gets_a_plain_page(house: Trial, path: str) -> None:
    """A reader or page that is not there is said so; strange widths and modes are as usual."""
    browser = client(create_preview(house.house, ISSUE))

    assert browser.get(path).status_code == 404
    assert browser.get("/?width=7&mode=pink&view=none").status_code == 200


def test_an_unknown_issue_is_told(house: Trial) -> None:
    """The page names what was asked for."""
    answer = client(create_preview(house.house, "quay/1999-01")).get("/")

    assert answer.status_code == 404
    assert "There is no issue “quay/1999-01”." in answer.text


def test_letters_as_files(house: Trial, tmp_path: Path) -> None:
    """One for everything and one for each topic, listed on a page whose links all lead to a file."""
    count = write_files(house.house, ISSUE, tmp_path / "letters")

    listed = [a["href"] for tag, a in tags((tmp_path / "letters" / "index.html").read_text()) if tag == "a"]
    names = [str(href) for href in listed if not str(href).startswith("#")]
    assert "everything.html" in names
    assert "topic-carers.eml" in names
    assert all((tmp_path / "letters" / name).is_file() for name in names)
    assert count == len(list((tmp_path / "letters").iterdir()))


def test_only_this_machine_is_answered(house: Trial) -> None:
    """The preview names readers; a page elsewhere whose name resolves to this machine gets nothing."""
    browser = client(create_preview(house.house, ISSUE))

    assert browser.get("/", headers={"Host": "evil.example"}).status_code == 400
    assert browser.get("/", headers={"Host": "localhost:8351"}).status_code == 200
