"""Hands for stories: short words for what editors, admins and readers do, all by the same verbs as the commands."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import select

from digest.flow.approve import approve
from digest.flow.compose import compose
from digest.flow.deliver import Delivered, drain_outbox
from digest.flow.enrol import add, people
from digest.flow.house import House
from digest.flow.keep import Gathered, import_file
from digest.flow.publish import Published, publish
from digest.model.delivery import DeliveryState
from digest.model.item import FoundItem, Item, ItemId
from digest.storage import editions, filings, issues, items, keeping, sources, tally
from digest.storage.keeping import Kept
from digest.storage.tables import delivery
from subscribers import directory
from subscribers.directory import Subscription
from subscribers.preferences import parse
from subscribers.tables import subscriber

NEWSLETTER = "social-care"


class Desk:
    """One house with its newsletter social-care."""

    def __init__(self, house: House) -> None:
        self.house = house

    def reader(
        self, email: str, topics: str = "all", *, confirmed: bool = True, name: str = "", language: str = ""
    ) -> Subscription:
        """Subscribe somebody."""
        said = {"name": name, "language": language, "confirmed": confirmed}
        return add(self.house, email, NEWSLETTER, chosen=parse(topics), cadence=None, **said)  # type: ignore[arg-type]

    def choose(self, email: str, topics: str) -> None:
        """Change somebody's topics."""
        with self.house.store.write() as connection:
            held = directory.of_reader(connection, self.house.keys, email)[0]
            people(self.house, connection).choose(held, chosen=parse(topics), cadence=held.cadence)

    def import_file(self, path: Path, source: str = "sscr-news") -> Gathered:
        """Keep the items of a file."""
        return import_file(self.house, path, source)[0]

    def keep(self, *found: FoundItem, source: str = "sscr-news") -> list[tuple[ItemId, Kept]]:
        """Keep items as a reading of a source found them."""
        with self.house.store.write() as connection:
            source_id = sources.find(connection, source).id
            kept = keeping.keep(connection, source_id, found, now=self.house.clock.now())
            filings.file_anew(connection, [i for i, how in kept if how is not Kept.SAME], now=self.house.clock.now())
        return kept

    def write_items(self, folder: Path, *entries: dict[str, Any], source: str = "sscr-news") -> Gathered:
        """Keep items that a test makes up: title, published_at, topics, body, link."""
        path = folder / "items.json"
        path.write_text(json.dumps([{"body": f"About {e['title']}.", **e} for e in entries]), encoding="utf-8")
        return self.import_file(path, source)

    def issue(self, period: str) -> Published:
        """Compose, approve and publish a period's issue."""
        name = compose(self.house, NEWSLETTER, period_key=period)[0].name
        approve(self.house, name, by="a test")
        return publish(self.house, name)

    def deliver(self, **how: Any) -> Delivered:
        """Hand over what is due."""
        return drain_outbox(self.house, **how)

    def month(self, period: str) -> Published:
        """A period's issue, from composing to delivering."""
        published = self.issue(period)
        self.deliver()
        return published

    def counts(self, period: str) -> dict[DeliveryState, int]:
        """How an issue's deliveries stand."""
        with self.house.store.read() as connection:
            return tally.counts(connection, issues.find(connection, f"{NEWSLETTER}/{period}").id)

    def received(self, email: str) -> list[str]:
        """The titles somebody was brought, in order, as the ledger has it."""
        with self.house.store.read() as connection:
            variants = connection.scalars(
                select(delivery.c.variant_id)
                .join(subscriber, subscriber.c.id == delivery.c.subscriber_id)
                .where(subscriber.c.email == email, delivery.c.state == DeliveryState.ACCEPTED)
                .order_by(delivery.c.id)
            ).all()
            held = [item_id for variant in variants for item_id in sorted(editions.items_of(connection, [variant]))]
            return [items.load(connection, item_id).title for item_id in held]

    def items(self) -> Sequence[Item]:
        """All items that are kept."""
        with self.house.store.read() as connection:
            return items.listed(connection)
