"""Conversations with a server that misbehaves as told, on both event loops."""

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
import uvloop

from digest.mail.session import SmtpTimeouts
from digest.mail.smtp import Security, SmtpConfig, SmtpTransport
from digest.model.delivery import Envelope, Handover
from digest.ports import BeforeDot, Session
from tests.support.smtp_sink import SmtpSink

MESSAGE = b"Subject: News\r\nMessage-ID: <1@news.example>\r\n\r\nHello.\r\n"
PATIENT = SmtpTimeouts(opening=20, mail=20, rcpt=20, data=20, block=20, dot=20, polite=20)


async def yes() -> bool:
    """The ledger says that the message may go."""
    return True


@dataclass
class Exchange:
    """Hands messages to a sink, one after the other, on one connection for as long as that lasts."""

    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None
    handovers: list[Handover] = field(default_factory=list)
    #: How often `before_dot` was asked.
    asked: int = 0

    def __call__(
        self,
        sink: SmtpSink,
        *,
        messages: Sequence[bytes] = (MESSAGE,),
        sender: str = "bounce@news.example",
        recipient: str = "reader@example.org",
        before_dot: BeforeDot = yes,
        timeouts: SmtpTimeouts = PATIENT,
        security: Security = Security.NONE,
        username: str = "",
        password: str = "",
        max_messages: int = 100,
        ca_file: Path | None = None,
        helo_name: str = "news.example",
        between: float = 0.0,
        ahead: bool = False,
    ) -> list[Handover]:
        """The outcomes; what the sink saw is in the sink. `ahead` has each session expect the message after."""

        async def asked(session: Session | None = None, following: tuple[Envelope, bytes] | None = None) -> bool:
            self.asked += 1
            if session and following:
                session.expect(*following)
            return await before_dot()

        async def story() -> None:
            async with sink:
                transport = SmtpTransport(
                    SmtpConfig(
                        host="127.0.0.1",
                        port=sink.port,
                        security=security,
                        username=username,
                        password=password,
                        max_messages=max_messages,
                        ca_file=ca_file,
                        helo_name=helo_name,
                        timeouts=timeouts,
                    )
                )
                session = None
                orders = [
                    (Envelope(envelope_sender=sender, recipient=recipient, envelope_id=f"d{number}"), message)
                    for number, message in enumerate(messages)
                ]
                for order, following in zip(orders, [*orders[1:], None], strict=True):
                    session = session or await transport.connect()
                    before = asked if not (ahead and following) else partial(asked, session, following)
                    self.handovers.append(await session.hand_over(*order, before))
                    if self.handovers[-1].closed:
                        await session.close()
                        session = None
                    await asyncio.sleep(between)
                if session:
                    await session.close()

        with asyncio.Runner(loop_factory=self.loop_factory) as runner:
            runner.run(story())
        return self.handovers


@pytest.fixture(params=[None, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def exchange(request: pytest.FixtureRequest) -> Exchange:
    """A fresh exchange, on each event loop: they differ in how they buffer, pause and lose connections."""
    return Exchange(request.param)


@dataclass(frozen=True)
class Certificate:
    """A self-signed certificate for 127.0.0.1."""

    file: Path
    server: ssl.SSLContext


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """Made anew for each run, so that none grows old in the project."""
    if shutil.which("openssl") is None:
        pytest.skip("the openssl command is needed to make a certificate")
    folder = tmp_path_factory.mktemp("certificate")
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run(["openssl", "req", "-x509", *kind, *names, *files], check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return Certificate(folder / "cert.pem", context)
