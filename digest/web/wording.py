"""Wording: what an issue is called in a list, and pieces of text cut to a line."""

import re
from collections.abc import Sequence

from digest.model.issue import Article
from digest.rendering.fragments import one_line
from digest.storage.archive import PastIssue

#: What a list can show in one line.
LINE = 110


def pieces(count: int) -> str:
    """ "1 piece", "1,240 pieces"."""
    return f"{count:,} {'piece' if count == 1 else 'pieces'}"


def heading(issue: PastIssue, newsletter_name: str) -> str:
    """An issue's title, without the newsletter's name that stands over every page anyway."""
    return one_line(issue.title.removeprefix(f"{newsletter_name}, ")) or issue.period_label


def first_line(issue: PastIssue, articles: Sequence[Article]) -> str:
    """What an issue is about, in a line: its introduction's first sentence, else its first titles."""
    opening = one_line(issue.intro_text.strip().partition("\n\n")[0])
    sentence = re.split(r"(?<=[.!?…])\s", opening, maxsplit=1)[0]
    titles = [one_line(article.title) for article in articles[:2]]
    both = "; ".join(titles)
    return cut(sentence or (both if len(both) <= LINE else titles[0]))


def cut(text: str, length: int = LINE) -> str:
    """The text, or as many whole words of it as fit, with an ellipsis."""
    if len(text) <= length:
        return text
    return f"{text[:length].rpartition(' ')[0] or text[: length - 1]}…".replace(",…", "…").replace(";…", "…")
