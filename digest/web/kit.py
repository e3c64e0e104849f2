"""The kit: what the routes share: the house, the links, the files and the archives in memory."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from functools import cached_property
from urllib.parse import urlsplit

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from digest.errors import UnknownName
from digest.flow.house import House
from digest.model.newsletter import Newsletter
from digest.rendering.environment import render
from digest.rendering.tongues import SOURCE
from digest.web import assets
from digest.web.archive_pages import ArchivePages
from digest.web.assets import Asset
from digest.web.frame import PATHS, Frame, branded, plain
from digest.web.hrefs import Linker, served
from digest.web.page import Page
from digest.web.proving import Proving
from digest.web.shelf import Archive, Shelf
from digest.web.voice import Voice
from digest.web.words import Words

#: Seconds a browser may show a page of the archive without asking again.
_FRESH = 300
#: Pages of one archive that are kept as they were made, of some 20 kB each.
_MOST = 500


@dataclass(frozen=True, slots=True)
class Rendered:
    """An archive's pages, and those of them that have been made, by path."""

    pages: ArchivePages
    kept: dict[str, Page] = field(default_factory=dict)

    def keep(self, path: str, page: Page) -> None:
        """Have it ready for whoever asks next."""
        if path not in self.kept and len(self.kept) >= _MOST:
            self.kept.clear()
        self.kept[path] = page


@dataclass(frozen=True, kw_only=True)
class Kit:
    """What the routes of one app share."""

    house: House
    #: The path under which all pages lie; empty for the root.
    prefix: str
    files: dict[str, Asset]
    linker: Linker
    shelf: Shelf[Rendered]

    @cached_property
    def proving(self) -> Proving:
        """What the form asks so that people are told from programs. Raises SettingsRefused."""
        return Proving(self.house.person_check(), self.house.settings.web.captcha.when_unreachable)

    def archive(self, connection: Connection, newsletter_slug: str) -> ArchivePages:
        """The pages of a newsletter's archive. Raises UnknownName."""
        return self.shelf.get(connection, newsletter_slug).pages

    def open_archive(self, connection: Connection, newsletter_slug: str) -> ArchivePages:
        """The pages of an archive that is for everybody. Raises UnknownName, as if a private one were not there."""
        return self.open_shelf(connection, newsletter_slug).pages

    def open_shelf(self, connection: Connection, newsletter_slug: str) -> Rendered:
        """The same with those that have been made. Raises UnknownName."""
        rendered = self.shelf.get(connection, newsletter_slug)
        if rendered.pages.archive.publication.newsletter.private:
            raise UnknownName(f"The past issues of “{newsletter_slug}” are for its readers.")
        return rendered

    def voice(self, newsletter: Newsletter, reader: str = "") -> Voice:
        """What speaks to a reader of a newsletter, in the language they like (a BCP 47 tag, "" for none) where there is
        a catalogue for it, else in the newsletter's."""
        return self.speaking(self.house.tongues.nearest(reader, otherwise=newsletter.language))

    def speaking(self, tag: str) -> Voice:
        """What speaks that language, or the one that needs no catalogue where there is none."""
        return Voice(self.house.phrases_in(tag if self.house.tongues.speaks(tag) else SOURCE))

    def html(self, template: str, frame: Frame, *, status: int = 200, **context: object) -> HTMLResponse:
        """A page of `templates/web`, in the language of its frame."""
        templates = self.house.templates_in(frame.language)
        html = render(templates, f"web/{template}.html.j2", {"frame": frame, **context})
        return HTMLResponse(html, status_code=status)

    def message(
        self, frame: Frame, heading: str, *paragraphs: str, onward: tuple[str, str] | None = None, status: int = 200
    ) -> HTMLResponse:
        """A page that says one thing."""
        said = {"heading": heading, "paragraphs": paragraphs, "onward": onward}
        return self.html("public/message", frame, status=status, **said)

    def word(
        self, voice: Voice, heading: str, *paragraphs: str, onward: tuple[str, str] | None = None, status: int = 200
    ) -> HTMLResponse:
        """A page that says one thing and belongs to no newsletter; its language may be the browser's."""
        frame = plain(self.linker, "/", title=heading, language=voice.tag)
        response = self.message(frame, heading, *paragraphs, onward=onward, status=status)
        response.headers["Vary"] = "Accept-Language"
        return response

    def private(self, voice: Voice, newsletter: Newsletter, title: str) -> Frame:
        """The frame of a page for one reader of a newsletter, or for whoever wants to be one."""
        titled = f"{title}: {newsletter.name}"
        frame = branded(self.linker, "/", newsletter, title=titled, language=voice.tag, private=True)
        return replace(frame, home=self.past_issues(newsletter))

    def past_issues(self, newsletter: Newsletter) -> str:
        """The way to them; empty where they are for readers alone, who have a link with a key of their own."""
        return "" if newsletter.private else self.linker("/", PATHS.archive(newsletter.slug))


def open_kit(house: House, *, at_root: bool = False) -> Kit:
    """The kit of a house that serves its pages under the path of `web.base_url`, or at the root all the same."""
    prefix = "" if at_root else urlsplit(house.links.base).path.rstrip("/")
    files = assets.load(house.template_folders)
    linker = served(prefix, assets.versions(files))

    def pages(archive: Archive) -> Rendered:
        return Rendered(pages_of(house, archive, linker))

    return Kit(house=house, prefix=prefix, files=files, linker=linker, shelf=Shelf(pages))


def pages_of(house: House, archive: Archive, linker: Linker, *, in_folder: bool = False) -> ArchivePages:
    """The pages of an archive in its newsletter's language."""
    language = archive.publication.newsletter.language
    return ArchivePages(
        archive=archive,
        templates=house.templates_in(language),
        words=Words(house.phrases_in(language)),
        linker=linker,
        base=house.links.base,
        in_folder=in_folder,
    )


def conditional(request: Request, page: Page, *, keep: str = f"public, max-age={_FRESH}") -> Response:
    """The page with what tells it from others, or 304 when the browser has it already (RFC 9110, 13.1)."""
    headers = {"ETag": page.etag, "Cache-Control": keep}
    if page.modified is not None:
        headers["Last-Modified"] = format_datetime(page.modified.replace(microsecond=0), usegmt=True)
    if _has(request, page):
        return Response(status_code=304, headers=headers)
    return Response(page.body, media_type=page.media_type, headers=headers)


def _has(request: Request, page: Page) -> bool:
    """By its ETag; by date only where the browser has no ETag, as the bytes may change without what is said."""
    if (tags := request.headers.get("if-none-match")) is not None:
        known = [each.strip().removeprefix("W/") for each in tags.split(",")]
        return page.etag in known or known == ["*"]
    since = request.headers.get("if-modified-since")
    return since is not None and page.modified is not None and _not_after(page.modified, since)


def _not_after(modified: datetime, since: str) -> bool:
    try:
        at = parsedate_to_datetime(since)
    except ValueError:
        return False
    return modified.replace(microsecond=0) <= (at if at.tzinfo else at.replace(tzinfo=UTC))
