"""Notices of a newsletter as it stands in the database, to be looked at."""

from pathlib import Path

import pytest

from digest.errors import UnknownName
from digest.flow.notices import sample_notices
from tests.support.desk import NEWSLETTER, Desk


def test_samples_before_anything_is_out(desk: Desk) -> None:
    """Both kinds, for somebody who is only thought of; no link in them does anything."""
    asked, welcomed = sample_notices(desk.house, NEWSLETTER)

    assert (asked.kind, welcomed.kind) == ("confirm", "welcome")
    assert "/confirm/preview" in asked.letter.html
    assert "/preferences/preview" in welcomed.letter.text
    assert "latest issue" not in welcomed.letter.text


def test_a_sample_shows_the_latest_issue_once_one_is_out(desk: Desk, tmp_path: Path) -> None:
    """By its titles, each with its page in the archive."""
    desk.reader("carer@example.org")
    desk.write_items(tmp_path, {"title": "Carers at work", "published_at": "2026-11-02"})
    desk.issue("2026-11")

    welcomed = sample_notices(desk.house, NEWSLETTER)[1].letter

    assert "• Carers at work [1]" in welcomed.text
    assert f"/archive/{NEWSLETTER}/2026-11/carers-at-work/" in welcomed.html


def test_a_newsletter_that_is_not_there_is_told(desk: Desk) -> None:
    """With those there are."""
    with pytest.raises(UnknownName, match="there are: social-care"):
        sample_notices(desk.house, "nothing")
