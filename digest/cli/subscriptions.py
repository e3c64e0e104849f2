"""Subscriptions as commands take and print them."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli import out
from subscribers.preferences import Preference, parse

if TYPE_CHECKING:
    from digest.flow.house import House
    from subscribers.directory import Subscription

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The reader's address.")]
Newsletter = Annotated[str, typer.Option("--newsletter", "-n", help="The newsletter's slug.")]
AnyNewsletter = Annotated[str | None, typer.Option("--newsletter", "-n", help="One newsletter; all when left out.")]
Topics = Annotated[str | None, typer.Option(help="Topics' slugs, parted by commas, or all.")]
Often = Annotated[str | None, typer.Option(help="How often: one of the newsletter's cadences.")]


def chosen_topics(topics: str | None) -> Preference | None:
    """What --topics says; None when it was left out."""
    return None if topics is None else parse(topics)


def print_subscriptions(held: "list[Subscription]", as_json: bool) -> None:
    """Print subscriptions, for a program or a person."""
    if as_json:
        out.as_json([as_dict(each) for each in held] if len(held) != 1 else as_dict(held[0]))
        return
    for each in held:
        until = f" until {each.paused_until:%Y-%m-%d}" if each.paused_until else ""
        out.say(f"{each.email}: {each.newsletter}, {each.state}{until}, {each.preference}, {each.cadence}")


def warn_of_language(house: "House", tag: str) -> None:
    """That letters do not speak a reader's language."""
    if tag and not house.tongues.speaks(tag):
        there_are = ", ".join(house.tongues.available)
        out.warn(f"No letter speaks “{tag}” (there are: {there_are}); it comes in its newsletter's own language.")


def as_dict(held: "Subscription") -> dict[str, Any]:
    """A subscription for a program."""
    topics = held.preference.topics
    return {
        "email": held.email,
        "name": held.name,
        "newsletter": held.newsletter,
        "state": held.state,
        "topics": "all" if topics is None else sorted(topics),
        "cadence": held.cadence,
        "language": held.language,
        "confirmed_at": held.confirmed_at,
        "paused_until": held.paused_until,
        "ended_at": held.ended_at,
        "end_reason": held.end_reason,
    }
