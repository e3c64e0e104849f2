"""The breaker: ends a run when refusals pile up that no other message would escape."""

from dataclasses import dataclass

from digest.errors import Problem, TransportRefused, TransportUnavailable
from digest.model.delivery import About, Handover, Outcome

#: So many refusals in a row that are about us, not about a reader, stop the stream.
PATIENCE_WITH_US = 5

#: So many readers refused in a row are no coincidence: the server's own list is broken, or ours is.
PATIENCE_WITH_MAILBOXES = 20


@dataclass(slots=True)
class Breaker:
    """Counts refusals in a row over all connections of a worker."""

    _of_us: int = 0
    _of_mailboxes: int = 0

    def problem_after(self, handover: Handover) -> Problem | None:
        """Why the run should end after this; None when it should not."""
        if handover.outcome is Outcome.ACCEPTED:
            self._of_us = self._of_mailboxes = 0
            return None
        if handover.outcome is Outcome.DEFERRED and handover.about is About.US:
            self._of_us += 1
            if self._of_us >= PATIENCE_WITH_US:
                return _turned_away(handover)
        elif handover.outcome is not Outcome.WITHHELD:
            self._of_us = 0
        self._of_mailboxes = self._of_mailboxes + 1 if handover.outcome is Outcome.FAILED else 0
        return _refuses_everybody(handover) if self._of_mailboxes >= PATIENCE_WITH_MAILBOXES else None


def _refuses_everybody(handover: Handover) -> Problem:
    return TransportRefused(
        f"The mail server refused {PATIENCE_WITH_MAILBOXES} readers in a row, the last with: {_said(handover)}",
        remedy="Check whether it is the right server and the addresses are real, then run: digest deliver.",
    )


def _turned_away(handover: Handover) -> Problem:
    what = f"The mail server refuses us, not a reader: {_said(handover)}"
    remedy = "Nobody was suppressed, all is kept. Mend that, then run: digest deliver."
    refused = (handover.reply_code or 0) >= 500
    return TransportRefused(what, remedy=remedy) if refused else TransportUnavailable(what, remedy=remedy)


def _said(handover: Handover) -> str:
    """The server's answer as a sentence, with the number by which others know it."""
    parts = (handover.reply_code, handover.enhanced_code, handover.diagnostic)
    return " ".join(str(part) for part in parts if part).rstrip(".") + "."
