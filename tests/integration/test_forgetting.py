"""Forgetting: who never said yes is gone after a time, without a trace of the address, and may come back."""

import json
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from digest.errors import TokenRefused
from digest.flow import sign_up
from digest.flow.enrol import add, import_csv, people
from digest.flow.house import House
from digest.flow.purge import forget_unconfirmed
from digest.flow.schedule import tick
from digest.mail.memory import MemoryTransport
from digest.model.delivery import Handover, Outcome, Phase
from digest.model.notice import RequestKind, Wish
from subscribers import directory
from subscribers.consent import SubscriptionState
from subscribers.suppression import SuppressionReason
from subscribers.tables import consent, subscription
from subscribers.tokens import Purpose
from tests.conftest import StandingClock
from tests.integration.test_erase import everything_kept
from tests.support.desk import NEWSLETTER, Desk
from tests.support.terminal import Terminal

PRIYA, JOE = "priya@example.org", "joe@example.org"


def ask(desk: Desk, email: str = PRIYA, *, answered: bool = True) -> None:
    """Sign up by the page; the letter goes out where it is answered."""
    wish = Wish(topics=("carers",), name="Priya Rao")
    sign_up.ask(desk.house, RequestKind.SIGN_UP, NEWSLETTER, email, wish, client="::1")
    if answered:
        desk.deliver()


def states(house: House, email: str) -> list[SubscriptionState]:
    """How somebody's subscriptions stand; none of somebody nobody knows."""
    with house.store.read() as connection:
        return [h.state for h in directory.stream(connection) if h.email == email]


def kinds(house: House) -> list[str]:
    """What the record of consent holds."""
    with house.store.read() as connection:
        return list(connection.scalars(select(consent.c.kind).order_by(consent.c.id)))


def test_who_never_confirms_is_forgotten_by_the_clock(desk: Desk, clock: StandingClock) -> None:
    """Address and name are in no column of any table; that something was asked for, and lapsed, stays on record."""
    ask(desk)
    clock.pass_by(days=29, hours=23)
    tick(desk.house)
    before = everything_kept(desk)

    clock.pass_by(hours=2)
    tick(desk.house)

    assert PRIYA in before
    assert "priya" not in everything_kept(desk)
    assert kinds(desk.house) == ["requested", "lapsed"]


def test_who_was_forgotten_may_sign_up_again(desk: Desk, clock: StandingClock, transport: MemoryTransport) -> None:
    """Nothing is suppressed: they get their letter, and their yes counts. The old link is dead."""
    ask(desk)
    with desk.house.store.read() as connection:
        old = desk.house.keys.token(Purpose.CONFIRM, connection.scalar(select(subscription.c.id)) or 0)
    clock.pass_by(days=31)
    forget_unconfirmed(desk.house)

    ask(desk)
    with pytest.raises(TokenRefused):
        sign_up.confirm(desk.house, old)
    with desk.house.store.write() as connection:
        people(desk.house, connection).confirm(PRIYA)

    assert [kept.envelope.recipient for kept in transport.kept] == [PRIYA, PRIYA]
    assert states(desk.house, PRIYA) == [SubscriptionState.ACTIVE]


def test_nobody_else_is_forgotten(desk: Desk, clock: StandingClock) -> None:
    """Neither readers, nor who is paused or has left, nor who has asked of late, nor who left and asked again."""
    for name in ("active", "paused", "left", "returning"):
        held = desk.reader(f"{name}@example.org")
        with desk.house.store.write() as connection:
            hands = people(desk.house, connection)
            if name == "paused":
                hands.pause(held, clock.now() + timedelta(days=300))
            if name in ("left", "returning"):
                hands.end(held)
    ask(desk, "returning@example.org")
    clock.pass_by(days=20)
    ask(desk, "late@example.org")
    clock.pass_by(days=11)

    done = forget_unconfirmed(desk.house)

    with desk.house.store.read() as connection:
        after = {h.email.partition("@")[0]: (str(h.state), h.end_reason) for h in directory.stream(connection)}
    assert (done.newsletters, done.people) == ({NEWSLETTER: 1}, 0)
    assert after == {
        "active": ("active", ""),
        "paused": ("paused", ""),
        "left": ("ended", "unsubscribed"),
        "returning": ("ended", "unsubscribed"),
        "late": ("pending", ""),
    }


def test_who_asks_again_has_all_the_time_once_more(desk: Desk, clock: StandingClock) -> None:
    """The newest letter's link must not die early; and what waits to be answered spares who asked."""
    ask(desk)
    clock.pass_by(days=28)
    ask(desk)
    clock.pass_by(days=28)
    spared = forget_unconfirmed(desk.house).people
    clock.pass_by(days=3)
    ask(desk, PRIYA.upper(), answered=False)
    waiting = forget_unconfirmed(desk.house).people
    desk.deliver()

    assert (spared, waiting) == (0, 0)
    assert states(desk.house, PRIYA) == [SubscriptionState.PENDING]


def test_a_reader_of_another_newsletter_stays(desk: Desk, clock: StandingClock, tmp_path: Path) -> None:
    """Only what they never confirmed ends; as they refused nothing, an import that vouches for them takes it up."""
    from digest.flow.apply import apply
    from digest.resources import folder

    apply(desk.house, folder("config") / "newsletters" / "care-notes.toml")
    add(desk.house, PRIYA, "care-notes", chosen=None, cadence=None, name="Priya", confirmed=True)
    ask(desk)
    clock.pass_by(days=31)

    done = forget_unconfirmed(desk.house)
    ended = states(desk.house, PRIYA)
    (tmp_path / "readers.csv").write_text(f"email\n{PRIYA}\n", encoding="utf-8")
    report = import_csv(
        desk.house,
        tmp_path / "readers.csv",
        NEWSLETTER,
        confirmed=True,
        mapping={},
        dry_run=False,
        progress=lambda _: None,
    )

    assert (done.newsletters, done.people) == ({NEWSLETTER: 1}, 0)
    assert sorted(ended) == [SubscriptionState.ACTIVE, SubscriptionState.ENDED]
    assert (report.changed, report.refused) == (1, [])
    assert states(desk.house, PRIYA) == [SubscriptionState.ACTIVE] * 2


def test_what_servers_said_of_them_is_forgotten_too(
    desk: Desk, clock: StandingClock, transport: MemoryTransport
) -> None:
    """A refusal repeats the address, as does evidence; that the address is stopped stays, by its hash."""
    refusal = {"reply_code": 550, "enhanced_code": "5.1.1", "diagnostic": f"550 5.1.1 <{PRIYA}>: unknown"}
    transport._answers.append(Handover(outcome=Outcome.FAILED, phase=Phase.RCPT, **refusal))  # type: ignore[arg-type]
    ask(desk)
    with desk.house.store.write() as connection:
        people(desk.house, connection).suppress(PRIYA, SuppressionReason.ADMIN, evidence=f"a letter of {PRIYA}")
    clock.pass_by(days=31)

    forget_unconfirmed(desk.house)

    with desk.house.store.read() as connection:
        stops = directory.suppressions_of(connection, desk.house.keys, PRIYA)
    assert "priya" not in everything_kept(desk)
    assert [stop.evidence for stop in stops] == [""]


def test_a_dry_run_says_what_would_be_forgotten(desk: Desk, clock: StandingClock) -> None:
    """By newsletter, and how many addresses; nothing is changed. Done twice is done once."""
    for number in range(3):
        ask(desk, f"reader{number}@example.org", answered=False)
    desk.deliver()
    clock.pass_by(days=31)
    before = everything_kept(desk)

    would = forget_unconfirmed(desk.house, dry_run=True)
    unchanged = everything_kept(desk) == before
    did, again = forget_unconfirmed(desk.house), forget_unconfirmed(desk.house)

    assert unchanged
    assert would == did
    assert (did.newsletters, did.people) == ({NEWSLETTER: 3}, 3)
    assert (again.newsletters, again.people) == ({}, 0)


def test_more_than_a_batch_is_forgotten_at_once(desk: Desk, clock: StandingClock, tmp_path: Path) -> None:
    """Who was imported without a yes that is vouched for counts as unconfirmed too."""
    lines = "\n".join(f"reader{number}@example.org" for number in range(1500))
    (tmp_path / "readers.csv").write_text(f"email\n{lines}\n", encoding="utf-8")
    how = {"confirmed": False, "mapping": {}, "dry_run": False, "progress": lambda _: None}
    import_csv(desk.house, tmp_path / "readers.csv", NEWSLETTER, **how)  # type: ignore[arg-type]
    clock.pass_by(days=31)

    assert forget_unconfirmed(desk.house).people == 1500


def test_those_who_wait_are_found_by_an_index(desk: Desk) -> None:
    """Each tick looks for them: that must not take longer the more readers there are."""
    with desk.house.store.read() as connection:
        if connection.dialect.name == "sqlite":
            query = (
                "EXPLAIN QUERY PLAN SELECT id FROM subscription WHERE state = 'pending' AND created_at < '2026-01-01'"
            )
            plan = str(connection.execute(text(query)).all())
        else:
            connection.execute(text("SET LOCAL enable_seqscan = off"))
            query = "EXPLAIN SELECT id FROM subscription WHERE state = 'pending' AND created_at < '2026-01-01'"
            plan = str(connection.execute(text(query)).all())

    assert "ix_subscription_pending" in plan


def test_the_command_says_how_many_and_does_it(terminal: Terminal) -> None:
    """For a person and for a program; what was asked for a moment ago has time yet."""
    terminal.done("subscribers", "add", PRIYA, "-n", NEWSLETTER)
    nothing = terminal.done("subscribers", "forget-unconfirmed")
    with sqlite3.connect("data/digest.db") as connection:
        connection.execute("UPDATE subscription SET created_at = '2020-01-01 00:00:00' WHERE state = 'pending'")
        connection.execute("DROP TRIGGER consent_is_never_changed")
        connection.execute("UPDATE consent SET at = '2020-01-01 00:00:00'")
    connection.close()

    would = json.loads(terminal.done("subscribers", "forget-unconfirmed", "--dry-run", "--json"))
    did = terminal.done("subscribers", "forget-unconfirmed")

    assert "Nothing has waited for a yes for 30 days." in nothing
    assert would == {"newsletters": {NEWSLETTER: 1}, "people": 1, "days": 30, "dry_run": True}
    assert "1 address forgotten." in did
    assert PRIYA not in terminal.done("subscribers", "list")
