"""Variants: which blocks a letter is made of, in order, and the words that depend on that choice."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from digest.model.choice import Choice
from digest.model.issue import IssueContent
from digest.model.item import ItemId
from digest.rendering.context import filed
from digest.rendering.fragments import one_line
from digest.rendering.phrases import ENGLISH, Phrases

#: From so many pieces on, a list of them helps; of more than the other number, a list of their topics helps more.
CONTENTS_FROM = 4
TITLES_UNTIL = 20
#: Mail programs show about so much of the preheader.
_PREHEADER = 140

Placed = tuple[ItemId, str | None]


@dataclass(frozen=True, slots=True)
class Part:
    """One block in a letter, with the values of those of its slots that all readers of the variant share."""

    key: str
    values: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A variant: everything of a letter but what is personal."""

    parts: tuple[Part, ...]
    subject: str
    #: What mail programs show after the subject.
    preheader: str
    #: What a reader of it has received.
    item_ids: tuple[ItemId, ...]
    #: BCP 47 tag of the language its blocks speak; empty for the newsletter's own.
    language: str = ""


def lay_out(
    choice: Choice, content: IssueContent, *, topics: frozenset[str] | None, phrases: Phrases = ENGLISH
) -> Layout:
    """The letter for readers of `topics` (None for all) with that choice. An empty choice says that nothing is new."""
    placed = [(chosen.id, chosen.under) for chosen in choice.chosen]
    headline = _headline(placed, None if topics is None else len(topics), phrases)
    return _layout(placed, content, phrases, headline=headline, greeting=True, more=choice.more)


def whole_issue(content: IssueContent, phrases: Phrases = ENGLISH) -> Layout:
    """Everything, each article once, without a greeting: for the archive and for editors."""
    notes: list[Placed] = [(a.id, None) for a in content.articles if a.pinned]
    first = {a.id: filed(a, content)[0] for a in content.articles if filed(a, content)}
    items = [(item, slug) for topic in content.topics for item, slug in first.items() if slug == topic.slug]
    headline = phrases.whole_headline(len(notes) + len(items))
    return _layout([*notes, *items], content, phrases, headline=headline, greeting=False, more=0)


def _layout(
    placed: Sequence[Placed], content: IssueContent, phrases: Phrases, *, headline: str, greeting: bool, more: int
) -> Layout:
    preheader = _preheader(placed, content) or headline
    return Layout(
        parts=(
            Part("top", {"headline": headline, "preheader": preheader}),
            # An issue in which nobody finds anything has no page.
            *_parts(*["browser"] * bool(placed), "masthead", *["greeting"] * greeting, *["last"] * content.last),
            *_body(placed, content, phrases, headline),
            *([Part("more", {"count": phrases.did_not_fit(more)})] if more else []),
            Part("footer", {}),
        ),
        subject=one_line(content.title),
        preheader=preheader,
        item_ids=tuple(item for item, _ in placed),
    )


def _body(placed: Sequence[Placed], content: IssueContent, phrases: Phrases, headline: str) -> Iterator[Part]:
    if not placed:
        yield Part("nothing", {"headline": headline})
        return
    if content.intro_html.strip():
        yield Part("intro", {})
    items = [(item, slug) for item, slug in placed if slug is not None]
    topics = [(slug, [item for item, _ in group]) for slug, group in groupby(items, key=lambda placed: placed[1])]
    counts = {slug: phrases.count_new(len(under)) for slug, under in topics}
    if CONTENTS_FROM <= len(items) <= TITLES_UNTIL:
        yield from _parts("contents-open", *(f"contents:{item}" for item, _ in items), "contents-close")
    elif len(items) > TITLES_UNTIL and len(topics) > 1:
        yield from _parts("contents-open")
        yield from (_counted(f"contents-topic:{slug}", count) for slug, count in counts.items())
        yield from _parts("contents-close")
    yield from _parts(*(f"note:{item}" for item, slug in placed if slug is None))
    for slug, under in topics:
        yield _counted(f"topic:{slug}", counts[slug])
        yield from _parts(*(f"item:{item}:{slug}" for item in under))


def _parts(*keys: str) -> Iterator[Part]:
    return map(_plain, keys)


@lru_cache(maxsize=20_000)
def _plain(key: str) -> Part:
    """A block without values: thousands of letters hold the same."""
    return Part(key, {})


@lru_cache(maxsize=2_000)
def _counted(key: str, count: str) -> Part:
    """A block that says how many there are: one and the same, too."""
    return Part(key, {"count": count})


def _headline(placed: Sequence[Placed], topics: int | None, phrases: Phrases) -> str:
    items = sum(slug is not None for _, slug in placed)
    if placed and not items:
        return phrases.notes_headline(len(placed))
    return phrases.headline(items, topics)


def _preheader(placed: Sequence[Placed], content: IssueContent) -> str:
    """The first titles, as many as fit, at least one."""
    # Looked for one by one: there is room for a few titles, and thousands of letters are laid out.
    titles = (next(a.title for a in content.articles if a.id == item) for item, _ in placed)
    line = ""
    for title in titles:
        longer = f"{line} · {title}" if line else title
        if line and len(longer) > _PREHEADER:
            break
        line = longer
    line = one_line(line)
    return line if len(line) <= _PREHEADER else f"{line[: _PREHEADER - 1].rstrip()}…"
