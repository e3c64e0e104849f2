"""Signing up by the page: one answer for everybody, a yes by mail, and limits that nobody's mailbox is filled by."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event

from digest.flow import purge, sign_up
from digest.flow.enrol import people
from digest.model.notice import RequestKind, Wish
from digest.web.app import create_app
from subscribers.suppression import SuppressionReason
from subscribers.tokens import Purpose
from tests.support.counter import ALL, FORM, NEW, Counter, counter, stencil, text_of
from tests.support.web_house import EMAIL, SCRIPT, client, tags, words

__all__ = ["counter", "stencil"]


def test_from_the_form_to_the_welcome(counter: Counter) -> None:
    """Asked for, confirmed by a button, welcomed with the latest issue; nothing comes before the yes."""
    asked = counter.ask(topics=["money"], cadence="quarterly", name="Ada", language="de")
    [letter] = counter.post()
    before, link = counter.state(NEW), counter.link(letter, "confirm")
    page = counter.browser.get(link)
    answer = counter.browser.post(link)
    [welcome] = counter.post()

    assert (asked.status_code, page.status_code, answer.status_code) == (200, 200, 200)
    assert (before, counter.state(NEW)) == (["pending"], ["active"])
    assert "einmal im Vierteljahr" in text_of(letter)
    assert "Ada" not in text_of(letter)
    assert "einmal im Vierteljahr" in words(page.text)
    assert "n•••@example.org" in page.text
    assert "Sie sind angemeldet" in answer.text
    assert "Willkommen" in text_of(welcome)
    assert "/archive/quay/2026-10/" in text_of(welcome)
    assert [row["name"] for row in counter.trial.rows("subscriber") if row["email"] == NEW] == ["Ada"]


@pytest.mark.parametrize("tag", ["en-!!!", "en-", "en-toolongasubtag", "klingon"])
def test_what_is_no_language_is_a_mistake(counter: Counter, tag: str) -> None:
    """Said beside its field; nothing is kept of it."""
    answer = counter.ask(language=tag)

    assert answer.status_code == 400
    assert "Our letters do not speak that language." in words(answer.text)
    assert counter.trial.rows("request") == []


def test_looking_at_a_confirmation_link_confirms_nothing(counter: Counter) -> None:
    """Scanners open links by GET and HEAD, a hundred times; only the button says yes."""
    counter.ask()
    link = counter.link(counter.post()[0], "confirm")
    before = counter.trial.dump()

    answers = {ask(link).status_code for ask in (counter.browser.get, counter.browser.head) for _ in range(50)}

    assert answers == {200}
    assert counter.trial.dump() == before


def test_confirming_twice_is_once(counter: Counter) -> None:
    """One consent, one welcome, and the same answer."""
    counter.ask()
    link = counter.link(counter.post()[0], "confirm")

    answers = [counter.browser.post(link).text for _ in range(2)]

    assert answers[0] == answers[1] == counter.browser.get(link).text
    assert len(counter.post()) == 1
    assert [row["kind"] for row in counter.trial.rows("consent")].count("confirmed") == 1


def everybody(counter: Counter) -> dict[str, str]:
    """An address in each of the conditions that nobody else may learn of."""
    addresses = {kind: f"{kind}@example.org" for kind in ("pending", "present", "paused", "stopped", "erased", "gone")}
    with counter.house.store.write() as connection:
        hands = people(counter.house, connection)
        for kind, email in addresses.items():
            held = hands.add(email, "quay", default_cadence="monthly", confirmed=kind != "pending")
            if kind == "paused":
                hands.pause(held, counter.clock.now() + timedelta(days=30))
            if kind == "gone":
                hands.end(held)
        hands.suppress(addresses["stopped"], SuppressionReason.ADMIN)
    purge.erase(counter.house, addresses["erased"], channel="command")
    return {**addresses, "unknown": "unknown@example.org"}


def test_everybody_gets_the_same_answer_to_the_last_byte(counter: Counter) -> None:
    """Whether somebody is subscribed, was, or may not be written to is nobody else's business."""
    stamp = counter.stamp()
    asked = [
        counter.browser.post(FORM, data={**ALL, "email": email, "stamp": stamp})
        for email in everybody(counter).values()
    ]

    assert {(a.status_code, a.content, tuple(sorted(a.headers.items()))) for a in asked} == {
        (200, asked[0].content, tuple(sorted(asked[0].headers.items())))
    }


def test_everybody_costs_the_same_work(counter: Counter) -> None:
    """The page asks the database the same statements for every address, so that time tells nothing; who it is, is
    looked at later, by whoever delivers."""
    done: dict[str, list[str]] = {}
    addresses, stamp = everybody(counter), counter.stamp()
    for kind, email in addresses.items():
        seen: list[str] = done.setdefault(kind, [])
        note = lambda *a, seen=seen: seen.append(a[2])  # noqa: E731
        event.listen(counter.house.store.engine, "before_cursor_execute", note)
        counter.browser.post(FORM, data={**ALL, "email": email, "stamp": stamp})
        event.remove(counter.house.store.engine, "before_cursor_execute", note)

    assert all(statements == done["unknown"] for statements in done.values())
    assert not any("subscriber" in statement or "suppression" in statement for statement in done["unknown"])


def test_who_may_be_written_to_gets_the_letter_that_is_theirs(counter: Counter) -> None:
    """Please confirm for who is new, waits or has left; a reminder for who is there; nothing for who is stopped."""
    for email in everybody(counter).values():
        assert counter.ask(email).status_code == 200

    got = {str(m["To"]).partition("@")[0]: str(m["Subject"]).split()[0] for m in counter.post()}

    assert got == {"unknown": "Please", "pending": "Please", "gone": "Please", "present": "You", "paused": "You"}
    assert counter.state("present@example.org") == ["active"]
    assert counter.state("paused@example.org") == ["paused"]


def test_a_stranger_changes_nothing_of_who_is_subscribed(counter: Counter) -> None:
    """Neither topics nor name nor language; the letter leads to where the reader can."""
    before = counter.trial.rows("subscription"), counter.trial.rows("subscriber")

    counter.ask(EMAIL, topics=["money"], cadence="quarterly", name="Mallory", language="de")
    [letter] = counter.post()

    assert (counter.trial.rows("subscription"), counter.trial.rows("subscriber")) == before
    assert counter.browser.get(counter.link(letter, "preferences")).status_code == 200


def test_a_thousand_posts_for_one_victim_are_one_letter(counter: Counter) -> None:
    """In a day, over all newsletters, from however many networks, whatever is told about case and spaces."""
    for number in range(1000):
        email = (NEW, NEW.title(), f" {NEW.upper()} ")[number % 3]
        sign_up.ask(counter.house, RequestKind.SIGN_UP, "quay", email, client=f"10.{number // 250}.{number % 250}.1")

    first = counter.post()
    assert [str(m["To"]) for m in first] == [NEW]
    assert counter.post() == []


def test_three_letters_in_a_week_and_no_more(counter: Counter) -> None:
    """Somebody who asks every day for a week."""
    letters = 0
    for _ in range(7):
        counter.ask()
        letters += len(counter.post())
        counter.clock.pass_by(hours=24)

    assert letters == 3


def test_a_network_that_asks_for_too_much_is_told_so(counter: Counter) -> None:
    """Whatever the addresses; after an hour it may ask again. Limits are kept in the database, not in a process."""
    limit = counter.house.settings.sign_up.network_per_hour
    stamp = counter.stamp()
    asked = [
        counter.browser.post(FORM, data={**ALL, "email": f"r{number}@example.org", "stamp": stamp}).status_code
        for number in range(limit + 1)
    ]
    elsewhere = client(create_app(counter.house)).post(FORM, data={**ALL, "email": NEW, "stamp": stamp})
    counter.clock.pass_by(hours=1)
    later = counter.ask()

    assert asked == [200] * limit + [429]
    assert (elsewhere.status_code, elsewhere.headers["retry-after"], later.status_code) == (429, "3600", 200)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.7", "192.0.2.250", True),
        ("192.0.2.7", "192.0.3.7", False),
        ("2001:db8:1:2::1", "2001:db8:1:ffff::9", True),
        ("2001:db8:1::1", "2001:db8:2::1", False),
        ("::ffff:192.0.2.7", "192.0.2.9", True),
        ("testclient", "testclient", True),
    ],
)
def test_networks_are_told_by_24_and_48_bits(counter: Counter, one: str, other: str, same: bool) -> None:
    """And are kept as hashes that nobody can read back."""
    first, second = sign_up.keyed_network(counter.house, one), sign_up.keyed_network(counter.house, other)

    assert (first == second) is same
    assert len(first) == 64
    assert one not in first


def test_a_domain_that_many_ask_for_waits(counter: Counter) -> None:
    """What is beyond the limit goes out later; what is for other domains at once."""
    limits = counter.house.settings.sign_up.model_copy(update={"domain_per_hour": 2})
    settings = counter.house.settings.model_copy(update={"sign_up": limits})
    counter.house = replace(counter.house, settings=settings)
    for email in ("a@one.example", "b@one.example", "c@one.example", "d@two.example"):
        sign_up.ask(counter.house, RequestKind.SIGN_UP, "quay", email, client="192.0.2.1")

    at_once = {str(m["To"]) for m in counter.post()}
    counter.clock.pass_by(hours=1, minutes=1)
    later = {str(m["To"]) for m in counter.post()}

    assert (at_once, later) == ({"a@one.example", "b@one.example", "d@two.example"}, {"c@one.example"})


def test_a_program_that_fills_in_what_nobody_sees_gets_the_answer_and_no_letter(counter: Counter) -> None:
    """It does not learn that it was found out."""
    person, program = counter.ask("a@example.org"), counter.ask("b@example.org", website="https://spam.example")

    assert program.content == person.content
    assert [str(m["To"]) for m in counter.post()] == ["a@example.org"]


@pytest.mark.parametrize("seconds", [0, 25 * 3600])
def test_a_form_that_comes_back_too_fast_or_too_late_is_shown_once_more(counter: Counter, seconds: int) -> None:
    """With what was typed, so that a person only presses again."""
    stamp = counter.stamp()
    counter.clock.pass_by(seconds=seconds - 5)
    answer = counter.browser.post(FORM, data={"email": NEW, "topics": ["money"], "stamp": stamp})

    kept = {a.get("name"): a.get("value") for tag, a in tags(answer.text) if tag == "input"}
    ticked = [a["value"] for tag, a in tags(answer.text) if a.get("type") == "checkbox" and "checked" in a]
    assert "press the button once more" in answer.text
    assert (kept["email"], ticked) == (NEW, ["money"])
    assert counter.trial.rows("request") == []


@pytest.mark.parametrize("stamp", ["", "1", "1.2", "x.y", "9" * 400, "١٢.x"])
def test_a_stamp_that_is_not_ours_is_none(counter: Counter, stamp: str) -> None:
    """Nor does a strange one break anything."""
    answer = counter.browser.post(FORM, data={**ALL, "email": NEW, "stamp": stamp})

    assert (answer.status_code, "once more" in answer.text) == (200, True)


@pytest.mark.parametrize(
    ("form", "field", "said"),
    [
        ({"email": ""}, "email", "Enter your e-mail address"),
        ({"email": f"not one {SCRIPT}"}, "email", "does not look like an e-mail address"),
        ({"email": "a\r\nBcc: all@example.org"}, "email", "does not look like an e-mail address"),
        ({"topics": []}, "topics", "Choose at least one topic"),
        ({"topics": ["stocks"]}, "topics", "not one of ours"),
        ({"cadence": "hourly"}, "cadence", "does not come out that often"),
        ({"language": "tlh"}, "language", "do not speak that language"),
        ({"name": "a\0b"}, "name", "no control signs"),
    ],
)
def test_a_mistake_stands_beside_its_field_and_at_the_top(
    counter: Counter, form: dict[str, object], field: str, said: str
) -> None:
    """With focus on the summary, a link to the field, and all else as it was typed."""
    answer = counter.ask(**{"email": "typed@example.org", "name": "Typed", **form})  # type: ignore[arg-type]

    found = tags(answer.text)
    summary = next(a for tag, a in found if "summary" in (a.get("class") or ""))
    assert answer.status_code == 400
    assert answer.text.count(said) == 2
    assert {"autofocus", "tabindex", "role"} <= set(summary)
    assert any(a.get("href") == f"#{field}" for tag, a in found if tag == "a")
    assert any(a.get("id") == field for _, a in found)
    assert any(f"{field}-mistake" in (a.get("aria-describedby") or "") for _, a in found)
    assert SCRIPT not in answer.text
    assert counter.trial.rows("request") == []


def test_what_comes_how_often_and_how_to_leave_is_said_before_the_button(counter: Counter) -> None:
    """And what a topic brings, by its newest titles."""
    page = counter.browser.get(FORM).text
    before = words(page.partition('<button class="button">')[0])

    assert all(said in before for said in ("asks you to confirm", "one letter a month", "One click in any letter"))
    assert "A rota that carers" in before
    assert SCRIPT not in page
    assert len(page.encode()) < 50_000


def test_a_form_on_another_site_leads_to_ours(counter: Counter) -> None:
    """Without script or frame: it has no stamp, so our page shows what was typed and asks for one more press."""
    snippet = counter.browser.get(f"{FORM}embed").text
    answer = counter.browser.post(
        FORM, data={"email": NEW, "topics": "all"}, headers={"Origin": "https://other.example"}
    )

    assert "&lt;form method=&#34;post&#34;" in snippet or "&lt;form method=" in snippet
    assert "http://testserver/subscribe/quay/" in snippet
    assert NEW in answer.text
    assert counter.trial.rows("request") == []


def test_tokens_of_other_purposes_do_not_confirm(counter: Counter) -> None:
    """Nor does one of a subscription that ended meanwhile; a preview's link does nothing."""
    counter.ask()
    link = counter.link(counter.post()[0], "confirm")
    number = counter.house.keys.read(Purpose.CONFIRM, link.rpartition("/")[2])
    others = [counter.house.keys.token(p, number) for p in Purpose if p is not Purpose.CONFIRM]

    assert {counter.browser.post(f"/confirm/{token}").status_code for token in others} == {404}
    assert counter.browser.post("/confirm/preview").status_code == 200
    assert counter.state(NEW) == ["pending"]
    with counter.house.store.write() as connection:
        people(counter.house, connection).unsubscribe(NEW)
    assert counter.browser.post(link).status_code == 404


def test_json_signs_up_by_the_same_rules(counter: Counter) -> None:
    """One answer for everybody, and the letter that is theirs."""
    answers = [
        counter.browser.post("/api/subscriptions", json={"newsletter": "quay", "email": email, "topics": ["money"]})
        for email in (NEW, EMAIL)
    ]

    assert {(a.status_code, a.content) for a in answers} == {(202, answers[0].content)}
    assert [str(m["Subject"]).split()[0] for m in counter.post()] == ["Please", "You"]


@pytest.mark.parametrize(
    ("asked", "status", "field"),
    [
        ({"json": {"email": NEW}}, 400, "newsletter"),
        ({"json": {"newsletter": "nothing", "email": NEW}}, 404, "newsletter"),
        ({"json": {"newsletter": "quay"}}, 400, "email"),
        ({"json": {"newsletter": "quay", "email": 7}}, 400, "email"),
        ({"json": {"newsletter": "quay", "email": NEW, "topics": "money"}}, 400, "topics"),
        ({"json": {"newsletter": "quay", "email": NEW, "topics": []}}, 400, "topics"),
        ({"json": {"newsletter": "quay", "email": NEW, "colour": "red"}}, 400, "colour"),
        ({"json": ["quay"]}, 400, ""),
        ({"content": b"{", "headers": {"content-type": "application/json"}}, 400, ""),
        ({"content": b"[" * 60_000, "headers": {"content-type": "application/json"}}, 400, ""),
        ({"content": b'{"name": "\\ud800"}', "headers": {"content-type": "application/json"}}, 400, ""),
        (
            {"content": b'{"newsletter": "q\\u0000"}', "headers": {"content-type": "application/json"}},
            404,
            "newsletter",
        ),
        ({"data": {"newsletter": "quay", "email": NEW}}, 415, ""),
    ],
)
def test_json_that_cannot_be_taken_is_refused_by_field(
    counter: Counter, asked: dict[str, object], status: int, field: str
) -> None:
    """In plain words; a form that another site makes a browser post is none of it."""
    answer = counter.browser.post("/api/subscriptions", **asked)  # type: ignore[arg-type]

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (status, field)
    assert counter.trial.rows("request") == []


def test_a_wish_waits_through_a_restart(counter: Counter) -> None:
    """It is in the database, whole, before the page answers."""
    sign_up.ask(counter.house, RequestKind.SIGN_UP, "quay", NEW, Wish(topics=("money",), name="Ada"), client="::1")

    [kept] = counter.trial.rows("request")
    assert (kept["email"], Wish.from_json(kept["wish"])) == (NEW, Wish(topics=("money",), name="Ada"))
