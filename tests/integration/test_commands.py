"""The commands: what they print for programs, and how they refuse."""

import json
import sqlite3
from pathlib import Path

import pytest

from digest.model.delivery import DeliveryState
from digest.resources import folder
from tests.support.terminal import Terminal

STATES = {state.value for state in DeliveryState}


def dump() -> list[str]:
    """Everything in the database, as text."""
    with sqlite3.connect("data/digest.db") as connection:
        lines = list(connection.iterdump())
    connection.close()
    return lines


def wrong_commands() -> dict[str, tuple[str, ...]]:
    """Each a mistake that somebody will make."""
    return {
        "a period that is none": ("compose", "social-care", "--period", "2014-13"),
        "a newsletter nobody knows": ("compose", "nowhere", "--period", "2014-11"),
        "an issue nobody made": ("publish", "social-care/2013-01"),
        "an unapproved issue": ("publish", "social-care/2014-11"),
        "an unknown topic": ("subscribers", "add", "a@example.org", "-n", "social-care", "--topics", "gardening"),
        "an unknown cadence": ("subscribers", "add", "a@example.org", "-n", "social-care", "--cadence", "hourly"),
        "no address": ("subscribers", "add", "ruth", "-n", "social-care"),
        "a reader nobody knows": ("subscribers", "show", "nobody@example.org"),
        "a table without addresses": ("subscribers", "import", "bad.csv", "-n", "social-care"),
        "a table that is torn": ("subscribers", "import", "torn.csv", "-n", "social-care"),
        "a table that is not there": ("subscribers", "import", "nowhere.csv", "-n", "social-care"),
        "a page without items": ("items", "import", "empty.txt", "--source", "sscr-news"),
        "a page with an impossible date": ("items", "import", "date.txt", "--source", "sscr-news"),
        "a page that is none": ("items", "import", "binary.txt", "--source", "sscr-news"),
        "a source nobody knows": ("items", "import", "items.json", "--source", "nowhere"),
        "a newsletter's file with a strange key": ("apply", "strange.toml"),
        "a newsletter's file that is no TOML": ("apply", "torn.toml"),
        "an item that is not there": ("items", "file", "99", "carers"),
        "a reader who is not asked": ("explain", "nobody@example.org", "social-care/2014-11"),
    }


@pytest.fixture
def wrong_files(tmp_path: Path) -> None:
    """Files that cannot be taken."""
    good = (folder("config") / "newsletters" / "social-care.toml").read_text(encoding="utf-8")
    texts = {
        "bad.csv": "name,topics\nRuth,carers\n",
        "torn.csv": 'email,name\nanna@example.org,"Anna\n',
        "empty.txt": "",
        "date.txt": "A title\n\n31 February 2014\n\nWords that follow.\n",
        "strange.toml": good.replace("[sender]", "colour = 1\n[sender]"),
        "torn.toml": "[newsletter\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "binary.txt").write_bytes(b"\x00\x01\x02" * 50)


@pytest.mark.parametrize("mistake", wrong_commands())
@pytest.mark.usefixtures("wrong_files")
def test_a_mistake_gets_one_line_and_changes_nothing(terminal: Terminal, mistake: str) -> None:
    """Exit code 1, one line that begins with the program's name, and the database as it was."""
    terminal.done("compose", "social-care", "--period", "2014-11")
    before = dump()

    code, _, errors = terminal.run(*wrong_commands()[mistake])

    assert code == 1
    assert errors.startswith("digest: ")
    assert errors.count("\n") == 1
    assert dump() == before


def test_a_mail_server_that_is_away_changes_nothing(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line that names the server, exit code 1; why is kept, and told until mail is accepted again."""
    for words in ("compose social-care --period 2014-11", "approve social-care/2014-11", "publish social-care/2014-11"):
        terminal.done(*words.split())
    before = dump()
    monkeypatch.setenv("DIGEST_MAIL__TRANSPORT", "smtp")
    monkeypatch.setenv("DIGEST_MAIL__SMTP__PORT", "1")

    code, _, errors = terminal.run("deliver")

    assert (code, errors.count("\n")) == (1, 1)
    assert "localhost:1" in errors
    assert [line for line in dump() if '"trouble"' not in line] == before
    report = json.loads(terminal.done("status", "social-care/2014-11", "--json"))
    assert [(each["transport"], each["failures"]) for each in report["troubles"]] == [("smtp", 1)]
    assert "Nothing goes by “smtp” since" in terminal.done("status", "social-care/2014-11")


def test_a_bad_template_is_named_and_changes_nothing(terminal: Terminal, tmp_path: Path) -> None:
    """File and line, exit code 1; the issue stays approved and can go out once the template is mended."""
    own = tmp_path / "mine" / "email" / "issue"
    own.mkdir(parents=True)
    (own / "issue.mjml.j2").write_text("<mjml>\n{% if %}\n", encoding="utf-8")
    Path("digest.toml").write_text('template_folder = "mine"\n', encoding="utf-8")
    for words in ("compose social-care --period 2014-11", "approve social-care/2014-11"):
        terminal.done(*words.split())
    before = dump()

    code, _, errors = terminal.run("publish", "social-care/2014-11")

    assert (code, errors.count("\n")) == (1, 1)
    assert "issue.mjml.j2" in errors
    assert dump() == before


@pytest.mark.parametrize(
    "words", ["status", "compose social-care", "migrate", "doctor", "dkim show", "subscribers list"]
)
def test_a_folder_that_is_no_site_is_left_alone(nowhere: Terminal, tmp_path: Path, words: str) -> None:
    """One line that says where to go; no database is made by a slip of the folder."""
    code, _, errors = nowhere.run(*words.split())

    assert (code, errors.count("\n")) == (1, 1)
    assert f"There is no digest.toml in {tmp_path}. Go to your site's folder" in errors
    assert list(tmp_path.iterdir()) == []


def test_what_needs_no_site_goes_without(nowhere: Terminal) -> None:
    """Help, and a key with a place of its own."""
    nowhere.done("status", "--help")
    nowhere.done("dkim", "keygen", "example.org", "--kind", "ed25519", "--out", "key.pem")


def test_a_database_in_the_environment_makes_a_site(nowhere: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where all settings come from there."""
    monkeypatch.setenv("DIGEST_DATABASE__URL", "sqlite:///digest.db")

    assert "No issues yet" in nowhere.done("status")


def test_the_data_are_for_their_owner_alone(terminal: Terminal) -> None:
    """They hold addresses; where an older site is open to others, the doctor says so."""
    made = [path.stat().st_mode & 0o077 for path in (Path("data"), Path("data/digest.db"))]
    quiet = terminal.run("doctor")[1]
    Path("data").chmod(0o755)
    Path("data/digest.db").chmod(0o644)

    told = terminal.run("doctor")[1]

    assert made == [0, 0]
    assert "can be read by others" not in quiet
    assert "run: chmod 700 data." in told


def test_what_was_refused_is_mended_and_imported(terminal: Terminal) -> None:
    """All columns come back with the reason, which an import ignores."""
    lines = "email,name,topics,language\nanna@example.org,Anna,zoo,de\nbert at home,Bert,law,\n"
    Path("in.csv").write_text(lines, encoding="utf-8")
    terminal.done("subscribers", "import", "in.csv", "-n", "social-care", "--refused", "out.csv")
    refused = Path("out.csv").read_text(encoding="utf-8")

    mended = refused.replace(",zoo,", ",law,").replace("bert at home", "bert@example.org")
    Path("out.csv").write_text(mended, encoding="utf-8", newline="")
    said = terminal.done("subscribers", "import", "out.csv", "-n", "social-care", "--confirmed")

    assert refused.splitlines()[0] == "email,name,topics,language,reason,line"
    assert "unknown topic “zoo”; there is" in refused
    assert "2 were added, 0 changed, 0 unchanged, 0 refused" in said
    assert "Anna\tde\tsocial-care" in terminal.done("subscribers", "list")


def test_a_readers_name_and_language_can_be_changed(terminal: Terminal) -> None:
    """What is not named stays; a language that no letter speaks is taken and told."""
    first = terminal.done("subscribers", "change", "ruth@example.org", "-n", "social-care", "--name", "Ruth")
    code, _, warned = terminal.run("subscribers", "change", "ruth@example.org", "-n", "social-care", "--language", "cy")
    refused = terminal.run("subscribers", "change", "ruth@example.org", "-n", "social-care", "--language", "german")
    shown = json.loads(terminal.done("subscribers", "show", "ruth@example.org", "--json"))

    assert "all, monthly" in first
    assert (code, refused[0]) == (0, 1)
    assert "No letter speaks “cy” (there are: en-GB" in warned
    assert (shown["name"], shown["language"]) == ("Ruth", "cy")
    assert "ruth@example.org: Ruth, reads cy" in terminal.done("subscribers", "show", "ruth@example.org")


def test_what_was_deferred_says_when_it_is_tried_again(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """By deliver and by status; a draft expects nobody knows how many."""
    terminal.done("compose", "social-care", "--period", "2014-11")
    draft = terminal.done("status")
    terminal.done("approve", "social-care/2014-11")
    terminal.done("publish", "social-care/2014-11")
    with sqlite3.connect("data/digest.db") as connection:
        connection.execute("UPDATE delivery SET not_before = '2099-01-02 12:00:00.000000'")
    connection.close()

    assert "1 still waits, the next is due at 2099-01-0" in terminal.done("deliver")
    assert "The next of those that wait is due at 2099-01-0" in terminal.done("status", "social-care/2014-11")
    assert json.loads(terminal.done("status", "social-care/2014-11", "--json"))["next_at"].startswith("2099-01-02")
    assert "\tdraft\t–\t" in draft


def test_a_setting_that_is_none_is_named(terminal: Terminal) -> None:
    """A slip in digest.toml is told by its name."""
    Path("digest.toml").write_text("[mail]\ntransprot = 'smtp'\n", encoding="utf-8")

    code, _, errors = terminal.run("status")

    assert (code, errors.count("\n")) == (1, 1)
    assert "mail.transprot" in errors
    assert "Did you mean “transport”?" in errors


def test_a_setting_that_is_none_is_blamed_on_the_environment(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it came from there, also within a table that is none."""
    monkeypatch.setenv("DIGEST_MAIL__SMPT__HOST", "mail.example.org")

    errors = terminal.run("status")[2]

    assert "“mail.smpt” in the environment (DIGEST_MAIL__SMPT__HOST) is not a setting" in errors
    assert "Did you mean “smtp”?" in errors


def test_listings_have_the_keys_that_programs_rely_on(terminal: Terminal) -> None:
    """compose, items, subscribers and status print JSON with these keys at least."""
    composed = json.loads(terminal.done("compose", "social-care", "--period", "2014-11", "--json"))
    imported = json.loads(terminal.done("items", "import", "items.json", "--source", "sscr-news", "--json"))
    listed = json.loads(terminal.done("items", "list", "--json"))
    shown = json.loads(terminal.done("subscribers", "show", "ruth@example.org", "--json"))
    terminal.done("approve", "social-care/2014-11")
    terminal.done("publish", "social-care/2014-11")
    status = json.loads(terminal.done("status", "social-care/2014-11", "--json"))

    assert (composed["issue"], composed["state"]) == ("social-care/2014-11", "draft")
    assert imported == listed
    assert listed[0]["published_at"] == "2014-11-03"
    assert {"title", "published_at", "topics", "link", "people"} <= listed[0].keys()
    assert shown["subscriptions"][0]["state"] == "active"
    assert status.keys() == {"issue", "state", "expected", *STATES}
    assert sum(status[state] for state in STATES) == status["expected"] == 1


def test_every_command_explains_itself(terminal: Terminal) -> None:
    """Each has a sentence, and each option too."""
    import typer.main

    from digest.cli.app import app

    group = typer.main.get_command(app)
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        for each in getattr(command, "commands", {name: command}).values():
            assert each.help, name
            for parameter in each.params:
                assert getattr(parameter, "help", "said"), f"{name}: {parameter.name}"


def test_wrong_usage_is_exit_code_2(terminal: Terminal) -> None:
    """A command or option that does not exist."""
    assert terminal.run("nonsense")[0] == terminal.run("compose", "social-care", "--nonsense")[0] == 2
