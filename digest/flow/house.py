"""The house: what every verb works with. `bootstrap` builds it; nothing in it chooses a technology."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from digest.mail.dkim import Signer
from digest.model.links import Links
from digest.ports import Clock, JobQueue, PersonCheck, Transport
from digest.rendering.environment import TemplateEnvironment, environment
from digest.rendering.phrases import Phrases
from digest.rendering.tongues import SOURCE, Tongues
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
    #: Makes those that are asked when it cannot be used, in their order.
    fallbacks: Callable[[], Sequence[Transport]] = tuple
    #: Reads the DKIM keys that the settings name.
    signers: Callable[[], tuple[Signer, ...]]
    #: Makes what tells people who sign up from programs.
    person_check: Callable[[], PersonCheck]
    #: Where templates are looked for, a deployer's first.
    template_folders: tuple[Path, ...]

    @cached_property
    def links(self) -> Links:
        """The addresses of our pages."""
        return Links(self.settings.web.base_url.rstrip("/"))

    def ways_out(self) -> tuple[Transport, ...]:
        """The transports in the order in which they are asked."""
        return (self.transport(), *self.fallbacks())

    @cached_property
    def templates(self) -> TemplateEnvironment:
        """The templates in the language they are written in."""
        return self.templates_in(SOURCE)

    @cached_property
    def tongues(self) -> Tongues:
        """The languages that there are catalogues for."""
        return Tongues(self.template_folders)

    def phrases_in(self, tag: str) -> Phrases:
        """What letters say in a language."""
        if tag not in self._spoken:
            self._spoken[tag] = Phrases(self.tongues.of(tag))
        return self._spoken[tag]

    def templates_in(self, tag: str) -> TemplateEnvironment:
        """The templates, speaking a language; each language is made ready once."""
        if tag not in self._speaking:
            self._speaking[tag] = environment(self.template_folders, self.phrases_in(tag))
        return self._speaking[tag]

    @cached_property
    def _spoken(self) -> dict[str, Phrases]:
        return {}

    @cached_property
    def _speaking(self) -> dict[str, TemplateEnvironment]:
        return {}
