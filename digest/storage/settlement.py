"""Settling: how attempts end for their deliveries; late answers count, those of a worker that was given up do not."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, insert, or_, select, update

from digest.model.delivery import About, Attempt, DeliveryId, DeliveryState, Outcome
from digest.storage.clock import database_now
from digest.storage.outbox import RetryPolicy, give_back, move, published, refuse_forbidden
from digest.storage.tables import attempt, delivery

_S = DeliveryState


def settle(connection: Connection, token: str, attempts: Sequence[Attempt], retry: RetryPolicy) -> None:
    """Write down how attempts ended, all of them in as many statements as there are outcomes."""
    by_outcome: dict[Outcome, list[Attempt]] = {}
    for each in attempts:
        by_outcome.setdefault(each.handover.outcome, []).append(each)
    for outcome, group in by_outcome.items():
        _SETTLE[outcome](connection, token, group, retry)
    if attempts:
        connection.execute(insert(attempt), [_attempt_row(a) for a in attempts])


def _ids(attempts: Iterable[Attempt]) -> list[DeliveryId]:
    return [a.delivery_id for a in attempts]


# Before the dot a delivery is leased, after it in flight; a doubt that a late reply resolves was unknown meanwhile.
_OPEN = {_S.LEASED, _S.IN_FLIGHT, _S.UNKNOWN}


def _accepted(connection: Connection, token: str, attempts: list[Attempt], retry: RetryPolicy) -> None:
    done = {"settled_at": database_now(), "tries": delivery.c.tries + 1}
    move(connection, token, _ids(attempts), {_S.IN_FLIGHT, _S.UNKNOWN}, _S.ACCEPTED, **done)


def _failed(connection: Connection, token: str, attempts: list[Attempt], retry: RetryPolicy) -> None:
    for each in attempts:
        done = {"settled_at": database_now(), "tries": delivery.c.tries + 1, "reason": each.handover.diagnostic}
        move(connection, token, [each.delivery_id], _OPEN, _S.FAILED, **done)


def _unknown(connection: Connection, token: str, attempts: list[Attempt], retry: RetryPolicy) -> None:
    doubt = {"tries": delivery.c.tries + 1, "reason": "no reply after the final dot"}
    move(connection, token, _ids(attempts), {_S.IN_FLIGHT}, _S.UNKNOWN, **doubt)


def _withheld(connection: Connection, token: str, attempts: list[Attempt], retry: RetryPolicy) -> None:
    ids = _ids(attempts)
    refuse_forbidden(connection, token, ids)
    cancelled = {"settled_at": database_now(), "reason": "the issue was cancelled"}
    move(connection, token, ids, {_S.LEASED}, _S.CANCELLED, ~published(), **cancelled)
    give_back(connection, token, ids)


def _deferred(connection: Connection, token: str, attempts: list[Attempt], retry: RetryPolicy) -> None:
    tries = {
        row.id: row.tries
        for row in connection.execute(select(delivery.c.id, delivery.c.tries).where(delivery.c.id.in_(_ids(attempts))))
    }
    # What is about us does not use up a reader's tries; what waits too long expires.
    last = [a for a in attempts if tries.get(a.delivery_id, 0) + _counts(a) >= retry.attempts]
    _failed(connection, token, last, retry)
    again = [a for a in attempts if a not in last]
    if not again:
        return
    now = connection.execute(select(database_now())).scalar_one()
    connection.execute(
        update(delivery)
        .where(
            delivery.c.id == bindparam("this"),
            delivery.c.lease_token == token,
            # Written out: a list of states cannot be used in one statement for many rows.
            or_(delivery.c.state == _S.LEASED, delivery.c.state == _S.IN_FLIGHT),
        )
        .values(
            state=_S.QUEUED,
            lease_token=None,
            tries=delivery.c.tries + bindparam("more"),
            not_before=bindparam("later"),
            reason=bindparam("why"),
        ),
        [
            {
                "this": a.delivery_id,
                "more": _counts(a),
                "later": now + retry.wait(tries.get(a.delivery_id, 0)),
                "why": a.handover.diagnostic,
            }
            for a in again
        ],
    )
    _cancel_if_stopped(connection, again)


def _counts(each: Attempt) -> int:
    return 0 if each.handover.about is About.US else 1


def _cancel_if_stopped(connection: Connection, attempts: list[Attempt]) -> None:
    """The issue may have been cancelled while these were in flight; nobody would ever take them out of the queue."""
    queued = delivery.c.id.in_(_ids(attempts)) & (delivery.c.state == _S.QUEUED)
    cancelled = {"state": _S.CANCELLED, "settled_at": database_now(), "reason": "the issue was cancelled"}
    connection.execute(update(delivery).where(queued, ~published()).values(cancelled))


_SETTLE = {
    Outcome.ACCEPTED: _accepted,
    Outcome.DEFERRED: _deferred,
    Outcome.FAILED: _failed,
    Outcome.UNKNOWN: _unknown,
    Outcome.WITHHELD: _withheld,
}


def _attempt_row(each: Attempt) -> dict[str, Any]:
    handover = each.handover
    return {
        "delivery_id": each.delivery_id,
        "started_at": each.started_at,
        "ended_at": each.ended_at,
        "outcome": handover.outcome,
        "phase": handover.phase,
        "reply_code": handover.reply_code,
        "enhanced_code": handover.enhanced_code,
        "diagnostic": handover.diagnostic,
    }
