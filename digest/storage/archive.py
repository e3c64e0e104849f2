"""The archive: what frozen issues showed, for everybody; it holds nothing of any reader."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, Select, func, select

from digest.model.issue import OUT, Article, Heading, IssueId
from digest.model.item import ItemId
from digest.storage.tables import article, issue
from subscribers.tables import newsletter

_ARTICLE = TypeAdapter(Article)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastIssue:
    """One frozen issue as the archive lists it."""

    id: IssueId
    key: str
    number: int
    title: str
    intro_html: str
    intro_text: str
    period_label: str
    published_on: date
    frozen_at: datetime
    #: The newsletter's topics as they were then, in order.
    topics: tuple[Heading, ...]
    pieces: int


def past_issues(connection: Connection, newsletter_slug: str) -> list[PastIssue]:
    """The issues that came out, newest first; those whose every article an earlier page has shown are left out."""
    pieces = (
        select(article.c.issue_id, func.count().label("pieces")).where(article.c.shown).group_by(article.c.issue_id)
    ).subquery()
    rows = connection.execute(
        _published(newsletter_slug)
        .join(pieces, pieces.c.issue_id == issue.c.id)
        .add_columns(pieces.c.pieces)
        .order_by(issue.c.period_ends_at.desc(), issue.c.id.desc())
    )
    return [
        PastIssue(
            id=IssueId(r.id),
            key=r.period_key,
            number=r.number,
            title=r.content["title"],
            intro_html=r.content["intro_html"],
            intro_text=r.content["intro_text"],
            period_label=r.content["period_label"],
            published_on=date.fromisoformat(r.content["published_on"]),
            frozen_at=r.frozen_at,
            topics=tuple(Heading(**each) for each in r.content["topics"]),
            pieces=r.pieces,
        )
        for r in rows
    ]


def articles_of(connection: Connection, issue_id: IssueId) -> list[Article]:
    """What an issue's page shows, in its order."""
    rows = connection.scalars(
        select(article.c.content).where(article.c.issue_id == issue_id, article.c.shown).order_by(article.c.position)
    )
    return [_ARTICLE.validate_python(content) for content in rows]


def articles(connection: Connection, newsletter_slug: str) -> list[tuple[str, Article]]:
    """Everything past issues showed, newest issue first, each with its issue's period key."""
    rows = connection.execute(
        select(issue.c.period_key, article.c.content)
        .join(issue, issue.c.id == article.c.issue_id)
        .join(newsletter, newsletter.c.id == issue.c.newsletter_id)
        .where(newsletter.c.slug == newsletter_slug, issue.c.state.in_(OUT), article.c.shown)
        .order_by(issue.c.period_ends_at.desc(), issue.c.id.desc(), article.c.position)
    )
    return [(r.period_key, _ARTICLE.validate_python(r.content)) for r in rows]


def stamp(connection: Connection, newsletter_slug: str) -> str:
    """Changes whenever a page of the archive may look different; empty when there is no such newsletter."""
    row = connection.execute(_last_change(newsletter_slug)).first()
    return "" if row is None else " ".join(map(str, row))


def changed_at(connection: Connection, newsletter_slug: str) -> datetime | None:
    """When the newsletter was last edited or an issue came out; None when there is no such newsletter."""
    row = connection.execute(_last_change(newsletter_slug)).first()
    return None if row is None else max(row.changed_at, row.frozen_at or row.changed_at)


def shown_before(
    connection: Connection, newsletter_slug: str, item_ids: Iterable[ItemId], *, but: IssueId
) -> dict[ItemId, str]:
    """Which of these items the page of another issue has shown, and the address there."""
    rows = connection.execute(
        select(article.c.item_id, article.c.content)
        .join(issue, issue.c.id == article.c.issue_id)
        .join(newsletter, newsletter.c.id == issue.c.newsletter_id)
        .where(
            newsletter.c.slug == newsletter_slug,
            article.c.shown,
            article.c.issue_id != but,
            article.c.item_id.in_(list(item_ids)),
        )
    )
    return {ItemId(r.item_id): r.content["archive_url"] for r in rows}


def _last_change(newsletter_slug: str) -> Select[Any]:
    return (
        select(newsletter.c.changed_at, func.count(issue.c.id), func.max(issue.c.frozen_at).label("frozen_at"))
        .outerjoin(issue, (issue.c.newsletter_id == newsletter.c.id) & issue.c.state.in_(OUT))
        .where(newsletter.c.slug == newsletter_slug)
        .group_by(newsletter.c.id, newsletter.c.changed_at)
    )


def _published(newsletter_slug: str) -> Select[Any]:
    return (
        select(issue)
        .join(newsletter, newsletter.c.id == issue.c.newsletter_id)
        .where(newsletter.c.slug == newsletter_slug, issue.c.state.in_(OUT), issue.c.content.is_not(None))
    )
