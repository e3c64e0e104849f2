"""The introduction: links and pictures in it that no letter can show as they were meant."""

from collections.abc import Iterator

from digest.model.finding import Finding, Severity
from digest.rendering.checks.links import SCHEME
from digest.rendering.markdown import lost_links

_PLACE = "the introduction"
_SHOWN = 80


def strange_links(markdown: str) -> Iterator[Finding]:
    """Links of a kind that mail programs do not open, with their address written out; pictures, which become links."""
    for lost in lost_links(markdown):
        address = f"“{lost.address[:_SHOWN]}{'…' * (len(lost.address) > _SHOWN)}”"
        if lost.is_picture:
            yield Finding(
                check=SCHEME,
                severity=Severity.WARNING,
                place=_PLACE,
                what=f"A picture is shown as a link: {address}. An introduction has no pictures.",
                remedy="Write a link, or leave it out.",
            )
        else:
            yield Finding(
                check=SCHEME,
                severity=Severity.ERROR,
                place=_PLACE,
                what=f"A link is of a kind that mail programs do not open: {address}.",
                remedy="Use an address of https, or mailto.",
            )
