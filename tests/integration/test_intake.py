"""Imports of readers: all or what makes sense, twice as once, and never against somebody's will."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from digest.errors import Never, SettingsRefused, UnknownName
from digest.flow.enrol import COLUMNS, exported, import_csv, people
from digest.flow.house import House
from digest.storage import newsletters
from subscribers import directory
from subscribers.consent import SubscriptionState
from subscribers.intake import Intake, Terms
from subscribers.second_thoughts import SecondThoughts
from subscribers.suppression import SuppressionReason
from subscribers.tables import consent, subscriber, subscription
from subscribers.transfer import Report, UnreadableTable, write
from tests.support.desk import NEWSLETTER, Desk

PRIYA = "priya@example.org"
_State = SubscriptionState


def bring_in(house: House, folder: Path, text: str, *, name: str = "readers.csv", **how: object) -> Report:
    """Import a file with this text; confirmed, unless said otherwise."""
    file = folder / name
    file.write_text(text, encoding="utf-8", newline="")
    options = {"confirmed": True, "mapping": {}, "dry_run": False, "progress": lambda _: None, **how}
    return import_csv(house, file, NEWSLETTER, **options)  # type: ignore[arg-type]


def counts(house: House) -> tuple[int, int, int]:
    """How many people, subscriptions and consent records there are."""
    with house.store.read() as connection:
        people, held, records = (
            connection.execute(select(func.count()).select_from(t)).scalar_one()
            for t in (subscriber, subscription, consent)
        )
    return people, held, records


def held(house: House, email: str) -> directory.Subscription:
    """Somebody's one subscription."""
    with house.store.read() as connection:
        (found,) = directory.of_reader(connection, house.keys, email)
    return found


def told(report: Report) -> tuple[int, int, int, int]:
    """What an import came to: added, changed, unchanged, refused."""
    return report.added, report.changed, report.unchanged, len(report.refused)


def test_readers_are_brought_in_with_what_they_chose(social_care: House, tmp_path: Path) -> None:
    """Active where somebody vouches; each with the file and line it came from."""
    report = bring_in(
        social_care, tmp_path, "email,name,topics\npriya@example.org,Priya,law;carers\njoe@example.org,,\n"
    )

    priya = held(social_care, PRIYA)
    with social_care.store.read() as connection:
        (record,) = directory.history(connection, priya.subscriber_id)
    assert told(report) == (2, 0, 0, 0)
    assert (priya.name, str(priya.preference), priya.state) == ("Priya", "carers,law", _State.ACTIVE)
    assert str(held(social_care, "joe@example.org").preference) == "all"
    assert (record.kind, record.channel, record.detail) == ("imported", "import", "readers.csv, line 2")


def test_without_a_voucher_readers_wait_for_their_own_yes(social_care: House, tmp_path: Path) -> None:
    """Nothing is sent to them but the question."""
    bring_in(social_care, tmp_path, "email\npriya@example.org\n", confirmed=False)

    assert (held(social_care, PRIYA).state, held(social_care, PRIYA).confirmed_at) == (_State.PENDING, None)


def test_imported_twice_is_imported_once(social_care: House, tmp_path: Path) -> None:
    """The second time nothing changes, not even the records."""
    text = "email,name,topics,cadence,language\n" + "".join(
        f"r{n}@example.org,Reader {n},{'law' if n % 2 else 'carers;law'},monthly,en\n" for n in range(60)
    )
    first = bring_in(social_care, tmp_path, text)
    before = counts(social_care)

    again = bring_in(social_care, tmp_path, text)

    assert (told(first), told(again)) == ((60, 0, 0, 0), (0, 0, 60, 0))
    assert counts(social_care) == before == (60, 60, 60)


def test_a_dry_run_tells_the_same_and_changes_nothing(social_care: House, tmp_path: Path) -> None:
    """What would happen, happens then."""
    text = "email,topics\npriya@example.org,law\nnobody,law\njoe@example.org,zoo\n"

    dry = bring_in(social_care, tmp_path, text, dry_run=True)
    nothing = counts(social_care)
    wet = bring_in(social_care, tmp_path, text)

    assert told(dry) == told(wet) == (1, 0, 0, 2)
    assert dry.refused == wet.refused
    assert (nothing, counts(social_care)) == ((0, 0, 0), (1, 1, 1))


def test_each_refused_line_is_told_and_the_others_are_taken(social_care: House, tmp_path: Path) -> None:
    """In the order of the file, each with its number and reason."""
    text = (
        "email,topics,cadence\n"
        "priya@example.org,law,\n"
        "nobody,law,\n"
        "PRIYA@example.org,carers,\n"
        "joe@example.org,zoo,\n"
        "ann@example.org,law,hourly\n"
        "bob@example.org\n"
        "zoe@example.org,carers,monthly\n"
    )

    report = bring_in(social_care, tmp_path, text)

    assert report.added == 2
    assert [(r.line, r.email) for r in report.refused] == [
        (3, "nobody"),
        (4, "PRIYA@example.org"),
        (5, "joe@example.org"),
        (6, "ann@example.org"),
        (7, "bob@example.org"),
    ]
    assert [r.reason.split(":")[0][:28] for r in report.refused] == [
        "“nobody” is not an e-mail ad",
        "the same address as in line ",
        "unknown topic “zoo”; there i",
        "unknown cadence “hourly”; th",
        "has 1 cells where the header",
    ]
    assert str(held(social_care, PRIYA).preference) == "law"


def test_the_same_address_far_below_is_still_the_same(social_care: House, tmp_path: Path) -> None:
    """Also past the lines that are looked up together."""
    lines = "".join(f"r{n}@example.org\n" for n in range(700))

    report = bring_in(social_care, tmp_path, f"email\n{lines}R3@example.org\n")

    assert told(report) == (700, 0, 0, 1)
    assert report.refused[0].reason == "the same address as in line 5."


def test_known_readers_keep_what_a_line_leaves_open(desk: Desk, tmp_path: Path) -> None:
    """And change where it says otherwise."""
    desk.reader(PRIYA, "carers", name="Priya")

    same = bring_in(desk.house, tmp_path, "email,name,topics\npriya@example.org,,\n")
    changed = bring_in(desk.house, tmp_path, "email,name,topics\npriya@example.org,Priya Rao,law\n")

    assert (told(same), told(changed)) == ((0, 0, 1, 0), (0, 1, 0, 0))
    assert (held(desk.house, PRIYA).name, str(held(desk.house, PRIYA).preference)) == ("Priya Rao", "law")


@pytest.mark.parametrize("confirmed", [True, False])
def test_nobody_who_left_is_made_active_again(desk: Desk, tmp_path: Path, confirmed: bool) -> None:
    """No import brings anybody back, whether or not somebody vouches; nothing of the line is kept."""
    desk.reader(PRIYA, "carers", name="Priya")
    with desk.house.store.write() as connection:
        people(desk.house, connection).unsubscribe(PRIYA)

    report = bring_in(desk.house, tmp_path, "email,name\npriya@example.org,Pria\n", confirmed=confirmed)

    after = held(desk.house, PRIYA)
    assert (after.state, after.name) == (_State.ENDED, "Priya")
    assert len(report.refused) == 1


@pytest.mark.parametrize("scope", ["*", NEWSLETTER])
def test_a_suppressed_address_is_refused_and_not_kept(social_care: House, tmp_path: Path, scope: str) -> None:
    """No row is made of it."""
    with social_care.store.write() as connection:
        people(social_care, connection).suppress(PRIYA, SuppressionReason.BOUNCED, scope=scope)

    report = bring_in(social_care, tmp_path, "email\npriya@example.org\njoe@example.org\n")

    assert told(report) == (1, 0, 0, 1)
    assert "is suppressed (bounced" in report.refused[0].reason
    assert counts(social_care) == (1, 1, 1)


@pytest.mark.parametrize(
    "text",
    ['email,name\npriya@example.org,Priya\njoe@example.org,"Jo"e\n', "name\nPriya\n", ""],
    ids=["stray quote", "no addresses", "empty"],
)
def test_a_file_that_is_no_table_of_readers_leaves_nothing_behind(
    social_care: House, tmp_path: Path, text: str
) -> None:
    """Not even the lines before the place where it breaks."""
    with pytest.raises(UnreadableTable):
        bring_in(social_care, tmp_path, text)

    assert counts(social_care) == (0, 0, 0)


def test_a_file_that_breaks_after_many_lines_leaves_nothing_behind(social_care: House, tmp_path: Path) -> None:
    """Lines that were written together already are taken back."""
    good = "".join(f"r{n}@example.org,Reader\n" for n in range(1100))

    with pytest.raises(UnreadableTable, match=r"^line 1102"):
        bring_in(social_care, tmp_path, f'email,name\n{good}joe@example.org,"Jo"e\n')

    assert counts(social_care) == (0, 0, 0)


def test_a_file_that_is_not_there_and_a_newsletter_that_is_not_known_are_told(
    social_care: House, tmp_path: Path
) -> None:
    """In one line each."""
    options = {"confirmed": True, "mapping": {}, "dry_run": False, "progress": lambda _: None}

    with pytest.raises(SettingsRefused, match="cannot be read"):
        import_csv(social_care, tmp_path / "absent.csv", NEWSLETTER, **options)  # type: ignore[arg-type]
    (tmp_path / "readers.csv").write_text("email\n", encoding="utf-8")
    with pytest.raises(UnknownName, match="social-care"):
        import_csv(social_care, tmp_path / "readers.csv", "unknown", **options)  # type: ignore[arg-type]


def test_an_export_is_an_import(desk: Desk, tmp_path: Path) -> None:
    """With a byte order mark from a spreadsheet, and with names that look like formulas."""
    desk.reader(PRIYA, "law,carers", name="=HYPERLINK(1)")
    desk.reader("+tag@example.org", name="-Joe, 'the' \"Joe\"")
    before = export(desk.house)
    text = to_csv(desk.house, tmp_path)

    report = bring_in(desk.house, tmp_path, f"\ufeff{text}")

    assert told(report) == (0, 0, 2, 0)
    assert export(desk.house) == before
    assert "'=HYPERLINK(1)" in text
    assert "'+tag@example.org" in text


def test_an_export_never_brings_back_who_left_nor_confirms_who_waits(desk: Desk, tmp_path: Path) -> None:
    """Moved to another machine, a list keeps its noes and its open questions."""
    desk.reader("left@example.org")
    desk.reader("waits@example.org", confirmed=False)
    desk.reader("reads@example.org")
    with desk.house.store.write() as connection:
        people(desk.house, connection).unsubscribe("left@example.org")
    text = to_csv(desk.house, tmp_path)
    moved = text.replace("@example.org", "@example.net")

    report = bring_in(desk.house, tmp_path, moved)

    assert told(report) == (2, 0, 0, 1)
    assert report.refused[0].email == "left@example.net"
    assert held(desk.house, "waits@example.net").state is _State.PENDING
    assert held(desk.house, "reads@example.net").state is _State.ACTIVE


def test_a_newsletter_must_be_there_before_its_readers(house: House) -> None:
    """An import into nothing is refused before the first line."""
    terms = Terms(newsletter="unknown", default_cadence="monthly", confirmed=True, origin="readers.csv")

    with pytest.raises(Never, match="There is no newsletter “unknown”"), house.store.write() as connection:
        Intake(connection, house.keys, terms, Report(), now=house.clock.now())


def export(house: House) -> list[dict[str, str]]:
    """All subscriptions, as an export has them."""
    with house.store.read() as connection:
        return list(exported(connection, NEWSLETTER))


def to_csv(house: House, folder: Path) -> str:
    """The same as a file's text."""
    path = folder / "export.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        write(file, export(house), COLUMNS, lambda: None)
    return path.read_text(encoding="utf-8")


def test_a_cell_of_separators_is_no_choice_of_everything(social_care: House, tmp_path: Path) -> None:
    """The line is refused, and the others are taken."""
    report = bring_in(social_care, tmp_path, f'email;topics\n{PRIYA};","\njoe@example.org;law\n')

    assert told(report) == (1, 0, 0, 1)
    assert "names no topic" in report.refused[0].reason


def test_an_old_list_brings_nobody_back_who_has_moved_away(social_care: House, tmp_path: Path) -> None:
    """The line is refused in plain words; whoever uses the mailbox by now can still sign up with it."""
    bring_in(social_care, tmp_path, f"email\n{PRIYA}\n")
    with social_care.store.write() as connection:
        minds = SecondThoughts(connection, social_care.keys, now=social_care.clock.now(), channel="page")
        minds.move(held(social_care, PRIYA).subscriber_id, "priya@example.net")
    again = bring_in(social_care, tmp_path, f"email\n{PRIYA}\njoe@example.org\n")
    asking = bring_in(social_care, tmp_path, f"email\n{PRIYA}\n", confirmed=False)
    with social_care.store.write() as connection:
        page = people(social_care, connection, channel="page")
        page.add(PRIYA, NEWSLETTER, default_cadence="monthly")
        page.confirm(PRIYA)

    assert (told(again), told(asking)) == ((1, 0, 0, 1), (0, 0, 0, 1))
    assert "written to elsewhere" in str(again.refused)
    assert told(bring_in(social_care, tmp_path, f"email\n{PRIYA}\n")) == (0, 0, 1, 0)


def test_a_list_of_ours_lets_nobody_begin_whose_mail_was_stopped(social_care: House, tmp_path: Path) -> None:
    """Suppressed or paused where the list is from: refused with the reason; who subscribes here already is changed."""
    for email in ("paused@example.org", "stopped@example.org", "here@example.org"):
        bring_in(social_care, tmp_path, f"email\n{email}\n")
    with social_care.store.write() as connection:
        hands = people(social_care, connection)
        until = social_care.clock.now() + timedelta(days=30)
        hands.pause(held(social_care, "paused@example.org"), until)
        hands.suppress("stopped@example.org", SuppressionReason.BOUNCED, evidence="550 5.1.1 no")
    rows = {row["email"]: row for row in export(social_care)}
    as_new = to_csv(social_care, tmp_path).replace("@example.org", "@example.net")

    elsewhere = bring_in(social_care, tmp_path, as_new)
    here = bring_in(social_care, tmp_path, to_csv(social_care, tmp_path))

    assert [rows[f"{who}@example.org"]["state"] for who in ("paused", "stopped", "here")] == [
        "paused",
        "suppressed",
        "active",
    ]
    assert rows["paused@example.org"]["paused_until"] == until.isoformat()
    assert told(elsewhere) == (1, 0, 0, 2)
    assert ["paused" in r.reason or "suppressed" in r.reason for r in elsewhere.refused] == [True, True]
    assert told(here)[:2] == (0, 0)


def test_a_topic_that_has_gone_keeps_nobody_out(social_care: House, tmp_path: Path) -> None:
    """Exported without it where others stay; who has chosen nothing else is no reader of everything."""
    bring_in(social_care, tmp_path, f"email,topics\n{PRIYA},law;carers\njoe@example.org,law\n")
    with social_care.store.write() as connection:
        publication = newsletters.load(connection, NEWSLETTER)
        stay = tuple(topic for topic in publication.topics if topic.slug != "law")
        newsletters.save(connection, publication.newsletter, stay, publication.sources, now=social_care.clock.now())

    topics = {row["email"]: row["topics"] for row in export(social_care)}
    again = bring_in(social_care, tmp_path, to_csv(social_care, tmp_path).replace("@example.org", "@example.net"))

    assert topics == {PRIYA: "carers", "joe@example.org": "law"}
    assert told(again) == (1, 0, 0, 1)
    assert "unknown topic “law”" in again.refused[0].reason
