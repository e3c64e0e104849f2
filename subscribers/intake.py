"""Intake: lines of an import become subscriptions, many at a time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, String, bindparam, insert, select

from subscribers import former, rows
from subscribers.address import Address, keyed_hash, parse
from subscribers.consent import ConsentKind, SubscriptionState
from subscribers.errors import Problem
from subscribers.given import Among, as_list
from subscribers.preferences import EVERYTHING, Preference
from subscribers.prepared import Prepared, written
from subscribers.service import Subscribers
from subscribers.suppression import EVERYWHERE
from subscribers.tables import Id, consent, subscriber, subscription, suppression
from subscribers.tokens import Keys
from subscribers.transfer import Line, Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What holds for every line of one import."""

    newsletter: str
    default_cadence: str
    #: Whether somebody vouches that these people have said yes.
    confirmed: bool
    #: What the consent record says of where they came from: the file's name.
    origin: str


class _Known(NamedTuple):
    """What is kept of somebody; of the subscription None where there is none."""

    name: str
    language: str
    state: str | None
    cadence: str | None
    preference_id: int | None


class Intake:
    """Takes batches of lines within one transaction, and keeps the report."""

    def __init__(self, connection: Connection, keys: Keys, terms: Terms, report: Report, *, now: datetime) -> None:
        self._connection, self._keys, self._terms, self._report, self._now = connection, keys, terms, report, now
        self._people = Subscribers(connection, keys, now=now, channel="import")
        self._newsletter_id = rows.newsletter_id(connection, terms.newsletter)
        self._preferences: dict[Preference, int] = {}
        self._seen: dict[str, int] = {}

    def take(self, lines: list[Line]) -> None:
        """Subscribe these people; who is known already is changed only where the line says otherwise."""
        parsed = self._parsed(lines)
        known = self._known([hashed for _, _, hashed in parsed])
        parsed = [entry for entry in parsed if self._may_begin(entry, known)]
        hashes = [hashed for _, _, hashed in parsed]
        refused = self._suppressed(hashes) | former.among(self._connection, hashes)
        self._insert([entry for entry in parsed if entry[2] not in known and entry[2] not in refused])
        for line, _, hashed in parsed:
            if hashed not in refused and hashed in known and self._says_nothing_new(line, known[hashed]):
                self._report.unchanged += 1
            elif hashed in refused or hashed in known:
                self._one_by_one(line)

    def _parsed(self, lines: list[Line]) -> list[tuple[Line, Address, str]]:
        parsed = []
        for line in lines:
            try:
                address = parse(line.email)
            except Problem as problem:
                self._report.refuse(line, str(problem))
                continue
            hashed = keyed_hash(address, self._keys.address_key)
            first = self._seen.setdefault(hashed, line.number)
            if first == line.number:
                parsed.append((line, address, hashed))
            else:
                self._report.refuse(line, f"the same address as in line {first}.")
        return parsed

    def _may_begin(self, entry: tuple[Line, Address, str], known: Mapping[str, "_Known"]) -> bool:
        """Whether somebody subscribes already, or may by such a line."""
        line, _, hashed = entry
        if not line.no_beginning or (hashed in known and known[hashed].state not in (None, SubscriptionState.ENDED)):
            return True
        self._report.refuse(line, line.no_beginning)
        return False

    def _known(self, hashes: list[str]) -> dict[str, "_Known"]:
        """The people there are among these, with their subscription to this newsletter if they have one."""
        found = _KNOWN.run(self._connection, hashes=as_list(hashes), newsletter_id=self._newsletter_id)
        return {hashed: _Known(*said) for hashed, *said in found}

    def _suppressed(self, hashes: list[str]) -> set[str]:
        found = _SUPPRESSED.run(self._connection, hashes=as_list(hashes), newsletter=self._terms.newsletter)
        return {hashed for (hashed,) in found}

    def _says_nothing_new(self, line: Line, row: "_Known") -> bool:
        settled = {SubscriptionState.ACTIVE, SubscriptionState.PAUSED}
        if not self._terms.confirmed:
            settled.add(SubscriptionState.PENDING)
        return (
            row.state in settled
            and (not line.name or line.name == row.name)
            and (not line.language or line.language == row.language)
            and (line.cadence is None or line.cadence == row.cadence)
            and (line.chosen is None or self._preference(line.chosen) == row.preference_id)
        )

    def _insert(self, fresh: list[tuple[Line, Address, str]]) -> None:
        if not fresh:
            return
        people = [self._person(*entry) for entry in fresh]
        made = self._connection.execute(
            insert(subscriber).returning(subscriber.c.id, sort_by_parameter_order=True), people
        )
        pairs = [(line, row.id) for (line, _, _), row in zip(fresh, made, strict=True)]
        self._connection.execute(insert(subscription), [self._subscription(*pair) for pair in pairs])
        self._connection.execute(insert(consent), [self._consent(*pair) for pair in pairs])
        self._report.added += len(fresh)

    def _one_by_one(self, line: Line) -> None:
        before = self._state(line)
        try:
            self._people.add(
                line.email,
                self._terms.newsletter,
                chosen=line.chosen,
                cadence=line.cadence,
                default_cadence=self._terms.default_cadence,
                name=line.name,
                language=line.language,
                confirmed=self._confirmed(line),
                detail=self._detail(line),
            )
        except Problem as problem:
            self._report.refuse(line, str(problem))
            return
        after = self._state(line)
        if before is None:
            self._report.added += 1
        elif before == after:
            self._report.unchanged += 1
        else:
            self._report.changed += 1

    def _state(self, line: Line) -> tuple[Any, ...] | None:
        hashed = keyed_hash(parse(line.email), self._keys.address_key)
        row = self._connection.execute(
            select(
                subscription.c.state,
                subscription.c.cadence,
                subscription.c.preference_id,
                subscriber.c.name,
                subscriber.c.language,
            )
            .join(subscriber, subscriber.c.id == subscription.c.subscriber_id)
            .where(subscriber.c.address_hash == hashed, subscription.c.newsletter_id == self._newsletter_id)
        ).first()
        return None if row is None else tuple(row)

    def _person(self, line: Line, address: Address, hashed: str) -> dict[str, Any]:
        return {
            "email": address.email,
            "address_hash": hashed,
            "name": line.name,
            "language": line.language,
            "created_at": self._now,
        }

    def _subscription(self, line: Line, subscriber_id: int) -> dict[str, Any]:
        return {
            "subscriber_id": subscriber_id,
            "newsletter_id": self._newsletter_id,
            "preference_id": self._preference(line.chosen or EVERYTHING),
            "cadence": line.cadence or self._terms.default_cadence,
            "state": SubscriptionState.ACTIVE if self._confirmed(line) else SubscriptionState.PENDING,
            "created_at": self._now,
            "confirmed_at": self._now if self._confirmed(line) else None,
        }

    def _consent(self, line: Line, subscriber_id: int) -> dict[str, Any]:
        return {
            "subscriber_id": subscriber_id,
            "newsletter_id": self._newsletter_id,
            "kind": ConsentKind.IMPORTED if self._confirmed(line) else ConsentKind.REQUESTED,
            "at": self._now,
            "channel": "import",
            "detail": self._detail(line),
        }

    def _confirmed(self, line: Line) -> bool:
        """Nobody can vouch for a yes that our own export says was never given."""
        return self._terms.confirmed and not line.pending

    def _detail(self, line: Line) -> str:
        return f"{self._terms.origin}, line {line.number}"

    def _preference(self, chosen: Preference) -> int:
        if chosen not in self._preferences:
            self._preferences[chosen] = rows.preference_id(self._connection, chosen)
        return self._preferences[chosen]


_HASHES = bindparam("hashes", type_=String)
_NEWSLETTER_ID = bindparam("newsletter_id", type_=Id)
_MINE = (subscription.c.subscriber_id == subscriber.c.id) & (subscription.c.newsletter_id == _NEWSLETTER_ID)
_KNOWN = Prepared(
    select(
        subscriber.c.address_hash,
        subscriber.c.name,
        subscriber.c.language,
        subscription.c.state,
        subscription.c.cadence,
        subscription.c.preference_id,
    )
    .outerjoin(subscription, _MINE)
    .where(Among(subscriber.c.address_hash, _HASHES))
)
_SUPPRESSED = Prepared(
    select(suppression.c.address_hash).where(
        Among(suppression.c.address_hash, _HASHES),
        suppression.c.scope.in_((written(EVERYWHERE), bindparam("newsletter", type_=String))),
        suppression.c.lifted_at.is_(None),
    )
)
