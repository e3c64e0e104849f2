"""Bylines: who wrote a post, and how long it is, from the paragraph below its title."""

import re
from collections.abc import Container, Iterable
from dataclasses import dataclass
from itertools import islice, pairwise

_TITLES = r"(?:(?:Associate|Assistant|Emeritus|Visiting)\s+)?(?:Dr|Prof|Professor|Mr|Mrs|Ms|Mx|Miss)\b\.?\s+"
_PARTICLES = frozenset({"van", "von", "der", "den", "de", "di", "da", "del", "du", "la", "le", "bin", "al", "el", "ap"})
_ROLES = """
    fellow professor researcher lecturer reader director manager officer student associate assistant head chair chairman
    editor analyst consultant adviser advisor worker nurse lead leader coordinator co-ordinator emeritus scholar
    candidate scientist economist chief president secretary dean journalist writer author practitioner trainee intern
    tutor teacher trustee founder member psychologist psychiatrist therapist physician commissioner
"""
_PLACES = """
    senior deputy junior principal research policy social care health the and of university college school institute
    unit centre center department faculty hospital trust council service services group network team society association
    foundation national international royal news press office king’s king's st london in at for by how why what
"""
_ROLE = re.compile(rf"\b(?:{'|'.join(_ROLES.split())})s?\b", re.IGNORECASE)
# Some people are called Dean or Reader, so those words alone do not speak against a name.
_NO_NAME = frozenset(f"{_ROLES} {_PLACES}".split()) - {"dean", "reader", "head", "nurse", "chair"}
_COUNT = re.compile(r"\s*[(\[]\s*(\d[\d,. ]{0,9}?)\s*words?\s*[)\]]\.?$", re.IGNORECASE)
_SEAM = re.compile(r"(?<=[a-zß-öø-ÿ0-9)])(?=[A-ZÀ-ÖØ-Þ])")
# Beginnings after which a capital letter stands within a name.
_INNER = re.compile(r"(?:^|[\s-])(?:Mc|Mac|De|Di|Da|Du|La|Le|Van|Von|Fitz|O|Ap|St)$")
_LONGEST = 800


@dataclass(frozen=True, slots=True, kw_only=True)
class Byline:
    """What the paragraph below a title tells of the post."""

    people: tuple[str, ...]
    #: As stated, "(1,276 words)"; None when not stated.
    word_count: int | None
    #: What of it belongs to the text; empty when it only names people.
    rest: str
    #: Says outright that it is a byline: by a "by" or a count of words, not only by its wording.
    certain: bool


def read_byline(text: str, captions: Iterable[str] = ()) -> Byline | None:
    """The byline that a paragraph is, or None. `captions` are the names under pictures that stand before it."""
    if len(text) > _LONGEST:
        return None
    count, words = _count(text)
    seen = tuple(name for caption in captions if (name := bare_name(caption)))
    return _by(words, count) or _who_is(words, count) or _with_role(words, count) or _standfirst(words, count, seen)


def _count(text: str) -> tuple[int | None, str]:
    match = _COUNT.search(text)
    if match is None:
        return None, text
    return int(re.sub(r"\D", "", match[1])), text[: match.start()].strip()


def _by(text: str, count: int | None) -> Byline | None:
    """“by Ann Lee”, “by Ann Lee, Lecturer at …”."""
    match = re.match(r"(?:posted |written )?by:?\s+(.+)$", text, re.IGNORECASE)
    if match is None or len(text) > 300:
        return None
    alone = re.fullmatch(r"[A-ZÀ-ÞØ]\w+", match[1])
    people = (match[1],) if alone else _listed(match[1])
    return Byline(people=people, word_count=count, rest="", certain=True) if people else None


def _who_is(text: str, count: int | None) -> Byline | None:
    """“Ann Lee is Lecturer at …”, with the caption of a picture glued to its front or not."""
    match = re.match(r"(.{3,200}?)\s+(?:is|are|was|were)\s+(.*)$", text)
    people = names_in(unglued(match[1])) if match else ()
    if match and people:
        # "Ann Lee is Lecturer at X and Bo Rae is Reader at Y."
        others = re.findall(r"(?:\band|[,;])\s+([^,;]{5,60}?)\s+(?:is|are)\b", match[2])
        people += tuple(name for name in map(bare_name, others) if name and name not in people)
    if match is None or not people or (count is None and not _ROLE.search(match[2][:100])):
        return None
    sentence = re.match(r".*?\w{3,}[”’)]?[.!?](?=\s+[“‘(]?[A-ZÀ-Þ])", match[2])
    rest = match[2][sentence.end() :].strip() if sentence else ""
    if rest and count is None:
        return None
    return Byline(people=people, word_count=count, rest=rest, certain=count is not None)


def _with_role(text: str, count: int | None) -> Byline | None:
    """“Ann Lee, Lecturer at …, discusses …”: the sentence stays when it goes on to say something."""
    match = re.match(r"([^,]{3,200}),\s+(.*)$", text)
    if match is None or not _ROLE.search(match[2][:100]):
        return None
    whole = unglued(match[1]) + text[match.end(1) :]
    people = _listed(whole) if names_in(unglued(match[1])) else ()
    several = re.search(r"[.!?]\s+[A-ZÀ-Þ]", text) is not None
    if not people or (count is None and (several or len(text) > 400)):
        return None
    rest = whole if re.search(r",\s+(?!and\b|for\b|at\b|in\b|of\b)[a-z]{3,}", match[2]) else ""
    return Byline(people=people, word_count=count, rest=rest, certain=count is not None)


def _standfirst(text: str, count: int | None, seen: tuple[str, ...]) -> Byline | None:
    """Any paragraph that states a number of words; its people are those under the pictures, else those it places."""
    if count is None:
        return None
    placed = re.findall(r"\b((?:[A-ZÀ-Þ][\w’'-]+ ){1,3}[A-ZÀ-Þ][\w’'-]+)(?= (?:of|from|at) )", text)
    named = dict.fromkeys(seen or (name for found in placed if (name := bare_name(found))))
    order = sorted(named, key=lambda name: text.find(name) if name in text else len(text))
    return Byline(people=tuple(order), word_count=count, rest=text, certain=True)


def bare_name(text: str) -> str:
    """The name without Dr, Professor and the like; empty when it is no person's name."""
    bare = re.sub(rf"^(?:{_TITLES})+", "", text.strip().rstrip(".")) if len(text) <= 100 else ""
    # A caption that stands before the name with a space between.
    twice = re.fullmatch(rf"(.+?)\s*(?:{_TITLES})?\1", bare)
    words = (twice[1] if twice else bare).split()
    if not 2 <= len(words) <= 5 or not all(_is_name_word(word) for word in words):
        return ""
    return " ".join(words) if words[-1][0].isupper() else ""


def _is_name_word(word: str) -> bool:
    if word in _PARTICLES:
        return True
    plain = word.replace("’", "").replace("'", "").replace("-", "").replace(".", "")
    return plain.isalpha() and word[0].isupper() and word.casefold() not in _NO_NAME


def names_in(text: str) -> tuple[str, ...]:
    """The names of a list "A B, C D and E F"; nothing unless all of it is names."""
    names = [bare_name(part) for part in re.split(r",\s*(?:and\s+)?|\s+(?:and|with)\s+|\s*[&;/]\s*", text)]
    return tuple(dict.fromkeys(names)) if all(names) else ()


def _listed(text: str) -> tuple[str, ...]:
    """The names at the front of "A B and C D, Lecturer at X, and E F, Reader at Y", and those after an "and"."""
    found: list[str] = []
    front = True
    for part in re.split(r",\s*", text.rstrip(".")):
        names = names_in(re.sub(r"^and\s+", "", part)) if front or part.startswith("and ") else ()
        front = front and bool(names)
        found.extend(names)
    return tuple(dict.fromkeys(found))


def unglued(text: str) -> str:
    """The text without the caption of a picture that the capture glued to its front."""
    for seam in reversed([match.start() for match in _SEAM.finditer(text[:200])]):
        head, tail = text[:seam], text[seam:]
        caption = re.sub(rf"^(?:{_TITLES})+", "", head).split()
        if len(caption) >= 2 and not _INNER.search(head) and names_in(tail):
            return tail
    return text


def named_pairs(text: str) -> frozenset[str]:
    """Every two words in succession that both begin with a capital: what names in the text are made of."""
    return frozenset(re.findall(r"(?=\b([A-ZÀ-Þ][\w’'-]* [A-ZÀ-Þ][\w’'-]*))", text))


def mended(text: str, people: Iterable[str], pairs: Container[str]) -> str:
    """A paragraph without captions that the capture put inside a word, or glued to its first word.

    Only a name from the byline, or one that stands in the piece, as its `named_pairs` show, is taken for a caption.
    """
    for name in people:
        text = re.sub(rf"(?<=[a-z])(?:{_TITLES})?{re.escape(name)}(?=[a-z])", "", text)
    for match in islice(_SEAM.finditer(text[:80]), 3):
        words = bare_name(text[: match.start()]).split()
        known = bool(words) and all(f"{one} {other}" in pairs for one, other in pairwise(words))
        if known and not _INNER.search(text[: match.start()]):
            return text[match.start() :]
    return text
