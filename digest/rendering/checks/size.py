"""Size: how many bytes each variant comes to, by the same pieces as a message is joined of, and whether it can be made.

A message is a join of pieces that are encoded one by one, so its length is the sum of theirs: a part costs a look-up,
and a million readers in thousands of variants cost no more than a few encodings.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from digest.errors import BadTemplate
from digest.model.finding import Finding, Severity
from digest.rendering import encoding
from digest.rendering.blocks import Block, Blocks, Piece, Slot
from digest.rendering.headers import PersonalFields
from digest.rendering.message import prepare
from digest.rendering.variant import Layout, Part

SIZE = "size"
#: Gmail shows about 102 kB of a message, and hides the rest behind a link; unsubscribing with it.
GMAIL_CLIP = 102_000


class Scale:
    """Weighs the variants of one edition, each as the reader would get it whose letter is the longest."""

    def __init__(
        self, blocks: Blocks, headers: Mapping[str, str], personal: Mapping[str, str], fields: PersonalFields
    ) -> None:
        self._blocks = blocks
        self._headers = headers
        self._personal = personal
        self._fields = fields
        self._weighed: dict[str, tuple[_Side, _Side]] = {}
        self._frames: dict[str, int] = {}

    def weigh(self, layout: Layout) -> int:
        """The bytes of the longest message of a variant. Raises BadTemplate where it cannot be made."""
        total, counts = self._frame(layout.subject), [0, 0]
        for part in layout.parts:
            for n, side in enumerate(self._sides(part.key)):
                total += side.weight(part, counts[n])
                counts[n] += side.links
        return total

    def message(self, layout: Layout) -> bytes:
        """That message itself. Raises BadTemplate."""
        return prepare(self._blocks, layout, self._headers).message(self._personal, self._fields)

    def _frame(self, subject: str) -> int:
        """Bytes of headers and boundaries, which are the same for all that share a subject."""
        if subject not in self._frames:
            empty = Layout(parts=(), subject=subject, preheader="", item_ids=())
            self._frames[subject] = len(self.message(empty))
        return self._frames[subject]

    def _sides(self, key: str) -> tuple["_Side", "_Side"]:
        if key not in self._weighed:
            if key not in self._blocks:
                raise BadTemplate(f"The template has no block {key}.", remedy="Compare it with the one shipped.")
            block: Block = self._blocks[key]
            self._weighed[key] = (
                _Side(block.html, self._personal, html=True),
                _Side(block.text, self._personal, html=False),
            )
        return self._weighed[key]


class _Side:
    """One block, as HTML or as text: its bytes, and what is still to be filled in."""

    def __init__(self, pieces: tuple[Piece, ...], personal: Mapping[str, str], *, html: bool) -> None:
        self._fill = encoding.html_text if html else encoding.plain_text
        self._encode = encoding.html_value if html else encoding.text_value
        self._personal = personal
        slots = [piece for piece in pieces if isinstance(piece, Slot)]
        self._fixed = sum(len(encoding.literal(piece)) for piece in pieces if isinstance(piece, str))
        self._slots = [slot.name for slot in slots if not slot.is_link]
        links = [slot.name for slot in slots if slot.is_link]
        #: The number of each link within the block, from 1, in the order of the pieces.
        self._numbers = [list(dict.fromkeys(links)).index(name) + 1 for name in links]
        #: How many links it has.
        self.links = len(set(links))
        #: The bytes where a part has no values, by the links before it.
        self._plain: dict[int, int] = {}
        self._values: dict[str, int] = {}

    def weight(self, part: Part, before: int) -> int:
        """Its bytes in a letter in which so many links come before it."""
        if part.values:
            return self._weighed(part, before)
        if before not in self._plain:
            self._plain[before] = self._weighed(part, before)
        return self._plain[before]

    def _weighed(self, part: Part, before: int) -> int:
        numbers = sum(len(encoding.literal(str(before + number))) for number in self._numbers)
        return self._fixed + numbers + sum(self._value(part, name) for name in self._slots)

    def _value(self, part: Part, name: str) -> int:
        if name in part.values:
            value = part.values[name]
            if value not in self._values:
                self._values[value] = len(encoding.literal(self._fill(value)))
            return self._values[value]
        if name not in self._personal:
            raise BadTemplate(f"The template wants a value for {name!r}, which no letter has.", remedy="Mend the slot.")
        return len(self._encode(self._personal[name]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Heaviest:
    """The variant with the longest message."""

    size: int
    #: Who gets it, in words.
    place: str
    #: What the newsletter allows.
    budget: int


def too_long(heaviest: Heaviest) -> Finding | None:
    """That Gmail would clip it; a warning where the newsletter has asked for letters that long."""
    if heaviest.size <= GMAIL_CLIP:
        return None
    asked_for = heaviest.budget > GMAIL_CLIP
    remedy = (
        "Set byte_budget under [selection] to 100000."
        if asked_for
        else "Shorten the introduction or the template; items that do not fit are left for the next issue already."
    )
    return Finding(
        check=SIZE,
        severity=Severity.WARNING if asked_for else Severity.ERROR,
        place=heaviest.place,
        what=f"The letter has {heaviest.size:,} bytes. Gmail shows {GMAIL_CLIP:,} and hides the rest.",
        remedy=remedy,
    )
