"""Rows that the verbs find, or make when they are the first of their kind."""

from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from subscribers.address import Address
from subscribers.errors import UnknownReader
from subscribers.preferences import Preference
from subscribers.tables import newsletter, preference, subscriber


def newsletter_id(connection: Connection, slug: str) -> int:
    """The newsletter of that slug. Raises UnknownReader."""
    found: int | None = connection.scalar(select(newsletter.c.id).where(newsletter.c.slug == slug))
    if found is None:
        raise UnknownReader(f"There is no newsletter “{slug}”.", remedy="Make it known first: digest apply FILE.")
    return found


def preference_id(connection: Connection, chosen: Preference) -> int:
    """The row of a set of topics."""
    found: int | None = connection.scalar(select(preference.c.id).where(preference.c.key == chosen.key))
    if found is not None:
        return found
    values = {"key": chosen.key, "topics": chosen.text}
    made: int = connection.execute(insert(preference).values(values).returning(preference.c.id)).scalar_one()
    return made


def person(connection: Connection, address: Address, hashed: str, *, now: datetime, name: str, language: str) -> int:
    """The row of a person; a name or language that is given replaces the one kept."""
    given = {key: value for key, value in {"name": name, "language": language}.items() if value}
    found: int | None = connection.scalar(select(subscriber.c.id).where(subscriber.c.address_hash == hashed))
    if found is None:
        values = {"email": address.email, "address_hash": hashed, "created_at": now, **given}
        made: int = connection.execute(insert(subscriber).values(values).returning(subscriber.c.id)).scalar_one()
        return made
    if given:
        connection.execute(update(subscriber).where(subscriber.c.id == found).values(given))
    return found
