"""Score: how well a newsletter's rules file, measured against people who know."""

import json
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from digest.errors import SettingsRefused
from digest.flow.house import House
from digest.model.measures import Measure, by_topic, together
from digest.model.topic import Topic, file_under
from digest.storage import lessons, newsletters


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """How well one topic, or all together, is filed."""

    #: The topic's slug; "all" for all together.
    topic: str
    #: How many items belong there, and how many the rules put there.
    wanted: int
    found: int
    precision: float
    recall: float
    f1: float


class Labelled(BaseModel):
    """An item with the topics it belongs under."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    title: str
    text: str = ""
    categories: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    topics: frozenset[str]


_LABELLED = TypeAdapter(list[Labelled])
_HOW = "Write [[items]] in TOML or a list of objects in JSON, each with a title, a text and a list of topics."


def score(house: House, newsletter: str, file: Path | None = None) -> tuple[Scored, ...]:
    """Precision and recall for each topic of a newsletter, against what its editors decided or a file of labelled
    items; empty where nobody has decided anything. Raises UnknownName, SettingsRefused."""
    with house.store.read() as connection:
        publication = newsletters.load(connection, newsletter)
        labelled = list(_decided(lessons.decided(connection, publication.id))) if file is None else read_labelled(file)
    return tuple(scores(publication.topics, labelled)) if labelled else ()


def scores(topics: Sequence[Topic], labelled: Sequence[Labelled]) -> Iterator[Scored]:
    """A score for each topic in turn, and one for all together."""
    pairs = [(each.topics, _filed(topics, each)) for each in labelled]
    measured = by_topic(pairs, topics=[topic.slug for topic in topics])
    yield from (_scored(slug, measure) for slug, measure in measured.items())
    yield _scored("all", together(measured))


def read_labelled(file: Path) -> list[Labelled]:
    """The labelled items of a file, TOML ([[items]]) or JSON (a list). Raises SettingsRefused."""
    try:
        return _LABELLED.validate_python(_raw(file))
    except OSError as error:
        raise SettingsRefused(f"{file} cannot be read: {error.strerror}.", remedy="Check the file's name.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        what = f"{file.name}: {where or 'the whole'} is wrong: {first['msg']}."
        raise SettingsRefused(what, remedy=_HOW) from error


def _raw(file: Path) -> object:
    """What a file says, in the format it is named after, else in whichever it is."""
    data = file.read_bytes()
    if file.suffix in _FORMATS:
        name, load = _FORMATS[file.suffix]
        try:
            return load(data)
        except (ValueError, RecursionError) as error:
            raise SettingsRefused(f"{file.name} is not {name}: {error}.", remedy="Mend that line.") from error
    for _, load in _FORMATS.values():
        with suppress(ValueError, RecursionError):
            return load(data)
    raise SettingsRefused(f"{file.name} is neither TOML nor JSON.", remedy=f"{_HOW} Call it .toml or .json.")


def _of_toml(data: bytes) -> object:
    return tomllib.loads(data.decode()).get("items")


#: By the ending of the name.
_FORMATS: Mapping[str, tuple[str, Callable[[bytes], object]]] = {
    ".toml": ("TOML", _of_toml),
    ".json": ("JSON", json.loads),
}


def _decided(filed: Sequence[lessons.Filed]) -> Iterator[Labelled]:
    for each in filed:
        yield Labelled(
            title=each.title, text=each.text, categories=each.categories, people=each.people, topics=each.topics
        )


def _filed(topics: Sequence[Topic], each: Labelled) -> frozenset[str]:
    found = file_under(tuple(topics), title=each.title, text=each.text, categories=each.categories, people=each.people)
    return frozenset(found)


def _scored(topic: str, measure: Measure) -> Scored:
    return Scored(
        topic=topic,
        wanted=measure.right + measure.missed,
        found=measure.right + measure.wrong,
        precision=measure.precision,
        recall=measure.recall,
        f1=measure.f1,
    )
