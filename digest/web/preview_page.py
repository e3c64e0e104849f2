"""The preview's page: all that it says of one letter, and where else one can go from there."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from digest.flow import compare as comparing
from digest.flow.preview import Preview, Reader
from digest.flow.variants import Map
from digest.web import looking, sheets
from digest.web import preview_facts as facts
from digest.web.looking import HELD, LETTERS, Look

#: What the letters are called of which a preview shows one at a time.
_CALLED = {"issue": "This issue", "confirm": "Please confirm", "welcome": "Welcome"}


def address(look: Look) -> str:
    """Where a look is shown on the server."""
    return f"/?{look.query}"


def held_at(look: Look) -> Callable[[int], str]:
    """Where the same look is shown of whoever has a subscription."""
    return lambda number: address(replace(look, reader=f"{HELD}{number}"))


def keys(groups: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """The access keys of the choices, each with its words."""
    return [(each["key"], each["words"]) for group in groups for each in group["choices"] if each["key"]]


def page(connection: Connection, preview: Preview, who: Reader, look: Look, found: Map | None) -> dict[str, Any]:
    """The page of a look; `found` once the letters are counted. May raise BadTemplate."""
    shown = sheets.sheet(preview.house, connection, preview, who, look)
    before = comparing.previous(connection, preview.issue)
    choices = sheets.choices(preview.house, look, address)
    return {
        "look": look,
        "schedule": facts.schedule(preview),
        "who": who.label,
        "controls": looking.controls(connection, preview, look, who),
        "choices": choices,
        "keys": keys(choices),
        "letter": None if shown is None else shown.facts() | sheets.view(shown, look),
        "inbox": None if shown is None else facts.inbox(preview, shown.sender, shown.subject, shown.preheader),
        "audience": facts.audience(
            connection,
            preview,
            shown.layout if shown else None,
            found,
            held_at(look),
            but=who.held.id if who.held else None,
        ),
        "why": facts.why(connection, preview, shown.choice if shown else None),
        "src": f"/letter?{look.query}",
        "eml": f"/letter.eml?{look.query}",
        # Not seen: with it the page is another one when only the letter is.
        "print": sheets.print_of(shown.html if shown else ""),
        "absent": looking.absent(connection, preview, who) if look.letter == LETTERS[0] else [],
        "links": list(_links(look, before.name if before else "")),
        "others": [
            {
                "words": words,
                "href": address(replace(look, letter=kind, view=_view(look, kind))),
                "chosen": kind == look.letter,
            }
            for kind, words in _CALLED.items()
        ],
        "test": _test(preview, look) if shown and shown.message else None,
    }


def search(preview: Preview, matching: list[Reader], asked: str, look: Look) -> dict[str, Any]:
    """Whom a search found."""
    named = looking.topics_of(preview)
    found = [
        (address(replace(look, reader=f"{HELD}{each.held.id}")), looking.person(each, named), each.email)
        for each in matching
        if each.held
    ]
    return {"asked": asked, "found": found}


def _links(look: Look, before: str) -> list[dict[str, str]]:
    every = {"words": "All letters of this issue", "href": f"/letters?{look.query}"}
    compare = {"words": f"Compare with {before}", "href": f"/compare?{look.query}"}
    return [
        {**every, "note": "how many readers get each, and who gets none"},
        *([{**compare, "note": "what is new, what is gone"}] if before and look.letter == LETTERS[0] else []),
    ]


def _view(look: Look, kind: str) -> str:
    """A notice has no headers to be shown."""
    return look.view if kind == LETTERS[0] or look.view != "headers" else looking.VIEWS[0]


def _test(preview: Preview, look: Look) -> dict[str, Any]:
    mail = preview.house.settings.mail
    return {
        "action": f"/test?{look.query}",
        "addresses": mail.test_addresses,
        "by": "by the mail server" if mail.transport == "smtp" else f"into the folder {mail.folder.path}",
    }
