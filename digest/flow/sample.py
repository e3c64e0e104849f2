"""The sample publication: its sources, dated as if they were written in the last three months, and its readers."""

import csv
import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from email.utils import format_datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import tomlkit

from digest.model.cadence import Cadence, Period, period_of
from digest.rendering.markdown import markdown_html
from digest.resources import folder

NEWSLETTER = "care-notes"
#: Where the invented institute shows its pieces.
SITE = "https://harbour.example.org"
READERS = 200
#: The present month and the two before it.
MONTHS = 3
_NAMES = (
    "Priya",
    "Tom",
    "Ruth",
    "Amir",
    "Siân",
    "Joanna",
    "Kwame",
    "Elif",
    "Marek",
    "Bea",
    "Ifan",
    "Noor",
    "Lucía",
    "",
)
_CONTENT = "http://purl.org/rss/1.0/modules/content/"


@dataclass(frozen=True)
class Sample:
    """The sample, dated back from a day."""

    today: date

    @cached_property
    def _content(self) -> dict[str, Any]:
        path = folder("config") / "newsletters" / NEWSLETTER / "items.toml"
        return tomllib.loads(path.read_text(encoding="utf-8"))

    @property
    def periods(self) -> list[Period]:
        """The months of the sample, the present one last."""
        periods = [period_of(Cadence.MONTHLY, self.today)]
        while len(periods) < MONTHS:
            periods.insert(0, periods[0].previous)
        return periods

    def issue(self, period: Period) -> Mapping[str, str]:
        """What the editors have written for one month: `title`, `intro`, and `pinned`, the link of their note."""
        ago = len(self.periods) - 1 - self.periods.index(period)
        found = next(i for i in self._content["issues"] if i["month"] == ago)
        return {**found, "pinned": f"{SITE}/{found['pinned']}"}

    def write_newsletter(self, to: Path, locations: Mapping[str, Path]) -> None:
        """The newsletter's file, with its sources lying where they were written."""
        original = folder("config") / "newsletters" / f"{NEWSLETTER}.toml"
        document = tomlkit.parse(original.read_text(encoding="utf-8"))
        sources: Any = document["sources"]
        for source in sources:
            if source["slug"] in locations:
                source["location"] = str(locations[source["slug"]])
        to.write_text(tomlkit.dumps(document), encoding="utf-8")

    def write_sources(self, into: Path) -> dict[str, Path]:
        """One file for each source: a feed, a JSON file, the desk's notes. Returns them by slug."""
        into.mkdir(parents=True, exist_ok=True)
        files = {
            "harbour-news": (into / "news.rss", _rss(self._of("harbour-news"))),
            "harbour-blog": (into / "blog.json", _json(self._of("harbour-blog"))),
            "harbour-desk": (into / "desk.json", _json(self._of("harbour-desk"))),
        }
        for path, text in files.values():
            path.write_text(text, encoding="utf-8")
        return {slug: path for slug, (path, _) in files.items()}

    def write_readers(self, to: Path, topics: Sequence[str]) -> None:
        """Readers with differing topics, as a file to import."""
        with to.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("email", "name", "topics"))
            for number in range(READERS):
                name = _NAMES[number % len(_NAMES)]
                chosen = "all" if number % 10 == 0 else ";".join(_some(topics, number))
                writer.writerow((f"reader{number + 1:03}@example.org", name, chosen))

    def _of(self, source: str) -> list[dict[str, Any]]:
        return [self._dated(item) for item in self._content["items"] if item["source"] == source]

    def _dated(self, item: Mapping[str, Any]) -> dict[str, Any]:
        on = self._date(item["month"], item["day"]) if "day" in item else None
        return {**item, "link": f"{SITE}/{item['link']}", "published_at": on}

    def _date(self, months_ago: int, day: int) -> date:
        first = self.periods[-1 - months_ago].first
        # This month's days are drawn together, so that none lies ahead.
        return first.replace(day=day if months_ago else 1 + (day - 1) * (self.today.day - 1) // 27)


def _some(topics: Sequence[str], number: int) -> Iterator[str]:
    """One to four topics, different for most readers, the same for some."""
    for step in range(1 + number % 4):
        yield topics[(number * 5 + step * (1 + number % 3)) % len(topics)]


def _rss(items: Sequence[Mapping[str, Any]]) -> str:
    ElementTree.register_namespace("content", _CONTENT)
    rss = ElementTree.Element("rss", version="2.0")
    channel = ElementTree.SubElement(rss, "channel")
    for name, text in (("title", "Research news"), ("link", SITE), ("description", "News of the institute")):
        ElementTree.SubElement(channel, name).text = text
    for item in items:
        entry = ElementTree.SubElement(channel, "item")
        for name in ("title", "link"):
            ElementTree.SubElement(entry, name).text = item[name]
        ElementTree.SubElement(entry, "guid", isPermaLink="true").text = item["link"]
        at = datetime.combine(item["published_at"], time(9), ZoneInfo("Europe/London"))
        ElementTree.SubElement(entry, "pubDate").text = format_datetime(at)
        ElementTree.SubElement(entry, f"{{{_CONTENT}}}encoded").text = markdown_html(item["body"])
    return ElementTree.tostring(rss, encoding="unicode", xml_declaration=True)


def _json(items: Sequence[Mapping[str, Any]]) -> str:
    keys = ("title", "link", "published_at", "people", "word_count", "excerpt", "body")
    chosen = [{key: item[key] for key in keys if item.get(key) is not None} for item in items]
    return json.dumps(chosen, ensure_ascii=False, indent=2, default=str)
