"""The guard around every response: headers that keep browsers strict, and no trace to anybody when something breaks."""

import logging
from collections.abc import Callable, Mapping, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: No script at all, no inline style, no frame around us, forms only to ourselves.
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' https:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
#: A reader's own page loads nothing from elsewhere, not even a logo.
PRIVATE_POLICY = POLICY.replace(" https:", "")


def loading_from(origins: Sequence[str]) -> str:
    """The policy of a page that has to load somebody else's script, with its frames and styles, and nothing more."""
    named = " ".join(origins)
    return (
        f"default-src 'none'; script-src {named}; frame-src {named}; connect-src {named}; style-src 'self' {named}; "
        "img-src 'self' https:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


_ALWAYS = {"Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff"}
_PRIVATE = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex", "Content-Security-Policy": PRIVATE_POLICY}

_log = logging.getLogger(__name__)


class Guard:
    """An ASGI layer. `broken` makes the page for what nobody foresaw; paths under `private` bear somebody's token."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        broken: Callable[[Request], Response],
        policy: str = POLICY,
        private: tuple[str, ...] = (),
        prefix: str = "",
    ) -> None:
        self._app, self._broken, self._private, self._prefix = app, broken, private, prefix
        self._headers = _raw({"Content-Security-Policy": policy, **_ALWAYS})
        self._private_headers = _raw({**_ALWAYS, **_PRIVATE})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and see to what comes back."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_private = scope["path"].removeprefix(self._prefix).startswith(self._private)
        headers = self._private_headers if is_private else self._headers
        # ASGI's word for where the app lies: routes match with it and without, whatever the proxy passes on.
        scope = {**scope, "root_path": self._prefix} if self._prefix else scope
        started = False

        async def guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                present = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(each for each in headers if each[0] not in present)]
            await send(message)

        try:
            await self._app(scope, receive, guarded)
        except Exception:
            # The path may hold a reader's token, so it is not told.
            _log.exception("A page could not be made.")
            if started:
                raise
            await self._broken(Request(scope))(scope, receive, guarded)


def _raw(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """As ASGI has them: once for all answers."""
    return [(name.lower().encode("ascii"), value.encode("ascii")) for name, value in headers.items()]
