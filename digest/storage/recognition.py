"""Recognition: which items of a source are kept already, though they may be known by something else by now.

Feeds begin to give identifiers or lose them, sites move to https, pages gain links, texts are corrected. Two are taken
for one only where no identifier and no link that both have speaks against it.
"""

from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, or_, select

from digest.model.addresses import one_spelling, spellings
from digest.model.item import BEGINNING, FoundItem, own_guid, wording
from digest.storage import changes
from digest.storage.chunks import chunks
from digest.storage.source_tables import item

Found = Mapping[str, FoundItem]
Known = dict[str, Row[Any]]
_Signs = Sequence[Hashable]

#: What an item is recognised by; its text is read only where something has changed, or where nothing else tells.
_FACE = tuple(
    item.c[name] for name in ("id", "identity", "fingerprint", "guid", "link", "title", "published_on", "published_at")
)
_UNDATED = (None, None)


def known(connection: Connection, source_id: int, wanted: Found) -> Known:
    """The rows of those that are kept already, by the identity they are found with now."""
    rows = with_identities(connection, source_id, wanted)
    missing = {identity: each for identity, each in wanted.items() if identity not in rows}
    may_be = _similar(connection, source_id, missing.values()) if rows or _has_any(connection, source_id) else []
    if may_be:
        search = _Search.begin(may_be, wanted.values(), rows)
        rows |= search.recognised({identity: _of_found(each) for identity, each in missing.items()})
    return rows


def with_identities(connection: Connection, source_id: int, identities: Iterable[str]) -> Known:
    """The rows of a source's items that are known by these."""
    query = select(*_FACE).where(item.c.source_id == source_id)
    found = (connection.execute(query.where(item.c.identity.in_(some))) for some in chunks(identities))
    return {row.identity: row for rows in found for row in rows}


def _has_any(connection: Connection, source_id: int) -> bool:
    return connection.scalar(select(item.c.id).where(item.c.source_id == source_id).limit(1)) is not None


def _similar(connection: Connection, source_id: int, missing: Iterable[FoundItem]) -> list[Row[Any]]:
    """All that these may be by their links or titles, oldest first."""
    query: Select[Any] = select(*_FACE, func.substr(item.c.body_text, 1, BEGINNING).label("beginning"))
    query = query.where(item.c.source_id == source_id)
    rows = {row.id: row for some in chunks(missing) for row in connection.execute(query.where(_may_be(some)))}
    return [rows[number] for number in sorted(rows)]


def _may_be(missing: Sequence[FoundItem]) -> ColumnElement[bool]:
    links = {spelling for each in missing if each.link for spelling in spellings(each.link)}
    # What has a link cannot be what has another, so its title is looked for only where there is none.
    linked = {each.title for each in missing if each.link}
    others = {each.title for each in missing if not each.link}
    without_link = and_(item.c.link.is_(None), item.c.title.in_(linked))
    return or_(item.c.link.in_(links), without_link, item.c.title.in_(others))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Face:
    """What of an item tells it from the others of its source; guid and link in one spelling."""

    guid: str | None
    link: str | None
    title: str
    dated: tuple[object, object]
    wording: str

    @property
    def day(self) -> Hashable:
        """Its title with its date."""
        return self.title, self.dated

    def signs(self) -> Iterator[Hashable]:
        """What it can be recognised by, when it is kept."""
        has_guid, has_link = self.guid is not None, self.link is not None
        yield "guid", self.guid
        yield "title at link", has_guid, self.link, self.title
        yield "link", has_guid, self.link
        yield "wording", has_guid, has_link, self.wording
        yield "day", has_guid, has_link, self.day


def _of_found(found: FoundItem) -> _Face:
    return _Face(
        guid=own_guid(found.guid, found.link),
        link=one_spelling(found.link) if found.link else None,
        title=found.title,
        dated=changes.dates(found),
        wording=wording(found.title, found.body_text),
    )


def _of_row(row: Row[Any]) -> _Face:
    # What was frozen is known by the words that its source has by now, not by its own.
    bare = not row.guid and not row.link
    return _Face(
        guid=own_guid(row.guid, row.link),
        link=one_spelling(row.link) if row.link else None,
        title=row.title,
        dated=(row.published_on, row.published_at),
        wording=row.identity if bare else wording(row.title, row.beginning),
    )


@dataclass(slots=True)
class _Search:
    """Gives each kept item to at most one of those that are looked for, to the one that is most surely it."""

    by_sign: Mapping[Hashable, deque[Row[Any]]]
    #: Links, and titles with dates, that two of the items found or two of those kept have, so that they tell little.
    shared: frozenset[Hashable]
    met: set[int]

    @classmethod
    def begin(cls, rows: Iterable[Row[Any]], found: Iterable[FoundItem], known: Known) -> "_Search":
        """A search among these rows for what is not known of all that was found."""
        by_sign: dict[Hashable, deque[Row[Any]]] = {}
        kept: Counter[Hashable] = Counter()
        for row in rows:
            face = _of_row(row)
            kept.update((face.link, face.day))
            for sign in face.signs():
                by_sign.setdefault(sign, deque()).append(row)
        links_and_days = ((one_spelling(each.link or ""), (each.title, changes.dates(each))) for each in found)
        wanted = Counter[Hashable](sign for signs in links_and_days for sign in signs)
        shared = frozenset(sign for counted in (kept, wanted) for sign, times in counted.items() if times > 1)
        return cls(by_sign=by_sign, shared=shared, met={row.id for row in known.values()})

    def recognised(self, missing: Mapping[str, _Face]) -> Known:
        """Those that were found, the surest first."""
        ways: tuple[Callable[[_Face], _Signs], ...] = (
            self._guid,
            self._title_at_link,
            self._link,
            self._wording,
            self._day,
        )
        found: Known = {}
        for way in ways:
            for identity, face in missing.items():
                row = None if identity in found else self._take(way(face))
                if row is not None:
                    found[identity] = row
        return found

    def _take(self, signs: _Signs) -> Row[Any] | None:
        """The oldest row with the first of these signs, which is then nobody else's."""
        for sign in signs:
            rows = self.by_sign.get(sign, ())
            while rows:
                row = rows.popleft()
                if row.id not in self.met:
                    self.met.add(row.id)
                    return row
        return None

    def _guid(self, face: _Face) -> _Signs:
        return [("guid", face.guid)] if face.guid else []

    def _title_at_link(self, face: _Face) -> _Signs:
        return [("title at link", has_guid, face.link, face.title) for has_guid in _may(face.guid) if face.link]

    def _link(self, face: _Face) -> _Signs:
        """A page that has several items, or had, tells none of them from the others."""
        alone = face.link and face.link not in self.shared
        return [("link", has_guid, face.link) for has_guid in _may(face.guid) if alone]

    def _wording(self, face: _Face) -> _Signs:
        return [("wording", *has, face.wording) for has in _may_have(face)]

    def _day(self, face: _Face) -> _Signs:
        """Title and date: enough within a page that corrects its texts, and where no other is meant."""
        telling = face.dated != _UNDATED and face.day not in self.shared
        bare = (False, False)
        return [
            ("day", *has, face.day)
            for has in _may_have(face)
            if telling or (has == bare and not face.guid and not face.link)
        ]


def _may(own: str | None) -> Sequence[bool]:
    """Whether what one with this guid or link is may have one: two different ones speak against it."""
    return (False,) if own else (False, True)


def _may_have(face: _Face) -> list[tuple[bool, bool]]:
    return [(has_guid, has_link) for has_guid in _may(face.guid) for has_link in _may(face.link)]
