"""Live: issues on their way, drawn anew every few seconds on a terminal, told in lines elsewhere."""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from digest.cli import out
from digest.model.delivery import DeliveryState

if TYPE_CHECKING:
    from digest.flow.house import House
    from digest.flow.watch import Look, Watch
    from digest.storage.progress import Said

#: Seconds between two looks.
EVERY_SECONDS = 2.0
#: Seconds between two lines where there is no terminal.
LINE_SECONDS = 10.0
#: Looking may take one part in so many of the time.
_SHARE = 10
_WIDTH = 60
_S = DeliveryState
#: What a bar is made of: its colour, the states, and what they are called together.
_PARTS: tuple[tuple[str, tuple[DeliveryState, ...], str], ...] = (
    ("green", (_S.ACCEPTED,), "accepted"),
    ("red", (_S.FAILED, _S.BOUNCED, _S.COMPLAINED), "failed or come back"),
    ("yellow", (_S.UNKNOWN,), "unknown"),
    ("magenta", (_S.SUPPRESSED, _S.CANCELLED, _S.EXPIRED), "not sent"),
    ("cyan", (_S.LEASED, _S.IN_FLIGHT), "in hand"),
    ("bright_black", (_S.QUEUED,), "waiting"),
)


def watch(house: "House", issue: str | None) -> None:
    """Look until nothing is on its way any more, or Ctrl-C. Raises UnknownName, WrongState."""
    from digest.flow.watch import Watch, on_their_way

    watches = [Watch(house, name) for name in ([issue] if issue else on_their_way(house))]
    if not watches:
        out.say("Nothing is on its way.")
        return
    with suppress(KeyboardInterrupt):
        (_draw if out.console.is_terminal else _tell)(_looks(watches), limits(house))


def limits(house: "House") -> str:
    """The pace that is set; empty for none."""
    from digest.flow.duties import rate_of

    rate = rate_of(house.settings.delivery)
    return f"No more than {rate.per_second:g} a second leave. " if rate else ""


def _looks(watches: "list[Watch]") -> "Iterator[list[Look]]":
    while True:
        began = time.monotonic()
        looks = [each.look() for each in watches]
        took = time.monotonic() - began
        yield looks
        if all(look.done for look in looks):
            return
        time.sleep(max(EVERY_SECONDS, took * _SHARE))


def _draw(looks: "Iterable[list[Look]]", pace: str) -> None:
    with Live(console=out.console, auto_refresh=False) as live:
        for seen in looks:
            live.update(Group(*(drawn(look, pace) for look in seen)), refresh=True)


def _tell(looks: "Iterable[list[Look]]", pace: str) -> None:
    told_at, told = float("-inf"), ""
    for seen in looks:
        text = "\n".join(f"{look.issue.name}: {line}" for look in seen for line in words(look, pace))
        if text != told and (time.monotonic() - told_at >= LINE_SECONDS or all(look.done for look in seen)):
            told_at, told = time.monotonic(), text
            out.say(text)


def drawn(look: "Look", pace: str) -> RenderableType:
    """One issue as a terminal shows it: a bar, what its colours are, and lines."""
    legend = Text("  ")
    for colour, states, name in _PARTS:
        if count := sum(look.counts[state] for state in states):
            legend.append("■ ", style=colour).append(f"{count:,} {name}   ")
    lines = [Text(f"  {line}") for line in words(look, pace)]
    return Group(Text(look.issue.name, style="bold"), bar(look.counts, look.expected), legend, *lines)


def bar(counts: Mapping[DeliveryState, int], expected: int) -> Text:
    """All deliveries as one bar; whatever is there at all is a mark wide at least."""
    drawn = Text("  ")
    for colour, states, _ in _PARTS:
        if count := sum(counts[state] for state in states):
            drawn.append("█" * max(1, round(_WIDTH * count / max(expected, 1))), style=colour)
    return drawn


def words(look: "Look", pace: str) -> list[str]:
    """One issue in plain lines: how far, how fast, how long still, and what keeps it."""
    from digest.flow.standing import told

    lines = [_how_far(look)]
    if not look.done:
        start = "" if look.workers or look.issue.held_at else " Start one: digest worker, or once: digest deliver."
        lines.append(f"{pace}{out.counted(look.workers, 'worker')} at work.{start}".strip())
    if look.issue.held_at:
        lines.append(f"It is held; it goes on with: digest release {look.issue.name}.")
    if look.closed:
        lines.append(look.closed.words)
    lines += map(told, look.troubles)
    if not look.done:
        lines += [f"Of the latest tries {each.times:,} {each.outcome}: {_reason(each)}" for each in look.said]
    return lines


def _how_far(look: "Look") -> str:
    over = look.expected - look.open
    far = f"{over:,} of {look.expected:,} are over"
    if look.done:
        return f"{far}; {look.counts[_S.ACCEPTED]:,} accepted, {look.counts[_S.UNKNOWN]:,} unknown."
    rate = "" if look.per_second is None else f", {look.per_second:,.{0 if look.per_second >= 10 else 1}f}/s"
    return f"{far}{rate}{'' if look.left is None else f', about {span(look.left)} left'}."


def span(left: timedelta) -> str:
    """ "2 h 05 min", "3 min 20 s", "8 s"."""
    minutes, seconds = divmod(max(0, round(left.total_seconds())), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes:02} min" if hours else f"{minutes} min {seconds:02} s" if minutes else f"{seconds} s"


def _reason(said: "Said") -> str:
    return " ".join(str(part) for part in (said.reply_code, said.enhanced_code, said.diagnostic) if part) or "no answer"
