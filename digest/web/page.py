"""Pages: what lies at a path, as bytes with a type, and when it last changed."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

HTML = "text/html; charset=utf-8"
CSS = "text/css; charset=utf-8"
XML = "application/xml; charset=utf-8"


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page as bytes, and where it lies."""

    path: str
    media_type: str
    body: bytes
    #: When what it says last changed; None where nobody keeps count.
    modified: datetime | None = None

    @cached_property
    def etag(self) -> str:
        """A strong validator (RFC 9110, 8.8.3): the same for the same bytes."""
        return f'"{hashlib.sha256(self.body).hexdigest()[:24]}"'
