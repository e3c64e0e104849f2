"""Learning from editors: proposals that file nothing until somebody accepts them, and scores of the rules."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from digest.errors import SettingsRefused
from digest.flow.house import House
from digest.flow.schedule import tick
from digest.flow.score import read_labelled, score
from digest.flow.suggest import suggest
from digest.model.item import FoundItem
from digest.storage import filings, items
from digest.storage.filings import Origin
from tests.support.desk import NEWSLETTER, Desk

GARDENS = ("roses", "compost", "seedlings", "hedges", "tulips", "greenhouses", "orchards", "weeding")
KITCHENS = ("soups", "saucepans", "pastry", "ovens", "gravy", "recipes", "dumplings", "kettles")


def piece(words: str, number: int) -> FoundItem:
    text = f"This piece of today tells of {words}, and again of {words}, for those who like {words} above all."
    return FoundItem(
        title=f"On {words}, number {number}",
        link=f"https://example.org/{words.replace(' ', '-')}/{number}",
        body_html=f"<p>{text}</p>",
        body_text=text,
    )


@pytest.fixture
def taught(desk: Desk) -> Desk:
    """A desk whose editor has filed garden pieces under events, and kitchen pieces under research."""
    for subject, topic in ((GARDENS, "events"), (KITCHENS, "research")):
        for number in range(14):
            words = f"{subject[number % 8]} and {subject[(number * 3 + 1) % 8]}"
            ((item_id, _),) = desk.keep(piece(words, number))
            decide(desk, item_id, topic)
    return desk


def decide(desk: Desk, item_id: int, topic: str, *, stands: bool = True) -> None:
    with desk.house.store.write() as connection:
        filings.file_by_hand(connection, item_id, topic, stands=stands, by="Ruth", now=desk.house.clock.now())


def with_settings(house: House, **values: object) -> House:
    wanted = house.settings.suggest.model_copy(update=values)
    return replace(house, settings=house.settings.model_copy(update={"suggest": wanted}))


def filed(desk: Desk, item_id: int) -> list[tuple[str, Origin, bool]]:
    with desk.house.store.read() as connection:
        return [(f.topic, f.origin, f.stands) for f in filings.of_item(connection, item_id)]


def test_a_topic_is_proposed_with_how_sure_it_is_and_why_and_files_nothing(taught: Desk) -> None:
    """No reader gets it before an editor says so."""
    ((item_id, _),) = taught.keep(piece("roses and orchards", 99))

    suggested = suggest(taught.house, NEWSLETTER)

    mine = next(p for p in suggested.proposals if p.item_id == item_id)
    assert (mine.topic, mine.files) == ("events", False)
    assert 0.5 <= mine.confidence <= 1
    assert mine.because
    assert filed(taught, item_id) == [("events", Origin.LEARNED, False)]
    with taught.house.store.read() as connection:
        assert items.load(connection, item_id).topics == ()
        assert [i.id for i in items.listed(connection, items.Which(proposed=True))] == [item_id]


def test_a_dry_run_keeps_no_proposal(taught: Desk) -> None:
    """It only shows."""
    ((item_id, _),) = taught.keep(piece("roses and orchards", 99))

    assert suggest(taught.house, NEWSLETTER, dry_run=True).proposals

    assert filed(taught, item_id) == []


def test_what_an_editor_decided_is_not_proposed_again(taught: Desk) -> None:
    """Refused is refused."""
    ((item_id, _),) = taught.keep(piece("roses and orchards", 99))
    decide(taught, item_id, "events", stands=False)

    proposals = suggest(taught.house, NEWSLETTER).proposals

    assert ("events", item_id) not in [(p.topic, p.item_id) for p in proposals]
    assert filed(taught, item_id) == [("events", Origin.EDITOR, False)]


def test_accepting_makes_it_the_editors_word(taught: Desk) -> None:
    """And it stands for ever."""
    ((item_id, _),) = taught.keep(piece("roses and orchards", 99))
    suggest(taught.house, NEWSLETTER)

    decide(taught, item_id, "events")
    suggest(taught.house, NEWSLETTER)

    assert filed(taught, item_id) == [("events", Origin.EDITOR, True)]


def test_proposed_twice_is_proposed_once(taught: Desk) -> None:
    """With the confidence of the last time."""
    ((item_id, _),) = taught.keep(piece("roses and orchards", 99))

    suggest(taught.house, NEWSLETTER)
    suggest(taught.house, NEWSLETTER)

    assert filed(taught, item_id) == [("events", Origin.LEARNED, False)]


def test_only_a_site_that_wants_it_lets_what_is_very_sure_file_by_itself(taught: Desk) -> None:
    """Below the threshold nothing is ever filed."""
    ((item_id, _),) = taught.keep(piece("roses and orchards", 99))
    sure = next(p.confidence for p in suggest(taught.house, NEWSLETTER).proposals if p.item_id == item_id)

    suggest(with_settings(taught.house, file_from=min(sure + 0.01, 0.999)), NEWSLETTER)
    below = filed(taught, item_id)
    suggest(with_settings(taught.house, file_from=min(sure, 0.99)), NEWSLETTER)

    assert below == [("events", Origin.LEARNED, False)]
    assert filed(taught, item_id) == [("events", Origin.LEARNED, True)]


def test_a_rule_that_files_it_later_takes_the_place_of_the_guess(taught: Desk) -> None:
    """The item changed at its source, and now says it in the newsletter's words."""
    found = piece("roses and orchards", 99)
    ((item_id, _),) = taught.keep(found)
    suggest(taught.house, NEWSLETTER)

    taught.keep(replace(found, title="A conference on roses", body_text=f"{found.body_text} The conference is here."))

    assert ("events", Origin.RULE, True) in filed(taught, item_id)


def test_too_few_decisions_teach_nothing_and_say_so(desk: Desk) -> None:
    """Each topic says why it was not learned."""
    ((item_id, _),) = desk.keep(piece("roses and orchards", 1))
    decide(desk, item_id, "events")

    suggested = suggest(desk.house, NEWSLETTER)

    assert suggested.proposals == ()
    assert all(each.why_not for each in suggested.learned)


def test_the_tick_proposes_where_the_site_wants_it(taught: Desk, tmp_path: Path) -> None:
    """With what it has just gathered, and not otherwise."""
    from digest.model.source import Source, SourceKind
    from digest.storage import newsletters, sources

    feed = tmp_path / "feed.json"
    entry = piece("roses and orchards", 99)
    feed.write_text(json.dumps([{"title": entry.title, "body": entry.body_text}]), encoding="utf-8")
    with taught.house.store.write() as connection:
        wanted = Source(slug="garden", name="Garden", kind=SourceKind.JSON, location=str(feed))
        source_id = sources.save(connection, wanted)
        sources.attach(connection, source_id, newsletters.load(connection, NEWSLETTER).id)

    done = tick(with_settings(taught.house, enabled=True))

    assert done.problems == []
    with taught.house.store.read() as connection:
        (item,) = items.listed(connection, items.Which(source="garden"))
    assert filed(taught, item.id) == [("events", Origin.LEARNED, False)]


def test_rules_are_scored_against_what_editors_decided(desk: Desk) -> None:
    """Precision: what was filed and belongs there; recall: what belongs there and was filed."""
    numbers = [desk.keep(replace(piece("roses", n), title=f"Carers, number {n}"))[0][0] for n in range(4)]
    decide(desk, numbers[0], "carers")
    decide(desk, numbers[1], "carers", stands=False)
    for number in numbers[2:]:
        decide(desk, number, "carers")
    ((unseen, _),) = desk.keep(piece("roses and orchards", 9))
    decide(desk, unseen, "carers")

    scored = {each.topic: each for each in score(desk.house, NEWSLETTER)}

    carers = scored["carers"]
    assert (carers.wanted, carers.found) == (4, 4)
    assert (carers.precision, carers.recall) == (0.75, 0.75)
    assert scored["all"].f1 == 0.75


@pytest.mark.parametrize("suffix", [".toml", ".json"])
def test_rules_are_scored_against_a_file(desk: Desk, tmp_path: Path, suffix: str) -> None:
    """The same in both formats."""
    file = tmp_path / f"labelled{suffix}"
    rows = [{"title": "Unpaid carers and the Court of Protection", "text": "All of it.", "topics": ["carers"]}]
    toml = '[[items]]\ntitle = "Unpaid carers and the Court of Protection"\ntext = "All of it."\ntopics = ["carers"]\n'
    file.write_text(toml if suffix == ".toml" else json.dumps(rows), encoding="utf-8")

    scored = {each.topic: each for each in score(desk.house, NEWSLETTER, file)}

    assert (scored["carers"].precision, scored["carers"].recall) == (1, 1)
    assert (scored["law"].found, scored["law"].precision) == (1, 0)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("notes.txt", b"Dear diary,", "notes.txt is neither TOML nor JSON"),
        ("notes", b"\xff\xfe\x00", "notes is neither TOML nor JSON"),
        ("deep.txt", b"[" * 100_000, "deep.txt is neither TOML nor JSON"),
        ("items.toml", b"Dear diary,", "items.toml is not TOML: "),
        ("items.json", b"Dear diary,", "items.json is not JSON: "),
        ("items.json", b"[" * 100_000, "items.json is not JSON: "),
        ("items.toml", b"", "items.toml: the whole is wrong"),
        ("items.toml", b"[[items]]\ntitle = 3\n", "items.toml: 0.title is wrong"),
        ("items.json", b"[1]", "items.json: 0 is wrong"),
        ("items.json", b'[{"title": "Carers"}]', "items.json: 0.topics is wrong"),
    ],
)
def test_a_file_that_is_none_is_told_in_one_line(tmp_path: Path, name: str, data: bytes, words: str) -> None:
    """With its name and what to do."""
    file = tmp_path / name
    file.write_bytes(data)

    with pytest.raises(SettingsRefused) as refused:
        read_labelled(file)

    assert str(refused.value).startswith(words)
    assert "\n" not in str(refused.value)
    assert refused.value.remedy


@pytest.mark.parametrize("text", ['[[items]]\ntitle = "Carers"\ntopics = []', '[{"title": "Carers", "topics": []}]'])
def test_labelled_items_are_read_whatever_their_file_is_called(tmp_path: Path, text: str) -> None:
    """By what it is."""
    file = tmp_path / "labelled.txt"
    file.write_text(text, encoding="utf-8")

    assert [each.title for each in read_labelled(file)] == ["Carers"]


def test_nothing_decided_is_nothing_to_score(desk: Desk) -> None:
    """Not a table of ones."""
    assert score(desk.house, NEWSLETTER) == ()
