"""Context: an issue as templates see it, plain dictionaries, lists, strings and numbers, cleaned of controls.

issue      name title number line headline_whole language direction start publisher postal_address logo
           accent accent_dark intro_html intro_text published_on archive_url archive_home_url
notes      pinned articles
contents   the other articles, each once
topics     [{slug name articles}] in the newsletter's order, only those with an article
article    id slug title source meta minutes summary_html summary_text link link_label archive_url
           also {topic slug: "Also in …"}   elsewhere [{name link}], the same piece from other sources
"""

from collections.abc import Iterable

from digest.errors import BadTemplate
from digest.model.colour import DARK, LIGHT, Ground, Palette, is_colour, palette
from digest.model.issue import Article, Heading, IssueContent
from digest.rendering import phrases
from digest.rendering.fragments import fragment, one_line, several_lines, web_address

#: Primary language subtags of scripts that run from right to left.
_RIGHT_TO_LEFT = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "ks", "ps", "sd", "ug", "ur", "yi"})

Context = dict[str, object]


def context(content: IssueContent) -> Context:
    """All that the issue's templates may use."""
    named = {topic.slug: one_line(topic.name) for topic in content.topics}
    return {
        "issue": _issue(content),
        "notes": [_article(a, named, content) for a in content.articles if a.pinned],
        "contents": [_article(a, named, content) for a in content.articles if filed(a, content)],
        "topics": [_topic(topic, named, content) for topic in content.topics if under(topic, content)],
    }


def filed(article: Article, content: IssueContent) -> list[str]:
    """The topics of this newsletter under which the article stands, in order; none for a pinned one."""
    return [] if article.pinned else [t.slug for t in content.topics if t.slug in article.topics]


def under(topic: Heading, content: IssueContent) -> list[Article]:
    """The articles under a topic, in order."""
    return [article for article in content.articles if topic.slug in filed(article, content)]


def _issue(content: IssueContent) -> Context:
    rtl = content.language.split("-")[0].lower() in _RIGHT_TO_LEFT
    publisher = one_line(content.brand.publisher)
    light, dark = _palette(content.brand.accent, LIGHT), _palette(content.brand.accent_dark, DARK)
    return {
        "name": one_line(content.name),
        "title": one_line(content.title),
        "number": content.number,
        "line": phrases.issue_line(one_line(content.period_label), content.number, publisher),
        "language": one_line(content.language),
        "direction": "rtl" if rtl else "ltr",
        "start": "right" if rtl else "left",
        "end": "left" if rtl else "right",
        "publisher": publisher,
        "postal_address": one_line(content.brand.postal_address),
        "logo": web_address(content.brand.logo),
        "accent": light.accent,
        "accent_dark": dark.accent,
        "tint": light.tint,
        "tint_dark": dark.tint,
        "intro_html": fragment(content.intro_html),
        "intro_text": several_lines(content.intro_text),
        "published_on": content.published_on.isoformat(),
        "archive_url": web_address(content.archive_url),
        "archive_home_url": web_address(content.archive_home_url),
    }


def _topic(topic: Heading, named: dict[str, str], content: IssueContent) -> Context:
    articles = [_article(article, named, content) for article in under(topic, content)]
    return {"slug": topic.slug, "name": named[topic.slug], "articles": articles}


def _article(article: Article, named: dict[str, str], content: IssueContent) -> Context:
    archive_url = web_address(article.archive_url)
    slugs = [slug for slug in named if slug in article.topics]
    return {
        "id": int(article.id),
        "slug": article.slug,
        "title": one_line(article.title),
        "source": one_line(article.source),
        "meta": one_line(phrases.meta(article, on=content.published_on)),
        "minutes": phrases.minutes(article.reading_minutes),
        # For the text part, where a line's end must not part the two words.
        "minutes_whole": phrases.minutes(article.reading_minutes).replace(" ", "\u00a0"),
        "summary_html": fragment(article.summary_html),
        "summary_text": several_lines(article.summary_text),
        "link": web_address(article.link) or archive_url,
        "link_label": one_line(article.link_label),
        "archive_url": archive_url,
        "elsewhere": [{"name": one_line(p.name), "link": web_address(p.link or "")} for p in article.also_at],
        "also": {slug: phrases.also_in(_names(named, slugs, but=slug)) for slug in slugs},
    }


def _names(named: dict[str, str], slugs: Iterable[str], *, but: str) -> list[str]:
    return [named[slug] for slug in slugs if slug != but]


def _palette(accent: str, ground: Ground) -> Palette:
    if not is_colour(accent):
        raise BadTemplate(f"“{one_line(accent)}” is not a colour.", remedy="Write it like #0f5c5c under [brand].")
    return palette(accent, ground)
