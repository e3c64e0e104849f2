"""Compose: make the draft issue of a period. Composed twice is composed once."""

from datetime import date

from digest.errors import Never
from digest.flow.house import House
from digest.model.cadence import Cadence, Period, parse_period, period_of
from digest.model.issue import Issue
from digest.model.newsletter import Newsletter
from digest.storage import issues, newsletters


def compose(
    house: House, newsletter_slug: str, *, period_key: str | None = None, cadence: str | None = None
) -> tuple[Issue, bool]:
    """The issue of a period (by default the present one of the newsletter's own cadence), and whether it is new.

    Raises UnknownName, BadPeriod, or Never for a cadence that the newsletter does not have.
    """
    now = house.clock.now()
    with house.store.write() as connection:
        publication = newsletters.load(connection, newsletter_slug)
        newsletter = publication.newsletter
        period = period_named(newsletter, period_key, cadence, today=now.astimezone(newsletter.zone).date())
        return issues.create(connection, publication, period, now=now)


def period_named(newsletter: Newsletter, key: str | None, cadence: str | None, *, today: date) -> Period:
    """The period that a person means; without a key, the one that today falls in. Raises Never for a cadence that the
    newsletter does not have, whose issue nobody could get."""
    if cadence and cadence not in newsletter.cadences:
        raise Never(f"There is no cadence “{cadence}”.", remedy=f"There are: {', '.join(newsletter.cadences)}.")
    if key is None:
        return period_of(Cadence(cadence) if cadence else newsletter.default_cadence, today)
    first = [Cadence(cadence)] if cadence else [newsletter.default_cadence, *newsletter.cadences]
    return parse_period(issues.cadence_of(key, first), key)
