"""The frame: what every page has around its content."""

from dataclasses import dataclass

from digest.model.links import Links
from digest.model.newsletter import Newsletter
from digest.rendering.context import direction, other
from digest.rendering.fragments import one_line, web_address
from digest.rendering.tongues import SOURCE
from digest.web.hrefs import Linker

#: Addresses as paths from the root.
PATHS = Links("")
SHEET = "/static/site.css"
ICON = "/static/icon.svg"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Head, top and foot of one page; all links are ready to stand in it."""

    title: str
    #: BCP 47, of what the page itself says.
    language: str
    styles: tuple[str, ...]
    icon: str
    #: "ltr" or "rtl".
    direction: str = "ltr"
    #: The language of the newsletter's own words, where it is another than the page's.
    written_in: str = ""
    #: The newsletter's name at the top; empty on pages that belong to none.
    name: str = ""
    home: str = ""
    #: An https address; empty for none.
    logo: str = ""
    publisher: str = ""
    nav: tuple[tuple[str, str], ...] = ()
    #: Where people sign up; empty where that is no way to go.
    sign_up: str = ""
    #: One sentence for search engines and shared links.
    description: str = ""
    #: Where this very page lies, absolute; empty for pages that nobody should share.
    url: str = ""
    #: Where the original lies, absolute.
    canonical: str = ""
    #: Open Graph's type.
    kind: str = "website"
    #: Title and address of each feed.
    feeds: tuple[tuple[str, str], ...] = ()
    scripts: tuple[str, ...] = ()


def brand_sheet(newsletter_slug: str) -> str:
    """The path of the style sheet with a newsletter's accent."""
    return f"{PATHS.archive(newsletter_slug)}brand.css"


def plain(linker: Linker, here: str, *, title: str, language: str = SOURCE) -> Frame:
    """The frame of a page that belongs to no newsletter."""
    return Frame(
        title=title,
        language=language,
        direction=direction(language),
        styles=(linker(here, SHEET),),
        icon=linker(here, ICON),
    )


def branded(
    linker: Linker, here: str, newsletter: Newsletter, *, title: str, language: str = "", private: bool = False
) -> Frame:
    """The frame of a newsletter's page, in its own language or in another; a private one loads nothing from
    elsewhere."""
    spoken = one_line(language or newsletter.language)
    return Frame(
        title=one_line(title),
        language=spoken,
        direction=direction(spoken),
        written_in=other(newsletter.language, spoken),
        styles=(linker(here, SHEET), linker(here, brand_sheet(newsletter.slug))),
        icon=linker(here, ICON),
        name=one_line(newsletter.name),
        home=linker(here, PATHS.archive(newsletter.slug)),
        logo="" if private else _secure(newsletter.brand.logo),
        publisher=one_line(newsletter.brand.publisher),
    )


def _secure(url: str) -> str:
    address = web_address(url)
    return address if address.startswith("https://") else ""
