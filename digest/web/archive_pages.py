"""The archive's pages, made from frozen issues alone: the same for a server and for a folder of files."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby

from jinja2.sandbox import ImmutableSandboxedEnvironment

from digest.errors import UnknownName
from digest.model.issue import Article
from digest.rendering.environment import render
from digest.rendering.fragments import fragment, one_line, web_address
from digest.rendering.phrases import ENGLISH
from digest.web import atom, brand, wording
from digest.web.frame import PATHS, Frame, brand_sheet, branded
from digest.web.hrefs import Linker
from digest.web.pieces import Place, body, original, piece, topic_places
from digest.web.shelf import Archive, Number

HTML = "text/html; charset=utf-8"
CSS = "text/css; charset=utf-8"
#: How many titles of the newest issue the front page shows.
_TITLES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page as bytes, and where it lies."""

    path: str
    media_type: str
    body: bytes


@dataclass(frozen=True, kw_only=True)
class ArchivePages:
    """Builds every page of one newsletter's archive."""

    archive: Archive
    templates: ImmutableSandboxedEnvironment
    linker: Linker
    #: The address all pages lie under, without a final slash; for feeds, canonical links and sharing.
    base: str

    def every(self) -> Iterator[Page]:
        """All pages there are, the front page first."""
        yield self.home()
        yield self.brand()
        yield self.feed()
        for slug in self.archive.topics:
            yield self.topic(slug)
            yield self.feed(slug)
        for number in self.archive.numbers:
            yield self.issue(number.issue.key)
            for article in number.in_order:
                yield self.article(number.issue.key, article.slug)

    def home(self) -> Page:
        """The newest issue, all before it by year, the topics and the feeds."""
        path = PATHS.archive(self._slug)
        newsletter = self.archive.publication.newsletter
        frame = replace(
            self._frame(path, newsletter.name), description=one_line(newsletter.description), feeds=self._feeds(path)
        )
        newest = self.archive.numbers[0] if self.archive.numbers else None
        return self._html(
            "home",
            path,
            frame,
            newest=newest and self._newest(newest, path),
            years=self._years(path),
            topics=self._topics(path),
            feed=self.linker(path, PATHS.feed(self._slug)),
            introduction=one_line(newsletter.description),
        )

    def issue(self, key: str) -> Page:
        """A whole issue. Raises UnknownName."""
        number, path = self._number(key), PATHS.issue(self._slug, key)
        link = self._from(path)
        title = wording.heading(number.issue, self.archive.publication.newsletter.name)
        frame = replace(
            self._frame(path, f"{title}: {self._name}"), description=wording.first_line(number.issue, number.in_order)
        )
        return self._html(
            "issue",
            path,
            replace(frame, kind="article"),
            title=title,
            line=self._line(number),
            intro=fragment(number.issue.intro_html),
            notes=[piece(self.archive, number, a, link) for a in number.notes],
            sections=[self._section(number, n, link) for n in range(len(number.sections))],
            neighbours=self._issues_beside(number, path),
        )

    def article(self, key: str, slug: str) -> Page:
        """One item, whole. Raises UnknownName."""
        number = self._number(key)
        article = next((a for a in number.in_order if a.slug == slug), None)
        if article is None:
            raise UnknownName(f"There is no piece “{slug}” in {self._slug}/{key}.")
        path = PATHS.article(self._slug, key, slug)
        frame = replace(
            self._frame(path, f"{article.title}: {self._name}"),
            description=wording.cut(one_line(article.summary_text), 200),
            canonical=original(article),
            kind="article",
        )
        return self._html("article", path, frame, **self._whole(number, article, path))

    def topic(self, slug: str) -> Page:
        """What past issues held on one topic. Raises UnknownName."""
        name, path = self._topic_name(slug), PATHS.topic(self._slug, slug)
        link = self._from(path)
        about = next((t.description for t in self.archive.publication.topics if t.slug == slug), "")
        feed = f"{path}feed.atom"
        frame = replace(
            self._frame(path, f"{name}: {self._name}"),
            description=one_line(about),
            feeds=((f"{self._name}: {name}", self.linker(path, feed)),),
        )
        found = self.archive.on_topic(slug)
        return self._html(
            "topic",
            path,
            frame,
            name=name,
            about=one_line(about),
            count=wording.pieces(len(found)),
            issues=[
                {
                    "place": self._place(number, path),
                    "pieces": [piece(self.archive, number, a, link, under=slug) for _, a in pairs],
                }
                for number, pairs in ((pairs[0][0], pairs) for pairs in _by_issue(found))
            ],
            topics=self._topics(path),
            feed=self.linker(path, feed),
        )

    def feed(self, topic: str | None = None) -> Page:
        """The Atom feed of the newsletter or of one topic. Raises UnknownName."""
        path = PATHS.feed(self._slug) if topic is None else f"{PATHS.topic(self._slug, topic)}feed.atom"
        name = None if topic is None else self._topic_name(topic)
        feed = atom.feed(self.archive, path=path, base=self.base, topic=topic, topic_name=name)
        return Page(path=path, media_type=atom.MEDIA_TYPE, body=feed)

    def brand(self) -> Page:
        """The newsletter's colours."""
        sheet = brand.stylesheet(self.archive.publication.newsletter.brand)
        return Page(path=brand_sheet(self._slug), media_type=CSS, body=sheet)

    @property
    def _slug(self) -> str:
        return self.archive.publication.newsletter.slug

    @property
    def _name(self) -> str:
        return one_line(self.archive.publication.newsletter.name)

    def _frame(self, path: str, title: str) -> Frame:
        framed = branded(self.linker, path, self.archive.publication.newsletter, title=title)
        return replace(framed, url=f"{self.base}{path}")

    def _html(self, template: str, path: str, frame: Frame, **context: object) -> Page:
        html = render(self.templates, f"web/archive/{template}.html.j2", {"frame": frame, **context})
        return Page(path=path, media_type=HTML, body=html.encode())

    def _from(self, path: str) -> Callable[[str], str]:
        return lambda to: self.linker(path, to)

    def _number(self, key: str) -> Number:
        found = next((number for number in self.archive.numbers if number.issue.key == key), None)
        if found is None:
            raise UnknownName(f"There is no past issue {self._slug}/{key}.", remedy="See the list of past issues.")
        return found

    def _topic_name(self, slug: str) -> str:
        if slug not in self.archive.topics:
            raise UnknownName(f"There is no topic “{slug}” in {self._slug}.")
        return self.archive.topics[slug]

    def _newest(self, number: Number, path: str) -> Mapping[str, object]:
        link = self._from(path)
        return {
            "place": self._place(number, path),
            "date": ENGLISH.long_date(number.issue.published_on),
            "intro": fragment(number.issue.intro_html),
            "titles": [piece(self.archive, number, a, link) for a in number.in_order[:_TITLES]],
            "more": max(0, len(number.in_order) - _TITLES),
        }

    def _years(self, path: str) -> list[Mapping[str, object]]:
        """All but the newest."""
        years = groupby(self.archive.numbers[1:], key=lambda number: number.issue.published_on.year)
        return [{"year": year, "issues": [self._listed(n, path) for n in numbers]} for year, numbers in years]

    def _listed(self, number: Number, path: str) -> Mapping[str, object]:
        return {
            "place": self._place(number, path),
            "date": wording.month_day(number.issue.published_on),
            "line": wording.first_line(number.issue, number.in_order),
            "pieces": wording.pieces(len(number.in_order)),
        }

    def _topics(self, path: str) -> list[Place]:
        """The topics with something in them."""
        counts = {slug: len(self.archive.on_topic(slug)) for slug in self.archive.topics}
        return [
            Place(name=name, href=self.linker(path, PATHS.topic(self._slug, slug)), beside=f"{counts[slug]:,}")
            for slug, name in self.archive.topics.items()
            if counts[slug]
        ]

    def _feeds(self, path: str) -> tuple[tuple[str, str], ...]:
        return ((self._name, self.linker(path, PATHS.feed(self._slug))),)

    def _line(self, number: Number) -> str:
        issue = number.issue
        parts = [ENGLISH.long_date(issue.published_on), f"Issue {issue.number}", wording.pieces(len(number.in_order))]
        return " · ".join(parts)

    def _section(self, number: Number, position: int, link: Callable[[str], str]) -> Mapping[str, object]:
        section = number.sections[position]
        return {
            "anchor": f"topic-{position + 1}",
            "name": one_line(section.topic.name),
            "href": link(PATHS.topic(self._slug, section.topic.slug)),
            "count": wording.pieces(len(section.articles)),
            "number": len(section.articles),
            "pieces": [piece(self.archive, number, a, link, under=section.topic.slug) for a in section.articles],
        }

    def _whole(self, number: Number, article: Article, path: str) -> Mapping[str, object]:
        here = number.in_order.index(article)
        beside = {"before": here - 1, "after": here + 1}
        return {
            "title": one_line(article.title),
            "meta": one_line(ENGLISH.meta(article, on=date.min)),
            "body": body(article),
            "original": original(article),
            "original_label": one_line(article.link_label) or "Read the whole piece",
            "elsewhere": [Place(name=one_line(p.name), href=web_address(p.link or "")) for p in article.also_at],
            "topics": topic_places(self.archive, article, self._from(path)),
            "issue": self._place(number, path),
            **{side: self._piece_at(number, position, path) for side, position in beside.items()},
        }

    def _piece_at(self, number: Number, position: int, path: str) -> Place | None:
        if not 0 <= position < len(number.in_order):
            return None
        article = number.in_order[position]
        address = PATHS.article(self._slug, number.issue.key, article.slug)
        return Place(name=one_line(article.title), href=self.linker(path, address))

    def _issues_beside(self, number: Number, path: str) -> Mapping[str, Place | None]:
        numbers = self.archive.numbers
        here = numbers.index(number)
        newer = numbers[here - 1] if here else None
        older = numbers[here + 1] if here + 1 < len(numbers) else None
        beside = {"before": older, "after": newer}
        return {side: self._place(each, path) if each else None for side, each in beside.items()}

    def _place(self, number: Number, path: str) -> Place:
        return Place(
            name=wording.heading(number.issue, self.archive.publication.newsletter.name),
            href=self.linker(path, PATHS.issue(self._slug, number.issue.key)),
            beside=ENGLISH.long_date(number.issue.published_on),
        )


def _by_issue(found: list[tuple[Number, Article]]) -> Iterator[list[tuple[Number, Article]]]:
    return (list(pairs) for _, pairs in groupby(found, key=lambda pair: pair[0].issue.id))
