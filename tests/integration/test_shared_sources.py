"""Sources that two newsletters read: each files what comes by its own topics, and neither's file needs the other's."""

import json
from pathlib import Path

import pytest

from digest.flow import sources as adding
from digest.flow.apply import apply, export
from digest.flow.gather import gather
from digest.flow.health import health
from digest.flow.house import House
from digest.flow.keep import import_file
from digest.flow.sources import Wishes
from digest.storage import filings, items, newsletters
from tests.support.site import Site

NEWSLETTER = """
[newsletter]
slug = "{slug}"
name = "{slug}"
[sender]
name = "News"
address = "news@example.org"
"""
SOURCE = """
[[sources]]
slug = "shared"
name = "Shared"
kind = "json"
location = "{location}"
topics = {topics}
"""
LAW, HOMES = ("law", "people"), ("homes", "people")
ENTRIES = {"version": "https://jsonfeed.org/version/1.1", "title": "Shared"}


def entries(count: int = 1, title: str = "Piece") -> bytes:
    """A feed of pieces that speak for no topic by themselves."""
    made = [{"id": str(n), "title": f"{title} {n}", "content_text": f"{title} {n} says little."} for n in range(count)]
    return json.dumps({**ENTRIES, "items": made}).encode()


def written(folder: Path, slug: str, topics: tuple[str, ...], brought: tuple[str, ...] | None, at: str = "") -> Path:
    """The file of a newsletter with these topics, to which the shared source brings some, or which does not read it."""
    text = NEWSLETTER.format(slug=slug) + "".join(f'[[topics]]\nslug = "{t}"\nname = "{t}"\n' for t in topics)
    text += "" if brought is None else SOURCE.format(location=at, topics=list(brought))
    file = folder / f"{slug}.toml"
    file.write_text(text, encoding="utf-8")
    return file


def filed(house: House) -> dict[str, set[str]]:
    """The topics that all items stand under, by newsletter."""
    with house.store.read() as connection:
        every = [each for item in items.listed(connection) for each in filings.of_item(connection, item.id)]
    return {slug: {each.topic for each in every if each.newsletter == slug} for slug in ("court", "homes")}


@pytest.fixture
def both(reading: House, tmp_path: Path) -> House:
    """A house with two newsletters that share a source of files; they have one topic in common."""
    apply(reading, written(tmp_path, "court", LAW, ("law",)))
    apply(reading, written(tmp_path, "homes", HOMES, ("people", "homes")))
    return reading


def test_each_newsletter_is_exported_and_applied_again_unchanged(both: House, tmp_path: Path) -> None:
    """Though the source brings the first a topic that the second has not."""
    texts = {slug: export(both, slug) for slug in ("court", "homes")}

    for slug, text in texts.items():
        file = tmp_path / f"{slug}-again.toml"
        file.write_text(text, encoding="utf-8")
        assert apply(both, file) == []

    assert 'topics = ["law"]' in texts["court"]
    assert 'topics = ["people", "homes"]' in texts["homes"]
    assert {slug: export(both, slug) for slug in texts} == texts


def test_what_is_imported_is_filed_in_each_by_its_own(both: House, tmp_path: Path) -> None:
    """The reason is the source in both."""
    file = tmp_path / "feed.json"
    file.write_bytes(entries())

    _, (item,) = import_file(both, file, "shared")

    assert filed(both) == {"court": {"law"}, "homes": {"homes", "people"}}
    assert set(item.topics) == {"law", "homes", "people"}
    with both.store.read() as connection:
        reasons = {why for each in filings.of_item(connection, item.id) for why in each.reasons}
    assert reasons == {"everything from its source"}


def test_when_one_newsletter_changes_what_the_source_brings_the_other_keeps_its_own(
    both: House, tmp_path: Path
) -> None:
    """What was filed before is filed anew."""
    file = tmp_path / "feed.json"
    file.write_bytes(entries())
    import_file(both, file, "shared")

    changes = apply(both, written(tmp_path, "court", LAW, ("people",)))

    assert changes == ["source shared: changes"]
    assert filed(both) == {"court": {"people"}, "homes": {"homes", "people"}}
    assert apply(both, written(tmp_path, "homes", HOMES, ("people", "homes"))) == []


def test_what_is_gathered_is_filed_in_each_by_its_own(reading: House, tmp_path: Path, site: Site) -> None:
    """Here and in the processes that much is read in; a look beforehand says the same."""
    address = site.page("/shared", entries())
    apply(reading, written(tmp_path, "court", LAW, ("law",), address))
    apply(reading, written(tmp_path, "homes", HOMES, ("homes",), address))

    looked = adding.look(reading, "shared")
    gathered = gather(reading, ["shared"])

    assert [each.error for each in gathered] == [""]
    assert [sorted(each) for each in looked.topics] == [["homes", "law"]]
    assert filed(reading) == {"court": {"law"}, "homes": {"homes"}}


def test_many_sources_that_are_shared_are_read_in_other_processes_by_the_same_rules(
    reading: House, tmp_path: Path, site: Site
) -> None:
    """Each source has its own topics there too."""
    for slug, topics in (("court", LAW), ("homes", HOMES)):
        file = written(tmp_path, slug, topics, None)
        shared = [
            SOURCE.format(location=site.page(f"/{n}", entries(title=f"Of {n}")), topics=[topics[n % 2]]).replace(
                "shared", f"s{n}"
            )
            for n in range(16)
        ]
        file.write_text(file.read_text(encoding="utf-8") + "".join(shared), encoding="utf-8")
        apply(reading, file)

    gather(reading)

    with reading.store.read() as connection:
        found = {n: items.listed(connection, items.Which(source=f"s{n}")) for n in range(16)}
    topics = {n: {topic for item in listed for topic in item.topics} for n, listed in found.items()}
    assert topics == {n: ({"people"} if n % 2 else {"law", "homes"}) for n in range(16)}


def test_a_source_that_another_newsletter_reads_is_added_with_topics_of_ones_own(
    reading: House, tmp_path: Path, site: Site
) -> None:
    """What it has brought before is filed there as well; the other newsletter stays as it is."""
    address = site.page("/shared", entries(2))
    apply(reading, written(tmp_path, "court", LAW, ("law",), address))
    apply(reading, written(tmp_path, "homes", HOMES, None))
    gather(reading)
    court = export(reading, "court")

    looked = adding.find(reading, Wishes(location=address, topics=("homes",)), "homes")
    source, gathered = adding.add(reading, looked, "homes")

    assert [set(each) for each in looked.topics] == [{"homes"}, {"homes"}]
    assert (source.slug, source.topics, gathered.new) == ("shared", ("homes",), 0)
    assert filed(reading) == {"court": {"law"}, "homes": {"homes"}}
    assert export(reading, "court") == court
    with reading.store.read() as connection:
        assert newsletters.load(connection, "homes").sources == (source,)


def test_the_list_of_sources_says_what_each_brings_to_whom(both: House) -> None:
    """And nothing of those to whom it brings nothing."""
    (shared,) = [each for each in health(both) if each.slug == "shared"]

    assert shared.newsletters == ("court", "homes")
    assert shared.topics == {"court": ("law",), "homes": ("people", "homes")}
    assert all(each.topics == {} for each in health(both) if each.slug != "shared")
