"""The preview: an issue on an editor's own machine, as any reader would get it. It reads, and writes nothing."""

from collections.abc import Callable
from pathlib import Path

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware

from digest.errors import Problem
from digest.flow.house import House
from digest.flow.moved import Stamps
from digest.storage import issues
from digest.web import serving
from digest.web.desk import Check, Desk
from digest.web.guard import POLICY, Guard
from digest.web.live import Live
from digest.web.preview_guard import OwnPages

#: Our one script asks this server for news; the letter stands in a frame of ours.
_POLICY = f"{POLICY}; script-src 'self'; connect-src 'self'; frame-src 'self'"
_READ = ["GET", "HEAD"]


def create_preview(house: House, issue_name: str, *, live: Live | None = None, check: Check | None = None) -> FastAPI:
    """The pages of one issue's preview, for a server that only this machine can reach: they name readers."""
    live = live or Live(house, issue_name.partition("/")[0])
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    desk = Desk(live, issue_name, check)
    app.add_api_route("/", desk.page, methods=_READ)
    app.add_api_route("/letters", desk.letters, methods=_READ)
    app.add_api_route("/compare", desk.compare, methods=_READ)
    app.add_api_route("/letter", desk.letter, methods=_READ)
    app.add_api_route("/before", desk.before, methods=_READ)
    app.add_api_route("/letter.eml", desk.message, methods=_READ)
    app.add_api_route("/test", desk.test, methods=["POST"])
    app.add_api_route("/changes", desk.changes, methods=["GET"])
    app.add_api_route("/static/{name:path}", desk.static, methods=_READ)
    app.add_exception_handler(Problem, desk.problem)
    app.add_exception_handler(HTTPException, desk.missing)
    app.add_middleware(Guard, broken=desk.broken, policy=_POLICY)
    app.add_middleware(OwnPages)
    # A page elsewhere could have its name resolve to this machine, and read who subscribes.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost", "[::1]"], www_redirect=False)
    return app


def serve(
    house: House,
    issue_name: str,
    *,
    port: int,
    ready: Callable[[str], None],
    folder: Path | None = None,
    reopen: Callable[[], House] | None = None,
    check: Check | None = None,
) -> None:
    """Serve the preview to this machine alone, until Ctrl-C; `ready` is told the address. Raises UnknownName.

    What is saved in `folder`, among the templates or in the database shows by itself; `reopen` opens the house with new
    settings.
    """
    with house.store.read() as connection:
        issue = issues.find(connection, issue_name)
    live = Live(house, issue.newsletter, folder=folder, reopen=reopen, stamp=Stamps(issue.name).now)
    app = create_preview(house, issue.name, live=live, check=check)
    with live.watching():
        serving.serve(app, host="127.0.0.1", port=port, ready=ready, ending=live.end)
