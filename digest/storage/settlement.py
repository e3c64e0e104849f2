"""Settling: how attempts end for their deliveries; late answers count, those of a worker that was given up do not."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, String, Text, bindparam, exists, null, select, update

from digest.model.delivery import About, Attempt, DeliveryId, DeliveryState, Outcome
from digest.storage.clock import database_now
from digest.storage.outbox import RetryPolicy, give_back, move, published, refuse_forbidden
from digest.storage.tables import attempt, delivery
from subscribers.given import Among, Rows, as_list, as_rows
from subscribers.instants import as_instant, as_read
from subscribers.prepared import BoundStatement, Prepared, written
from subscribers.prepared_rows import PreparedRows
from subscribers.tables import Id, Instant, subscriber

_S = DeliveryState
#: How often a letter is tried that we cannot make or hand over ourselves.
MOST_STUMBLES = 3
#: RFC 3463: the domain of the address was not found, for now. Once may be the server's trouble, twice is the address.
NO_SUCH_DOMAIN = "4.1.2"


def settle(connection: Connection, token: str, attempts: Sequence[Attempt], retry: RetryPolicy) -> None:
    """Write down how attempts ended, all of them in as many statements as there are outcomes."""
    by_outcome: dict[Outcome, list[Attempt]] = {}
    for each in attempts:
        by_outcome.setdefault(each.handover.outcome, []).append(each)
    for outcome, group in by_outcome.items():
        _SETTLE[outcome](connection, token, group, retry)
    if attempts:
        _KEEP_ATTEMPTS.run(connection, _attempt_rows(connection, attempts))
    _forget_erased(connection, [a.delivery_id for a in attempts if a.handover.outcome is not Outcome.ACCEPTED])


def accepting(connection: Connection, token: str, attempts: Sequence[Attempt]) -> tuple[BoundStatement, ...]:
    """What `settle` does on PostgreSQL where all were accepted, one after the other."""
    return _accept(token, attempts), _KEEP_ATTEMPTS.bound(_attempt_rows(connection, attempts))


def unwritten(connection: Connection, attempts: Sequence[Attempt]) -> list[Attempt]:
    """Those of them that are not in the ledger. Waits for whoever may just be writing them, for a connection that was
    lost: a server goes on for a while."""
    given = _ids(attempts)
    _LOCK.run(connection, ids=given)
    kept = {(number, as_read(started_at)) for number, started_at in _KEPT.run(connection, ids=given)}
    return [each for each in attempts if (each.delivery_id, each.started_at) not in kept]


def bounce(connection: Connection, ids: Collection[DeliveryId], *, reason: str) -> list[DeliveryId]:
    """Note that deliveries came back after they were accepted, while they were in doubt, or before their outcome was
    written down. Returns those of which it was not known."""
    came_back = delivery.c.id.in_(list(ids)) & delivery.c.state.in_((_S.ACCEPTED, _S.UNKNOWN, _S.IN_FLIGHT))
    values = {"state": _S.BOUNCED, "settled_at": database_now(), "lease_token": null(), "reason": reason}
    found = connection.scalars(update(delivery).where(came_back).values(values).returning(delivery.c.id)).all()
    _forget_erased(connection, found)
    return [DeliveryId(number) for number in found]


def _forget_erased(connection: Connection, ids: Collection[int]) -> None:
    """Keep no server's words, which often repeat the address, of those who were erased while their letter was out."""
    if ids:
        given = as_list(ids)
        _FORGET_REASON.run(connection, ids=given)
        _FORGET_DIAGNOSTIC.run(connection, ids=given)


# Before the dot a delivery is leased, after it in flight; a doubt that a late reply resolves was unknown meanwhile.
_OPEN = {_S.LEASED, _S.IN_FLIGHT, _S.UNKNOWN}


def _accepted(connection: Connection, token: str, attempts: list[Attempt], retry: RetryPolicy) -> None:
    _accept(token, attempts).run(connection)


def _accept(token: str, attempts: Sequence[Attempt]) -> BoundStatement:
    return BoundStatement(_ACCEPT, {"ids": _ids(attempts), "token": token})


def _failed(connection: Connection, token: str, attempts: list[Attempt], retry: RetryPolicy) -> None:
    _FAIL.run(connection, rows=as_rows((a.delivery_id, a.handover.diagnostic) for a in attempts), token=token)


def _unknown(connection: Connection, token: str, attempts: list[Attempt], retry: RetryPolicy) -> None:
    _DOUBT.run(connection, ids=_ids(attempts), token=token)


def _withheld(connection: Connection, token: str, attempts: list[Attempt], retry: RetryPolicy) -> None:
    ids = [each.delivery_id for each in attempts]
    refuse_forbidden(connection, token, ids)
    cancelled = {"settled_at": database_now(), "reason": "the issue was cancelled"}
    move(connection, token, ids, {_S.LEASED}, _S.CANCELLED, ~published(), **cancelled)
    give_back(connection, token, ids)


def _deferred(connection: Connection, token: str, attempts: list[Attempt], retry: RetryPolicy) -> None:
    tries: dict[int, int] = dict(_TRIES.run(connection, ids=_ids(attempts)))
    # What is about us does not use up a reader's tries; what waits too long expires.
    nowhere = _nowhere_before(connection, attempts)
    last = {
        a.delivery_id
        for a in attempts
        if a.delivery_id in nowhere or tries.get(a.delivery_id, 0) + _counts(a) >= _most(a, retry)
    }
    if last:
        _failed(connection, token, [a for a in attempts if a.delivery_id in last], retry)
    again = [a for a in attempts if a.delivery_id not in last]
    if again:
        now: datetime = connection.execute(select(database_now())).scalar_one()
        rows = [
            (
                a.delivery_id,
                _counts(a),
                as_instant(now + retry.wait(tries.get(a.delivery_id, 0)), connection),
                a.handover.diagnostic,
            )
            for a in again
        ]
        _DEFER.run(connection, rows=as_rows(rows), token=token)
        # The issue may have been cancelled while these were in flight; nobody would ever take them out of the queue.
        _CANCEL_STOPPED.run(connection, ids=_ids(again))


def _counts(each: Attempt) -> int:
    return 0 if each.handover.about is About.US else 1


def _most(each: Attempt, retry: RetryPolicy) -> int:
    """How many tries there are: few where no server has said a word, as waiting does not mend our own letter."""
    ours = each.handover.about is About.READER and each.handover.reply_code is None
    return min(retry.attempts, MOST_STUMBLES) if ours else retry.attempts


def _nowhere_before(connection: Connection, attempts: list[Attempt]) -> set[int]:
    """Those whose domain the server cannot find, for the second time."""
    nowhere = [a.delivery_id for a in attempts if a.handover.enhanced_code == NO_SUCH_DOMAIN]
    if not nowhere:
        return set()
    before = attempt.c.delivery_id.in_(nowhere) & (attempt.c.enhanced_code == NO_SUCH_DOMAIN)
    return set(connection.scalars(select(attempt.c.delivery_id).where(before)))


def _ids(attempts: Iterable[Attempt]) -> str:
    return as_list(each.delivery_id for each in attempts)


def _attempt_rows(connection: Connection, attempts: Iterable[Attempt]) -> list[tuple[object, ...]]:
    return [_attempt_row(each, connection) for each in attempts]


def _attempt_row(each: Attempt, connection: Connection) -> tuple[object, ...]:
    handover = each.handover
    return (
        each.delivery_id,
        as_instant(each.started_at, connection),
        as_instant(each.ended_at, connection),
        # As plain text: the driver asks thrice what any other kind of text is.
        str(handover.outcome),
        str(handover.phase),
        handover.reply_code,
        handover.enhanced_code,
        handover.diagnostic,
        each.transport,
    )


_ROWS = Rows(bindparam("rows", type_=String))
#: Which deliveries are meant: those by number, or those of the rows, which say something of each.
_GIVEN = Among(delivery.c.id, bindparam("ids", type_=String))
_OF_GIVEN = Among(attempt.c.delivery_id, bindparam("ids", type_=String))
_OF_ROWS = delivery.c.id == _ROWS.field(0, Id)
_TOKEN = bindparam("token", type_=String)


def _moving(which: ColumnElement[bool], states: Iterable[DeliveryState], to: DeliveryState, **values: Any) -> Prepared:
    """One move of many deliveries: of those that are still ours and in one of these states."""
    mine = delivery.c.lease_token == _TOKEN, delivery.c.state.in_([written(state) for state in states])
    return Prepared(update(delivery).where(which, *mine).values(state=written(to), **values))


_OVER = {"settled_at": database_now(), "tries": delivery.c.tries + 1, "lease_token": null()}
_ACCEPT = _moving(_GIVEN, (_S.IN_FLIGHT, _S.UNKNOWN), _S.ACCEPTED, **_OVER)
_FAIL = _moving(_OF_ROWS, _OPEN, _S.FAILED, **_OVER, reason=_ROWS.field(1, Text()))
# It keeps its token, so that a late reply can still close it.
_DOUBT = _moving(_GIVEN, (_S.IN_FLIGHT,), _S.UNKNOWN, tries=delivery.c.tries + 1, reason="no reply after the final dot")
_DEFER = _moving(
    _OF_ROWS,
    (_S.LEASED, _S.IN_FLIGHT),
    _S.QUEUED,
    lease_token=null(),
    tries=delivery.c.tries + _ROWS.field(1, Integer()),
    not_before=_ROWS.field(2, Instant()),
    reason=_ROWS.field(3, Text()),
)
_TRIES = Prepared(select(delivery.c.id, delivery.c.tries).where(_GIVEN))
_CANCEL_STOPPED = Prepared(
    update(delivery)
    .where(_GIVEN, delivery.c.state == written(_S.QUEUED), ~published())
    .values(state=written(_S.CANCELLED), settled_at=database_now(), reason="the issue was cancelled")
)
_ERASED = exists().where(subscriber.c.id == delivery.c.subscriber_id, subscriber.c.erased_at.is_not(None))
_FORGET_REASON = Prepared(update(delivery).where(_GIVEN, _ERASED).values(reason=""))
_FORGET_DIAGNOSTIC = Prepared(
    update(attempt)
    .where(
        _OF_GIVEN,
        exists().where(delivery.c.id == attempt.c.delivery_id, _ERASED),
    )
    .values(diagnostic="")
)
_LOCK = Prepared(select(delivery.c.id).where(_GIVEN).order_by(delivery.c.id).with_for_update())
_KEPT = Prepared(select(attempt.c.delivery_id, attempt.c.started_at).where(_OF_GIVEN))
_KEEP_ATTEMPTS = PreparedRows([column for column in attempt.columns if column.name != "id"])

_SETTLE = {
    Outcome.ACCEPTED: _accepted,
    Outcome.DEFERRED: _deferred,
    Outcome.FAILED: _failed,
    Outcome.UNKNOWN: _unknown,
    Outcome.WITHHELD: _withheld,
}
