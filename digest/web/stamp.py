"""Stamps: the signed time at which a form was shown, so that one filled in by a program can be told."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

#: A form that lay open longer is shown once more.
LONGEST = timedelta(hours=24)


def made(key: bytes, form: str, *, now: datetime) -> str:
    """A stamp for a form shown now."""
    seconds = str(int(now.timestamp()))
    return f"{seconds}.{_proof(key, form, seconds)}"


def age(key: bytes, form: str, stamp: str, *, now: datetime) -> timedelta | None:
    """How long ago a form was shown; None for a stamp that is not ours, or for another form."""
    seconds, _, proof = stamp.partition(".")
    if not hmac.compare_digest(proof.encode(), _proof(key, form, seconds).encode()):
        return None
    return now - datetime.fromtimestamp(int(seconds), UTC)


def _proof(key: bytes, form: str, seconds: str) -> str:
    return hmac.new(key, f"{form}\n{seconds}".encode(), hashlib.sha256).hexdigest()[:32]
