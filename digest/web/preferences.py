"""A reader's own page: what it shows, and what may be wished there."""

from dataclasses import dataclass
from datetime import datetime

from digest.model.cadence import Cadence, reach_back
from digest.model.newsletter import Newsletter
from digest.rendering.phrases import ENGLISH
from digest.web import choices, wording
from digest.web.forms import Form, FormRefused, first
from digest.web.shelf import Archive
from subscribers.address import masked
from subscribers.consent import SubscriptionState
from subscribers.directory import Subscription
from subscribers.preferences import EVERYTHING, EVERYTHING_WORD, Preference, unknown

#: For how many months a reader may pause.
PAUSES = (1, 3, 6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a reader asks for."""

    chosen: Preference
    cadence: str


def wish(form: Form, archive: Archive, held: Subscription) -> Wish:
    """The topics and the frequency that a form asks for. Raises FormRefused in words for the reader."""
    slugs = frozenset(form.get("topics", ()))
    chosen = EVERYTHING if EVERYTHING_WORD in slugs else Preference(slugs)
    if not slugs:
        raise FormRefused(
            "Choose at least one topic, or everything. Nothing was changed.",
            remedy="If you want no more issues, use Unsubscribe below.",
        )
    if unknown(chosen, archive.publication.topic_order):
        raise FormRefused("One of these topics is not one of ours. Nothing was changed.")
    return Wish(chosen=chosen, cadence=_cadence(form, archive.publication.newsletter, held))


def pause_until(form: Form, newsletter: Newsletter, now: datetime) -> datetime:
    """The end of the pause a form asks for. Raises FormRefused."""
    wanted = next((months for months in PAUSES if first(form, "months") == str(months)), None)
    if wanted is None:
        raise FormRefused("That is not a time you can pause for. Nothing was changed.")
    # Reaching back by a negative number of months is reaching forward, with days clamped alike.
    return reach_back(Cadence.MONTHLY, -wanted, now, newsletter.zone)


def day(at: datetime, newsletter: Newsletter) -> str:
    """The day an instant falls on where the newsletter lives: "21 February 2027"."""
    return ENGLISH.long_date(at.astimezone(newsletter.zone).date())


def view(archive: Archive, held: Subscription, now: datetime, asked: Form | None = None) -> dict[str, object]:
    """What the page's template wants; `asked` keeps what a reader ticked when it was refused."""
    newsletter = archive.publication.newsletter
    paused = held.state is SubscriptionState.PAUSED and held.paused_until is not None and held.paused_until > now
    chosen = held.preference.topics if asked is None else frozenset(asked.get("topics", ()))
    return {
        "address": masked(held.email),
        "counts_from": _counts_from(newsletter, held, held.paused_until if paused and held.paused_until else now),
        "everything": chosen is None or EVERYTHING_WORD in chosen,
        "topics": choices.topics(archive, chosen),
        "cadences": choices.cadences(newsletter, first(asked or {}, "cadence") or held.cadence),
        "pending": held.state is SubscriptionState.PENDING,
        "paused_until": day(held.paused_until, newsletter) if paused and held.paused_until else "",
        "pauses": [{"months": months, "name": wording.months(months)} for months in PAUSES],
    }


def _cadence(form: Form, newsletter: Newsletter, held: Subscription) -> str:
    """A form without the field keeps the frequency, or takes the usual one when that is no longer offered."""
    offered = [str(cadence) for cadence in newsletter.cadences]
    if "cadence" not in form:
        return held.cadence if held.cadence in offered else str(newsletter.default_cadence)
    if first(form, "cadence") not in offered:
        raise FormRefused(f"{newsletter.name} does not come out that often. Nothing was changed.")
    return first(form, "cadence")


def _counts_from(newsletter: Newsletter, held: Subscription, after: datetime) -> str:
    due = choices.next_due(newsletter, held.cadence, after)
    return f"Changes count from the next issue, due on {due}." if due else ""
