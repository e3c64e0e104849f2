"""A folder of .eml files: the transport with which nothing leaves the machine."""

import asyncio
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from digest.errors import TransportUnavailable
from digest.mail.replies import cleaned
from digest.model.delivery import About, Envelope, Handover, Outcome, Phase
from digest.ports import BeforeDot


class FolderTransport:
    """Writes each message to a file named after its envelope id, so that the same delivery twice is one file."""

    name = "folder"

    def __init__(self, folder: Path, *, connections: int = 4) -> None:
        self._folder = folder
        self._connections = connections

    @property
    def connections(self) -> int:
        """How many sessions may be open at once."""
        return self._connections

    async def connect(self) -> "FolderSession":
        """Make the folder if it is missing. Raises TransportUnavailable when it cannot be written."""
        try:
            await asyncio.to_thread(self._try_out)
        except OSError as exc:
            raise TransportUnavailable(
                f"Messages cannot be written to {self._folder} ({exc.strerror}).",
                remedy="Check mail.folder.path, its permissions and the free space.",
            ) from exc
        return FolderSession(self._folder)

    def _try_out(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        # Trying is the only test that a read-only disk, a quota and a container's user all fail.
        with tempfile.TemporaryFile(dir=self._folder) as file:
            file.write(b".")


class FolderSession:
    """Puts files in place the way mail is handed over: the rename is the final dot."""

    name = FolderTransport.name

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def hand_over(self, envelope: Envelope, message: bytes, before_dot: BeforeDot) -> Handover:
        """Write the message; it appears under its name only when `before_dot` has said yes."""
        final = self._folder / f"{quote(envelope.envelope_id, safe='@+=')}.eml"
        try:
            draft = await asyncio.to_thread(_written, self._folder, message)
        except OSError as exc:
            return _trouble(Outcome.DEFERRED, Phase.DATA, exc)
        with _gone_in_the_end(draft):
            if not await before_dot():
                return Handover(outcome=Outcome.WITHHELD, phase=Phase.DATA)
            return await asyncio.to_thread(_put_in_place, draft, final)

    def expect(self, envelope: Envelope, message: bytes) -> None:
        """Nothing can be saved by it here."""

    async def close(self) -> None:
        """Nothing is open between messages."""


def _written(folder: Path, message: bytes) -> Path:
    """The message in a hidden file that is on the disk, not only in memory."""
    handle, name = tempfile.mkstemp(dir=folder, prefix=".", suffix=".part")
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(message)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return draft


@contextmanager
def _gone_in_the_end(draft: Path) -> Iterator[None]:
    try:
        yield
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def _put_in_place(draft: Path, final: Path) -> Handover:
    try:
        draft.replace(final)
    except OSError as exc:
        return _trouble(Outcome.DEFERRED, Phase.DOT, exc)
    try:
        _sync(final.parent)
    except OSError as exc:
        # It is there, but a power cut may still take it.
        return _trouble(Outcome.UNKNOWN, Phase.DOT, exc)
    return Handover(outcome=Outcome.ACCEPTED, phase=Phase.DOT, diagnostic=f"written to {final.name}")


def _sync(folder: Path) -> None:
    """Make the new name survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _trouble(outcome: Outcome, phase: Phase, exc: OSError) -> Handover:
    # Closed, so that the next message has to connect, which says in plain words what is wrong with the folder.
    return Handover(outcome=outcome, phase=phase, diagnostic=cleaned(str(exc)), about=About.US, closed=True)
