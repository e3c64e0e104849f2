"""A publication to measure with: a newsletter, some items, as many readers as asked for, an issue ready to go out."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import ascii_lowercase

from sqlalchemy import Connection, update

from digest.bootstrap import open_house
from digest.flow.apply import apply
from digest.flow.approve import approve
from digest.flow.compose import compose
from digest.flow.house import House
from digest.flow.keep import import_file
from digest.flow.publish import Published, publish
from digest.resources import folder
from digest.settings import Settings, load
from digest.storage import newsletters
from digest.storage.clock import database_now
from subscribers.intake import Intake, Terms
from subscribers.preferences import parse
from subscribers.tables import subscription
from subscribers.transfer import Line, Report, batches

NEWSLETTER = "social-care"
SOURCE = "sscr-news"
_HOSTS = ("example.org", "mail.example.org", "care.example.net", "post.example.com", "example.net")
#: In turns that no year is made of, so that readers of one day are with many hosts.
_TURNS = 11
_SENTENCE = "The team kept a rota for the people who drive, cook and lift at home, and looked at what changed after it."


def settings(where: Path, database: str, **mail: object) -> Settings:
    """Those of a folder, with a database and a mail server of its own."""
    base = load(where)
    return base.model_copy(
        update={
            "data_folder": where / "data",
            "database": base.database.model_copy(update={"url": database}),
            "mail": base.mail.model_copy(update=mail),
        }
    )


def opened(asked: Settings) -> House:
    """A house with the newsletter applied."""
    house = open_house(asked)
    apply(house, folder("config") / "newsletters" / f"{NEWSLETTER}.toml")
    return house


def topics(house: House) -> Sequence[str]:
    """The newsletter's topics."""
    with house.store.read() as connection:
        return newsletters.load(connection, NEWSLETTER).topic_order


def fill_items(house: House, where: Path, count: int, *, until: datetime, first: int = 0) -> None:
    """Items of two paragraphs, one a topic in turn, all of the last hours before `until`; numbered from `first`."""
    slugs = topics(house)
    entries = [
        {
            "title": f"Piece number {first + number} on {slugs[number % len(slugs)].replace('-', ' ')}",
            "link": f"https://news.example.org/{first + number}",
            "published_at": (until - timedelta(hours=number + 1)).isoformat(),
            "topics": [slugs[number % len(slugs)]],
            "body": f"{_SENTENCE}\n\n{_SENTENCE}",
        }
        for number in range(count)
    ]
    path = where / "items.json"
    path.write_text(json.dumps(entries), encoding="utf-8")
    import_file(house, path, SOURCE)


def fill_readers(house: House, count: int, chosen: Sequence[str] = ("all",)) -> None:
    """Readers who have confirmed, with these choices of topics in turn."""
    choices = [parse(each) for each in chosen]
    terms = Terms(newsletter=NEWSLETTER, default_cadence="monthly", confirmed=True, origin="benchmark")
    lines = (
        Line(
            number=number,
            email=f"{ascii_lowercase[number % 26]}{number}@{_HOSTS[number % _TURNS % len(_HOSTS)]}",
            name="",
            chosen=choices[number % len(choices)],
            cadence=None,
            language="",
        )
        for number in range(count)
    )
    with house.store.write() as connection:
        intake = Intake(connection, house.keys, terms, Report(), now=datetime.now(UTC))
        for batch in batches(lines):
            intake.take(batch)
        _spread_over_a_year(connection)


def _spread_over_a_year(connection: Connection) -> None:
    """As if they had signed up one after the other, not all on one day: letters say when."""
    for day in range(365):
        on = subscription.c.id % 365 == day
        connection.execute(update(subscription).where(on).values(confirmed_at=database_now(-timedelta(days=day))))


def published(house: House, now: datetime) -> Published:
    """This month's issue, composed, approved and published."""
    name = compose(house, NEWSLETTER, period_key=f"{now:%Y-%m}")[0].name
    approve(house, name, by="benchmark")
    return publish(house, name)
