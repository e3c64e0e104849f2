"""No check: everybody passes."""

from digest.model.person import Task, Verdict


class NoCheck:
    """Asks nothing."""

    task = Task()

    def passed(self, answer: str, *, client: str) -> Verdict:
        """Always."""
        return Verdict.PASSED
