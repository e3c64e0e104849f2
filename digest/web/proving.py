"""Proving: what the form asks of whoever signs up so that they are known for a person, and what comes of the answer."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from digest.model.person import Verdict
from digest.ports import PersonCheck
from digest.rendering.fragments import one_line
from digest.rendering.tongues import marked
from digest.settings.web import Unreachable
from digest.web import guard
from digest.web.forms import Form, first

#: What mistakes call the field, and what JSON does.
FIELD = "answer"


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of an answer; empty for nothing wrong."""

    #: Marked words.
    mistake: str = ""
    #: Whether it is we, or somebody we ask, who cannot tell just now.
    later: bool = False


class Proving:
    """The check that the settings choose, as the form and the endpoint for programs ask it."""

    def __init__(self, check: PersonCheck, when_unreachable: Unreachable) -> None:
        self._check, self._accepts_unknown = check, when_unreachable is Unreachable.ACCEPT
        self._task = check.task

    @property
    def policy(self) -> str:
        """What the page may load besides the usual; empty for nothing."""
        if not self._task.script:
            return ""
        parts = urlsplit(self._task.script)
        return guard.loading_from([f"{parts.scheme}://{parts.netloc}", *self._task.origins])

    @property
    def scripts(self) -> tuple[str, ...]:
        """What the page runs."""
        return (self._task.script,) if self._task.script else ()

    def view(self, form: Form) -> dict[str, str]:
        """What the form's template wants: a question with what was typed, a widget, or nothing."""
        task = self._task
        return {
            "field": task.field,
            "question": one_line(task.question),
            "typed": one_line(first(form, task.field))[:200] if task.question else "",
            "widget": task.widget,
            "site_key": task.site_key,
            "host": urlsplit(task.script).hostname or "",
        }

    def of_form(self, form: Form, client: str) -> Proof:
        """Whether a form was filled in by a person."""
        return self.of(first(form, self._task.field), client)

    def of(self, answer: str, client: str) -> Proof:
        """The same of an answer alone."""
        match self._check.passed(answer, client=client):
            case Verdict.UNKNOWN if not self._accepts_unknown:
                return Proof(
                    marked("We cannot check at the moment that you are a person. Please try again in some minutes."),
                    later=True,
                )
            case Verdict.REFUSED if self._task.question:
                return Proof(marked("This is not the answer. Please try again."))
            case Verdict.REFUSED:
                return Proof(marked("Please show that you are a person."))
        return Proof()
