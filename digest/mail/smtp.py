"""SMTP: handing messages to the next hop (RFC 5321). aiosmtplib opens the connection; the transactions are ours."""

import asyncio
import ssl
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import cast

import aiosmtplib

from digest.errors import TransportRefused, TransportUnavailable
from digest.mail.commands import Offer
from digest.mail.replies import cleaned
from digest.mail.session import SmtpSession, SmtpTimeouts
from digest.mail.wire import Wire

#: EHLO refused with one of these: the server is older than ESMTP (RFC 5321, 3.2).
_KNOWS_ONLY_HELO = frozenset({500, 502})


class Security(StrEnum):
    """How the connection is protected; never less than asked for."""

    NONE = "none"  #: not at all: for a relay on the same machine
    STARTTLS = "starttls"  #: plain at first, then upgraded, or given up
    TLS = "tls"  #: encrypted from the first byte


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpConfig:
    """Where the next hop is and how it is spoken to."""

    host: str
    port: int
    #: What the ledger calls it.
    name: str = "smtp"
    #: The table of settings that says all this, for whoever has to mend it.
    keys: str = "mail.smtp"
    security: Security = Security.STARTTLS
    #: Empty for no AUTH.
    username: str = ""
    password: str = field(default="", repr=False)
    #: How many connections may be open at once.
    connections: int = 4
    #: Messages after which a connection is ended in good order; many servers cut it at 100 in bad order.
    max_messages: int = 100
    #: What EHLO says; empty for this machine's full name.
    helo_name: str = ""
    #: Certificates to trust instead of the system's; they are always verified.
    ca_file: Path | None = None
    timeouts: SmtpTimeouts = field(default_factory=SmtpTimeouts)


class SmtpTransport:
    """The way to the next hop by SMTP."""

    def __init__(self, config: SmtpConfig) -> None:
        self._config = config
        self.name = config.name
        self._keys = config.keys
        self._where = f"The mail server at {config.host}:{config.port}"

    @property
    def connections(self) -> int:
        """How many sessions may be open at once."""
        return self._config.connections

    async def connect(self) -> SmtpSession:
        """Open a session: TCP, TLS, greeting, EHLO, AUTH. Raises TransportUnavailable, TransportRefused."""
        try:
            client = self._client()
        except (ValueError, OSError) as exc:
            raise self._unspeakable(exc) from exc
        try:
            return await self._opened(client)
        except BaseException:
            client.close()
            raise

    def _client(self) -> aiosmtplib.SMTP:
        config = self._config
        return aiosmtplib.SMTP(
            hostname=config.host,
            port=config.port,
            local_hostname=config.helo_name or None,
            timeout=config.timeouts.opening,
            use_tls=config.security is Security.TLS,
            start_tls=False,  # done step by step below, so that what fails can be named
            tls_context=None if config.security is Security.NONE else self._tls,
        )

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self._config.ca_file)

    async def _opened(self, client: aiosmtplib.SMTP) -> SmtpSession:
        try:
            await client.connect()
            await _introduce(client)
            if self._config.security is Security.STARTTLS:
                await self._encrypt(client)
            if self._config.username:
                await self._log_in(client)
        except aiosmtplib.SMTPResponseException as exc:
            raise self._turned_away(exc) from exc
        except (aiosmtplib.SMTPException, OSError) as exc:
            raise self._unreachable(exc) from exc
        except ValueError as exc:
            raise self._unspeakable(exc) from exc
        return self._taken_over(client)

    async def _encrypt(self, client: aiosmtplib.SMTP) -> None:
        if not client.supports_extension("starttls"):
            # Also what an attacker on the way does: strip the offer and listen in (RFC 3207, 6).
            raise self._unavailable(
                "does not offer STARTTLS, and nothing is sent unprotected",
                f"Check {self._keys}.port, and {self._keys}.security if the server is on this machine.",
            )
        try:
            await client.starttls()
        except aiosmtplib.SMTPResponseException as exc:
            raise self._unavailable(f"refused STARTTLS ({_said(exc)})", "Ask whoever runs it.") from exc
        await _introduce(client)

    async def _log_in(self, client: aiosmtplib.SMTP) -> None:
        remedy = f"Check {self._keys}.username and {self._keys}.password."
        if not client.supported_auth_methods:
            raise self._refused("offers no AUTH that is known here", f"{remedy} Without TLS many servers offer none.")
        try:
            await client.login(self._config.username, self._config.password)
        except aiosmtplib.SMTPAuthenticationError as exc:
            if 400 <= exc.code < 500:
                raise self._unavailable(f"cannot check the login for now ({_said(exc)})", "Try again later.") from exc
            raise self._refused(f"does not accept the login ({_said(exc)})", remedy) from exc
        except ValueError as exc:
            raise self._refused(f"cannot be sent this login: {exc}", remedy) from exc

    def _taken_over(self, client: aiosmtplib.SMTP) -> SmtpSession:
        if client.transport is None or client.transport.is_closing():
            raise self._unavailable("hung up", "Try again later.")
        wire = Wire(cast("asyncio.Transport", client.transport))
        offer = Offer.of(client.esmtp_extensions)
        config = self._config
        return SmtpSession(wire, offer, config.timeouts, max_messages=config.max_messages, name=config.name)

    def _unspeakable(self, exc: Exception) -> TransportRefused:
        """Names and files that no connection can be made with."""
        why = cleaned(_words(exc))
        return self._refused(f"cannot be reached with these settings: {why}", f"Check {self._keys}.host and ca_file.")

    def _turned_away(self, exc: aiosmtplib.SMTPResponseException) -> TransportUnavailable | TransportRefused:
        """By the code of a greeting or of the answer to EHLO."""
        if 500 <= exc.code < 600:
            return self._refused(f"turns us away ({_said(exc)})", f"Check {self._keys}.host; else ask whoever runs it.")
        return self._unavailable(f"turns us away for now ({_said(exc)})", "Try again later.")

    def _unreachable(self, exc: Exception) -> TransportUnavailable:
        cause = exc.__cause__ if isinstance(exc.__cause__, OSError) else exc
        if isinstance(cause, ssl.SSLCertVerificationError):
            return self._unavailable(
                f"shows a certificate that cannot be trusted ({cause.verify_message})",
                f"Check {self._keys}.host, or name the certificate's issuer in {self._keys}.ca_file.",
            )
        if isinstance(cause, ssl.SSLError):
            return self._unavailable(
                f"does not speak TLS as asked ({cause.reason or cause})",
                f"Check {self._keys}.port and {self._keys}.security.",
            )
        why = "no answer in time" if isinstance(cause, TimeoutError) else cleaned(_words(cause))
        return self._unavailable(f"cannot be reached ({why})", f"Check {self._keys}.host and that the server is up.")

    def _unavailable(self, what: str, remedy: str) -> TransportUnavailable:
        return TransportUnavailable(f"{self._where} {what}.", remedy=remedy)

    def _refused(self, what: str, remedy: str) -> TransportRefused:
        return TransportRefused(f"{self._where} {what}.", remedy=remedy)


async def _introduce(client: aiosmtplib.SMTP) -> None:
    try:
        await client.ehlo()
    except aiosmtplib.SMTPHeloError as exc:
        if exc.code not in _KNOWS_ONLY_HELO:
            raise
        await client.helo()


def _said(exc: aiosmtplib.SMTPResponseException) -> str:
    return cleaned(f"{exc.code} {exc.message}" if exc.code > 0 else exc.message)


def _words(exc: BaseException) -> str:
    return (exc.strerror if isinstance(exc, OSError) else None) or str(exc)
