"""Forms: what a browser posts, read within limits."""

from urllib.parse import parse_qs

from fastapi import Request

from digest.errors import Never
from digest.rendering.tongues import marked

#: No form of ours comes near it.
LIMIT = 64 * 1024
_FIELDS = 500

Form = dict[str, list[str]]


class FormRefused(Never):
    """What was posted cannot be taken; nothing was changed. Its sentences are marked, to be said where it is shown."""


def _too_much() -> FormRefused:
    return FormRefused(marked("That was more than this page can take."), remedy=marked("Go back and try again."))


async def body(request: Request) -> bytes:
    """All that was posted. Raises FormRefused when it is longer than any form of ours."""
    read = b""
    async for chunk in request.stream():
        read += chunk
        if len(read) > LIMIT:
            raise _too_much()
    return read


async def read(request: Request) -> Form:
    """The fields of a posted form. Raises FormRefused when it is longer than any form of ours."""
    posted = await body(request)
    try:
        return parse_qs(posted.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_FIELDS)
    except ValueError as error:
        raise _too_much() from error


async def drain(request: Request) -> None:
    """Read a body that says nothing we need to know, but not without end."""
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > LIMIT:
            return


def first(form: Form, name: str) -> str:
    """The value of a field that comes once; empty when it does not come."""
    return form.get(name, [""])[0]


def client(request: Request) -> str:
    """The network address that a request comes from; behind a proxy, what the proxy says of it."""
    return request.client.host if request.client else ""
