"""The house: what every verb works with. `bootstrap` builds it; nothing in it chooses a technology."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from jinja2.sandbox import ImmutableSandboxedEnvironment

from digest.model.links import Links
from digest.ports import Clock, JobQueue, Transport
from digest.rendering.environment import environment
from digest.settings import Settings
from digest.storage.engine import Store
from subscribers.tokens import Keys


@dataclass(frozen=True, kw_only=True)
class House:
    """Open database, keys, templates, clock, and the ways out."""

    settings: Settings
    store: Store
    keys: Keys
    clock: Clock
    queue: JobQueue
    #: Makes the transport that the settings name; nothing is connected until it is used.
    transport: Callable[[], Transport]
    #: Where templates are looked for, a deployer's first.
    template_folders: tuple[Path, ...]

    @property
    def links(self) -> Links:
        """The addresses of our pages."""
        return Links(self.settings.web.base_url.rstrip("/"))

    @cached_property
    def templates(self) -> ImmutableSandboxedEnvironment:
        """The e-mail templates."""
        return environment(self.template_folders)
