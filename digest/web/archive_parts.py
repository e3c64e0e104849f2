"""Parts: what the archive's templates see of issues, topics and articles; every link is ready to stand on its page."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from digest.model.issue import Article
from digest.rendering.fragments import fragment, one_line, web_address
from digest.web import wording
from digest.web.frame import PATHS
from digest.web.pieces import Place, body, original, piece, topic_places
from digest.web.shelf import Archive, Number
from digest.web.words import Words

#: How many titles of the newest issue the front page shows.
_TITLES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What stands on one page of an archive."""

    archive: Archive
    words: Words
    #: From where a link leads to what stands in it.
    link: Callable[[str], str]

    @property
    def _slug(self) -> str:
        return self.archive.publication.newsletter.slug

    def newest(self) -> Mapping[str, object] | None:
        """The newest issue with its first titles; None before the first."""
        if not self.archive.numbers:
            return None
        number = self.archive.numbers[0]
        return {
            "place": self.place(number),
            "date": self.words.long_date(number.issue.published_on),
            "intro": fragment(number.issue.intro_html),
            "titles": [self._piece(number, a) for a in number.in_order[:_TITLES]],
            "more": self.words.more(max(0, len(number.in_order) - _TITLES)),
        }

    def years(self) -> list[Mapping[str, object]]:
        """All issues but the newest, by year."""
        years = groupby(self.archive.numbers[1:], key=lambda number: number.issue.published_on.year)
        return [{"year": year, "issues": [self._listed(n) for n in numbers]} for year, numbers in years]

    def topics(self) -> list[Place]:
        """The topics with something in them."""
        counts = {slug: len(self.archive.on_topic(slug)) for slug in self.archive.topics}
        return [
            Place(
                name=name,
                href=self.link(PATHS.topic(self._slug, slug)),
                beside=self.words.tongue.number(counts[slug]),
            )
            for slug, name in self.archive.topics.items()
            if counts[slug]
        ]

    def issue(self, number: Number) -> Mapping[str, object]:
        """An issue, whole."""
        issue = number.issue
        return {
            "title": wording.heading(issue, self.archive.publication.newsletter.name),
            "line": self.words.issue_line(issue.published_on, issue.number, len(number.in_order)),
            "intro": fragment(issue.intro_html),
            "notes": [self._piece(number, a) for a in number.notes],
            "sections": [self._section(number, n) for n in range(len(number.sections))],
            "neighbours": self._beside(number),
        }

    def article(self, number: Number, article: Article) -> Mapping[str, object]:
        """An item, whole."""
        here = number.in_order.index(article)
        return {
            "title": one_line(article.title),
            "meta": self.words.meta(article),
            "body": body(article),
            "original": original(article),
            "original_label": self.words.link_label(article),
            "elsewhere": [Place(name=one_line(p.name), href=web_address(p.link or "")) for p in article.also_at],
            "topics": topic_places(self.archive, article, self.link),
            "issue": self.place(number),
            "before": self._piece_at(number, here - 1),
            "after": self._piece_at(number, here + 1),
        }

    def on_topic(self, slug: str) -> list[Mapping[str, object]]:
        """What past issues held on a topic, by issue."""
        issues = _by_issue(self.archive.on_topic(slug))
        return [
            {"place": self.place(pairs[0][0]), "pieces": [self._piece(number, a, under=slug) for number, a in pairs]}
            for pairs in issues
        ]

    def place(self, number: Number) -> Place:
        """An issue to go to."""
        return Place(
            name=wording.heading(number.issue, self.archive.publication.newsletter.name),
            href=self.link(PATHS.issue(self._slug, number.issue.key)),
            beside=self.words.long_date(number.issue.published_on),
        )

    def _piece(self, number: Number, article: Article, *, under: str = "") -> object:
        return piece(self.archive, number, article, self.link, self.words, under=under)

    def _listed(self, number: Number) -> Mapping[str, object]:
        return {
            "place": self.place(number),
            "date": self.words.month_day(number.issue.published_on),
            "line": wording.first_line(number.issue, number.in_order),
            "pieces": self.words.pieces(len(number.in_order)),
        }

    def _section(self, number: Number, position: int) -> Mapping[str, object]:
        section = number.sections[position]
        return {
            "anchor": f"topic-{position + 1}",
            "name": one_line(section.topic.name),
            "href": self.link(PATHS.topic(self._slug, section.topic.slug)),
            "count": self.words.pieces(len(section.articles)),
            "number": len(section.articles),
            "pieces": [self._piece(number, a, under=section.topic.slug) for a in section.articles],
        }

    def _piece_at(self, number: Number, position: int) -> Place | None:
        if not 0 <= position < len(number.in_order):
            return None
        article = number.in_order[position]
        address = PATHS.article(self._slug, number.issue.key, article.slug)
        return Place(name=one_line(article.title), href=self.link(address))

    def _beside(self, number: Number) -> Mapping[str, Place | None]:
        numbers = self.archive.numbers
        here = numbers.index(number)
        newer = numbers[here - 1] if here else None
        older = numbers[here + 1] if here + 1 < len(numbers) else None
        return {side: self.place(each) if each else None for side, each in (("before", older), ("after", newer))}


def _by_issue(found: list[tuple[Number, Article]]) -> Iterator[list[tuple[Number, Article]]]:
    return (list(pairs) for _, pairs in groupby(found, key=lambda pair: pair[0].issue.id))
