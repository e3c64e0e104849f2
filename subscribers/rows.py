"""Rows that the verbs find, or make when they are the first of their kind."""

from datetime import datetime

from sqlalchemy import Connection, select, update

from subscribers.address import Address
from subscribers.errors import UnknownReader
from subscribers.preferences import Preference
from subscribers.tables import newsletter, preference, subscriber
from subscribers.upsert import insert_new


def newsletter_id(connection: Connection, slug: str) -> int:
    """The newsletter of that slug. Raises UnknownReader."""
    # PostgreSQL cannot even be asked for what has a zero in it.
    known = select(newsletter.c.id).where(newsletter.c.slug == slug)
    found: int | None = connection.scalar(known) if slug.isprintable() else None
    if found is None:
        raise UnknownReader(f"There is no newsletter “{slug}”.", remedy="Make it known first: digest apply FILE.")
    return found


def preference_id(connection: Connection, chosen: Preference) -> int:
    """The row of a set of topics."""
    known = select(preference.c.id).where(preference.c.key == chosen.key)
    found: int | None = connection.scalar(known)
    if found is not None:
        return found
    # Two readers may be the first to choose the same at once.
    insert_new(connection, preference, {"key": chosen.key, "topics": chosen.text})
    made: int = connection.execute(known).scalar_one()
    return made


def person(connection: Connection, address: Address, hashed: str, *, now: datetime, name: str, language: str) -> int:
    """The row of a person; a name or language that is given replaces the one kept."""
    given = {key: value for key, value in {"name": name, "language": language}.items() if value}
    known = select(subscriber.c.id).where(subscriber.c.address_hash == hashed)
    if connection.scalar(known) is None:
        values = {"email": address.email, "address_hash": hashed, "created_at": now, **given}
        insert_new(connection, subscriber, values)
    elif given:
        connection.execute(update(subscriber).where(subscriber.c.address_hash == hashed).values(given))
    found: int = connection.execute(known).scalar_one()
    return found
