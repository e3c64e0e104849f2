"""The verbs on people: add, confirm, choose, pause, unsubscribe, suppress, erase. Each done twice is done once.

A `Subscribers` lives within one transaction, which its caller opens and commits.
"""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, insert, select, update

from subscribers import directory, former, names, rows
from subscribers.address import Address, keyed_hash, parse
from subscribers.consent import MOVES, ConsentKind, EndReason, SubscriptionState
from subscribers.directory import Subscription
from subscribers.errors import ConsentRefused, Never, UnknownReader
from subscribers.preferences import Preference
from subscribers.suppression import EVERYWHERE, SuppressionReason
from subscribers.tables import consent, subscriber, subscription, suppression
from subscribers.tokens import Keys
from subscribers.upsert import insert_new

_State = SubscriptionState
_NOT_ENDED = {"ended_at": None, "end_reason": ""}


class Subscribers:
    """The people, as one transaction sees and changes them."""

    def __init__(self, connection: Connection, keys: Keys, *, now: datetime, channel: str) -> None:
        self._connection, self._keys, self._now, self._channel = connection, keys, now, channel

    def add(
        self,
        email: str,
        newsletter_slug: str,
        *,
        chosen: Preference | None = None,
        cadence: str | None = None,
        default_cadence: str,
        name: str = "",
        language: str = "",
        confirmed: bool = False,
        detail: str = "",
    ) -> Subscription:
        """Subscribe an address; one that is subscribed keeps what it has, but for what is given anew.

        Without `confirmed` the subscription waits for its holder's yes. Raises AddressRefused, or ConsentRefused for
        an address that is suppressed, or whose holder has left or moved away.
        """
        address, newsletter_id = parse(email), rows.newsletter_id(self._connection, newsletter_slug)
        self._must_not_be_suppressed(address, newsletter_slug)
        held = self._held(address, newsletter_id)
        if confirmed or self._channel == "import":  # others ask the holder first
            _must_not_have_left(held)
            former.must_be_none(self._connection, address, self._hash(address))
        if language and not names.is_language(language):
            raise Never(f"“{language[:35]}” is not a language.", remedy="Write its tag, like en-GB.")
        subscriber_id = rows.person(
            self._connection,
            address,
            self._hash(address),
            now=self._now,
            name=names.one_line(name),
            language=language,
        )
        if held is None:
            wanted = {
                "preference_id": rows.preference_id(self._connection, chosen or Preference(None)),
                "cadence": cadence or default_cadence,
            }
            self._begin(subscriber_id, newsletter_id, wanted, confirmed=confirmed, detail=detail)
        else:
            self._renew(held, chosen=chosen, cadence=cadence, confirmed=confirmed, detail=detail)
        found = self._held(address, newsletter_id)
        assert found is not None
        return found

    def confirm(self, email: str, newsletter_slug: str | None = None, *, detail: str = "") -> list[Subscription]:
        """Take the holder's yes: what is pending becomes active. Raises UnknownReader."""
        for held in self._of(email, newsletter_slug):
            if held.state is _State.PENDING:
                values = {"confirmed_at": self._now, "paused_until": None, "away_since": "", **_NOT_ENDED}
                agreed = detail or f"{held.preference} {held.cadence}"
                self._move(held, _State.ACTIVE, values, ConsentKind.CONFIRMED, agreed)
                former.reclaim(self._connection, self._hash(parse(held.email)))
        return self._of(email, newsletter_slug)

    def choose(self, held: Subscription, *, chosen: Preference, cadence: str) -> None:
        """Set topics and frequency; counts from the next issue."""
        if (chosen, cadence) == (held.preference, held.cadence):
            return
        values = {"preference_id": rows.preference_id(self._connection, chosen), "cadence": cadence}
        self._set(held.id, values)
        self._record(
            held.subscriber_id,
            rows.newsletter_id(self._connection, held.newsletter),
            ConsentKind.CHANGED,
            f"{chosen} {cadence}",
        )

    def describe(self, held: Subscription, *, name: str | None = None, language: str | None = None) -> None:
        """Set how a reader is greeted, and in which language; an empty text takes it away. Raises Never."""
        said: dict[str, str] = {}
        if name is not None:
            said["name"] = names.one_line(name)
        if language is not None:
            if language and not names.is_language(language):
                raise Never(f"“{language[:35]}” is not a language.", remedy="Write its tag, like en-GB.")
            said["language"] = language
        if said:
            this = subscriber.c.id == held.subscriber_id
            self._connection.execute(update(subscriber).where(this).values(said))

    def pause(self, held: Subscription, until: datetime) -> None:
        """Send nothing until then; what is new meanwhile comes in the next issue after it."""
        if held.state is not _State.PAUSED or held.paused_until != until:
            values = {"paused_until": until, "away_since": held.away_since or f"{self._now.astimezone(UTC):%Y-%m-%d}"}
            self._move(held, _State.PAUSED, values, ConsentKind.PAUSED, f"until {until:%Y-%m-%d}")

    def resume(self, held: Subscription) -> None:
        """End a pause early."""
        if held.state is _State.PAUSED:
            self._move(held, _State.ACTIVE, {"paused_until": None}, ConsentKind.RESUMED, "")

    def resume_elapsed(self) -> int:
        """End the pauses whose day has come. Returns how many."""
        over = (subscription.c.state == _State.PAUSED) & (subscription.c.paused_until <= self._now)
        ended = self._connection.execute(
            update(subscription)
            .where(over)
            .values(state=_State.ACTIVE, paused_until=None)
            .returning(subscription.c.subscriber_id, subscription.c.newsletter_id)
        ).all()
        for row in ended:
            self._record(row.subscriber_id, row.newsletter_id, ConsentKind.RESUMED, "the pause was over")
        return len(ended)

    def end(self, held: Subscription, reason: EndReason = EndReason.UNSUBSCRIBED, *, detail: str = "") -> None:
        """End one subscription. Nothing that is still queued for it goes out."""
        if held.state is not _State.ENDED:
            values = {"ended_at": self._now, "end_reason": reason}  # a pause stays noted, for whoever takes it back
            if reason is EndReason.UNSUBSCRIBED and held.end_reason == reason:
                values["ended_at"] = held.ended_at  # asked for anew, never confirmed: they left then, and not just now
            kind = ConsentKind.ERASED if reason is EndReason.ERASED else ConsentKind.UNSUBSCRIBED
            self._move(held, _State.ENDED, values, kind, detail)

    def unsubscribe(self, email: str, newsletter_slug: str | None = None, *, detail: str = "") -> list[Subscription]:
        """End one subscription of an address, or all of them. Raises UnknownReader."""
        for held in self._of(email, newsletter_slug):
            self.end(held, detail=detail)
        return self._of(email, newsletter_slug)

    def suppress(self, email: str, reason: SuppressionReason, *, scope: str = EVERYWHERE, evidence: str = "") -> None:
        """Let nothing go to an address from now on, not even what is queued. An unknown address may be suppressed."""
        self._suppress(self._hash(parse(email)), reason, scope, evidence)

    def lift(self, email: str, *, scope: str = EVERYWHERE, because: str) -> bool:
        """Lift a suppression, for a reason that is kept. What an erased person asked for is never lifted.

        Returns whether there was one to lift.
        """
        if not because.strip():
            raise ConsentRefused("A suppression is lifted only for a reason.", remedy="Say why; it is kept.")
        found = self._suppressed(self._hash(parse(email)), scope, exactly=True)
        if found is None:
            return False
        if found["reason"] == SuppressionReason.ERASED:
            raise ConsentRefused("This person asked to be forgotten; that cannot be lifted here.")
        lifted = {"lifted_at": self._now, "lifted_because": because}
        self._connection.execute(update(suppression).where(suppression.c.id == found["id"]).values(lifted))
        return True

    def erase(self, email: str) -> int:
        """Forget a person: address, name and language go at once; a keyed hash stays, as one does of each address they
        had before, so that no import brings them back. Returns the id that is left. Raises UnknownReader."""
        held = self._of(email, None)
        for each in held:
            self.end(each, EndReason.ERASED)
        subscriber_id = held[0].subscriber_id
        for hashed in (self._hash(parse(email)), *former.of(self._connection, subscriber_id)):
            self._suppress_for_good(hashed)
        former.forget(self._connection, [subscriber_id])
        forgotten = {"email": None, "address_hash": None, "name": "", "language": "", "erased_at": self._now}
        self._connection.execute(update(subscriber).where(subscriber.c.id == subscriber_id).values(forgotten))
        return subscriber_id

    def _of(self, email: str, newsletter_slug: str | None) -> list[Subscription]:
        held = directory.of_reader(self._connection, self._keys, email)
        matching = [h for h in held if newsletter_slug in (None, h.newsletter)]
        if not matching:
            raise UnknownReader(f"{held[0].email} is not subscribed to {newsletter_slug}.")
        return matching

    def _hash(self, address: Address) -> str:
        return keyed_hash(address, self._keys.address_key)

    def _must_not_be_suppressed(self, address: Address, scope: str) -> None:
        found = self._suppressed(self._hash(address), scope)
        if found is not None:
            raise ConsentRefused(
                f"{address.masked} is suppressed ({found['reason']}, {found['at']:%Y-%m-%d}).",
                remedy="Only its holder or an admin with a reason can lift that.",
            )

    def _suppressed(self, hashed: str, scope: str, *, exactly: bool = False) -> RowMapping | None:
        scopes = (scope,) if exactly else (EVERYWHERE, scope)
        theirs = (suppression.c.address_hash == hashed, suppression.c.scope.in_(scopes))
        in_force = select(suppression).where(*theirs, suppression.c.lifted_at.is_(None))
        return self._connection.execute(in_force).mappings().first()

    def _suppress(self, hashed: str, reason: SuppressionReason, scope: str, evidence: str) -> None:
        values = {"address_hash": hashed, "scope": scope, "reason": reason, "evidence": evidence, "at": self._now}
        insert_new(self._connection, suppression, values)

    def _suppress_for_good(self, hashed: str) -> None:
        """Whatever stopped the address before, now it is its holder's wish; evidence often repeats the address."""
        self._suppress(hashed, SuppressionReason.ERASED, EVERYWHERE, "")
        theirs = suppression.c.address_hash == hashed
        in_force = (suppression.c.scope == EVERYWHERE) & suppression.c.lifted_at.is_(None)
        self._connection.execute(
            update(suppression).where(theirs, in_force).values(reason=SuppressionReason.ERASED, at=self._now)
        )
        self._connection.execute(update(suppression).where(theirs).values(evidence="", lifted_because=""))

    def _held(self, address: Address, newsletter_id: int) -> Subscription | None:
        found = self._connection.execute(
            directory.subscriptions(
                subscriber.c.address_hash == self._hash(address), subscription.c.newsletter_id == newsletter_id
            )
        ).first()
        return None if found is None else directory.find(self._connection, found.id)

    def _begin(
        self, subscriber_id: int, newsletter_id: int, wanted: dict[str, Any], *, confirmed: bool, detail: str
    ) -> None:
        values = {
            "subscriber_id": subscriber_id,
            "newsletter_id": newsletter_id,
            "state": _State.ACTIVE if confirmed else _State.PENDING,
            "created_at": self._now,
            "confirmed_at": self._now if confirmed else None,
            **wanted,
        }
        if insert_new(self._connection, subscription, values):
            kind = ConsentKind.IMPORTED if confirmed else ConsentKind.REQUESTED
            self._record(subscriber_id, newsletter_id, kind, detail)

    def _renew(
        self, held: Subscription, *, chosen: Preference | None, cadence: str | None, confirmed: bool, detail: str
    ) -> None:
        newsletter_id = rows.newsletter_id(self._connection, held.newsletter)
        if held.state is _State.ENDED:
            # That they left once stays, so that nothing but their own yes makes it active.
            self._move(held, _State.PENDING, {}, ConsentKind.REQUESTED, detail)
            held = replace(held, state=_State.PENDING)
        elif held.state is _State.PENDING and self._channel == "page":
            # They were sent another letter, and have all its time to say yes.
            self._record(held.subscriber_id, newsletter_id, ConsentKind.REQUESTED, detail)
        if held.state is _State.PENDING and confirmed:
            values = {"confirmed_at": self._now, **_NOT_ENDED}
            self._move(held, _State.ACTIVE, values, ConsentKind.IMPORTED, detail)
        self.choose(held, chosen=chosen or held.preference, cadence=cadence or held.cadence)

    def _move(
        self, held: Subscription, to: SubscriptionState, values: dict[str, Any], kind: ConsentKind, detail: str
    ) -> None:
        """Move by compare-and-set, and record it; a move that the table does not have is refused."""
        if to is not held.state and to not in MOVES[held.state]:
            raise ConsentRefused(f"A subscription that is {held.state} cannot become {to}.")
        # Leaving must work whatever happened since somebody looked; all else is for what they saw.
        since = {state for state in MOVES if to in MOVES[state]} if to is _State.ENDED else {held.state}
        moved = self._set(held.id, {"state": to, **values}, subscription.c.state.in_(since))
        if moved:
            self._record(held.subscriber_id, rows.newsletter_id(self._connection, held.newsletter), kind, detail)
        elif to is not _State.ENDED:
            raise ConsentRefused("The subscription was changed just now.", remedy="Look at it again.")

    def _set(self, subscription_id: int, values: dict[str, Any], *conditions: ColumnElement[bool]) -> bool:
        this = subscription.c.id == subscription_id
        return self._connection.execute(update(subscription).where(this, *conditions).values(values)).rowcount == 1

    def _record(self, subscriber_id: int, newsletter_id: int, kind: ConsentKind, detail: str) -> None:
        values = {"subscriber_id": subscriber_id, "newsletter_id": newsletter_id, "kind": kind, "at": self._now}
        self._connection.execute(insert(consent).values(channel=self._channel, detail=detail, **values))


def _must_not_have_left(held: Subscription | None) -> None:
    if held is not None and held.ended_at is not None and held.end_reason != EndReason.LAPSED:
        raise ConsentRefused(
            f"{held.email} has {held.end_reason} on {held.ended_at:%Y-%m-%d}.",
            remedy="Ask them; when they say yes: digest subscribers add, without --confirmed, then confirm.",
        )
