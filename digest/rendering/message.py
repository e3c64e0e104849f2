"""Messages: a variant prepared once, then bytes for each reader by a join.

headers of the variant ┐                                   ┌ To, Date, Message-ID, List-Unsubscribe
blocks, encoded        ┴─► Prepared.message(personal, …) ◄─┴ values of the personal slots
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter

from digest.errors import BadTemplate
from digest.model.delivery import WireText
from digest.rendering import encoding
from digest.rendering.blocks import Block, Blocks, Piece, Slot
from digest.rendering.encoding import both_values
from digest.rendering.headers import PersonalFields, constant_lines, personal_lines
from digest.rendering.variant import Layout

#: The sides of a letter, in the order in which `encoding.both_values` has them.
_TEXT_SIDE, _HTML_SIDE = 0, 1


@dataclass(frozen=True, slots=True)
class Prepared:
    """A variant whose constant parts are encoded. Made by `prepare`."""

    #: The whole message in order: at even places nothing, for the headers of one letter and the values of its slots.
    _pieces: tuple[bytes, ...]
    #: The slots of these values in their order: each one's name and its side.
    _slots: tuple[tuple[str, int], ...]
    #: What it was made of, for who looks at it before it is sent.
    _blocks: Blocks
    _layout: Layout

    def message(self, personal: Mapping[str, str], fields: PersonalFields) -> WireText:
        """The whole message (RFC 5322) for one reader. Raises BadTemplate for a slot without a value."""
        # All of it is WireText: header lines are clean, and so are encoded pieces, which begin and end at lines' edges.
        values = {name: both_values(value) for name, value in personal.items()}
        pieces = list(self._pieces)
        try:
            pieces[::2] = [personal_lines(fields), *[values[name][side] for name, side in self._slots]]
        except KeyError as exc:
            raise _no_value(exc) from exc
        return WireText(b"".join(pieces))

    def html(self, personal: Mapping[str, str]) -> str:
        """The HTML part as a reader sees it, for previews and the archive."""
        return "".join(_filled(_pieces(self._blocks, self._layout, *_HTML), personal, encoding.html_text))

    def text(self, personal: Mapping[str, str]) -> str:
        """The text part as a reader sees it."""
        return "".join(_filled(_pieces(self._blocks, self._layout, *_TEXT), personal, encoding.plain_text))


def prepare(blocks: Blocks, layout: Layout, headers: Mapping[str, str]) -> Prepared:
    """The letter of a variant, ready to be made for any number of readers. `headers` are those of `headers_for`."""
    boundary = _boundary(layout, headers)
    content_type = f'Content-Type: multipart/alternative; boundary="{boundary}"\r\n\r\n'
    head = constant_lines({**headers, "Subject": layout.subject}) + content_type.encode()
    text, of_text = _encoded(_pieces(blocks, layout, *_TEXT))
    html, of_html = _encoded(_pieces(blocks, layout, *_HTML))
    text[0] = head + _part_head(boundary, "plain") + text[0]
    # The first line's end closes the last line of the part before, the second belongs to the boundary.
    html[0] = text.pop() + b"\r\n\r\n" + _part_head(boundary, "html") + html[0]
    html[-1] += f"\r\n\r\n--{boundary}--\r\n".encode()
    pieces = [b""] * (2 * len(text + html))
    pieces[1::2] = text + html
    slots = [*((name, _TEXT_SIDE) for name in of_text), *((name, _HTML_SIDE) for name in of_html)]
    return Prepared(_pieces=tuple(pieces), _slots=tuple(slots), _blocks=blocks, _layout=layout)


def _pieces(
    blocks: Blocks, layout: Layout, side: Callable[[Block], tuple[Piece, ...]], fill: Callable[[str], str]
) -> Iterator[Piece]:
    """The pieces in order, the variant's values and the links' numbers filled in; what stays a Slot is personal."""
    count = 0
    for part in layout.parts:
        if part.key not in blocks:
            raise BadTemplate(f"The template has no block {part.key}.", remedy="Compare it with the one shipped.")
        numbers: dict[str, int] = {}
        for piece in side(blocks[part.key]):
            if not isinstance(piece, Slot):
                yield piece
            elif piece.is_link:
                yield str(numbers.setdefault(piece.name, count + len(numbers) + 1))
            else:
                yield fill(part.values[piece.name]) if piece.name in part.values else piece
        count += len(numbers)


#: The side of a block that each part takes, and how values stand in it.
_TEXT: tuple[Callable[[Block], tuple[Piece, ...]], Callable[[str], str]] = attrgetter("text"), encoding.plain_text
_HTML: tuple[Callable[[Block], tuple[Piece, ...]], Callable[[str], str]] = attrgetter("html"), encoding.html_text


def _encoded(pieces: Iterable[Piece]) -> tuple[list[bytes], list[str]]:
    """The constant pieces encoded, neighbours joined; and the slots, of which there is one between any two."""
    runs, slots = [list[bytes]()], list[str]()
    for piece in pieces:
        if isinstance(piece, Slot):
            slots.append(piece.name)
            runs.append([])
        else:
            runs[-1].append(encoding.literal(piece))
    return [b"".join(run) for run in runs], slots


def _filled(pieces: Iterable[Piece], personal: Mapping[str, str], fill: Callable[[str], str]) -> list[str]:
    try:
        return [fill(personal[piece.name]) if isinstance(piece, Slot) else piece for piece in pieces]
    except KeyError as exc:
        raise _no_value(exc) from exc


def _no_value(name: KeyError) -> BadTemplate:
    return BadTemplate(f"The template wants a value for {name}, which no letter has.", remedy="Mend the slot.")


def _part_head(boundary: str, subtype: str) -> bytes:
    return (
        f"--{boundary}\r\nContent-Type: text/{subtype}; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    ).encode()


def _boundary(layout: Layout, headers: Mapping[str, str]) -> str:
    """The same for the same letter. Quoted-printable never holds "=_"."""
    said = repr((layout.parts, layout.subject, sorted(headers.items())))
    return f"=_{hashlib.sha256(said.encode('utf-8', 'backslashreplace')).hexdigest()[:32]}"
