"""Wishes: what somebody who signs up wants, taken from a form or from JSON, with each mistake beside its field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from digest.model.notice import Wish
from digest.rendering.tongues import Tongues, marked
from digest.storage.newsletters import Publication
from subscribers import names
from subscribers.address import parse
from subscribers.errors import AddressRefused
from subscribers.preferences import EVERYTHING_WORD

#: The fields of a sign-up, in the order in which a form has them.
FIELDS = ("email", "topics", "cadence", "name", "language")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wished:
    """What was asked for."""

    email: str
    wish: Wish


@dataclass(frozen=True, slots=True)
class Mistakes(Exception):  # noqa: N818  they are somebody's, and are told
    """What cannot be taken, by field, in marked words for whoever typed it, to be said in their language."""

    by_field: Mapping[str, str]


def read(
    publication: Publication,
    tongues: Tongues,
    *,
    email: str,
    topics: Sequence[str],
    cadence: str = "",
    name: str = "",
    language: str = "",
) -> Wished:
    """The wish, all of it looked at. Raises Mistakes."""
    newsletter = publication.newsletter
    found = {
        "email": wrong_address(email),
        "topics": _wrong_topics(topics, publication.topic_order),
        "cadence": "" if not cadence or cadence in newsletter.cadences else marked("It does not come out that often."),
        "language": ""
        if not language or tongues.speaks(language)
        else marked("Our letters do not speak that language."),
        "name": "" if name.isprintable() or not name else marked("A name has no line breaks and no control signs."),
    }
    if any(found.values()):
        raise Mistakes({field: found[field] for field in FIELDS if found[field]})
    chosen = None if EVERYTHING_WORD in topics else tuple(slug for slug in publication.topic_order if slug in topics)
    wish = Wish(topics=chosen, cadence=cadence, name=names.one_line(name), language=language)
    return Wished(email=parse(email).email, wish=wish)


def wrong_address(email: str) -> str:
    """What is wrong with an address, in marked words for whoever typed it; empty for nothing."""
    if not email.strip():
        return marked("Enter your e-mail address, like name@example.org.")
    try:
        parse(email)
    except AddressRefused:
        return marked("This does not look like an e-mail address. Write it like name@example.org.")
    return ""


def _wrong_topics(topics: Sequence[str], known: Sequence[str]) -> str:
    if not topics:
        return marked("Choose at least one topic, or everything.")
    strange = set(topics) - {*known, EVERYTHING_WORD}
    return marked("One of these topics is not one of ours.") if strange else ""
