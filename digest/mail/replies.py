"""SMTP replies: read from the wire, and judged by what they mean for one delivery (RFC 5321, RFC 3463)."""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from digest.model.delivery import About, Handover, Outcome, Phase

#: A reply of more bytes than this is not a reply; the longest honest EHLO is a few kB.
MAX_REPLY = 65_536
#: Answers up to this many bytes are remembered.
_QUICK = 200
#: Enough to keep the server's reason and its link to an explanation.
MAX_DIAGNOSTIC = 500

_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)
_ENHANCED = re.compile(r"([245]\.[0-9]{1,3}\.[0-9]{1,3})(?:\s+|$)")
#: Words by which servers that give no status code say that the refusal is about the sender.
_POLICY = re.compile(
    r"\b(spam|block(ed|list)?|black ?list|banned|polic(y|ies)|reputation|denied|relay(ing)?|sender"
    r"|authenticat\w+|spf|dkim|dmarc|too (many|much)|rate)\b",
    re.IGNORECASE,
)
#: Codes that RFC 5321 defines as being about the mailbox named in RCPT.
_ABOUT_MAILBOX = frozenset({450, 550, 551, 552, 553})
_ABOUT_LOGIN = frozenset({421, 530, 534, 535, 538})
#: Details of X.1.*, the addresses, that speak of the sender's address or the relay (RFC 3463, 3.2).
_NOT_RECIPIENT = frozenset({"7", "8", "9"})
#: Too long for this mailbox (X.2.3) is about the message.
_MESSAGE_TOO_LONG = "3"


class Reply(NamedTuple):
    """One reply of a server, its lines joined."""

    code: int
    #: RFC 3463 status such as "5.1.1"; empty when there is none.
    enhanced: str
    #: The words without the codes: one line, no controls, at most 500 characters.
    text: str

    @property
    def positive(self) -> bool:
        """Whether the command did what it should (2yz)."""
        return 200 <= self.code < 300


def cleaned(text: str) -> str:
    """One line of at most 500 characters in which nothing can move the cursor or the reading direction."""
    if len(text) <= MAX_DIAGNOSTIC and text.isascii() and text.isprintable():
        return " ".join(text.split())  # nearly all are
    visible = "".join(" " if unicodedata.category(char) in _UNSEEN else char for char in text[: MAX_DIAGNOSTIC * 8])
    return " ".join(visible.split())[:MAX_DIAGNOSTIC]


_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


class ReplyReader:
    """Makes replies of bytes, however the network cuts them. `broken` says what was wrong once something was."""

    def __init__(self) -> None:
        self.broken = ""
        self._buffer = bytearray()
        self._lines: list[tuple[int, str]] = []
        self._size = 0

    @property
    def waits(self) -> bool:
        """Whether a reply has begun that is not complete."""
        return bool(self._buffer or self._lines)

    def feed(self, data: bytes) -> list[Reply]:
        """The replies these bytes complete. Replies before a malformed line count; nothing after it does."""
        if self.waits or self.broken:
            return self.read(data)
        # The first line alone: servers name each message in it, while what follows is the same for all.
        end = data.find(b"\n") + 1
        first, others = _known(data[:end]), _known(data[end:])
        return [*first, *others] if first and (others or end == len(data)) else self.read(data)

    def read(self, data: bytes) -> list[Reply]:
        """What `feed` promises, without memory of what was read before."""
        self._buffer += data
        replies = []
        while not self.broken and (end := self._buffer.find(b"\n")) >= 0:
            line = bytes(self._buffer[:end]).removesuffix(b"\r")
            del self._buffer[: end + 1]
            if reply := self._take(line):
                replies.append(reply)
        if self._size + len(self._buffer) > MAX_REPLY:
            self.broken = self.broken or f"a reply of more than {MAX_REPLY} bytes"
        return replies

    def _take(self, line: bytes) -> Reply | None:
        match = _LINE.fullmatch(line)
        self._size += len(line)
        if match is None or self._size > MAX_REPLY or (self._lines and self._lines[0][0] != int(match[1])):
            self.broken = f"a malformed reply: {cleaned(line[:200].decode('utf-8', 'replace'))}"
            return None
        self._lines.append((int(match[1]), (match[3] or b"").decode("utf-8", "replace")))
        return None if match[2] == b"-" else self._joined()

    def _joined(self) -> Reply:
        code = self._lines[0][0]
        first = _ENHANCED.match(self._lines[0][1])
        words = " ".join(_ENHANCED.sub("", text, count=1) if first else text for _, text in self._lines)
        self._lines, self._size = [], 0
        return Reply(code, first[1] if first else "", cleaned(words))


@lru_cache(maxsize=256)
def _known(data: bytes) -> tuple[Reply, ...]:
    """The replies that these bytes are, where they are short and whole; nothing else is said of them.

    A server's answers to MAIL, RCPT and DATA are the same for nearly all messages.
    """
    if len(data) > _QUICK or not data.endswith(b"\r\n"):
        return ()
    reader = ReplyReader()
    replies = reader.read(data)
    return () if reader.broken or reader.waits else tuple(replies)


def judge(phase: Phase, reply: Reply | None) -> Handover:
    """What it means that a transaction ended in this phase with this reply, or with none.

    Silence after the final dot is the only doubt there is: before it nothing can have been accepted, and any 4yz or
    5yz after it says that the message was not.
    """
    if reply is None:
        silent = Outcome.UNKNOWN if phase is Phase.DOT else Outcome.DEFERRED
        return Handover(outcome=silent, phase=phase, about=About.US, closed=True)
    if phase is Phase.DOT and reply.positive:
        return Handover(Outcome.ACCEPTED, phase, reply.code, reply.enhanced, reply.text)
    outcome = _outcome(phase, reply)
    return Handover(
        outcome=outcome,
        phase=phase,
        reply_code=reply.code,
        enhanced_code=reply.enhanced,
        diagnostic=reply.text,
        about=_about(phase, reply),
        closed=reply.code == 421 or _out_of_place(reply),
    )


def _outcome(phase: Phase, reply: Reply) -> Outcome:
    if _out_of_place(reply):
        return Outcome.UNKNOWN if phase is Phase.DOT else Outcome.DEFERRED
    # RFC 5321, 4.5.3.1.10: some servers say 552 when they mean 452.
    if reply.code < 500 or (phase is Phase.RCPT and reply.code == 552):
        return Outcome.DEFERRED
    return Outcome.FAILED


def _out_of_place(reply: Reply) -> bool:
    """A reply that cannot end a transaction in any way but by accepting the message: else the two sides no longer speak
    of the same command."""
    return reply.code < 400


def _about(phase: Phase, reply: Reply) -> About:
    """About us unless the server clearly speaks of the mailbox: nobody is blamed for what may be our fault."""
    if phase in (Phase.CONNECT, Phase.MAIL) or reply.code in _ABOUT_LOGIN or reply.code < 400:
        return About.US
    _, subject, detail = reply.enhanced.split(".") if reply.enhanced else ("", "0", "0")
    if subject in ("1", "2"):
        ours = detail in _NOT_RECIPIENT if subject == "1" else detail == _MESSAGE_TOO_LONG
        return About.US if ours else About.READER
    # "Other or undefined" (X.0.0, X.5.0) says no more than the bare code does.
    if subject == "0" or (subject, detail) == ("5", "0"):
        named = phase is Phase.RCPT and reply.code in _ABOUT_MAILBOX and not _POLICY.search(reply.text)
        return About.READER if named else About.US
    return About.US
