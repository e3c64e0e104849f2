"""Chrome: what a page saved as text shows around its items, and what remains of links that the saving lost."""

import re
from collections.abc import Sequence

from digest.sources.captured_lines import Block, is_title

_NAVIGATION = re.compile(
    r"(?:news|features?|archives?|news archives?|blog|home|menu|search|events|publications|resources|categories|tags|"
    r"about(?: us)?|contact(?: us)?|log ?in|sign in|subscribe|rss|site ?map|accessibility|privacy(?: policy)?|cookies|"
    r"terms(?: (?:and|&) conditions)?|skip to (?:main )?content|latest(?: news)?|recent posts|main navigation)",
    re.IGNORECASE,
)
_NOISE = re.compile(
    r"follow (?:us|@\w+)(?: on \w+)?(?:\s*[|,&·]?\s*(?:and )?(?:follow )?@\w+)*\.?|back to top|top of (?:the )?page|"
    r"share(?: this)?(?: page| post| article)?:?|tweet|print(?: this)?(?: page)?|[←«<\s]*(?:older|newer) posts[→»>\s]*|"
    r"leave a (?:comment|reply)|(?:no|\d+) comments?|(?:posted in|filed under|tagged)\b[^.]{1,120}|skip to .{1,30}",
    re.IGNORECASE,
)
_FOOTER = re.compile(
    r"©|copyright\s*(?:©|\(c\)|(?:19|20)\d\d)|\(c\) (?:19|20)\d\d|all rights reserved|(?:proudly )?powered by\b|"
    r"for (?:older|earlier|previous|more) (?:news|items|posts|stories|articles|entries)\b|[←«]\s*older\b|"
    r"(?:home|search|log ?in|contact us|site ?map|accessibility|privacy(?: policy)?|cookies|terms .{3,20})$",
    re.IGNORECASE,
)
_BODIES = re.compile(r"\b(?:University|College|School|Institute|Council|Foundation)\b")
_HEADINGS = re.compile(
    r"(?:about|meet) (?:the|this|our|us)\b.*|about|(?:the )?(?:authors?|writers?|contributors?|speakers?)|"
    r"references?|bibliography|notes?|footnotes?|sources|acknowledge?ments?|further (?:reading|information)|"
    r"(?:related|recent|more) (?:posts?|articles?|reading)|comments?|contacts?|biograph(?:y|ies)|bios?",
    re.IGNORECASE,
)
_STUB = re.compile(
    r"(?:(?:please )?(?:read|view|watch|download|see|listen to|find out)\b.*|"
    r"(?:the )?(?:full|complete) .*\b(?:is|are) available (?:here|online|below))\.?",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"https?://|www\.|@|\b\d{3}")
_CONTINUE = re.compile(
    r"(?:^|\s)\(?\[?(?:continue reading|read more|read the rest of this (?:entry|post))\b"
    r"(?P<named>\s+[^.]{1,300}?)?[\s→»>…\])]*$|\s*\((?:more|continued)\s*(?:…|\.\.\.)\)$",
    re.IGNORECASE,
)


def is_navigation(text: str) -> bool:
    """Whether a line is a word of a page's menu, never a title."""
    return _NAVIGATION.fullmatch(text.rstrip(" :»>")) is not None


def is_noise(block: Block) -> bool:
    """Whether a block is a button or a label rather than text: it is dropped wherever it stands."""
    return len(block.text) <= 150 and _NOISE.fullmatch(block.text) is not None


def is_heading(text: str) -> bool:
    """Whether a line heads a part that posts end with, so that a person named below it begins no new post."""
    return _HEADINGS.fullmatch(text.rstrip(" :")) is not None


def is_stub(block: Block) -> bool:
    """Whether a block only pointed to something whose address the capture lost."""
    short = len(block.text) <= 90 and not block.bullet and not block.text.endswith((":", "?"))
    return short and _STUB.fullmatch(block.text) is not None and not _ADDRESS.search(block.text)


def is_footer(block: Block) -> bool:
    """Whether a block marks the end of the page's contents."""
    if block.bullet:
        return False
    listed = len(_BODIES.findall(block.text[:500])) >= 3 and not re.search(r"[.!?,;:]", block.text)
    return listed or (len(block.text) <= 300 and _FOOTER.match(block.text) is not None)


def body_of(blocks: Sequence[Block], begins: int, ends: int | None, *, parted: bool) -> list[Block]:
    """The text of an item: up to the title of the next, which may stand there twice, or to what ends the page."""
    if ends is None:
        return _without_footer(blocks[begins:], parted=parted)
    return _without_title_twin(blocks[begins:ends], blocks[ends])


def _without_footer(blocks: Sequence[Block], *, parted: bool) -> list[Block]:
    """The last item's blocks without what follows on the page.

    On a page that parts its items by more than one blank line, `parted`, such a gap also begins the footer, if a
    footer's mark comes after it.
    """
    mark = next((at for at, block in enumerate(blocks) if is_footer(block)), len(blocks))
    # The nearest one: an item farther up that lost its date is no footer.
    wide = (at for at in range(min(mark, len(blocks) - 1), 0, -1) if blocks[at].gap >= 2)
    return list(blocks[: next(wide, mark) if parted and mark < len(blocks) else mark])


def _without_title_twin(blocks: Sequence[Block], title: Block) -> list[Block]:
    """The blocks before a title without a copy of it at their end, as pages have that show it twice."""
    twin = bool(blocks and title.caption and blocks[-1].caption and blocks[-1].text == title.text)
    return list(blocks[:-1] if twin else blocks)


def beginning(text: str, title: str) -> str | None:
    """What stands before "Continue reading" at a block's end; None when it does not end so."""
    match = _CONTINUE.search(text[-400:])
    if match is None or not _is_about(match["named"] or "", title):
        return None
    words = text[: len(text) - len(match[0])].rstrip(" …[")
    return words if not words or words[-1] in ".!?”’\"')" else f"{words} …"


def _is_about(named: str, title: str) -> bool:
    """Whether what follows "Continue reading" is the post's own title, and not the end of a sentence."""
    bare = re.sub(r"[^\w\s]+", "", named).split()
    return not bare or bare == re.sub(r"[^\w\s]+", "", title).split()


def looks_like_title(block: Block) -> bool:
    """Whether a block can head a post: a title that is no menu word, no excerpt's end and no heading of last parts."""
    fits = is_title(block) and len(block.text) <= 200 and beginning(block.text, "") is None
    return fits and not is_navigation(block.text) and not is_heading(block.text)
