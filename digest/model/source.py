"""Sources: where items are read."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

#: The longest a source is left alone, whatever its server asks for or however often it failed.
LONGEST_WAIT = timedelta(days=7)
_LONGEST_BACKOFF = timedelta(days=1)


#: What the link to a whole piece says where a source has no words of its own; letters say it in their language.
LINK_LABEL = "Read the whole piece"


class SourceKind(StrEnum):
    """What a source's bytes are."""

    FEED = "feed"  #: RSS or Atom
    JSON = "json"  #: JSON Feed, or our own list of items
    PAGE = "page"  #: an HTML page that lists news
    ARTICLE = "article"  #: one piece on an HTML page of its own
    CSV = "csv"  #: a table with a heading for each column
    CAPTURE = "capture"  #: a page saved as text
    DESK = "desk"  #: written by the editors, imported by hand


@dataclass(frozen=True, slots=True, kw_only=True)
class Selectors:
    """Where a page that lists news has its parts, as CSS selectors; all but `item` are looked for within one item."""

    #: What encloses one item.
    item: str
    #: Its title; empty for the first heading, else the first link.
    title: str = ""
    #: The link to the whole piece; empty for the one around or in the title, else the first.
    link: str = ""
    #: Its date; empty for the first `time`, else the first text that is a date.
    date: str = ""
    #: Its text; empty for its paragraphs.
    text: str = ""
    #: Who wrote it; empty where the page does not say.
    people: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A place where items are read."""

    slug: str
    #: As readers see it: "Research news".
    name: str
    kind: SourceKind
    #: An address or a file; empty for one that is imported by hand only.
    location: str = ""
    #: What the link to a whole piece says.
    link_label: str = LINK_LABEL
    #: Slugs of the topics that everything found here is filed under, whatever it says, in the newsletter that has the
    #: source so; another that reads it has its own.
    topics: tuple[str, ...] = ()
    #: Only for a page; None to let its parts be found.
    selectors: Selectors | None = None


def next_reading(
    now: datetime,
    every: timedelta,
    *,
    failures: int = 0,
    fresh_for: timedelta = timedelta(),
    wait: timedelta = timedelta(),
) -> datetime:
    """When a source is to be read again.

    After a success: after `every`, or when its server says there may be news (`fresh_for`, at most a day). After so
    many failures in a row: twice as late with each, up to a day, and never before its server wants it (`wait`).
    """
    if failures:
        backoff = min(every * int(2 ** min(failures - 1, 20)), max(every, _LONGEST_BACKOFF))
        return now + min(max(backoff, wait), LONGEST_WAIT)
    return now + max(every, min(fresh_for, _LONGEST_BACKOFF))
