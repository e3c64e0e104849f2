"""A reader's choices and own page: change, pause, leave and take it back, see and take everything, be forgotten."""

from datetime import UTC, datetime

import pytest

from digest.errors import ConsentRefused
from digest.flow.approve import approve
from digest.flow.compose import compose
from digest.flow.enrol import people
from digest.flow.publish import publish
from subscribers.tokens import Purpose
from tests.support.counter import ALL, FORM, Counter, counter, stencil, text_of
from tests.support.web_house import EMAIL, READER, words

__all__ = ["counter", "stencil"]

OTHER = "all@example.org"
ELSEWHERE = "priya.new@example.net"


@pytest.fixture
def preferences(counter: Counter) -> str:
    return counter.trial.preferences


def own_page(counter: Counter, email: str = EMAIL) -> str:
    """The path of somebody's own page, as the letter has it."""
    assert counter.browser.post("/preferences/", data={"email": email}).status_code == 200
    [letter] = counter.post()
    assert str(letter["To"]) == email
    return counter.link(letter, "about-you")


def test_a_link_is_sent_to_readers_alone_and_everybody_hears_the_same(counter: Counter) -> None:
    """Once an hour, to the address itself; who is not there gets nothing."""
    asked = [counter.browser.post("/preferences/", data={"email": e}) for e in (EMAIL, "nobody@example.org", EMAIL)]

    assert {a.content for a in asked} == {asked[0].content}
    assert [str(m["To"]) for m in counter.post()] == [EMAIL]


def test_the_own_page_shows_all_that_is_kept(counter: Counter) -> None:
    """In full, as its link came to the address itself; and the copy holds the same."""
    link = own_page(counter)

    page, copy = counter.browser.get(link), counter.browser.get(f"{link}/copy.json")

    kept = copy.json()
    assert EMAIL in page.text
    assert (kept["email"], kept["name"], len(kept["subscriptions"])) == (EMAIL, READER, 1)
    assert {each["issue"] for each in kept["issues"]} == {"quay/2026-09"}
    assert [each["letter"] for each in kept["letters"]] == ["link"]
    assert "attachment" in copy.headers["content-disposition"]
    assert {a.headers["cache-control"] for a in (page, copy)} == {"no-store"}


def test_the_link_in_a_letter_opens_none_of_it(counter: Counter, preferences: str) -> None:
    """A letter gets passed on; what its links open shows neither address nor name, and asks for the other link."""
    token = preferences.rpartition("/")[2]
    answers = [counter.browser.get(f"/about-you/{token}{end}") for end in ("", "/copy.json", "/erase")]
    sent = counter.browser.post(preferences, data={"do": "link"})

    assert {a.status_code for a in answers} == {404}
    assert "A link is on its way to p•••@example.org" in sent.text
    assert EMAIL not in sent.text
    assert [str(m["To"]) for m in counter.post()] == [EMAIL]


def test_tokens_of_one_purpose_open_nothing_of_another(counter: Counter) -> None:
    """Whatever the number in them."""
    tokens = {purpose: counter.house.keys.token(purpose, 1) for purpose in Purpose}
    opens = {
        Purpose.PERSON: "/about-you/",
        Purpose.PREFERENCES: "/preferences/",
        Purpose.UNSUBSCRIBE: "/u/",
        Purpose.CONFIRM: "/confirm/",
        Purpose.ADDRESS: "/new-address/",
    }

    for purpose, path in opens.items():
        for other, token in tokens.items():
            if other is not purpose:
                assert counter.browser.get(f"{path}{token}").status_code == 404, (purpose, other)


def test_another_name_counts_at_once(counter: Counter) -> None:
    """Empty is none."""
    link = own_page(counter)

    counter.browser.post(link, data={"do": "name", "name": " Priya\u2028 K. "})

    assert counter.trial.rows("subscriber")[0]["name"] == "Priya K."


def test_an_address_changes_when_the_new_one_says_yes_and_the_old_one_is_told(counter: Counter) -> None:
    """Looking at the link changes nothing; the button does, once."""
    link = own_page(counter)
    asked = counter.browser.post(link, data={"do": "address", "email": ELSEWHERE})
    [letter] = counter.post()
    yes = counter.link(letter, "new-address")
    before = counter.trial.dump()
    looked = {ask(yes).status_code for ask in (counter.browser.get, counter.browser.head) for _ in range(50)}
    unchanged = counter.trial.dump() == before
    answers = [counter.browser.post(yes).status_code for _ in range(2)]
    told = counter.post()

    assert (asked.status_code, looked, unchanged, answers) == (200, {200}, True, [200, 200])
    assert str(letter["To"]) == ELSEWHERE
    assert EMAIL not in str(letter)
    assert [str(m["To"]) for m in told] == [EMAIL]
    assert counter.state(ELSEWHERE) == ["active"]
    assert counter.state(EMAIL) == []
    assert ELSEWHERE in counter.browser.get(link).text


def moved(counter: Counter, link: str, to: str) -> None:
    """Have somebody written to elsewhere."""
    counter.browser.post(link, data={"do": "address", "email": to})
    letter = next(m for m in counter.post() if str(m["To"]) == to)
    assert counter.browser.post(counter.link(letter, "new-address")).status_code == 200
    assert len(counter.post()) == 1  # the old one is told


def imported(counter: Counter, email: str) -> None:
    """As an admin brings in a line of an old list, and vouches for it."""
    with counter.house.store.write() as connection:
        people(counter.house, connection, channel="import").add(
            email, "quay", default_cadence="monthly", confirmed=True
        )


def test_who_has_moved_is_not_brought_back_under_the_old_address(counter: Counter) -> None:
    """An old list still has it, and they may have left since; the new one is theirs alone, and back is a way too."""
    link = own_page(counter)
    moved(counter, link, ELSEWHERE)
    with pytest.raises(ConsentRefused, match="written to elsewhere"):
        imported(counter, EMAIL)
    nobody = counter.state(EMAIL)
    moved(counter, link, EMAIL)
    with pytest.raises(ConsentRefused, match="written to elsewhere"):
        imported(counter, ELSEWHERE)
    imported(counter, EMAIL)

    assert nobody == []
    assert (counter.state(EMAIL), counter.state(ELSEWHERE)) == (["active"], [])
    assert [each.keys() for each in counter.browser.get(f"{link}/copy.json").json()["former_addresses"]] == [
        {"left_at"}
    ]


def test_erasing_covers_the_addresses_that_somebody_had_before(counter: Counter) -> None:
    """Nothing brings them back under any of them, and of the move itself nothing is left."""
    link = own_page(counter)
    moved(counter, link, ELSEWHERE)
    counter.browser.post(f"{link}/erase", data={"sure": "yes"})
    for address in (EMAIL, ELSEWHERE):
        with pytest.raises(ConsentRefused, match="suppressed"):
            imported(counter, address)

    assert counter.trial.dump()["former_address"] == []


def test_an_address_that_is_somebodys_already_is_not_taken(counter: Counter) -> None:
    """Two people do not become one by a form."""
    link = own_page(counter)
    counter.browser.post(link, data={"do": "address", "email": OTHER})
    yes = counter.link(counter.post()[0], "new-address")

    assert counter.browser.post(yes).status_code == 409
    assert (counter.state(EMAIL), counter.state(OTHER)) == (["active"], ["active"])


def test_only_the_newest_request_for_an_address_counts(counter: Counter) -> None:
    """And only three are taken in a day."""
    link = own_page(counter)
    asked = [
        counter.browser.post(link, data={"do": "address", "email": f"n{number}@example.net"}).status_code
        for number in range(4)
    ]
    letters = [counter.link(letter, "new-address") for letter in counter.post()]

    assert asked == [200, 200, 200, 429]
    assert [counter.browser.post(each).status_code for each in letters] == [404, 404, 200]
    assert counter.browser.post(link, data={"do": "address", "email": "no"}).status_code == 400


def test_erasing_is_asked_twice_and_done_at_once(counter: Counter) -> None:
    """What waits goes too; the links open nothing more, no import brings them back, and the answer is the same."""
    link = own_page(counter)
    counter.browser.post("/preferences/", data={"email": EMAIL})
    asked = counter.browser.post(f"{link}/erase", data={})
    still = counter.state(EMAIL)
    done = counter.browser.post(f"{link}/erase", data={"sure": "yes"})

    assert (asked.status_code, still, done.status_code) == (400, ["active"], 200)
    assert not any(EMAIL.lower() in str(rows).lower() for rows in counter.trial.dump().values())
    assert counter.browser.get(link).status_code == 404
    assert counter.post() == []
    with pytest.raises(ConsentRefused), counter.house.store.write() as connection:
        people(counter.house, connection, channel="import").add(EMAIL, "quay", default_cadence="monthly")


def test_a_pause_lasts_until_the_day_that_was_chosen(counter: Counter, preferences: str) -> None:
    """By the newsletter's own calendar, from tomorrow to a year from now."""
    answer = counter.browser.post(preferences, data={"do": "pause", "until": "2027-01-15"})

    assert "Paused until 15 January 2027." in answer.text
    assert counter.state(EMAIL) == ["paused"]
    for day in ("2026-11-20", "2028-01-01", "soon", "2027-13-01"):
        assert counter.browser.post(preferences, data={"do": "pause", "until": day}).status_code == 400


def test_the_language_of_letters_can_be_chosen(counter: Counter, preferences: str) -> None:
    """One that our letters speak."""
    form = {"topics": "carers", "cadence": "monthly"}

    counter.browser.post(preferences, data={**form, "language": "de"})
    refused = counter.browser.post(preferences, data={**form, "language": "tlh"})

    assert counter.trial.rows("subscriber")[0]["language"] == "de"
    assert refused.status_code == 400


def test_a_change_of_frequency_sends_what_would_fall_between_and_nothing_twice(
    counter: Counter, preferences: str
) -> None:
    """What came by the month does not come again by the quarter; what came out between does, and once."""
    counter.browser.post(preferences, data={"topics": "all", "cadence": "quarterly"})
    counter.clock.at = datetime(2027, 1, 1, 9, tzinfo=UTC)
    compose(counter.house, "quay", period_key="2026-Q4")
    approve(counter.house, "quay/2026-Q4", by="editor")
    publish(counter.house, "quay/2026-Q4")

    [letter] = [m for m in counter.post() if str(m["To"]) == EMAIL]

    assert "Carers and the early train" in text_of(letter)
    assert "Who pays for the budget" in text_of(letter)
    assert "Budgets for carers, five years on" not in text_of(letter)


def test_one_topic_is_left_and_the_others_stay(counter: Counter, preferences: str) -> None:
    """The last one is not offered: without topics there is no subscription."""
    leave = f"{preferences}/leave"
    alone = counter.browser.get(leave).text
    counter.browser.post(preferences, data={"topics": ["carers", "money"], "cadence": "monthly"})
    both = counter.browser.get(leave).text
    answer = counter.browser.post(leave, data={"what": "topic:money", "why": "too-much"})
    strange = counter.browser.post(leave, data={"what": "topic:stocks"})

    assert ("topic:carers" in alone, "topic:carers" in both) == (False, True)
    assert "comes no more" in words(answer.text)
    assert strange.status_code == 400
    assert counter.state(EMAIL) == ["active"]


def test_leaving_says_why_from_a_short_list(counter: Counter, preferences: str) -> None:
    """Words of one's own would stay in a record that nobody can change."""
    counter.browser.post(f"{preferences}/leave", data={"what": "newsletter", "why": "too-often"})
    noted = [row["detail"] for row in counter.trial.rows("consent") if row["kind"] == "unsubscribed"]
    counter.browser.post(preferences, data={"do": "undo"})
    counter.browser.post(f"{preferences}/leave", data={"what": "everything", "why": f"my name is {EMAIL}"})

    assert noted == ["why: too-often"]
    assert [row["detail"] for row in counter.trial.rows("consent") if row["kind"] == "unsubscribed"] == [*noted, ""]


@pytest.mark.parametrize("way", ["preferences", "one-click"])
def test_leaving_can_be_taken_back_for_an_hour(counter: Counter, preferences: str, way: str) -> None:
    """It goes on as it was, a pause included; afterwards only a fresh sign-up brings somebody back."""
    counter.browser.post(preferences, data={"do": "pause", "until": "2027-01-15"})
    unsubscribe = counter.trial.unsubscribe
    leave = preferences if way == "preferences" else unsubscribe
    undo = preferences if way == "preferences" else f"{unsubscribe}/undo"
    left = counter.browser.post(leave, data={"do": "unsubscribe"})
    counter.clock.pass_by(minutes=59)
    back = counter.browser.post(undo, data={"do": "undo"})
    paused = counter.state(EMAIL)
    counter.browser.post(leave, data={"do": "unsubscribe"})
    counter.clock.pass_by(minutes=61)
    late = counter.browser.post(undo, data={"do": "undo"})

    assert f'action="{undo}"' in left.text
    assert ("You are back" in back.text, paused) == (True, ["paused"])
    assert "You are unsubscribed" in late.text
    assert "<form" not in late.text
    assert counter.state(EMAIL) == ["ended"]


def test_who_left_comes_back_by_signing_up_and_confirming(counter: Counter, preferences: str) -> None:
    """With what they chose now."""
    counter.browser.post(preferences, data={"do": "unsubscribe"})
    counter.clock.pass_by(hours=2)
    counter.ask(EMAIL, topics=["money"])
    counter.browser.post(counter.link(counter.post()[0], "confirm"))

    assert counter.state(EMAIL) == ["active"]
    assert counter.browser.get(preferences).text.count("checked") == 2


def test_no_page_of_a_reader_sets_a_cookie_or_takes_a_form_without_its_token(counter: Counter) -> None:
    """What a browser sends along by itself opens nothing, so no other site can use it: there is nothing to forge."""
    posts = {
        path: counter.browser.post(
            path, data={"do": "unsubscribe", "sure": "yes"}, headers={"Origin": "https://evil.example"}
        )
        for path in (
            "/preferences/x",
            "/preferences/x/leave",
            "/about-you/x",
            "/about-you/x/erase",
            "/new-address/x",
            "/confirm/x",
        )
    }
    before = counter.trial.dump()

    assert {path: a.status_code for path, a in posts.items()} == dict.fromkeys(posts, 404)
    assert not any("set-cookie" in a.headers for a in posts.values())
    assert "set-cookie" not in counter.browser.post(FORM, data={**ALL, "email": EMAIL}).headers
    assert counter.trial.dump() == before
