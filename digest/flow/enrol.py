"""Enrol: bring readers in, one at a time or by the file, and out again as a file."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from sqlalchemy import Connection

from digest.errors import SettingsRefused
from digest.flow.house import House
from digest.model.cadence import Cadence
from digest.storage import newsletters
from subscribers import audience, directory, transfer
from subscribers.directory import Subscription
from subscribers.errors import Never
from subscribers.intake import Intake, Terms
from subscribers.preferences import Preference, unknown
from subscribers.service import Subscribers
from subscribers.tables import newsletter as newsletter_table
from subscribers.transfer import Report, Rules

#: The columns of an export; an import takes the same.
COLUMNS = ("email", "name", "topics", "cadence", "language", "newsletter", "state", "paused_until", "since")


class _DryRun(Exception):  # noqa: N818  it is no error
    pass


def add(
    house: House,
    email: str,
    newsletter_slug: str,
    *,
    chosen: Preference | None,
    cadence: str | None,
    name: str = "",
    language: str = "",
    confirmed: bool = False,
    detail: str = "",
) -> Subscription:
    """Subscribe one address; it is told nothing. Raises AddressRefused, ConsentRefused, UnknownName."""
    with house.store.write() as connection:
        rules, default = rules_of(connection, newsletter_slug)
        must_be_known(chosen, cadence, rules)
        return people(house, connection).add(
            email,
            newsletter_slug,
            chosen=chosen,
            cadence=cadence,
            default_cadence=default,
            name=name,
            language=language,
            confirmed=confirmed,
            detail=detail,
        )


def import_csv(
    house: House,
    path: Path,
    newsletter_slug: str,
    *,
    confirmed: bool,
    mapping: Mapping[str, str],
    dry_run: bool,
    progress: Callable[[int], None],
) -> Report:
    """Subscribe the readers of a CSV file, and report every line that was refused.

    Raises UnreadableTable when the file is no CSV of readers; nothing was imported then.
    """
    report = Report()
    try:
        with path.open(encoding="utf-8-sig", newline="") as file, house.store.write() as connection:
            rules, default = rules_of(connection, newsletter_slug)
            terms = Terms(newsletter=newsletter_slug, default_cadence=default, confirmed=confirmed, origin=path.name)
            intake = Intake(connection, house.keys, terms, report, now=house.clock.now())
            for batch in transfer.batches(transfer.read(file, mapping=mapping, rules=rules, report=report)):
                intake.take(batch)
                progress(len(batch))
            if dry_run:
                raise _DryRun
    except _DryRun:
        pass
    except OSError as error:
        raise SettingsRefused(f"{path} cannot be read: {error.strerror}.", remedy="Check the file's name.") from error
    report.refused.sort(key=lambda refusal: refusal.line)
    return report


def exported(connection: Connection, newsletter_slug: str | None) -> Iterator[dict[str, str]]:
    """Subscriptions as rows of a CSV file. Topics that have gone are left out where others stay."""
    wanted = [newsletter_table.c.slug == newsletter_slug] if newsletter_slug else []
    there = {slug: rules_of(connection, slug)[0].topics for slug in newsletters.slugs(connection)}
    barred = audience.barred(connection)
    for held in directory.stream(connection, *wanted):
        chosen = held.preference
        if chosen.topics and (stay := chosen.topics & there[held.newsletter]):
            chosen = Preference(stay)
        yield {
            "email": held.email,
            "name": held.name,
            "topics": str(chosen).replace(",", ";"),
            "cadence": held.cadence,
            "language": held.language,
            "newsletter": held.newsletter,
            "state": transfer.SUPPRESSED if held.id in barred and held.state != "ended" else held.state,
            "paused_until": held.paused_until.isoformat() if held.paused_until and held.state == "paused" else "",
            "since": (held.confirmed_at or held.created_at).isoformat(),
        }


def people(house: House, connection: Connection, *, channel: str = "command") -> Subscribers:
    """The verbs on people, within a transaction."""
    return Subscribers(connection, house.keys, now=house.clock.now(), channel=channel)


def rules_of(connection: Connection, newsletter_slug: str) -> tuple[Rules, Cadence]:
    """What readers of a newsletter may choose, and the cadence of those who choose none. Raises UnknownName."""
    publication = newsletters.load(connection, newsletter_slug)
    newsletter = publication.newsletter
    rules = Rules(topics=frozenset(publication.topic_order), cadences=frozenset(newsletter.cadences))
    return rules, newsletter.default_cadence


def must_be_known(chosen: Preference | None, cadence: str | None, rules: Rules) -> None:
    """Raises Never for a topic or cadence that the newsletter does not have, naming those it has."""
    for slug in unknown(chosen, rules.topics) if chosen else ():
        raise Never(f"There is no topic “{slug}”.", remedy=f"There are: {', '.join(sorted(rules.topics))}.")
    if cadence and cadence not in rules.cadences:
        raise Never(f"There is no cadence “{cadence}”.", remedy=f"There are: {', '.join(sorted(rules.cadences))}.")
