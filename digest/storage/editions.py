"""What a frozen issue consists of: its content, articles, blocks, cohorts and variants."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import JSON, Connection, String, bindparam, insert, select, update

from digest.model.issue import Article, IssueContent, IssueId
from digest.model.item import ItemId
from digest.storage import search
from digest.storage.chunks import chunks
from digest.storage.tables import article, block, issue, variant, variant_item
from subscribers.given import Rows, as_rows
from subscribers.prepared import Prepared
from subscribers.tables import Id

_CONTENT = TypeAdapter(IssueContent)
_ARTICLE = TypeAdapter(Article)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVariant:
    """A variant that is to be kept."""

    #: Equal for those that say the same.
    key: str
    #: As JSON.
    layout: str
    item_ids: tuple[ItemId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBlock:
    """A compiled block as text columns hold it."""

    #: BCP 47 tag; empty for the newsletter's own language.
    language: str
    key: str
    html: str
    text: str


def save_content(
    connection: Connection,
    issue_id: IssueId,
    content: IssueContent,
    headers: Mapping[str, str],
    *,
    shown: AbstractSet[ItemId],
) -> None:
    """Keep what the issue says, and the headers its messages bear, for good; its page shows the articles `shown`."""
    dumped = _CONTENT.dump_python(content, mode="json")
    dumped.pop("articles")
    connection.execute(update(issue).where(issue.c.id == issue_id).values(content=dumped, headers=dict(headers)))
    rows = [
        {
            "issue_id": issue_id,
            "item_id": each.id,
            "slug": each.slug,
            "position": position,
            "shown": each.id in shown,
            "content": _ARTICLE.dump_python(each, mode="json"),
        }
        for position, each in enumerate(content.articles)
    ]
    if rows:
        connection.execute(insert(article), rows)
    on_page = [each for each in content.articles if each.id in shown]
    search.keep(connection, issue_id, on_page, language=content.language)


def load_content(connection: Connection, issue_id: IssueId) -> tuple[IssueContent, dict[str, str]]:
    """What a frozen issue says, and its headers."""
    row = connection.execute(select(issue.c.content, issue.c.headers).where(issue.c.id == issue_id)).one()
    articles = connection.scalars(
        select(article.c.content).where(article.c.issue_id == issue_id).order_by(article.c.position)
    )
    return _CONTENT.validate_python({**row.content, "articles": list(articles)}), dict(row.headers)


def save_blocks(connection: Connection, issue_id: IssueId, blocks: Iterable[StoredBlock]) -> None:
    """Keep the compiled blocks of an issue."""
    rows = [
        {"issue_id": issue_id, "language": b.language, "key": b.key, "html": b.html, "text": b.text} for b in blocks
    ]
    connection.execute(insert(block), rows)


def load_blocks(connection: Connection, issue_id: IssueId) -> Iterator[StoredBlock]:
    """The compiled blocks of an issue."""
    for row in connection.execute(select(block).where(block.c.issue_id == issue_id)):
        yield StoredBlock(language=row.language, key=row.key, html=row.html, text=row.text)


def save_variants(connection: Connection, issue_id: IssueId, new: Iterable[NewVariant]) -> list[int]:
    """Keep the variants of an issue, once for each key. Returns their rows, one for each of `new` in its order."""
    kept: dict[str, int] = {}
    keys: list[str] = []
    for some in chunks(new):
        first = {each.key: each for each in some if each.key not in kept}
        kept |= zip(first, _insert_variants(connection, issue_id, first.values()), strict=True)
        keys += [each.key for each in some]
    return [kept[key] for key in keys]


def _insert_variants(connection: Connection, issue_id: IssueId, new: Collection[NewVariant]) -> list[int]:
    if not new:
        return []
    _INSERT.run_each(connection, ((issue_id, each.key, each.layout) for each in new))
    keys = as_rows((each.key,) for each in new)
    made: dict[str, int] = {key: number for number, key in _MADE.run(connection, issue_id=issue_id, rows=keys)}
    _CARRY.run(connection, rows=as_rows((made[each.key], item) for each in new for item in each.item_ids))
    return [made[each.key] for each in new]


def load_variant(connection: Connection, variant_id: int) -> tuple[IssueId, dict[str, Any]]:
    """The issue a variant belongs to, and its layout."""
    row = connection.execute(select(variant).where(variant.c.id == variant_id)).one()
    return IssueId(row.issue_id), row.layout


def items_of(connection: Connection, variant_ids: Iterable[int]) -> frozenset[ItemId]:
    """All items that these variants carry."""
    return frozenset().union(*items_by_variant(connection, variant_ids).values())


def items_by_variant(connection: Connection, variant_ids: Iterable[int]) -> dict[int, frozenset[ItemId]]:
    """The items that each of these variants carries."""
    found: dict[int, list[ItemId]] = {each: [] for each in variant_ids}
    rows = _CARRIED.run(connection, rows=as_rows((each,) for each in found)) if found else []
    for variant_id, item_id in rows:
        found[variant_id].append(ItemId(item_id))
    return {each: frozenset(item_ids) for each, item_ids in found.items()}


_ROWS = Rows(bindparam("rows", type_=String))
# Without asking for ids: a row that is to answer with its own is a statement of its own on SQLite.
_INSERT = Prepared(
    insert(variant)
    .inline()
    .values(
        issue_id=bindparam("issue", type_=Id), key=bindparam("name", type_=String), layout=bindparam("says", type_=JSON)
    )
)
_MADE = Prepared(
    select(variant.c.id, variant.c.key).where(
        variant.c.issue_id == bindparam("issue_id", type_=Id), variant.c.key.in_(select(_ROWS.field(0, String())))
    )
)
_CARRY = Prepared(
    insert(variant_item).from_select(["variant_id", "item_id"], select(_ROWS.field(0, Id), _ROWS.field(1, Id)))
)
# Of thousands of variants at once, so that they are joined and not looked for one by one.
_CARRIED = Prepared(
    select(variant_item.c.variant_id, variant_item.c.item_id).where(
        variant_item.c.variant_id.in_(select(_ROWS.field(0, Id)))
    )
)
