"""The archive's routes: past issues, topics and feeds, for everybody."""

from collections.abc import Callable

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from digest.storage import newsletters
from digest.web import front
from digest.web.archive_pages import ArchivePages, Page
from digest.web.frame import PATHS
from digest.web.kit import Kit, conditional
from digest.web.shelf import load

_READ = ["GET", "HEAD"]


def router(kit: Kit) -> APIRouter:
    """The routes, on one kit."""
    routes = APIRouter()

    def answer(request: Request, newsletter: str, choose: Callable[[ArchivePages], Page]) -> Response:
        with kit.house.store.read() as connection:
            pages = kit.archive(connection, newsletter)
        return conditional(request, choose(pages))

    @routes.api_route("/", methods=_READ)
    def newsletters_page(request: Request) -> Response:
        with kit.house.store.read() as connection:
            slugs = newsletters.slugs(connection)
            if len(slugs) == 1:
                return RedirectResponse(kit.linker("/", PATHS.archive(slugs[0])), status_code=302)
            archives = [load(connection, slug) for slug in slugs]
        return conditional(request, front.page(archives, kit.house.templates, kit.linker))

    @routes.api_route("/archive/{newsletter}/", methods=_READ)
    def home(request: Request, newsletter: str) -> Response:
        return answer(request, newsletter, lambda pages: pages.home())

    @routes.api_route("/archive/{newsletter}/brand.css", methods=_READ)
    def brand(request: Request, newsletter: str) -> Response:
        return answer(request, newsletter, lambda pages: pages.brand())

    @routes.api_route("/archive/{newsletter}/feed.atom", methods=_READ)
    def feed(request: Request, newsletter: str) -> Response:
        return answer(request, newsletter, lambda pages: pages.feed())

    @routes.api_route("/archive/{newsletter}/topics/{slug}/", methods=_READ)
    def topic(request: Request, newsletter: str, slug: str) -> Response:
        return answer(request, newsletter, lambda pages: pages.topic(slug))

    @routes.api_route("/archive/{newsletter}/topics/{slug}/feed.atom", methods=_READ)
    def topic_feed(request: Request, newsletter: str, slug: str) -> Response:
        return answer(request, newsletter, lambda pages: pages.feed(slug))

    @routes.api_route("/archive/{newsletter}/{period}/", methods=_READ)
    def issue(request: Request, newsletter: str, period: str) -> Response:
        return answer(request, newsletter, lambda pages: pages.issue(period))

    @routes.api_route("/archive/{newsletter}/{period}/{slug}/", methods=_READ)
    def article(request: Request, newsletter: str, period: str, slug: str) -> Response:
        return answer(request, newsletter, lambda pages: pages.article(period, slug))

    return routes
