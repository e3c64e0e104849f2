"""Reading and judging replies."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.mail.replies import MAX_REPLY, Reply, ReplyReader, cleaned, judge
from digest.model.delivery import About, Outcome, Phase

_US, _READER = About.US, About.READER
_DEFERRED, _FAILED = Outcome.DEFERRED, Outcome.FAILED
_CONNECT, _MAIL, _RCPT, _DATA, _DOT = Phase.CONNECT, Phase.MAIL, Phase.RCPT, Phase.DATA, Phase.DOT


@pytest.mark.parametrize(
    ("phase", "code", "enhanced", "text", "outcome", "about"),
    [
        (_MAIL, 421, "4.7.0", "Too many connections", _DEFERRED, _US),
        (_MAIL, 451, "4.3.0", "Try again", _DEFERRED, _US),
        (_MAIL, 530, "5.7.0", "Authentication required", _FAILED, _US),
        (_MAIL, 550, "5.1.8", "Sender's domain has no MX", _FAILED, _US),
        (_MAIL, 550, "5.1.1", "Even this, before RCPT", _FAILED, _US),
        (_RCPT, 421, "", "Closing", _DEFERRED, _US),
        (_RCPT, 450, "4.2.0", "Greylisted", _DEFERRED, _READER),
        (_RCPT, 450, "", "Mailbox busy", _DEFERRED, _READER),
        (_RCPT, 451, "4.7.1", "Greylisted", _DEFERRED, _US),
        (_RCPT, 451, "", "Local error", _DEFERRED, _US),
        (_RCPT, 452, "4.2.2", "Mailbox full", _DEFERRED, _READER),
        (_RCPT, 452, "4.5.3", "Too many recipients", _DEFERRED, _US),
        (_RCPT, 552, "5.2.2", "Mailbox full", _DEFERRED, _READER),
        (_RCPT, 552, "", "Mailbox full", _DEFERRED, _READER),
        (_RCPT, 550, "5.1.1", "User unknown", _FAILED, _READER),
        (_RCPT, 550, "5.1.10", "Null MX", _FAILED, _READER),
        (_RCPT, 550, "5.2.1", "Mailbox disabled", _FAILED, _READER),
        (_RCPT, 550, "", "No such user here", _FAILED, _READER),
        (_RCPT, 550, "5.0.0", "No such user here", _FAILED, _READER),
        (_RCPT, 550, "5.5.0", "Mailbox unavailable", _FAILED, _READER),
        (_RCPT, 553, "", "Mailbox name not allowed", _FAILED, _READER),
        (_RCPT, 550, "", "Your address is on a blocklist: policy", _FAILED, _US),
        (_RCPT, 550, "", "Sender verify failed", _FAILED, _US),
        (_RCPT, 550, "5.7.1", "Relaying denied", _FAILED, _US),
        (_RCPT, 550, "5.1.8", "Bad sender's domain", _FAILED, _US),
        (_RCPT, 550, "5.4.1", "Recipient address rejected", _FAILED, _US),
        (_RCPT, 535, "5.7.8", "Login has expired", _FAILED, _US),
        (_RCPT, 534, "", "Stronger login needed", _FAILED, _US),
        (_RCPT, 554, "", "Go away", _FAILED, _US),
        (_RCPT, 554, "5.7.1", "Policy", _FAILED, _US),
        (_RCPT, 503, "5.5.1", "Bad sequence", _FAILED, _US),
        (_DATA, 451, "4.3.0", "Busy", _DEFERRED, _US),
        (_DATA, 554, "5.5.1", "No valid recipients", _FAILED, _US),
        (_DATA, 552, "", "Too much mail data", _FAILED, _US),
        (_DOT, 421, "4.3.2", "Going down", _DEFERRED, _US),
        (_DOT, 450, "4.2.0", "Mailbox busy", _DEFERRED, _READER),
        (_DOT, 451, "", "Local error", _DEFERRED, _US),
        (_DOT, 452, "4.3.1", "Disk full", _DEFERRED, _US),
        (_DOT, 550, "5.1.1", "User unknown, found late", _FAILED, _READER),
        (_DOT, 552, "5.2.2", "Mailbox full", _FAILED, _READER),
        (_DOT, 552, "5.2.3", "Too long for this mailbox", _FAILED, _US),
        (_DOT, 552, "5.3.4", "Too large", _FAILED, _US),
        (_DOT, 550, "", "Looks like spam", _FAILED, _US),
        (_DOT, 554, "5.6.0", "Malformed", _FAILED, _US),
        (_DOT, 554, "5.7.1", "Spam", _FAILED, _US),
        (_DOT, 554, "", "Transaction failed", _FAILED, _US),
    ],
)
def test_a_refusal_says_whether_again_or_never_and_about_whom(
    phase: Phase, code: int, enhanced: str, text: str, outcome: Outcome, about: About
) -> None:
    """Only what is clearly about the mailbox is blamed on the reader; 4yz, and 552 at RCPT, may work later."""
    handover = judge(phase, Reply(code, enhanced, text))

    assert (handover.outcome, handover.about, handover.phase) == (outcome, about, phase)
    assert (handover.reply_code, handover.enhanced_code, handover.diagnostic) == (code, enhanced, text)
    assert handover.closed == (code == 421)


@pytest.mark.parametrize("code", [250, 251])
def test_any_2yz_after_the_dot_is_acceptance(code: int) -> None:
    """RFC 5321, 4.2.1: the first digit alone decides."""
    handover = judge(Phase.DOT, Reply(code, "2.0.0", "Queued as 17"))

    assert (handover.outcome, handover.closed) == (Outcome.ACCEPTED, False)


@pytest.mark.parametrize("phase", [_CONNECT, _MAIL, _RCPT, _DATA])
def test_silence_before_the_dot_is_no_doubt(phase: Phase) -> None:
    """Without the final dot nothing can have been accepted."""
    handover = judge(phase, None)

    assert (handover.outcome, handover.about, handover.closed) == (Outcome.DEFERRED, About.US, True)


def test_silence_after_the_dot_is_doubt() -> None:
    """The server may have taken the message before it fell silent."""
    handover = judge(Phase.DOT, None)

    assert (handover.outcome, handover.about, handover.closed) == (Outcome.UNKNOWN, About.US, True)


@pytest.mark.parametrize(
    ("phase", "code", "outcome"),
    [(_DATA, 250, _DEFERRED), (_RCPT, 354, _DEFERRED), (_DOT, 354, Outcome.UNKNOWN), (_MAIL, 220, _DEFERRED)],
)
def test_a_reply_that_does_not_belong_here_costs_the_connection(phase: Phase, code: int, outcome: Outcome) -> None:
    """Both sides speak of different commands; only before the dot is it sure that nothing was accepted."""
    handover = judge(phase, Reply(code, "", "Hm"))

    assert (handover.outcome, handover.about, handover.closed) == (outcome, About.US, True)


_WORDS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x17F, exclude_categories=["C", "Z"]), max_size=20)
_REPLIES = st.tuples(
    st.integers(200, 599),
    st.sampled_from(["", "2.0.0", "4.7.28", "5.1.10"]),
    st.lists(_WORDS, min_size=1, max_size=4),
)


def _on_the_wire(code: int, enhanced: str, lines: list[str], end: bytes) -> bytes:
    texts = [f"{enhanced} {line}".strip(" ") if enhanced else line for line in lines]
    marked = [f"{code}-{text}" for text in texts[:-1]] + [f"{code} {texts[-1]}"]
    return b"".join(line.encode() + end for line in marked)


@given(st.lists(_REPLIES, max_size=5), st.lists(st.integers(0, 400)), st.sampled_from([b"\r\n", b"\n"]))
def test_replies_are_the_same_however_the_network_cuts_them(
    replies: list[tuple[int, str, list[str]]], cuts: list[int], end: bytes
) -> None:
    """TCP knows no lines."""
    data = b"".join(_on_the_wire(*reply, end) for reply in replies)
    borders = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    reader = ReplyReader()
    read = [reply for a, b in pairwise(borders) for reply in reader.feed(data[a:b])]

    assert reader.broken == ""
    assert read == [Reply(code, enhanced, " ".join(" ".join(lines).split())) for code, enhanced, lines in replies]


@given(st.binary(max_size=300), st.lists(st.integers(0, 300)))
def test_no_bytes_confuse_the_reader(data: bytes, cuts: list[int]) -> None:
    """A broken or hostile server yields replies or a reason, never an error."""
    borders = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    pieces, whole = ReplyReader(), ReplyReader()
    read = [reply for a, b in pairwise(borders) for reply in pieces.feed(data[a:b])]

    assert read == whole.feed(data)
    assert pieces.broken == whole.broken
    assert all(200 <= reply.code < 600 for reply in read)


@pytest.mark.parametrize(
    "data",
    [
        b"hello\r\n",
        b"25 Ok\r\n",
        b"2500 Ok\r\n",
        b"250_Ok\r\n",
        b"150 Ok\r\n",
        b"\r\n",
        b"\xb2\xb5\xb0 Ok\r\n",
        b"250-One\r\n251 Two\r\n",
        b"x" * (MAX_REPLY + 1),
        b"250-" + b"x" * MAX_REPLY + b"\r\n",
        b"250-more\r\n" * 10_000,
    ],
)
def test_a_malformed_or_endless_reply_breaks_the_reader(data: bytes) -> None:
    """What is not a reply is not guessed at, and memory is not the server's to fill."""
    reader = ReplyReader()
    before = reader.feed(b"250 2.0.0 Kept\r\n" + data)

    assert before == [Reply(250, "2.0.0", "Kept")]
    assert reader.broken
    assert reader.feed(b"250 2.0.0 Kept\r\n") == []


def test_the_code_alone_is_a_reply() -> None:
    """RFC 5321, 4.2: a client must take a reply without text."""
    assert ReplyReader().feed(b"250\r\n") == [Reply(250, "", "")]


def test_a_diagnostic_is_one_harmless_line() -> None:
    """It ends in logs, terminals and pages: no control may move a cursor or turn the reading direction."""
    text = cleaned("No\x1b[31m\r\n such\x00 user\u202e\u2028\x9b here\t\ud800 " + "x" * 10_000)

    assert text.startswith("No [31m such user here x")
    assert len(text) == 500
