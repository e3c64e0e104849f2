"""Context: an issue as templates see it, plain dictionaries, lists, strings and numbers, cleaned of controls.

look       title name line language direction start end publisher postal_address archive_home_url
           logo logo_dark headline_font text_font, and accent on_accent tint, each for light and `_dark`
           own_language of the newsletter's own words, empty where it is the letter's
issue      title number intro_html intro_text published_on archive_url next last
notes      pinned articles
contents   the other articles, each once
topics     [{slug name articles}] in the newsletter's order, only those with an article
article    id slug title language source meta minutes summary_html summary_text link link_label archive_url
           image {url alt width height}   also {topic slug: "Also in …"}
           elsewhere [{name link}], the same piece from other sources
"""

import re
from collections.abc import Iterable

from digest.errors import BadTemplate
from digest.model.colour import DARK, LIGHT, Ground, Palette, is_colour, palette
from digest.model.issue import Article, Heading, IssueContent
from digest.model.item import Image
from digest.model.newsletter import Brand, Pictures
from digest.rendering.fragments import fragment, one_line, several_lines, web_address
from digest.rendering.phrases import Phrases

#: Primary language subtags of scripts that run from right to left.
_RIGHT_TO_LEFT = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "ks", "ps", "sd", "ug", "ur", "yi"})

#: The width of the letter's column, in pixels.
_COLUMN = 560
#: As tall as a picture may stand, and how much taller than wide it may be: what is more is no picture of anything.
_TALLEST = _COLUMN * 3 // 2
_TOWER = 4
_TAG = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")

Context = dict[str, object]


def context(content: IssueContent, phrases: Phrases) -> Context:
    """All that the issue's templates may use, in the language of the phrases."""
    named = {topic.slug: one_line(topic.name) for topic in content.topics}
    shown = {a.id: _article(a, named, content, phrases) for a in content.articles}
    return {
        "look": look(
            content.brand,
            name=content.name,
            title=content.title,
            line=phrases.issue_line(one_line(content.period_label), content.number, one_line(content.brand.publisher)),
            language=content.language,
            own_language=content.written_in,
            archive_home_url=content.archive_home_url,
        ),
        "issue": _issue(content, phrases),
        "notes": [shown[a.id] for a in content.articles if a.pinned],
        "contents": [shown[a.id] for a in content.articles if filed(a, content)],
        "topics": [
            {"slug": topic.slug, "name": named[topic.slug], "articles": [shown[a.id] for a in under(topic, content)]}
            for topic in content.topics
            if under(topic, content)
        ],
    }


def filed(article: Article, content: IssueContent) -> list[str]:
    """The topics of this newsletter under which the article stands, in order; none for a pinned one."""
    return [] if article.pinned else [t.slug for t in content.topics if t.slug in article.topics]


def under(topic: Heading, content: IssueContent) -> list[Article]:
    """The articles under a topic, in order."""
    return [article for article in content.articles if topic.slug in filed(article, content)]


def direction(language: str) -> str:
    """Which way a language is written: "ltr" or "rtl", as HTML says it."""
    return "rtl" if _primary(language) in _RIGHT_TO_LEFT else "ltr"


def other(language: str, spoken: str) -> str:
    """The tag of a language where it is another than the one around it; else nothing."""
    known = _TAG.fullmatch(language) is not None
    return language if known and _primary(language) != _primary(spoken) else ""


def look(
    brand: Brand, *, name: str, title: str, line: str, language: str, own_language: str, archive_home_url: str
) -> Context:
    """What every letter of a newsletter looks like, whatever it says."""
    rtl = direction(language) == "rtl"
    light, dark = _palette(brand.accent, LIGHT), _palette(brand.accent_dark, DARK)
    return (
        {
            "title": one_line(title),
            "name": one_line(name),
            "line": line,
            "language": one_line(language),
            "own_language": other(own_language, language),
            "direction": direction(language),
            "start": "right" if rtl else "left",
            "end": "left" if rtl else "right",
            "publisher": one_line(brand.publisher),
            "postal_address": one_line(brand.postal_address),
            "logo": web_address(brand.logo),
            "logo_dark": web_address(brand.logo_dark),
            "headline_font": str(brand.headline_font),
            "text_font": str(brand.text_font),
            "archive_home_url": web_address(archive_home_url),
        }
        | {key: getattr(light, key) for key in _SHADES}
        | {f"{key}_dark": getattr(dark, key) for key in _SHADES}
    )


_SHADES = ("accent", "on_accent", "tint")


def _issue(content: IssueContent, phrases: Phrases) -> Context:
    return {
        "title": one_line(content.title),
        "number": content.number,
        "intro_html": fragment(content.intro_html),
        "intro_text": several_lines(content.intro_text),
        "published_on": content.published_on.isoformat(),
        "archive_url": web_address(content.archive_url),
        "next": phrases.next_issue(content.next_on, on=content.published_on),
        "last": content.last,
    }


def _article(article: Article, named: dict[str, str], content: IssueContent, phrases: Phrases) -> Context:
    archive_url = web_address(article.archive_url)
    slugs = [slug for slug in named if slug in article.topics]
    return {
        "id": int(article.id),
        "slug": article.slug,
        "title": one_line(article.title),
        "language": other(article.language, content.language),
        "source": one_line(article.source),
        "meta": one_line(phrases.meta(article, on=content.published_on)),
        "minutes": phrases.minutes(article.reading_minutes),
        # For the text part, where a line's end must not part the two words.
        "minutes_whole": phrases.minutes(article.reading_minutes).replace(" ", "\u00a0"),
        "summary_html": fragment(article.summary_html),
        "summary_text": several_lines(article.summary_text),
        "link": web_address(article.link) or archive_url,
        "link_label": one_line(phrases.link_label(article.link_label)),
        "archive_url": archive_url,
        "image": _image(article.image) if content.brand.pictures is Pictures.LEAD else None,
        "elsewhere": [{"name": one_line(p.name), "link": web_address(p.link or "")} for p in article.also_at],
        "also": {slug: phrases.also_in(_names(named, slugs, but=slug)) for slug in slugs},
    }


def _image(image: Image | None) -> Context | None:
    """A picture as a letter shows it: in the column's width at most, and only over https."""
    url = web_address(image.url) if image else ""
    if image is None or not url.lower().startswith("https://"):
        return None
    if image.width and image.height and image.height > _TOWER * image.width:
        return None
    width, height = _size(image)
    return {"url": url, "alt": one_line(image.alt), "width": width, "height": height}


def _size(image: Image) -> tuple[int | None, int | None]:
    """Width and height, no wider than the column and not much taller; neither where one of them is unknown."""
    if not image.width or not image.height:
        return None, None
    scale = min(1, _COLUMN / image.width, _TALLEST / image.height)
    return max(1, round(scale * image.width)), max(1, round(scale * image.height))


def _primary(tag: str) -> str:
    return tag.partition("-")[0].lower()


def _names(named: dict[str, str], slugs: Iterable[str], *, but: str) -> list[str]:
    return [named[slug] for slug in slugs if slug != but]


def _palette(accent: str, ground: Ground) -> Palette:
    if not is_colour(accent):
        raise BadTemplate(f"“{one_line(accent)}” is not a colour.", remedy="Write it like #0f5c5c under [brand].")
    return palette(accent, ground)
