"""Compare: a reader's letter beside the one of the issue before."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from digest.flow.house import House
from digest.flow.preview import Letter, Preview, Reader, preview
from digest.model.issue import Issue, IssueState
from digest.storage import issues


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two letters of one reader, and how they differ."""

    before: Issue
    then: Letter | None
    now: Letter | None
    #: Titles of pieces that only the newer, only the older and both have.
    new: tuple[str, ...]
    gone: tuple[str, ...]
    both: tuple[str, ...]
    #: What the letters are made of beside their pieces, in words.
    parts_new: tuple[str, ...]
    parts_gone: tuple[str, ...]


def previous(connection: Connection, issue: Issue) -> Issue | None:
    """The issue that came out before, in the same cadence; None for a first one."""
    return next(
        (
            each
            for each in issues.listed(connection, issue.newsletter, IssueState.PUBLISHED)
            if each.period.cadence == issue.period.cadence and each.period.after < issue.period.after
        ),
        None,
    )


def as_then(reader: Reader) -> Reader:
    """The same reader in another issue; those who are alike now stand there for all with their topics."""
    return replace(reader, alike=None, variant_id=None)


def compare(house: House, connection: Connection, this: Preview, reader: Reader) -> Comparison | None:
    """This issue's letter and the one before; None where there is no issue before. May raise BadTemplate."""
    earlier = preview_before(house, connection, this.issue)
    return None if earlier is None else beside(connection, this, earlier, reader)


def preview_before(house: House, connection: Connection, issue: Issue) -> Preview | None:
    """The issue before, ready to be looked at as anybody; None where there is none. May raise BadTemplate."""
    before = previous(connection, issue)
    return None if before is None else preview(house, connection, before.name)


def beside(connection: Connection, this: Preview, earlier: Preview, reader: Reader) -> Comparison:
    """A reader's letter of one issue and that of an earlier one."""
    now, then = this.letter(connection, reader), earlier.letter(connection, as_then(reader))
    titles_now, titles_then = _titles(this, now), _titles(earlier, then)
    parts_now, parts_then = _parts(this, now), _parts(earlier, then)
    return Comparison(
        before=earlier.issue,
        then=then,
        now=now,
        new=tuple(title for each, title in titles_now.items() if each not in titles_then),
        gone=tuple(title for each, title in titles_then.items() if each not in titles_now),
        both=tuple(title for each, title in titles_now.items() if each in titles_then),
        parts_new=tuple(part for part in parts_now if part not in parts_then),
        parts_gone=tuple(part for part in parts_then if part not in parts_now),
    )


def _titles(seen: Preview, letter: Letter | None) -> dict[int, str]:
    chosen = letter.choice.chosen if letter else ()
    return {int(each.id): seen.items[each.id].title for each in chosen if each.id in seen.items}


#: What editors call the blocks that may be in one letter and not in another.
_CALLED = {
    "intro": "an introduction",
    "contents-open": "a list of what is in it",
    "note": "a note for everyone",
    "last": "word that it is the last",
    "nothing": "word that nothing is new",
    "more": "“and more” under the pieces",
}


def _parts(seen: Preview, letter: Letter | None) -> list[str]:
    """Without the pieces, which are named by their titles."""
    named = {topic.slug: topic.name for topic in seen.edition.content.topics}
    return list(dict.fromkeys(_called(letter.parts if letter else (), named)))


def _called(keys: tuple[str, ...], named: dict[str, str]) -> Iterator[str]:
    for key in keys:
        kind, _, rest = key.partition(":")
        if kind == "topic":
            yield f"the topic {named.get(rest, rest)}"
        elif kind in _CALLED:
            yield _CALLED[kind]
