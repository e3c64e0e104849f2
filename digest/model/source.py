"""Sources: where items are read."""

from dataclasses import dataclass
from enum import StrEnum


class SourceKind(StrEnum):
    """What a source's bytes are."""

    FEED = "feed"  #: RSS or Atom
    JSON = "json"  #: JSON Feed, or our own list of items
    CAPTURE = "capture"  #: a page saved as text
    DESK = "desk"  #: written by the editors, imported by hand


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A place where items are read."""

    slug: str
    #: As readers see it: "Research news".
    name: str
    kind: SourceKind
    #: An address or a file; empty for one that is imported by hand only.
    location: str = ""
    #: What the link to a whole piece says.
    link_label: str = "Read the whole piece"
