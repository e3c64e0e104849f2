"""Former addresses: what readers were written to before they asked for another, as hashes and nothing else.

Whoever moves and then leaves, or is erased, has left by each of their addresses: old lists still have the former ones.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, String, bindparam, delete, exists, select

from subscribers.address import Address
from subscribers.errors import ConsentRefused
from subscribers.given import Among, as_list
from subscribers.prepared import Prepared
from subscribers.tables import former_address, subscriber
from subscribers.upsert import insert_new


def keep(connection: Connection, subscriber_id: int, hashed: str, *, now: datetime) -> None:
    """Note that somebody is not written to at this address any more."""
    insert_new(connection, former_address, {"address_hash": hashed, "subscriber_id": subscriber_id, "left_at": now})


def reclaim(connection: Connection, hashed: str) -> None:
    """Its holder has said yes there: it is nobody's former address."""
    connection.execute(delete(former_address).where(former_address.c.address_hash == hashed))


def must_be_none(connection: Connection, address: Address, hashed: str) -> None:
    """Nobody can vouch for an address that somebody moved away from. Raises ConsentRefused."""
    mine = former_address.c.address_hash == hashed
    if (left_at := connection.scalar(select(former_address.c.left_at).where(mine))) is not None:
        raise ConsentRefused(
            f"The holder of {address.masked} asked on {left_at:%Y-%m-%d} to be written to elsewhere.",
            remedy="Who uses it now can sign up with it.",
        )


def among(connection: Connection, hashes: Collection[str]) -> set[str]:
    """Those of these that somebody moved away from."""
    return {hashed for (hashed,) in _AMONG.run(connection, hashes=as_list(hashes))}


def since(connection: Connection, subscriber_id: int) -> list[datetime]:
    """When one person moved away from each of them; the addresses themselves nobody can tell."""
    theirs = former_address.c.subscriber_id == subscriber_id
    return list(connection.scalars(select(former_address.c.left_at).where(theirs).order_by(former_address.c.left_at)))


def of(connection: Connection, subscriber_id: int) -> list[str]:
    """Those of one person that nobody else is written to at."""
    taken = exists().where(subscriber.c.address_hash == former_address.c.address_hash)
    theirs = former_address.c.subscriber_id == subscriber_id
    return list(connection.scalars(select(former_address.c.address_hash).where(theirs, ~taken)))


def forget(connection: Connection, subscriber_ids: Collection[int]) -> None:
    """Keep none of these people's."""
    connection.execute(delete(former_address).where(former_address.c.subscriber_id.in_(subscriber_ids)))


_AMONG = Prepared(
    select(former_address.c.address_hash).where(Among(former_address.c.address_hash, bindparam("hashes", type_=String)))
)
