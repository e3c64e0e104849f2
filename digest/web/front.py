"""The front page of a house with several newsletters."""

from collections.abc import Sequence

from jinja2.sandbox import ImmutableSandboxedEnvironment

from digest.rendering.environment import render
from digest.rendering.fragments import one_line
from digest.web import wording
from digest.web.archive_pages import HTML, Page
from digest.web.frame import PATHS, plain
from digest.web.hrefs import Linker
from digest.web.shelf import Archive

_PATH = "/"


def page(archives: Sequence[Archive], templates: ImmutableSandboxedEnvironment, linker: Linker) -> Page:
    """The list of newsletters."""
    frame = plain(linker, _PATH, title="Newsletters")
    listed = [_listed(archive, linker) for archive in archives]
    html = render(templates, "web/archive/list.html.j2", {"frame": frame, "newsletters": listed})
    return Page(path=_PATH, media_type=HTML, body=html.encode())


def _listed(archive: Archive, linker: Linker) -> dict[str, str]:
    newsletter = archive.publication.newsletter
    newest = archive.numbers[0].issue if archive.numbers else None
    return {
        "name": one_line(newsletter.name),
        "href": linker(_PATH, PATHS.archive(newsletter.slug)),
        "about": one_line(newsletter.description),
        "newest": wording.heading(newest, newsletter.name) if newest else "",
    }
