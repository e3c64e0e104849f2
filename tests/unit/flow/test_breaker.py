"""The breaker: refusals in a row that no other message would escape end the run; others do not."""

import pytest

from digest.errors import TransportRefused, TransportUnavailable
from digest.flow.breaker import PATIENCE_WITH_MAILBOXES, PATIENCE_WITH_US, Breaker
from digest.model.delivery import About, Handover, Outcome, Phase

ACCEPTED = Handover(outcome=Outcome.ACCEPTED, phase=Phase.DOT, reply_code=250)
NO_SUCH_USER = Handover(outcome=Outcome.FAILED, phase=Phase.RCPT, reply_code=550, diagnostic="No such user")
GREYLISTED = Handover(outcome=Outcome.DEFERRED, phase=Phase.RCPT, reply_code=451)


def of_us(code: int) -> Handover:
    """A refusal about us."""
    return Handover(
        outcome=Outcome.DEFERRED, phase=Phase.MAIL, reply_code=code, about=About.US, diagnostic="Bad reputation"
    )


@pytest.mark.parametrize(("code", "kind"), [(554, TransportRefused), (451, TransportUnavailable)])
def test_refusals_of_us_in_a_row_end_the_run(code: int, kind: type[Exception]) -> None:
    """With the server's words; whether to try again by itself is in the type."""
    breaker = Breaker()

    problems = [breaker.problem_after(of_us(code)) for _ in range(PATIENCE_WITH_US)]

    assert problems[:-1] == [None] * (PATIENCE_WITH_US - 1)
    assert type(problems[-1]) is kind
    assert "Bad reputation" in str(problems[-1])


@pytest.mark.parametrize("between", [ACCEPTED, NO_SUCH_USER, GREYLISTED])
def test_an_answer_about_a_reader_shows_that_we_are_still_heard(between: Handover) -> None:
    """The count begins anew."""
    breaker = Breaker()

    problems = [breaker.problem_after(each) for _ in range(PATIENCE_WITH_US) for each in (of_us(554), between)]

    assert not any(problems)


def test_so_many_readers_refused_in_a_row_are_no_coincidence() -> None:
    """The run ends before a broken server empties the list."""
    breaker = Breaker()

    problems = [breaker.problem_after(NO_SUCH_USER) for _ in range(PATIENCE_WITH_MAILBOXES)]

    assert not any(problems[:-1])
    assert isinstance(problems[-1], TransportRefused)


def test_readers_refused_here_and_there_are_usual() -> None:
    """Every list has some."""
    breaker = Breaker()

    problems = [breaker.problem_after(each) for _ in range(50) for each in (NO_SUCH_USER, NO_SUCH_USER, ACCEPTED)]

    assert not any(problems)
