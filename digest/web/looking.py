"""Looking: how an editor looks at an issue, as whom and on what; all of it stands in the address."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Connection
from starlette.datastructures import QueryParams

from digest.flow import preview as previews
from digest.flow.alike import reader_alike
from digest.flow.preview import Preview, Reader, reader_of_topics, readers
from digest.model.choice import Reason
from digest.rendering.fragments import one_line
from digest.rendering.phrases import ENGLISH
from digest.web.forcing import Mode
from subscribers.errors import UnknownReader
from subscribers.preferences import EVERYTHING, Preference

#: Gmail cuts a message off here.
CLIP = 102_000
WIDTHS = ("phone", "desktop")
VIEWS = ("html", "text", "source", "headers")
PICTURES = ("shown", "off")
#: This issue's, or what is sent to somebody who signs up.
LETTERS = ("issue", "confirm", "welcome")
EVERYTHING_KEY, MIX, TOPIC, HELD, ALIKE = "everything", "mix", "topic:", "held:", "alike:"
#: The groups of what there is to choose that have an effect in some views only.
WIDTH, MODE, SHOWN, LANGUAGE = "Width", "Light or dark", "Pictures", "Language"
#: More names than that are counted.
_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What the controls say."""

    #: "everything", "topic:SLUG", "held:ID" for somebody who subscribes, "alike:KEY" for all who get one letter, "mix"
    #: for the topics ticked.
    reader: str = EVERYTHING_KEY
    topics: tuple[str, ...] = ()
    letter: str = LETTERS[0]
    width: str = WIDTHS[1]
    mode: Mode = Mode.LIGHT
    view: str = VIEWS[0]
    pictures: str = PICTURES[0]
    #: BCP 47 tag; empty for the reader's own.
    language: str = ""

    @property
    def query(self) -> str:
        """The look as it stands in an address; what is as usual is not said."""
        usual = Look()
        fields = [("reader", self.reader), *(("topics", slug) for slug in self.topics)]
        fields += [(name, str(value)) for name in _PLAIN if (value := getattr(self, name)) != getattr(usual, name)]
        return urlencode(fields)


_PLAIN = ("letter", "width", "mode", "view", "pictures", "language")


def look(query: QueryParams) -> Look:
    """The look an address asks for; what it does not say, or says wrongly, is as usual."""
    usual = Look()
    return Look(
        reader=query.get("reader") or usual.reader,
        topics=tuple(query.getlist("topics")),
        letter=_one_of(LETTERS, query.get("letter"), usual.letter),
        width=_one_of(WIDTHS, query.get("width"), usual.width),
        mode=Mode(_one_of(tuple(Mode), query.get("mode"), usual.mode)),
        view=_one_of(VIEWS, query.get("view"), usual.view),
        pictures=_one_of(PICTURES, query.get("pictures"), usual.pictures),
        language=query.get("language") or usual.language,
    )


def reader(connection: Connection, preview: Preview, wanted: Look) -> Reader:
    """Whom to look as. Raises UnknownReader."""
    found = _reader(connection, preview, wanted)
    return replace(found, language=wanted.language) if wanted.language else found


def _reader(connection: Connection, preview: Preview, wanted: Look) -> Reader:
    named = topics_of(preview)
    kind, _, rest = wanted.reader.partition(":")
    match f"{kind}:":
        case "topic:" if rest in named:
            return _thought_of(preview, Preference(frozenset({rest})), f"a reader of {named[rest]}")
        case "held:" if rest.isdecimal() and len(rest) < 19:
            held = previews.reader_numbered(connection, preview.issue, int(rest))
            return replace(held, label=one_line(held.name or held.email))
        case "alike:":
            alike = reader_alike(connection, preview, rest)
            return replace(alike, label=f"readers of {described(alike.chosen, named)}")
        case "everything:":
            return _thought_of(preview, EVERYTHING, "a reader of everything")
        case "mix:":
            chosen = [slug for slug in named if slug in wanted.topics]
            label = ENGLISH.listed([named[slug] for slug in chosen]) or "no topic"
            return _thought_of(preview, Preference(frozenset(chosen)), f"a reader of {label}")
    raise UnknownReader("There is no such reader of this issue.", remedy="Choose one from the list.")


def controls(connection: Connection, preview: Preview, wanted: Look, who: Reader) -> dict[str, Any]:
    """Whom one may look as, and who is chosen."""
    named = topics_of(preview)
    people = [(f"{HELD}{r.held.id}", person(r, named)) for r in readers(connection, preview.issue) if r.held]
    if wanted.reader.startswith((HELD, ALIKE)) and wanted.reader not in dict(people):
        people.insert(0, (wanted.reader, person(who, named) if who.held else _initial(who.label)))
    return {
        "reader": wanted.reader,
        "people": people,
        "topics": [(f"{TOPIC}{slug}", name) for slug, name in named.items()],
        "ticks": [(slug, name, slug in wanted.topics) for slug, name in named.items()],
        "mix": MIX,
        "everything": EVERYTHING_KEY,
        "hidden": [(name, value) for name in _PLAIN if (value := getattr(wanted, name)) != getattr(Look(), name)],
    }


def segments(wanted: Look, languages: Sequence[tuple[str, str]]) -> list[tuple[str, list[tuple[str, Look, bool, str]]]]:
    """What else changes what is shown: for each group its name, and words, look, whether it is chosen, and access
    key."""
    groups: list[tuple[str, str, list[tuple[str, str, str]]]] = [
        ("Show", "view", [("html", "Letter", "1"), ("text", "Text", "2"), ("source", "Source", "3")]),
    ]
    if wanted.letter == LETTERS[0]:
        groups[0][2].append(("headers", "Headers", "4"))
    if wanted.view in ("html", "text"):
        groups.append((WIDTH, "width", [("phone", "Phone", "p"), ("desktop", "Desktop", "w")]))
    if wanted.view == "html":
        groups.append((MODE, "mode", [(Mode.LIGHT, "Light", "l"), (Mode.DARK, "Dark", "n")]))
        groups.append((SHOWN, "pictures", [("shown", "Pictures", "i"), ("off", "No pictures", "o")]))
    if len(languages) > 1:
        own = [("", "Their own", "")]
        groups.append((LANGUAGE, "language", [*own, *((tag, name, "") for tag, name in languages)]))
    return [
        (
            label,
            [(words, _with(wanted, name, value), getattr(wanted, name) == value, key) for value, words, key in each],
        )
        for label, name, each in groups
    ]


def _with(wanted: Look, name: str, value: str) -> Look:
    changes: dict[str, Any] = {name: value}
    return replace(wanted, **changes)


def absent(connection: Connection, preview: Preview, who: Reader) -> list[dict[str, object]]:
    """What is not in somebody's letter, by the reason for it."""
    passed_over = preview.choice(connection, who).passed_over
    return [
        {"reason": _initial(str(reason)), "titles": titles}
        for reason in Reason
        if (titles := [_title(preview, item) for item, why in passed_over.items() if why is reason])
    ]


def topics_of(preview: Preview) -> dict[str, str]:
    """Slugs and names, in order."""
    return {topic.slug: one_line(topic.name) for topic in preview.edition.content.topics}


def person(who: Reader, named: dict[str, str]) -> str:
    """ "Priya Rao: Unpaid carers and Money"."""
    return f"{one_line(who.name or who.email)}: {described(who.chosen, named)}"


def described(chosen: Preference, named: dict[str, str]) -> str:
    """The topics in words; of many, how many more."""
    if chosen.topics is None:
        return "everything"
    names = [name for slug, name in named.items() if slug in chosen.topics]
    if len(names) > _NAMED + 1:
        names = [*names[:_NAMED], f"{len(names) - _NAMED} more"]
    return ENGLISH.listed(names) or "no topic"


def _title(preview: Preview, item_id: int) -> str:
    return one_line(preview.items[item_id].title) if item_id in preview.items else f"Piece {item_id}"


def _thought_of(preview: Preview, chosen: Preference, label: str) -> Reader:
    return replace(reader_of_topics(preview.issue, chosen), label=label)


def _initial(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _one_of(known: tuple[str, ...], asked: str | None, usual: str) -> str:
    return asked if asked in known else usual
