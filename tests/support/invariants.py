"""What must hold after every fault, whatever it was: the ledger compared with what the mail server took.

(a) the states of an issue sum to what was expected; (b) no message came twice, unless a person had it sent again;
(c) every delivery has come, or the ledger says why not, or doubts; (d) what the ledger calls accepted has come;
(e) nothing came to somebody who was barred before the marker.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from digest.model.delivery import DeliveryState, Outcome
from digest.storage.engine import Store
from digest.storage.tables import attempt, delivery, issue
from subscribers.tables import subscriber, suppression

_S = DeliveryState
#: Work goes on: these are not lost.
WAITING = frozenset({_S.QUEUED, _S.LEASED, _S.IN_FLIGHT})
#: Over without a message; the ledger has to say why.
EXCUSED = frozenset({_S.FAILED, _S.SUPPRESSED, _S.CANCELLED, _S.EXPIRED})
HAS_COME = frozenset({_S.ACCEPTED, _S.BOUNCED, _S.COMPLAINED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One delivery as the ledger has it."""

    id: int
    issue_id: int
    email: str
    state: DeliveryState
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a fault came to."""

    expected: int
    #: Neither come, nor excused, nor doubted, nor waiting: forgotten.
    lost: int
    #: Messages that came more than once, without a person's word.
    twice: int
    unknown: int
    #: As many doubts as there may be.
    bound: int


class BrokenError(AssertionError):
    """What does not hold, line by line."""


def check(
    store: Store,
    taken: Counter[tuple[str, str]],
    *,
    bound: int = 0,
    finished: bool = True,
    resent: Collection[str] = (),
    barred: Collection[str] = (),
) -> Figures:
    """Compare the ledger with what was taken, by Message-ID and recipient. Raises BrokenError.

    `finished` says that nothing may wait any more; `resent` to whom a person had it sent again; `barred` who was
    suppressed or had left before any marker.
    """
    with store.read() as connection:
        kept = list(_deliveries(connection))
        sums = _sums(connection)
        late = list(_after_suppression(connection))
    came = Counter[tuple[int, int, str]]()
    for (message_id, recipient), count in taken.items():
        came[(*_numbers(message_id), recipient)] += count
    has_come = {each.id for each in kept if came[each.issue_id, each.id, each.email]}
    complaints = [f"(a) {name}: {count} deliveries, {expected} expected" for name, expected, count in sums]
    known = {(each.issue_id, each.id, each.email) for each in kept}
    complaints += [f"(b) {key} was never in the ledger" for key in came if key not in known]
    doubled = [key for key, count in came.items() if count > 1 and key[2] not in resent]
    complaints += [f"(b) {key} came {came[key]} times" for key in doubled]
    lost = [each for each in kept if each.id not in has_come and not _accounted_for(each, finished=finished)]
    complaints += [f"(c) {each} has not come, and nothing says why" for each in lost]
    complaints += [f"(c) {each} still waits" for each in kept if finished and each.state in WAITING]
    complaints += [f"(d) {each} has not come" for each in kept if each.state in HAS_COME and each.id not in has_come]
    complaints += [f"(e) {email} was barred, and a message came" for *_, email in came if email in barred]
    complaints += [f"(e) {email} was suppressed at {at}, and tried after that" for email, at in late]
    unknown = sum(each.state is _S.UNKNOWN for each in kept)
    if unknown > bound:
        complaints.append(f"{unknown} are unknown, at most {bound} may be")
    if complaints:
        raise BrokenError("\n".join(complaints[:20]))
    return Figures(expected=len(kept), lost=len(lost), twice=len(doubled), unknown=unknown, bound=bound)


def _accounted_for(each: Kept, *, finished: bool) -> bool:
    if each.state in EXCUSED:
        return bool(each.reason)
    return each.state is _S.UNKNOWN or (each.state in WAITING and not finished)


def _numbers(message_id: str) -> tuple[int, int]:
    """Of the issue and the delivery, which our Message-IDs begin with."""
    issue_id, delivery_id, _ = message_id.strip("<>").partition("@")[0].split(".")
    return int(issue_id), int(delivery_id)


def _deliveries(connection: Connection) -> Iterable[Kept]:
    rows = connection.execute(
        select(delivery.c.id, delivery.c.issue_id, subscriber.c.email, delivery.c.state, delivery.c.reason).join(
            subscriber, subscriber.c.id == delivery.c.subscriber_id
        )
    )
    for row in rows:
        yield Kept(**{**row._mapping, "state": DeliveryState(row.state)})


def _sums(connection: Connection) -> list[tuple[str, int, int]]:
    """The issues whose deliveries do not sum to what was expected."""
    counted = select(func.count()).where(delivery.c.issue_id == issue.c.id).scalar_subquery()
    rows = connection.execute(select(issue.c.period_key, issue.c.expected, counted.label("count")))
    return [(row.period_key, row.expected or 0, row.count) for row in rows if (row.expected or 0) != row.count]


def _after_suppression(connection: Connection) -> Iterable[tuple[str, datetime]]:
    """Who was brought a message by an attempt that began after they had been suppressed."""
    rows = connection.execute(
        select(subscriber.c.email, suppression.c.at)
        .join(suppression, suppression.c.address_hash == subscriber.c.address_hash)
        .join(delivery, delivery.c.subscriber_id == subscriber.c.id)
        .join(attempt, attempt.c.delivery_id == delivery.c.id)
        .where(
            suppression.c.lifted_at.is_(None),
            attempt.c.outcome == Outcome.ACCEPTED,
            attempt.c.started_at > suppression.c.at,
        )
    )
    return [(row.email, row.at) for row in rows]
