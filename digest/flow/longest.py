"""The longest letter: what a reader gets whose name, address and choices are longer than almost anybody's."""

from collections.abc import Mapping
from email.utils import format_datetime

from digest.flow.freeze import Edition
from digest.flow.house import House
from digest.flow.letters import chosen_names, personal_values
from digest.rendering.headers import PersonalFields, message_id
from subscribers.preferences import Preference
from subscribers.tokens import Purpose

#: The longest of names that still is greeted, and an address as long as most people bear.
_NAME = "Maximiliane Alexandra von Hohenstein-Wolkenburg und Falken"
_ADDRESS = "maximiliane.von-hohenstein@department-of-social-care.example.org"
_HIGHEST_ID = 2_000_000_000


def longest_reader(house: House, edition: Edition) -> dict[str, str]:
    """The values of the personal slots; the links look real and are nobody's."""
    now = house.clock.now()
    return personal_values(
        edition.phrases,
        name=_NAME,
        email=_ADDRESS,
        since=now.replace(month=9, day=27),
        cadence=edition.issue.period.cadence,
        topics=chosen_names(edition.content, Preference(frozenset(edition.publication.topic_order))),
        preferences_url=house.links.preferences(house.keys.token(Purpose.PREFERENCES, _HIGHEST_ID, at=now)),
        unsubscribe_url=house.links.unsubscribe(house.keys.token(Purpose.UNSUBSCRIBE, _HIGHEST_ID)),
        view_url=house.links.view(house.keys.token(Purpose.VIEW, _HIGHEST_ID, at=now)),
        reading=f"read/{house.keys.token(Purpose.READ, _HIGHEST_ID, at=now)}/",
    )


def longest_fields(house: House, edition: Edition, personal: Mapping[str, str]) -> PersonalFields:
    """The headers of that letter."""
    delivery_id = f"{edition.issue.id}.{_HIGHEST_ID}"
    domain = edition.headers["From"].rpartition("@")[2].rstrip(">")
    return PersonalFields(
        to=_ADDRESS,
        message_id=message_id(delivery_id, domain),
        date=format_datetime(house.clock.now()),
        unsubscribe_url=personal["unsubscribe_url"],
        unsubscribe_mailbox=house.settings.mail.unsubscribe_address,
        delivery_id=delivery_id,
    )
