"""The front page of a house: the list of its newsletters, or the way to the only one."""

from collections.abc import Sequence

from digest.flow.house import House
from digest.rendering.environment import render
from digest.rendering.fragments import one_line
from digest.rendering.tongues import SOURCE
from digest.web import wording
from digest.web.frame import PATHS, plain
from digest.web.hrefs import Linker
from digest.web.page import HTML, Page
from digest.web.shelf import Archive

_PATH = "/"


def page(house: House, archives: Sequence[Archive], linker: Linker, liked: str = "") -> Page:
    """The list of newsletters, in the language they have in common, else in one that whoever asks likes; with only one,
    a page that leads on to it by itself."""
    language = _language(archives) or liked or SOURCE
    templates = house.templates_in(language)
    title = str(house.phrases_in(language).tongue.say("Newsletters"))
    frame = plain(linker, _PATH, title=title, language=language)
    listed = [_listed(archive, linker) for archive in archives]
    template = "onward" if len(listed) == 1 else "list"
    html = render(templates, f"web/archive/{template}.html.j2", {"frame": frame, "newsletters": listed})
    return Page(path=_PATH, media_type=HTML, body=html.encode())


def _language(archives: Sequence[Archive]) -> str:
    """That of all newsletters; empty where they have none in common."""
    spoken = {archive.publication.newsletter.language for archive in archives}
    return one_line(spoken.pop()) if len(spoken) == 1 else ""


def _listed(archive: Archive, linker: Linker) -> dict[str, str]:
    newsletter = archive.publication.newsletter
    newest = archive.numbers[0].issue if archive.numbers else None
    return {
        "name": one_line(newsletter.name),
        "href": linker(_PATH, PATHS.archive(newsletter.slug)),
        "about": one_line(newsletter.description),
        "newest": wording.heading(newest, newsletter.name) if newest else "",
    }
