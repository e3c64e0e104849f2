"""`digest dkim`: keys and their DNS records from the command line."""

import json
import stat
import tomllib
from pathlib import Path

import pytest

from digest.cli.dkim import Kind as Option
from digest.mail import dkim_keys
from digest.mail.dkim_keys import Kind
from digest.settings import FILE, load
from tests.support.postmaster import KEYS, pem
from tests.support.terminal import Terminal


@pytest.fixture
def terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal in a working folder with nothing set."""
    monkeypatch.chdir(tmp_path)
    Path(FILE).touch()
    return Terminal(capsys, monkeypatch)


def test_a_key_is_made_and_its_settings_can_be_pasted(terminal: Terminal) -> None:
    """What it prints is what `digest dkim show` prints once it stands in digest.toml."""
    made = json.loads(
        terminal.done("dkim", "keygen", "example.org", "--selector", "One", "--kind", "ed25519", "--json")
    )
    Path(FILE).write_text(made["settings"], encoding="utf-8")

    shown = json.loads(terminal.done("dkim", "show", "--json"))

    assert shown == [made]
    assert made["name"] == "one._domainkey.example.org"
    assert made["value"].startswith("v=DKIM1; k=ed25519; p=")
    assert stat.S_IMODE(Path(made["key_file"]).stat().st_mode) == 0o600
    assert load(Path.cwd()).mail.dkim[0].key_file == Path("data/dkim/example.org.one.pem")


def test_an_rsa_key_is_made_when_nothing_is_said(terminal: Terminal) -> None:
    """The kind that everybody reads, of 2,048 bits, its record in strings of at most 255 bytes."""
    said = terminal.done("dkim", "keygen", "example.org", "--out", "key.pem")

    record = dkim_keys.record(dkim_keys.load(Path("key.pem")), domain="example.org", selector="x")
    assert "v=DKIM1; k=rsa; p=MIIBI" in said
    assert record.value.partition("; p=")[2] in said.replace('" "', "")
    assert '" "' in said
    assert tomllib.loads(said[said.index("[[mail.dkim]]") :])["mail"]["dkim"][0]["key_file"] == "key.pem"


def test_a_domain_in_any_script_is_written_as_the_dns_has_it(terminal: Terminal) -> None:
    """So that it is found under that name."""
    made = json.loads(terminal.done("dkim", "keygen", "Bücher.example", "--kind", "ed25519", "--json"))

    assert made["domain"] == "xn--bcher-kva.example"
    assert made["name"].endswith("._domainkey.xn--bcher-kva.example")


def test_records_are_shown_for_people_too(terminal: Terminal) -> None:
    """Name, value, and the line of a zone file; or how to begin."""
    begin = terminal.done("dkim", "show")
    made = json.loads(terminal.done("dkim", "keygen", "example.org", "--kind", "ed25519", "--json"))
    Path(FILE).write_text(made["settings"], encoding="utf-8")

    shown = terminal.done("dkim", "show")

    assert "digest dkim keygen" in begin
    assert made["name"] in shown
    assert made["zone"] in shown


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("keygen", "example"), "cannot be a key's name"),
        (("keygen", "exa mple.org"), "cannot be a key's name"),
        (("keygen", "example.org", "--selector", "a/../b"), "cannot be a key's name"),
        (("keygen", "../../etc"), "cannot be a key's name"),
        (("keygen", "example.org", "--out", "there.pem"), "there already"),
        (("keygen", "example.org", "--out", "there.pem/key.pem", "--kind", "ed25519"), "cannot be written"),
        (("show",), "every user"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(terminal: Terminal, words: tuple[str, ...], told: str) -> None:
    """Exit code 1, and nothing is written over."""
    Path("there.pem").write_bytes(pem(KEYS[Kind.ED25519]))
    Path("there.pem").chmod(0o644)
    key = 'domain = "example.org"\nselector = "one"\nkey_file = "there.pem"\n'
    Path(FILE).write_text(f"[[mail.dkim]]\n{key}", encoding="utf-8")

    code, _, errors = terminal.run("dkim", *words)

    assert (code, errors.count("\n")) == (1, 1)
    assert errors.startswith("digest: ")
    assert told in errors
    assert Path("there.pem").read_bytes() == pem(KEYS[Kind.ED25519])


@pytest.mark.parametrize("command", ["worker", "serve"])
def test_what_delivers_does_not_start_with_a_bad_key(terminal: Terminal, command: str) -> None:
    """It is told at the start, not in the night the issue goes out."""
    key = 'domain = "example.org"\nselector = "one"\nkey_file = "absent.pem"\n'
    Path(FILE).write_text(f"[[mail.dkim]]\n{key}", encoding="utf-8")

    code, _, errors = terminal.run(command)

    assert code == 1
    assert "absent.pem cannot be read" in errors


def test_the_options_kinds_are_those_of_keys() -> None:
    """Written twice only so that help need not wait for the library that signs."""
    assert list(Option) == list(Kind)
