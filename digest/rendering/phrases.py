"""Phrases: the words that depend on numbers, dates and names, in one place for whoever translates them."""

from collections.abc import Sequence
from datetime import date, timedelta

from digest.model.cadence import Cadence, Period
from digest.model.issue import Article
from subscribers.address import masked

_NUMBERS = ["No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve"]
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_OFTEN = {
    Cadence.DAILY: "every day",
    Cadence.WEEKLY: "once a week",
    Cadence.MONTHLY: "once a month",
    Cadence.QUARTERLY: "once a quarter",
}
_DOT = " · "
#: A greeting longer than this, or with a link in it, is somebody's advertisement, not a name.
_LONGEST_NAME = 60


def number(count: int) -> str:
    """Spelled to twelve, as a sentence begins: "Seven", "31"."""
    return _NUMBERS[count] if 0 <= count < len(_NUMBERS) else f"{count:,}"


def headline(pieces: int, topics: int | None) -> str:
    """What is new: "Seven new pieces on your three topics"; `topics` is None for a reader of everything."""
    if not pieces:
        return f"Nothing new {_on_topics(topics)} this time"
    return f"{number(pieces)} new {'piece' if pieces == 1 else 'pieces'} {_on_topics(topics)}"


def whole_headline(pieces: int) -> str:
    """What an issue holds in all: "Seven pieces in this issue"."""
    return f"{number(pieces)} {'piece' if pieces == 1 else 'pieces'} in this issue"


def notes_headline(notes: int) -> str:
    """For a letter that holds editors' notes only."""
    return "A note from the editors" if notes == 1 else f"{number(notes)} notes from the editors"


def count_new(count: int) -> str:
    """Beside a topic: "3 new"."""
    return f"{count:,} new"


def more(count: int) -> str:
    """What found no room: "And 2 more"."""
    return f"And {count:,} more"


def minutes(count: int | None) -> str:
    """In the contents: "4 min"; empty when unknown."""
    return "" if count is None else f"{count:,} min"


def meta(article: Article, *, on: date) -> str:
    """Under a title: "18 November · Research news · 4 min read", or "By Ruth Adeyemi · Blog · 1,240 words"."""
    if article.people:
        length = "" if article.word_count is None else f"{article.word_count:,} words"
        parts = [byline(article.people), day(article.published_on, on=on), article.source, length]
    else:
        length = minutes(article.reading_minutes) and f"{minutes(article.reading_minutes)} read"
        parts = [day(article.published_on, on=on), article.source, length]
    return _DOT.join(part for part in parts if part)


def byline(people: Sequence[str]) -> str:
    """ "By Ruth Adeyemi and Tom Hale"."""
    return f"By {listed(people)}"


def issue_line(period: str, issue_number: int, publisher: str) -> str:
    """Under the newsletter's name: "November 2026 · Issue 11 · Harbour Institute"."""
    return _DOT.join(part for part in (period, f"Issue {issue_number}", publisher) if part)


def period_label(period: Period) -> str:
    """A period in words: "November 2026", "Week 47, 2026", "October to December 2026"."""
    first, last = period.first, period.after - timedelta(days=1)
    match period.cadence:
        case Cadence.DAILY:
            return long_date(first)
        case Cadence.WEEKLY:
            year, week, _ = first.isocalendar()
            return f"Week {week}, {year}"
        case Cadence.MONTHLY:
            return f"{_MONTHS[first.month - 1]} {first.year}"
        case Cadence.QUARTERLY:
            return f"{_MONTHS[first.month - 1]} to {_MONTHS[last.month - 1]} {first.year}"


def also_in(topics: Sequence[str]) -> str:
    """Where else an item is filed: "Also in Housing and Personal budgets"; empty for nowhere else."""
    return f"Also in {listed(topics)}" if topics else ""


def greeting(name: str) -> str:
    """ "Hello Priya,", or "Hello," when the name is empty or cannot be one."""
    name = " ".join(name.split())
    unlikely = len(name) > _LONGEST_NAME or any(sign in name for sign in ("://", "www.", "@", "<", ">"))
    return f"Hello {name}," if name and not unlikely else "Hello,"


def why(*, cadence: Cadence, signed_up_on: date | None, address: str, topics: Sequence[str] | None) -> str:
    """Why a reader gets this; `topics` are names, None for everything."""
    since = f" on {long_date(signed_up_on)}" if signed_up_on else ""
    chose = "all topics" if topics is None else listed(topics) or "no topics"
    return f"You get this {_OFTEN[cadence]} because you signed up{since} with {masked(address)} and chose {chose}."


def listed(names: Sequence[str]) -> str:
    """ "A", "A and B", "A, B and C"; with a comma before the last "and" where a name holds one itself."""
    if len(names) < 2:
        return "".join(names)
    comma = "," if any(" and " in name for name in names) else ""
    return f"{', '.join(names[:-1])}{comma} and {names[-1]}"


def day(value: date | None, *, on: date) -> str:
    """ "18 November", with the year when it is not the issue's; empty when unknown."""
    if value is None:
        return ""
    return f"{value.day} {_MONTHS[value.month - 1]}" if value.year == on.year else long_date(value)


def long_date(value: date) -> str:
    """ "3 March 2026"."""
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def _on_topics(topics: int | None) -> str:
    if topics is None:
        return "on all topics"
    return "on your topic" if topics == 1 else f"on your {number(topics).lower()} topics"
