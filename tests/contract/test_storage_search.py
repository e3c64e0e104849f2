"""Searching past issues, on each database: what is found, in which order, and that no string is an error."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from digest.flow import apply, approve, compose, publish
from digest.flow.house import House
from digest.flow.keep import import_file
from digest.storage import schema, search
from digest.storage.asked import Asked, asked
from digest.storage.search import Found
from subscribers.service import Subscribers

_FILE = """
[newsletter]
slug = "{slug}"
name = "Quay"
language = "{language}"
approval = "automatic"
[sender]
name = "Quay"
address = "quay@news.example.org"
[cadences.monthly]
[[sources]]
slug = "{slug}-news"
name = "News"
kind = "json"
[[topics]]
slug = "quays"
name = "Quays"
"""
_ENGLISH = {
    "Carers at night": "<p>Who sits up?</p><ul><li>Two nurses</li><li>One <b>care</b>r</li></ul>",
    "Night buses": "<p>Buses run late, and some carers take them home.</p>",
    "A budget <b>&amp;</b> its forms": "<p>Nobody reads them. Café opens early.</p>",
}
_GERMAN = {
    "Häuser am Kai": "<p>Die Pflegekräfte wohnen dort.</p>",
    "Ein Haus für alle": "<p>Carers is the English word.</p>",
}
HOSTILE = (
    *(
        '"',
        "'",
        "''",
        '"""',
        "*",
        "-",
        "--",
        "- -",
        "NOT",
        "AND OR NOT",
        "NEAR(a b)",
        "title:carers",
        "(carers",
        "carers)",
    ),
    *(
        "carers:*",
        "a & b | !c",
        "<->",
        "\\",
        "%",
        "_",
        "\x00",
        "\x02carers\x03",
        "\ud800",
        "‮carers",
        "²",
        "𝔠arers",
        "ﷺ",
    ),
    *("'; DROP TABLE issue; --", "carers' OR '1'='1", "<script>alert(1)</script>", "the", "a" * 5000, "a " * 3000),
    *('"carers', '-"carers', "^carers", "carers^2", "{title body}: carers", "e\u0301", "{", "café\u0301"),
)


@pytest.fixture
def quay(house: House) -> House:
    """Two newsletters with an issue out, one in English and one in German."""
    for slug, language, items in (("quay", "en-GB", _ENGLISH), ("kai", "de", _GERMAN)):
        _published(house, slug, language, items)
    return house


def _published(house: House, slug: str, language: str, items: dict[str, str]) -> None:
    folder = house.settings.data_folder
    (folder / "n.toml").write_text(_FILE.format(slug=slug, language=language))
    told = [
        {
            "title": t,
            "body_html": b,
            "published_at": "2026-11-10",
            "topics": ["quays"],
            "link": f"https://x.example/{n}",
        }
        for n, (t, b) in enumerate(items.items())
    ]
    (folder / "items.json").write_text(json.dumps(told))
    apply.apply(house, folder / "n.toml")
    with house.store.write() as connection:
        people = Subscribers(connection, house.keys, now=house.clock.now(), channel="command")
        people.add("r@example.org", slug, default_cadence="monthly", confirmed=True)
    import_file(house, folder / "items.json", f"{slug}-news")
    compose.compose(house, slug, period_key="2026-11")
    approve.approve(house, f"{slug}/2026-11", by="editor")
    publish.publish(house, f"{slug}/2026-11")


def find(house: House, words: str, slug: str = "quay", language: str = "en-GB", page: int = 1) -> Found:
    """What these words find."""
    with house.store.read() as connection:
        return search.find(connection, slug, asked(words, language=language), language=language, page=page)


def slugs(found: Found) -> list[str]:
    """The articles, best first."""
    return [hit.slug for hit in found.hits]


def test_all_words_must_be_there_and_a_title_weighs_more(quay: House) -> None:
    """In whatever form English has of them, and whatever their case or accents; other newsletters' issues stay out."""
    assert slugs(find(quay, "CARER nights")) == ["carers-at-night", "night-buses"]
    assert slugs(find(quay, "carers")) == ["carers-at-night", "night-buses"]
    assert slugs(find(quay, "carers budget")) == []
    assert slugs(find(quay, "café")) == ["a-budget-its-forms"]
    assert slugs(find(quay, "nurse")) == ["carers-at-night"]
    assert find(quay, "haus").total == 0


def test_phrases_stay_together_and_a_minus_leaves_out(quay: House) -> None:
    """As most people have learned it elsewhere."""
    assert slugs(find(quay, '"run late"')) == slugs(find(quay, "“run late”")) == ["night-buses"]
    assert slugs(find(quay, '"late run"')) == []
    assert slugs(find(quay, "carers -buses")) == ["carers-at-night"]
    assert find(quay, "-buses").total == 0
    assert find(quay, "").total == 0


def test_german_words_find_longer_ones(quay: House) -> None:
    """Which that language makes of two."""
    assert slugs(find(quay, "pflege", "kai", "de")) == ["hauser-am-kai"]
    assert "hauser-am-kai" in slugs(find(quay, "Häuser", "kai", "de"))


def test_what_was_found_is_marked_and_nothing_else(quay: House) -> None:
    """In the title and in the words around; tags of the text are gone, its signs are plain text."""
    first = find(quay, "night").hits[0]
    budget = find(quay, "budget").hits[0]

    assert [(bit.text, bit.found) for bit in first.title] == [("Carers at ", False), ("night", True)]
    assert "".join(bit.text for bit in first.snippet) == "Who sits up? Two nurses One carer"
    assert [bit.text for bit in budget.title if bit.found] == ["budget"]


def test_results_come_page_by_page(quay: House) -> None:
    """Each once; behind the last page there is nothing, and the count stays."""
    items = {f"Ferry number {n}": f"<p>Ferries and boats, {n}.</p>" for n in range(23)}
    _published(quay, "ferries", "en-GB", items)

    pages = [find(quay, "ferry", "ferries", page=page) for page in (1, 2, 3, 4)]

    assert [len(page.hits) for page in pages] == [8, 0, 0, 0] or [len(page.hits) for page in pages] == [10, 10, 3, 0]
    assert len({slug for page in pages for slug in slugs(page)}) == pages[0].total == pages[3].total


def test_no_string_is_an_error(quay: House) -> None:
    """Whatever somebody types or a machine tries; nor does it find everything."""
    assert {words: total for words in HOSTILE if (total := find(quay, words).total) > 2} == {}


def test_whatever_is_typed_is_taken_apart(quay: House) -> None:
    """No text at all makes either database complain."""

    @settings(max_examples=60, suppress_health_check=list(HealthCheck))
    @given(st.text(max_size=30), st.sampled_from(["en-GB", "de", "zz"]))
    def holds(words: str, language: str) -> None:
        assert find(quay, words, language=language).total <= 3

    holds()


def test_what_came_out_before_there_was_a_search_is_found(quay: House) -> None:
    """The migration reads what was published; down and up again it is the same."""
    before = [find(quay, words) for words in ("carers", "café", '"two nurses"')]

    schema.downgrade(quay.store, "0010")
    schema.upgrade(quay.store)

    assert [find(quay, words) for words in ("carers", "café", '"two nurses"')] == before
    assert slugs(find(quay, "pflege", "kai", "de")) == ["hauser-am-kai"]


def test_an_index_that_was_lost_is_made_from_the_texts(quay: House) -> None:
    """A copy of a database brings the texts; each kind of database has an index of its own."""
    before = [find(quay, "carers"), find(quay, "pflege", "kai", "de")]
    empty = "INSERT INTO article_search (article_search) VALUES ('delete-all')"
    with quay.store.write() as connection:
        connection.execute(text(empty if quay.store.embedded else "DELETE FROM article_search"))
        emptied = search.find(connection, "quay", asked("carers", language="en"), language="en").total
        search.index_all(connection)

    assert emptied == 0
    assert [find(quay, "carers"), find(quay, "pflege", "kai", "de")] == before


def test_an_issue_that_nobody_got_is_not_found(quay: House) -> None:
    """No page of the archive shows it."""
    with quay.store.write() as connection:
        connection.execute(text("UPDATE issue SET state = 'empty'"))

    assert find(quay, "carers").total == 0


def test_words_are_taken_apart_once_for_both_databases() -> None:
    """At most so many; a sign between letters makes a phrase."""
    assert asked("e-mail", language="en") == Asked((asked('"e mail"', language="en").wanted[0],))
    assert len(asked("word " * 40, language="en").wanted) == 12
    assert asked("Haus Pflege", language="de").for_fts5() == '("Haus" * AND "Pflege" *)'
