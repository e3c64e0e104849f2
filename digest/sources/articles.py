"""Articles: one piece on an HTML page of its own, its text told from all that stands around it."""

from collections.abc import Iterable
from itertools import islice

from lxml import etree
from lxml.html import HtmlElement

from digest.errors import UnreadableSource
from digest.model.item import FoundItem
from digest.sources.article_heads import Head, head_of
from digest.sources.dom import inner_html, line_of, parse
from digest.sources.linked_data import things_of
from digest.sources.markup import text_of
from digest.sources.page_chrome import main_of, take_out_chrome
from digest.sources.page_finders import page_of
from digest.sources.page_parts import enclosing
from digest.sources.sanitize import HTML_CAP, clean_html, count_words
from digest.sources.whole import whole_item

#: A text of fewer words is none.
_FEWEST = 5
#: Short notices have too little to be told from what is around them, so the place of their title tells.
_SHORT = 60
_NEARLY_ALL = 0.7
#: Twice what an encyclopedia's longest pages have.
_MOST_DEPTHS = 400_000
#: So many characters beside a title are more than a date and a name.
_BESIDE = 60


def read(data: bytes, *, base: str | None = None, charset: str = "") -> list[FoundItem]:
    """The one article of a page; UnreadableSource for a page without the text of one."""
    page = page_of(parse(data, charset=charset), base)
    things = things_of(page.tree)
    take_out_chrome(page.tree)
    head = head_of(page, things)
    return [
        whole_item(
            title=head.title,
            html=_text(page.tree, head, page.base),
            where="the article",
            base=page.base,
            link=head.link,
            published=head.published,
            people=head.people,
            categories=head.categories,
            language=head.language,
            lead=head.lead,
            images=head.images,
        )
    ]


def _text(tree: HtmlElement, head: Head, base: str | None) -> str:
    """The main text as HTML: what trafilatura makes out, unless the page tells more, or has too little for that."""
    _refuse_endless(tree)
    around = _around(head.shown_at[0]) if head.title and head.shown_at else main_of(tree)
    for place in (*head.shown_at, *_kickers(head.shown_at[:1])):
        shown = enclosing(place, tree)
        if shown.getparent() is not None and shown is not around:
            shown.drop_tree()
    # What the data hold is known already, and better than by their mere text.
    etree.strip_elements(tree, "script", with_tail=False)
    found = _extracted(tree, base) if _is_tame(tree) else ""
    words = _words(found)
    if words < _SHORT:
        near = inner_html(around)
        found = near if _words(near) >= _NEARLY_ALL * words else found
    if _words(head.html) > 1.5 * words:
        found = head.html
    if _words(found) < _FEWEST:
        remedy = "Open it in a browser: if a script brings its text, give the address of a feed instead."
        raise UnreadableSource("there is no text of an article on the page.", remedy=remedy)
    return found


def _refuse_endless(tree: HtmlElement) -> None:
    if len(str(tree.text_content())) > 3 * HTML_CAP:
        what = f"the text of the page is longer than {3 * HTML_CAP:,} characters."
        raise UnreadableSource(what, remedy="Give the address of a shorter one.")


def _is_tame(tree: HtmlElement) -> bool:
    """Whether the page is not so large and so deep at once that its every part would be walked through too often."""
    depths: dict[HtmlElement, int] = {}
    for each in tree.iter():
        depths[each] = depths.get(each.getparent(), 0) + 1
    return sum(depths.values()) <= _MOST_DEPTHS


def _extracted(tree: HtmlElement, base: str | None) -> str:
    # Half a second of imports that most commands do not need.
    import trafilatura

    try:
        found = trafilatura.extract(
            tree,
            url=base,
            output_format="html",
            include_comments=False,
            include_formatting=True,
            include_images=True,
            include_links=True,
            fast=True,
        )
    except (etree.LxmlError, ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        # It was made for honest pages; where it stumbles over another, the text around the title is all there is.
        return ""
    return found or ""


def _kickers(titles: Iterable[HtmlElement]) -> list[HtmlElement]:
    """The few words that stand over a title and say what it is filed under."""
    before = (each for title in titles for each in islice(title.itersiblings(preceding=True), 2))
    return [each for each in before if len(line_of(each, _BESIDE)) < _BESIDE / 2 and each.tag != "script"]


def _around(title: HtmlElement) -> HtmlElement:
    """The nearest element around a title with a text beside it."""
    for each in title.iterancestors():
        length = len(line_of(each, 2000)) - len(line_of(title, 2000))
        if length > _BESIDE or each.tag == "body":
            return each
    return title


def _words(html: str) -> int:
    return count_words(text_of(clean_html(html)))
