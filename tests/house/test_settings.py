"""Settings: the file documents every one, the environment overrules, and what is wrong is named in one line."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from digest.errors import SettingsRefused
from digest.resources import folder, folders
from digest.settings import FILE, MissedPeriods, Security, Settings, TransportKind, load

DEFAULTS = folder("config") / "default.toml"


def keys_of_file(table: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """Dotted names of all keys that hold a value."""
    for name, value in table.items():
        if isinstance(value, dict) and value:
            yield from keys_of_file(value, f"{above}{name}.")
        else:
            yield f"{above}{name}"


def keys_of_model(model: type[BaseModel], above: str = "") -> Iterator[str]:
    """The same, of the typed settings."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from keys_of_model(field.annotation, f"{above}{name}.")
        else:
            yield f"{above}{name}"


def write(folder: Path, text: str) -> Path:
    """A working folder with this `digest.toml`."""
    (folder / FILE).write_text(text, encoding="utf-8")
    return folder


def refusal(folder: Path) -> str:
    """What loading is refused with; one line."""
    with pytest.raises(SettingsRefused) as refused:
        load(folder)
    assert "\n" not in str(refused.value)
    assert refused.value.remedy
    return str(refused.value)


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting from the machine the tests run on."""
    import os

    for name in [name for name in os.environ if name.upper().startswith("DIGEST_")]:
        monkeypatch.delenv(name)


def test_the_file_and_the_model_hold_the_same_keys() -> None:
    """What is documented is read, and what is read is documented."""
    documented = list(keys_of_file(tomllib.loads(DEFAULTS.read_text(encoding="utf-8"))))

    assert sorted(documented) == sorted(keys_of_model(Settings))


def test_every_key_has_a_comment_directly_above_it() -> None:
    """Nobody has to guess what a setting is for."""
    lines = DEFAULTS.read_text(encoding="utf-8").splitlines()
    bare = [line for above, line in zip(["", *lines], lines, strict=False) if "=" in line and not above.startswith("#")]

    assert [line for line in bare if not line.startswith("#")] == []


def test_the_newsletter_to_copy_explains_each_key_where_it_first_stands() -> None:
    """It is where an editor learns what can be set."""
    path = folder("config") / "newsletters" / "social-care.toml"
    explained: set[str] = set()
    above, table = "", ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            table = line.strip("[]")
        key = f"{table}.{line.partition('=')[0].strip()}"
        if "=" in line and not line.startswith(("#", " ")) and key not in explained:
            assert above.startswith("#"), key
            explained.add(key)
        above = line

    assert explained


def test_without_anything_said_nothing_leaves_the_machine(tmp_path: Path) -> None:
    """The values of the documented file: messages become files, pages are for this machine alone."""
    settings = load(tmp_path)

    assert settings.mail.transport is TransportKind.FOLDER
    assert settings.mail.smtp.security is Security.STARTTLS
    assert settings.web.host == "127.0.0.1"
    assert settings.scheduler.missed_periods is MissedPeriods.LATEST
    assert settings.secret_path == Path("data/secret.key")
    assert settings.own_templates is None


def test_the_working_folders_file_changes_only_what_it_names(tmp_path: Path) -> None:
    """Table by table, the rest stays as documented."""
    before = load(tmp_path)

    after = load(write(tmp_path, "[mail.smtp]\nhost = 'mail.example.org'\n"))

    assert after.mail.smtp.host == "mail.example.org"
    assert after.mail.smtp.model_copy(update={"host": before.mail.smtp.host}) == before.mail.smtp
    assert after.mail.folder == before.mail.folder


def test_the_environment_overrules_the_file_key_by_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nested by two underscores; its neighbours stay."""
    write(tmp_path, "[mail.smtp]\nhost = 'mail.example.org'\nport = 2525\n")
    monkeypatch.setenv("DIGEST_MAIL__SMTP__HOST", "relay.example.org")
    monkeypatch.setenv("DIGEST_MAIL__TRANSPORT", "smtp")
    monkeypatch.setenv("DIGEST_DATABASE__URL", "postgresql://me@db/news")

    settings = load(tmp_path)

    assert (settings.mail.smtp.host, settings.mail.smtp.port) == ("relay.example.org", 2525)
    assert settings.mail.transport is TransportKind.SMTP
    assert settings.database.url == "postgresql://me@db/news"


def test_fallbacks_stand_in_the_order_of_the_file_and_the_environment_adds_to_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a password stays out of the file."""
    write(tmp_path, "[mail.fallback.near]\nhost = 'n.example.org'\n[mail.fallback.far]\nhost = 'f.example.org'\n")
    monkeypatch.setenv("DIGEST_MAIL__FALLBACK__NEAR__PASSWORD", "opensesame")
    monkeypatch.setenv("DIGEST_MAIL__FALLBACK__NEAR__PORT", "25")

    fallback = load(tmp_path).mail.fallback

    assert sorted(fallback) == ["far", "near"]
    assert list(fallback) == ["near", "far"]
    assert (fallback["near"].host, fallback["near"].port, fallback["near"].password) == (
        "n.example.org",
        25,
        "opensesame",
    )
    assert fallback["far"].security is Security.STARTTLS
    assert "opensesame" not in repr(fallback)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[mail]\ntransport = 'pigeon'", "mail.transport"),
        ("[mail.smtp]\nport = 70000", "mail.smtp.port"),
        ("[mail.smtp]\nport = 'many'", "mail.smtp.port"),
        ("[mail.smtp]\nsecurity = 'maybe'", "mail.smtp.security"),
        ("[web]\nbase_url = 'news.example.org'", "web.base_url"),
        ("[web]\nbase_url = 'https://'", "web.base_url"),
        ("[delivery]\nbatch = 0", "delivery.batch"),
        ("[mail.fallback.Backup]\nhost = 'b.example.org'", "mail.fallback.Backup.[key]"),
        ("[mail.fallback.smtp]\nhost = 'b.example.org'", "mail.fallback.smtp.[key]"),
        ("[mail.fallback.backup]\nport = 25", "mail.fallback.backup.host"),
        ("[mail.fallback.backup]\nhost = 'b.example.org'\nconnections = 3", "mail.fallback.backup.connections"),
        ("[delivery]\ndays = ['monday']", "delivery.days.0"),
        ("[delivery]\ndays = []", "delivery.days"),
        ("[delivery]\nopens_at = 'noon'", "delivery.opens_at"),
        ("[delivery]\ncloses_at = '18:00Z'", "delivery.closes_at"),
        ("[delivery]\nspread_hours = -1", "delivery.spread_hours"),
        ("[scheduler]\nmissed_periods = 'some'", "scheduler.missed_periods"),
        ("[mail]\nbounce_domain = 'bounce'", "mail.bounce_domain"),
        ("[mail]\ntest_addresses = ['the editor']", "mail.test_addresses.0"),
        ("[mail]\nbounce_domain = 'b@bounce.example.org'", "mail.bounce_domain"),
        ("[mail]\nbounce_domain = 'a.example'\nbounce_address = 'b@a.example'", "mail"),
        ("[mail]\nunsubscribe_address = 'leave'", "mail.unsubscribe_address"),
        ("[mail]\nunsubscribe_address = 'a+b@example.org'", "mail.unsubscribe_address"),
        (f"[mail]\nunsubscribe_address = '{'a' * 40}@example.org'", "mail.unsubscribe_address"),
        ("[[mail.dkim]]\ndomain = 'example.org'\nselector = 'one'", "mail.dkim.0.key_file"),
        ("[[mail.dkim]]\ndomain = 'org'\nselector = 'one'\nkey_file = 'k'", "mail.dkim.0.domain"),
        ("[[mail.dkim]]\ndomain = 'example.org'\nselector = 'a b'\nkey_file = 'k'", "mail.dkim.0.selector"),
        ("colour = 'red'", "colour"),
        ("[mail.smtp]\nhots = 'mail.example.org'", "mail.smtp.hots"),
        ("[postbox]\nsize = 3", "postbox"),
        ("mail = 'smtp'", "mail"),
    ],
)
def test_a_wrong_value_or_an_unknown_key_is_named_in_one_line(tmp_path: Path, text: str, named: str) -> None:
    """A slip of the pen is found at the start, not in the night the issue goes out."""
    assert f"“{named}”" in refusal(write(tmp_path, text))


def test_a_file_that_is_no_toml_is_refused_with_the_line(tmp_path: Path) -> None:
    """Whoever wrote it finds the place."""
    assert "line 2" in refusal(write(tmp_path, "[mail]\ntransport smtp\n"))


def test_a_wrong_value_of_the_environment_is_named_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it comes from."""
    monkeypatch.setenv("DIGEST_MAIL__SMTP__PORT", "many")

    assert "“mail.smtp.port”" in refusal(tmp_path)


def test_a_password_never_shows_in_a_printed_setting(tmp_path: Path) -> None:
    """Settings end up in logs and bug reports."""
    settings = load(write(tmp_path, "[mail.smtp]\npassword = 'opensesame'\n"))

    assert settings.mail.smtp.password == "opensesame"
    assert "opensesame" not in repr(settings)


def test_a_secret_may_lie_where_the_deployer_wants(tmp_path: Path) -> None:
    """Outside of the data folder, so that a backup of one does not hold the other."""
    assert load(write(tmp_path, "secret_file = '/run/secrets/digest'")).secret_path == Path("/run/secrets/digest")


@pytest.mark.parametrize(("name", "held"), [("config", "default.toml"), ("templates", "email/issue/issue.mjml.j2")])
def test_the_folders_of_data_are_found(name: str, held: str) -> None:
    """Beside the code in a checkout, inside the package once installed."""
    assert (folder(name) / held).is_file()


def test_a_deployers_own_templates_are_looked_into_first(tmp_path: Path) -> None:
    """One template can be changed without a fork; a folder that is not there is a slip of the pen."""
    assert folders("templates", tmp_path) == [tmp_path, folder("templates")]
    assert folders("templates", None) == [folder("templates")]
    with pytest.raises(SettingsRefused, match="Check template_folder"):
        folders("templates", tmp_path / "absent")


def test_a_folder_of_data_that_is_missing_is_told_in_one_line() -> None:
    """A broken installation says so."""
    with pytest.raises(SettingsRefused, match="Install it again"):
        folder("no-such-data")
