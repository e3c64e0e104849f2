"""Consents: change, confirm, pause, resume, unsubscribe, suppress, erase."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli import out
from digest.cli.house import opened, who
from digest.cli.subscriptions import (
    AnyNewsletter,
    Email,
    Json,
    Newsletter,
    Often,
    Topics,
    chosen_topics,
    print_subscriptions,
    warn_of_language,
)
from subscribers.suppression import EVERYWHERE, SuppressionReason

if TYPE_CHECKING:
    from subscribers.directory import Subscription
    from subscribers.service import Subscribers


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (change, confirm, pause, resume, unsubscribe, suppress, erase, forget_unconfirmed):
        app.command()(command)


def change(
    email: Email,
    newsletter: Newsletter,
    topics: Topics = None,
    cadence: Often = None,
    name: Annotated[str | None, typer.Option(help="How to greet the reader.")] = None,
    language: Annotated[str | None, typer.Option(help="BCP 47 tag, such as en-GB; empty for none.")] = None,
    as_json: Json = False,
) -> None:
    """Change a subscription's topics or frequency, or the reader's name or language; counts from the next issue.

    Example: digest subscribers change priya@example.org -n social-care --topics mental-health
    """
    from digest.flow.enrol import must_be_known, rules_of
    from subscribers import directory

    with _people() as (people, house, connection):
        rules, _ = rules_of(connection, newsletter)
        held = _of(directory.of_reader(connection, house.keys, email), newsletter)
        wanted = chosen_topics(topics)
        must_be_known(wanted, cadence, rules)  # what they chose before may have gone meanwhile
        people.choose(held, chosen=wanted or held.preference, cadence=cadence or held.cadence)
        people.describe(held, name=name, language=language)
        warn_of_language(house, language or "")
        after = directory.of_reader(connection, house.keys, email)
    print_subscriptions(after, as_json)


def confirm(email: Email, newsletter: AnyNewsletter = None, as_json: Json = False) -> None:
    """Take a reader's yes that reached you another way: what is pending becomes active."""
    with _people() as (people, _, _connection):
        held = people.confirm(email, newsletter, detail=f"by {who()}")
    print_subscriptions(held, as_json)


def pause(
    email: Email,
    newsletter: Newsletter,
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The day it goes on, such as 2027-01-31.")],
    as_json: Json = False,
) -> None:
    """Send nothing until a day; what is new meanwhile comes in the first issue after it."""
    from digest.model.cadence import local_instant
    from digest.storage.newsletters import load
    from subscribers import directory

    with _people() as (people, house, connection):
        zone = load(connection, newsletter).newsletter.zone
        at = local_instant(until.date(), time.min, zone)
        if at <= house.clock.now():
            raise typer.BadParameter("that day has come already")
        people.pause(_of(directory.of_reader(connection, house.keys, email), newsletter), at)
        held = directory.of_reader(connection, house.keys, email)
    print_subscriptions(held, as_json)


def resume(email: Email, newsletter: Newsletter, as_json: Json = False) -> None:
    """End a pause early."""
    from subscribers import directory

    with _people() as (people, house, connection):
        people.resume(_of(directory.of_reader(connection, house.keys, email), newsletter))
        held = directory.of_reader(connection, house.keys, email)
    print_subscriptions(held, as_json)


def unsubscribe(email: Email, newsletter: AnyNewsletter = None, as_json: Json = False) -> None:
    """End a reader's subscription, or all of them. What is still queued does not go out."""
    with _people() as (people, _, _connection):
        held = people.unsubscribe(email, newsletter, detail=f"by {who()}")
    print_subscriptions(held, as_json)


def suppress(
    email: Email,
    newsletter: AnyNewsletter = None,
    reason: Annotated[SuppressionReason, typer.Option(help="Why.")] = SuppressionReason.ADMIN,
    evidence: Annotated[str, typer.Option(help="What it rests on.")] = "",
    lift: Annotated[str | None, typer.Option(help="Lift it instead, for this reason.")] = None,
) -> None:
    """Let nothing go to an address from now on, known or not; or lift that.

    Example: digest subscribers suppress joe@example.org --reason requested --evidence "letter of 3 May"
    """
    from digest.storage.newsletters import load

    scope = newsletter or EVERYWHERE
    with _people() as (people, _, connection):
        if newsletter:
            load(connection, newsletter)
        if lift is None:
            people.suppress(email, reason, scope=scope, evidence=evidence or f"by {who()}")
            out.say(f"{email} gets nothing any more{f' of {newsletter}' if newsletter else ''}.")
        else:
            lifted = people.lift(email, scope=scope, because=f"{lift} (by {who()})")
            out.say(f"{email} is {'no longer' if lifted else 'not'} suppressed.")


def erase(email: Email, yes: Annotated[bool, typer.Option("--yes", help="Do not ask again.")] = False) -> None:
    """Forget a reader for good. A keyed hash stays so that no import brings the address back."""
    from digest.flow.purge import erase as forget

    if not yes:
        typer.confirm(f"Forget {email} for good?", abort=True)
    with opened() as house:
        forget(house, email, channel="command")
    out.say("Forgotten.")


def forget_unconfirmed(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen, change nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Forget subscriptions that nobody has confirmed in `sign_up.forget_unconfirmed_days`, and who has no other.

    The scheduler does it by itself. Nobody is suppressed: they may sign up again.

    Example: digest subscribers forget-unconfirmed --dry-run
    """
    from digest.flow.purge import forget_unconfirmed as forget

    with opened() as house:
        done, days = forget(house, dry_run=dry_run), house.settings.sign_up.forget_unconfirmed_days
    if as_json:
        out.as_json({"newsletters": done.newsletters, "people": done.people, "days": days, "dry_run": dry_run})
        return
    rows = [(slug, count) for slug, count in sorted(done.newsletters.items())]
    out.table(("Newsletter", "Unconfirmed"), rows, empty=f"Nothing has waited for a yes for {days} days.")
    if rows:
        out.say(f"{out.counted(done.people, 'address', 'addresses')} {'would be ' if dry_run else ''}forgotten.")


@contextmanager
def _people() -> "Iterator[tuple[Subscribers, Any, Any]]":
    from digest.flow.enrol import people

    with opened() as house, house.store.write() as connection:
        yield people(house, connection), house, connection


def _of(held: "list[Subscription]", newsletter: str) -> "Subscription":
    from subscribers.errors import UnknownReader

    for each in held:
        if each.newsletter == newsletter:
            return each
    raise UnknownReader(f"{held[0].email} is not subscribed to {newsletter}.")
