"""Hosts: as links name them and as their words do, in the one spelling they can be compared by."""

import re
from functools import lru_cache
from unicodedata import name, normalize

_SHOWN = re.compile(
    r"(?:(https?://|www\.)|)((?:[\w-]{1,63}\.){1,8}([a-z]{2,24}))\.?(?::\d{1,5})?(/\S{0,200}|)", re.IGNORECASE
)
#: Where no other sign says that words are an address, its end does: report.pdf and node.js are none.
_ENDS = frozenset(
    {"com", "org", "net", "info", "edu", "gov", "int", "eu", "uk", "ie", "de", "at", "ch", "fr", "es", "it", "nl", "be"}
    | {"dk", "se", "no", "fi", "pt", "cz", "us", "ca", "au", "nz", "jp"}
)
#: Scripts that are written together wherever they are.
_TOGETHER = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC"})
#: Letters of the Cyrillic and the Greek script that look like Latin ones.
_ALIKE = frozenset("асеорхуіјѕԁһӏԛԝονυικρα")


def spelt(host: str) -> str:
    """A host in lower case, without the dot that may end it."""
    return host.lower().rstrip(".")


def shown_host(words: str) -> str:
    """The host of an address that words show; nothing where they show none."""
    match = _SHOWN.fullmatch(words.strip().rstrip(".,;…"))
    if match is None:
        return ""
    sure = match[1] or match[4] or match[3].lower() in _ENDS
    return spelt(("www." if (match[1] or "").lower() == "www." else "") + match[2]) if sure else ""


@lru_cache(maxsize=1024)
def looks_like_another(host: str) -> bool:
    """Whether one of its names mixes Latin letters with others, or is of letters that all look like Latin ones."""
    names = [_readable(each) for each in host.split(".")[:128]]
    return any(_is_mixed(each) or (_is_alike(each) and names[-1].isascii()) for each in names)


def _readable(label: str) -> str:
    """A name of a host in its own script (RFC 3492)."""
    if not label.startswith("xn--") or len(label) > 63:
        return label[:63]
    try:
        return normalize("NFC", label[4:].encode("ascii").decode("punycode"))
    except UnicodeError:
        return label


def _is_mixed(label: str) -> bool:
    scripts = {name(sign, "NONE").split()[0] for sign in label if sign.isalpha()}
    others = scripts - _TOGETHER - {"LATIN", "FULLWIDTH"}
    return len(others) > 1 or (bool(others) and "LATIN" in scripts)


def _is_alike(label: str) -> bool:
    letters = [sign for sign in label if sign.isalpha()]
    return bool(letters) and all(sign in _ALIKE for sign in letters) and not label.isascii()
