"""The desk: answers for the preview of one issue, as it is at the moment of each request."""

import hashlib
import hmac
import re
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
from digest.flow.variants import Map, Variant, variants
from digest.model.finding import Finding
from digest.rendering.fragments import one_line
from digest.storage import overrules
from digest.web import forms, looking, preview_page, sheets
from digest.web import preview_facts as facts
from digest.web.app import file_response
from digest.web.checking import Aside, looked_over
from digest.web.forms import Form, FormRefused
from digest.web.frame import Frame, plain
from digest.web.live import Live
from digest.web.looking import ALIKE, HELD, MODE, SHOWN, VIEWS, WIDTH, Look

#: The letter itself: what a mail program would show, and no script whatever it holds.
_LETTER_POLICY = (
    "default-src 'none'; img-src {pictures}; style-src 'unsafe-inline'; frame-ancestors 'self'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)
_SOURCES = {"shown": "https: data:", "off": "'none'"}
_SHEET, _SCRIPT = "/static/preview.css", "/static/preview.js"
#: What was told of tests is kept, so that loading a page again does not send another.
_TOLD = 16
#: Seconds in which a few thousand readers are counted; a page waits no longer for more of them.
_PATIENCE = 1.5
#: Where a page says by which version it was made. Names and titles hold no bare brackets, so none can look like it.
_LIVE = re.compile(rb'(<(?:header|div|p) (?:class="head" )?)id=live\b')

#: Looks an issue over, as `digest check` does without asking the network.
Check = Callable[[House, str], Sequence[Finding]]


class Desk:
    """Answers for one issue, as it is at the moment of each request."""

    def __init__(self, live: Live, issue_name: str, check: Check | None) -> None:
        self._live, self._issue, self._check = live, issue_name, check
        self._checking: Aside[tuple[Finding, ...]] = Aside(live.tell)
        self._counting: Aside[Map] = Aside(live.tell)
        self._token = secrets.token_urlsafe(24)
        self._told: OrderedDict[str, proof.Sent | Problem] = OrderedDict()

    def page(self, request: Request) -> Response:
        """The controls, the facts and the letter."""
        look, found = looking.look(request.query_params), request.query_params.get("find", "").strip()
        with self._live.house().store.read() as connection:
            preview, who = self._seen(connection, look)
            matching = previews.found_readers(preview.house, connection, preview.issue, found) if found else []
            if len(matching) == 1 and matching[0].held:
                # Shown at once: a redirect could be told from afar, and with it who subscribes.
                look, found = replace(look, reader=f"{HELD}{matching[0].held.id}"), ""
                who = looking.reader(connection, preview, look)
            context = preview_page.page(connection, preview, who, look, self._counted())
            context["search"] = preview_page.search(preview, matching, found, look)
            context |= self._beside(connection, preview)
        context |= {"told": self._answer(request), "token": self._token}
        return self._html("page", preview, **context)

    def letters(self, request: Request) -> Response:
        """All letters of the issue, and how many readers get each; where they are very many, once they are counted."""
        look = looking.look(request.query_params)
        with self._live.house().store.read() as connection:
            preview = self._preview(connection)
            found = self._counted(wait=_PATIENCE)
            if self._counting.failed(str(self._live.edition)):
                found = self._count()  # so that the page says what is wrong
            href: Callable[[str], str] = lambda key: preview_page.address(replace(look, reader=f"{ALIKE}{key}"))  # noqa: E731
            held_at = preview_page.held_at(look)
            example: Callable[[Variant], object] = lambda v: facts.example(connection, preview, v.example, held_at)  # noqa: E731
            every = sheets.every_letter(preview, found, href, example) if found else None
            context: dict[str, Any] = {"every": every, "schedule": facts.schedule(preview)}
            context |= self._beside(connection, preview)
        return self._html("letters", preview, groups=[], back=preview_page.address(look), **context)

    def compare(self, request: Request) -> Response:
        """A reader's letter beside the one before."""
        look = looking.look(request.query_params)
        with self._live.house().store.read() as connection:
            preview, who = self._seen(connection, look)
            found = comparing.compare(preview.house, connection, preview, who)
            if found is None:
                raise UnknownName("No issue came out before this one, so there is nothing to compare with.")
            unapplied = self._unapplied(connection, preview)
        plain = replace(look, view=VIEWS[0])
        every = sheets.choices(preview.house, plain, lambda to: f"/compare?{to.query}")
        choices = [group for group in every if group["label"] in (WIDTH, MODE, SHOWN)]
        return self._html(
            "compare",
            preview,
            who=who.label,
            before=found.before.name,
            comparison=sheets.comparison(found),
            choices=choices,
            keys=preview_page.keys(choices),
            frames=_frames(found, look, f"/before?{look.query}", f"/letter?{look.query}"),
            look=look,
            back=preview_page.address(look),
            unapplied=unapplied,
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

    def _beside(self, connection: Connection, preview: Preview) -> dict[str, Any]:
        """What is told beside a letter whoever gets it."""
        return {"findings": self._findings(connection, preview), "unapplied": self._unapplied(connection, preview)}

    def _findings(self, connection: Connection, preview: Preview) -> dict[str, Any] | None:
        """None where there are no checks."""
        check = self._check
        if check is None:
            return None
        house, edition = preview.house, str(self._live.edition)
        found = self._checking.found(edition, lambda: looked_over(lambda: check(house, self._issue)))
        if found is None:
            return {"looking": True, "groups": []}
        overruled = overrules.in_force(connection, preview.issue)
        return facts.findings(found, overruled, preview.edition.publication.newsletter.zone)

    def _counted(self, wait: float = 0.0) -> Map | None:
        """All letters with their readers; None while they are being counted, for which one may `wait` some seconds."""
        return self._counting.found(str(self._live.edition), self._count, wait=wait)

    def _count(self) -> Map:
        with self._live.house().store.read() as connection:
            return variants(connection, self._preview(connection), examples=True)

    def _unapplied(self, connection: Connection, preview: Preview) -> dict[str, Any] | None:
        """The newsletter's file, where it is not applied as it stands; what is out does not change with it."""
        said = None if preview.issue.frozen_at else self._live.unapplied(connection)
        return facts.unapplied(said, shown=self._live.shows_file)

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
        return self._printed(self._live.kit.html(f"preview/{template}", frame, issue=issue, files=False, **context))

    def _frame(self, title: str) -> Frame:
        linker = self._live.kit.linker
        framed = plain(linker, "/", title=title)
        return replace(framed, styles=(*framed.styles, linker("/", _SHEET)), scripts=(linker("/", _SCRIPT),))

    def _printed(self, response: HTMLResponse) -> Response:
        """With what its script asks by whether there is anything new: the version, and a print of the page."""
        body = bytes(response.body)
        mark = f'id=live data-version="{self._live.version}" data-print="{hashlib.sha256(body).hexdigest()[:16]}"'
        headers = {"Cache-Control": "no-store"}
        marked = _LIVE.sub(lambda found: found[1] + mark.encode(), body, count=1)
        return HTMLResponse(marked, response.status_code, headers)


def _letter_page(html: str | None, look: Look) -> Response:
    if html is None:
        return PlainTextResponse("Nothing is new for this reader.")
    policy = _LETTER_POLICY.format(pictures=_SOURCES[look.pictures])
    # Browsers refuse what is in a sandbox and also wants a window of its own; that of the page around it is enough.
    alone = {"Cross-Origin-Opener-Policy": "unsafe-none"}
    headers = {"Content-Security-Policy": policy, "Cache-Control": "no-store", **alone}
    return HTMLResponse(sheets.copy(html, look), headers=headers)


def _frames(found: comparing.Comparison, look: Look, then: str, now: str) -> list[dict[str, str]]:
    return [
        {"title": found.before.name, "src": then if found.then else ""},
        {"title": "This issue", "src": now if found.now else ""},
    ]
