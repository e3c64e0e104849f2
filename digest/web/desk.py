"""The desk: answers for the preview of one issue, as it is at the moment of each request."""

import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from html import escape
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Request
from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse

from digest.errors import BadTemplate, Never, Problem, UnknownName, UnknownReader
from digest.flow import compare as comparing
from digest.flow import preview as previews
from digest.flow import proof
from digest.flow.house import House
from digest.flow.preview import Preview, Reader
from digest.flow.variants import variants
from digest.model.finding import Finding
from digest.rendering.fragments import one_line
from digest.web import forms, looking, preview_page, sheets
from digest.web.app import file_response
from digest.web.checking import Checking
from digest.web.forms import Form, FormRefused
from digest.web.frame import Frame, plain
from digest.web.live import Live
from digest.web.looking import ALIKE, HELD, Look

#: The letter itself: what a mail program would show, and no script whatever it holds.
_LETTER_POLICY = (
    "default-src 'none'; img-src {pictures}; style-src 'unsafe-inline'; frame-ancestors 'self'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)
_SOURCES = {"shown": "https: data:", "off": "'none'"}
_SHEET, _SCRIPT = "/static/preview.css", "/static/preview.js"
#: What was told of tests is kept, so that loading a page again does not send another.
_TOLD = 16

#: Looks an issue over, as `digest check` does without asking the network.
Check = Callable[[House, str], Sequence[Finding]]


class Desk:
    """Answers for one issue, as it is at the moment of each request."""

    def __init__(self, live: Live, issue_name: str, check: Check | None) -> None:
        self._live, self._issue, self._check = live, issue_name, check
        self._checking = Checking(live.tell)
        self._token = secrets.token_urlsafe(24)
        self._told: OrderedDict[str, proof.Sent | Problem] = OrderedDict()

    def page(self, request: Request) -> Response:
        """The controls, the facts and the letter."""
        look, found = looking.look(request.query_params), request.query_params.get("find", "").strip()
        with self._live.house().store.read() as connection:
            preview, who = self._seen(connection, look)
            matching = previews.found_readers(preview.house, connection, preview.issue, found) if found else []
            if len(matching) == 1 and matching[0].held:
                look = replace(look, reader=f"{HELD}{matching[0].held.id}")
                return RedirectResponse(f"/?{look.query}", status_code=303)
            context = preview_page.page(connection, preview, who, look)
            context["search"] = preview_page.search(preview, matching, found, look)
        context |= {"findings": self._findings(preview), "told": self._answer(request), "token": self._token}
        return self._html("page", preview, look=look, **context)

    def letters(self, request: Request) -> Response:
        """All letters of the issue, and how many readers get each."""
        look = looking.look(request.query_params)
        with self._live.house().store.read() as connection:
            preview = self._preview(connection)
            found = variants(connection, preview)
            href: Callable[[str], str] = lambda key: preview_page.address(replace(look, reader=f"{ALIKE}{key}"))  # noqa: E731
            every = sheets.every_letter(preview, found, href)
        return self._html(
            "letters",
            preview,
            every=every,
            findings=self._findings(preview),
            groups=[],
            back=preview_page.address(look),
        )

    def compare(self, request: Request) -> Response:
        """A reader's letter beside the one before."""
        look = looking.look(request.query_params)
        with self._live.house().store.read() as connection:
            preview, who = self._seen(connection, look)
            found = comparing.compare(preview.house, connection, preview, who)
        if found is None:
            raise UnknownName("No issue came out before this one, so there is nothing to compare with.")
        return self._html(
            "compare",
            preview,
            who=who.label,
            before=found.before.name,
            comparison=sheets.comparison(found),
            choices=sheets.choices(preview.house, look, lambda to: f"/compare?{to.query}")[1:4],
            frames=_frames(found, look, f"/before?{look.query}", f"/letter?{look.query}"),
            look=look,
            back=preview_page.address(look),
        )

    def letter(self, request: Request) -> Response:
        """The letter alone, light or dark, for the frame."""
        look = looking.look(request.query_params)
        shown = self._sheet(look)
        return _letter_page(None if shown is None else shown.html, look)

    def before(self, request: Request) -> Response:
        """The same reader's letter of the issue before."""
        look = looking.look(request.query_params)
        with self._live.house().store.read() as connection:
            preview, who = self._seen(connection, look)
            found = comparing.compare(preview.house, connection, preview, who)
        return _letter_page(found.then.html if found and found.then else None, look)

    def message(self, request: Request) -> Response:
        """The message as it would go over the wire, to open in a mail program."""
        shown = self._sheet(looking.look(request.query_params))
        if shown is None or not shown.message:
            raise UnknownReader("Nothing is new for this reader: there is no message.")
        name = f"{self._issue.replace('/', '-')}.eml".encode("ascii", "ignore").decode().replace('"', "")
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return Response(shown.message, media_type="message/rfc822", headers=headers)

    def test(self, request: Request, form: Annotated[Form, Depends(forms.read)]) -> Response:
        """Send a test; the answer shows on the page that one is led back to."""
        if not hmac.compare_digest(forms.first(form, "token").encode(), self._token.encode()):
            raise FormRefused("That form is not of this page as it is now; nothing was sent.", remedy="Load it again.")
        look, key = looking.look(request.query_params), secrets.token_hex(6)
        try:
            with self._live.house().store.read() as connection:
                preview, who = self._seen(connection, look)
                ready = proof.proof(preview.house, connection, preview, who, forms.first(form, "to"))
            self._told[key] = proof.send(preview.house, ready)
        except Problem as problem:
            self._told[key] = problem
        while len(self._told) > _TOLD:
            self._told.popitem(last=False)
        return RedirectResponse(f"/?{look.query}&{urlencode({'told': key})}", status_code=303)

    async def changes(self) -> Response:
        """Tells of everything that is saved (server-sent events)."""
        headers = {"Cache-Control": "no-store"}
        return StreamingResponse(self._live.changes(), media_type="text/event-stream", headers=headers)

    def static(self, request: Request, name: str) -> Response:
        """One of our files."""
        return file_response(self._live.kit, request, name)

    def problem(self, request: Request, problem: Exception) -> Response:
        """Editors are told what is wrong and what to do, template file and line included."""
        trouble = problem if isinstance(problem, Problem) else Problem(str(problem))
        missing = isinstance(problem, UnknownName | UnknownReader)
        refused = isinstance(problem, FormRefused)
        status = 404 if missing else 403 if refused else 422 if isinstance(problem, Never) else 503
        return self._trouble(sheets.problem(trouble, self._live.kit.house.template_folders), status)

    def missing(self, request: Request, refused: Exception) -> Response:
        """What the framework turned away."""
        status = refused.status_code if isinstance(refused, HTTPException) else 400
        return self._trouble({"what": "There is no such page.", "remedy": "", "lines": []}, status)

    def broken(self, request: Request) -> Response:
        """What nobody foresaw."""
        return PlainTextResponse("Something went wrong; the terminal says what.", status_code=500)

    def _trouble(self, said: Any, status: int) -> Response:
        frame = self._frame("This cannot be shown")
        try:
            response = self._live.kit.html("preview/problem", frame, status=status, **said)
        except BadTemplate as worse:  # it is the preview's own pages that are broken
            script = escape(frame.scripts[0])
            body = f"<p id=live>{escape(str(worse))}</p><script src='{script}'></script>"
            response = HTMLResponse(f"<!doctype html><title>Preview</title>{body}", status_code=status)
        return self._printed(response)

    def _findings(self, preview: Preview) -> dict[str, Any] | None:
        """None where there are no checks."""
        check = self._check
        if check is None:
            return None
        found = self._checking.findings(str(self._live.edition), lambda: check(preview.house, self._issue))
        return {"looking": True, "groups": []} if found is None else sheets.findings(found)

    def _answer(self, request: Request) -> dict[str, Any] | None:
        told = self._told.get(request.query_params.get("told", ""))
        if told is None:
            return None
        if isinstance(told, proof.Sent):
            return {"well": told.accepted, "words": told.told}
        return {"well": False, "words": str(told)}

    def _preview(self, connection: Connection) -> Preview:
        return previews.preview(
            self._live.house(), connection, self._issue, publication=self._live.publication(connection)
        )

    def _seen(self, connection: Connection, look: Look) -> tuple[Preview, Reader]:
        preview = self._preview(connection)
        return preview, looking.reader(connection, preview, look)

    def _sheet(self, look: Look) -> sheets.Sheet | None:
        with self._live.house().store.read() as connection:
            preview, who = self._seen(connection, look)
            return sheets.sheet(preview.house, connection, preview, who, look)

    def _html(self, template: str, preview: Preview, **context: Any) -> Response:
        title = one_line(preview.edition.content.title)
        issue = {"name": preview.issue.name, "state": str(preview.issue.state), "title": title}
        frame = self._frame(f"{title}: preview")
        unapplied = self._unapplied(preview)
        return self._printed(
            self._live.kit.html(f"preview/{template}", frame, issue=issue, unapplied=unapplied, files=False, **context)
        )

    def _unapplied(self, preview: Preview) -> str:
        """The file that is shown though it is not applied; empty for none."""
        file = self._live.file
        if file is None or preview.issue.frozen_at is not None:
            return ""
        with preview.house.store.read() as connection:
            return f"{file.parent.name}/{file.name}" if self._live.publication(connection) else ""

    def _frame(self, title: str) -> Frame:
        linker = self._live.kit.linker
        framed = plain(linker, "/", title=title)
        return replace(framed, styles=(*framed.styles, linker("/", _SHEET)), scripts=(linker("/", _SCRIPT),))

    def _printed(self, response: HTMLResponse) -> Response:
        """With what its script asks by whether there is anything new: the version, and a print of the page."""
        body = bytes(response.body)
        mark = f'id=live data-version="{self._live.version}" data-print="{hashlib.sha256(body).hexdigest()[:16]}"'
        headers = {"Cache-Control": "no-store"}
        return HTMLResponse(body.replace(b"id=live", mark.encode(), 1), response.status_code, headers)


def _letter_page(html: str | None, look: Look) -> Response:
    if html is None:
        return PlainTextResponse("Nothing is new for this reader.")
    policy = _LETTER_POLICY.format(pictures=_SOURCES[look.pictures])
    headers = {"Content-Security-Policy": policy, "Cache-Control": "no-store"}
    return HTMLResponse(sheets.copy(html, look), headers=headers)


def _frames(found: comparing.Comparison, look: Look, then: str, now: str) -> list[dict[str, str]]:
    return [
        {"title": found.before.name, "src": then if found.then else ""},
        {"title": "This issue", "src": now if found.now else ""},
    ]
