"""DKIM: make keys, and show what the DNS has to say of them."""

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli import out
from digest.cli.house import settings
from digest.errors import AddressRefused, SettingsRefused

if TYPE_CHECKING:
    from digest.mail.dkim_keys import PrivateKey

app = typer.Typer(no_args_is_help=True, help="Keys that messages are signed with, and their DNS records.")
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class Kind(StrEnum):
    """As the option writes it; a test holds it to what keys there are."""

    RSA = "rsa"
    ED25519 = "ed25519"


@app.command()
def keygen(
    domain: Annotated[str, typer.Argument(help="The domain of the From addresses, or one above it.")],
    selector: Annotated[str, typer.Option(help="The key's name in the DNS; of month and kind when left out.")] = "",
    kind: Annotated[Kind, typer.Option(help="rsa is read by everybody; ed25519 may stand beside it.")] = Kind.RSA,
    to: Annotated[Path | None, typer.Option("--out", help="The key's file; in data_folder when left out.")] = None,
    as_json: Json = False,
) -> None:
    """Make a key, readable by its owner alone, and print its DNS record and its settings. Overwrites nothing.

    Example: digest dkim keygen example.org
    """
    from digest.mail import dkim_keys

    selector = selector or f"digest{datetime.now(UTC):%Y%m}{'' if kind is Kind.RSA else 'e'}"
    # Checked as settings first, so that no key is made that they would refuse.
    domain, selector = _named(domain, selector)
    file = to or _own_folder() / f"{domain}.{selector}.pem"
    key = dkim_keys.generate(dkim_keys.Kind(kind))
    dkim_keys.keep(key, file)
    told = _told(key, domain, selector, file)
    if as_json:
        out.as_json(told)
        return
    out.say(f"{file}: written, for its owner alone. Keep it with your backups.")
    _say(told)
    out.say("\nWhen it can be looked up there, put this at the end of digest.toml:\n")
    out.say(str(told["settings"]))


@app.command()
def show(as_json: Json = False) -> None:
    """Print the DNS records of the keys that the settings name."""
    from digest.bootstrap import signers
    from digest.mail import dkim_keys

    now = settings()
    signers(now)  # refuses what could not be signed with
    told = [
        _told(dkim_keys.load(key.key_file), key.domain.lower(), key.selector.lower(), key.key_file)
        for key in now.mail.dkim
    ]
    if as_json:
        out.as_json(told)
        return
    if not told:
        out.say("No key is set. Make one with: digest dkim keygen DOMAIN.")
    for each in told:
        _say(each)


def _own_folder() -> Path:
    """Where the site keeps its keys, in the folder that its owner alone can look into."""
    from digest.storage.engine import make_private

    folder = settings().data_folder
    try:
        make_private(folder)
    except OSError as error:
        raise SettingsRefused(f"{folder} cannot be made: {error.strerror}.", remedy="Check data_folder.") from error
    return folder / "dkim"


def _named(domain: str, selector: str) -> tuple[str, str]:
    """As they stand in the DNS."""
    from pydantic import ValidationError

    from digest.settings import Dkim
    from subscribers.address import parse

    try:
        plain = parse(f"postmaster@{domain}").email.rpartition("@")[2]
        checked = Dkim(domain=plain, selector=selector.lower(), key_file=Path())
    except (AddressRefused, ValidationError) as error:
        raise SettingsRefused(
            f"“{selector}” of “{domain}” cannot be a key's name in the DNS.",
            remedy="Write a domain like example.org and a selector of letters, digits and hyphens.",
        ) from error
    return checked.domain, checked.selector


def _told(key: "PrivateKey", domain: str, selector: str, file: Path) -> dict[str, object]:
    from digest.mail import dkim_keys

    record = dkim_keys.record(key, domain=domain, selector=selector)
    lines = ("[[mail.dkim]]", f'domain = "{domain}"', f'selector = "{selector}"', f"key_file = {_quoted(file)}")
    return {
        "domain": domain,
        "selector": selector,
        "kind": dkim_keys.kind_of(key),
        "key_file": str(file),
        "name": record.name,
        "value": record.value,
        "strings": list(record.strings),
        "zone": record.zone_line,
        "settings": "\n".join(lines),
    }


def _quoted(file: Path) -> str:
    """As TOML writes it."""
    import tomlkit

    return tomlkit.item(str(file)).as_string()


def _say(told: dict[str, object]) -> None:
    out.say(f"\nThe DNS of {told['domain']} needs this TXT record ({told['kind']}):\n")
    out.say(f"name   {told['name']}\nvalue  {told['value']}\n\nor, in a zone file:\n\n{told['zone']}")
