"""A walk through every page that a reader may see, each in each of its states."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from babel.messages.pofile import read_po, write_po
from httpx import Response
from sqlalchemy import select, update

from digest.resources import folder
from subscribers.tables import newsletter
from subscribers.tokens import Purpose
from tests.support.counter import ALL, FORM, Counter

#: Written from right to left, and without a catalogue of ours.
PRETENDED = "fa"
ELSEWHERE = "priya.new@example.net"
OTHER = "all@example.org"


def changed(counter: Counter, **settings: object) -> None:
    """Have the newsletter say something else of itself."""
    with counter.house.store.write() as connection:
        before = connection.scalar(select(newsletter.c.settings)) or {}
        connection.execute(update(newsletter).values(settings={**before, **settings}))


def speaking(counter: Counter, language: str, *, catalogues: Path | None = None) -> Counter:
    """The same counter with its newsletter in another language, and with a deployer's own catalogues."""
    changed(counter, language=language)
    own = () if catalogues is None else (catalogues,)
    house = replace(counter.house, template_folders=(*own, *counter.house.template_folders))
    return Counter(counter.trial, house, counter.clock, counter.box)


def pretended(own: Path) -> Path:
    """A deployer's templates with a catalogue that says everything between brackets."""
    known = folder("templates") / "languages" / "de.po"
    (own / "languages").mkdir(parents=True)
    with known.open("rb") as source:
        catalogue = read_po(source, locale=PRETENDED)
    for message in catalogue:
        if message.id:
            said = message.id if isinstance(message.id, (list, tuple)) else (message.id,)
            bracketed = tuple(f"⟦{each}⟧" for each in said)
            message.string = bracketed if len(bracketed) > 1 else bracketed[0]
    with (own / "languages" / f"{PRETENDED}.po").open("wb") as target:
        write_po(target, catalogue)
    return own


def pages(counter: Counter, language: str) -> dict[str, Response]:
    """Every page by name, in a browser that likes a language."""
    counter.browser.headers["Accept-Language"] = f"{language}, en;q=0.5"
    return {
        **_signing_up(counter),
        **_choosing(counter),
        **_own_page(counter),
        **_strayed(counter),
        **_leaving(counter),
        **_the_end(counter),
    }


def _signing_up(counter: Counter) -> Mapping[str, Response]:
    browser = counter.browser
    form, mistakes = browser.get(FORM), {"email": "no", "cadence": "hourly", "name": "a\0b", "language": "tlh"}
    found = {
        "form": form,
        "mistakes": browser.post(FORM, data=mistakes),
        "strange topic": browser.post(FORM, data={"topics": "stocks"}),
        "once more": browser.post(FORM, data={**ALL, "email": "new@example.org"}),
        "embed": browser.get(f"{FORM}embed"),
        "asked": counter.ask(topics=["money"]),
    }
    yes = counter.link(counter.post()[0], "confirm")
    found |= {"confirm": browser.get(yes), "confirmed": browser.post(yes)}
    counter.post()
    return found


def _choosing(counter: Counter) -> Mapping[str, Response]:
    browser, at = counter.browser, counter.trial.preferences
    asked = {
        "saved": {"topics": ["carers", "money"], "cadence": "monthly"},
        "nothing chosen": {"do": "save", "cadence": "monthly"},
        "strange choice": {"topics": "stocks"},
        "strange frequency": {**ALL, "cadence": "hourly"},
        "strange language": {**ALL, "language": "tlh"},
        "strange pause": {"do": "pause", "months": "600"},
        "long pause": {"do": "pause", "until": "2077-01-01"},
        "no day": {"do": "pause", "until": "soon"},
        "no button": {"do": "explode"},
        "too much": {"topics": ["x" * 70_000]},
        "paused": {"do": "pause", "months": "3"},
        "resumed": {"do": "resume"},
        "link sent": {"do": "link"},
    }
    return {"preferences": browser.get(at), **{name: browser.post(at, data=form) for name, form in asked.items()}}


def _own_page(counter: Counter) -> Mapping[str, Response]:
    browser = counter.browser
    own = counter.link(counter.post()[0], "about-you")
    found = {
        "own page": browser.get(own),
        "renamed": browser.post(own, data={"do": "name", "name": "Priya"}),
        "no address": browser.post(own, data={"do": "address", "email": "no"}),
        "address asked": browser.post(own, data={"do": "address", "email": OTHER}),
        "erase": browser.get(f"{own}/erase"),
        "not sure": browser.post(f"{own}/erase"),
    }
    taken = counter.link(counter.post()[0], "new-address")
    found |= {"address taken": browser.post(taken)}
    browser.post(own, data={"do": "address", "email": ELSEWHERE})
    yes = counter.link(counter.post()[0], "new-address")
    found |= {"new address": browser.get(yes), "moved": browser.post(yes), "moved already": browser.get(yes)}
    browser.post(own, data={"do": "address", "email": "third@example.net"})
    found["too many addresses"] = browser.post(own, data={"do": "address", "email": "fourth@example.net"})
    counter.post()
    return found


def _strayed(counter: Counter) -> Mapping[str, Response]:
    browser = counter.browser
    places = {
        "where": "/preferences/",
        "nothing there": "/archive/quay/2031-01/",
        "nothing anywhere": "/nowhere",
        "no newsletter": "/subscribe/none/",
        "no longer": "/preferences/not-a-token",
        "preview of an unsubscribe link": "/u/preview",
        "preview of preferences": "/preferences/preview",
        "preview of a confirmation": "/confirm/preview",
        "preview of a new address": "/new-address/preview",
        "preview of a letter": "/view/preview",
        "copy": "/view/copy",
    }
    found = {name: browser.get(at) for name, at in places.items()}
    found["no method"] = browser.put("/preferences/")
    found["no address to send to"] = browser.post("/preferences/", data={"email": ""})
    found["link asked"] = browser.post("/preferences/", data={"email": ELSEWHERE})
    found["bad click"] = browser.post("/u/not-a-token")
    return found


def _leaving(counter: Counter) -> Mapping[str, Response]:
    browser, at, click = counter.browser, counter.trial.preferences, counter.trial.unsubscribe
    found = {
        "leave": browser.get(f"{at}/leave"),
        "left a topic": browser.post(f"{at}/leave", data={"what": "topic:money"}),
        "strange topic left": browser.post(f"{at}/leave", data={"what": "topic:stocks"}),
        "unsubscribe": browser.get(click),
        "unsubscribed": browser.post(click),
        "taken back": browser.post(f"{click}/undo"),
        "left everything": browser.post(f"{at}/leave", data={"what": "everything", "why": "too-much"}),
    }
    person = counter.house.keys.token(Purpose.PERSON, 1)
    found["own page at last"] = browser.get(f"/about-you/{person}")
    counter.clock.pass_by(hours=2)
    return {**found, "ended": browser.get(at)}


def _the_end(counter: Counter) -> Mapping[str, Response]:
    browser, at = counter.browser, counter.trial.preferences
    own = f"/about-you/{counter.house.keys.token(Purpose.PERSON, 1)}"
    found = {"erased": browser.post(f"{own}/erase", data={"sure": "yes"}), "not subscribed": browser.get(at)}
    asked = {**ALL, "email": "new@example.org", "stamp": counter.stamp()}
    while "not so fast" not in found:
        answer = browser.post(FORM, data=asked)
        found |= {"not so fast": answer} if answer.status_code == 429 else {}
    return found
