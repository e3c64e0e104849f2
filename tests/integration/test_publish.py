"""Publishing: who gets what, once; and what somebody did not get comes again."""

import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from digest.errors import WrongState
from digest.flow.apply import apply
from digest.flow.approve import Wishes, approve, curate
from digest.flow.compose import compose
from digest.flow.enrol import people
from digest.flow.house import House
from digest.flow.preview import preview, reader_named
from digest.flow.publish import Published, publish
from digest.mail.memory import MemoryTransport
from digest.model.delivery import DeliveryState, Handover, Outcome, Phase
from digest.model.issue import IssueState
from digest.resources import folder
from digest.storage import archive, filings, issues, tally
from digest.storage.tables import cohort, delivery, nothing_new, variant
from subscribers import directory
from subscribers.suppression import SuppressionReason
from subscribers.tables import subscriber
from tests.support.desk import NEWSLETTER, Desk

NOVEMBER = f"{NEWSLETTER}/2026-11"
REFUSED = Handover(outcome=Outcome.FAILED, phase=Phase.RCPT, reply_code=552, enhanced_code="5.2.2", diagnostic="full")


def entries(*titles: str, on: str = "2026-11-02") -> list[dict[str, Any]]:
    """Items of one day; their titles file them."""
    return [
        {"title": title, "published_at": on, "link": f"https://example.org/{n}-{on}-{title}"}
        for n, title in enumerate(titles)
    ]


def write_newsletter(house: House, to: Path, *changes: tuple[str, str]) -> None:
    """Apply the sample newsletter with some of its text changed."""
    text = (folder("config") / "newsletters" / "social-care.toml").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    file = to / "social-care.toml"
    file.write_text(text, encoding="utf-8")
    apply(house, file)


def audience(desk: Desk, name: str = NOVEMBER) -> set[str]:
    """The addresses an issue has deliveries for."""
    with desk.house.store.read() as connection:
        return set(
            connection.scalars(
                select(subscriber.c.email)
                .join(delivery, delivery.c.subscriber_id == subscriber.c.id)
                .where(delivery.c.issue_id == issues.find(connection, name).id)
            )
        )


def pause(desk: Desk, email: str, until: datetime) -> None:
    """Have a reader pause."""
    with desk.house.store.write() as connection:
        (held,) = directory.of_reader(connection, desk.house.keys, email)
        people(desk.house, connection).pause(held, until)


def subjects(transport: MemoryTransport) -> list[str]:
    """The subjects of what was handed over."""
    return [str(message_from_bytes(kept.message, policy=policy.default)["Subject"]) for kept in transport.kept]


def text_of(transport: MemoryTransport, recipient: str) -> str:
    """The text part of the last letter somebody got."""
    kept = [k for k in transport.kept if k.envelope.recipient == recipient][-1]
    part = message_from_bytes(kept.message, policy=policy.default).get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def test_a_draft_is_not_published(desk: Desk, tmp_path: Path) -> None:
    """Somebody has to let it go first; nothing is frozen by the attempt."""
    desk.write_items(tmp_path, *entries("Carers at work"))
    desk.reader("a@example.org")
    compose(desk.house, NEWSLETTER, period_key="2026-11")

    with pytest.raises(WrongState, match="Approve it first"):
        publish(desk.house, NOVEMBER)

    assert audience(desk) == set()


def test_published_twice_is_published_once(desk: Desk, tmp_path: Path) -> None:
    """The second answers the same, and changes nothing for readers who came since."""
    desk.write_items(tmp_path, *entries("Carers at work"))
    desk.reader("a@example.org")
    first = desk.issue("2026-11")
    desk.reader("late@example.org")

    again = publish(desk.house, NOVEMBER)

    assert again == first
    assert (first.issue.state, first.issue.expected, first.readers) == (IssueState.PUBLISHED, 1, 1)
    assert audience(desk) == {"a@example.org"}


def test_two_who_publish_at_once_publish_once(desk: Desk, tmp_path: Path) -> None:
    """A scheduler and an editor at the same moment: one issue, one delivery a reader, the same answer to both."""
    desk.write_items(tmp_path, *entries("Carers at work"))
    for number in range(20):
        desk.reader(f"r{number}@example.org", "carers" if number % 2 else "all")
    name = compose(desk.house, NEWSLETTER, period_key="2026-11")[0].name
    approve(desk.house, name, by="a test")
    start, answers, problems = threading.Barrier(3), [], []

    def work() -> None:
        start.wait()
        try:
            answers.append(publish(desk.house, name))
        except Exception as problem:
            problems.append(problem)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert problems == []
    assert answers[0] == answers[1] == answers[2]
    assert sum(desk.counts("2026-11").values()) == answers[0].issue.expected == 20


def test_the_audience_is_who_wants_it_and_may_be_written_to(desk: Desk, tmp_path: Path) -> None:
    """Not who waits, left, paused, is suppressed here or everywhere; but who paused until a day gone by."""
    desk.write_items(tmp_path, *entries("Carers at work"))
    now = desk.house.clock.now()
    for name in ("reads", "left", "paused", "back", "bounced", "complained", "elsewhere"):
        desk.reader(f"{name}@example.org")
    desk.reader("waits@example.org", confirmed=False)
    pause(desk, "paused@example.org", now + timedelta(days=1))
    pause(desk, "back@example.org", now)
    with desk.house.store.write() as connection:
        verbs = people(desk.house, connection)
        verbs.unsubscribe("left@example.org")
        verbs.suppress("bounced@example.org", SuppressionReason.BOUNCED)
        verbs.suppress("complained@example.org", SuppressionReason.COMPLAINED, scope=NEWSLETTER)
        verbs.suppress("elsewhere@example.org", SuppressionReason.COMPLAINED, scope="another")

    published = desk.issue("2026-11")

    assert audience(desk) == {"reads@example.org", "back@example.org", "elsewhere@example.org"}
    assert published.issue.expected == 3


def test_a_lifted_suppression_is_none(desk: Desk, tmp_path: Path) -> None:
    """The next issue comes again."""
    desk.write_items(tmp_path, *entries("Carers at work"))
    desk.reader("a@example.org")
    with desk.house.store.write() as connection:
        people(desk.house, connection).suppress("a@example.org", SuppressionReason.BOUNCED)
        people(desk.house, connection).lift("a@example.org", because="the mailbox is back")

    assert desk.issue("2026-11").readers == 1


def test_for_whom_nothing_is_new_that_is_written_down(desk: Desk, tmp_path: Path) -> None:
    """They get no mail, and it shows that they were thought of."""
    desk.write_items(tmp_path, *entries("Carers at work"))
    desk.reader("all@example.org")
    law = desk.reader("law@example.org", "law")

    published = desk.issue("2026-11")

    with desk.house.store.read() as connection:
        quiet = connection.scalars(select(nothing_new.c.subscriber_id)).all()
    assert (published.readers, published.without) == (1, 1)
    assert (audience(desk), quiet) == ({"all@example.org"}, [law.subscriber_id])


def test_an_issue_with_nothing_for_anybody_is_empty(desk: Desk) -> None:
    """It goes nowhere, is not in the archive, and stays empty."""
    desk.reader("all@example.org")

    published = desk.issue("2026-11")

    with desk.house.store.read() as connection:
        assert archive.past_issues(connection, NEWSLETTER) == []
    assert (published.issue.state, published.issue.expected) == (IssueState.EMPTY, 0)
    assert publish(desk.house, NOVEMBER) == published


def test_a_newsletter_may_say_that_nothing_is_new(house: House, tmp_path: Path, transport: MemoryTransport) -> None:
    """A heartbeat: a short letter, with the headers of any other; it holds no item."""
    write_newsletter(house, tmp_path, ('when_empty = "skip"', 'when_empty = "heartbeat"'))
    desk = Desk(house)
    desk.write_items(tmp_path, *entries("Carers at work"))
    desk.reader("law@example.org", "law")

    published = desk.month("2026-11")

    assert (published.readers, published.without, published.issue.state) == (1, 0, IssueState.PUBLISHED)
    assert desk.received("law@example.org") == []
    assert [kept.envelope.recipient for kept in transport.kept] == ["law@example.org"]
    assert "Carers at work" not in text_of(transport, "law@example.org")
    assert "The next issue is due on 1 December." in text_of(transport, "law@example.org")
    assert b"List-Unsubscribe-Post" in transport.kept[0].message


def test_the_last_issue_goes_to_everybody(desk: Desk, tmp_path: Path, transport: MemoryTransport) -> None:
    """Also to those for whom nothing is new: that it was the last is."""
    desk.write_items(tmp_path, *entries("Carers at work"))
    desk.reader("law@example.org", "law")
    desk.reader("carer@example.org", "carers")
    compose(desk.house, NEWSLETTER, period_key="2026-11")
    curate(desk.house, NOVEMBER, Wishes(last=True))

    published = desk.month("2026-11")

    assert (published.readers, published.without) == (2, 0)
    assert published.issue.last
    for email in ("law@example.org", "carer@example.org"):
        assert "This is the last issue" in text_of(transport, email)
        assert "The next issue is due" not in text_of(transport, email)


def test_each_reader_is_written_to_in_their_language(desk: Desk, tmp_path: Path, transport: MemoryTransport) -> None:
    """Where there is a catalogue of it; kinds of one language share a letter, which can be seen again."""
    desk.write_items(tmp_path, *entries("Carers at work"))
    for email, language in (("en@example.org", ""), ("us@example.org", "en-US"), ("cy@example.org", "cy")):
        desk.reader(email, "carers", language=language)
    desk.reader("de@example.org", "carers", language="de")
    desk.reader("at@example.org", "carers", language="de-AT")

    published = desk.month("2026-11")

    assert published.variants == 2
    for email in ("de@example.org", "at@example.org"):
        assert "Ein neuer Beitrag zu Ihrem Thema" in text_of(transport, email)
        assert "weil Sie sich am" in text_of(transport, email)
    for email in ("en@example.org", "us@example.org", "cy@example.org"):
        assert "One new piece on your topic" in text_of(transport, email)
    with desk.house.store.read() as connection:
        seen = preview(desk.house, connection, NOVEMBER)
        letter = seen.letter(connection, reader_named(desk.house, connection, seen.issue, "at@example.org"))
    assert letter is not None
    assert "Ein neuer Beitrag zu Ihrem Thema" in letter.text
    assert "November 2026" in letter.subject


def test_readers_who_are_alike_share_one_letter(desk: Desk, tmp_path: Path) -> None:
    """Two hundred readers, three choices, as many variants; each reader one delivery."""
    desk.write_items(tmp_path, *entries("Carers at work", "The law on rights", "Dementia and carers"))
    for number in range(30):
        desk.reader(f"r{number}@example.org", ("all", "carers", "law", "law,law", "LAW")[number % 5])

    published = desk.issue("2026-11")

    with desk.house.store.read() as connection:
        variants, cohorts, held, readers = (
            connection.scalar(select(func.count()).select_from(variant)),
            connection.scalar(select(func.count()).select_from(cohort)),
            connection.scalar(select(func.count(delivery.c.subscriber_id.distinct()))),
            connection.scalar(select(func.sum(cohort.c.readers))),
        )
    assert (published.variants, variants, cohorts) == (3, 3, 3)
    assert held == readers == published.issue.expected == 30


def test_what_a_failed_delivery_carried_is_offered_again(
    desk: Desk, tmp_path: Path, transport: MemoryTransport
) -> None:
    """December brings what November could not, and nothing twice."""
    desk.write_items(tmp_path, *entries("Carers at work"))
    desk.reader("a@example.org")
    transport._answers.append(REFUSED)
    desk.month("2026-11")
    failed = desk.counts("2026-11")[DeliveryState.FAILED]
    desk.house.clock.pass_by(days=20)  # type: ignore[attr-defined]

    desk.month("2026-12")
    desk.house.clock.pass_by(days=25)  # type: ignore[attr-defined]
    january = desk.month("2027-01")

    assert failed == 1
    assert desk.received("a@example.org") == ["Carers at work"]
    assert january.issue.state is IssueState.EMPTY


def test_what_may_have_arrived_is_not_offered_again(desk: Desk, tmp_path: Path, transport: MemoryTransport) -> None:
    """A doubt counts as received, so that nothing comes twice."""
    desk.write_items(tmp_path, *entries("Carers at work"))
    desk.reader("a@example.org")
    transport._answers.append(Handover(outcome=Outcome.UNKNOWN, phase=Phase.DOT, closed=True))
    desk.month("2026-11")

    assert desk.counts("2026-11")[DeliveryState.UNKNOWN] == 1
    assert desk.month("2026-12").issue.state is IssueState.EMPTY


def test_a_full_message_says_how_many_more_and_the_rest_comes_next_time(
    house: House, tmp_path: Path, transport: MemoryTransport
) -> None:
    """Within the bytes that mailboxes show whole; over some issues all of it comes, each once."""
    write_newsletter(
        house, tmp_path, ("byte_budget = 100000", "byte_budget = 45000"), ("per_topic = 8", "per_topic = 99")
    )
    desk = Desk(house)
    long = {"body": "Carers say what helps. " * 60}
    titles = [f"Carers at work {number}" for number in range(24)]
    desk.write_items(tmp_path, *({**entry, **long} for entry in entries(*titles)))
    desk.reader("a@example.org")

    desk.month("2026-11")
    first = desk.received("a@example.org")
    said = text_of(transport, "a@example.org")
    for period in ("2026-12", "2027-01", "2027-02"):
        desk.month(period)

    assert 3 <= len(first) < 24
    assert str(24 - len(first)) in next(line for line in said.splitlines() if " more" in line)
    assert all(len(kept.message) <= 45_000 for kept in transport.kept)
    assert Counter(desk.received("a@example.org")) == Counter(titles)


def test_a_frozen_issue_is_not_touched_by_what_becomes_of_its_items(
    desk: Desk, tmp_path: Path, transport: MemoryTransport
) -> None:
    """What was published is what is sent and shown, whatever the source says later."""
    link = "https://example.org/one"
    desk.write_items(tmp_path, {"title": "Carers at work", "published_at": "2026-11-02", "link": link})
    desk.reader("a@example.org")
    published = desk.issue("2026-11")

    desk.write_items(tmp_path, {"title": "Carers at sea", "published_at": "2026-11-02", "link": link})
    desk.deliver()

    with desk.house.store.read() as connection:
        shown = [article.title for article in archive.articles_of(connection, published.issue.id)]
    assert shown == ["Carers at work"]
    assert "Carers at work" in text_of(transport, "a@example.org")
    assert "Carers at sea" not in text_of(transport, "a@example.org")
    assert [item.title for item in desk.items()] == ["Carers at work"]


def test_an_item_that_its_source_dates_anew_does_not_come_twice(desk: Desk, tmp_path: Path) -> None:
    """A receipt has no end: not even where the issue that brought it lies further back than an issue reaches."""
    entry = {"title": "Carers at work", "link": "https://example.org/one"}
    desk.write_items(tmp_path, {**entry, "published_at": "2026-06-02"})
    desk.reader("a@example.org")
    desk.month("2026-06")

    desk.write_items(tmp_path, {**entry, "published_at": "2026-11-02"})
    november = desk.month("2026-11")

    assert desk.received("a@example.org") == ["Carers at work"]
    assert november.issue.state is IssueState.EMPTY


def test_left_out_is_left_out_pinned_is_for_all_and_order_is_order(
    desk: Desk, tmp_path: Path, transport: MemoryTransport
) -> None:
    """The editor's word, for every reader."""
    desk.write_items(tmp_path, *entries("Carers one", "Carers two", "Carers three", "Carers four", "A note to all"))
    numbers = {item.title: item.id for item in desk.items()}
    desk.reader("carer@example.org", "carers")
    desk.reader("law@example.org", "law")
    compose(desk.house, NEWSLETTER, period_key="2026-11")
    curate(
        desk.house,
        NOVEMBER,
        Wishes(
            leave_out=[numbers["Carers two"]],
            pin=[numbers["A note to all"]],
            order=[numbers["Carers four"], numbers["Carers three"]],
        ),
    )

    desk.month("2026-11")

    said = text_of(transport, "carer@example.org")
    places = [said.index(f"About {title}.") for title in ("A note to all", "Carers four", "Carers three", "Carers one")]
    assert places == sorted(places)
    assert "Carers two" not in said
    assert desk.received("law@example.org") == ["A note to all"]


def test_what_was_left_out_of_one_issue_may_come_in_the_next(desk: Desk, tmp_path: Path) -> None:
    """It was this issue's decision."""
    desk.write_items(tmp_path, *entries("Carers at work", "Carers at home"))
    numbers = {item.title: item.id for item in desk.items()}
    desk.reader("a@example.org")
    compose(desk.house, NEWSLETTER, period_key="2026-11")
    curate(desk.house, NOVEMBER, Wishes(leave_out=[numbers["Carers at home"]]))

    desk.month("2026-11")
    first = desk.received("a@example.org")
    desk.month("2026-12")

    assert first == ["Carers at work"]
    assert desk.received("a@example.org") == ["Carers at work", "Carers at home"]


def test_an_item_that_is_filed_late_comes_in_the_next_issue(desk: Desk, tmp_path: Path) -> None:
    """An editor finds its topic after the issue; its readers get it all the same."""
    desk.write_items(tmp_path, *entries("Carers at work", "Something else"))
    numbers = {item.title: item.id for item in desk.items()}
    desk.reader("law@example.org", "law")
    desk.month("2026-11")

    with desk.house.store.write() as connection:
        filings.file_by_hand(
            connection, numbers["Something else"], "law", stands=True, by="Ruth", now=desk.house.clock.now()
        )
    desk.month("2026-12")

    assert desk.received("law@example.org") == ["Something else"]


WEEKLY = """
[cadences.weekly]
day = 1
at = "08:00"
draft_days_before = 1
"""


def month_of_weeks() -> Iterator[tuple[datetime, str]]:
    """Mondays of autumn 2026 with their weeks, on which an issue goes out."""
    monday = datetime(2026, 9, 7, 12, tzinfo=UTC)
    while monday < datetime(2026, 12, 14, tzinfo=UTC):
        yield monday, "{}-W{:02}".format(*monday.isocalendar()[:2])
        monday += timedelta(days=7)


def test_a_change_of_frequency_loses_nothing_and_repeats_nothing(house: House, tmp_path: Path) -> None:
    """Weekly and monthly side by side; one reader goes from one to the other and back, one stays with each."""
    write_newsletter(house, tmp_path, ("# How items are chosen", f"{WEEKLY}\n# How items are chosen"))
    desk, clock = Desk(house), house.clock
    clock.at = datetime(2026, 9, 1, 12, tzinfo=UTC)  # type: ignore[attr-defined]
    for email in ("mover@example.org", "monthly@example.org", "weekly@example.org"):
        desk.reader(email)
    change(desk, "weekly@example.org", "weekly")
    titles = []
    for number, (monday, week) in enumerate(month_of_weeks()):
        titles.append(f"Carers {week}")
        desk.write_items(tmp_path, *entries(titles[-1], on=(monday - timedelta(days=3)).date().isoformat()))
        clock.at = monday  # type: ignore[attr-defined]
        if number in (3, 9):
            change(desk, "mover@example.org", "weekly")
        if number == 6:
            change(desk, "mover@example.org", "monthly")
        desk.month(week)
        if monday.day <= 7:
            desk.month(f"{monday:%Y-%m}")

    clock.at = datetime(2026, 12, 31, 23, tzinfo=UTC)  # type: ignore[attr-defined]
    change(desk, "mover@example.org", "monthly")
    desk.month("2027-01")

    for email in ("mover@example.org", "monthly@example.org", "weekly@example.org"):
        got = Counter(desk.received(email))
        assert set(got.values()) == {1}, email
        assert set(got) == set(titles), email


def change(desk: Desk, email: str, cadence: str) -> None:
    """Have a reader change their frequency."""
    with desk.house.store.write() as connection:
        (held,) = directory.of_reader(connection, desk.house.keys, email)
        people(desk.house, connection).choose(held, chosen=held.preference, cadence=cadence)


def test_a_reader_gets_only_the_issues_of_their_own_frequency(house: House, tmp_path: Path) -> None:
    """A weekly issue is no monthly reader's."""
    write_newsletter(house, tmp_path, ("# How items are chosen", f"{WEEKLY}\n# How items are chosen"))
    desk = Desk(house)
    desk.write_items(tmp_path, *entries("Carers at work", on="2026-11-18"))
    desk.reader("monthly@example.org")

    published: Published = desk.issue("2026-W47")

    assert (published.readers, published.without) == (0, 0)
    assert desk.issue("2026-11").readers == 1


def test_a_subject_of_the_editors_stands_on_every_letter(
    desk: Desk, tmp_path: Path, transport: MemoryTransport
) -> None:
    """Without one, the title and the newsletter's name."""
    desk.write_items(tmp_path, *entries("Carers at work"))
    desk.reader("a@example.org")
    compose(desk.house, NEWSLETTER, period_key="2026-11")
    curate(desk.house, NOVEMBER, Wishes(subject="First weeks\r\nBcc: joe@example.org"))

    desk.month("2026-11")

    assert subjects(transport) == ["First weeks Bcc: joe@example.org"]
    assert message_from_bytes(transport.kept[0].message)["Bcc"] is None


def test_the_ledger_sums_to_what_was_expected_at_every_step(desk: Desk, tmp_path: Path) -> None:
    """From publishing to the last delivery."""
    desk.write_items(tmp_path, *entries("Carers at work"))
    for number in range(7):
        desk.reader(f"r{number}@example.org")
    published = desk.issue("2026-11")
    before = sum(desk.counts("2026-11").values())
    desk.deliver()

    with desk.house.store.read() as connection:
        waiting = tally.counts(connection, published.issue.id)[DeliveryState.QUEUED]
    assert (before, sum(desk.counts("2026-11").values()), waiting) == (7, 7, 0)
