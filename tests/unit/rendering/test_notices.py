"""Notices: please confirm, and welcome; as short as they can be, and by the same way as an issue."""

import re
from dataclasses import replace
from datetime import date
from email import message_from_bytes, policy

import pytest

from digest.errors import BadTemplate
from digest.model.cadence import Cadence
from digest.rendering.columns import COLUMNS
from digest.rendering.environment import TemplateEnvironment
from digest.rendering.headers import PersonalFields, notice_headers
from digest.rendering.notices import TITLES, Filled, Front, Latest, confirm, confirm_values, welcome, welcome_values
from digest.rendering.phrases import ENGLISH
from tests.unit.rendering.samples import ARTICLES, CONTENT
from tests.unit.rendering.test_message import NEWSLETTER

CONFIRM_URL = "https://digest.example/confirm/abcdefghijklmnopqrstuvwxyz0123456789?a=1&b=2"
OWN = {"preferences_url": "https://digest.example/p/x", "unsubscribe_url": "https://digest.example/u/x"}
FRONT = Front(
    name="Care Notes",
    brand=CONTENT.brand,
    language="en-GB",
    written_in="en-GB",
    archive_home_url=CONTENT.archive_home_url,
    latest=Latest(
        title=CONTENT.title, url=CONTENT.archive_url, pieces=tuple((a.title, a.archive_url) for a in ARTICLES)
    ),
)
CONFIRMING = confirm_values(
    ENGLISH,
    newsletter="Care Notes",
    name="Priya",
    email="priya@example.org",
    cadence=Cadence.MONTHLY,
    topics=["Unpaid carers", "Housing"],
    confirm_url=CONFIRM_URL,
    until=date(2026, 12, 6),
)


def welcoming(**changes: object) -> dict[str, str]:
    """The values of a welcome; some by name."""
    usual = {"name": "", "cadence": Cadence.QUARTERLY, "topics": None, "next_on": date(2027, 1, 1)} | changes
    return welcome_values(
        ENGLISH,
        newsletter="Care Notes",
        email="priya@example.org",
        signed_up_on=date(2026, 11, 22),
        **OWN,
        **usual,  # type: ignore[arg-type]
    )


def both(env: TemplateEnvironment, front: Front = FRONT) -> tuple[Filled, Filled]:
    """The confirmation and the welcome."""
    return confirm(front, env).filled(CONFIRMING), welcome(front, env).filled(welcoming())


def test_a_confirmation_asks_one_thing(env: TemplateEnvironment):
    """Who is thought to have asked, for what, what the button does, how long it works, and that nobody must."""
    asked, _ = both(env)

    assert asked.subject == "Please confirm your subscription to Care Notes"
    for part in (asked.html, asked.text.replace("\n", " ")):
        assert "asked us to send Care Notes once a month to p•••@example.org, on Unpaid carers and Housing." in part
        assert "If it was not you, you need not do anything" in part
        assert "The link works until 6 December 2026." in part
        assert "Confirm the subscription" in part
    assert set(re.findall(r'href="([^"]+)"', asked.html)) == {CONFIRM_URL.replace("&", "&amp;")}
    assert re.findall(r"https?://\S+", asked.text) == [CONFIRM_URL]


def test_the_button_can_be_touched_and_read_in_both_modes(env: TemplateEnvironment):
    """24 px of line and 24 around it."""
    asked, _ = both(env)

    assert re.search(r'<a href="[^"]+"[^>]*line-height:24px[^>]*padding:12px 24px', asked.html)
    assert re.search(r"\.button td, \.paper \.button a \{ background: #7fd0c6 !important; color: #0c1a1a", asked.html)


def test_a_welcome_says_what_comes_and_how_to_change_it(env: TemplateEnvironment):
    """And shows the first titles of the latest issue."""
    _, said = both(env)

    assert said.subject == "Welcome to Care Notes"
    for part in (said.html, said.text.replace("\n", " ")):
        assert "You get Care Notes once a quarter, on all topics." in part
        assert "The next issue is due on 1 January 2027." in part
        assert "You can change your topics, pause or leave at any time" in part
        assert all(a.title in part for a in ARTICLES[:TITLES])
        assert ARTICLES[TITLES].title not in part
    for url in (*OWN.values(), f"{OWN['preferences_url']}#pause", CONTENT.archive_home_url, CONTENT.archive_url):
        assert f'href="{url}"' in said.html
        assert f"] {url}\n" in said.text


def test_a_first_reader_is_shown_no_latest_issue(env: TemplateEnvironment):
    """There is none, and no day is named where nobody knows it."""
    said = welcome(replace(FRONT, latest=None), env).filled(welcoming(next_on=None))

    assert "latest issue" not in said.html + said.text
    assert "due on" not in said.text


def test_links_are_numbered_through_the_text(env: TemplateEnvironment):
    """Two lists in one notice do not begin at one twice."""
    for notice in both(env):
        numbers = [int(n) for n in re.findall(r"^\[(\d+)\] ", notice.text, re.MULTILINE)]
        assert numbers == list(range(1, len(numbers) + 1))
        assert "\n\n\n" not in notice.text
        assert all(len(line) <= COLUMNS or line.startswith("[") for line in notice.text.splitlines())


def test_notices_look_like_the_letters_of_the_newsletter(env: TemplateEnvironment):
    """The same colours, the same dark mode, the same direction, nothing to fetch."""
    front = replace(FRONT, language="he", written_in="he", brand=replace(FRONT.brand, accent="#7a1f4b"))

    for notice in both(env, front):
        assert '<html lang="he" dir="rtl"' in notice.html
        assert "4px solid #7a1f4b" in notice.html
        assert "@media (prefers-color-scheme: dark)" in notice.html
        assert "12 Quay Street" in notice.html
        assert re.findall(r'<table(?![^>]*role="presentation")[^>]*>', notice.html) == []
        assert not re.search(r"<img|<link|@import|url\(|src=", notice.html)


def test_headings_of_notices_skip_no_level(env: TemplateEnvironment):
    """The newsletter, then what is said."""
    assert [re.findall(r"<h(\d)\b", notice.html) for notice in both(env)] == [["1", "2"], ["1", "2", "2"]]


@pytest.mark.parametrize("name", ["<b>Notes</b> & more", "x" * 300, "\x00\u202eNotes"])
def test_a_strange_name_stays_a_name(env: TemplateEnvironment, name: str):
    """In the subject, in the HTML, in the text."""
    for notice in both(env, replace(FRONT, name=name)):
        assert "<b>" not in notice.html
        assert "\x00" not in notice.subject + notice.html + notice.text


def test_a_confirmation_becomes_a_message_without_list_headers(env: TemplateEnvironment):
    """Nobody is on a list yet; no program should answer it."""
    headers = notice_headers(NEWSLETTER, feedback_id="confirm:care-notes:notice:exampleorg")
    fields = PersonalFields(
        to="priya@example.org",
        message_id="<c-1@digest.example>",
        date="Sun, 22 Nov 2026 08:00:00 +0000",
        unsubscribe_url="",
        unsubscribe_mailbox="",
        delivery_id="c.1",
    )

    raw = confirm(FRONT, env).prepared(headers).message(CONFIRMING, fields)

    message = message_from_bytes(raw, policy=policy.default)
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Subject"] == "Please confirm your subscription to Care Notes"
    assert [name for name in message if name.lower().startswith("list-")] == []
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


def test_a_slot_without_a_value_is_told(env: TemplateEnvironment):
    """Before anything is sent."""
    with pytest.raises(BadTemplate, match="confirm_url"):
        confirm(FRONT, env).filled({"greeting": "Hello,", "asked": "x", "until": "y"})
