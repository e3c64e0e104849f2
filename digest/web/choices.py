"""Choices: what can be chosen of a newsletter, as forms show it: topics with a taste, how often, languages."""

from collections.abc import Collection
from datetime import date, datetime, timedelta

from babel import Locale, UnknownLocaleError

from digest.model.cadence import Cadence, period_of
from digest.model.newsletter import Newsletter
from digest.rendering.fragments import one_line
from digest.rendering.tongues import Tongues
from digest.web import wording
from digest.web.shelf import Archive
from digest.web.voice import Voice

_LATEST = 76


def topics(archive: Archive, chosen: Collection[str] | None, *, titles: int = 1) -> list[dict[str, object]]:
    """Each topic with what it is about and its newest titles; ticked where it is among the chosen ones."""
    return [
        {
            "slug": topic.slug,
            "name": one_line(topic.name),
            "about": one_line(topic.description),
            "latest": [
                wording.cut(one_line(article.title), _LATEST) for _, article in archive.on_topic(topic.slug)[:titles]
            ],
            "chosen": chosen is not None and topic.slug in chosen,
        }
        for topic in archive.publication.topics
    ]


def cadences(newsletter: Newsletter, current: str, voice: Voice) -> list[dict[str, object]]:
    """How often it comes, where there is a choice; the usual one where the current is not offered (any more)."""
    if len(newsletter.cadences) < 2:
        return []
    if current not in newsletter.cadences:
        current = newsletter.default_cadence
    ordered = [cadence for cadence in Cadence if cadence in newsletter.cadences]
    return [{"value": str(c), "name": voice.often(c), "chosen": c == current} for c in ordered]


def languages(tongues: Tongues, newsletter: Newsletter, current: str) -> list[dict[str, object]]:
    """The languages that letters speak, the newsletter's own first and without a tag; none where there is only one."""
    others = [tag for tag in tongues.available if tongues.nearest(tag, otherwise=newsletter.language) == tag]
    others = [tag for tag in others if tag != newsletter.language]
    nearest = tongues.nearest(current, otherwise=newsletter.language)
    listed = [("", newsletter.language), *((tag, tag) for tag in others)]
    return (
        [{"value": value, "tag": tag, "name": _own_name(tag), "chosen": tag == nearest} for value, tag in listed]
        if others
        else []
    )


def next_due(newsletter: Newsletter, cadence_name: str, after: datetime, voice: Voice) -> str:
    """The day on which the next issue is due, in words: "1 December"; empty where nobody knows."""
    due = _next_due(newsletter, cadence_name, after)
    return voice.day(due, on=after.date()) if due else ""


def _next_due(newsletter: Newsletter, cadence_name: str, after: datetime) -> date | None:
    if cadence_name not in newsletter.cadences:
        return None
    cadence = Cadence(cadence_name)
    period = period_of(cadence, after.astimezone(newsletter.zone).date() - timedelta(days=1))
    while (due := period.due_at(newsletter.cadences[cadence], newsletter.zone)) <= after:
        period = period.next
    return due.astimezone(newsletter.zone).date()


def _own_name(tag: str) -> str:
    """What a language calls itself: "Deutsch", "English (United Kingdom)"."""
    try:
        name = Locale.parse(tag, sep="-").get_display_name()
    except (ValueError, UnknownLocaleError):
        return tag
    return (name or tag).capitalize() if name and name.islower() else name or tag
