"""Tokens: each works for its own purpose and subscription, and for nothing else."""

import hashlib
from datetime import UTC, datetime

import pytest
from itsdangerous import Signer, TimestampSigner

from subscribers.errors import TokenRefused
from subscribers.tokens import LIFETIMES, Keys, Purpose

KEYS = Keys(b"a secret of thirty-two letters..")
DAY = 86_400


def former(purpose: Purpose) -> str:
    """A token as it stands in letters that were sent before: with HMAC and SHA-256."""
    kind, salt = TimestampSigner if purpose in LIFETIMES else Signer, f"digest.{purpose}"
    signer = kind(b"a secret of thirty-two letters..", salt=salt, sep=".", digest_method=hashlib.sha256)
    return signer.sign("4711").decode()


@pytest.mark.parametrize("purpose", Purpose)
def test_a_token_leads_back_to_its_subscription(purpose: Purpose) -> None:
    """And is safe in a path."""
    token = KEYS.token(purpose, 4711)

    assert KEYS.read(purpose, token) == 4711
    assert token.replace(".", "").replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize("made_for", Purpose)
@pytest.mark.parametrize("used_for", Purpose)
def test_a_token_for_one_purpose_is_refused_for_every_other(made_for: Purpose, used_for: Purpose) -> None:
    """A link that leaves cannot be turned into one that looks in."""
    if made_for is used_for:
        return
    with pytest.raises(TokenRefused):
        KEYS.read(used_for, KEYS.token(made_for, 1))


@pytest.mark.parametrize("purpose", Purpose)
def test_a_token_that_was_changed_is_refused(purpose: Purpose) -> None:
    """At any place, by any letter."""
    token = KEYS.token(purpose, 12)

    for place in range(len(token)):
        other = "A" if token[place] != "A" else "B"
        # The last letter of base64 holds bits that say nothing; changing those is no change.
        if place < len(token) - 1:
            with pytest.raises(TokenRefused):
                KEYS.read(purpose, f"{token[:place]}{other}{token[place + 1 :]}")


@pytest.mark.parametrize("token", ["", ".", "1", "1.", "..", "x" * 5000, "1.\ud800", "é.é", "preview", "1.2.3.4.5"])
def test_what_was_never_a_token_is_refused_in_the_same_words(token: str) -> None:
    """The answer says nothing on why."""
    with pytest.raises(TokenRefused, match="does not work, or no longer") as refused:
        KEYS.read(Purpose.UNSUBSCRIBE, token)

    assert token not in str(refused.value) or len(token) < 2


def test_a_token_of_another_house_is_refused() -> None:
    """Secrets are not shared."""
    with pytest.raises(TokenRefused):
        Keys(b"another secret of that length...").read(Purpose.UNSUBSCRIBE, KEYS.token(Purpose.UNSUBSCRIBE, 1))


@pytest.mark.parametrize("purpose", LIFETIMES)
def test_a_link_that_shows_or_confirms_expires(purpose: Purpose, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the last second it still works."""
    token = KEYS.token(purpose, 1)
    made_at = TimestampSigner(b"any").get_timestamp()

    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: made_at + LIFETIMES[purpose])
    assert KEYS.read(purpose, token) == 1

    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: made_at + LIFETIMES[purpose] + 2)
    with pytest.raises(TokenRefused):
        KEYS.read(purpose, token)


def test_a_token_of_one_moment_is_always_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """A letter that is made again bears the same links; they live from the moment they were first made for."""
    at = datetime(2026, 11, 30, 8, tzinfo=UTC)
    first = KEYS.token(Purpose.PREFERENCES, 1, at=at)
    seconds = int(at.timestamp())

    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: seconds + 3 * DAY)
    assert KEYS.token(Purpose.PREFERENCES, 1, at=at) == first != KEYS.token(Purpose.PREFERENCES, 1)
    assert KEYS.read(Purpose.PREFERENCES, first) == 1

    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: seconds + LIFETIMES[Purpose.PREFERENCES] + 2)
    with pytest.raises(TokenRefused):
        KEYS.read(Purpose.PREFERENCES, first)


def test_a_link_to_leave_works_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """However old the letter it stands in."""
    token = KEYS.token(Purpose.UNSUBSCRIBE, 1)

    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: 99 * 365 * DAY)

    assert KEYS.read(Purpose.UNSUBSCRIBE, token) == 1


@pytest.mark.parametrize("purpose", Purpose)
def test_a_link_that_was_sent_with_the_former_proof_still_works(purpose: Purpose) -> None:
    """Mail cannot be unsent: what stands in old letters leads where it led, for as long as it was to live."""
    assert KEYS.read(purpose, former(purpose)) == 4711


@pytest.mark.parametrize("purpose", LIFETIMES)
def test_a_link_with_the_former_proof_expires_as_it_was_to(purpose: Purpose, monkeypatch: pytest.MonkeyPatch) -> None:
    """And opens nothing but what it was made for."""
    token, made_at = former(purpose), TimestampSigner(b"any").get_timestamp()
    for other in set(Purpose) - {purpose}:
        with pytest.raises(TokenRefused):
            KEYS.read(other, token)

    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: made_at + LIFETIMES[purpose] + 2)
    with pytest.raises(TokenRefused):
        KEYS.read(purpose, token)


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("more", ["~", " ", "=", "é", "~~~~"])
def test_a_token_has_one_spelling(purpose: Purpose, more: str) -> None:
    """What base64 would pass over makes it another."""
    with pytest.raises(TokenRefused):
        KEYS.read(purpose, KEYS.token(purpose, 17) + more)


def test_a_fingerprint_tells_secrets_apart_without_telling_them() -> None:
    """It is kept in the database, beside what the secret protects."""
    assert KEYS.fingerprint == Keys(b"a secret of thirty-two letters..").fingerprint
    assert KEYS.fingerprint != Keys(b"another secret of that length...").fingerprint
    assert len(KEYS.fingerprint) == 16
    assert KEYS.fingerprint not in KEYS.address_key.hex()


def test_keys_of_two_uses_differ() -> None:
    """Who learns one has not learnt the other."""
    assert len({KEYS.derive("address"), KEYS.derive("message-id"), KEYS.derive("")}) == 3
