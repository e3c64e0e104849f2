"""The verbs on people: each done twice is done once, and no is no."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError

from digest.flow import enrol
from subscribers.consent import EndReason, SubscriptionState
from subscribers.errors import AddressRefused, ConsentRefused, Never, UnknownReader
from subscribers.preferences import EVERYTHING, parse
from subscribers.service import Subscribers
from subscribers.suppression import SuppressionReason
from subscribers.tables import consent, subscriber
from tests.unit.subscribers.conftest import NEWSLETTER, People

PRIYA = "priya@example.org"
_State = SubscriptionState


def test_whoever_is_added_waits_for_their_own_yes(people: People) -> None:
    """Unless somebody vouches for them."""
    waiting = people.add(PRIYA, chosen=parse("carers"), name="Priya")
    vouched = people.add("joe@example.org", confirmed=True)

    assert (waiting.state, waiting.confirmed_at, str(waiting.preference)) == (_State.PENDING, None, "carers")
    assert (vouched.state, vouched.preference, vouched.cadence) == (_State.ACTIVE, EVERYTHING, "monthly")
    assert vouched.confirmed_at == people.house.clock.now()
    assert (people.history(PRIYA), people.history("joe@example.org")) == (["requested"], ["imported"])


def test_added_twice_is_added_once_in_whatever_spelling(people: People) -> None:
    """One mailbox, one row, one record; what is not said anew stays."""
    first = people.add(PRIYA, chosen=parse("carers"), name="Priya", confirmed=True)

    again = people.add("  PRIYA@Example.org ", confirmed=True)

    assert again == first
    assert people.history(PRIYA) == ["imported"]
    assert len(people.look(lambda c: c.execute(select(subscriber)).all())) == 1


def test_added_again_changes_only_what_is_said_anew(people: People) -> None:
    """Topics, frequency and name, each by itself; a change is recorded."""
    people.add(PRIYA, chosen=parse("carers"), name="Priya", confirmed=True)

    people.add(PRIYA, chosen=parse("law"))
    people.add(PRIYA, name="Priya Rao", language="cy")

    held = people.held(PRIYA)
    assert (str(held.preference), held.name, held.language, held.cadence) == ("law", "Priya Rao", "cy", "monthly")
    assert held.state is _State.ACTIVE
    assert people.history(PRIYA) == ["imported", "changed"]


def test_vouching_for_somebody_who_waits_makes_them_active(people: People) -> None:
    """The second line is as good as the first."""
    people.add(PRIYA)

    assert people.add(PRIYA, confirmed=True).state is _State.ACTIVE
    assert people.history(PRIYA) == ["requested", "imported"]


@pytest.mark.parametrize("how", [{"name": "N" * 201}, {"language": "x" * 36}, {"name": "Priya\x00"}])
def test_a_name_or_language_that_no_row_holds_is_refused_or_cut(people: People, how: dict[str, str]) -> None:
    """On every database alike, in plain words, never by a failure of the database."""
    if "language" in how:
        with pytest.raises(Never, match="is not a language"):
            people.add(PRIYA, confirmed=True, **how)
        return

    held = people.add(PRIYA, confirmed=True, **how)

    assert held.name.isprintable()
    assert len(held.name) <= 200


def test_confirmed_twice_is_confirmed_once(people: People) -> None:
    """The second yes changes nothing."""
    people.add(PRIYA)

    first = people.do(lambda p: p.confirm(PRIYA))
    again = people.do(lambda p: p.confirm(PRIYA))

    assert again == first
    assert [held.state for held in again] == [_State.ACTIVE]
    assert people.history(PRIYA) == ["requested", "confirmed"]


def test_chosen_twice_is_chosen_once(people: People) -> None:
    """Recorded once; readers who chose the same share one preference."""
    held = people.add(PRIYA, confirmed=True)
    for _ in range(2):
        people.do(lambda p: p.choose(people.held(PRIYA), chosen=parse("law,carers"), cadence="monthly"))

    assert str(people.held(PRIYA).preference) == "carers,law"
    assert people.history(PRIYA) == ["imported", "changed"]
    assert held.preference == EVERYTHING


def test_paused_and_resumed_twice_is_once(people: People) -> None:
    """Another day is another pause; resuming what runs changes nothing."""
    people.add(PRIYA, confirmed=True)
    until = datetime(2027, 1, 31, tzinfo=UTC)

    for _ in range(2):
        people.do(lambda p: p.pause(people.held(PRIYA), until))
    paused = people.held(PRIYA)
    people.do(lambda p: p.pause(people.held(PRIYA), until + timedelta(days=1)))
    for _ in range(2):
        people.do(lambda p: p.resume(people.held(PRIYA)))

    assert (paused.state, paused.paused_until) == (_State.PAUSED, until)
    assert (people.held(PRIYA).state, people.held(PRIYA).paused_until) == (_State.ACTIVE, None)
    assert people.history(PRIYA) == ["imported", "paused", "paused", "resumed"]


def test_unsubscribed_twice_is_unsubscribed_once(people: People) -> None:
    """The first day stays."""
    people.add(PRIYA, confirmed=True)

    first = people.do(lambda p: p.unsubscribe(PRIYA))
    people.house.clock.pass_by(days=1)  # type: ignore[attr-defined]
    again = people.do(lambda p: p.unsubscribe(PRIYA))

    assert again == first
    assert (first[0].state, first[0].end_reason) == (_State.ENDED, EndReason.UNSUBSCRIBED)
    assert people.history(PRIYA) == ["imported", "unsubscribed"]


def test_who_has_left_cannot_be_brought_back_by_others(people: People) -> None:
    """Not even their name is touched by the attempt."""
    people.add(PRIYA, confirmed=True, name="Priya")
    people.do(lambda p: p.unsubscribe(PRIYA))

    with pytest.raises(ConsentRefused, match="has unsubscribed on 2026-11-21"), people.house.store.write() as c:
        enrol.people(people.house, c).add(PRIYA, NEWSLETTER, default_cadence="monthly", name="Pria", confirmed=True)

    assert (people.held(PRIYA).state, people.held(PRIYA).name) == (_State.ENDED, "Priya")


def test_a_refused_attempt_changes_nothing_even_within_a_larger_transaction(people: People) -> None:
    """An import goes on after the line it refused."""
    people.add(PRIYA, confirmed=True, name="Priya")
    people.do(lambda p: p.unsubscribe(PRIYA))

    def refused_and_gone_on(p: Subscribers) -> None:
        with pytest.raises(ConsentRefused):
            p.add(PRIYA, NEWSLETTER, default_cadence="monthly", name="Pria", confirmed=True)

    people.do(refused_and_gone_on)

    assert people.held(PRIYA).name == "Priya"


def test_who_has_left_comes_back_by_asking_and_saying_yes_anew(people: People) -> None:
    """As pending, with the old end still in sight, so that nobody can vouch it away; then by their own yes."""
    people.add(PRIYA, confirmed=True)
    people.do(lambda p: p.unsubscribe(PRIYA))

    asked = people.add(PRIYA, chosen=parse("law"))
    with pytest.raises(ConsentRefused):
        people.add(PRIYA, confirmed=True)
    people.do(lambda p: p.confirm(PRIYA))

    assert (asked.state, asked.end_reason) == (_State.PENDING, "unsubscribed")
    assert people.held(PRIYA).ended_at is None
    assert (people.held(PRIYA).state, str(people.held(PRIYA).preference)) == (_State.ACTIVE, "law")
    assert people.history(PRIYA) == ["imported", "unsubscribed", "requested", "changed", "confirmed"]


@pytest.mark.parametrize(
    "verb",
    [
        lambda p, held: p.resume(held),
        lambda p, held: p.pause(held, datetime(2028, 1, 1, tzinfo=UTC)),
    ],
    ids=["resume", "pause"],
)
def test_leaving_wins_over_whatever_was_meant_at_the_same_moment(
    people: People, verb: Callable[[Subscribers, object], None]
) -> None:
    """Somebody looked at a paused subscription; its holder leaves meanwhile; what comes of the look is refused."""
    people.add(PRIYA, confirmed=True)
    people.do(lambda p: p.pause(people.held(PRIYA), datetime(2027, 1, 1, tzinfo=UTC)))
    seen = people.held(PRIYA)
    people.do(lambda p: p.unsubscribe(PRIYA))

    with pytest.raises(ConsentRefused):
        people.do(lambda p: verb(p, seen))

    assert people.held(PRIYA).state is _State.ENDED


def test_leaving_works_whatever_happened_since_the_look(people: People) -> None:
    """A link must always work, and work once."""
    people.add(PRIYA, confirmed=True)
    seen = people.held(PRIYA)
    people.do(lambda p: p.pause(seen, datetime(2027, 1, 1, tzinfo=UTC)))

    people.do(lambda p: p.end(seen))
    people.do(lambda p: p.end(seen))

    assert people.held(PRIYA).state is _State.ENDED
    assert people.history(PRIYA) == ["imported", "paused", "unsubscribed"]


def test_a_pause_needs_somebody_who_gets_something(people: People) -> None:
    """Who waits or has left has nothing to pause."""
    waiting = people.add(PRIYA)

    with pytest.raises(ConsentRefused, match="pending cannot become paused"):
        people.do(lambda p: p.pause(waiting, datetime(2027, 1, 1, tzinfo=UTC)))


@pytest.mark.parametrize("scope", ["*", NEWSLETTER])
def test_a_suppressed_address_cannot_be_added(people: People, scope: str) -> None:
    """Known before or not; the refusal masks the address."""
    people.do(lambda p: p.suppress(PRIYA, SuppressionReason.BOUNCED, scope=scope, evidence="550 no such user"))

    with pytest.raises(ConsentRefused) as refused:
        people.add(PRIYA, confirmed=True)

    assert "p•••@example.org is suppressed (bounced, 2026-11-21)" in str(refused.value)
    assert PRIYA not in str(refused.value)


def test_a_suppression_of_another_newsletter_does_not_stop_this_one(people: People) -> None:
    """Its scope is what it says."""
    people.do(lambda p: p.suppress(PRIYA, SuppressionReason.COMPLAINED, scope="another"))

    assert people.add(PRIYA, confirmed=True).state is _State.ACTIVE


def test_suppressed_twice_is_suppressed_once(people: People) -> None:
    """The first reason stays."""
    people.do(lambda p: p.suppress(PRIYA, SuppressionReason.BOUNCED, evidence="550"))
    people.do(lambda p: p.suppress("PRIYA@example.org", SuppressionReason.ADMIN))

    (only,) = people.suppressions(PRIYA)
    assert (only.reason, only.evidence, only.scope) == (SuppressionReason.BOUNCED, "550", "*")


def test_a_suppression_is_lifted_for_a_reason_that_is_kept(people: People) -> None:
    """And may come again."""
    people.do(lambda p: p.suppress(PRIYA, SuppressionReason.BOUNCED))

    lifted = [people.do(lambda p: p.lift(PRIYA, because="mailbox is back")) for _ in range(2)]
    people.do(lambda p: p.suppress(PRIYA, SuppressionReason.COMPLAINED))

    assert lifted == [True, False]
    assert [s.reason for s in people.suppressions(PRIYA)] == [SuppressionReason.COMPLAINED]


@pytest.mark.parametrize("because", ["", "   "])
def test_a_suppression_is_not_lifted_without_a_reason(people: People, because: str) -> None:
    """Somebody will ask why."""
    people.do(lambda p: p.suppress(PRIYA, SuppressionReason.BOUNCED))

    with pytest.raises(ConsentRefused, match="reason"):
        people.do(lambda p: p.lift(PRIYA, because=because))

    assert len(people.suppressions(PRIYA)) == 1


@pytest.mark.parametrize("before", [None, SuppressionReason.BOUNCED, SuppressionReason.ADMIN])
def test_what_somebody_erased_asked_for_is_never_lifted(people: People, before: SuppressionReason | None) -> None:
    """Also when the address was suppressed for another reason before."""
    people.add(PRIYA, confirmed=True)
    if before:
        people.do(lambda p: p.suppress(PRIYA, before, evidence=f"550 {PRIYA} unknown"))
    people.do(lambda p: p.erase(PRIYA))

    with pytest.raises(ConsentRefused, match="asked to be forgotten"):
        people.do(lambda p: p.lift(PRIYA, because="an admin wants it"))
    with pytest.raises(ConsentRefused, match="suppressed"):
        people.add(PRIYA)


def test_consent_only_ever_grows(people: People) -> None:
    """Neither changed nor removed, whoever tries, on either database."""
    people.add(PRIYA, confirmed=True)
    before = people.consents()

    for statement in (update(consent).values(detail="never"), delete(consent)):
        with pytest.raises(DBAPIError, match="consent is append-only"), people.house.store.write() as connection:
            connection.execute(statement)

    assert people.consents() == before == 1


@pytest.mark.parametrize("verb", ["confirm", "unsubscribe", "erase"])
def test_a_stranger_is_named_and_no_address_is_refused(people: People, verb: str) -> None:
    """The answer tells a typing error from an unknown reader."""
    with pytest.raises(UnknownReader, match=r"nobody@example\.org"):
        people.do(lambda p: getattr(p, verb)("nobody@example.org"))
    with pytest.raises(AddressRefused):
        people.do(lambda p: getattr(p, verb)("nobody"))


def test_a_pause_until_a_time_without_a_zone_is_a_mistake_of_ours(people: People) -> None:
    """It would mean another time on another machine."""
    people.add(PRIYA, confirmed=True)

    with pytest.raises(Exception, match="an instant without a time zone"):
        people.do(lambda p: p.pause(people.held(PRIYA), datetime(2027, 1, 1)))


def test_a_pause_whose_day_has_come_is_over(people: People) -> None:
    """The clock ends it, once, and the record says so."""
    people.add(PRIYA, confirmed=True)
    people.do(lambda p: p.pause(people.held(PRIYA), datetime(2026, 11, 21, 11, tzinfo=UTC)))

    people.do(lambda p: p.resume_elapsed())
    people.do(lambda p: p.resume_elapsed())

    assert (people.held(PRIYA).state, people.held(PRIYA).paused_until) == (_State.ACTIVE, None)
    assert people.history(PRIYA) == ["imported", "paused", "resumed"]
