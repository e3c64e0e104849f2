"""The holder: whose subscription a link is for."""

from digest.errors import Never
from digest.web.archive_pages import ArchivePages
from digest.web.kit import Kit
from digest.web.voice import Voice
from subscribers import directory
from subscribers.directory import Subscription
from subscribers.tokens import Purpose


class Erased(Never):
    """Whoever the link was for asked to be forgotten: we no longer know of what it was, or whose."""


def find(kit: Kit, purpose: Purpose, token: str) -> tuple[Subscription, ArchivePages, Voice]:
    """The subscription of a link, its newsletter, and what speaks to its holder. Raises TokenRefused, or Erased."""
    with kit.house.store.read() as connection:
        held = directory.find(connection, kit.house.keys.read(purpose, token))
        if held is None:
            raise Erased("The holder of this link was erased.")
        pages = kit.archive(connection, held.newsletter)
    return held, pages, kit.voice(pages.archive.publication.newsletter, held.language)
