"""Enrolling one reader, and writing all of them out."""

import pytest

from digest.errors import AddressRefused, Never, UnknownName
from digest.flow.enrol import add, exported
from subscribers.preferences import parse
from tests.support.desk import NEWSLETTER, Desk

PRIYA = "priya@example.org"


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"chosen": parse("zoo,law"), "cadence": None}, "There is no topic “zoo”. There are: carers, disability"),
        ({"chosen": None, "cadence": "hourly"}, "There is no cadence “hourly”. There are: monthly."),
    ],
)
def test_what_the_newsletter_does_not_have_is_named_with_what_it_has(
    desk: Desk, how: dict[str, object], words: str
) -> None:
    """A typing error is not a wish."""
    with pytest.raises(Never) as refused:
        add(desk.house, PRIYA, NEWSLETTER, **how)  # type: ignore[arg-type]

    assert str(refused.value).startswith(words)


def test_a_newsletter_that_is_not_known_is_told_with_those_that_are(desk: Desk) -> None:
    """Before anything is written."""
    with pytest.raises(UnknownName, match="there are: social-care"):
        add(desk.house, PRIYA, "social-car", chosen=None, cadence=None)


def test_no_address_is_no_reader(desk: Desk) -> None:
    """Refused in plain words."""
    with pytest.raises(AddressRefused):
        desk.reader("priya at example.org")


def test_an_export_holds_what_was_chosen_and_how_it_stands(desk: Desk) -> None:
    """Topics by semicolons, and since when."""
    desk.reader(PRIYA, "law,carers", name="Priya")
    desk.reader("joe@example.org", confirmed=False)

    with desk.house.store.read() as connection:
        rows = list(exported(connection, NEWSLETTER))
        none = list(exported(connection, "another"))

    assert rows[0] == {
        "email": PRIYA,
        "name": "Priya",
        "topics": "carers;law",
        "cadence": "monthly",
        "language": "",
        "newsletter": NEWSLETTER,
        "state": "active",
        "paused_until": "",
        "since": "2026-11-21T12:00:00+00:00",
    }
    assert [row["state"] for row in rows] == ["active", "pending"]
    assert none == []
