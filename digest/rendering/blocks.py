"""Blocks: an issue compiled once, cut into pieces of which every letter is a join.

    Jinja2 ─► MJML ─► HTML ─► inlined ─┐
                                       ├─ cut at the markers ─► {key: Block}
    Jinja2 ─► text ────────────────────┘

A template names a block by `{{ block("key") }}` where it begins, and leaves a place for what differs from letter to
letter by `{{ slot("name") }}`. A text template writes `{{ link(address) }}` for the number of an address,
`{{ linked(html) }}` for the words of a fragment with the numbers of its links, and `{{ links() }}` at the end of each
block for the list of them; what the numbers are is known when blocks are joined.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from digest.errors import BadTemplate
from digest.model.issue import IssueContent
from digest.rendering.apart import State, rendered
from digest.rendering.context import Context, context
from digest.rendering.environment import TemplateEnvironment
from digest.rendering.inlining import inline
from digest.rendering.mjml import compile_mjml
from digest.rendering.paragraphs import as_text, plainly, read, with_links
from digest.rendering.signs import sign, signs

_LINK = "link_"
#: The slot before addresses that are for readers alone: “read/” with a key, and a slash.
READING = "reading"
_LETTERS = str.maketrans("0123456789", "abcdefghij")
HTML_TEMPLATE = "email/issue/issue.mjml.j2"
TEXT_TEMPLATE = "email/issue/issue.txt.j2"


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for a value that differs from letter to letter."""

    name: str

    @property
    def is_link(self) -> bool:
        """Whether it is the number of a link in the text part."""
        return self.name.startswith(_LINK)


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


def compile_issue(content: IssueContent, env: TemplateEnvironment) -> dict[str, Block]:
    """All blocks of an issue in the language of the templates, by key, in the order of a letter. Raises BadTemplate."""
    within = content.archive_home_url if content.private else ""
    return compile_pair(HTML_TEMPLATE, TEXT_TEMPLATE, context(content, env.phrases), env, within=within)


def compile_pair(
    html_template: str, text_template: str, values: Context, env: TemplateEnvironment, *, within: str = ""
) -> dict[str, Block]:
    """The blocks of two templates that say the same, by key, in their order. Raises BadTemplate.

    Addresses that begin with `within` have a slot, “reading”, before the last part of that: the reader's own key.
    """
    # Nobody can write a text that holds the hash of itself, so no title can forge a marker or a slot.
    said = repr(values)
    nonce = hashlib.sha256(said.encode("utf-8", "backslashreplace")).hexdigest()[:24]
    html_marks, text_marks = Marks(nonce), TextMarks(nonce)
    html = html_marks.cut(
        inline(compile_mjml(_rendered(env, html_template, _keyed(values, within, html_marks), html_marks, len(said))))
    )
    text = text_marks.cut(_rendered(env, text_template, _keyed(values, within, text_marks), text_marks, len(said)))
    _must_agree(html, text)
    return {key: Block(key, pieces, text[key]) for key, pieces in html.items()}


def _keyed(values: Context, within: str, marks: "Marks") -> Context:
    """The values with a slot in each address that is for readers alone."""
    if not within:
        return values
    head, tail = within[: within.rindex("archive/")], within[within.rindex("archive/") :]
    key = marks.slot(READING)

    def keyed(value: object) -> object:
        if isinstance(value, dict):
            return {name: keyed(each) for name, each in value.items()}
        if isinstance(value, list):
            return [keyed(each) for each in value]
        if isinstance(value, str) and value.startswith(within):
            return f"{head}{key}{tail}{value[len(within) :]}"
        return value

    return {name: keyed(value) for name, value in values.items()}


def _rendered(env: TemplateEnvironment, name: str, values: Context, marks: "Marks", signs: int) -> str:
    whole = values | marks.functions
    return rendered(env, name, whole, signs=signs, state=marks.state, restore=marks.restore)


class Marks:
    """What a template leaves in its output, and how it is found again."""

    def __init__(self, nonce: str) -> None:
        self._nonce = nonce
        self._keys: list[str] = []

    @property
    def functions(self) -> dict[str, object]:
        """What templates call."""
        return {"block": self.block, "slot": self.slot}

    def state(self) -> State:
        """What was noted while a template was rendered."""
        return {"keys": self._keys}

    def restore(self, state: State) -> None:
        """Take over what was noted in another process."""
        self._keys = [str(key) for key in state["keys"]] if isinstance(state["keys"], list) else []

    def block(self, key: str) -> Markup:
        """The marker before a block: a comment, which every step leaves where it is."""
        if key in self._keys:
            raise ValueError(f"the block {key} comes twice")
        self._keys.append(key)
        return Markup(f"<!--{self._nonce}:{len(self._keys) - 1}-->")  # noqa: S704  nothing in it comes from outside

    def slot(self, name: str) -> str:
        """The sign of a slot."""
        return sign(self._nonce, name)

    def cut(self, output: str) -> dict[str, tuple[Piece, ...]]:
        """The output by blocks; what comes before the first marker belongs to the first block."""
        before, *found = re.split(rf"<!--{self._nonce}:(\d+)-->\n?", output)
        blocks = {self._keys[int(n)]: piece for n, piece in zip(found[::2], found[1::2], strict=True)}
        if list(blocks) != self._keys or not blocks:
            raise BadTemplate("A block's marker was lost in rendering.", remedy="Put it between elements.")
        first = self._keys[0]
        return {key: self._pieces(before + piece if key == first else piece) for key, piece in blocks.items()}

    def _pieces(self, text: str) -> tuple[Piece, ...]:
        parts = signs(self._nonce).split(text)
        if any(self._nonce in part.lower() for part in parts):
            raise BadTemplate("A slot was changed on its way.", remedy="Use {{ slot(…) }} without filters.")
        pieces = (Slot(part) if n % 2 else part for n, part in enumerate(parts))
        return tuple(piece for piece in pieces if piece)


class TextMarks(Marks):
    """Those of a text part, which has numbers where the HTML has links."""

    def __init__(self, nonce: str) -> None:
        super().__init__(nonce)
        #: Addresses that wait for their list, with their signs, and how many the block has had.
        self._links: dict[str, str] = {}
        self._count = 0

    @property
    def functions(self) -> dict[str, object]:
        """What templates call."""
        return {**super().functions, "link": self.link, "linked": self.linked, "links": self.links}

    def state(self) -> State:
        """What was noted while a template was rendered, and what is still to be listed."""
        return {**super().state(), "links": self._links}

    def restore(self, state: State) -> None:
        """Take over what was noted in another process."""
        super().restore(state)
        self._links = dict(state["links"]) if isinstance(state["links"], dict) else {}

    def block(self, key: str) -> Markup:
        """The marker before a block."""
        self._must_be_listed()
        self._count = 0
        return super().block(key)

    def link(self, address: str) -> str:
        """ "[3]", the same for the same address in a list; nothing for no address."""
        if not address:
            return ""
        if address not in self._links:
            self._links[address] = self.slot(_LINK + str(self._count).translate(_LETTERS))
            self._count += 1
        return f"[{self._links[address]}]"

    def linked(self, html: str) -> str:
        """A fragment as plain text, the number of each link behind its words."""
        return as_text(with_links(paragraph, self.link) for paragraph in read(html))

    def links(self) -> str:
        """ "[3] https://…", a line for each address that was numbered since the last list."""
        lines = [f"[{number}] {plainly(address)}" for address, number in self._links.items()]
        self._links.clear()
        return "\n".join(lines)

    def cut(self, output: str) -> dict[str, tuple[Piece, ...]]:
        """The output by blocks."""
        self._must_be_listed()
        return super().cut(output)

    def _must_be_listed(self) -> None:
        if self._links:
            raise BadTemplate(
                f"The text template gives no list of the links of a block: {', '.join(self._links)}.",
                remedy="Write {{ links() }} at the end of the block.",
            )


def _must_agree(html: Mapping[str, object], text: Mapping[str, object]) -> None:
    for key in html.keys() ^ text.keys():
        where = "HTML" if key in html else "text"
        raise BadTemplate(f"The block {key} is in the {where} template only.", remedy="Give both the same blocks.")


def _to_json(pieces: tuple[Piece, ...]) -> str:
    return json.dumps([{"slot": p.name} if isinstance(p, Slot) else p for p in pieces], ensure_ascii=False)


def _from_json(text: str) -> tuple[Piece, ...]:
    return tuple(p if isinstance(p, str) else Slot(p["slot"]) for p in json.loads(text))
