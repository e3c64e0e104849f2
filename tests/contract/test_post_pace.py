"""Single letters and the pace, on both databases."""

from dataclasses import replace

from digest.flow import sign_up
from digest.flow.house import House
from digest.flow.post import Post
from digest.model.notice import RequestKind, Wish
from digest.storage import workers
from tests.conftest import StandingClock


def slow(house: House) -> House:
    """The house, whose mail server takes one message in two seconds."""
    delivery = house.settings.delivery.model_copy(update={"per_minute": 30})
    return replace(house, settings=house.settings.model_copy(update={"delivery": delivery}), clock=StandingClock())


def test_single_letters_keep_to_the_pace(social_care: House) -> None:
    """One at once and one borrowed; the third waits until there is room for one."""
    house = slow(social_care)
    for name in ("ada", "priya", "tom"):
        sign_up.ask(house, RequestKind.SIGN_UP, "social-care", f"{name}@example.org", Wish(), client="192.0.2.1")

    with house.store.write() as connection:
        token, post = workers.register(connection), Post(house)
        two, _ = post.lease(connection, token)
        none, seconds = post.lease(connection, token)

    assert (len(two), len(none)) == (2, 0)
    assert 0 < seconds <= 2
