"""Inlining: styles that mail programs would drop from the head, written into each element.

A style sheet that begins with `/*inline*/` is inlined and disappears. All others stay where they are, to the letter:
premailer would take `!important` out of them, on which dark mode rests, and stumbles over nested `@media`.
"""

import hashlib
import logging
import re

from premailer import Premailer

_STYLE = re.compile(r"<!--.*?-->|<style\b[^>]*>(?P<css>.*?)</style>", re.DOTALL)
INLINE = "/*inline*/"


def inline(html: str) -> str:
    """The HTML with its inline sheets applied and every other style sheet and Outlook's comments untouched."""
    nonce = hashlib.sha256(html.encode()).hexdigest()
    kept: list[str] = []

    def hide(match: re.Match[str]) -> str:
        css = match["css"]
        # Comments are matched too, and left alone: Outlook's conditional ones hold styles of their own.
        if css is None or css.lstrip().startswith(INLINE):
            return match[0]
        kept.append(match[0])
        return f"<!--{nonce}:{len(kept) - 1}-->"

    inlined = _premailed(_STYLE.sub(hide, html))
    return re.sub(rf"<!--{nonce}:(\d+)-->", lambda match: kept[int(match[1])], inlined)


def _premailed(html: str) -> str:
    mailer = Premailer(
        allow_network=False,
        allow_loading_external_files=False,
        align_floating_images=False,
        cache_css_parsing=False,
        disable_leftover_css=True,
        # Outlook's own properties are unknown to the validator; templates are tried in mail programs instead.
        disable_validation=True,
        # The template says which attributes it wants; doubling styles as attributes makes messages fat.
        disable_basic_attributes=["align", "valign", "width", "height", "bgcolor"],
        # It reports each property newer than itself; nobody can act on that.
        cssutils_logging_level=logging.CRITICAL,
    )
    return str(mailer.transform(html, pretty_print=False))
