"""Blocks: an issue compiled once, cut into pieces of which every letter is a join.

    Jinja2 ─► MJML ─► HTML ─► inlined ─┐
                                       ├─ cut at the markers ─► {key: Block}
    Jinja2 ─► text ────────────────────┘

A template names a block by `{{ block("key") }}` where it begins, and leaves a place for what differs from letter to
letter by `{{ slot("name") }}`.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from digest.errors import BadTemplate
from digest.model.issue import IssueContent
from digest.rendering.context import context
from digest.rendering.environment import render
from digest.rendering.inlining import inline
from digest.rendering.mjml import compile_mjml

HTML_TEMPLATE = "email/issue/issue.mjml.j2"
TEXT_TEMPLATE = "email/issue/issue.txt.j2"


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for a value that differs from letter to letter."""

    name: str


Piece = str | Slot
Blocks = Mapping[str, "Block"]


@dataclass(frozen=True, slots=True)
class Block:
    """One compiled piece of an issue, as HTML and as text."""

    key: str
    html: tuple[Piece, ...]
    text: tuple[Piece, ...]

    def html_json(self) -> str:
        """The HTML pieces as they are stored."""
        return _to_json(self.html)

    def text_json(self) -> str:
        """The text pieces as they are stored."""
        return _to_json(self.text)

    @classmethod
    def from_json(cls, key: str, html: str, text: str) -> "Block":
        """The block that was stored."""
        return cls(key, _from_json(html), _from_json(text))


def compile_issue(content: IssueContent, env: ImmutableSandboxedEnvironment) -> dict[str, Block]:
    """All blocks of an issue, by key, in the order of a letter. Raises BadTemplate."""
    # Nobody can write a text that holds the hash of itself, so no title can forge a marker or a slot.
    nonce = hashlib.sha256(repr(content).encode("utf-8", "backslashreplace")).hexdigest()[:24]
    values = context(content)
    html_marks, text_marks = Marks(nonce), Marks(nonce)
    mjml = render(env, HTML_TEMPLATE, values | html_marks.functions)
    html = html_marks.cut(inline(compile_mjml(mjml)))
    text = text_marks.cut(render(env, TEXT_TEMPLATE, values | text_marks.functions))
    _must_agree(html, text)
    return {key: Block(key, pieces, text[key]) for key, pieces in html.items()}


class Marks:
    """The signs that a template leaves in its output, and how they are found again."""

    def __init__(self, nonce: str) -> None:
        self._nonce = nonce
        self._keys: list[str] = []

    @property
    def functions(self) -> dict[str, object]:
        """What templates call."""
        return {"block": self.block, "slot": self.slot}

    def block(self, key: str) -> Markup:
        """The marker before a block: a comment, which every step leaves where it is."""
        if key in self._keys:
            raise ValueError(f"the block {key} comes twice")
        self._keys.append(key)
        return Markup(f"<!--{self._nonce}:{len(self._keys) - 1}-->")  # noqa: S704  nothing in it comes from outside

    def slot(self, name: str) -> str:
        """The sign of a slot: letters and digits only, which no step escapes, in text or in a link."""
        if not re.fullmatch(r"[a-z_]+", name):
            raise ValueError(f"the slot's name {name!r} is not made of small letters and _")
        return f"S{self._nonce}S{name}S{self._nonce}S"

    def cut(self, output: str) -> dict[str, tuple[Piece, ...]]:
        """The output by blocks; what comes before the first marker belongs to the first block."""
        before, *found = re.split(rf"<!--{self._nonce}:(\d+)-->\n?", output)
        blocks = {self._keys[int(n)]: piece for n, piece in zip(found[::2], found[1::2], strict=True)}
        if list(blocks) != self._keys or not blocks:
            raise BadTemplate("A block's marker was lost in rendering.", remedy="Put it between elements.")
        first = self._keys[0]
        return {key: self._pieces(before + piece if key == first else piece) for key, piece in blocks.items()}

    def _pieces(self, text: str) -> tuple[Piece, ...]:
        parts = re.split(rf"S{self._nonce}S([a-z_]+)S{self._nonce}S", text)
        if any(self._nonce in part.lower() for part in parts):
            raise BadTemplate("A slot was changed on its way.", remedy="Use {{ slot(…) }} without filters.")
        pieces = (Slot(part) if n % 2 else part for n, part in enumerate(parts))
        return tuple(piece for piece in pieces if piece)


def _must_agree(html: Mapping[str, object], text: Mapping[str, object]) -> None:
    for key in html.keys() ^ text.keys():
        where = "HTML" if key in html else "text"
        raise BadTemplate(f"The block {key} is in the {where} template only.", remedy="Give both the same blocks.")


def _to_json(pieces: tuple[Piece, ...]) -> str:
    return json.dumps([{"slot": p.name} if isinstance(p, Slot) else p for p in pieces], ensure_ascii=False)


def _from_json(text: str) -> tuple[Piece, ...]:
    return tuple(p if isinstance(p, str) else Slot(p["slot"]) for p in json.loads(text))
