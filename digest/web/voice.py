"""Voice: what readers' own pages say, in one language."""

from dataclasses import dataclass
from datetime import date

from digest.errors import Problem
from digest.model.cadence import Cadence
from digest.rendering.phrases import Phrases
from digest.rendering.tongues import marked

_OFTEN = {
    Cadence.DAILY: marked("Daily"),
    Cadence.WEEKLY: marked("Weekly"),
    Cadence.MONTHLY: marked("Monthly"),
    Cadence.QUARTERLY: marked("Quarterly"),
}
_USUAL = {
    Cadence.DAILY: marked("one letter a day"),
    Cadence.WEEKLY: marked("one letter a week"),
    Cadence.MONTHLY: marked("one letter a month"),
    Cadence.QUARTERLY: marked("one letter a quarter"),
}


@dataclass(frozen=True, slots=True)
class Voice:
    """Phrases of readers' own pages."""

    phrases: Phrases

    @property
    def tag(self) -> str:
        """The language, BCP 47."""
        return self.phrases.tongue.tag

    def say(self, message: str, **values: object) -> str:
        """The message in this language, its `%(name)s` filled in."""
        return self.phrases.tongue.say(message, **values)

    def problem(self, problem: Problem) -> str:
        """What is wrong and what to do; raised with marked sentences, so that it can be said in any language."""
        return " ".join(self.say(each) for each in (problem.what, problem.remedy) if each)

    def often(self, cadence: Cadence) -> str:
        """To choose from: "Monthly"."""
        return self.say(_OFTEN[cadence])

    def usual(self, cadence: Cadence) -> str:
        """What comes where nothing else is chosen: "one letter a month"."""
        return self.say(_USUAL[cadence])

    def months(self, count: int) -> str:
        """ "1 month", "3 months"."""
        return self.phrases.tongue.plural("%(number)s month", "%(number)s months", count, number=count)

    def day(self, value: date, *, on: date) -> str:
        """ "1 December", with the year where it is not that of `on`."""
        return self.phrases.day(value, on=on)

    def long_date(self, value: date) -> str:
        """ "3 March 2026"."""
        return self.phrases.long_date(value)
