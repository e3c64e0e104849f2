"""The door: what is asked for by the thousand goes straight to its pages, all else by the framework's longer way."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fastapi import FastAPI
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Router
from starlette.types import ASGIApp, Receive, Scope, Send

#: What turns an exception of a kind into an answer.
Handlers = Mapping[type[Exception], Callable[[Request, Any], Response]]


class Door:
    """An ASGI app before the whole one. `busy` are routes by what their paths begin with, such as "/u/"."""

    def __init__(
        self,
        whole: FastAPI,
        busy: Mapping[str, Sequence[BaseRoute]],
        handlers: Handlers,
        guarded: Callable[[ASGIApp], ASGIApp],
        *,
        prefix: str,
    ) -> None:
        for kind, handler in handlers.items():
            whole.add_exception_handler(kind, handler)
        self._whole, self._prefix = whole, prefix
        self._busy = {
            begins: guarded(ExceptionMiddleware(Router(routes, redirect_slashes=False), dict(handlers)))
            for begins, routes in busy.items()
        }

    @property
    def whole(self) -> FastAPI:
        """The app behind it, with all routes that are not busy."""
        return self._whole

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] == "http":
            path = scope["path"].removeprefix(self._prefix)
            if app := self._busy.get(path[: path.find("/", 1) + 1]):
                # Without a word on the app, a router answers what it has not got by itself.
                await app({**scope, "app": self._whole}, receive, send)
                return
        await self._whole(scope, receive, send)
