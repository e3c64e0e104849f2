"""Person: all that is kept about one, for themselves; their name and address; and leaving."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from digest.errors import TokenRefused
from digest.flow.enrol import people
from digest.flow.house import House
from digest.flow.invite import limits
from digest.flow.sign_up import TooMany
from digest.model.delivery import DeliveryId
from digest.model.notice import NoticeKind
from digest.rendering.tongues import marked
from digest.storage import notices, outbox, tallies
from digest.storage.notice_tables import notice
from digest.storage.tables import delivery, issue
from digest.storage.tallies import Limit
from subscribers import directory, former, rows
from subscribers.address import keyed_hash, mailbox_hash, parse
from subscribers.consent import EndReason, SubscriptionState
from subscribers.directory import Subscription
from subscribers.preferences import Preference
from subscribers.second_thoughts import SecondThoughts
from subscribers.tables import newsletter, subscriber
from subscribers.tokens import Purpose

#: So often can somebody ask to be written to elsewhere: each asks a mailbox that may be a stranger's.
_MOVES = (Limit(most=3, within=timedelta(days=1)),)
#: Why somebody leaves, where they like to say so. Words of their own would stay in a record that only grows.
WHY = ("too-often", "too-much", "not-for-me", "never-signed-up", "elsewhere")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody, with what they subscribe to."""

    id: int
    email: str
    name: str
    language: str
    since: datetime
    subscriptions: tuple[Subscription, ...]


def find(house: House, connection: Connection, token: str) -> Person:
    """Whose own page a link is for. Raises TokenRefused, also when they were erased."""
    number = house.keys.read(Purpose.PERSON, token)
    row = connection.execute(select(subscriber).where(subscriber.c.id == number)).one_or_none()
    held = directory.of_person(connection, number)
    if row is None or row.email is None or not held:
        raise TokenRefused("This link does not work any more.")
    return Person(
        id=number,
        email=row.email,
        name=row.name,
        language=row.language,
        since=row.created_at,
        subscriptions=tuple(held),
    )


def kept(house: House, connection: Connection, person: Person) -> dict[str, Any]:
    """All that we keep about somebody, as plain values: what the page shows and the export holds."""
    stops = directory.suppressions_of(connection, house.keys, person.email)
    return {
        "email": person.email,
        "name": person.name,
        "language": person.language,
        "since": person.since,
        "subscriptions": [
            {
                "newsletter": held.newsletter,
                "state": held.state,
                "topics": "all" if held.preference.topics is None else sorted(held.preference.topics),
                "cadence": held.cadence,
                "since": held.confirmed_at or held.created_at,
                "paused_until": held.paused_until,
                "ended_at": held.ended_at,
            }
            for held in person.subscriptions
        ],
        "consent": [asdict(record) for record in directory.history(connection, person.id)],
        "suppressions": [{"reason": s.reason, "scope": s.scope, "at": s.at} for s in stops],
        "former_addresses": [{"left_at": at} for at in former.since(connection, person.id)],
        "issues": _issues(connection, person.id),
        "letters": _letters(connection, person.id),
    }


def rename(house: House, person: Person, *, name: str) -> None:
    """Greet somebody by another name, or by none."""
    with house.store.write() as connection:
        people(house, connection, channel="page").describe(person.subscriptions[0], name=name)


def ask_new_address(house: House, person: Person, email: str) -> None:
    """Ask the holder of another address whether to write there. Raises AddressRefused, TooMany."""
    address, now = parse(email), house.clock.now()
    mailbox = mailbox_hash(address, house.keys.address_key)
    who = house.keys.hashed("move", str(person.id))
    with house.store.write() as connection:
        # Who asks, and who is asked: neither can be used against the other.
        asked = [("move", who, _MOVES), ("address", mailbox, limits(house))]
        if not all(tallies.allowed(connection, kind, key, most, now=now) for kind, key, most in asked):
            raise TooMany(
                marked("You asked for several new addresses today."), remedy=marked("Please try again tomorrow.")
            )
        for kind, key, _ in asked:
            tallies.count_one(connection, kind, key, now=now)
        _queue(house, connection, NoticeKind.MOVING, person.subscriptions[0], address.email)


def moving(house: House, connection: Connection, token: str) -> tuple[Person, str]:
    """Who asked to be written to elsewhere, and where; only the newest such letter counts. Raises TokenRefused."""
    number = house.keys.read(Purpose.ADDRESS, token)
    row = connection.execute(
        select(notice).where(notice.c.id == number, notice.c.kind == NoticeKind.MOVING)
    ).one_or_none()
    newest = row and connection.scalar(
        select(notice.c.id)
        .where(notice.c.subscriber_id == row.subscriber_id, notice.c.kind == NoticeKind.MOVING)
        .order_by(notice.c.id.desc())
        .limit(1)
    )
    if row is None or newest != number:
        raise TokenRefused("This link does not work any more.")
    return find(house, connection, house.keys.token(Purpose.PERSON, row.subscriber_id)), row.recipient


def move(house: House, token: str) -> Person:
    """Write to the new address from now on, and tell the old one. Done twice is done once.

    Raises TokenRefused, or ConsentRefused for an address that is somebody's already.
    """
    with house.store.write() as connection:
        person, new = moving(house, connection, token)
        if person.email == new:
            return person
        _second(house, connection).move(person.id, new)
        outbox.let_go(connection, person.id)
        _queue(house, connection, NoticeKind.MOVED, person.subscriptions[0], person.email)
        return person


def leave(house: House, held: Subscription, *, topic: str = "", everything: bool = False, why: str = "") -> None:
    """Leave one topic, one newsletter, or all of them; why, if one of those we know, is noted."""
    detail = f"why: {why}" if why in WHY else ""
    with house.store.write() as connection:
        hands = people(house, connection, channel="page")
        current = directory.find(connection, held.id)
        if current is None:
            return
        chosen = current.preference.topics
        if topic and chosen and topic in chosen and len(chosen) > 1:
            hands.choose(current, chosen=Preference(chosen - {topic}), cadence=current.cadence)
            return
        theirs = directory.of_person(connection, held.subscriber_id) if everything else [current]
        for each in theirs:
            hands.end(each, EndReason.UNSUBSCRIBED, detail=detail)


def take_back(house: House, held: Subscription) -> None:
    """Undo leaving: of this newsletter, and of those that ended in the same moment. Raises ConsentRefused."""
    with house.store.write() as connection:
        hands = _second(house, connection)
        theirs = directory.of_person(connection, held.subscriber_id)
        current = next((each for each in theirs if each.id == held.id), None)
        if current is None or current.state is not SubscriptionState.ENDED:
            return
        for each in theirs:
            if each.state is SubscriptionState.ENDED and each.ended_at == current.ended_at:
                hands.take_back(each)


def _second(house: House, connection: Connection) -> SecondThoughts:
    return SecondThoughts(connection, house.keys, now=house.clock.now(), channel="page")


def _queue(house: House, connection: Connection, kind: NoticeKind, held: Subscription, to: str) -> DeliveryId:
    return notices.queue_up(
        connection,
        kind,
        newsletter_id=rows.newsletter_id(connection, held.newsletter),
        subscriber_id=held.subscriber_id,
        subscription_id=None,
        recipient=to,
        address_hash=keyed_hash(parse(to), house.keys.address_key),
    )


def _issues(connection: Connection, subscriber_id: int) -> list[dict[str, Any]]:
    found = connection.execute(
        select(newsletter.c.slug, issue.c.period_key, delivery.c.state, delivery.c.settled_at)
        .join(issue, issue.c.id == delivery.c.issue_id)
        .join(newsletter, newsletter.c.id == issue.c.newsletter_id)
        .where(outbox.of_reader(subscriber_id))
        .order_by(delivery.c.id.desc())
    )
    return [{"issue": f"{r.slug}/{r.period_key}", "state": r.state, "at": r.settled_at} for r in found]


def _letters(connection: Connection, subscriber_id: int) -> list[dict[str, Any]]:
    found = connection.execute(
        select(notice.c.kind, notice.c.state, notice.c.queued_at)
        .where(notice.c.subscriber_id == subscriber_id)
        .order_by(notice.c.id.desc())
    )
    return [{"letter": r.kind, "state": r.state, "at": r.queued_at} for r in found]
