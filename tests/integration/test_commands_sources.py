"""The commands that gather: adding sources, looking at them, importing, filing, in words and for programs."""

import json
import shutil
from pathlib import Path

import pytest

from tests.support.site import Site
from tests.support.terminal import Terminal, run_all

FEED = {
    "version": "https://jsonfeed.org/version/1.1",
    "title": "Quayside notes",
    "items": [
        {"id": "1", "url": "https://example.org/1", "title": "Carers at work", "content_text": "Forty were asked."},
        {"id": "2", "url": "https://example.org/2", "title": "Opening hours", "content_text": "At Christmas."},
    ],
}
TABLE = """title,link,published_at,people,topics,text
Carers at sea,https://example.org/sea,2026-11-02,Ruth Vale;Siân Parry,Unpaid carers,All of it.
Harbour lights,https://example.org/lights,,,,"Nothing, really."
"""


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder that knows social-care, to be copied."""
    where = tmp_path_factory.mktemp("applied")
    run_all(where, ("init",), ("apply", "newsletters/social-care.toml"))
    return where


@pytest.fixture
def terminal(nowhere: Terminal, applied: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal in such a folder, which may ask the loopback site."""
    monkeypatch.setenv("DIGEST_GATHER__ALLOW_HOSTS", '["127.0.0.1:*"]')
    shutil.copytree(applied, Path(), dirs_exist_ok=True)
    return nowhere


@pytest.fixture
def address(site: Site) -> str:
    """A feed."""
    return site.page("/feed", json.dumps(FEED).encode())


def known(terminal: Terminal) -> dict[str, dict]:
    return {each["slug"]: each for each in json.loads(terminal.done("sources", "list", "--json"))}


def test_add_shows_and_asks_and_without_anybody_to_ask_keeps_nothing(terminal: Terminal, address: str) -> None:
    """Said plainly, with what to write instead."""
    code, out, errors = terminal.run("sources", "add", address)

    assert code == 2
    assert "--yes" in errors
    assert "Carers at work" in out
    assert set(known(terminal)) == {"sscr-news", "scwru-blog"}


def test_add_for_programs_refuses_before_it_says_anything_where_nobody_can_be_asked(
    terminal: Terminal, address: str, site: Site
) -> None:
    """A program would take what it reads for kept; the server is not even asked."""
    code, out, errors = terminal.run("sources", "add", address, "--json")

    assert (code, out, site.asked) == (2, "", [])
    assert "--yes" in errors
    assert "--dry-run" in errors
    assert json.loads(terminal.done("sources", "add", address, "--json", "--yes"))["source"]["location"] == address
    assert "quayside-notes" in known(terminal)


def test_add_keeps_what_was_shown_and_the_lists_have_it(terminal: Terminal, address: str) -> None:
    """And the newsletter's file can be written anew with it."""
    out = terminal.done("sources", "add", address, "--yes", "--topics", "research", "--name", "The quay")

    assert "Kept as the-quay" in out
    assert known(terminal)["the-quay"]["items"] == 2
    exported = terminal.done("export", "social-care")
    assert 'slug = "the-quay"' in exported
    assert 'topics = ["research"]' in exported
    Path("again.toml").write_text(exported, encoding="utf-8")
    assert "nothing" in terminal.done("apply", "again.toml").lower()


def test_add_for_programs_says_what_it_found(terminal: Terminal, address: str) -> None:
    """The source, and each item with its topics; a dry run keeps nothing."""
    shown = json.loads(terminal.done("sources", "add", address, "--dry-run", "--json"))

    assert shown["source"] == {"slug": "quayside-notes", "name": "Quayside notes", "kind": "json", "location": address}
    assert [(each["title"], each["topics"]) for each in shown["items"]] == [
        ("Carers at work", ["carers"]),
        ("Opening hours", []),
    ]
    assert "quayside-notes" not in known(terminal)


def test_a_source_is_tested_listed_when_it_fails_and_removed(terminal: Terminal, address: str, site: Site) -> None:
    """An editor's way with a source that has gone."""
    terminal.done("sources", "add", address, "--yes")
    assert "Carers at work" in terminal.done("sources", "test", "quayside-notes")
    site.page("/feed", status=410)

    code, out, _ = terminal.run("gather", "quayside-notes")
    failing = json.loads(terminal.done("sources", "list", "--failing", "--json"))
    terminal.done("sources", "remove", "quayside-notes")

    assert code == 1
    assert "410" in out
    assert [(each["slug"], each["failures"]) for each in failing] == [("quayside-notes", 1)]
    assert failing[0]["words"].startswith("Ended: ")
    assert terminal.done("sources", "list", "--failing") == "All are well.\n"


def test_gathering_tells_programs_what_came(terminal: Terminal, address: str, site: Site) -> None:
    """New, changed, noted, the same; or that nothing was to be read."""
    terminal.done("sources", "add", address, "--yes")

    first = json.loads(terminal.done("gather", "--json"))
    second = json.loads(terminal.done("gather", "--json"))

    assert [(each["new"], each["same"], each["unchanged"]) for each in first] == [(0, 2, False)]
    assert [(each["new"], each["same"], each["unchanged"]) for each in second] == [(0, 0, True)]


def test_a_table_is_imported_with_people_dates_and_topics(terminal: Terminal) -> None:
    """All its columns; a dry run only counts."""
    Path("table.csv").write_text(TABLE, encoding="utf-8")

    would = terminal.done("items", "import", "table.csv", "--source", "sscr-news", "--dry-run")
    assert json.loads(terminal.done("items", "list", "--json")) == []
    imported = json.loads(terminal.done("items", "import", "table.csv", "--source", "sscr-news", "--json"))

    assert "2 would be new" in would
    assert [(i["title"], i["published_at"], i["people"], i["topics"]) for i in imported] == [
        ("Carers at sea", "2026-11-02", ["Ruth Vale", "Siân Parry"], ["carers"]),
        ("Harbour lights", None, [], []),
    ]


def test_an_item_that_a_file_has_twice_is_told_once(terminal: Terminal) -> None:
    """In words and to programs."""
    Path("table.csv").write_text("title,link\n" + "Harbour lights,https://example.org/lights\n" * 2, encoding="utf-8")

    words = terminal.done("items", "import", "table.csv", "--source", "sscr-news")
    shown = json.loads(terminal.done("items", "import", "table.csv", "--source", "sscr-news", "--json"))

    assert "1 new, 0 changed, 1 known already" in words
    assert "so that no reader gets them: 1. File" in words
    assert [each["id"] for each in shown] == [1]


def test_an_import_says_what_other_sources_have_as_well(terminal: Terminal) -> None:
    """Also when it only looks; the first says nothing, as there is nothing to say."""
    Path("table.csv").write_text(TABLE, encoding="utf-8")

    first = terminal.done("items", "import", "table.csv", "--source", "sscr-news")
    would = terminal.done("items", "import", "table.csv", "--source", "scwru-blog", "--dry-run")
    second = terminal.done("items", "import", "table.csv", "--source", "scwru-blog")

    assert "also at" not in first
    for said in (would, second):
        assert "2 also at sscr-news; a reader gets the same piece once.\n" in said


def test_an_item_shows_why_it_is_filed_and_what_an_editor_accepted(terminal: Terminal) -> None:
    """The reasons of the rules, then the editor's word."""
    Path("table.csv").write_text(TABLE, encoding="utf-8")
    terminal.done("items", "import", "table.csv", "--source", "sscr-news")
    number = next(str(i["id"]) for i in json.loads(terminal.done("items", "list", "--topic", "carers", "--json")))

    before = json.loads(terminal.done("items", "show", number, "--json"))
    terminal.done("items", "accept", number)
    after = json.loads(terminal.done("items", "show", number, "--json"))

    assert [(f["topic"], f["by"], f["stands"]) for f in before["filings"]] == [("carers", "rule", True)]
    assert any("carer" in reason for reason in before["filings"][0]["reasons"])
    assert [(f["topic"], f["by"], f["stands"]) for f in after["filings"]] == [("carers", "editor", True)]
    assert before["reading_minutes"] == 1


def test_a_long_list_is_cut_for_people_and_whole_for_programs(terminal: Terminal) -> None:
    """With a line that says so."""
    rows = "".join(f"Piece {n},https://example.org/{n}\n" for n in range(130))
    Path("table.csv").write_text(f"title,link\n{rows}", encoding="utf-8")
    terminal.done("items", "import", "table.csv", "--source", "sscr-news")

    shown = terminal.done("items", "list").splitlines()

    assert len(shown) == 1 + 100 + 1
    assert shown[-1] == "The newest 100 of 130; more with --limit."
    assert len(json.loads(terminal.done("items", "list", "--json"))) == 130
    assert len(json.loads(terminal.done("items", "list", "--json", "--limit", "7"))) == 7


def test_what_has_changed_since_it_came_out_is_listed(terminal: Terminal) -> None:
    """Nothing, at first."""
    assert terminal.done("items", "changes") == "Nothing was changed after it came out.\n"
    assert json.loads(terminal.done("items", "changes", "--json")) == []


def test_rules_are_scored_from_a_file(terminal: Terminal) -> None:
    """A row for each topic and one for all."""
    Path("labelled.json").write_text('[{"title": "Carers", "topics": ["carers"]}]', encoding="utf-8")

    scored = json.loads(terminal.done("topics", "score", "social-care", "labelled.json", "--json"))

    assert {each["topic"]: each["recall"] for each in scored}["carers"] == 1
    assert scored[-1]["topic"] == "all"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("sources", "add", "http://127.0.0.1:1/"), "did not answer"),
        (("sources", "add", "http://169.254.169.254/latest"), "allow_hosts"),
        (("sources", "add", "ftp://example.org/"), "no address of http"),
        (("sources", "add", "file:///etc/passwd"), "no address of http"),
        (("sources", "add", "http://127.0.0.1:1/", "--newsletter", "nowhere"), "no newsletter “nowhere”"),
        (("sources", "add", "http://127.0.0.1:1/", "--title", "h3"), "--item"),
        (("sources", "test", "nowhere"), "no source “nowhere”"),
        (("sources", "test", "sscr-news"), "lies nowhere"),
        (("sources", "remove", "nowhere"), "no source “nowhere”"),
        (("items", "add", "http://127.0.0.1:1/", "--source", "nowhere"), "no source “nowhere”"),
        (("items", "accept", "99"), "no item 99"),
        (("topics", "score", "social-care", "nowhere.toml"), "cannot be read"),
        (("topics", "score", "social-care", "notes.txt"), "neither TOML nor JSON. Write [[items]]"),
        (("topics", "suggest", "nowhere"), "no newsletter “nowhere”"),
    ],
)
def test_mistakes_are_told_in_words_and_change_nothing(terminal: Terminal, words: tuple[str, ...], says: str) -> None:
    """One line, exit 1 (2 for wrong usage), and the same sources and items as before."""
    Path("notes.txt").write_text("Dear diary,", encoding="utf-8")
    before = (known(terminal), terminal.done("items", "list", "--json"))

    code, _, errors = terminal.run(*words)

    assert code in (1, 2)
    assert says in " ".join(errors.split())
    assert (known(terminal), terminal.done("items", "list", "--json")) == before
