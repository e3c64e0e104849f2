"""The preview: an issue as any reader gets it, on the editor's own machine."""

import email
import re
from collections.abc import Iterator
from dataclasses import replace
from email import policy
from pathlib import Path
from typing import Any

import pytest

from digest.flow.apply import export
from digest.flow.approve import Wishes, approve, curate, reopen
from digest.model.finding import Finding, Severity
from digest.model.issue import IssueState
from digest.storage import issues, overrules
from digest.storage.overrules import Overruled
from digest.web.forcing import Mode, forced
from digest.web.live import Live
from digest.web.preview import create_preview
from tests.support.web_house import NOW, READER, SCRIPT, Trial, client, tags, trial, words

ISSUE = "quay/2026-11"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Trial]:
    with trial(tmp_path) as furnished:
        yield furnished


def settled(browser: Any, path: str = "/") -> str:
    """A page once the checks are made and the readers counted."""
    for _ in range(1000):
        page = str(browser.get(path).text)
        if "looking it over" not in page and "being counted" not in page:
            return page
    raise AssertionError("the checks never came to an end")


def test_a_preview_writes_nothing(house: Trial) -> None:
    """Looked at as anybody and in every way, a draft leaves every row of every table as it was."""
    browser, before = client(create_preview(house.house, ISSUE)), house.dump()

    readers = ("everything", "held:1", "topic:money", "mix&topics=carers&topics=money")
    paths = [f"{path}?reader={reader}" for path in ("/", "/letter") for reader in readers]
    paths += [f"/?view={view}&mode=dark&width=phone" for view in ("text", "headers", "html", "source")]
    paths += [f"/?letter={letter}&view=source" for letter in ("confirm", "welcome")]
    paths += ["/?find=secret", "/letter?pictures=off&language=de", "/letters", "/compare", "/before"]
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
    assert ("details", {"data-keep": "absent", "open": None}) in tags(page.text)
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


def test_only_this_machine_is_answered(house: Trial) -> None:
    """The preview names readers; a page elsewhere whose name resolves to this machine gets nothing."""
    browser = client(create_preview(house.house, ISSUE))

    assert browser.get("/", headers={"Host": "evil.example"}).status_code == 400
    assert browser.get("/", headers={"Host": "localhost:8351"}).status_code == 200


def test_with_pictures_off_none_may_be_loaded(house: Trial) -> None:
    """The letter is the same; its policy lets no picture in, so that what stands in their place shows."""
    browser = client(create_preview(house.house, ISSUE))

    off, shown = (browser.get(f"/letter?pictures={each}") for each in ("off", "shown"))

    assert "img-src 'none'" in off.headers["content-security-policy"]
    assert off.text == shown.text


def test_the_source_is_shown_as_text(house: Trial) -> None:
    """In lines, escaped: nothing of the letter becomes part of the page."""
    page = client(create_preview(house.house, ISSUE)).get("/?view=source")

    lines = [attributes for tag, attributes in tags(page.text) if tag == "code"]
    assert len(lines) > 100
    assert "&lt;!doctype html&gt;" in page.text
    assert "iframe" not in page.text


def test_a_reader_is_found_by_address_or_name(house: Trial) -> None:
    """The whole address leads to the letter, and by no redirect, which others could count; a part of one to all whom it
    may mean; a stranger's to nobody."""
    browser = client(create_preview(house.house, ISSUE))

    found = browser.get("/", params={"find": "PRIYA.secret@example.org", "mode": "dark"}, follow_redirects=False)
    some = browser.get("/", params={"find": "example.org", "mode": "dark"})
    none = browser.get("/", params={"find": "%_nobody"})

    assert found.status_code == 200
    assert ("option", {"value": "held:1", "selected": None}) in tags(found.text)
    assert "/letter?reader=held%3A1&mode=dark" in [a.get("src") for _, a in tags(found.text)]
    assert ("input", {"type": "search", "name": "find", "value": ""}) in [
        (tag, {name: a.get(name) for name in ("type", "name", "value")}) for tag, a in tags(found.text)
    ]
    links = [a["href"] for tag, a in tags(some.text) if tag == "a"]
    assert {"/?reader=held%3A1&mode=dark", "/?reader=held%3A2&mode=dark"} <= set(links)
    assert "Nobody who gets this issue has “%_nobody”" in words(none.text)


PATHS = (
    "/",
    "/?find=priya.secret@example.org",
    "/letter",
    "/letters",
    "/compare",
    "/before",
    "/letter.eml",
    "/nothing",
)
FILES = ("/static/preview.js", "/static/preview.css", "/static/icon.svg")


def test_a_page_of_another_site_learns_nothing(house: Trial) -> None:
    """Whatever it asks for, and as what: the answer is the same for every path, and bears no redirect or frame."""
    browser = client(create_preview(house.house, ISSUE))

    for path in (*PATHS, *FILES):
        for site, method in (
            ("cross-site", "GET"),
            ("same-site", "POST"),
            ("none, cross-site", "GET"),
            ("any", "HEAD"),
        ):
            refused = browser.request(method, path, headers={"Sec-Fetch-Site": site}, follow_redirects=False)
            assert (refused.status_code, refused.headers["content-type"]) == (403, "text/plain; charset=utf-8")
            assert refused.headers["cross-origin-resource-policy"] == "same-origin"
            assert refused.headers["cross-origin-opener-policy"] == "same-origin"


def test_our_own_pages_and_written_addresses_are_answered(house: Trial) -> None:
    """Browsers keep the answers to ourselves; those that do not say whose question it is are old, or no browsers."""
    browser = client(create_preview(house.house, ISSUE))

    for path, site in (("/", "none"), ("/letters", "same-origin"), ("/letter.eml", ""), *((f, "none") for f in FILES)):
        answer = browser.get(path, headers={"Sec-Fetch-Site": site} if site else {})
        assert answer.status_code == 200
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    # In a sandbox by its own policy, it would not be shown at all with a window of its own.
    letter = browser.get("/letter", headers={"Sec-Fetch-Site": "same-origin"})
    assert (letter.status_code, letter.headers["cross-origin-opener-policy"]) == (200, "unsafe-none")


def test_an_issue_may_be_called_whatever_it_likes(house: Trial) -> None:
    """Also as the mark is by which its pages know that there is something new."""
    curate(house.house, ISSUE, Wishes(title="id=live <header id=live>"))
    browser = client(create_preview(house.house, ISSUE))

    for path in ("/", "/letters", "/compare"):
        (marked,) = [(tag, a) for tag, a in tags(browser.get(path).text) if "data-version" in a]
        assert (marked[0], marked[1]["id"]) == ("header", "live")


def test_very_many_letters_are_counted_beside_the_page(house: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not wait for them, and says so; once they are counted it is told, and shows them."""
    monkeypatch.setattr("digest.web.desk._PATIENCE", 0.0)
    live = Live(house.house, "quay")
    browser, version = client(create_preview(house.house, ISSUE, live=live)), live.version

    first, later = browser.get("/letters"), settled(browser, "/letters")

    assert first.status_code == 200
    assert "Who gets which letter" in later
    assert live.version != version


def test_the_notices_are_shown_too(house: Trial) -> None:
    """What somebody gets who signs up: with subject, letter, text and source, but no headers and no test."""
    browser = client(create_preview(house.house, ISSUE))

    page = browser.get("/?letter=confirm&view=headers")

    assert "Please confirm your subscription" in words(page.text)
    assert "Send a test" not in page.text
    assert "/confirm/preview" in browser.get("/letter?letter=confirm").text
    assert "Welcome to" in browser.get("/letter?letter=welcome").text
    assert browser.get("/letter.eml?letter=welcome").status_code == 404


def test_each_language_with_a_catalogue_can_be_seen(house: Trial, tmp_path: Path) -> None:
    """As a reader of that language would get the letter, whatever the reader's own is."""
    if len(house.house.tongues.available) < 2:
        pytest.skip("there is one language only")
    browser, tag = client(create_preview(house.house, ISSUE)), house.house.tongues.available[1]

    page = browser.get("/?reader=held:1")
    letter = browser.get(f"/letter?reader=held:1&language={tag}")

    assert f"language={tag}" in page.text
    assert f'<html lang="{tag}"' in letter.text


def test_all_letters_are_listed_with_their_readers(house: Trial) -> None:
    """And each opens as that letter, also of an issue that is out."""
    for issue in (ISSUE, "quay/2026-10"):
        browser = client(create_preview(house.house, issue))

        page = settled(browser, "/letters")

        hrefs = [str(a["href"]) for tag, a in tags(page) if tag == "a" and "alike" in str(a.get("href"))]
        assert hrefs
        assert all(browser.get(href).status_code == 200 for href in hrefs)
        assert "Who gets which letter" in page
        assert SCRIPT not in page


def test_the_letter_stands_beside_the_one_before(house: Trial) -> None:
    """Subjects, pieces, sizes, titles that come and go, and both letters in frames; the first issue has none before."""
    browser = client(create_preview(house.house, ISSUE))

    page = browser.get("/compare?reader=topic:carers")
    first = client(create_preview(house.house, "quay/2026-09")).get("/compare")

    said = words(page.text)
    assert "New pieces" in said
    assert "Carers and the early train" in said
    assert [tag for tag, _ in tags(page.text)].count("iframe") >= 1
    assert first.status_code == 404
    assert "nothing to compare with" in words(first.text)


def test_findings_stand_beside_the_letter(house: Trial) -> None:
    """They are looked for while the page is shown already; markup in them stays text."""
    finding = Finding(check="tk", severity=Severity.ERROR, place=SCRIPT, what="“TK” is left.", remedy="Write it.")
    browser = client(create_preview(house.house, ISSUE, check=lambda *_: [finding]))

    page = settled(browser)

    assert "Checks: 1 error" in words(page)
    assert "“TK” is left. " in words(page)
    assert SCRIPT not in page


def test_what_was_overruled_stands_apart_from_what_is_open(house: Trial) -> None:
    """By whom and when; a warning of the same check stays open, and it all is open once the approval is taken back."""
    error = Finding(check="tk", severity=Severity.ERROR, place="the introduction", what="“TK” is left.", remedy="")
    warning = Finding(check="tk", severity=Severity.WARNING, place="", what="“TK” may be left.", remedy="")
    browser = client(create_preview(house.house, ISSUE, check=lambda *_: [error, warning]))
    with house.house.store.write() as connection:
        this = issues.find(connection, ISSUE)
        issues.move(connection, this, IssueState.APPROVED, approved_at=NOW, approved_by=SCRIPT)
        overrules.record(connection, this.id, [Overruled(check="tk", by=SCRIPT, at=NOW, what="")])

    page = settled(browser)
    reopen(house.house, ISSUE)
    again = settled(browser)

    assert "Checks: 1 warning Warning: “TK” may be left." in words(page)
    assert "Overruled: 1 error let go “TK” is left. the introduction" in words(page)
    assert "overruled “tk” on 20 November 2026 at 09:00." in words(page)
    assert SCRIPT not in page
    assert "Checks: 1 error, 1 warning" in words(again)
    assert "Overruled" not in again


def test_it_is_told_how_many_get_a_letter_and_one_of_them(house: Trial) -> None:
    """As a link to that reader's; nobody is named who is looked at already, and there may be nobody."""
    browser = client(create_preview(house.house, ISSUE))

    alike, self_, nobody = (settled(browser, f"/?reader={who}") for who in ("topic:carers", "held:1", "everything"))

    assert re.search(r"\d readers? gets? this letter, such as ", words(alike) + words(self_))
    assert "such as" not in words(self_).partition("this letter")[2][:10]
    assert "get this issue." in words(nobody)


def test_it_is_told_why_each_piece_is_in_the_letter(house: Trial) -> None:
    """Under its topic, by what filed it there; without the numbers that the filing reckons with."""
    said = words(client(create_preview(house.house, ISSUE)).get("/?reader=topic:carers").text)

    told = said.partition("Why these pieces are in it")[2].partition("Why other")[0]
    assert "Carers and the early train" in told
    assert "“carer*” in the title" in told
    assert "weight" not in told


def test_it_is_told_when_the_issue_goes_out_and_the_next(house: Trial) -> None:
    """A draft waits, an approved one goes out, one that is out came out."""
    browser, past = (client(create_preview(house.house, name)) for name in (ISSUE, "quay/2026-10"))

    waiting, out = words(browser.get("/").text), words(past.get("/").text)
    approve(house.house, ISSUE, by="Ruth")
    approved = words(browser.get("/letters").text)

    assert "It was due on 1 November 2026 at 08:00 and waits for somebody to approve it." in waiting
    assert "goes out as soon as the scheduler looks, approved by Ruth." in approved
    assert "The next is due on 1 December 2026." in waiting
    assert "It came out on 1 November 2026 at 08:00." in out


def test_the_letters_line_in_an_inbox_is_shown(house: Trial) -> None:
    """Sender, subject and opening; what a phone cuts off can be read in full."""
    curate(house.house, ISSUE, Wishes(subject="What the tide left on the quay this November, and who clears it away"))
    page = client(create_preview(house.house, ISSUE)).get("/").text

    assert "Quay Notes What the tide left on the quay" in words(page)
    assert "The whole subject, 68 characters" in words(page)


def test_only_what_changes_the_view_can_be_chosen(house: Trial) -> None:
    """Source and headers are the same light and dark; the keys that are announced are those there are."""
    browser = client(create_preview(house.house, ISSUE))

    offered = {view: words(browser.get(f"/?view={view}").text) for view in ("html", "text", "source", "headers")}

    assert [view for view, said in offered.items() if "Light" in said] == ["html"]
    assert [view for view, said in offered.items() if "Phone Desktop" in said] == ["html", "text"]
    assert "n Dark" in offered["html"]


def test_a_newsletters_file_that_is_not_applied_is_said(house: Trial, tmp_path: Path) -> None:
    """First that it is not shown; once it is saved, that it is; of an issue that is out, nothing."""
    (tmp_path / "newsletters").mkdir()
    file = tmp_path / "newsletters" / "any.toml"
    file.write_text(export(house.house, "quay").replace("quay@news.example.org", "tide@news.example.org"))
    live = Live(house.house, "quay", folder=tmp_path)
    browser = client(create_preview(house.house, ISSUE, live=live))
    past = client(create_preview(house.house, "quay/2026-10", live=live))

    before, headers = (words(browser.get(f"/?view={view}").text) for view in ("html", "headers"))
    out = words(past.get("/").text)
    live.saved(file)
    after = words(browser.get("/?view=headers").text)
    file.write_text("[")
    live.saved(file)
    broken = browser.get("/letters")

    assert "newsletters/any.toml is not applied as it stands; what differs is sender." in before
    assert "quay@news.example.org" in headers
    assert "any.toml" not in out
    assert "This shows newsletters/any.toml as you saved it; what differs is sender." in after
    assert "tide@news.example.org" in after
    assert broken.status_code == 422


def test_the_place_in_a_broken_template_is_shown(house: Trial, tmp_path: Path) -> None:
    """With the lines around it and the script that loads the page anew once it is mended; then all is well."""
    own = tmp_path / "own" / "email" / "issue"
    own.mkdir(parents=True)
    (own / "issue.mjml.j2").write_text("<mjml>\n{{ nonsense.here }}\n</mjml>")
    live = Live(replace(house.house, template_folders=(tmp_path / "own", *house.house.template_folders)), "quay")
    browser = client(create_preview(house.house, ISSUE, live=live))

    broken = browser.get("/")
    (own / "issue.mjml.j2").unlink()
    live.saved(own / "issue.mjml.j2")
    mended = browser.get("/")

    assert ("li", {"value": "2", "class": "here", "aria-current": "true"}) in tags(broken.text)
    assert "{{ nonsense.here }}" in broken.text
    assert any(tag == "script" for tag, _ in tags(broken.text))
    assert (broken.status_code, mended.status_code) == (422, 200)


def test_the_place_is_shown_of_a_folder_beside_the_settings_too(
    house: Trial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `template_folder = "own"` names it: relative to the working folder."""
    monkeypatch.chdir(tmp_path)
    own = tmp_path / "own" / "email" / "issue"
    own.mkdir(parents=True)
    (own / "issue.mjml.j2").write_text("{% if %}")
    broken = replace(house.house, template_folders=(Path("own"), *house.house.template_folders))

    answer = client(create_preview(broken, ISSUE)).get("/")

    assert ("li", {"value": "1", "class": "here", "aria-current": "true"}) in tags(answer.text)


def test_when_the_pages_own_template_is_broken_the_place_is_told(house: Trial, tmp_path: Path) -> None:
    """In a bare page, which still loads itself anew."""
    own = tmp_path / "own" / "web" / "preview"
    own.mkdir(parents=True)
    for name in ("page", "problem"):
        (own / f"{name}.html.j2").write_text("{% if %}")
    broken = replace(house.house, template_folders=(tmp_path / "own", *house.house.template_folders))

    answer = client(create_preview(broken, ISSUE)).get("/")

    assert answer.status_code == 422
    assert "problem.html.j2, line 1" in words(answer.text)
    assert any(tag == "script" for tag, _ in tags(answer.text))
