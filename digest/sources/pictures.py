"""Pictures: those that a text shows, by address and words; they are kept beside the text and never within it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from html import unescape

from digest.model.item import Image
from digest.sources.sanitize import clean_link, fold

#: More pictures than these are a gallery.
MOST = 12
#: The words of a picture beyond these are cut.
_ALT_CAP = 300
#: A picture no wider or no higher than this is a pixel that counts readers.
_PIXEL = 2

_UNSEEN = re.compile(r"<!--.*?(?:-->|$)|<(script|style|template)\b.*?(?:</\1\s*>|$)", re.IGNORECASE | re.DOTALL)
_IMG = re.compile(r"<img\b([^<>]*)", re.IGNORECASE)
# A name begins behind a space or a quotation mark, so that pictures written into the page are not searched for names.
_ATTRIBUTE = re.compile(r"""(?:^|[\s"'/])([a-zA-Z-]{1,40})\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
_HIDING = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_PIXELS_WIDE = re.compile(r"(?:^|;)\s*(?:width|height)\s*:\s*[0-2](?:px)?\s*(?:;|$|!)", re.IGNORECASE)
#: Where pictures lie that wait to be shown until they are scrolled to, the best first.
_LAZY = ("data-src", "data-lazy-src", "data-original", "data-original-src", "data-actualsrc")
_LAZY_SETS = ("srcset", "data-srcset", "data-lazy-srcset")
#: Counters, smileys and portraits of writers, by host or by path.
_COUNTERS = re.compile(
    r"""
    //feeds\.feedburner\.com/ | //feedproxy\.google\.com/ | //[\w.-]*\.feedsportal\.com/ | //feeds\.wordpress\.com/
    | //pixel\. | //stats\.wordpress\. | //[\w.-]*doubleclick\.net/ | //(?:www\.|ssl\.)?google-analytics\.com/
    | //(?:www\.)?facebook\.com/tr\b | //s?b\.scorecardresearch\.com/ | //[\w.-]*\.statcounter\.com/
    | //[\w.-]*list-manage\.com/track/ | //[\w.-]*gravatar\.com/avatar/
    | //s\.w\.org/images/core/emoji/ | /wp-includes/images/smilies/
    | /(?:pixel|1x1|spacer|blank|clear|transparent|beacon|counter|tracking)\.(?:gif|png|php|aspx?)(?:[?\#]|$)
    | /pixel(?:[/?\#]|$) | /__utm\.gif | /(?:piwik|matomo)\.php | /~[ra]/[\w-]+/~4/ | /wf/open\?
    """,
    re.VERBOSE | re.IGNORECASE,
)


def pictures_in(html: str, base: str | None = None) -> tuple[Image, ...]:
    """The pictures that the HTML shows, in their order, each once, at most twelve; pixels that count are none."""
    if "<img" not in html and "<IMG" not in html:
        return ()
    tags = _IMG.finditer(_UNSEEN.sub("", html))
    return without_doubles(image for tag in tags if (image := _image(_attributes(tag[1]), base)))


def picture(url: str, alt: str = "", base: str | None = None) -> Image | None:
    """A picture that a source names as such; None when its address is none or that of a counter."""
    address = clean_link(url, base)
    if address is None or _COUNTERS.search(address):
        return None
    return Image(url=address, alt=fold(alt[: 4 * _ALT_CAP])[:_ALT_CAP].strip())


def without_doubles(images: Iterable[Image]) -> tuple[Image, ...]:
    """Each picture once, with its words if it has any anywhere; at most twelve."""
    seen: dict[str, Image] = {}
    for image in images:
        if len(seen) == MOST and image.url not in seen:
            break
        known = seen.get(image.url)
        seen[image.url] = image if known is None or not known.alt else known
    return tuple(seen.values())


def _attributes(inside: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for match in _ATTRIBUTE.finditer(inside):
        found.setdefault(match[1].lower(), unescape(match[2] or match[3] or match[4] or ""))
    return found


def _image(tag: Mapping[str, str], base: str | None) -> Image | None:
    if _is_hidden(tag):
        return None
    for url in _addresses(tag):
        image = picture(url, tag.get("alt", ""), base)
        if image:
            return replace(image, width=_pixels(tag.get("width", "")), height=_pixels(tag.get("height", "")))
    return None


def _pixels(size: str) -> int | None:
    """A width or height in pixels; None for any other, as a share of the page."""
    whole = re.fullmatch(r"\s*([1-9]\d{0,4})(?:px)?\s*", size)
    return int(whole[1]) if whole else None


def _is_hidden(tag: Mapping[str, str]) -> bool:
    style = tag.get("style", "")
    if _HIDING.search(style) or _PIXELS_WIDE.search(style):
        return True
    return any(re.fullmatch(rf"\s*[0-{_PIXEL}](?:px)?\s*", tag.get(side, "")) for side in ("width", "height"))


def _addresses(tag: Mapping[str, str]) -> list[str]:
    """Where it may lie, the best first."""
    given = [tag[name] for name in _LAZY if tag.get(name)]
    src = tag.get("src", "")
    waits = not src or src.lstrip().lower().startswith("data:") or _COUNTERS.search(src) is not None
    sets = [best for name in _LAZY_SETS if (best := _widest(tag.get(name, "")))]
    return [*given, *sets] if waits else [*given, src, *sets]


def _widest(srcset: str) -> str:
    """The address in a `srcset` with the greatest width or density."""
    choices = [part.split() for part in re.split(r",\s+|,(?=https?:|//)", srcset[:20_000]) if part.strip()]
    best = max(choices, key=_width, default=[])
    return best[0].strip(",") if best else ""


def _width(choice: list[str]) -> float:
    size = re.fullmatch(r"(\d{1,6}(?:\.\d{1,3})?)[wx]", choice[1]) if len(choice) > 1 else None
    return float(size[1]) if size else 1.0
