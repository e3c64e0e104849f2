"""Shapes: the repeated parts of a page that look like items, where nothing on it says that they are."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from lxml.html import HtmlElement

from digest.sources.dom import HEADINGS, classes_of, gathered, line_of
from digest.sources.page_dates import DateReader
from digest.sources.page_stamps import stamps_in
from digest.sources.page_words import is_more

#: One kind of repeated part: each finder gives the groups it sees, a group being the items of a list.
Group = list[HtmlElement]
Finder = Callable[[HtmlElement, DateReader], Iterator[Group]]

#: What is beyond them on a page is old.
MOST_ITEMS = 1_000
_MOST_GROUPS = 4
_MOST_ALONE = 3
#: How many elements around two must be of the same tags for the two to stand alike.
_ALL, _NEAR = 256, 2
_SKIPPED = frozenset({"hr", "br", "script"})


def articles(tree: HtmlElement, dates: DateReader) -> Iterator[Group]:
    """`article` elements that hold no other and stand alike."""
    found = (each for each in tree.iter("article") if next(each.iterdescendants("article"), None) is None)
    yield from _alike(list(islice(found, MOST_ITEMS)), _ALL)


def dated(tree: HtmlElement, dates: DateReader) -> Iterator[Group]:
    """What stands around, or below, dates that look alike: list items, table rows, cards, headings with text."""
    stamps = [stamp.element for stamp in islice(stamps_in(tree, dates), MOST_ITEMS)]
    titles = _headings(tree)
    yield from (_items(group, titles) for group in _alike(stamps, _NEAR))


def headed(tree: HtmlElement, dates: DateReader) -> Iterator[Group]:
    """What stands around, or below, headings that are links and look alike."""
    yield from (_items(group, ()) for group in _alike(_headings(tree), _NEAR) if len(group) > 2)


def _headings(tree: HtmlElement) -> Group:
    linked = (each for each in tree.iter(*HEADINGS) if _is_linked(each) and line_of(each, 10))
    return list(islice(linked, MOST_ITEMS))


def _items(anchors: Group, titles: Iterable[HtmlElement]) -> Group:
    """The items of which each of the anchors stands in one of its own: their elements, or runs of siblings."""
    within: dict[HtmlElement, Group] = defaultdict(list)
    roots = _roots(anchors, titles)
    for root in roots:
        if (parent := root.getparent()) is not None:
            within[parent].append(root)
    makes = {make for make, number in Counter(map(_make, roots)).items() if number > 1}
    items: Group = []
    for parent, own in within.items():
        items.extend(_runs(parent, own) if _is_parted(parent, own) else _with_likes(parent, own, makes))
    return items


def _alike(anchors: Sequence[HtmlElement], around: int) -> Iterator[Group]:
    """Those of one tag and class within elements of the same tags, the most first.

    What stands alone before them may be the newest, shown larger than the rest.
    """
    alike: dict[tuple[str, ...], Group] = defaultdict(list)
    for each in anchors:
        alike[_path(each, around)].append(each)
    alone = {group[0] for group in alike.values() if len(group) == 1}
    for group in sorted(alike.values(), key=len, reverse=True)[:_MOST_GROUPS]:
        before = [each for each in anchors[: anchors.index(group[0])] if each in alone]
        if len(group) > 1:
            yield [*before[-_MOST_ALONE:], *group]


def _path(element: HtmlElement, around: int) -> tuple[str, ...]:
    """Tag and first class of an element, and the tags of so many around it."""
    return (element.tag, *classes_of(element)[:1], *(each.tag for each in islice(element.iterancestors(), around)))


def _roots(anchors: Group, titles: Iterable[HtmlElement]) -> Group:
    """For each anchor the outermost element that holds no other of them, nor more than one title."""
    held = _held(anchors)
    titled = _held(titles)
    roots: dict[HtmlElement, None] = {}
    for anchor in anchors:
        root = anchor
        while (parent := root.getparent()) is not None and parent.tag != "body":
            if held[parent] > 1 or titled[parent] > max(1, titled[root]):
                break
            root = parent
        if held[root] == 1:
            roots[root] = None
    return list(roots)


def _held(elements: Iterable[HtmlElement]) -> Counter[HtmlElement]:
    """How many of some elements each element of the tree holds."""
    held: Counter[HtmlElement] = Counter()
    for element in elements:
        held.update((element, *element.iterancestors()))
    return held


def _make(element: HtmlElement) -> tuple[str, str]:
    return element.tag, element.get("class", "")


def _is_parted(parent: HtmlElement, roots: Group) -> bool:
    """Whether text that belongs to the roots stands beside them rather than in them."""
    if roots[0].tag in ("li", "tr", "article") or len(roots) < 2:
        return False
    own = set(roots)
    children = [each for each in parent if each.tag not in _SKIPPED]
    first = next(number for number, each in enumerate(children) if each in own)
    # A title that stands apart from its date is beside it, too.
    titles = [each for each in children if each not in own and _title_make(each)]
    makes = set(map(_make, roots))
    beside = [each for each in children[first:] if each not in own and (_make(each) not in makes or _is_text(each))]
    texts = [each for each in beside if each.tag not in HEADINGS and line_of(each, 20)]
    return max(len(texts), len(titles)) >= len(roots) / 2


def _is_text(element: HtmlElement) -> bool:
    """Whether nothing in it can be a title."""
    return element.tag not in HEADINGS and next(element.iter(*HEADINGS, "a", "strong", "b", "th", "td"), None) is None


def _with_likes(parent: HtmlElement, roots: Group, makes: set[tuple[str, str]]) -> Group:
    """The roots and their siblings of the same make, as an item may lack what it was found by."""
    own = set(roots)
    return [each for each in parent if each in own or _make(each) in makes]


def _runs(parent: HtmlElement, roots: Group) -> Group:
    """Runs of siblings, each from the beginning of an item to the next, as elements of their own."""
    children = [each for each in parent if each.tag not in _SKIPPED]
    starts = _starts(children, set(roots))
    ends = [*starts[1:], len(children)]
    return [gathered(_ended(children[start:end])) for start, end in zip(starts, ends, strict=True)]


def _starts(children: list[HtmlElement], roots: set[HtmlElement]) -> list[int]:
    """Where items begin: at their titles where these come first, else at their dates."""
    marks = [number for number, each in enumerate(children) if each in roots]
    # Dates that stand in titles need no others.
    titles = [] if children[marks[0]].tag in HEADINGS else _titles(children, roots)
    if titles and titles[0] < marks[0]:
        return titles
    # A title that does not follow a date begins an item without one.
    follow = {number + 1 for number in marks}
    return sorted({*marks, *(number for number in titles if number > marks[0] and number not in follow)})


def _titles(children: list[HtmlElement], roots: set[HtmlElement]) -> list[int]:
    """Which children are titles: those of the tag that comes about as often as the dates do."""
    by_make: dict[str, list[int]] = defaultdict(list)
    for number, each in enumerate(children):
        if each not in roots and (make := _title_make(each)):
            by_make[make].append(number)
    often = [numbers for numbers in by_make.values() if len(numbers) >= max(2, 0.6 * len(roots))]
    return min(often, key=lambda numbers: abs(len(numbers) - len(roots)), default=[])


def _title_make(element: HtmlElement) -> str:
    """What kind of title an element is; empty for one that is none."""
    if element.tag in (*HEADINGS, "dt"):
        return str(element.tag)
    inner = next((each for each in element.iterdescendants(*HEADINGS, "a", "strong", "b") if line_of(each, 201)), None)
    if inner is None:
        return ""
    line = line_of(element, 201)
    if is_more(line):
        return ""
    return f"{element.tag} {inner.tag}" if len(line) <= 200 and line_of(inner, 201) == line else ""


def _ended(run: list[HtmlElement]) -> list[HtmlElement]:
    """A run without what begins a new part of the page: a heading above the level of its title."""
    levels = [(number, HEADINGS.index(each.tag)) for number, each in enumerate(run) if each.tag in HEADINGS]
    above = (number for number, level in levels if level < levels[0][1])
    return run[: next(above, len(run))]


def _is_linked(heading: HtmlElement) -> bool:
    return next(heading.iter("a"), None) is not None or any(each.tag == "a" for each in heading.iterancestors())
