"""Two windows, or a double click: both have looked before either writes, and neither is answered by a fault."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from httpx import Response
from sqlalchemy import select

from digest.flow import person, sign_up
from digest.flow.enrol import people
from digest.flow.house import House
from digest.storage.notice_tables import notice
from digest.web.app import create_app
from subscribers.directory import Subscription
from subscribers.second_thoughts import SecondThoughts
from subscribers.tokens import Purpose
from tests.support.desk import NEWSLETTER
from tests.support.web_house import TestClient, client

Ask = Callable[[TestClient], Response]


def added(house: House, email: str, *, confirmed: bool = True) -> Subscription:
    """Somebody who subscribes."""
    with house.store.write() as connection:
        return people(house, connection).add(email, NEWSLETTER, default_cadence="monthly", confirmed=confirmed)


def together(house: House, *asks: Ask) -> list[int]:
    """What they are answered, sorted."""
    app = create_app(house)
    with ThreadPoolExecutor(len(asks)) as pool:
        return sorted(each.result().status_code for each in [pool.submit(ask, client(app)) for ask in asks])


def meet(monkeypatch: pytest.MonkeyPatch, where: object, name: str) -> None:
    """Two wait for each other once they have looked; on SQLite one is in before the other, and waits in vain."""
    looks, gate = getattr(where, name), threading.Barrier(2)

    def looked(*given: object, **named: object) -> object:
        found = looks(*given, **named)
        try:
            gate.wait(1.0)
        except threading.BrokenBarrierError:
            return found
        return found

    monkeypatch.setattr(where, name, looked)


def test_a_yes_said_twice_is_said_once(social_care: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both windows say so, and one letter of welcome waits."""
    held = added(social_care, "a@example.org", confirmed=False)
    link = f"/confirm/{social_care.keys.token(Purpose.CONFIRM, held.id)}"
    meet(monkeypatch, sign_up, "waiting_for")

    answers = together(social_care, *[lambda browser: browser.post(link)] * 2)

    with social_care.store.read() as connection:
        letters = connection.scalars(select(notice.c.kind)).all()
    assert (answers, letters) == ([200, 200], ["welcome"])


def test_everything_erased_twice_is_erased_once(social_care: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second finds nobody, which is what it wanted."""
    held = added(social_care, "a@example.org")
    link = f"/about-you/{social_care.keys.token(Purpose.PERSON, held.subscriber_id)}/erase"
    meet(monkeypatch, person, "find")

    answers = together(social_care, *[lambda browser: browser.post(link, data={"sure": "yes"})] * 2)

    assert set(answers) <= {200, 404}


def test_two_who_move_to_one_address_are_told_apart(social_care: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the first one's; the other is told that it is somebody's."""
    for email in ("a@example.org", "b@example.org"):
        held = added(social_care, email)
        token = social_care.keys.token(Purpose.PERSON, held.subscriber_id)
        with social_care.store.read() as connection:
            found = person.find(social_care, connection, token)
        monkeypatch.setattr(person, "limits", lambda house: ())
        person.ask_new_address(social_care, found, "one@example.org")
    with social_care.store.read() as connection:
        numbers = connection.scalars(select(notice.c.id).order_by(notice.c.id)).all()
    links = [f"/new-address/{social_care.keys.token(Purpose.ADDRESS, number)}" for number in numbers]
    meet(monkeypatch, SecondThoughts, "_suppressed")

    answers = together(social_care, *[lambda browser, link=link: browser.post(link) for link in links])  # type: ignore[misc]

    assert len(answers) == 2
    assert answers[0] == 200
    assert 400 <= answers[1] < 500


@pytest.mark.parametrize("path", ["/archive/a%00b/", "/subscribe/a%00b/", "/archive/a%00b/feed.atom"])
def test_an_address_with_a_zero_in_it_is_no_page(social_care: House, path: str) -> None:
    """PostgreSQL cannot even be asked for one."""
    assert client(create_app(social_care)).get(path).status_code == 404
