"""Looking: how an editor looks at an issue, as whom and on what; all of it stands in the address."""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Connection
from starlette.datastructures import QueryParams

from digest.flow.preview import Preview, Reader, reader_of_topics, readers
from digest.model.choice import Reason
from digest.rendering import phrases
from digest.rendering.fragments import one_line
from digest.web.forcing import Mode
from subscribers.errors import UnknownReader
from subscribers.preferences import EVERYTHING, Preference

#: Gmail cuts a message off here.
CLIP = 102_000
WIDTHS = ("phone", "desktop")
VIEWS = ("html", "text", "headers")
_EVERYTHING, _MIX, _TOPIC, _HELD = "everything", "mix", "topic:", "held:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What the controls say."""

    #: "everything", "topic:SLUG", "held:ID" for somebody who subscribes, "mix" for the topics ticked.
    reader: str = _EVERYTHING
    topics: tuple[str, ...] = ()
    width: str = WIDTHS[1]
    mode: Mode = Mode.LIGHT
    view: str = VIEWS[0]

    @property
    def query(self) -> str:
        """The look as it stands in an address."""
        fields = [("reader", self.reader), *(("topics", slug) for slug in self.topics)]
        return urlencode([*fields, ("width", self.width), ("mode", self.mode), ("view", self.view)])


def look(query: QueryParams) -> Look:
    """The look an address asks for; what it does not say, or says wrongly, is as usual."""
    usual = Look()
    return Look(
        reader=query.get("reader") or usual.reader,
        topics=tuple(query.getlist("topics")),
        width=_one_of(WIDTHS, query.get("width"), usual.width),
        mode=Mode(_one_of(tuple(Mode), query.get("mode"), usual.mode)),
        view=_one_of(VIEWS, query.get("view"), usual.view),
    )


def reader(connection: Connection, preview: Preview, wanted: Look) -> Reader:
    """Whom to look as. Raises UnknownReader."""
    named = {topic.slug: one_line(topic.name) for topic in preview.edition.content.topics}
    if wanted.reader == _EVERYTHING:
        return _thought_of(preview, EVERYTHING, "a reader of everything")
    if wanted.reader == _MIX:
        chosen = [slug for slug in named if slug in wanted.topics]
        label = phrases.listed([named[slug] for slug in chosen]) or "no topic"
        return _thought_of(preview, Preference(frozenset(chosen)), f"a reader of {label}")
    if wanted.reader.startswith(_TOPIC) and (slug := wanted.reader.removeprefix(_TOPIC)) in named:
        return _thought_of(preview, Preference(frozenset({slug})), f"a reader of {named[slug]}")
    for each in readers(connection, preview.issue):
        if each.held and wanted.reader == f"{_HELD}{each.held.id}":
            return replace(each, label=one_line(each.name or each.email))
    raise UnknownReader("There is no such reader of this issue.", remedy="Choose one from the list.")


def controls(connection: Connection, preview: Preview, wanted: Look) -> dict[str, Any]:
    """What there is to choose from, and what is chosen."""
    named = {topic.slug: one_line(topic.name) for topic in preview.edition.content.topics}
    people = [
        (f"{_HELD}{r.held.id}", f"{one_line(r.name or r.email)}: {_chosen(r.chosen, named)}")
        for r in readers(connection, preview.issue)
        if r.held
    ]
    return {
        "reader": wanted.reader,
        "people": people,
        "topics": [(f"{_TOPIC}{slug}", name) for slug, name in named.items()],
        "ticks": [(slug, name, slug in wanted.topics) for slug, name in named.items()],
        "mix": _MIX,
        "everything": _EVERYTHING,
        "segments": [
            ("width", "Width", [("phone", "Phone"), ("desktop", "Desktop")], wanted.width),
            ("mode", "Light or dark", [("light", "Light"), ("dark", "Dark")], str(wanted.mode)),
            ("view", "Show", [("html", "Letter"), ("text", "Text"), ("headers", "Headers")], wanted.view),
        ],
    }


def absent(connection: Connection, preview: Preview, who: Reader) -> list[dict[str, object]]:
    """What is not in somebody's letter, by the reason for it."""
    passed_over = preview.choice(connection, who).passed_over
    return [
        {"reason": f"{str(reason)[0].upper()}{str(reason)[1:]}", "titles": titles}
        for reason in Reason
        if (titles := [_title(preview, item) for item, why in passed_over.items() if why is reason])
    ]


def _title(preview: Preview, item_id: int) -> str:
    return one_line(preview.items[item_id].title) if item_id in preview.items else f"Piece {item_id}"


def _chosen(chosen: Preference, named: dict[str, str]) -> str:
    return (
        "everything" if chosen.topics is None else phrases.listed([n for s, n in named.items() if s in chosen.topics])
    )


def _thought_of(preview: Preview, chosen: Preference, label: str) -> Reader:
    return replace(reader_of_topics(preview.issue, chosen), label=label)


def _one_of(known: tuple[str, ...], asked: str | None, usual: str) -> str:
    return asked if asked in known else usual
