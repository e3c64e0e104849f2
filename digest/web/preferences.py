"""A reader's own page: what it shows, and what may be wished there."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from digest.flow.person import WHY
from digest.model.cadence import Cadence, reach_back
from digest.model.newsletter import Newsletter
from digest.rendering.fragments import one_line
from digest.rendering.tongues import Tongues, marked
from digest.web import choices
from digest.web.forms import Form, FormRefused, first
from digest.web.shelf import Archive
from digest.web.voice import Voice
from subscribers.address import masked
from subscribers.consent import SubscriptionState
from subscribers.directory import Subscription
from subscribers.preferences import EVERYTHING, EVERYTHING_WORD, Preference, unknown

#: For how many months a reader may pause.
PAUSES = (1, 3, 6)
_LONGEST_PAUSE = timedelta(days=366)
#: Why somebody leaves, in words.
REASONS = tuple(
    zip(
        WHY,
        (
            marked("It comes too often"),
            marked("It is too much to read"),
            marked("It is not about what I do"),
            marked("I never signed up"),
            marked("I read it elsewhere"),
        ),
        strict=True,
    )
)


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
            marked("Choose at least one topic, or everything. Nothing was changed."),
            remedy=marked("If you want no more issues, unsubscribe below."),
        )
    if unknown(chosen, archive.publication.topic_order):
        raise FormRefused(marked("One of these topics is not one of ours. Nothing was changed."))
    return Wish(chosen=chosen, cadence=_cadence(form, archive.publication.newsletter, held))


def language(form: Form, tongues: Tongues) -> str:
    """The language a form asks for, empty for the newsletter's own. Raises FormRefused."""
    wanted = first(form, "language")
    if wanted and not tongues.speaks(wanted):
        raise FormRefused(marked("Our letters do not speak that language. Nothing was changed."))
    return wanted


def leavable(archive: Archive, held: Subscription) -> list[dict[str, str]]:
    """The topics of which one can be left, so that at least another stays."""
    chosen = held.preference.topics or frozenset()
    mine = [t for t in archive.publication.topics if t.slug in chosen]
    return [{"slug": t.slug, "name": one_line(t.name)} for t in mine] if len(mine) > 1 else []


def pause_until(form: Form, newsletter: Newsletter, now: datetime) -> datetime:
    """The end of the pause a form asks for: a day of its own, or so many months. Raises FormRefused."""
    if first(form, "until"):
        return _day_asked_for(first(form, "until"), newsletter, now)
    wanted = next((months for months in PAUSES if first(form, "months") == str(months)), None)
    if wanted is None:
        raise FormRefused(marked("That is not a time you can pause for. Nothing was changed."))
    # Reaching back by a negative number of months is reaching forward, with days clamped alike.
    return reach_back(Cadence.MONTHLY, -wanted, now, newsletter.zone)


def _day_asked_for(text: str, newsletter: Newsletter, now: datetime) -> datetime:
    first_day, last_day = pause_days(newsletter, now)
    try:
        wanted = date.fromisoformat(text)
    except ValueError as error:
        raise FormRefused(marked("Write the day like 2027-03-01. Nothing was changed.")) from error
    if not first_day <= wanted <= last_day:
        raise FormRefused(marked("You can pause for a day at least, and for a year at most. Nothing was changed."))
    return datetime.combine(wanted, time(), newsletter.zone)


def pause_days(newsletter: Newsletter, now: datetime) -> tuple[date, date]:
    """The first and the last day that a pause can last until."""
    today = now.astimezone(newsletter.zone).date()
    return today + timedelta(days=1), today + _LONGEST_PAUSE


def day(at: datetime, newsletter: Newsletter, voice: Voice) -> str:
    """The day an instant falls on where the newsletter lives: "21 February 2027"."""
    return voice.long_date(at.astimezone(newsletter.zone).date())


def view(
    archive: Archive, held: Subscription, now: datetime, voice: Voice, asked: Form | None = None
) -> dict[str, object]:
    """What the page's template wants; `asked` keeps what a reader ticked when it was refused."""
    newsletter = archive.publication.newsletter
    first_day, last_day = pause_days(newsletter, now)
    paused = held.state is SubscriptionState.PAUSED and held.paused_until is not None and held.paused_until > now
    counted = held.paused_until if paused and held.paused_until else now
    chosen = held.preference.topics if asked is None else frozenset(asked.get("topics", ()))
    return {
        "address": masked(held.email),
        "due": choices.next_due(newsletter, held.cadence, counted, voice),
        "everything": chosen is None or EVERYTHING_WORD in chosen,
        "topics": choices.topics(archive, chosen),
        "cadences": choices.cadences(newsletter, first(asked or {}, "cadence") or held.cadence, voice),
        "pending": held.state is SubscriptionState.PENDING,
        "paused_until": day(held.paused_until, newsletter, voice) if paused and held.paused_until else "",
        "first_day": first_day.isoformat(),
        "last_day": last_day.isoformat(),
        "until": _day_typed(first(asked or {}, "until")),
        "pauses": [{"months": months, "name": voice.months(months)} for months in PAUSES],
    }


def _day_typed(text: str) -> str:
    """What a field for a day can hold; empty for what is none."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return ""


def _cadence(form: Form, newsletter: Newsletter, held: Subscription) -> str:
    """A form without the field keeps the frequency, or takes the usual one when that is no longer offered."""
    offered = [str(cadence) for cadence in newsletter.cadences]
    if "cadence" not in form:
        return held.cadence if held.cadence in offered else str(newsletter.default_cadence)
    if first(form, "cadence") not in offered:
        raise FormRefused(marked("It does not come out that often. Nothing was changed."))
    return first(form, "cadence")
