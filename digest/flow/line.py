"""A line: one connection to the next hop, opened anew when it ends, and what it makes of the answers."""

import asyncio
from datetime import UTC, datetime
from typing import NamedTuple

from digest.errors import Problem
from digest.flow.apiece import to_the_end
from digest.flow.feed import Letter
from digest.flow.lines import Lines
from digest.mail.replies import cleaned
from digest.model.delivery import About, Attempt, Envelope, Handover, Outcome, Phase
from digest.ports import Session

#: How long a line waits that may not be open, or could not be opened, before it looks again.
_PAUSE_SECONDS = 0.5


async def run(lines: Lines) -> None:
    """Hand over what the feed brings, over as many connections as there may be, until it brings no more."""
    try:
        await to_the_end([_Line(lines, index).work() for index in range(lines.relays.connections)])
    finally:
        await lines.close_spare()


class _Made(NamedTuple):
    """A letter, ready to go; or why it could not be made."""

    letter: Letter
    envelope: Envelope
    message: bytes
    trouble: Handover | None = None


class _Line:
    """One connection at a time."""

    def __init__(self, lines: Lines, index: int) -> None:
        self._lines, self._index = lines, index
        self._feed, self._journal, self._stop = lines.feed, lines.journal, lines.stop
        self._session: Session | None = None
        self._now: _Made | None = None
        self._marked = False
        #: Made while the marker of the one before was being written.
        self._next: _Made | None = None

    async def work(self) -> None:
        """Hand over letter after letter, for as long as there is one."""
        try:
            while not self._stop.wanted and (made := self._next or _made(await self._feed.next())):
                self._now, self._next = made, None
                if (self._session and self._lines.may_open(self._index)) or await self._is_open():
                    await self._hand_over(made)
                else:
                    self._feed.put_back(made.letter)
                    await asyncio.sleep(_PAUSE_SECONDS)
        except Problem as problem:
            self._stop.because(problem)
        except Exception:  # the others end in order: their dots may be out
            self._stop.wanted = True
            self._feed.end()
            raise
        finally:
            self._lines.end(self._index)
            if self._next:
                self._feed.put_back(self._next.letter)
            await self._close()

    async def _is_open(self) -> bool:
        """Whether there is a session; opens one if there may be one."""
        if not self._lines.may_open(self._index):
            await self._close()
        elif self._session is None:
            self._session = await self._lines.open()
        return self._session is not None

    async def _close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await self._lines.close(session)

    async def _hand_over(self, made: _Made) -> None:
        """One attempt, and what it came to."""
        assert self._session is not None
        started_at = datetime.now(UTC)
        try:
            handover = made.trouble or await self._attempted(made)
        except Problem as problem:  # the marker could not be committed, so no dot went out
            self._feed.put_back(made.letter)
            self._stop.because(problem)
            await self._close()
            return
        if handover.outcome is Outcome.ACCEPTED:  # as nearly all are
            self._settle(made.letter, started_at, handover, self._session.name)
        elif _was_idle(handover) and self._lines.forgives_idle_end():
            self._feed.put_back(made.letter)
        else:
            self._settle(made.letter, started_at, _held_if_about_us(handover), self._session.name)
        if handover.closed or self._session.name in self._lines.relays.given_up:
            await self._close()

    async def _attempted(self, made: _Made) -> Handover:
        assert self._session is not None
        self._marked = False
        try:
            return await self._session.hand_over(made.envelope, made.message, self._before_dot)
        except Problem:
            raise
        except Exception as error:  # a mistake of ours over one letter must not stop the others either
            end, phase = (Outcome.UNKNOWN, Phase.DOT) if self._marked else (Outcome.DEFERRED, Phase.MAIL)
            words = _words("the letter cannot be handed over", error)
            return Handover(outcome=end, phase=phase, diagnostic=words, closed=True)

    def _settle(self, letter: Letter, started_at: datetime, handover: Handover, by: str) -> None:
        self._feed.done(letter)
        self._journal.settle(Attempt(letter.id, started_at, datetime.now(UTC), handover, by))
        self._lines.learn(handover, by)

    async def _before_dot(self) -> bool:
        """Have the marker committed, and make the next letter meanwhile."""
        assert self._now is not None
        marking = self._journal.mark(self._now.letter.id)
        if not self._stop.wanted and self._lines.may_open(self._index):
            self._look_ahead()
        self._marked = await marking
        return self._marked

    def _look_ahead(self) -> None:
        """The next letter, made and announced if it is there; what is wrong with it is none of this one's business."""
        assert self._session is not None
        self._next = _made(self._feed.pick())
        if self._next and not self._next.trouble:
            try:
                self._session.expect(self._next.envelope, self._next.message)
            except Exception as error:
                self._next = _spoilt(self._next.letter, "the letter cannot be handed over", error)


def _made(letter: Letter | None) -> _Made | None:
    if letter is None:
        return None
    try:
        return _Made(letter, *letter.made())
    except Exception as error:  # one reader's letter that cannot be made must not stop the others
        return _spoilt(letter, "the letter cannot be made", error)


def _spoilt(letter: Letter, what: str, error: Exception) -> _Made:
    trouble = Handover(outcome=Outcome.DEFERRED, phase=Phase.CONNECT, diagnostic=_words(what, error))
    return _Made(letter, Envelope(envelope_sender="", recipient="", envelope_id=""), b"", trouble)


def _words(what: str, error: Exception) -> str:
    return cleaned(f"{what}: {type(error).__name__} {error}")


def _was_idle(handover: Handover) -> bool:
    """The connection had ended while it was idle: nothing was tried, and another may take its place."""
    return handover.closed and handover.outcome is Outcome.DEFERRED and handover.phase is Phase.CONNECT


def _held_if_about_us(handover: Handover) -> Handover:
    """A refusal for good that is about us says nothing of this reader: the delivery is kept for when we are mended."""
    if handover.outcome is Outcome.FAILED and handover.about is About.US:
        return handover._replace(outcome=Outcome.DEFERRED)
    return handover
