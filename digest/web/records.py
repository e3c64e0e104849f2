"""Records: what we have written down about a person, in words for them."""

from collections.abc import Mapping
from typing import Any

from digest.flow.person import WHY
from digest.model.cadence import Cadence
from digest.model.delivery import DeliveryState
from digest.model.notice import NoticeKind
from digest.rendering.fragments import one_line
from digest.rendering.tongues import marked
from digest.web.preferences import REASONS
from digest.web.voice import Voice
from subscribers.consent import ConsentKind, SubscriptionState
from subscribers.suppression import SuppressionReason

_STATES = {
    SubscriptionState.PENDING: marked("waits for your yes"),
    SubscriptionState.ACTIVE: marked("goes on"),
    SubscriptionState.PAUSED: marked("paused"),
    SubscriptionState.ENDED: marked("ended"),
}
_EVENTS = {
    ConsentKind.REQUESTED: marked("asked for"),
    ConsentKind.IMPORTED: marked("brought from a list"),
    ConsentKind.CONFIRMED: marked("confirmed"),
    ConsentKind.CHANGED: marked("changed"),
    ConsentKind.PAUSED: marked("paused"),
    ConsentKind.RESUMED: marked("resumed"),
    ConsentKind.UNSUBSCRIBED: marked("unsubscribed"),
    ConsentKind.RETURNED: marked("taken back"),
    ConsentKind.ERASED: marked("erased"),
    ConsentKind.LAPSED: marked("never confirmed"),
}
_CHANNELS = {
    "page": marked("on a page"),
    "command": marked("by an administrator"),
    "import": marked("from a file"),
    "one-click": marked("by one click in a letter"),
    "mail": marked("by mail"),
    "bounce": marked("by a report of a mail server"),
    "clock": marked("by the clock"),
}
#: What becomes of a letter, as far as its reader may wonder.
_LETTERS = {
    DeliveryState.QUEUED: marked("waits to be sent"),
    DeliveryState.LEASED: marked("waits to be sent"),
    DeliveryState.IN_FLIGHT: marked("is being sent"),
    DeliveryState.ACCEPTED: marked("handed to your mail server"),
    DeliveryState.BOUNCED: marked("came back"),
    DeliveryState.COMPLAINED: marked("called unwanted"),
    DeliveryState.FAILED: marked("refused by your mail server"),
    DeliveryState.UNKNOWN: marked("perhaps sent"),
    DeliveryState.SUPPRESSED: marked("not sent"),
    DeliveryState.CANCELLED: marked("not sent"),
    DeliveryState.EXPIRED: marked("not sent"),
}
_KINDS = {
    NoticeKind.CONFIRM: marked("Please confirm"),
    NoticeKind.WELCOME: marked("Welcome"),
    NoticeKind.PRESENT: marked("You are subscribed already"),
    NoticeKind.LINK: marked("Your own page"),
    NoticeKind.MOVING: marked("Please confirm your new address"),
    NoticeKind.MOVED: marked("Your address has changed"),
}
_STOPS = {
    SuppressionReason.BOUNCED: marked("it takes no mail"),
    SuppressionReason.COMPLAINED: marked("our mail was called unwanted"),
    SuppressionReason.ERASED: marked("it was erased"),
    SuppressionReason.REQUESTED: marked("somebody asked us not to write"),
    SuppressionReason.ADMIN: marked("an administrator decided so"),
}


def state(voice: Voice, now: str) -> str:
    """How a subscription stands."""
    return voice.say(_STATES[SubscriptionState(now)])


def often(voice: Voice, cadence: str) -> str:
    """ "Monthly"; empty for a frequency that there no longer is."""
    return voice.often(Cadence(cadence)) if cadence in set(Cadence) else ""


def told(voice: Voice, kept: Mapping[str, Any]) -> dict[str, list[Any]]:
    """All that `person.kept` found, as lines of a page."""
    return {
        "consent": [_event(voice, each) for each in kept["consent"]],
        "issues": [{"what": each["issue"], "how": _letter(voice, each["state"])} for each in kept["issues"]],
        "letters": [
            {"what": voice.say(_KINDS[NoticeKind(each["letter"])]), "how": _letter(voice, each["state"])}
            for each in kept["letters"]
        ],
        "suppressions": [voice.say(_STOPS[SuppressionReason(each["reason"])]) for each in kept["suppressions"]],
    }


def _letter(voice: Voice, now: str) -> str:
    return voice.say(_LETTERS[DeliveryState(now)])


def _event(voice: Voice, record: Mapping[str, Any]) -> dict[str, str]:
    """`detail` is what proves it, as it was noted."""
    channel, detail = str(record["channel"]), str(record["detail"])
    reasons = dict(REASONS)
    why = detail.removeprefix("why: ")
    return {
        "at": f"{record['at']:%Y-%m-%d %H:%M}",
        "kind": voice.say(_EVENTS[ConsentKind(record["kind"])]),
        "newsletter": str(record["newsletter"]),
        "channel": voice.say(_CHANNELS[channel]) if channel in _CHANNELS else channel,
        "why": voice.say(reasons[why]) if why in WHY else "",
        "detail": "" if why in WHY else one_line(detail),
    }
