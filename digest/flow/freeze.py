"""Freeze: what an issue would say if it came out now. Writes nothing; publishing keeps it, a preview shows it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from digest.flow.house import House
from digest.model.choice import Candidate, Window, window
from digest.model.issue import Article, Heading, Issue, IssueContent, Place
from digest.model.item import Item, ItemId, day
from digest.model.newsletter import Newsletter
from digest.model.slugs import slug_of, untaken
from digest.model.source import Source
from digest.rendering import phrases
from digest.rendering.blocks import Block, compile_issue
from digest.rendering.headers import headers_for
from digest.rendering.markdown import markdown_html, markdown_text
from digest.rendering.summary import summarise
from digest.storage import archive, issues, items, newsletters
from digest.storage.issues import Curation
from digest.storage.newsletters import Publication


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """An issue as it stands at one moment, compiled."""

    issue: Issue
    publication: Publication
    #: All items it may take, in the editor's order.
    candidates: tuple[Candidate, ...]
    window: Window
    content: IssueContent
    blocks: Mapping[str, Block]
    #: What all its messages bear; the subject is the issue's.
    headers: Mapping[str, str]
    subject: str
    #: Items that an earlier issue's page has shown.
    shown_before: frozenset[ItemId]

    @property
    def receivable(self) -> tuple[ItemId, ...]:
        """The items whose receipts matter: all it may take, and the same pieces from other sources."""
        return tuple(item_id for c in self.candidates for item_id in (c.id, *c.also))


def freeze(house: House, connection: Connection, issue: Issue, *, now: datetime) -> Edition:
    """The issue as it is now. Raises BadTemplate."""
    publication = newsletters.load(connection, issue.newsletter)
    newsletter = publication.newsletter
    span = window(newsletter, issue.period, now=now)
    decided = issues.curations(connection, issue.id)
    found = items.of_newsletter(connection, publication.id, since=span.since)
    ordered = sorted(found, key=lambda item: decided.get(item.id, Curation()).position or len(found) + 1)
    candidates = tuple(_candidate(item, decided.get(item.id, Curation()), newsletter) for item in ordered)
    content, before = _content(house, connection, issue, publication, candidates, ordered, span, now)
    return Edition(
        issue=issue,
        publication=publication,
        candidates=candidates,
        window=span,
        content=content,
        blocks=compile_issue(content, house.templates),
        headers=_headers(house, publication, issue),
        subject=issue.subject or _subject(newsletter, content),
        shown_before=before,
    )


def slugs_for(titles: Iterable[str]) -> list[str]:
    """Names for addresses, unique among each other: "First nights home" becomes `first-nights-home`."""
    slugs: dict[str, None] = {}
    for title in titles:
        slugs[untaken(slug_of(title, most=80, otherwise="piece"), slugs)] = None
    return list(slugs)


def _candidate(item: Item, decided: Curation, newsletter: Newsletter) -> Candidate:
    return Candidate(
        id=item.id,
        topics=item.topics,
        dated_at=item.dated_at(newsletter.zone),
        pinned=decided.pinned,
        left_out=decided.left_out,
        also=tuple(other.id for other in item.also_at),
    )


def _content(
    house: House,
    connection: Connection,
    issue: Issue,
    publication: Publication,
    candidates: Sequence[Candidate],
    found: Sequence[Item],
    span: Window,
    now: datetime,
) -> tuple[IssueContent, frozenset[ItemId]]:
    visible = {c.id: c for c in candidates if _may_be_offered(c, span)}
    shown = [item for item in found if item.id in visible]
    before = archive.shown_before(connection, issue.newsletter, visible, but=issue.id)
    sources = {s.slug: s for s in publication.sources}
    articles = tuple(
        _article(house, issue, item, slug, sources, publication, before.get(item.id), visible[item.id])
        for item, slug in zip(shown, slugs_for(item.title for item in shown), strict=True)
    )
    newsletter = publication.newsletter
    content = IssueContent(
        newsletter=newsletter.slug,
        name=newsletter.name,
        title=issue.title or f"{newsletter.name}, {phrases.period_label(issue.period)}",
        number=issue.number or issues.next_number(connection, publication.id, issue.period.cadence),
        period_label=phrases.period_label(issue.period),
        published_on=min(now.astimezone(newsletter.zone).date(), issue.period.after - timedelta(days=1)),
        language=newsletter.language,
        brand=newsletter.brand,
        intro_html=markdown_html(issue.intro),
        intro_text=markdown_text(issue.intro),
        topics=tuple(Heading(slug=t.slug, name=t.name) for t in publication.topics),
        articles=articles,
        archive_url=house.links.issue(newsletter.slug, issue.period.key),
        archive_home_url=house.links.archive(newsletter.slug),
    )
    return content, frozenset(before)


def _may_be_offered(candidate: Candidate, span: Window) -> bool:
    """Whether anybody at all could get it in this issue."""
    in_time = span.since <= candidate.dated_at < span.until and candidate.dated_at <= span.now
    return in_time and not candidate.left_out and (candidate.pinned or bool(candidate.topics))


def _article(
    house: House,
    issue: Issue,
    item: Item,
    slug: str,
    sources: Mapping[str, Source],
    publication: Publication,
    shown_at: str | None,
    candidate: Candidate,
) -> Article:
    archive_url = shown_at or house.links.article(issue.newsletter, issue.period.key, slug)
    summary = summarise(item.body_html, words=_SUMMARY_WORDS)
    return Article(
        id=item.id,
        slug=slug,
        title=item.title,
        source=sources[item.source].name,
        published_on=day(item.published, publication.newsletter.zone),
        people=item.people,
        word_count=item.word_count,
        reading_minutes=item.reading_minutes,
        summary_html=summary.html,
        summary_text=summary.text,
        body_html=item.body_html,
        link=item.link or archive_url,
        link_label=sources[item.source].link_label,
        archive_url=archive_url,
        topics=item.topics,
        pinned=candidate.pinned,
        also_at=tuple(Place(name=sources[other.source].name, link=other.link) for other in item.also_at),
    )


_SUMMARY_WORDS = 70


def _headers(house: House, publication: Publication, issue: Issue) -> dict[str, str]:
    newsletter = publication.newsletter
    domain = newsletter.sender.address.rpartition("@")[2]
    # RFC-less but asked for by Google: no part of it may name a recipient.
    feedback = f"{issue.period.key}:{newsletter.slug}:issue:{domain.replace('.', '')[:15]}"
    return headers_for(
        newsletter,
        list_domain=domain,
        feedback_id=feedback,
        archive_url=house.links.issue(newsletter.slug, issue.period.key),
        help_url=f"mailto:{newsletter.sender.reply_to or newsletter.sender.address}",
        owner=newsletter.sender.reply_to or newsletter.sender.address,
    )


def _subject(newsletter: Newsletter, content: IssueContent) -> str:
    # A title of its own says more than the month; the From line already names the newsletter.
    return (
        content.title
        if newsletter.name in content.title
        else f"{content.title}: {newsletter.name}, {content.period_label}"
    )
