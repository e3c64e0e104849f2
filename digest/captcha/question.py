"""A question that people of the place can answer: it loads nothing, and asks no third party."""

import unicodedata
from collections.abc import Collection
from dataclasses import dataclass

from digest.model.person import Task, Verdict

FIELD = "answer"
#: Nobody means more by an answer.
_LONGEST = 200


@dataclass(frozen=True)
class QuestionCheck:
    """One question with all answers that are right."""

    question: str
    answers: Collection[str]

    @property
    def task(self) -> Task:
        """The question."""
        return Task(field=FIELD, question=self.question)

    def passed(self, answer: str, *, client: str) -> Verdict:
        """Whether it is one of the answers, however it is written."""
        given = _plain(answer[:_LONGEST])
        right = given and given in {_plain(each) for each in self.answers}
        return Verdict.PASSED if right else Verdict.REFUSED


def _plain(text: str) -> str:
    """Letters and digits alone, of one kind."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", text).casefold() if sign.isalnum())
