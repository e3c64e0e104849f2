"""Search: a page of results, and what a folder of files needs to search by itself."""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from urllib.parse import urlencode

from digest.model.issue import Article
from digest.rendering.fragments import one_line
from digest.storage.search import PAGE, Found, Hit
from digest.web import wording
from digest.web.archive_parts import Parts
from digest.web.frame import PATHS
from digest.web.hrefs import Linker
from digest.web.page import Page
from digest.web.pieces import Place, body
from digest.web.shelf import Number

#: Results are listed to this page; who wants more wants other words.
LAST_PAGE = 50
#: What one file of the static index holds, and how many words of a text.
_IN_A_FILE, _WORDS = 200, 120
_JSON = "application/json; charset=utf-8"
_WORD = re.compile(r"[^\W_]+")
_TAG = re.compile(r"<[^>]*>")


def path_of(newsletter_slug: str) -> str:
    """Where an archive is searched."""
    return f"{PATHS.archive(newsletter_slug)}search/"


def page_number(text: str) -> int:
    """The page that is asked for; the first for what is none."""
    return int(text) if text.isascii() and text.isdigit() and 1 <= len(text) <= 2 and 1 <= int(text) <= LAST_PAGE else 1


def results(parts: Parts, path: str, found: Found, query: str, page: int) -> Mapping[str, object]:
    """What the template wants of one page of what was found."""
    pages = min(LAST_PAGE, -(-found.total // PAGE))
    return {
        "query": query,
        "count": parts.words.found(found.total) if query and found.total else "",
        "nothing": parts.words.nothing_found(query) if query and not found.total else "",
        "hits": [shown for hit in found.hits if (shown := _shown(parts, hit))],
        "at": parts.words.page_of(page, pages) if pages > 1 else "",
        "before": _href(path, query, page - 1) if 1 < page <= pages else "",
        "after": _href(path, query, page + 1) if page < pages else "",
    }


def _href(path: str, query: str, page: int) -> str:
    return f"{path}?{urlencode({'q': query, 'page': page})}"


def _shown(parts: Parts, hit: Hit) -> Mapping[str, object] | None:
    number = next((n for n in parts.archive.numbers if n.issue.key == hit.key), None)
    article = next((a for a in number.in_order if a.slug == hit.slug), None) if number else None
    if number is None or article is None:  # it came out a moment ago, after the pages were read
        return None
    return {
        "title": hit.title,
        "snippet": hit.snippet,
        "href": parts.link(PATHS.article(parts.archive.publication.newsletter.slug, hit.key, hit.slug)),
        "meta": parts.words.meta(article),
        "issue": parts.place(number),
    }


def index(parts: Parts, linker: Linker) -> Iterator[Page]:
    """The files that the script of a static site searches, newest issues first; each of them stays small."""
    slug = parts.archive.publication.newsletter.slug
    pairs = [(number, article) for number in parts.archive.numbers for article in number.in_order]
    for n in range(0, max(1, len(pairs)), _IN_A_FILE):
        told = [_told(parts, linker, number, article) for number, article in pairs[n : n + _IN_A_FILE]]
        text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
        yield Page(path=f"{path_of(slug)}{n // _IN_A_FILE + 1}.json", media_type=_JSON, body=text.encode())


def files(parts: Parts) -> int:
    """How many files the index has."""
    return max(1, -(-sum(len(number.in_order) for number in parts.archive.numbers) // _IN_A_FILE))


def _told(parts: Parts, linker: Linker, number: Number, article: Article) -> Mapping[str, str]:
    slug = parts.archive.publication.newsletter.slug
    place: Place = parts.place(number)
    title, summary = one_line(article.title), wording.cut(one_line(article.summary_text), 240)
    known = set(_folded(f"{title} {summary}"))
    rest = [word for word in dict.fromkeys(_folded(_TAG.sub(" ", body(article)))) if word not in known]
    return {
        "title": title,
        "href": linker(path_of(slug), PATHS.article(slug, number.issue.key, article.slug)),
        "summary": summary,
        "meta": parts.words.meta(article),
        "issue": place.name,
        "words": " ".join(rest[:_WORDS]),
    }


def _folded(text: str) -> list[str]:
    """Its words in small letters without accents, as the script folds what is typed."""
    apart = unicodedata.normalize("NFD", text.lower())
    return _WORD.findall("".join(c for c in apart if not unicodedata.combining(c)))
