"""Hearing: in which language to answer where no page has found out yet whom it is for.

That of the reader whose link it is, else that of the newsletter whose page was asked for, else what the browser likes
best of the languages that there are catalogues for, else that of all newsletters where they have one in common.
"""

import re
from contextlib import suppress

from sqlalchemy import Connection
from starlette.requests import Request

from digest.errors import Problem
from digest.rendering.tongues import SOURCE, Tongues
from digest.storage import newsletters
from digest.web.kit import Kit
from digest.web.voice import Voice
from subscribers import directory
from subscribers.tokens import Purpose

#: What a token in a path is for.
_PURPOSES = {
    "u": Purpose.UNSUBSCRIBE,
    "preferences": Purpose.PREFERENCES,
    "confirm": Purpose.CONFIRM,
    "read": Purpose.READ,
    "about-you": Purpose.PERSON,
}
#: What an Accept-Language may hold of any use.
_MOST = 20
_WEIGHT = re.compile(r"^q=([01](?:\.\d{0,3})?)$")


def voice_for(kit: Kit, request: Request) -> Voice:
    """The voice for whoever asks; it never fails, as it is wanted where something has."""
    asked = accepted(request, kit.house.tongues)
    path = request.url.path.removeprefix(kit.prefix)
    with suppress(Problem), kit.house.store.read() as connection:
        return _voice_of_path(kit, connection, path) or kit.speaking(asked or common(connection))
    return kit.speaking(asked or SOURCE)


def accepted(request: Request, tongues: Tongues) -> str:
    """The tag of the catalogue that a browser likes best (RFC 9110, 12.5.4); empty for none."""
    weighed = [_weighed(each) for each in request.headers.get("accept-language", "").split(",")[:_MOST]]
    liked = sorted((each for each in weighed if each[0] > 0), key=lambda each: -each[0])
    return next((found for _, tag in liked if (found := tongues.nearest(tag, otherwise=""))), "")


def common(connection: Connection) -> str:
    """The language of all newsletters, where they have one in common."""
    spoken = newsletters.languages(connection)
    return spoken.pop() if len(spoken) == 1 else SOURCE


def _weighed(part: str) -> tuple[float, str]:
    tag, _, weight = (each.strip() for each in part.partition(";"))
    if not weight:
        return 1.0, tag
    found = _WEIGHT.match(weight.replace(" ", "").lower())
    return (float(found[1]) if found else 0.0), tag


def _voice_of_path(kit: Kit, connection: Connection, path: str) -> Voice | None:
    kind, _, rest = path.lstrip("/").partition("/")
    name = rest.partition("/")[0]
    if kind in ("archive", "subscribe"):
        newsletter = newsletters.languages(connection, name, private=kind == "subscribe")
        return kit.speaking(newsletter.pop()) if newsletter else None
    if kind not in _PURPOSES:
        return None
    with suppress(Problem):
        return _readers_voice(kit, connection, _PURPOSES[kind], name)
    return None


def _readers_voice(kit: Kit, connection: Connection, purpose: Purpose, token: str) -> Voice | None:
    """Raises TokenRefused."""
    number = kit.house.keys.read(purpose, token)
    if purpose is Purpose.PERSON:
        held = next(iter(directory.of_person(connection, number)), None)
    else:
        held = directory.find(connection, number)
    if held is None:
        return None
    return kit.voice(newsletters.load(connection, held.newsletter).newsletter, held.language)
