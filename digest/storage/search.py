"""Search: words in what past issues showed, found by FTS5 on SQLite and by tsvector on PostgreSQL.

    article_text     title, summary and text as plain words, a row for each article that an issue's page shows
    article_search   the index over it: a virtual table of FTS5, or a table of tsvector

Both are filled in the transaction that publishes. What is asked is taken apart here, so no string is an error.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, cast, column, func, insert, literal_column, select, table
from sqlalchemy.dialects.postgresql import REGCONFIG, TSVECTOR

from digest.model.issue import OUT, Article, IssueId
from digest.storage.asked import Asked
from digest.storage.tables import article, article_text, issue
from subscribers.tables import Id, newsletter

#: Hits on a page.
PAGE = 10
#: Languages whose words PostgreSQL knows how to cut to their stems; all others are taken as they are written.
_STEMMED = {
    "da": "danish",
    "de": "german",
    "en": "english",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "it": "italian",
    "nb": "norwegian",
    "nl": "dutch",
    "no": "norwegian",
    "pt": "portuguese",
    "sv": "swedish",
}
#: Neither database takes an endless text as one document; nobody looks for what comes so late.
_LONGEST = 200_000
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff\s]+")
#: Around what was found; no text holds them.
_ON, _OFF = "\x02", "\x03"
_HEADLINE = f'StartSel="{_ON}", StopSel="{_OFF}"'
_INDEX: Any = table("article_search", column("rowid", Id), column("words", TSVECTOR))
_SELF: Any = literal_column("article_search")


@dataclass(frozen=True, slots=True)
class Bit:
    """A stretch of text, and whether it is what was looked for."""

    text: str
    found: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """An article that was found: where it lies, and the words that show why."""

    key: str
    slug: str
    title: tuple[Bit, ...]
    snippet: tuple[Bit, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One page of what a search found, best first."""

    total: int
    hits: tuple[Hit, ...]


def find(connection: Connection, newsletter_slug: str, asked: Asked, *, language: str, page: int = 1) -> Found:
    """What past issues of a newsletter showed with these words, so many hits a page; nothing for no words."""
    if not asked.wanted:
        return Found(total=0, hits=())
    sqlite = connection.dialect.name == "sqlite"
    way = _sqlite(asked) if sqlite else _postgresql(asked, language)
    within = (way.matches, newsletter.c.slug == newsletter_slug, issue.c.state.in_(OUT))
    total: int = connection.scalar(_from(func.count()).where(*within)) or 0
    chosen = _from(issue.c.period_key, article.c.slug, *way.columns).where(*within)
    ordered = chosen.order_by(way.best, issue.c.frozen_at.desc(), article_text.c.id)
    rows = connection.execute(ordered.limit(PAGE).offset((page - 1) * PAGE)) if total else ()
    shown = rows if sqlite else [_told(connection, row, asked, language) for row in rows]
    hits = (Hit(key=r.period_key, slug=r.slug, title=_bits(r.title), snippet=_bits(r.snippet)) for r in shown)
    return Found(total=total, hits=tuple(hits))


def keep(connection: Connection, issue_id: IssueId, articles: Iterable[Article], *, language: str) -> None:
    """Make what an issue's page shows findable."""
    rows = [
        {
            "issue_id": issue_id,
            "item_id": each.id,
            "title": _plain(each.title),
            "summary": _plain(each.summary_text),
            "body": _plain(_words(each.body_html)) or _plain(each.summary_text),
        }
        for each in articles
    ]
    if not rows:
        return
    connection.execute(insert(article_text), rows)
    _index(connection, article_text.c.issue_id == issue_id, language)


def index_all(connection: Connection) -> None:
    """Index all texts, of a database whose index is empty: each kind of database has its own, which no copy brings."""
    for row in connection.execute(select(newsletter.c.id, newsletter.c.settings)).all():
        issues = select(issue.c.id).where(issue.c.newsletter_id == row.id)
        _index(connection, article_text.c.issue_id.in_(issues), str(row.settings.get("language", "")))


def _index(connection: Connection, which: ColumnElement[bool], language: str) -> None:
    if connection.dialect.name == "sqlite":
        names, indexed = ["rowid", "title", "summary", "body"], list(article_text.c["id", "title", "summary", "body"])
    else:
        names, indexed = ["rowid", "words"], [article_text.c.id, _vector(_config(language))]
    chosen = select(*indexed).where(which)
    into: Any = table("article_search", *map(column, names))
    connection.execute(insert(into).from_select(names, chosen))


@dataclass(frozen=True, slots=True)
class _Way:
    """How a database searches: what is found, what is told of it, and what comes first."""

    matches: Any
    columns: tuple[Any, ...]
    best: Any


def _from(*columns: Any) -> Select[Any]:
    return (
        select(*columns)
        .select_from(article_text)
        .join(_INDEX, _INDEX.c.rowid == article_text.c.id)
        .join(issue, issue.c.id == article_text.c.issue_id)
        .join(newsletter, newsletter.c.id == issue.c.newsletter_id)
        .join(article, (article.c.issue_id == article_text.c.issue_id) & (article.c.item_id == article_text.c.item_id))
    )


def _sqlite(asked: Asked) -> _Way:
    """The best by BM25; a word in the title weighs most."""
    title = func.highlight(_SELF, 0, _ON, _OFF).label("title")
    snippet = func.snippet(_SELF, 2, _ON, _OFF, "…", 30).label("snippet")
    return _Way(_SELF.op("MATCH")(asked.for_fts5()), (title, snippet), func.bm25(_SELF, 8.0, 3.0, 1.0))


def _postgresql(asked: Asked, language: str) -> _Way:
    """The best by cover density; a word in the title weighs most."""
    query = _query(asked, language)
    columns = (article_text.c.title, article_text.c.body)
    return _Way(_INDEX.c.words.op("@@")(query), columns, func.ts_rank_cd(_INDEX.c.words, query, 1).desc())


@dataclass(frozen=True, slots=True)
class _Told:
    period_key: str
    slug: str
    title: str
    snippet: str


def _told(connection: Connection, row: Any, asked: Asked, language: str) -> _Told:
    """With what was found marked: dear, so only for those that are shown."""
    config, query = _config(language), _query(asked, language)
    title = func.ts_headline(config, row.title, query, f"HighlightAll=true, {_HEADLINE}")
    beginning = row.body[:_SEARCHED_FOR_SNIPPETS]
    snippet = func.ts_headline(config, beginning, query, f"MaxWords=34, MinWords=22, {_HEADLINE}")
    told = connection.execute(select(title.label("title"), snippet.label("snippet"))).one()
    return _Told(row.period_key, row.slug, told.title, told.snippet)


_SEARCHED_FOR_SNIPPETS = 20_000


def _query(asked: Asked, language: str) -> Any:
    """All that is wanted and nothing that is not, in PostgreSQL's own terms."""
    config = _config(language)
    kinds: Mapping[bool, Callable[..., Any]] = {True: func.phraseto_tsquery, False: func.plainto_tsquery}
    query: Any = None
    for term in asked.wanted:
        one = func.to_tsquery(config, f"'{term.text}':*") if term.open else kinds[term.whole](config, term.text)
        query = one if query is None else func.tsquery_and(query, one)
    for term in asked.unwanted:
        query = func.tsquery_and(query, func.tsquery_not(kinds[term.whole](config, term.text)))
    return query


def _config(language: str) -> Any:
    return cast(_STEMMED.get(language.partition("-")[0].lower(), "simple"), REGCONFIG)


def _vector(config: Any) -> Any:
    weighed = [
        func.setweight(func.to_tsvector(config, article_text.c[name]), literal_column(f"'{weight}'"))
        for name, weight in (("title", "A"), ("summary", "B"), ("body", "D"))
    ]
    return weighed[0].op("||")(weighed[1]).op("||")(weighed[2])


def _bits(marked: str) -> tuple[Bit, ...]:
    parts = re.split(f"([{_ON}{_OFF}])", marked)
    on, bits = False, []
    for part in parts:
        if part in (_ON, _OFF):
            on = part == _ON
        elif part:
            bits.append(Bit(part, on))
    return tuple(bits)


def _plain(text: str) -> str:
    """On one line, without what no database keeps."""
    return _CONTROLS.sub(" ", text[:_LONGEST]).strip()


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Elements part words, but for those within a line."""
        if tag not in _INLINE:
            self.said.append(" ")

    def handle_endtag(self, tag: str) -> None:
        """As where they begin."""
        self.handle_starttag(tag, [])

    def handle_data(self, data: str) -> None:
        """What is read."""
        self.said.append(data)


_INLINE = frozenset(("a", "em", "strong", "b", "i", "code", "sub", "sup"))


def _words(html: str) -> str:
    reader = _Words()
    reader.feed(html)
    reader.close()
    return "".join(reader.said)
