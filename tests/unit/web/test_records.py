"""Records: whatever can be written down about a person has words for them."""

from datetime import UTC, datetime

import pytest

from digest.model.delivery import DeliveryState
from digest.model.notice import NoticeKind
from digest.rendering.phrases import ENGLISH
from digest.web import records
from digest.web.voice import Voice
from subscribers.consent import ConsentKind, SubscriptionState
from subscribers.suppression import SuppressionReason

VOICE = Voice(ENGLISH)
NOTHING = {"consent": [], "issues": [], "letters": [], "suppressions": []}


def event(kind: ConsentKind = ConsentKind.CHANGED, **more: str) -> dict[str, object]:
    return {"kind": kind, "at": datetime(2026, 11, 20, tzinfo=UTC), "newsletter": "", "channel": "page", **more}


def test_everything_that_can_be_noted_has_words() -> None:
    """Each event, state, letter and reason; a new one that has none fails here, and not on somebody's page."""
    kept = {
        "consent": [event(kind, detail="") for kind in ConsentKind],
        "issues": [{"issue": "quay/2026-10", "state": state} for state in DeliveryState],
        "letters": [{"letter": kind, "state": "accepted"} for kind in NoticeKind],
        "suppressions": [{"reason": reason} for reason in SuppressionReason],
    }

    told = records.told(VOICE, kept)

    assert {name: len(lines) for name, lines in told.items()} == {name: len(lines) for name, lines in kept.items()}
    assert all(records.state(VOICE, state) for state in SubscriptionState)


@pytest.mark.parametrize(
    ("detail", "why", "shown"),
    [
        ("why: too-much", "It is too much to read", ""),
        ("carers monthly", "", "carers monthly"),
        ("line 3\u2028of a file", "", "line 3 of a file"),
    ],
)
def test_what_proves_an_event_is_shown_as_it_was_noted(detail: str, why: str, shown: str) -> None:
    """But for the reasons of those who left, which have words."""
    told = records.told(VOICE, {**NOTHING, "consent": [event(detail=detail)]})

    [line] = told["consent"]
    assert (line["why"], line["detail"]) == (why, shown)


def test_a_frequency_that_there_no_longer_is_has_no_words() -> None:
    """Rather than none of the page."""
    assert (records.often(VOICE, "monthly"), records.often(VOICE, "hourly")) == ("Monthly", "")
