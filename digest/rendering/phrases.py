"""Phrases: the words that depend on numbers, dates and names, in the language of whoever reads them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from digest.model.cadence import Cadence, Period
from digest.model.issue import Article
from digest.model.source import LINK_LABEL
from digest.rendering.tongues import SOURCE, Tongue, Tongues, marked
from subscribers.address import masked

_SPELLED = (
    marked("one"),
    marked("two"),
    marked("three"),
    marked("four"),
    marked("five"),
    marked("six"),
    marked("seven"),
    marked("eight"),
    marked("nine"),
    marked("ten"),
    marked("eleven"),
    marked("twelve"),
)
_OFTEN = {
    Cadence.DAILY: marked("every day"),
    Cadence.WEEKLY: marked("once a week"),
    Cadence.MONTHLY: marked("once a month"),
    Cadence.QUARTERLY: marked("once a quarter"),
}
_DOT = " · "
#: Stand for an address and a day that come later; no text holds them.
_ADDRESS, _DAY = "\0", "\1"
#: A greeting longer than this, or with a link in it, is somebody's advertisement, not a name.
_LONGEST_NAME = 60


@dataclass(frozen=True, eq=False)
class Phrases:
    """What is said in one language."""

    tongue: Tongue

    def number(self, count: int) -> str:
        """Spelled to twelve, as within a sentence: "seven", "31"."""
        if 1 <= count <= len(_SPELLED):
            return self.tongue.say(_SPELLED[count - 1])
        return self.tongue.number(count)

    def headline(self, pieces: int, topics: int | None) -> str:
        """What is new: "Seven new pieces on your three topics"; `topics` is None for a reader of everything."""
        on_topics = self._on_topics(topics)
        if not pieces:
            return self.tongue.say("Nothing new %(on_topics)s this time", on_topics=on_topics)
        new = self.tongue.plural("%(number)s new piece", "%(number)s new pieces", pieces, number=self.number(pieces))
        return _opening(self.tongue.say("%(new_pieces)s %(on_topics)s", new_pieces=new, on_topics=on_topics))

    def whole_headline(self, pieces: int) -> str:
        """What an issue holds in all: "Seven pieces in this issue"."""
        if not pieces:
            return self.tongue.say("No pieces in this issue")
        spelled = self.number(pieces)
        return _opening(
            self.tongue.plural(
                "%(number)s piece in this issue", "%(number)s pieces in this issue", pieces, number=spelled
            )
        )

    def notes_headline(self, notes: int) -> str:
        """For a letter that holds editors' notes only."""
        return _opening(
            self.tongue.plural(
                "A note from the editors", "%(number)s notes from the editors", notes, number=self.number(notes)
            )
        )

    def count_new(self, count: int) -> str:
        """Beside a topic: "3 new"."""
        return self.tongue.plural("%(number)s new", "%(number)s new", count, number=self.tongue.number(count))

    def did_not_fit(self, count: int) -> str:
        """At the end of a letter: "And 2 more on your topics did not fit."."""
        return self.tongue.plural(
            "And %(number)s more on your topics did not fit.",
            "And %(number)s more on your topics did not fit.",
            count,
            number=self.tongue.number(count),
        )

    def next_issue(self, due_on: date | None, *, on: date) -> str:
        """ "The next issue is due on 1 December."; empty when nobody knows."""
        return (
            "" if due_on is None else self.tongue.say("The next issue is due on %(day)s.", day=self.day(due_on, on=on))
        )

    def link_label(self, label: str) -> str:
        """What leads to a whole piece: the source's own words; where it has none, this language's."""
        return self.tongue.say("Read the whole piece") if label in ("", LINK_LABEL) else label

    def minutes(self, count: int | None) -> str:
        """In the contents: "4 min"; empty when unknown."""
        return "" if count is None else self.tongue.say("%(number)s min", number=self.tongue.number(count))

    def meta(self, article: Article, *, on: date) -> str:
        """Under a title: "18 November · Research news · 4 min read", or "By Ruth Adeyemi · Blog · 1,240 words"."""
        if article.people:
            parts = [self.byline(article.people), self.day(article.published_on, on=on), article.source]
            parts.append(self._words(article.word_count))
        else:
            parts = [self.day(article.published_on, on=on), article.source, self._read(article.reading_minutes)]
        return _DOT.join(part for part in parts if part)

    def byline(self, people: Sequence[str]) -> str:
        """ "By Ruth Adeyemi and Tom Hale"."""
        return self.tongue.say("By %(people)s", people=self.listed(people))

    def issue_line(self, period: str, issue_number: int, publisher: str) -> str:
        """Under the newsletter's name: "November 2026 · Issue 11 · Harbour Institute"."""
        issue = self.tongue.say("Issue %(number)s", number=issue_number)
        return _DOT.join(part for part in (period, issue, publisher) if part)

    def period_label(self, period: Period) -> str:
        """A period in words: "November 2026", "Week 47, 2026", "October to December 2026"."""
        first, last = period.first, period.after - timedelta(days=1)
        match period.cadence:
            case Cadence.DAILY:
                return self.tongue.long_date(first)
            case Cadence.WEEKLY:
                year, week, _ = first.isocalendar()
                return self.tongue.say("Week %(week)s, %(year)s", week=week, year=year)
            case Cadence.MONTHLY:
                return self.tongue.month_of_year(first)
            case Cadence.QUARTERLY:
                months = {"first": self.tongue.month(first), "last": self.tongue.month_of_year(last)}
                return self.tongue.say("%(first)s to %(last)s", **months)

    def also_in(self, topics: Sequence[str]) -> str:
        """Where else an item is filed: "Also in Housing and Personal budgets"; empty for nowhere else."""
        return self.tongue.say("Also in %(topics)s", topics=self.listed(topics)) if topics else ""

    def greeting(self, name: str) -> str:
        """ "Hello Priya,", or "Hello," when the name is empty or cannot be one."""
        return _greeting(self, name)

    def why(self, *, cadence: Cadence, signed_up_on: date | None, address: str, topics: Sequence[str] | None) -> str:
        """Why a reader gets this; `topics` are names, None for everything."""
        sentence = _why(self, cadence, signed_up_on is not None, None if topics is None else tuple(topics))
        if signed_up_on is not None:
            sentence = sentence.replace(_DAY, self.long_date(signed_up_on))
        return sentence.replace(_ADDRESS, masked(address))

    def asked(self, *, newsletter: str, cadence: Cadence, address: str, topics: Sequence[str] | None) -> str:
        """What a confirmation is asked for; `topics` are names, None for everything."""
        return self.tongue.say(
            "Somebody, we think you, asked us to send %(newsletter)s %(often)s to %(address)s, on %(topics)s.",
            newsletter=newsletter,
            often=self.tongue.say(_OFTEN[cadence]),
            address=masked(address),
            topics=self.chosen(topics),
        )

    def comes(self, *, newsletter: str, cadence: Cadence, topics: Sequence[str] | None) -> str:
        """What somebody gets from now on; `topics` are names, None for everything."""
        return self.tongue.say(
            "You get %(newsletter)s %(often)s, on %(topics)s.",
            newsletter=newsletter,
            often=self.tongue.say(_OFTEN[cadence]),
            topics=self.chosen(topics),
        )

    def works_until(self, day: date) -> str:
        """How long a link works."""
        return self.tongue.say("The link works until %(date)s.", date=self.long_date(day))

    def chosen(self, topics: Sequence[str] | None) -> str:
        """Topics by name: "Unpaid carers and Housing", "all topics", "no topics"."""
        if topics is None:
            return self.tongue.say("all topics")
        return self.listed(topics) or self.tongue.say("no topics")

    def listed(self, names: Sequence[str]) -> str:
        """ "A", "A and B", "A, B and C"; with a comma before the last "and" where a name holds one itself."""
        if len(names) < 2:
            return "".join(names)
        values = {"names": ", ".join(names[:-1]), "last": names[-1]}
        plain = self.tongue.say("%(names)s and %(last)s", **values)
        conjunction = self.tongue.say("%(names)s and %(last)s", names="", last="")
        doubtful = any(conjunction in name for name in names)
        return self.tongue.say("%(names)s, and %(last)s", **values) if doubtful else plain

    def day(self, value: date | None, *, on: date) -> str:
        """ "18 November", with the year when it is not the issue's; empty when unknown."""
        if value is None:
            return ""
        return self.tongue.day(value) if value.year == on.year else self.tongue.long_date(value)

    def long_date(self, value: date) -> str:
        """ "3 March 2026"."""
        return _long_date(self.tongue, value)

    def _words(self, count: int | None) -> str:
        if count is None:
            return ""
        return self.tongue.plural("%(number)s word", "%(number)s words", count, number=self.tongue.number(count))

    def _read(self, minutes: int | None) -> str:
        return "" if minutes is None else self.tongue.say("%(minutes)s read", minutes=self.minutes(minutes))

    def _on_topics(self, topics: int | None) -> str:
        if topics is None:
            return self.tongue.say("on all topics")
        return self.tongue.plural("on your topic", "on your %(number)s topics", topics, number=self.number(topics))


@lru_cache(maxsize=4096)
def _long_date(tongue: Tongue, value: date) -> str:
    """Kept: every letter says on which day its reader signed up."""
    return tongue.long_date(value)


@lru_cache(maxsize=4096)
def _greeting(phrases: Phrases, name: str) -> str:
    """Kept: many readers have the same first name, or none."""
    name = " ".join(name.split())
    unlikely = len(name) > _LONGEST_NAME or any(sign in name for sign in ("://", "www.", "@", "<", ">"))
    say = phrases.tongue.say
    return say("Hello %(name)s,", name=name) if name and not unlikely else say("Hello,")


@lru_cache(maxsize=4096)
def _why(phrases: Phrases, cadence: Cadence, has_day: bool, topics: tuple[str, ...] | None) -> str:
    """The sentence but for the day and the address: hardly two readers of one choice of topics share both."""
    say = phrases.tongue.say
    values = {"often": say(_OFTEN[cadence]), "address": _ADDRESS, "topics": phrases.chosen(topics)}
    if not has_day:
        return say("You get this %(often)s because you signed up with %(address)s and chose %(topics)s.", **values)
    return say(
        "You get this %(often)s because you signed up on %(date)s with %(address)s and chose %(topics)s.",
        date=_DAY,
        **values,
    )


def _opening(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


#: In the language that messages are written in.
ENGLISH = Phrases(Tongues(()).of(SOURCE))
