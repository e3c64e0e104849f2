"""A trial: an issue that is published, a mail server that misbehaves, and whoever delivers, over real sockets."""

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from digest.errors import Problem
from digest.flow.deliver import Delivered, Stop, drain_outbox
from digest.flow.house import House
from digest.mail.session import SmtpTimeouts
from digest.mail.smtp import Security, SmtpConfig, SmtpTransport
from digest.model.delivery import DeliveryState
from digest.storage.clock import database_now
from digest.storage.tables import attempt, delivery, worker
from subscribers.tables import subscriber
from tests.support.boundaries import Fate
from tests.support.chaos import Chaos
from tests.support.children import Child, Plan, start
from tests.support.desk import NEWSLETTER, Desk
from tests.support.invariants import Figures, check

PERIOD = "2026-11"
ISSUE = f"{NEWSLETTER}/{PERIOD}"
CONNECTIONS = 3
READERS = 12
#: Short enough to sit out, long enough for a busy machine.
SHORT = SmtpTimeouts(opening=0.5, mail=0.5, rcpt=0.5, data=0.5, block=0.5, dot=0.5, polite=0.2)
PATIENT = SmtpTimeouts(opening=30, mail=30, rcpt=30, data=30, block=30, dot=30, polite=5)


@dataclass
class Trial:
    """One house, one mail server, one issue."""

    house: House
    chaos: Chaos
    folder: Path
    chance: random.Random
    connections: int = CONNECTIONS
    children: list[Child] = field(default_factory=list)
    #: How often whoever delivers or publishes was killed.
    kills: int = 0
    #: What the checker said, each time it was asked.
    figures: list[Figures] = field(default_factory=list)

    @property
    def embedded(self) -> bool:
        """Whether it runs on SQLite."""
        return self.house.store.embedded

    @property
    def desk(self) -> Desk:
        """Hands."""
        return Desk(self.house)

    def through(self, timeouts: SmtpTimeouts = PATIENT, **smtp: Any) -> House:
        """The house, delivering by SMTP to the mail server of this trial."""
        usual: dict[str, Any] = {"host": "127.0.0.1", "port": self.chaos.port, "security": Security.NONE}
        usual |= {"connections": self.connections, "helo_name": "news.example", "timeouts": timeouts}
        return replace(self.house, transport=lambda: SmtpTransport(SmtpConfig(**(usual | smtp))))

    def deliver(
        self, timeouts: SmtpTimeouts = PATIENT, *, drain: bool = False, stop: Stop | None = None, **smtp: Any
    ) -> Delivered:
        """Hand over what is due, in this process. Raises what delivering raises."""
        return drain_outbox(self.through(timeouts, **smtp), drain=drain, stop=stop)

    def finish(self, *, tries: int = 30) -> None:
        """Deliver again and again, to a server that behaves by now, until nothing waits."""
        self.chaos.behave()
        for _ in range(tries):
            self.dead_are_found()
            self.wait_is_over()
            with suppress(Problem):
                self.deliver()
            if not self.waiting():
                return
        raise AssertionError(f"after {tries} runs there still wait {self.counts()}")

    def child(
        self,
        *arguments: str,
        fate: Fate | None = None,
        first: Callable[[], None] | None = None,
        instead: Callable[[], None] | None = None,
        **environment: str,
    ) -> Child:
        """A command of ours as a real process."""
        plan = Plan(
            folder=self.folder,
            arguments=arguments,
            environment={**self.environment(), **environment},
            fate=fate,
            first=first,
            instead=instead,
        )
        self.children.append(start(plan, self.folder / f"child{len(self.children)}.txt"))
        return self.children[-1]

    def environment(self) -> dict[str, str]:
        """The settings of this trial, for processes."""
        return {
            "DIGEST_DATABASE__URL": self.house.settings.database.url,
            "DIGEST_MAIL__TRANSPORT": "smtp",
            "DIGEST_MAIL__RETRY_SECONDS": "0.01",
            "DIGEST_MAIL__SMTP__HOST": "127.0.0.1",
            "DIGEST_MAIL__SMTP__PORT": str(self.chaos.port),
            "DIGEST_MAIL__SMTP__SECURITY": "none",
            "DIGEST_MAIL__SMTP__CONNECTIONS": str(self.connections),
            "DIGEST_DELIVERY__BATCH": "5",
            "DIGEST_DELIVERY__BEAT_SECONDS": "0.2",
        }

    def dead_are_found(self) -> None:
        """Let those who have fallen silent have been so for a minute; whoever lives beats again at once."""
        with self.house.store.write() as connection:
            connection.execute(update(worker).values(beat_at=database_now(-timedelta(minutes=1))))

    def wait_is_over(self) -> None:
        """Let what was deferred be due."""
        with self.house.store.write() as connection:
            due = delivery.c.state == DeliveryState.QUEUED
            connection.execute(update(delivery).where(due).values(not_before=database_now()))

    def counts(self) -> dict[DeliveryState, int]:
        """How the deliveries stand, without the zeros."""
        return {state: count for state, count in self.desk.counts(PERIOD).items() if count}

    def waiting(self) -> int:
        """How many still wait, or are on their way."""
        return sum(self.counts().get(state, 0) for state in (_S.QUEUED, _S.LEASED, _S.IN_FLIGHT))

    def ledger(self, *columns: Any) -> dict[str, Any]:
        """A column of all deliveries, or several, by the reader's address; the state when none is named."""
        wanted = columns or (delivery.c.state,)
        mine = subscriber.c.id == delivery.c.subscriber_id
        query = select(subscriber.c.email, *wanted).select_from(delivery).join(subscriber, mine)
        with self.house.store.read() as connection:
            rows = [tuple(row) for row in connection.execute(query)]
        return {email: values[0] if len(wanted) == 1 else tuple(values) for email, *values in rows}

    def attempts(self, *columns: Any) -> list[Any]:
        """Columns of all attempts, in order."""
        with self.house.store.read() as connection:
            return list(connection.execute(select(*columns).select_from(attempt).order_by(attempt.c.id)))

    def suppressed(self) -> list[str]:
        """Whose addresses are suppressed."""
        from subscribers.tables import suppression

        query = select(subscriber.c.email).join(suppression, suppression.c.address_hash == subscriber.c.address_hash)
        with self.house.store.read() as connection:
            return list(connection.scalars(query.where(suppression.c.lifted_at.is_(None))))

    def check(self, **how: Any) -> Figures:
        """What must hold after every fault. Raises BrokenError."""
        self.figures.append(check(self.house.store, self.chaos.taken(), **how))
        return self.figures[-1]

    def close(self) -> None:
        """End what is left of the children."""
        for child in self.children:
            child.process.kill()
            child.process.join()


_S = DeliveryState


def reader(number: int) -> str:
    """The address of a reader of every trial."""
    return f"reader{number}@example.org"


def shifted(seconds: float) -> Callable[[], None]:
    """What sets a child's clock, to be done first in it."""
    from tests.support.clocks import shift

    return partial(shift, seconds)
