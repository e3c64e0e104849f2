"""Spoken: an edition in the languages of its readers, each compiled once, and only where somebody reads it."""

from collections.abc import Mapping
from dataclasses import replace

from digest.flow.freeze import Edition, default_subject, default_title
from digest.flow.house import House
from digest.model.issue import IssueContent
from digest.rendering.blocks import Block, compile_issue
from digest.rendering.phrases import Phrases

#: What the newsletter's own language is called here.
OWN = ""


class Spoken:
    """One edition in all its languages; by their BCP 47 tags, OWN for the newsletter's."""

    def __init__(self, house: House, edition: Edition, stored: Mapping[str, Mapping[str, Block]] | None = None) -> None:
        self._house = house
        self._stored = stored or {}
        #: The editions that were asked for so far.
        self.editions: dict[str, Edition] = {OWN: edition}

    @property
    def own(self) -> Edition:
        """In the newsletter's language."""
        return self.editions[OWN]

    def language_for(self, reads: str) -> str:
        """The language in which somebody is written to who reads `reads`."""
        newsletter = self.own.content.language
        nearest = self._house.tongues.nearest(reads, otherwise=newsletter)
        return OWN if nearest == newsletter else nearest

    def edition(self, language: str) -> Edition:
        """The edition in a language. Raises BadTemplate."""
        if language not in self.editions:
            self.editions[language] = self._spoken(language)
        return self.editions[language]

    def _spoken(self, language: str) -> Edition:
        phrases = self._house.phrases_in(language)
        content = _in_language(self.own, phrases)
        blocks = self._stored.get(language) or compile_issue(content, self._house.templates_in(language))
        subject = self.own.issue.subject or default_subject(self.own.publication.newsletter, content)
        return replace(self.own, language=language, phrases=phrases, content=content, blocks=blocks, subject=subject)


def _in_language(edition: Edition, phrases: Phrases) -> IssueContent:
    """What the issue says of itself in other words; what it holds stays in the language it was written in."""
    label = phrases.period_label(edition.issue.period)
    return replace(
        edition.content,
        language=phrases.tongue.tag,
        period_label=label,
        title=edition.issue.title or default_title(edition.content.name, label),
    )
