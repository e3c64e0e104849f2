"""A mail server on this machine that keeps every message as a file; for trying things out."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from digest.errors import SettingsRefused


@contextmanager
def mail_server(folder: Path) -> Iterator[int]:
    """A real SMTP server on loopback while the block runs. Yields its port."""
    try:
        from aiosmtpd.smtp import SMTP
    except ImportError as error:
        raise SettingsRefused(
            "The demo's mail server needs the extra “demo”.", remedy="pip install 'topic-digest[demo]'."
        ) from error
    folder.mkdir(parents=True, exist_ok=True)
    keep = _Keep(folder)
    loop = asyncio.new_event_loop()
    # aiosmtpd's own controller cannot take any free port.
    server = loop.run_until_complete(loop.create_server(lambda: SMTP(keep, loop=loop), "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever, name="mail-server", daemon=True)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


class _Keep:
    """Keeps messages, numbered in the order in which they came."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = len(list(folder.glob("*.eml")))

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  aiosmtpd's name
        self._count += 1
        name = f"{self._count:05}-{envelope.rcpt_tos[0].replace('/', '_')}.eml"
        (self._folder / name).write_bytes(envelope.original_content)
        return "250 2.0.0 kept"
