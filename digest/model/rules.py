"""Rules: by what the items of a source are filed, for each newsletter that reads it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from digest.model.topic import Topic, file_under

#: Why an item stands under topics, by their rows.
Reasons = Mapping[int, tuple[str, ...]]

#: Slugs of the topics that everything from a source is filed under, by the rows of the newsletters that read it.
Brought = Mapping[int, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicSet:
    """The topics of one newsletter, in its order, each with its row."""

    #: The newsletter's row.
    newsletter: int
    rows: tuple[int, ...]
    topics: tuple[Topic, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The topics of all newsletters that read a source."""

    #: The newsletters and when each was last changed: other rules have another stamp.
    stamp: tuple[tuple[int, datetime], ...]
    sets: tuple[TopicSet, ...]

    @property
    def rows(self) -> list[int]:
        """The rows of all topics."""
        return [row for each in self.sets for row in each.rows]

    def judge(
        self,
        *,
        title: str,
        text: str,
        categories: Collection[str] = (),
        people: Collection[str] = (),
        brought: Brought,
    ) -> Reasons:
        """The topics that an item is to stand under, with the reasons in words; `brought` are its source's own, for
        each newsletter."""
        judged: dict[int, tuple[str, ...]] = {}
        for each in self.sets:
            found = file_under(
                each.topics,
                title=title,
                text=text,
                categories=categories,
                people=people,
                defaults=brought.get(each.newsletter, ()),
            )
            for row, topic in zip(each.rows, each.topics, strict=True):
                if topic.slug in found:
                    judged[row] = tuple(str(evidence) for evidence in found[topic.slug])
        return judged

    def slugs(self, judged: Reasons) -> tuple[str, ...]:
        """What these rows are called, in the order of their newsletters; a name that several have comes once."""
        called = ((row, topic.slug) for each in self.sets for row, topic in zip(each.rows, each.topics, strict=True))
        return tuple(dict.fromkeys(slug for row, slug in called if row in judged))
