"""What a frozen issue consists of: its content, articles, blocks, cohorts and variants."""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, insert, select, update

from digest.model.issue import Article, IssueContent, IssueId
from digest.model.item import ItemId
from digest.storage.tables import article, block, issue, variant, variant_item

_CONTENT = TypeAdapter(IssueContent)
_ARTICLE = TypeAdapter(Article)


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


def save_variant(
    connection: Connection, issue_id: IssueId, key: str, layout: dict[str, Any], item_ids: Iterable[ItemId]
) -> int:
    """Keep a variant, once for each key. Returns its row."""
    this = (variant.c.issue_id == issue_id) & (variant.c.key == key)
    known: int | None = connection.scalar(select(variant.c.id).where(this))
    if known is not None:
        return known
    values = {"issue_id": issue_id, "key": key, "layout": layout}
    made: int = connection.execute(insert(variant).values(values).returning(variant.c.id)).scalar_one()
    links = [{"variant_id": made, "item_id": i} for i in item_ids]
    if links:
        connection.execute(insert(variant_item), links)
    return made


def load_variant(connection: Connection, variant_id: int) -> tuple[IssueId, dict[str, Any]]:
    """The issue a variant belongs to, and its layout."""
    row = connection.execute(select(variant).where(variant.c.id == variant_id)).one()
    return IssueId(row.issue_id), row.layout


def items_of(connection: Connection, variant_ids: Iterable[int]) -> frozenset[ItemId]:
    """All items that these variants carry."""
    ids = list(variant_ids)
    if not ids:
        return frozenset()
    return frozenset(
        ItemId(i) for i in connection.scalars(select(variant_item.c.item_id).where(variant_item.c.variant_id.in_(ids)))
    )
