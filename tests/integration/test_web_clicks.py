"""Many one-clicks at the same moment: grouped, each counted once, none lost, and told when they could not be done."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest
from sqlalchemy import event

from digest.flow.house import House
from digest.web.app import create_app
from digest.web.together import Together
from subscribers import directory
from subscribers.consent import SubscriptionState
from subscribers.service import Subscribers
from subscribers.tokens import Purpose
from tests.support.web_house import client, trial

READERS = 40


@pytest.fixture
def tokens(social_care: House) -> list[str]:
    """The unsubscribe links of many readers."""
    with social_care.store.write() as connection:
        people = Subscribers(connection, social_care.keys, now=social_care.clock.now(), channel="command")
        held = [
            people.add(f"r{n}@example.org", "social-care", default_cadence="monthly", confirmed=True)
            for n in range(READERS)
        ]
    return [f"/u/{social_care.keys.token(Purpose.UNSUBSCRIBE, each.id)}" for each in held]


def click(house: House, paths: Sequence[str]) -> list[httpx.Response]:
    """All at once, as mail programs do."""

    async def all_of_them() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=create_app(house))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as program:
            posts = [program.post(path, data={"List-Unsubscribe": "One-Click"}) for path in paths]
            return list(await asyncio.gather(*posts))

    return asyncio.run(all_of_them())


def test_many_clicks_at_once_end_each_subscription_once(social_care: House, tokens: list[str]) -> None:
    """Each reader clicks twice; each has left once, with one record of it, in few transactions."""
    commits: list[object] = []
    event.listen(social_care.store.engine, "commit", commits.append)

    answers = click(social_care, [*tokens, *tokens])

    assert {(answer.status_code, answer.text) for answer in answers} == {(200, "Unsubscribed.")}
    assert len(commits) < READERS / 8
    with social_care.store.read() as connection:
        held = [each for n in range(READERS) for each in directory.of_reader(connection, social_care.keys, _email(n))]
        left = [record for each in held for record in directory.history(connection, each.subscriber_id)]
    assert {each.state for each in held} == {SubscriptionState.ENDED}
    assert sum(record.kind == "unsubscribed" for record in left) == READERS


def _email(number: int) -> str:
    return f"r{number}@example.org"


def test_a_wrong_link_among_them_harms_nobody(social_care: House, tokens: list[str]) -> None:
    """It is answered like the others, and they leave."""
    answers = click(social_care, [tokens[0], "/u/nonsense", f"/u/{'x' * 300}", tokens[1]])

    assert {answer.status_code for answer in answers} == {200}
    with social_care.store.read() as connection:
        states = [directory.of_reader(connection, social_care.keys, _email(n))[0].state for n in range(3)]
    assert states == [SubscriptionState.ENDED, SubscriptionState.ENDED, SubscriptionState.ACTIVE]


def test_clicks_that_cannot_be_kept_are_not_said_to_be(tmp_path: Path) -> None:
    """Where the database is away all who wait are told so; the next click works again."""
    with trial(tmp_path) as own:
        together, away = Together(own.house), own.house.store.write

        async def clicks() -> list[BaseException | None]:
            return await asyncio.gather(*(together.leave(n) for n in (1, 2)), return_exceptions=True)

        own.house.store.write = _away  # type: ignore[method-assign]
        failed = asyncio.run(clicks())
        own.house.store.write = away  # type: ignore[method-assign]
        done = asyncio.run(clicks())

    assert [type(each) for each in failed] == [OSError, OSError]
    assert done == [None, None]


def _away(*, steady: bool = False) -> object:
    raise OSError("away")


def test_a_person_gets_a_page_and_a_program_a_word(tmp_path: Path) -> None:
    """Both have left; only one of them looks."""
    with trial(tmp_path) as own:
        browser = client(create_app(own.house))
        page = browser.post(own.unsubscribe)
        word = browser.post(own.unsubscribe, headers={"Accept": "*/*"})

    assert "<h1>" in page.text
    assert (word.status_code, word.text) == (200, "Unsubscribed.")
    assert word.headers["cache-control"] == "no-store"
