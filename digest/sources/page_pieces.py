"""Pieces of a page: its items before they are cleaned, at first sight and whole."""

from dataclasses import dataclass
from datetime import date, datetime

from lxml.html import HtmlElement

from digest.model.item import Image
from digest.sources.page_stamps import Stamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One item as a page has it, not yet cleaned."""

    title: str
    link: str | None = None
    published: date | datetime | None = None
    people: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    language: str = ""
    html: str = ""
    lead: str = ""
    images: tuple[Image, ...] = ()
    #: Whether a link of its own leads on to the whole.
    leads_on: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """What an element has of an item at first sight: enough to tell whether it is one."""

    title: str
    link: str | None
    published: date | datetime | None
    element: HtmlElement
    title_at: HtmlElement
    #: Where its date stands.
    stamp: Stamp | None
    #: The links that lead on to the whole and say no more than that.
    more: tuple[HtmlElement, ...]
