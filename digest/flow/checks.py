"""Checks: what a newsletter's file must hold beyond its shape, told as whoever wrote it would look for it."""

import re
from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from digest.errors import AddressRefused, SettingsRefused, UnreadableSource
from digest.model.cadence import Cadence
from digest.model.colour import is_colour
from digest.model.newsletter import Newsletter
from digest.model.phrase import problem_with
from digest.model.source import Selectors, Source, SourceKind
from digest.model.topic import Topic
from subscribers import address
from subscribers.names import is_language
from subscribers.preferences import EVERYTHING_WORD

_SLUG = re.compile(r"(?=.{1,80}$)[a-z0-9]+(-[a-z0-9]+)*")
#: A host with a port before a path, or one that begins like most of the web's.
_HOST = re.compile(r"(?:[A-Za-z0-9-]+\.)+[A-Za-z0-9]+:\d+(?:/|$)|localhost:\d+(?:/|$)|www\.[^/\s]+\.[^/\s]+(?:/|$)")
_LONGEST_NAME = 200
#: The most days that a period of each cadence has.
_DAYS = {Cadence.DAILY: 1, Cadence.WEEKLY: 7, Cadence.MONTHLY: 31, Cadence.QUARTERLY: 92}
#: Hours over which an issue can be spread.
_LONGEST_SPREAD = 1_000
#: The least and the most of each number; past the most it can only be a slip of the pen.
_LIMITS = {
    "look_back": (1, 1_000),
    "first_reach": (1, 1_000),
    "catch_up_days": (0, 3_660),
    "per_topic": (1, 10_000),
    "per_issue": (1, 10_000),
    # A letter's head and foot come to some 22,000, a piece with its heading to 6,000 more: less would hold nothing.
    "byte_budget": (30_000, 10_000_000),
    "day": (1, 366),
    "draft_days_before": (0, 366),
}


def check(newsletter: Newsletter, topics: Sequence[Topic], sources: Sequence[Source]) -> None:
    """Raises SettingsRefused for the first thing that is wrong."""
    _check_names(newsletter, topics, sources)
    _check_sender(newsletter)
    _check_calendar(newsletter)
    _check_sending(newsletter)
    _check_language(newsletter)
    _check_brand(newsletter)
    for name, value in _numbers(newsletter):
        least, most = _LIMITS[name.rpartition(".")[2]]
        if not least <= value <= most:
            bound = f"the least is {least}" if value < least else f"the most is {most}"
            raise SettingsRefused(f"{name} is {value}, {bound}.", remedy="Mend that number.")


def is_slug(text: str) -> bool:
    """Whether it can be a short name in commands, addresses and links."""
    return _SLUG.fullmatch(text) is not None


def _check_names(newsletter: Newsletter, topics: Sequence[Topic], sources: Sequence[Source]) -> None:
    named: list[tuple[str, str, str]] = [("newsletter", newsletter.slug, newsletter.name)]
    named += [("topic", t.slug, t.name) for t in topics] + [("source", s.slug, s.name) for s in sources]
    for kind, slug, name in named:
        if not is_slug(slug) or (kind, slug) == ("topic", EVERYTHING_WORD):
            raise SettingsRefused(
                f"“{slug}” cannot be a {kind}'s slug.",
                remedy=f"Write small letters, digits and hyphens, at most 80, not “{EVERYTHING_WORD}”.",
            )
        if len(name) > _LONGEST_NAME:
            raise SettingsRefused(
                f"{kind} {slug}: its name is longer than {_LONGEST_NAME} characters.", remedy="Cut it."
            )
        if [(k, s) for k, s, _ in named].count((kind, slug)) > 1:
            raise SettingsRefused(f"the {kind} “{slug}” comes twice.", remedy="Name each once.")
    _check_filing(topics, sources)


def _check_filing(topics: Sequence[Topic], sources: Sequence[Source]) -> None:
    for topic in topics:
        for phrase in topic.phrases:
            if wrong := problem_with(phrase):
                raise SettingsRefused(f"the topic “{topic.slug}”: {wrong}", remedy="Mend that phrase.")
    known = {topic.slug for topic in topics}
    for source in sources:
        _check_location(source)
        for slug in source.topics:
            if slug not in known:
                what = f"the source “{source.slug}” brings a topic “{slug}” that is none of the topics."
                raise SettingsRefused(what, remedy="Add the topic, or take it out there.")
            if source.topics.count(slug) > 1:
                what = f"the source “{source.slug}” brings the topic “{slug}” twice."
                raise SettingsRefused(what, remedy="Name each once.")
        if source.selectors:
            _check_selectors(source, source.selectors)


def _check_location(source: Source) -> None:
    """What has the shape of an address must be one that can be asked; all else is a file, or nothing."""
    from digest.sources.guard import way_to  # what takes addresses apart takes its time to load too

    if "://" not in source.location and not source.location.lower().startswith(("http:", "https:")):
        if _HOST.match(source.location):
            raise SettingsRefused(
                f"the source “{source.slug}”: “{source.location}” is an address without its beginning.",
                remedy=f"Write https://{source.location}, or http:// if its server has nothing better.",
            )
        return
    try:
        way_to(source.location)
    except UnreadableSource as error:
        raise SettingsRefused(
            f"the source “{source.slug}”: {error.what}",
            remedy="Its location is an address of http or https without a password, the path of a file, or empty for "
            "one that is only imported.",
        ) from error


def _check_selectors(source: Source, selectors: Selectors) -> None:
    from digest.sources.dom import selector  # a parser of HTML takes its time to load, and few sources need one

    if source.kind is not SourceKind.PAGE:
        what = f"the source “{source.slug}” has selectors, but is no page."
        raise SettingsRefused(what, remedy='Say kind = "page".')
    try:
        selector(selectors.item)
        for css in (getattr(selectors, name) for name in Selectors.__dataclass_fields__):
            selector(css or "*")
    except UnreadableSource as error:
        raise SettingsRefused(f"the source “{source.slug}”: {error.what}", remedy=error.remedy) from error


def _check_sender(newsletter: Newsletter) -> None:
    sender = newsletter.sender
    for key, written in (("address", sender.address), ("reply_to", sender.reply_to)):
        try:
            parsed = address.parse(written) if written or key == "address" else None
        except AddressRefused as error:
            raise SettingsRefused(f"sender.{key}: {error.what}", remedy="Write it like digest@example.org.") from error
        if parsed and not parsed.email.isascii():
            # The header would be UTF-8 then, which few servers take, whoever the reader is.
            raise SettingsRefused(
                f"sender.{key}: “{written}” is more than plain letters.",
                remedy="Write a to z, digits, dots before the @.",
            )


def _check_calendar(newsletter: Newsletter) -> None:
    try:
        ZoneInfo(newsletter.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SettingsRefused(
            f"there is no time zone “{newsletter.timezone}”.", remedy="Write Europe/London."
        ) from error
    if newsletter.default_cadence not in newsletter.cadences:
        raise SettingsRefused("default_cadence is none of the cadences.", remedy="Add [cadences.…] for it.")
    for cadence, schedule in newsletter.cadences.items():
        if schedule.day > _DAYS[cadence]:
            raise SettingsRefused(
                f"cadences.{cadence}.day is {schedule.day}, the most is {_DAYS[cadence]}.",
                remedy="It counts from the first day of the period; one that a period does not have is its last.",
            )


def _check_sending(newsletter: Newsletter) -> None:
    sending = newsletter.sending
    if sending is None:
        return
    if not sending.days:
        raise SettingsRefused("sending.days names no day.", remedy='Write days = ["mon", "tue"], or leave it out.')
    for key in ("opens_at", "closes_at"):
        if getattr(sending, key).tzinfo is not None:
            raise SettingsRefused(f"sending.{key} has a zone.", remedy='Write a local time, such as "08:00".')
    if not 0 <= sending.spread_hours <= _LONGEST_SPREAD:
        raise SettingsRefused(
            f"sending.spread_hours is {sending.spread_hours:g}, the most is {_LONGEST_SPREAD}.",
            remedy="Mend that number; 0 is for as fast as it goes.",
        )


def _check_language(newsletter: Newsletter) -> None:
    if not is_language(newsletter.language):
        raise SettingsRefused(
            f"“{newsletter.language[:35]}” is not the tag of a language.", remedy="Write it like en-GB, de or cy."
        )


def _check_brand(newsletter: Newsletter) -> None:
    for key, colour in (("accent", newsletter.brand.accent), ("accent_dark", newsletter.brand.accent_dark)):
        if not is_colour(colour):
            raise SettingsRefused(f"brand.{key} “{colour}” is not a colour.", remedy="Write it like #0f5c5c.")
    for key, logo in (("logo", newsletter.brand.logo), ("logo_dark", newsletter.brand.logo_dark)):
        if logo and not logo.startswith("https://"):
            raise SettingsRefused(
                f"brand.{key} “{logo}” is not an https address.", remedy="Mend it, or leave it empty."
            )
    if newsletter.brand.logo_dark and not newsletter.brand.logo:
        raise SettingsRefused(
            "brand.logo_dark is there, but no brand.logo.", remedy="Name the one for light ground too."
        )


def _numbers(newsletter: Newsletter) -> Iterator[tuple[str, int]]:
    selection = newsletter.selection
    for name in ("look_back", "first_reach", "catch_up_days", "per_topic", "per_issue", "byte_budget"):
        yield f"selection.{name}", getattr(selection, name)
    for cadence, schedule in newsletter.cadences.items():
        yield f"cadences.{cadence}.day", schedule.day
        yield f"cadences.{cadence}.draft_days_before", schedule.draft_days_before
