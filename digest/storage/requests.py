"""Requests: what somebody asked for on a page, kept until it is answered."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, exists, func, insert, select, update

from digest.model.notice import Request, RequestId, RequestKind, Wish
from digest.storage.notice_tables import request
from subscribers.tables import newsletter


def keep(
    connection: Connection, kind: RequestKind, *, newsletter_id: int, email: str, wish: Wish, now: datetime
) -> RequestId:
    """Keep what somebody asks for. The same work whoever it is: nobody has looked yet."""
    values = {"kind": kind, "newsletter_id": newsletter_id, "email": email, "wish": wish.as_json()}
    made = insert(request).values(**values, asked_at=now, not_before=now).returning(request.c.id)
    return RequestId(connection.execute(made).scalar_one())


def due_at(connection: Connection) -> datetime | None:
    """When the next is to be answered; None when none waits."""
    query = select(request.c.not_before).order_by(request.c.not_before).limit(1)
    return connection.scalar(query)


def take(connection: Connection, *, now: datetime, limit: int) -> Sequence[Row[Any]]:
    """The oldest that are due, each for `read`; others who ask at the same moment get others."""
    rows = connection.execute(
        select(request, newsletter.c.slug)
        .join(newsletter, newsletter.c.id == request.c.newsletter_id)
        .where(request.c.not_before <= now)
        .order_by(request.c.not_before, request.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=request)
    )
    return rows.all()


def read(row: Row[Any]) -> Request:
    """The request that a row holds. Raises whatever is wrong with it."""
    return Request(
        id=RequestId(row.id),
        kind=RequestKind(row.kind),
        newsletter=row.slug,
        email=row.email,
        wish=Wish.from_json(row.wish),
        asked_at=row.asked_at,
    )


def done(connection: Connection, request_id: RequestId) -> None:
    """It is answered; nothing of it stays."""
    connection.execute(delete(request).where(request.c.id == request_id))


def postpone(connection: Connection, request_id: RequestId, *, to: datetime) -> None:
    """Answer it later."""
    connection.execute(update(request).where(request.c.id == request_id).values(not_before=to))


def forget(connection: Connection, *, now: datetime, older_than: timedelta) -> int:
    """Drop what could not be answered in all that time."""
    return connection.execute(delete(request).where(request.c.asked_at < now - older_than)).rowcount


def asked_by(email: ColumnElement[str | None]) -> ColumnElement[bool]:
    """Whether something that an address asked for waits to be answered."""
    return exists().where(func.lower(request.c.email) == func.lower(email))


def forget_address(connection: Connection, email: str) -> None:
    """Drop what was asked for by an address that was erased."""
    connection.execute(delete(request).where(func.lower(request.c.email) == email.strip().lower()))
