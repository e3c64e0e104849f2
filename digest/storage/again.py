"""An operator's word: deliveries in doubt, or that failed, are sent again or settled."""

from collections.abc import Collection

from sqlalchemy import Connection, and_, exists, null, select, update

from digest.model.delivery import NO_RECEIPT, DeliveryState
from digest.model.issue import IssueId
from digest.storage.chunks import chunks
from digest.storage.clock import database_now
from digest.storage.outbox import permitted
from digest.storage.tables import delivery, variant, variant_item
from subscribers.tables import subscriber

_S = DeliveryState


def matching(
    connection: Connection,
    issue_id: IssueId,
    state: DeliveryState,
    emails: Collection[str] = (),
    *,
    erased: bool = False,
) -> list[tuple[int, str]]:
    """The deliveries of an issue in a state, as id and address; only those to some addresses if there are any.

    Those of readers who were `erased` are among them where asked for, without an address.
    """
    query = (
        select(delivery.c.id, subscriber.c.email)
        .join(subscriber, subscriber.c.id == delivery.c.subscriber_id)
        .where(delivery.c.issue_id == issue_id, delivery.c.state == state)
        .order_by(delivery.c.id)
    )
    if not erased:
        query = query.where(subscriber.c.email.is_not(None))
    found = [(row.id, row.email or "erased") for row in connection.execute(query)]
    return [(i, email) for i, email in found if not emails or email.casefold() in emails]


def had_since(connection: Connection, issue_id: IssueId, ids: Collection[int]) -> set[int]:
    """Those of an issue's deliveries whose readers got, or will get, some of the same by another issue."""
    sharing, other = _issues_that_share(connection, issue_id), delivery.alias()
    carried, same = variant_item.alias(), variant_item.alias()
    by_another = and_(
        other.c.issue_id.in_(sharing),
        other.c.subscriber_id == delivery.c.subscriber_id,
        other.c.state.not_in(NO_RECEIPT),
    )
    alike = exists().where(
        carried.c.variant_id == delivery.c.variant_id,
        same.c.variant_id == other.c.variant_id,
        same.c.item_id == carried.c.item_id,
    )
    found: set[int] = set()
    for some in chunks(ids if sharing else ()):
        found |= set(
            connection.scalars(select(delivery.c.id).join(other, by_another).where(delivery.c.id.in_(some), alike))
        )
    return found


def may_go(connection: Connection, ids: Collection[int]) -> set[int]:
    """Those of these deliveries whose readers may be written to now."""
    found: set[int] = set()
    for some in chunks(ids):
        found |= set(connection.scalars(select(delivery.c.id).where(delivery.c.id.in_(some), permitted())))
    return found


def _issues_that_share(connection: Connection, issue_id: IssueId) -> list[int]:
    """The other issues that carry something of this one: few, where their deliveries are millions."""
    mine = select(variant_item.c.item_id).join(variant, variant.c.id == variant_item.c.variant_id)
    return list(
        connection.scalars(
            select(variant.c.issue_id)
            .join(variant_item, variant_item.c.variant_id == variant.c.id)
            .where(variant_item.c.item_id.in_(mine.where(variant.c.issue_id == issue_id)))
            .where(variant.c.issue_id != issue_id)
            .distinct()
        )
    )


def queue_again(connection: Connection, ids: Collection[int], state: DeliveryState, *, reason: str) -> int:
    """Put deliveries that are still in this state back into the queue, with all their tries. Returns how many."""
    values = {"state": _S.QUEUED, "lease_token": null(), "tries": 0, "settled_at": None}
    return _move(connection, ids, state, {**values, "not_before": database_now(), "queued_at": database_now()}, reason)


def settle(connection: Connection, ids: Collection[int], to: DeliveryState, *, reason: str) -> int:
    """Say how deliveries in doubt ended. Returns how many were still in doubt."""
    return _move(
        connection, ids, _S.UNKNOWN, {"state": to, "lease_token": null(), "settled_at": database_now()}, reason
    )


def _move(
    connection: Connection, ids: Collection[int], state: DeliveryState, values: dict[str, object], reason: str
) -> int:
    moved = 0
    for some in chunks(sorted(ids)):
        these = delivery.c.id.in_(some) & (delivery.c.state == state)
        moved += connection.execute(update(delivery).where(these).values(**values, reason=reason)).rowcount
    return moved
