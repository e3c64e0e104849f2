"""Pieces: articles as the pages' templates see them, every value plain and every fragment cleaned once more."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from digest.model.issue import Article
from digest.rendering.fragments import TAGS, fragment, one_line, web_address
from digest.web.frame import PATHS
from digest.web.shelf import Archive, Number
from digest.web.words import Words

#: The body of an item may have headings of its own; a summary may not.
_BODY_TAGS = TAGS | {"h3", "h4"}
_HEADING = re.compile(r"<h([34])>(.*?)</h\1>", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Something to go to: its words and its link."""

    name: str
    href: str
    #: What stands beside it: a count, a date.
    beside: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One article on a page of many."""

    title: str
    #: Its own page.
    href: str
    meta: str
    summary: Markup
    #: Where the whole is read, with the words that say so; empty when that is its own page.
    original: str
    original_label: str
    #: Other topics it is filed under.
    also: tuple[Place, ...]
    #: What stands beside it in a list.
    topic: str
    minutes: str


def body(article: Article) -> Markup:
    """All that was gathered of an article, cleaned again: what was kept long ago was cleaned by the rules of then."""
    return _raised(fragment(article.body_html, tags=_BODY_TAGS))


def original(article: Article) -> str:
    """Where the source has it; empty when the source lost its link and ours is the only page."""
    link = web_address(article.link)
    return "" if link == article.archive_url else link


def piece(
    archive: Archive, number: Number, article: Article, href: Callable[[str], str], words: Words, *, under: str = ""
) -> Piece:
    """An article under a topic, "" for one that is pinned."""
    slug = archive.publication.newsletter.slug
    return Piece(
        title=one_line(article.title),
        href=href(PATHS.article(slug, number.issue.key, article.slug)),
        meta=words.meta(article, on=_reckoned_from(number)),
        summary=fragment(article.summary_html),
        original=original(article),
        original_label=words.link_label(article),
        also=topic_places(archive, article, href, but=under),
        topic=_topic_name(archive.topics, article, words),
        minutes=words.phrases.minutes(article.reading_minutes),
    )


def topic_places(archive: Archive, article: Article, href: Callable[[str], str], *, but: str = "") -> tuple[Place, ...]:
    """The topics an article is filed under, each with its page."""
    slug = archive.publication.newsletter.slug
    return tuple(
        Place(name=name, href=href(PATHS.topic(slug, topic)))
        for topic, name in archive.topics.items()
        if topic in article.topics and topic != but
    )


def _raised(html: Markup) -> Markup:
    """Headings one step up, as they come right below the title; one of the second step before any of the first comes
    up two, so that no step is left out for those who go from heading to heading."""
    steps = {"3": 2, "4": 2}

    def heading(match: re.Match[str]) -> str:
        level = steps[match[1]]
        if match[1] == "3":
            steps["4"] = 3
        return f"<h{level}>{match[2]}</h{level}>"

    return Markup(_HEADING.sub(heading, html))  # noqa: S704  its tags are those of a clean fragment


def _topic_name(named: Mapping[str, str], article: Article, words: Words) -> str:
    if article.pinned:
        return words.from_the_editors()
    return next((name for slug, name in named.items() if slug in article.topics), "")


def _reckoned_from(number: Number) -> date:
    """Dates leave out the year of the day their issue came out."""
    return number.issue.published_on
