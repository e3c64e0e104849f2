"""The archive's pages, made from frozen issues alone: the same for a server and for a folder of files."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from jinja2.sandbox import ImmutableSandboxedEnvironment

from digest.errors import UnknownName
from digest.rendering.environment import render
from digest.rendering.fragments import one_line
from digest.storage.search import Found
from digest.web import atom, brand, jsonfeed, search_page, sitemap, wording
from digest.web.archive_parts import Parts
from digest.web.frame import PATHS, Frame, brand_sheet, branded
from digest.web.hrefs import Linker
from digest.web.page import CSS, HTML, XML, Page
from digest.web.pieces import original
from digest.web.shelf import Archive, Number
from digest.web.words import Words

SHEET = "/static/archive.css"
SCRIPT = "/static/search.js"


@dataclass(frozen=True, kw_only=True)
class ArchivePages:
    """Builds every page of one newsletter's archive."""

    archive: Archive
    #: The templates and words of the newsletter's language.
    templates: ImmutableSandboxedEnvironment
    words: Words
    linker: Linker
    #: The address all pages lie under, without a final slash; for feeds, canonical links and sharing.
    base: str
    #: Whether they lie in a folder, where no server can search.
    in_folder: bool = False
    #: Whether they are one reader's, with a key in each link; then nobody should find or share them.
    keyed: bool = False

    def every(self) -> Iterator[Page]:
        """All pages there are, the front page first."""
        yield from (self.home(), self.brand(), self.feed(), self.json_feed(), self.sitemap())
        yield self.search()
        yield from search_page.index(self._parts(search_page.path_of(self.slug)), self.linker)
        for slug in self.archive.topics:
            yield from (self.topic(slug), self.feed(slug), self.json_feed(slug))
        for number in self.archive.numbers:
            yield self.issue(number.issue.key)
            for article in number.in_order:
                yield self.article(number.issue.key, article.slug)

    def home(self) -> Page:
        """The newest issue, all before it by year, the topics and the feeds."""
        path = PATHS.archive(self.slug)
        newsletter = self.archive.publication.newsletter
        about = one_line(newsletter.description)
        frame = replace(self._frame(path, newsletter.name), description=about)
        parts = self._parts(path)
        return self._html(
            "home",
            path,
            frame,
            newest=parts.newest(),
            years=parts.years(),
            topics=parts.topics(),
            feed=self.linker(path, PATHS.feed(self.slug)),
            introduction=about,
        )

    def issue(self, key: str) -> Page:
        """A whole issue. Raises UnknownName."""
        number, path = self._number(key), PATHS.issue(self.slug, key)
        title = wording.heading(number.issue, self.archive.publication.newsletter.name)
        about = wording.first_line(number.issue, number.in_order)
        frame = replace(self._frame(path, f"{title}: {self._name}"), description=about, kind="article")
        published = number.issue.published_on.isoformat()
        return self._html("issue", path, frame, published=published, **self._parts(path).issue(number))

    def article(self, key: str, slug: str) -> Page:
        """One item, whole. Raises UnknownName."""
        number = self._number(key)
        article = next((a for a in number.in_order if a.slug == slug), None)
        if article is None:
            raise UnknownName(f"There is no piece “{slug}” in {self.slug}/{key}.")
        path = PATHS.article(self.slug, key, slug)
        frame = replace(
            self._frame(path, f"{article.title}: {self._name}"),
            description=wording.cut(one_line(article.summary_text), 200),
            canonical=original(article),
            kind="article",
        )
        published = article.published_on.isoformat() if article.published_on else ""
        return self._html("article", path, frame, published=published, **self._parts(path).article(number, article))

    def topic(self, slug: str) -> Page:
        """What past issues held on one topic. Raises UnknownName."""
        name, path = self._topic_name(slug), PATHS.topic(self.slug, slug)
        about = one_line(next((t.description for t in self.archive.publication.topics if t.slug == slug), ""))
        parts = self._parts(path)
        return self._html(
            "topic",
            path,
            replace(self._frame(path, f"{name}: {self._name}"), description=about),
            topic=slug,
            name=name,
            about=about,
            line=self.words.topic_line(len(self.archive.on_topic(slug))),
            issues=parts.on_topic(slug),
            topics=parts.topics(),
            feed=self.linker(path, f"{path}feed.atom"),
        )

    def search(self, query: str = "", page: int = 1, found: Found | None = None) -> Page:
        """What was found with these words; in a folder, the page that finds by itself."""
        path = search_page.path_of(self.slug)
        parts, query = self._parts(path), one_line(query)
        here = self.linker(path, path)
        frame = replace(self._frame(path, f"{self.words.searched(query)}: {self._name}"), url="")
        if self.in_folder:
            frame = replace(frame, scripts=(self.linker(path, SCRIPT),))
        return self._html(
            "search",
            path,
            frame,
            action=here,
            files=search_page.files(parts) if self.in_folder else 0,
            one=self.words.found(1),
            many=self.words.found_many(),
            **search_page.results(parts, here, found or Found(total=0, hits=()), query, page),
        )

    def feed(self, topic: str | None = None) -> Page:
        """The Atom feed of the newsletter or of one topic. Raises UnknownName."""
        path = f"{self._home_of(topic)}feed.atom"
        name = None if topic is None else self._topic_name(topic)
        made = atom.feed(self.archive, path=path, base=self.base, topic=topic, topic_name=name)
        return Page(path=path, media_type=atom.MEDIA_TYPE, body=made, modified=self.archive.changed_at)

    def json_feed(self, topic: str | None = None) -> Page:
        """The same as a JSON Feed. Raises UnknownName."""
        path = f"{self._home_of(topic)}feed.json"
        name = None if topic is None else self._topic_name(topic)
        made = jsonfeed.feed(self.archive, path=path, base=self.base, topic=topic, topic_name=name)
        return Page(path=path, media_type=jsonfeed.MEDIA_TYPE, body=made, modified=self.archive.changed_at)

    def sitemap(self) -> Page:
        """The pages that search engines should know."""
        path = f"{PATHS.archive(self.slug)}{sitemap.NAME}"
        return Page(path=path, media_type=XML, body=sitemap.of(self.archive, self.base))

    def brand(self) -> Page:
        """The newsletter's colours."""
        sheet = brand.stylesheet(self.archive.publication.newsletter.brand)
        return Page(path=brand_sheet(self.slug), media_type=CSS, body=sheet)

    @property
    def slug(self) -> str:
        """The newsletter's."""
        return self.archive.publication.newsletter.slug

    @property
    def _name(self) -> str:
        return one_line(self.archive.publication.newsletter.name)

    def _home_of(self, topic: str | None) -> str:
        """The page whose feeds lie beside it."""
        return PATHS.archive(self.slug) if topic is None else PATHS.topic(self.slug, topic)

    def _frame(self, path: str, title: str) -> Frame:
        framed = branded(self.linker, path, self.archive.publication.newsletter, title=title, private=self.keyed)
        link, form = self._from(path), PATHS.subscribe(self.slug)
        return replace(
            framed,
            url="" if self.keyed else f"{self.base}{path}",
            nav=self.words.nav(self.slug, link),
            # A form needs a server, so from a folder of files it is reached at its whole address.
            sign_up="" if self.keyed else f"{self.base}{form}" if self.in_folder else link(form),
            styles=(*framed.styles, link(SHEET)),
        )

    def _html(self, template: str, path: str, frame: Frame, **context: object) -> Page:
        topic = context.get("topic")
        feeds = self._feeds(path, str(topic) if topic else None)
        search = self.linker(path, search_page.path_of(self.slug))
        values = {"frame": frame, "feeds": feeds, "published": "", "search": search, **context}
        html = render(self.templates, f"web/archive/{template}.html.j2", values)
        return Page(path=path, media_type=HTML, body=html.encode())

    def _feeds(self, path: str, topic: str | None) -> list[tuple[str, str, str]]:
        """Type, title and link of each feed that belongs to a page: the topic's own before those of everything."""
        link, found = self._from(path), []
        for each in (topic, None) if topic else (None,):
            home = self._home_of(each)
            title = self._name if each is None else f"{self._name}: {self._topic_name(each)}"
            found.append((atom.TYPE, title, link(f"{home}feed.atom")))
            found.append((jsonfeed.TYPE, title, link(f"{home}feed.json")))
        return found

    def _parts(self, path: str) -> Parts:
        return Parts(archive=self.archive, words=self.words, link=self._from(path))

    def _from(self, path: str) -> Callable[[str], str]:
        return lambda to: self.linker(path, to)

    def _number(self, key: str) -> Number:
        found = next((number for number in self.archive.numbers if number.issue.key == key), None)
        if found is None:
            raise UnknownName(f"There is no past issue {self.slug}/{key}.", remedy="See the list of past issues.")
        return found

    def _topic_name(self, slug: str) -> str:
        if slug not in self.archive.topics:
            raise UnknownName(f"There is no topic “{slug}” in {self.slug}.")
        return self.archive.topics[slug]
