"""Phrase lists: files with a phrase a line that topics may take phrases from, a site's own or those of the program."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from digest.errors import SettingsRefused
from digest.model.phrase import BadPhrase, parse
from digest.resources import folder

KEY = "phrases_from"
_FOLDER = "phrases"
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def with_lists(topics: Any, beside: Path) -> Any:
    """The topics of a newsletter's file with the phrases of the lists they name put after their own.

    A list is looked for as `phrases/NAME.txt` beside the newsletter's file, then among those that come with the
    program. Raises SettingsRefused. What has not the shape of topics stays as it is, to be refused where shapes are.
    """
    if not isinstance(topics, list):
        return topics
    return [_with_list(topic, beside) if isinstance(topic, dict) and KEY in topic else topic for topic in topics]


def _with_list(topic: Mapping[str, Any], beside: Path) -> dict[str, Any]:
    own = topic.get("phrases", [])
    named = topic[KEY]
    if not isinstance(own, list) or not isinstance(named, str):
        raise SettingsRefused(f"“topics.{KEY}” is wrong: it names one list.", remedy=f'Write {KEY} = "carers".')
    rest = {key: value for key, value in topic.items() if key != KEY}
    return {**rest, "phrases": [*own, *_beyond(own, _read(named, beside))]}


def _beyond(own: Sequence[object], listed: Sequence[str]) -> Iterator[str]:
    """Those of the list that the topic does not have in its own way."""
    decided = {_sense(phrase) for phrase in own if isinstance(phrase, str)}
    yield from (phrase for phrase in listed if _sense(phrase) not in decided)


def _sense(written: str) -> object:
    try:
        phrase = parse(written)
    except BadPhrase:
        return written
    return phrase.part, phrase.sought, phrase.open_ended


def _read(name: str, beside: Path) -> list[str]:
    for place in (beside / _FOLDER, folder("config") / _FOLDER):
        file = place / f"{name}.txt"
        if _NAME.fullmatch(name) and file.is_file():
            return _phrases(file)
    raise SettingsRefused(
        f"There is no list of phrases called “{name}”.",
        remedy=f"Write it into {_FOLDER}/{name}.txt beside this file, a phrase a line, or name one of {_known()}.",
    )


def _phrases(file: Path) -> list[str]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsRefused(f"{file} cannot be read: {error}.", remedy="Check that file.") from error
    return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]


def _known() -> str:
    return ", ".join(sorted(file.stem for file in (folder("config") / _FOLDER).glob("*.txt")))
