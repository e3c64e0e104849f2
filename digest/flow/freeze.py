"""Freeze: what an issue would say if it came out now. Writes nothing; publishing keeps it, a preview shows it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from digest.flow.house import House
from digest.model.cadence import Period
from digest.model.choice import Candidate
from digest.model.issue import Article, Heading, Issue, IssueContent, Place
from digest.model.item import Item, ItemId, day
from digest.model.newsletter import Newsletter
from digest.model.slugs import slug_of, untaken
from digest.model.source import Source
from digest.model.window import Window, window
from digest.rendering.blocks import Block, compile_issue
from digest.rendering.headers import feedback_id, headers_for, mailto
from digest.rendering.markdown import markdown_html, markdown_text
from digest.rendering.phrases import Phrases
from digest.rendering.summary import summarise
from digest.storage import archive, away, issues, items, newsletters
from digest.storage.away import Back
from digest.storage.issues import Curation
from digest.storage.newsletters import Publication
from digest.storage.receipts import Span
from subscribers.address import with_ascii_domain


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
    #: What it says where numbers, dates and names are in it.
    phrases: Phrases
    #: BCP 47 tag of the language it speaks; empty for the newsletter's own.
    language: str = ""

    @property
    def span(self) -> Span:
        """Which receipts may matter to it; old ones only to those who come back after a long pause."""
        limits, items = self.window, self.receivable
        if not limits.away:
            return Span(items=items)
        lately = tuple(i for c in self.candidates if c.dated_at >= limits.since for i in (c.id, *c.also))
        back = Back(before=limits.away_before, least=limits.away_least, items=items)
        return Span(items=lately, back=back)

    @property
    def receivable(self) -> tuple[ItemId, ...]:
        """The items whose receipts matter: all it may take, and the same pieces from other sources."""
        return tuple(item_id for c in self.candidates for item_id in (c.id, *c.also))


def freeze(
    house: House, connection: Connection, issue: Issue, *, now: datetime, publication: Publication | None = None
) -> Edition:
    """The issue as it is now, of its newsletter as that is kept or as `publication` has it. Raises BadTemplate."""
    publication = publication or newsletters.load(connection, issue.newsletter)
    newsletter = publication.newsletter
    span = window_of(connection, issue, publication, now=now)
    decided = issues.curations(connection, issue.id)
    found = items.of_newsletter(connection, publication.id, since=span.furthest)
    ordered = sorted(found, key=lambda item: decided.get(item.id, Curation()).position or len(found) + 1)
    candidates = tuple(_candidate(item, decided.get(item.id, Curation()), newsletter) for item in ordered)
    content, before = _content(house, connection, issue, publication, candidates, ordered, span, now)
    return Edition(
        issue=issue,
        publication=publication,
        candidates=candidates,
        window=span,
        content=content,
        blocks=compile_issue(content, house.templates_in(newsletter.language)),
        headers=headers_of(house, publication.newsletter, issue.period),
        subject=issue.subject or default_subject(newsletter, content),
        shown_before=before,
        phrases=house.phrases_in(newsletter.language),
    )


def window_of(connection: Connection, issue: Issue, publication: Publication, *, now: datetime) -> Window:
    """What it may take, with the earliest day from which anybody catches up."""
    usual = window(publication.newsletter, issue.period, now=now)
    if issue.frozen_at is not None:
        return replace(usual, away=away.earliest_in(connection, issue.id))
    before, cadence = usual.away_before, issue.period.cadence
    if not before:
        return usual
    earliest = away.earliest(connection, publication.id, cadence, before=before, now=now)
    return replace(usual, away=earliest and max(earliest, usual.away_least))


def offered(connection: Connection, issue: Issue, *, now: datetime) -> int:
    """How many items somebody could get in it if it came out now."""
    publication = newsletters.load(connection, issue.newsletter)
    span = window(publication.newsletter, issue.period, now=now)
    decided = issues.curations(connection, issue.id)
    found = items.of_newsletter(connection, publication.id, since=span.since)
    seen = (_candidate(item, decided.get(item.id, Curation()), publication.newsletter) for item in found)
    return sum(_may_be_offered(candidate, span) for candidate in seen)


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
    label = house.phrases_in(newsletter.language).period_label(issue.period)
    content = IssueContent(
        newsletter=newsletter.slug,
        name=newsletter.name,
        title=issue.title or default_title(newsletter.name, label),
        number=issue.number or issues.next_number(connection, publication.id, issue.period.cadence),
        period_label=label,
        published_on=min(now.astimezone(newsletter.zone).date(), issue.period.after - timedelta(days=1)),
        language=newsletter.language,
        brand=newsletter.brand,
        intro_html=markdown_html(issue.intro),
        intro_text=markdown_text(issue.intro),
        topics=tuple(Heading(slug=t.slug, name=t.name) for t in publication.topics),
        articles=articles,
        archive_url=house.links.issue(newsletter.slug, issue.period.key),
        archive_home_url=house.links.archive(newsletter.slug),
        written_in=newsletter.language,
        next_on=None if issue.last else next_on(newsletter, issue.period, now=now),
        last=issue.last,
        private=newsletter.private,
    )
    return content, frozenset(before)


def next_on(newsletter: Newsletter, period: Period, *, now: datetime) -> date | None:
    """The local day on which the issue after that of a period is due; None where none is, or it should be out."""
    schedule = newsletter.cadences.get(period.cadence)
    try:
        due_at = schedule and period.next.due_at(schedule, newsletter.zone)
    except OverflowError:  # the last period that the calendar has
        return None
    return due_at.astimezone(newsletter.zone).date() if due_at and due_at > now else None


def _may_be_offered(candidate: Candidate, span: Window) -> bool:
    """Whether anybody at all could get it in this issue."""
    in_time = span.furthest <= candidate.dated_at < span.until and candidate.dated_at <= span.now
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
        language=item.language or publication.newsletter.language,
        image=item.images[0] if item.images else None,
    )


_SUMMARY_WORDS = 70


def headers_of(house: House, newsletter: Newsletter, period: Period) -> dict[str, str]:
    """What all messages of an issue bear but the subject. Raises BadTemplate for what no header may hold."""
    domain = with_ascii_domain(newsletter.sender.address).rpartition("@")[2]
    people = newsletter.sender.reply_to or newsletter.sender.address
    return headers_for(
        newsletter,
        list_domain=domain,
        feedback_id=feedback_id(period.key, newsletter.slug, "issue", domain=domain),
        archive_url=house.links.archive(newsletter.slug),
        archived_at=house.links.issue(newsletter.slug, period.key),
        help_url=mailto(people),
        subscribe_url=house.links.subscribe(newsletter.slug),
        owner=people,
    )


def default_title(newsletter_name: str, period_label: str) -> str:
    """What an issue is called for which the editor has no title."""
    return f"{newsletter_name}, {period_label}"


def default_subject(newsletter: Newsletter, content: IssueContent) -> str:
    """The subject of an issue for which the editor has none."""
    # A title of its own says more than the month; the From line already names the newsletter.
    return (
        content.title
        if newsletter.name in content.title
        else f"{content.title}: {newsletter.name}, {content.period_label}"
    )
