"""The preview's guard: its pages name readers, so no page of another site may ask for them, nor learn whether it could.

A web page elsewhere cannot read what this server answers, but it can have it asked for, and count: redirects, frames,
how long it takes. Browsers say whose request it is (Sec-Fetch-Site, of the Fetch standard's metadata headers); whoever
says nothing, such as curl, shows its answers to nobody else.
"""

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: By the preview's own pages, or by somebody who wrote the address, chose a bookmark or loaded the page again.
_OURS = frozenset({"same-origin", "none"})
_REFUSED = "This page names readers, so it is shown to nobody who comes from another page. Write its address yourself."
_ALONE = {"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin"}


class OwnPages:
    """An ASGI layer that answers only what was asked for by our own pages, or by nobody's."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, unless it is another page's; and have browsers keep what comes back to ourselves."""

        async def kept(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _ALONE.items():
                    headers.setdefault(name, value)
            await send(message)

        if scope["type"] != "http" or Headers(scope=scope).get("sec-fetch-site", "none") in _OURS:
            await self._app(scope, receive, kept)
        else:
            refused = PlainTextResponse(_REFUSED, status_code=403, headers={"Cache-Control": "no-store"})
            await refused(scope, receive, kept)
