"""Asking those whom an administrator adds, and where links of a private newsletter lead."""

import json
import re
from typing import Any

from digest.flow.enrol import add, people
from digest.flow.invite import invite
from digest.flow.notices import sample_notices
from tests.support import walk
from tests.support.counter import NEW, Counter, counter, stencil, text_of
from tests.support.terminal import Terminal
from tests.support.web_house import EMAIL, tags

__all__ = ["counter", "stencil"]

PRIVATE = "/archive/quay/"


def added(counter: Counter, email: str = NEW, *, confirmed: bool = False) -> bool:
    """Add somebody and ask them; whether a letter was queued."""
    held = add(counter.house, email, "quay", chosen=None, cadence=None, confirmed=confirmed)
    with counter.house.store.write() as connection:
        return invite(counter.house, connection, held)


def test_who_is_added_is_asked_for_their_yes(counter: Counter) -> None:
    """By the letter that a sign-up on the page brings; its button makes them a reader."""
    asked = added(counter)
    [letter] = counter.post()
    answer = counter.browser.post(counter.link(letter, "confirm"))

    assert asked
    assert (str(letter["To"]), answer.status_code, counter.state(NEW)) == (NEW, 200, ["active"])


def test_who_has_said_yes_is_not_asked(counter: Counter) -> None:
    """Whether somebody vouches for them now, or they did themselves before."""
    assert (added(counter, confirmed=True), added(counter, EMAIL)) == (False, False)
    assert counter.post() == []


def test_an_address_that_is_added_again_and_again_gets_one_letter_a_day(counter: Counter) -> None:
    """Counted together with what strangers ask for on the page."""
    asked = [added(counter) for _ in range(5)]
    counter.ask(NEW)
    first_day = len(counter.post())
    counter.clock.pass_by(days=1, minutes=1)

    assert (asked, first_day) == ([True, False, False, False, False], 1)
    assert added(counter)


def test_who_withdraws_before_delivery_is_not_asked(counter: Counter) -> None:
    """What waits is looked at once more before it goes."""
    added(counter)
    with counter.house.store.write() as connection:
        people(counter.house, connection).unsubscribe(NEW, "quay")

    assert counter.post() == []


def test_the_command_says_whether_it_asks(terminal: Terminal) -> None:
    """In words for people; programs read the subscription as before."""
    add_one = ("subscribers", "add", "-n", "social-care")

    said = [terminal.done(*add_one, f"{n}@example.org", *more) for n, more in enumerate(((), ("--no-letter",)))]
    vouched = terminal.done(*add_one, "2@example.org", "--confirmed")
    assert ["asks for their yes" in each for each in (*said, vouched)] == [True, False, False]
    assert json.loads(terminal.done(*add_one, "3@example.org", "--json"))["state"] == "pending"


def private_links(html: str) -> list[str]:
    return [str(a["href"]) for tag, a in tags(html) if tag == "a" and "/archive/" in str(a.get("href"))]


def test_pages_of_a_private_newsletter_lead_to_past_issues_by_a_key_or_not_at_all(counter: Counter) -> None:
    """Its archive looks as if it were not there; only who has just shown that the mailbox is theirs gets the key."""
    walk.changed(counter, private=True)
    found = walk.pages(counter, "en")

    with_links = {name: links for name, page in found.items() if (links := private_links(page.text))}
    assert with_links.keys() == {"confirmed"}
    [link] = with_links["confirmed"]
    assert link.startswith("/read/")
    assert "Past issues stay open" not in "".join(page.text for page in found.values())


def test_a_welcome_of_a_private_newsletter_bears_the_readers_key(counter: Counter) -> None:
    """In every link into the archive, which then opens."""
    walk.changed(counter, private=True)
    counter.ask()
    counter.browser.post(counter.link(counter.post()[0], "confirm"))
    [welcome] = counter.post()

    links = re.findall(r"http://testserver(/\S*archive/[^\s>]*)", text_of(welcome))
    assert len(links) >= 3
    assert all(link.startswith("/read/") for link in links)
    assert {counter.browser.get(link).status_code for link in links} == {200}


def test_links_of_previews_lead_to_a_kind_page(counter: Counter) -> None:
    """Those into a private archive too."""
    walk.changed(counter, private=True)
    samples: Any = sample_notices(counter.house, "quay")
    links = set(re.findall(r"http://testserver(/\S*archive/[^\s>]*)", samples[1].letter.text))

    answers = [counter.browser.get(link) for link in links]
    assert links
    assert {answer.status_code for answer in answers} == {200}
    assert all("This link is from a preview" in answer.text for answer in answers)
