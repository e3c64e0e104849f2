"""The archive's routes: past issues, topics and feeds, for everybody."""

from collections.abc import Awaitable, Callable, Mapping

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from digest.storage import newsletters, search
from digest.storage.asked import LONGEST, asked
from digest.web import front, sitemap
from digest.web.archive_pages import ArchivePages
from digest.web.frame import PATHS
from digest.web.hearing import accepted
from digest.web.kit import Kit, conditional
from digest.web.page import XML, Page
from digest.web.search_page import page_number
from digest.web.shelf import load

_READ = ["GET"]  # and with it HEAD
_Places = Mapping[str, str]

#: Where pages lie under an archive's address, in the order in which a path is looked for, and how each is made.
PAGES: Mapping[str, Callable[[ArchivePages, _Places], Page]] = {
    "": lambda pages, _: pages.home(),
    "feed.atom": lambda pages, _: pages.feed(),
    "feed.json": lambda pages, _: pages.json_feed(),
    sitemap.NAME: lambda pages, _: pages.sitemap(),
    "topics/{topic}/": lambda pages, at: pages.topic(at["topic"]),
    "topics/{topic}/feed.atom": lambda pages, at: pages.feed(at["topic"]),
    "topics/{topic}/feed.json": lambda pages, at: pages.json_feed(at["topic"]),
    "{period}/": lambda pages, at: pages.issue(at["period"]),
    "{period}/{slug}/": lambda pages, at: pages.article(at["period"], at["slug"]),
}


def router(kit: Kit) -> APIRouter:
    """The routes outside of any archive, on one kit."""
    routes, reading = APIRouter(), _Reading(kit)
    routes.add_route("/", reading.front, _READ)
    routes.add_route(sitemap.PATH, reading.sitemap, _READ)
    routes.add_route(sitemap.ROBOTS, reading.robots, _READ)
    return routes


def shelves(kit: Kit) -> list[Route]:
    """All pages under `/archive/`."""
    reading = _Reading(kit)
    special = {"search/": reading.search, "brand.css": reading.brand}
    answers = special | {place: reading.of(make) for place, make in PAGES.items()}
    return [Route(f"/archive/{{newsletter}}/{place}", answer, methods=_READ) for place, answer in answers.items()]


def searched(kit: Kit, pages: ArchivePages, request: Request) -> Page:
    """The page of what a request looks for."""
    query = request.query_params.get("q", "")[:LONGEST]
    page = page_number(request.query_params.get("page", "1"))
    language = pages.archive.publication.newsletter.language
    with kit.house.store.read() as connection:
        words = asked(query, language=language)
        found = search.find(connection, pages.slug, words, language=language, page=page)
    return pages.search(query, page, found)


class _Reading:
    """Answers readers of the archive."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    def of(self, make: Callable[[ArchivePages, _Places], Page]) -> Callable[[Request], Awaitable[Response]]:
        """What answers with one kind of page; one that was made a moment ago without asking the database."""

        async def answer(request: Request) -> Response:
            recent = self._kit.shelf.recent(request.path_params["newsletter"])
            page = recent.kept.get(request.scope["path"]) if recent else None
            if page is None:
                page = await run_in_threadpool(self._made, make, request)
            return conditional(request, page)

        return answer

    def _made(self, make: Callable[[ArchivePages, _Places], Page], request: Request) -> Page:
        """Made anew, or kept while the archive is as it was. Raises UnknownName."""
        slug, path = request.path_params["newsletter"], request.scope["path"]
        with self._kit.house.store.read() as connection:
            rendered = self._kit.open_shelf(connection, slug)
        page = rendered.kept.get(path) or make(rendered.pages, request.path_params)
        rendered.keep(path, page)
        return page

    def search(self, request: Request) -> Response:
        """What past issues held with the words asked for."""
        with self._kit.house.store.read() as connection:
            pages = self._kit.open_archive(connection, request.path_params["newsletter"])
        return conditional(request, searched(self._kit, pages, request))

    def brand(self, request: Request) -> Response:
        """A newsletter's colours, which its readers' own pages bear too, be its archive private or not."""
        with self._kit.house.store.read() as connection:
            pages = self._kit.archive(connection, request.path_params["newsletter"])
        return conditional(request, pages.brand())

    def front(self, request: Request) -> Response:
        """The list of newsletters, or the only one."""
        with self._kit.house.store.read() as connection:
            slugs = newsletters.open_slugs(connection)
            if len(slugs) == 1:
                return RedirectResponse(self._kit.linker("/", PATHS.archive(slugs[0])), status_code=302)
            archives = [load(connection, slug) for slug in slugs]
        liked = accepted(request, self._kit.house.tongues)
        response = conditional(request, front.page(self._kit.house, archives, self._kit.linker, liked))
        response.headers["Vary"] = "Accept-Language"
        return response

    def sitemap(self, request: Request) -> Response:
        """The sitemaps of all archives."""
        with self._kit.house.store.read() as connection:
            archives = [self._kit.archive(connection, slug).archive for slug in newsletters.open_slugs(connection)]
        body = sitemap.index(archives, self._kit.house.links.base)
        return conditional(request, Page(path=sitemap.PATH, media_type=XML, body=body))

    def robots(self, request: Request) -> Response:
        """What robots are told."""
        body = sitemap.robots(self._kit.house.links.base)
        return conditional(request, Page(path=sitemap.ROBOTS, media_type=sitemap.PLAIN, body=body))
