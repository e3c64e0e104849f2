"""Readers' own pages: leaving by one click, choosing topics, pausing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from digest.flow import purge
from digest.web.app import create_app
from tests.support.web_house import EMAIL, READER, Trial, client, tags, trial, words

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Trial]:
    with trial(tmp_path) as furnished:
        yield furnished


def _state(house: Trial) -> str:
    return str(house.rows("subscription")[0]["state"])


def test_looking_at_an_unsubscribe_link_changes_nothing(house: Trial) -> None:
    """Scanners and previewers open links by GET and HEAD, often many times; nobody is unsubscribed by that."""
    browser, before = client(create_app(house.house)), house.dump()

    answers = [ask(house.unsubscribe).status_code for ask in (browser.get, browser.head) for _ in range(20)]

    assert set(answers) == {200}
    assert house.dump() == before


@pytest.mark.parametrize("how", [{"data": ONE_CLICK}, {"files": {"List-Unsubscribe": (None, "One-Click")}}, {}])
def test_one_click_unsubscribe_twice_is_one_unsubscribe(house: Trial, how: dict[str, object]) -> None:
    """RFC 8058: form or multipart, no cookie, no redirect; mail programs may repeat the POST, and hear the same."""
    browser = client(create_app(house.house))

    answers = [browser.post(house.unsubscribe, follow_redirects=False, **how) for _ in range(2)]  # type: ignore[arg-type]

    assert [a.status_code for a in answers] == [200, 200]
    assert answers[0].text == answers[1].text
    assert not any("set-cookie" in a.headers for a in answers)
    assert _state(house) == "ended"
    assert [row["kind"] for row in house.rows("consent")].count("unsubscribed") == 1


def test_the_button_of_the_page_does_what_the_one_click_does(house: Trial) -> None:
    """A reader without a mail program that knows RFC 8058 leaves by one button, and is told so."""
    browser = client(create_app(house.house))
    form = next(attrs for tag, attrs in tags(browser.get(house.unsubscribe).text) if tag == "form")

    answer = browser.post(str(form["action"]), data=ONE_CLICK)

    assert "You are unsubscribed" in answer.text
    assert _state(house) == "ended"


def test_a_bad_link_gets_a_neutral_answer(house: Trial) -> None:
    """A POST with a token that is not ours answers 200 and changes nothing; it does not say whether anybody exists."""
    browser, before = client(create_app(house.house)), house.dump()

    posted = browser.post("/u/not-a-token", data=ONE_CLICK)
    looked = browser.get("/u/not-a-token")

    assert (posted.status_code, looked.status_code) == (200, 404)
    assert "Nothing was changed" in posted.text
    assert house.dump() == before


def test_a_link_for_one_purpose_is_refused_for_the_other(house: Trial) -> None:
    """Whoever sees an unsubscribe link in a log can leave for somebody, but not read or change what they chose."""
    browser, before = client(create_app(house.house)), house.dump()
    leaving, choosing = house.unsubscribe.rpartition("/")[2], house.preferences.rpartition("/")[2]

    shown = browser.get(f"/preferences/{leaving}")
    saved = browser.post(f"/preferences/{leaving}", data={"topics": "money"})
    left = browser.post(f"/u/{choosing}", data=ONE_CLICK)

    assert (shown.status_code, saved.status_code, left.status_code) == (404, 404, 200)
    assert house.dump() == before


def test_an_erased_reader_gets_200_too(house: Trial) -> None:
    """Who asked to be forgotten may still click an old link; it tells nothing of them."""
    purge.erase(house.house, EMAIL, channel="command")
    browser = client(create_app(house.house))

    answers = [browser.post(house.unsubscribe, data=ONE_CLICK), browser.get(house.unsubscribe)]
    answers.append(browser.get(house.preferences))

    assert [a.status_code for a in answers] == [200, 200, 200]
    assert not any("priya" in a.text.lower() for a in answers)


def test_saving_keeps_topics_and_frequency(house: Trial) -> None:
    """What is saved is what counts from the next issue, and the page shows it."""
    browser = client(create_app(house.house))

    answer = browser.post(house.preferences, data={"topics": ["money"], "cadence": "quarterly"})

    ticked = [a["value"] for tag, a in tags(answer.text) if tag == "input" and "checked" in a]
    assert "Saved. Counts from the next issue." in answer.text
    assert ticked == ["money", "quarterly"]
    assert house.rows("subscription")[0]["cadence"] == "quarterly"
    assert [row["kind"] for row in house.rows("consent")].count("changed") == 1


def test_everything_wins_over_single_topics(house: Trial) -> None:
    """Who ticks everything and a topic gets everything, also topics that come later."""
    browser = client(create_app(house.house))

    answer = browser.post(house.preferences, data={"topics": ["all", "money"], "cadence": "monthly"})

    chosen = {row["id"]: row["topics"] for row in house.rows("preference")}
    assert answer.status_code == 200
    assert chosen[house.rows("subscription")[0]["preference_id"]] == "null"


@pytest.mark.parametrize(
    ("form", "words_for_the_reader"),
    [
        ({"topics": ["carers", "stocks"], "cadence": "monthly"}, "not one of ours"),
        ({"topics": ["carers"], "cadence": "hourly"}, "does not come out that often"),
        ({"cadence": "monthly"}, "Choose at least one topic"),
        ({"do": "pause", "months": "600"}, "not a time you can pause for"),
        ({"do": "explode"}, "no such button"),
        ({"topics": ["x" * 70_000]}, "more than this page can take"),
    ],
)
def test_what_is_not_offered_is_refused(house: Trial, form: dict[str, object], words_for_the_reader: str) -> None:
    """A form that asks for what there is not gets a plain sentence, and the database stays as it was."""
    browser, before = client(create_app(house.house)), house.dump()

    answer = browser.post(house.preferences, data=form)  # type: ignore[arg-type]

    assert answer.status_code == 400
    assert words_for_the_reader in words(answer.text)
    assert house.dump() == before


def test_pausing_and_resuming(house: Trial) -> None:
    """A pause lasts whole months from today; resuming ends it at once."""
    browser = client(create_app(house.house))

    paused = browser.post(house.preferences, data={"do": "pause", "months": "3"})
    state_then = _state(house)
    resumed = browser.post(house.preferences, data={"do": "resume"})

    assert "Paused until 20 February 2027." in paused.text
    assert "due on 1 March" in paused.text
    assert (state_then, _state(house)) == ("paused", "active")
    assert "Resumed" in resumed.text


def test_unsubscribing_from_the_preferences(house: Trial) -> None:
    """The page's own button ends the subscription; the page then says so, and nothing can be changed there."""
    browser = client(create_app(house.house))

    answers = [browser.post(house.preferences, data={"do": "unsubscribe"})]
    before = house.dump()
    answers += [browser.get(house.preferences), browser.post(house.preferences, data={"topics": "money"})]

    assert house.dump() == before
    assert _state(house) == "ended"
    assert all("You are unsubscribed" in a.text and 'name="topics"' not in a.text for a in answers)


def test_links_in_previews_do_nothing(house: Trial) -> None:
    """An editor who clicks in a preview is told that it is one."""
    browser, before = client(create_app(house.house)), house.dump()

    answers = [ask(path) for path in ("/u/preview", "/preferences/preview") for ask in (browser.get, browser.post)]

    assert all(a.status_code == 200 and "do nothing in a preview" in a.text for a in answers)
    assert house.dump() == before


def test_pages_with_a_token_show_only_a_masked_address_and_are_kept_nowhere(house: Trial) -> None:
    """Whoever a letter is forwarded to learns neither address nor name; nothing is stored, indexed or referred."""
    browser = client(create_app(house.house))

    answers = [browser.get(house.unsubscribe), browser.get(house.preferences), browser.post(house.unsubscribe)]

    for answer in answers:
        assert "p•••@example.org" in answer.text
        assert EMAIL not in answer.text
        assert "Priya" not in answer.text
        assert READER not in answer.text
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-robots-tag"] == "noindex"
        assert answer.headers["referrer-policy"] == "no-referrer"


def test_pages_lie_under_the_path_of_the_base_url(tmp_path: Path) -> None:
    """Behind a proxy at a path, links and forms keep that path, and pages are found with and without it."""
    with trial(tmp_path, base="http://testserver/letters") as house:
        browser = client(create_app(house.house))

        answers = [browser.get(f"{prefix}{house.preferences}") for prefix in ("", "/letters")]

    assert [a.status_code for a in answers] == [200, 200]
    assert all(f'action="/letters{house.preferences}"' in a.text for a in answers)
    assert all(a.headers["cache-control"] == "no-store" for a in answers)
