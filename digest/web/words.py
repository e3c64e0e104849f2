"""Words: what the archive's pages say where numbers, dates and names are in it, in the newsletter's language."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from digest.model.issue import Article
from digest.rendering.fragments import one_line
from digest.rendering.phrases import Phrases
from digest.rendering.tongues import Tongue, marked
from digest.web.frame import PATHS

#: Where the top of each page leads: words, and the place within the archive.
_PLACES = (
    (marked("Past issues"), "#past-issues"),
    (marked("Topics"), "#topics"),
    (marked("Search"), "search/"),
    (marked("Feeds"), "#feeds"),
)
_DOT = " · "


@dataclass(frozen=True)
class Words:
    """Phrases of the archive."""

    phrases: Phrases

    @property
    def tongue(self) -> Tongue:
        """The language."""
        return self.phrases.tongue

    def pieces(self, count: int) -> str:
        """ "1 piece", "1,240 pieces"."""
        return self.tongue.plural("%(number)s piece", "%(number)s pieces", count, number=self.tongue.number(count))

    def found(self, count: int) -> str:
        """ "1 piece found", "12 pieces found"."""
        number = self.tongue.number(count)
        return self.tongue.plural("%(number)s piece found", "%(number)s pieces found", count, number=number)

    def more(self, count: int) -> str:
        """ "And 3 more."; empty for none."""
        number = self.tongue.number(count)
        return self.tongue.plural("And %(number)s more.", "And %(number)s more.", count, number=number) if count else ""

    def found_many(self) -> str:
        """The same with a sign for the number, "%n", for the script that counts."""
        return self.tongue.plural("%(number)s piece found", "%(number)s pieces found", 2, number="%n")

    def searched(self, query: str) -> str:
        """The title of a page of results."""
        return self.tongue.say("Search: %(query)s", query=query) if query else self.tongue.say("Search")

    def nothing_found(self, query: str) -> str:
        """Where nothing has all the words."""
        return self.tongue.say("Nothing was found for “%(query)s”.", query=query)

    def page_of(self, page: int, pages: int) -> str:
        """ "Page 2 of 7"."""
        number = self.tongue.number
        return self.tongue.say("Page %(page)s of %(pages)s", page=number(page), pages=number(pages))

    def issue_line(self, published_on: date, number: int, count: int) -> str:
        """Over an issue: "31 October 2026 · Issue 2 · 14 pieces"."""
        issue = self.tongue.say("Issue %(number)s", number=number)
        return _DOT.join([self.long_date(published_on), issue, self.pieces(count)])

    def topic_line(self, count: int) -> str:
        """Over a topic: "Topic · 14 pieces"."""
        return _DOT.join([self.tongue.say("Topic"), self.pieces(count)])

    def long_date(self, value: date) -> str:
        """ "3 March 2026"."""
        return self.phrases.long_date(value)

    def month_day(self, value: date) -> str:
        """ "1 October"; the year stands over the list."""
        return self.tongue.day(value)

    def meta(self, article: Article, *, on: date = date.min) -> str:
        """Under a title; days of the year of `on` leave it out."""
        return one_line(self.phrases.meta(article, on=on))

    def link_label(self, article: Article) -> str:
        """What leads to the original."""
        return one_line(self.phrases.link_label(article.link_label))

    def from_the_editors(self) -> str:
        """Where a pinned piece belongs."""
        return self.tongue.say("From the editors")

    def nav(self, newsletter_slug: str, link: Callable[[str], str]) -> tuple[tuple[str, str], ...]:
        """The links at the top of each page."""
        home = PATHS.archive(newsletter_slug)
        return tuple((self.tongue.say(words), link(f"{home}{place}")) for words, place in _PLACES)
