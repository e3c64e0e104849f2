"""The preview: an issue on an editor's own machine, as any reader would get it. It reads, and writes nothing."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from digest.errors import Never, Problem, UnknownName, UnknownReader
from digest.flow import preview as previews
from digest.flow.house import House
from digest.flow.preview import Letter, Preview, Reader
from digest.rendering.environment import render
from digest.rendering.fragments import one_line
from digest.storage import issues
from digest.web import assets, looking, serving, wording
from digest.web.app import add_files
from digest.web.forcing import forced
from digest.web.frame import Frame, plain
from digest.web.guard import POLICY, Guard
from digest.web.kit import Kit, open_kit
from digest.web.looking import CLIP, Look

#: Our one script sends the form when a control changes; the letter stands in a frame of ours.
_POLICY = f"{POLICY}; script-src 'self'; frame-src 'self'"
#: The letter itself: what a mail program would show, and no script whatever it holds.
_LETTER_POLICY = (
    "default-src 'none'; img-src https: data:; style-src 'unsafe-inline'; frame-ancestors 'self'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)
_READ = ["GET", "HEAD"]
_SHEET, _SCRIPT = "/static/preview.css", "/static/preview.js"


def create_preview(house: House, issue_name: str) -> FastAPI:
    """The pages of one issue's preview, for a server that only this machine can reach: they name readers."""
    kit = open_kit(house, at_root=True)
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    desk = _Desk(kit, issue_name)
    app.add_api_route("/", desk.page, methods=_READ)
    app.add_api_route("/letter", desk.letter, methods=_READ)
    app.add_api_route("/letter.eml", desk.message, methods=_READ)
    add_files(app, kit)
    app.add_exception_handler(Problem, desk.problem)
    app.add_exception_handler(HTTPException, desk.missing)
    app.add_middleware(Guard, broken=_broken, policy=_POLICY)
    # A page elsewhere could have its name resolve to this machine, and read who subscribes.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost", "[::1]"], www_redirect=False)
    return app


def serve(house: House, issue_name: str, *, port: int, ready: Callable[[str], None]) -> None:
    """Serve the preview to this machine alone, until Ctrl-C; `ready` is told the address. Raises UnknownName."""
    with house.store.read() as connection:
        issues.find(connection, issue_name)
    serving.serve(create_preview(house, issue_name), host="127.0.0.1", port=port, ready=ready)


def write_files(house: House, issue_name: str, folder: Path) -> int:
    """The letters of a reader of everything and of each topic as files (HTML, text, .eml), with a page that lists
    them. Returns how many files. Raises UnknownName, BadTemplate."""
    folder.mkdir(parents=True, exist_ok=True)
    with house.store.read() as connection:
        preview = previews.preview(house, connection, issue_name)
        looks = [Look(), *(Look(reader=f"topic:{topic.slug}") for topic in preview.edition.content.topics)]
        found = [(look, looking.reader(connection, preview, look)) for look in looks]
        letters = [(look, who, preview.letter(connection, who)) for look, who in found]
    files: dict[str, bytes] = {}
    listed = []
    for look, who, letter in letters:
        name = look.reader.replace(":", "-")
        if letter is not None:
            files[f"{name}.html"], files[f"{name}.txt"] = letter.html.encode(), letter.text.encode()
            files[f"{name}.eml"] = letter.message
        listed.append({"who": who.label, "name": name, "subject": letter.subject if letter else ""})
    files["site.css"] = assets.load(house.template_folders)["/static/site.css"].body
    frame = Frame(title=issue_name, language="en-GB", styles=("site.css",), icon="data:,")
    files["index.html"] = render(
        house.templates, "web/preview/files.html.j2", {"frame": frame, "letters": listed}
    ).encode()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return len(files)


class _Desk:
    """Answers for one issue, as it is at the moment of each request."""

    def __init__(self, kit: Kit, issue_name: str) -> None:
        self._kit, self._house, self._issue = kit, kit.house, issue_name

    def page(self, request: Request) -> Response:
        """The controls, the facts and the letter."""
        look = looking.look(request.query_params)
        with self._house.store.read() as connection:
            preview, who = self._seen(connection, look)
            letter = preview.letter(connection, who)
            context: dict[str, Any] = {
                "issue": self._facts(preview),
                "controls": looking.controls(connection, preview, look),
                "absent": looking.absent(connection, preview, who),
            }
        title = one_line(preview.edition.content.title)
        return self._kit.html(
            "preview/page",
            self._frame(title),
            look=look,
            who=who.label,
            letter=None if letter is None else _shown(letter),
            **context,
        )

    def letter(self, request: Request) -> Response:
        """The letter alone, light or dark, for the frame."""
        look = looking.look(request.query_params)
        letter = self._letter(look)
        if letter is None:
            return PlainTextResponse("Nothing is new for this reader.")
        headers = {"Content-Security-Policy": _LETTER_POLICY, "Cache-Control": "no-store"}
        return HTMLResponse(forced(letter.html, look.mode), headers=headers)

    def message(self, request: Request) -> Response:
        """The message as it would go over the wire, to open in a mail program."""
        letter = self._letter(looking.look(request.query_params))
        if letter is None:
            raise UnknownReader("Nothing is new for this reader: there is no message.")
        name = f"{self._issue.replace('/', '-')}.eml".encode("ascii", "ignore").decode().replace('"', "")
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return Response(letter.message, media_type="message/rfc822", headers=headers)

    def problem(self, request: Request, problem: Exception) -> Response:
        """Editors are told what is wrong and what to do, template file and line included."""
        missing = isinstance(problem, UnknownName | UnknownReader)
        status = 404 if missing else 422 if isinstance(problem, Never) else 503
        return self._kit.message("This cannot be shown", *_told(problem), status=status, onward=("Back", "/"))

    def missing(self, request: Request, refused: Exception) -> Response:
        """What the framework turned away."""
        status = refused.status_code if isinstance(refused, HTTPException) else 400
        return self._kit.message("There is no such page", status=status, onward=("Back", "/"))

    def _seen(self, connection: Connection, look: Look) -> tuple[Preview, Reader]:
        preview = previews.preview(self._house, connection, self._issue)
        return preview, looking.reader(connection, preview, look)

    def _letter(self, look: Look) -> Letter | None:
        with self._house.store.read() as connection:
            preview, who = self._seen(connection, look)
            return preview.letter(connection, who)

    def _facts(self, preview: Preview) -> dict[str, str]:
        return {"name": preview.issue.name, "state": str(preview.issue.state), "title": preview.edition.content.title}

    def _frame(self, title: str) -> Frame:
        framed = plain(self._kit.linker, "/", title=f"{title}: preview")
        link: Callable[[str], str] = lambda to: self._kit.linker("/", to)  # noqa: E731
        return replace(framed, styles=(*framed.styles, link(_SHEET)), scripts=(link(_SCRIPT),))


def _shown(letter: Letter) -> dict[str, object]:
    size = len(letter.message)
    return {
        "subject": letter.subject,
        "preheader": letter.preheader,
        "kilobytes": f"{max(1, round(size / 1000)):,}",
        "clip": CLIP // 1000,
        "clipped": size > CLIP,
        "pieces": wording.pieces(len(letter.choice.chosen)),
        "more": letter.choice.more,
        "text": letter.text,
        "headers": letter.headers,
    }


def _told(problem: Exception) -> tuple[str, ...]:
    if not isinstance(problem, Problem):
        return (str(problem),)
    return tuple(part for part in (problem.what, problem.remedy) if part)


def _broken(request: Request) -> Response:
    return PlainTextResponse("Something went wrong; the terminal says what.", status_code=500)
