"""Settings: `config/default.toml`, over it `digest.toml` of the working folder, over that the environment.

No setting has a default here: the documented file has them all, and a test holds the two together.
"""

import os
import re
import tomllib
from collections.abc import Sequence
from datetime import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from digest.errors import SettingsRefused, did_you_mean
from digest.resources import folder
from digest.settings.part import Part
from digest.settings.web import Web

FILE = "digest.toml"
#: A domain in its ASCII form, with a dot in it.
_DOMAIN = r"^([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])$"


class TransportKind(StrEnum):
    """Which way messages go."""

    FOLDER = "folder"
    SMTP = "smtp"


class Security(StrEnum):
    """How the connection to the mail server is protected."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


class MissedPeriods(StrEnum):
    """What becomes of periods that were missed while nothing ran."""

    LATEST = "latest"
    ALL = "all"
    NONE = "none"


def _without_zone(at: time) -> time:
    if at.tzinfo is not None:
        raise ValueError("write a local time without a zone, such as 08:00")
    return at


LocalTime = Annotated[time, AfterValidator(_without_zone)]


class Database(Part):
    """Where everything is kept."""

    url: str


class Folder(Part):
    """Messages as files."""

    path: Path


class Relay(Part):
    """A mail server that takes our messages. A fallback may leave out all but its host."""

    host: str
    port: int = Field(default=587, ge=1, le=65535)
    security: Security = Security.STARTTLS
    username: str = ""
    password: str = Field(default="", repr=False)
    password_file: str = ""
    ca_file: str = ""


class Smtp(Relay):
    """The first of them, and how much of each is used."""

    connections: int = Field(ge=1, le=500)
    connections_per_domain: int = Field(ge=0)
    messages_per_connection: int = Field(ge=1)


class Dkim(Part):
    """A key that messages are signed with."""

    domain: str = Field(pattern=_DOMAIN, max_length=253)
    selector: str = Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$", max_length=63)
    key_file: Path


def _not_taken(name: str) -> str:
    if name in ("smtp", "folder"):
        raise ValueError("that name is taken; call it otherwise, such as “backup”")
    return name


#: What the ledger calls a fallback.
RelayName = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9_-]{0,38}[a-z0-9])?$"), AfterValidator(_not_taken)]


class Mail(Part):
    """How messages leave."""

    transport: TransportKind
    bounce_address: str
    bounce_domain: str = Field(pattern=rf"^$|{_DOMAIN}", max_length=253)
    unsubscribe_address: str = Field(pattern=r"^$|^[A-Za-z0-9]([A-Za-z0-9._-]{0,37}[A-Za-z0-9])?@" + _DOMAIN[1:])
    dkim: tuple[Dkim, ...]
    test_addresses: tuple[Annotated[str, Field(pattern=r"^[^\s@]+@[^\s@]+$", max_length=254)], ...]
    attempts: int = Field(ge=1)
    retry_seconds: float = Field(gt=0)
    folder: Folder
    smtp: Smtp
    fallback: dict[RelayName, Relay]

    @model_validator(mode="after")
    def _one_way_back(self) -> Self:
        if self.bounce_address and self.bounce_domain:
            raise ValueError("bounce_address and bounce_domain are two answers to one question; set one of them")
        return self


class SignUp(Part):
    """What people may ask for on pages, and how often."""

    letters_per_day: int = Field(ge=1)
    letters_per_week: int = Field(ge=1)
    network_per_hour: int = Field(ge=1)
    domain_per_hour: int = Field(ge=1)
    shortest_seconds: float = Field(ge=0)
    #: A link that asks for the yes works for two weeks.
    forget_unconfirmed_days: int = Field(ge=14, le=3650)


class Delivery(Part):
    """Workers and leases."""

    batch: int = Field(ge=1, le=5000)
    beat_seconds: float = Field(gt=0)
    dead_after_seconds: float = Field(gt=0)
    expire_hours: float = Field(gt=0)
    per_second: float = Field(ge=0)
    per_minute: float = Field(ge=0)
    days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = Field(min_length=1)
    opens_at: LocalTime
    closes_at: LocalTime
    spread_hours: float = Field(ge=0, le=1000)


class Scheduler(Part):
    """The clock."""

    tick_seconds: float = Field(gt=0)
    missed_periods: MissedPeriods
    gather_minutes: float = Field(gt=0)


class Gather(Part):
    """Reading sources."""

    timeout_seconds: float = Field(gt=0, le=600)
    largest_bytes: int = Field(ge=1_000, le=100_000_000)
    at_once: int = Field(ge=1, le=500)
    per_host: int = Field(ge=1, le=50)
    processes: int = Field(ge=0, le=64)
    allow_hosts: tuple[str, ...]


class Suggest(Part):
    """Topics guessed from what editors decided."""

    enabled: bool
    propose_from: float = Field(gt=0, lt=1)
    file_from: float = Field(gt=0, le=1)


class Settings(BaseSettings):
    """All settings, read once."""

    model_config = SettingsConfigDict(
        env_prefix="DIGEST_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    data_folder: Path
    template_folder: str
    secret_file: str
    database: Database
    mail: Mail
    web: Web
    sign_up: SignUp
    delivery: Delivery
    scheduler: Scheduler
    gather: Gather
    suggest: Suggest

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment overrules the files, which come in as arguments."""
        return env_settings, init_settings

    @property
    def own_templates(self) -> Path | None:
        """The deployer's template folder, if there is one."""
        return Path(self.template_folder) if self.template_folder else None

    @property
    def secret_path(self) -> Path:
        """The file with the secret."""
        return Path(self.secret_file) if self.secret_file else self.data_folder / "secret.key"


def load(working_folder: Path) -> Settings:
    """The settings for a working folder. Raises SettingsRefused, naming the setting and what it may be."""
    values = _merged(_read(folder("config") / "default.toml"), _read(working_folder / FILE))
    try:
        return Settings(**values)
    except SettingsError as error:
        raise SettingsRefused(
            f"{_unread(str(error))} cannot be read.", remedy='Write a list as JSON, such as ["mon", "tue"].'
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        said = _IN_WORDS.get(first["type"], first["msg"])
        what = "is not a setting" if first["type"] == "extra_forbidden" else f"is wrong: {said}"
        explained = "Every setting is explained in the digest.toml of `digest init`."
        meant = did_you_mean(str(first["loc"][-1]), _keys_beside(first["loc"])) if "is not" in what else ""
        raise SettingsRefused(
            f"“{name}” in {_where(first, working_folder)} {what}.", remedy=meant or explained
        ) from error


#: What is to be written, where the library says what it has read.
_IN_WORDS = {"time_parsing": "write a time such as 08:00"}


def _unread(words: str) -> str:
    """The variables of the environment that are meant by the library's words of what it cannot read."""
    table = re.search(r'field "(\w+)"', words)
    begin = f"DIGEST_{table[1] if table else ''}".upper()
    return ", ".join(sorted(each for each in os.environ if each.upper().startswith(begin))) or "The environment"


def _where(error: ErrorDetails, working_folder: Path) -> str:
    """Who said it: the environment, which overrules the file, or the file."""
    parts = [str(part).upper() for part in error["loc"]]
    # Of a list it is the whole that stands in one variable.
    wanted = {f"DIGEST_{'__'.join(parts[:count])}" for count in range(1, len(parts) + 1)}
    inside = f"DIGEST_{'__'.join(parts)}__"
    strange = error["type"] == "extra_forbidden"  # such as a whole table that is none
    for variable in map(str.upper, os.environ):
        if variable in wanted or (strange and variable.startswith(inside)):
            return f"the environment ({variable})"
    return str(working_folder / FILE)


def _keys_beside(loc: Sequence[int | str]) -> list[str]:
    """The settings that there are where this one was written."""
    table: Any = _read(folder("config") / "default.toml")
    for part in loc[:-1]:
        table = table.get(part) if isinstance(table, dict) else None
    return list(table) if isinstance(table, dict) else []


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsRefused(f"{path.name} cannot be read: {error}.", remedy="Mend that line.") from error


def _merged(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """`over` on top of `under`, table by table."""
    both = {k: _merged(under[k], over[k]) for k in over if isinstance(under.get(k), dict) and isinstance(over[k], dict)}
    return under | over | both
