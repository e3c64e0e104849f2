"""A widget of somebody else's, whose tokens are verified by POST, as hCaptcha, Turnstile and reCAPTCHA do it.

Fields `secret`, `response` and `remoteip`; the answer is JSON with `success`.
"""

import asyncio
import json
import logging
import re
import ssl
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import urlencode

import httpcore

from digest.model.person import Task, Verdict

#: All that a token can be.
_TOKEN = re.compile(r"[!-~]{1,8000}")
#: No answer says more that we need.
_LONGEST_ANSWER = 64_000
_FORM: list[tuple[bytes | str, bytes | str]] = [
    ("Content-Type", "application/x-www-form-urlencoded"),
    ("Accept", "application/json"),
]
_log = logging.getLogger(__name__)


class _Useless(Exception):  # noqa: N818  it says what came
    """Something came, but no word on the token."""


@dataclass(frozen=True, kw_only=True)
class SiteverifyCheck:
    """One service, as a site is registered with it."""

    task: Task
    verify_url: str
    secret: str = field(repr=False)
    timeout_seconds: float

    def passed(self, answer: str, *, client: str) -> Verdict:
        """What the service says of a token. Unknown when it does not say it in time."""
        # What is no token must not look as if nobody could tell, which may let people in.
        if not _TOKEN.fullmatch(answer):
            return Verdict.REFUSED
        try:
            return asyncio.run(self._asked(answer, client))
        except (_Useless, OSError, ValueError, httpcore.NetworkError, httpcore.ProtocolError) as error:
            _log.warning(
                "Nobody can tell whether people sign up: %s: %s", self.verify_url, error or "no answer in time"
            )
            return Verdict.UNKNOWN

    @cached_property
    def _trusted(self) -> ssl.SSLContext:
        """The authorities of this machine; they take a while to read."""
        return ssl.create_default_context()

    async def _asked(self, answer: str, client: str) -> Verdict:
        fields = {"secret": self.secret, "response": answer} | ({"remoteip": client} if client else {})
        async with asyncio.timeout(self.timeout_seconds):
            return _verdict(await self._posted(urlencode(fields).encode()))

    async def _posted(self, body: bytes) -> bytes:
        """The answer's body; it follows no redirect, as the secret is in what would go elsewhere."""
        pool = httpcore.AsyncConnectionPool(ssl_context=self._trusted)
        async with pool, pool.stream("POST", self.verify_url, headers=_FORM, content=body) as response:
            if response.status != 200:
                raise _Useless(f"it answered {response.status}")
            read = b""
            async for chunk in response.aiter_stream():
                read += chunk
                if len(read) > _LONGEST_ANSWER:
                    raise _Useless("it answered more than can be meant")
            return read


def _verdict(body: bytes) -> Verdict:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _Useless("it answered no JSON") from error
    if not isinstance(said, dict) or not isinstance(said.get("success"), bool):
        raise _Useless("it did not say whether it was a success")
    return Verdict.PASSED if said["success"] else Verdict.REFUSED
