"""Mailboxes of strangers: what anybody can make us send, and what they can make us say."""

from dataclasses import replace

import pytest

from digest.flow import purge, sign_up
from digest.flow.enrol import people
from digest.flow.mail_returns import hear
from digest.flow.returns import Returns
from digest.model.notice import RequestKind
from tests.support.bounces import notification
from tests.support.counter import Counter, counter, stencil, text_of
from tests.support.web_house import EMAIL

__all__ = ["counter", "stencil"]

STRANGER = "stranger@example.net"


def own_page(counter: Counter, email: str = EMAIL) -> str:
    """The link to all that is kept about somebody, as it comes by mail."""
    counter.clock.pass_by(hours=9)
    counter.browser.post("/preferences/", data={"email": email})
    [letter] = counter.post()
    return counter.link(letter, "about-you")


def reader(counter: Counter, email: str) -> None:
    """Somebody who has said yes."""
    with counter.house.store.write() as connection:
        people(counter.house, connection).add(email, "quay", default_cadence="monthly", confirmed=True)


def emails(counter: Counter) -> list[str]:
    """All addresses of readers."""
    return [row["email"] for row in counter.trial.rows("subscriber")]


def test_asked_to_be_written_to_elsewhere_a_stranger_gets_one_letter_a_day(counter: Counter) -> None:
    """However often it is asked: to them it is as unasked for as a sign-up in their name."""
    page = own_page(counter)

    for _ in range(3):
        counter.browser.post(page, data={"do": "address", "email": STRANGER})

    assert [letter["To"] for letter in counter.post()] == [STRANGER]


def test_the_name_that_somebody_gives_themselves_reaches_no_stranger(counter: Counter) -> None:
    """It could say anything, in our name."""
    page = own_page(counter)
    counter.browser.post(page, data={"do": "name", "name": "friend, you won at evil.example"})
    counter.browser.post(page, data={"do": "address", "email": STRANGER})

    [letter] = counter.post()

    assert "evil.example" not in text_of(letter)


def test_whoever_never_said_yes_gets_no_link_on_top(counter: Counter) -> None:
    """A request for a link is one more letter that they did not ask for."""
    counter.ask(STRANGER)
    first = counter.post()
    for _ in range(3):
        counter.clock.pass_by(hours=2)
        counter.browser.post("/preferences/", data={"email": STRANGER})

    assert (len(first), counter.post()) == (1, [])


@pytest.mark.parametrize("spelt", ["stranger+{}@example.net", "s.tranger{}@gmail.com", "st+{}@googlemail.com"])
def test_spellings_of_one_mailbox_are_counted_together(counter: Counter, spelt: str) -> None:
    """What follows a plus is its holder's own, and Google's mailboxes have any number of dots."""
    for number in range(5):
        counter.ask(spelt.format(number if "+" in spelt else "." * (number % 2) + "x"))

    assert len(counter.post()) == 1


def test_a_flood_of_sign_ups_keeps_no_reader_from_their_own_page(counter: Counter) -> None:
    """The limit of a domain is for letters that strangers ask for."""
    for number in range(counter.house.settings.sign_up.domain_per_hour + 20):
        somebody = f"x{number}@{EMAIL.rpartition('@')[2]}"
        sign_up.ask(counter.house, RequestKind.SIGN_UP, "quay", somebody, client=f"10.{number}.1.1")
    counter.post()
    counter.browser.post("/preferences/", data={"email": EMAIL})

    assert EMAIL in [letter["To"] for letter in counter.post()]


def test_a_link_for_a_new_address_is_for_that_one(counter: Counter) -> None:
    """Its letter went with whoever asked for it; nobody else's letter takes its number."""
    reader(counter, "mallory@example.net")
    page = own_page(counter, "mallory@example.net")
    counter.browser.post(page, data={"do": "address", "email": "m2@example.net"})
    link = counter.link(counter.post()[0], "new-address")
    counter.browser.post(f"{page}/erase", data={"sure": "yes"})
    counter.browser.post(own_page(counter), data={"do": "address", "email": "priya.new@example.net"})
    counter.post()

    answer = counter.browser.post(link)

    assert answer.status_code == 404
    assert "priya.new@example.net" not in emails(counter)


def test_a_bounce_of_a_letter_that_is_gone_stops_nobody(counter: Counter) -> None:
    """The address it came to named a letter of somebody who was erased."""
    mail = counter.house.settings.mail.model_copy(update={"bounce_domain": "bounces.example.org"})
    house = replace(counter.house, settings=counter.house.settings.model_copy(update={"mail": mail}))
    counter.ask("mallory@example.net")
    counter.post()
    [number] = [row["id"] for row in counter.trial.rows("notice")]
    theirs = Returns.of(house).notice_sender(number)
    purge.erase(house, "mallory@example.net", channel="page")
    counter.ask("somebody@example.org")
    counter.post()

    hear(house, notification(theirs))

    assert [row["reason"] for row in counter.trial.rows("suppression")] == ["erased"]


def test_an_erased_address_stands_in_nobody_elses_letters(counter: Counter) -> None:
    """Such as one that asked it whether another reader may be written to there."""
    reader(counter, STRANGER)
    counter.browser.post(own_page(counter), data={"do": "address", "email": STRANGER})
    counter.post()

    purge.erase(counter.house, STRANGER, channel="page")

    assert STRANGER not in repr(counter.trial.dump())


def test_who_left_long_ago_is_not_brought_back_by_an_old_link(counter: Counter) -> None:
    """A stranger signs them up; leaving what they never said yes to leaves nothing to take back."""
    counter.browser.post(counter.trial.unsubscribe)
    counter.clock.pass_by(days=30)
    counter.ask(EMAIL)
    counter.post()
    pending = counter.state(EMAIL)

    counter.browser.post(counter.trial.unsubscribe)
    counter.browser.post(f"{counter.trial.unsubscribe}/undo")
    by_one_click = counter.state(EMAIL)
    counter.browser.post(counter.trial.preferences, data={"do": "undo"})

    assert (pending, by_one_click, counter.state(EMAIL)) == (["pending"], ["ended"], ["ended"])


def test_the_record_of_a_yes_says_to_what(counter: Counter) -> None:
    """The topics and the frequency that were confirmed."""
    counter.ask(topics=["money"], cadence="quarterly")
    counter.browser.post(counter.link(counter.post()[0], "confirm"))

    [yes] = [row["detail"] for row in counter.trial.rows("consent") if row["kind"] == "confirmed" and row["detail"]]
    assert yes == "money quarterly"
