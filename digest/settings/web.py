"""The pages: where they lie, and what they ask of whoever signs up."""

from enum import StrEnum
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from digest.settings.part import Part

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Check(StrEnum):
    """How somebody who signs up shows that they are a person."""

    NONE = "none"
    QUESTION = "question"
    SERVICE = "service"


class Unreachable(StrEnum):
    """What becomes of a sign-up while the service does not answer."""

    REFUSE = "refuse"
    ACCEPT = "accept"


def _over_tls(url: str) -> str:
    parts = urlsplit(url)
    if url and parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise ValueError("it has to begin with https://")
    return url


#: Empty for none.
SecureUrl = Annotated[str, Field(pattern=r"^$|^https?://[^\s/;,'\"]+(/[^\s;,'\"]*)?$"), AfterValidator(_over_tls)]
#: What a content security policy can name: a scheme and a host, which may begin with a star.
Origin = Annotated[str, Field(pattern=r"^https://(\*\.)?[A-Za-z0-9.-]+(:\d+)?$")]


class Captcha(Part):
    """A check that whoever signs up is a person."""

    check: Check
    question: str = Field(max_length=200)
    answers: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...]
    verify_url: SecureUrl
    secret: str = Field(repr=False)
    secret_file: str
    script_url: SecureUrl
    site_key: str = Field(max_length=200)
    widget_class: str = Field(pattern=r"^[A-Za-z0-9_-]+$")
    response_field: str = Field(pattern=r"^[A-Za-z0-9_-]+$")
    origins: tuple[Origin, ...]
    timeout_seconds: float = Field(gt=0, le=60)
    when_unreachable: Unreachable

    @model_validator(mode="after")
    def _has_what_it_takes(self) -> Self:
        if self.check is Check.QUESTION and not (self.question.strip() and self.answers):
            raise ValueError("“question” needs question and answers")
        wanted = (self.verify_url, self.script_url, self.site_key, self.secret or self.secret_file)
        if self.check is Check.SERVICE and not all(wanted):
            raise ValueError("“service” needs verify_url, script_url, site_key and secret_file")
        return self


class Web(Part):
    """The pages."""

    base_url: str = Field(pattern=r"^https?://[^\s/]+(/[^\s]*)?$")
    host: str
    port: int = Field(ge=0, le=65535)
    captcha: Captcha
