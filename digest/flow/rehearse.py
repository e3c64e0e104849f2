"""Rehearse: the whole main job on the sample publication, from sources to mailboxes. Rehearsed twice is once."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from digest.flow.apply import apply
from digest.flow.approve import Wishes, approve, curate
from digest.flow.compose import compose
from digest.flow.deliver import drain_outbox
from digest.flow.enrol import import_csv
from digest.flow.gather import gather
from digest.flow.house import House
from digest.flow.publish import publish
from digest.flow.sample import NEWSLETTER, READERS, Sample
from digest.model.cadence import Period
from digest.model.delivery import DeliveryState
from digest.model.issue import FROZEN
from digest.storage import archive, issues, items, newsletters, tally

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """What became of one month's issue."""

    name: str
    title: str
    pieces: int
    readers: int
    without: int
    variants: int
    accepted: int


def prepare(house: House, folder: Path, tell: Tell) -> None:
    """Make the sample known: newsletter, sources, items, readers."""
    sample = _sample(house)
    locations = sample.write_sources(folder / "sources")
    file = folder / "newsletters" / f"{NEWSLETTER}.toml"
    file.parent.mkdir(exist_ok=True)
    sample.write_newsletter(file, locations)
    apply(house, file)
    gathered = gather(house)
    tell(f"Gathered {sum(g.new + g.same + g.changed for g in gathered)} items from {len(gathered)} sources.")
    _enrol(house, sample, folder / "readers.csv")
    tell(f"Brought in {READERS} readers.")


def months(house: House) -> list[Period]:
    """The months to go through, the present one last."""
    return _sample(house).periods


def is_out(house: House, period: Period) -> bool:
    """Whether a month's issue came out in an earlier run."""
    with house.store.read() as connection:
        return any(i.period == period and i.state in FROZEN for i in issues.listed(connection, NEWSLETTER))


def rehearse(house: House, period: Period) -> Rehearsed:
    """Compose, curate, approve, publish and deliver one month's issue."""
    issue, _ = compose(house, NEWSLETTER, period_key=period.key)
    if issue.state not in FROZEN:
        _curate(house, issue.name, period)
        approve(house, issue.name, by="the demo")
    published = publish(house, issue.name)
    drain_outbox(house, drain=True, any_hour=True)
    with house.store.read() as connection:
        accepted = tally.counts(connection, issue.id)[DeliveryState.ACCEPTED]
        pieces = len(archive.articles_of(connection, issue.id))
    return Rehearsed(
        name=issue.name,
        title=published.issue.title,
        pieces=pieces,
        readers=published.readers,
        without=published.without,
        variants=published.variants,
        accepted=accepted,
    )


def _sample(house: House) -> Sample:
    return Sample(house.clock.now().date())


def _enrol(house: House, sample: Sample, file: Path) -> None:
    with house.store.read() as connection:
        topics = newsletters.load(connection, NEWSLETTER).topic_order
    sample.write_readers(file, topics)
    import_csv(house, file, NEWSLETTER, confirmed=True, mapping={}, dry_run=False, progress=lambda _: None)


def _curate(house: House, name: str, period: Period) -> None:
    wanted = _sample(house).issue(period)
    with house.store.read() as connection:
        desk = items.listed(connection, items.Which(source="harbour-desk"))
        pinned = [item.id for item in desk if item.link == wanted["pinned"]]
    curate(house, name, Wishes(title=wanted["title"], intro=wanted["intro"], pin=pinned))
