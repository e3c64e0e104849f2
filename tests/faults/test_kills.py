"""Killed at every boundary between two steps: nothing lost, nothing twice, and no more doubts than connections."""

import signal

import pytest

from digest.flow.publish import publish
from digest.model.delivery import DeliveryState
from digest.storage import workers
from tests.faults.conftest import SEEDS
from tests.support.boundaries import DELIVERING, IN_DOUBT, PLANNING, STEPS, Fate
from tests.support.trial import CONNECTIONS, ISSUE, READERS, Trial

_S = DeliveryState
#: In each trial of all together; one look needs no more than a few.
KILLS = 5 if SEEDS > 1 else 3
#: Where the first letter is not in doubt. A giving back is passed only by runs that are asked to end (row 8), and the
#: commit of an outcome holds the next letter's marker.
BEFORE_THE_MARKER = tuple(
    name for name in DELIVERING if name not in IN_DOUBT and not name.startswith(("give back", "outcome"))
)


@pytest.mark.issue("approved")
@pytest.mark.parametrize("boundary", PLANNING)
def test_1_kill_while_planning(trial: Trial, boundary: str) -> None:
    """All of the outbox or none of it; publishing again makes the same set."""
    killed = trial.child("publish", ISSUE, fate=Fate(at=boundary)).ended()
    trial.kills += 1
    planned = trial.counts()
    publish(trial.house, ISSUE)
    trial.finish()

    assert killed == -signal.SIGKILL
    assert sum(planned.values()) == (READERS if "after" in boundary else 0)
    assert sorted(trial.chaos.recipients()) == sorted(trial.ledger())
    trial.check()


@pytest.mark.issue("approved")
def test_2_kill_after_the_plan_before_the_first_send(trial: Trial) -> None:
    """What was planned is there; whoever comes next sends all of it, once."""
    killed = trial.child("publish", ISSUE, fate=Fate(at="plan: after the commit")).ended()
    trial.kills += 1
    planned, came = trial.counts(), trial.chaos.recipients()
    trial.finish()

    assert killed == -signal.SIGKILL
    assert (planned, came) == ({_S.QUEUED: READERS}, [])
    assert trial.counts() == {_S.ACCEPTED: READERS}
    trial.check()


def killed_at(trial: Trial, boundary: str, *, connections: int, most: int = 3) -> int:
    """A run that is killed there, then others until nothing waits. Returns how many doubts the kill left."""
    trial.connections = connections
    nth = trial.chance.randint(1, most)
    killed = trial.child("deliver", fate=Fate(at=boundary, nth=nth)).ended()
    trial.kills += 1
    assert killed == -signal.SIGKILL, f"{boundary} was not passed {nth} times:\n{trial.children[-1].said()}"
    with trial.house.store.write() as connection:
        doubts = workers.recover(connection, dead_after=None).unknown
    trial.finish()
    return doubts


@pytest.mark.parametrize("boundary", BEFORE_THE_MARKER)
def test_3_kill_while_leased(trial: Trial, boundary: str) -> None:
    """Nothing of the first letter is in doubt before its marker: back to the queue, sent once."""
    doubts = killed_at(trial, boundary, connections=1, most=1)

    assert doubts == 0
    assert trial.counts() == {_S.ACCEPTED: READERS}
    trial.check(bound=0)


@pytest.mark.parametrize("boundary", ["marker: after the commit", "marker known", "dot to be written"])
def test_4_kill_between_the_marker_and_the_dot(trial: Trial, boundary: str) -> None:
    """In truth it was not sent; the ledger shows a doubt, and the rest goes on."""
    doubts = killed_at(trial, boundary, connections=1)

    doubted = [email for email, state in trial.ledger().items() if state == _S.UNKNOWN]
    assert (doubts, len(doubted)) == (1, 1)
    assert doubted[0] not in trial.chaos.recipients()
    trial.check(bound=1)


@pytest.mark.parametrize("boundary", ["dot written", "reply come"])
def test_5_kill_after_the_dot_before_the_250(trial: Trial, boundary: str) -> None:
    """Whether it was sent depends on how far the dot came; the ledger doubts, and never sends it again."""
    doubts = killed_at(trial, boundary, connections=1)

    assert doubts == 1
    trial.check(bound=1)


@pytest.mark.parametrize("boundary", ["reply read", "outcome handed over", "outcome: before the commit"])
def test_6_kill_after_the_250_before_the_commit(trial: Trial, boundary: str) -> None:
    """In truth it was sent; the ledger doubts, and nobody gets it twice."""
    doubts = killed_at(trial, boundary, connections=1)

    assert doubts == 1
    assert sorted(trial.chaos.recipients()) == sorted(trial.ledger())
    trial.check(bound=1)


@pytest.mark.parametrize("boundary", [*IN_DOUBT, "outcome: after the commit", "354 read"])
def test_7_kill_of_all_with_several_connections(trial: Trial, boundary: str) -> None:
    """At most as many doubts as connections were open."""
    doubts = killed_at(trial, boundary, connections=CONNECTIONS)

    assert doubts <= CONNECTIONS
    trial.check(bound=CONNECTIONS)


def test_7_kill_of_all_workers_and_the_scheduler_together(trial: Trial) -> None:
    """Again and again, at random moments; each time at most as many new doubts as connections.

    Twenty seeds are a hundred kills on each database.
    """
    doubts = 0
    for _ in range(KILLS):
        boundary = trial.chance.choice(STEPS[:14])
        fate = Fate(at=boundary, nth=trial.chance.randint(1, 3))
        crew = [trial.child("deliver", fate=fate), trial.child("scheduler")]
        if not trial.embedded:
            crew.append(trial.child("worker"))
        crew[0].ended()
        for each in crew:
            each.send(signal.SIGKILL)
            each.ended()
        with trial.house.store.write() as connection:
            new = workers.recover(connection, dead_after=None).unknown
        trial.kills += 1
        assert new <= CONNECTIONS * (1 if trial.embedded else 2)
        doubts += new
    trial.finish()

    trial.check(bound=doubts)
