"""Deliver: lease what is due, mark it, hand it over, write down what became of it.

    lease a batch ─► connections ─► 354 ─► marker committed ─► dot ─► reply ─► outcome committed

Nothing is lost: what stops before the dot goes back to the queue. Nothing comes twice: what stops after the dot
becomes unknown and is not tried again by itself. `shift` is one worker's run, `line` one of its connections. Single
letters go out beside issues, by the same way: `post`.
"""

import asyncio
from collections.abc import Callable

import uvloop

from digest.flow import circles
from digest.flow.apiece import to_the_end
from digest.flow.duties import Deliveries
from digest.flow.hours import Hours
from digest.flow.house import House
from digest.flow.lines import Delivered
from digest.flow.post import Post
from digest.flow.recover import recover
from digest.flow.shift import Shift
from digest.flow.stop import Stop
from digest.model.delivery import Handover
from digest.storage import lock

__all__ = ["Delivered", "Stop", "deliver", "drain_outbox"]


def drain_outbox(
    house: House,
    *,
    drain: bool = False,
    any_hour: bool = False,
    stop: Stop | None = None,
    progress: Callable[[Handover], None] = lambda _: None,
) -> Delivered:
    """Take the outbox, sweep up after whoever died with it, and deliver. Raises OutboxBusy, or what deliver raises."""
    with lock.hold(house.store, house.settings.data_folder):
        cut_off = recover(house, alone=house.store.embedded).deliveries
        done = deliver(house, drain=drain, any_hour=any_hour, stop=stop, progress=progress)
        done.cut_off = cut_off
        return done


def deliver(
    house: House,
    *,
    drain: bool = False,
    any_hour: bool = False,
    patient: bool = False,
    stop: Stop | None = None,
    progress: Callable[[Handover], None] = lambda _: None,
) -> Delivered:
    """Deliver what is due, or, with `drain`, until nothing waits any more. The caller holds the outbox.

    Outside a newsletter's hours its mail waits, unless it may go at `any_hour`. Who is `patient` hands over
    nothing while all mail servers are left in peace because of a trouble.

    Raises TransportUnavailable, TransportRefused or StorageUnavailable when the run had to stop; the ledger is whole
    then, and the same call later goes on where this one ended.
    """
    stop, done = stop or Stop(), Delivered()
    issues = Shift(house, stop, progress, Deliveries(house, Hours(house, any_hour=any_hour)), done, patient)
    post = Shift(house, stop, progress, Post(house), done, patient)
    issues.beside, post.beside = post, issues
    with circles.seldom_sought(), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_both(issues, post, drain=drain))
    if stop.problem:
        raise stop.problem
    return done


async def _both(issues: Shift, post: Shift, *, drain: bool) -> None:
    """Who has just signed up does not wait until a large issue is out."""
    going_out = asyncio.create_task(issues.work(drain=drain))
    await to_the_end([going_out, post.work_beside(going_out, drain=drain)])
