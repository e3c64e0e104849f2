"""Leaving: many at once, as they come after an issue."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, String, bindparam, case, insert, literal, select, update

from subscribers.consent import MOVES, ConsentKind, EndReason, SubscriptionState
from subscribers.given import Among, as_list
from subscribers.instants import as_instant
from subscribers.prepared import Prepared, written
from subscribers.prepared_rows import value_for
from subscribers.tables import consent, subscription

_ENDED = SubscriptionState.ENDED
_CAN_END = [written(state) for state in MOVES if _ENDED in MOVES[state] and state is not _ENDED]


def end_together(connection: Connection, subscription_ids: Sequence[int], *, now: datetime, channel: str) -> None:
    """End subscriptions by their numbers, each with its record; those that have ended, or are not there, stay as they
    are."""
    at = as_instant(now, connection)
    ended = _END.run(connection, ids=as_list(subscription_ids), ended_at=at)
    if ended:
        _RECORD.run(connection, ids=as_list(number for (number,) in ended), at=at, channel=channel)


_GIVEN = Among(subscription.c.id, bindparam("ids", type_=String))

#: Who has left before and was asked for anew, but never said yes, left then: just now there was nothing to take back.
_LEFT_AT = case(
    (subscription.c.end_reason == written(EndReason.UNSUBSCRIBED), subscription.c.ended_at),
    else_=value_for(subscription.c.ended_at),
)
_END = Prepared(
    update(subscription)
    .where(_GIVEN, subscription.c.state.in_(_CAN_END))
    .values(state=_ENDED, ended_at=_LEFT_AT, end_reason=EndReason.UNSUBSCRIBED)
    .returning(subscription.c.id)
)
_SAID = {
    consent.c.subscriber_id: subscription.c.subscriber_id,
    consent.c.newsletter_id: subscription.c.newsletter_id,
    consent.c.kind: literal(ConsentKind.UNSUBSCRIBED),
    consent.c.at: value_for(consent.c.at),
    consent.c.channel: value_for(consent.c.channel),
}
_RECORD = Prepared(insert(consent).from_select(list(_SAID), select(*_SAID.values()).where(_GIVEN)))
