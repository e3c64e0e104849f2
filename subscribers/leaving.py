"""Leaving: many at once, as they come after an issue."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, String, bindparam, insert, select, update

from subscribers.consent import MOVES, ConsentKind, EndReason, SubscriptionState
from subscribers.tables import Instant, consent, subscription

_ENDED = SubscriptionState.ENDED
_CAN_END = [state for state in MOVES if _ENDED in MOVES[state] and state is not _ENDED]
_IDS = subscription.c.id.in_(bindparam("ids", expanding=True))
_NOW, _CHANNEL = bindparam("now", type_=Instant()), bindparam("by", type_=String)

_END = (
    update(subscription)
    .where(_IDS, subscription.c.state.in_(_CAN_END))
    .values(state=_ENDED, ended_at=_NOW, end_reason=EndReason.UNSUBSCRIBED)
    .returning(subscription.c.id)
)
_WHOSE = {"subscriber_id": subscription.c.subscriber_id, "newsletter_id": subscription.c.newsletter_id}
_SAID = {"kind": bindparam("kind", type_=String), "at": _NOW, "channel": _CHANNEL}
_RECORD = insert(consent).from_select([*_WHOSE, *_SAID], select(*_WHOSE.values(), *_SAID.values()).where(_IDS))


def end_together(connection: Connection, subscription_ids: Sequence[int], *, now: datetime, channel: str) -> None:
    """End subscriptions by their numbers, each with its record; those that have ended, or are not there, stay as they
    are."""
    ended = connection.scalars(_END, {"ids": list(subscription_ids), "now": now}).all()
    if ended:
        said = {"kind": ConsentKind.UNSUBSCRIBED, "now": now, "by": channel}
        connection.execute(_RECORD, {"ids": ended, **said})
