"""Watching: an issue on its way, live on a terminal, in lines elsewhere, and over when it is over."""

import io
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from rich.console import Console

from digest.cli import live, out
from digest.errors import WrongState
from digest.flow.compose import compose
from digest.flow.hold import hold
from digest.flow.watch import Speed, Watch, on_their_way
from digest.mail.memory import MemoryTransport
from digest.model.delivery import DeliveryState, Handover, Outcome, Phase
from digest.storage import outbox, workers
from tests.support.desk import NEWSLETTER, Desk

_S = DeliveryState
ISSUE = f"{NEWSLETTER}/2026-11"
READERS = 8
GREYLISTED = Handover(
    outcome=Outcome.DEFERRED, phase=Phase.RCPT, reply_code=451, enhanced_code="4.7.1", diagnostic="Come back later"
)


@pytest.fixture
def published(desk: Desk, tmp_path: Path) -> Desk:
    """Eight deliveries in the queue."""
    desk.write_items(tmp_path, {"title": "Carers at work", "published_at": "2026-11-02"})
    for number in range(READERS):
        desk.reader(f"r{number}@example.org")
    desk.issue("2026-11")
    return desk


def lease(desk: Desk, count: int) -> None:
    """Somebody takes so many, and has marked half of them."""
    with desk.house.store.write() as connection:
        token = workers.register(connection)
        ids = [duty.id for duty in outbox.lease(connection, token, limit=count)]
        outbox.mark(connection, token, ids[: count // 2])


def test_each_look_sums_to_what_was_expected(published: Desk) -> None:
    """Whether all was counted, or only what is open: that is fresh each time."""
    now = [0.0]
    watch = Watch(published.house, ISSUE, now=lambda: now[0])
    looks = [watch.look()]
    lease(published, 4)
    looks.append(watch.look())
    now[0] += 1.0
    with published.house.store.write() as connection:
        workers.recover(connection, dead_after=None)  # whoever leased them is no more
    published.deliver()
    looks.append(watch.look())

    assert [sum(look.counts.values()) for look in looks] == [READERS] * 3
    assert [look.open for look in looks] == [READERS, READERS, 0]
    assert [looks[1].counts[state] for state in (_S.QUEUED, _S.LEASED, _S.IN_FLIGHT)] == [4, 2, 2]
    assert [look.done for look in looks] == [False, False, True]
    assert (looks[2].counts[_S.ACCEPTED], looks[2].counts[_S.UNKNOWN]) == (READERS - 2, 2)
    assert (looks[1].workers, looks[2].per_second) == (1, READERS)


def test_it_says_what_servers_said_of_late(published: Desk, transport: MemoryTransport) -> None:
    """With how often, and in their words."""
    transport._answers.extend([GREYLISTED] * 3)
    published.deliver(drain=True)

    look = Watch(published.house, ISSUE).look()

    assert [(s.times, s.outcome, s.reply_code, s.diagnostic) for s in look.said] == [
        (3, Outcome.DEFERRED, 451, "Come back later")
    ]


def test_what_is_not_out_yet_cannot_be_watched(desk: Desk, tmp_path: Path) -> None:
    """It is told what to do."""
    desk.write_items(tmp_path, {"title": "Carers at work", "published_at": "2026-11-02"})
    draft = compose(desk.house, NEWSLETTER, period_key="2026-11")[0]

    with pytest.raises(WrongState, match="digest publish"):
        Watch(desk.house, draft.name)


def test_it_ends_by_itself_when_nothing_is_on_its_way(
    published: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In lines where there is no terminal, the last of which says how it ended."""
    monkeypatch.setattr(live, "EVERY_SECONDS", 0.02)
    watching = threading.Thread(target=live.watch, args=(published.house, None))
    names = on_their_way(published.house)
    watching.start()
    published.deliver()
    watching.join(20)

    assert names == [ISSUE]
    assert not watching.is_alive()
    assert on_their_way(published.house) == []
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == f"{ISSUE}: 8 of 8 are over; 8 accepted, 0 unknown."


def test_without_anything_on_its_way_it_says_so(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """And ends."""
    live.watch(desk.house, None)

    assert capsys.readouterr().out == "Nothing is on its way.\n"


def test_on_a_terminal_it_draws_and_ctrl_c_ends_it_well(published: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bar of states, how far it is, and what keeps it."""

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    drawn = io.StringIO()
    monkeypatch.setattr(out, "console", Console(file=drawn, force_terminal=True, width=100))
    monkeypatch.setattr(live.time, "sleep", interrupt)
    lease(published, 2)
    hold(published.house, ISSUE)

    live.watch(published.house, ISSUE)

    shown = drawn.getvalue()
    assert "█" in shown
    for words in (ISSUE, "6 waiting", "2 in hand", "0 of 8 are over", "1 worker at work", "digest release"):
        assert words in shown


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "0 s"), (59, "59 s"), (200, "3 min 20 s"), (7500, "2 h 05 min"), (-3, "0 s")]
)
def test_a_span_is_told_in_words(seconds: float, words: str) -> None:
    """Short ones to the second, long ones to the minute."""
    assert live.span(timedelta(seconds=seconds)) == words


def test_a_bar_shows_all_there_is() -> None:
    """However few of many."""
    counts = dict.fromkeys(_S, 0) | {_S.ACCEPTED: 999_998, _S.FAILED: 1, _S.UNKNOWN: 1}

    drawn = live.bar(counts, 1_000_000)

    assert [span.style for span in drawn.spans] == ["green", "red", "yellow"]


def test_the_rate_is_that_of_the_last_half_minute() -> None:
    """Not known at first, and never less than nothing."""
    speed = Speed()
    seen = []
    for at, number in [(0, 0), (10, 100), (60, 100), (70, 200), (71, 0)]:
        speed.add(at, number)
        seen.append(speed.per_second)

    assert seen[0] is None
    assert seen[1] == 10
    assert seen[3] == 10
    assert seen[4] == 0
