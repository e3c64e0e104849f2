"""Inlining: styles that mail programs would drop from the head, written into each element.

A style sheet that begins with `/*inline*/` is inlined and disappears. All others stay where they are, to the letter:
premailer would take `!important` out of them, on which dark mode rests, and stumbles over nested `@media`.
"""

import hashlib
import logging
import re

_DOCTYPE = re.compile(r"\s*<!doctype[^<>]*>", re.IGNORECASE)
_STYLE = re.compile(r"<!--.*?-->|<style\b[^>]*>(?P<css>.*?)</style>", re.DOTALL)
#: The parser writes every "<" and ">" of a text or an attribute as an entity, so a tag ends where it seems to.
_TAG = re.compile(r"<[a-z][^<>]*>")
_ATTRIBUTE = re.compile(r""" ([\w:-]+)=("[^"]*"|'[^']*')""")
_CLASS_SELECTOR = re.compile(r"\.(-?[A-Za-z_][\w-]*)")
_INDENT = re.compile(r"\n[ \t]{2,}")
INLINE = "/*inline*/"


def inline(html: str) -> str:
    """The HTML with its inline sheets applied, every other sheet untouched and Outlook's conditional comments kept."""
    nonce = hashlib.sha256(html.encode()).hexdigest()
    kept: list[str] = []

    def hide(match: re.Match[str]) -> str:
        css = match["css"]
        # Comments are matched too, and left alone: Outlook's conditional ones hold styles of their own.
        if css is None or css.lstrip().startswith(INLINE):
            return match[0]
        kept.append(match[0])
        return f"<!--{nonce}:{len(kept) - 1}-->"

    inlined = _lean(_premailed(_STYLE.sub(hide, html)), used=_classes(html))
    whole = re.sub(rf"<!--{nonce}:(\d+)-->", lambda match: kept[int(match[1])], inlined)
    # premailer loses it, and browsers then lay out as they did in the last century.
    declared = _DOCTYPE.match(html)
    return _hardly_indented(f"{declared[0].strip()}{whole}" if declared and not _DOCTYPE.match(whole) else whole)


def _hardly_indented(html: str) -> str:
    """By one space, which keeps a rule's dot from beginning a line. What is set as it is written stays so."""
    return html if "<pre" in html else _INDENT.sub("\n ", html)


def _premailed(html: str) -> str:
    # Here, as it comes with 14 MB of its own, which processes that only deliver or serve never need.
    from premailer import Premailer

    mailer = Premailer(
        allow_network=False,
        allow_loading_external_files=False,
        align_floating_images=False,
        cache_css_parsing=True,
        disable_leftover_css=True,
        # Outlook's own properties are unknown to the validator; templates are tried in mail programs instead.
        disable_validation=True,
        # The template says which attributes it wants; doubling styles as attributes makes messages fat.
        disable_basic_attributes=["align", "valign", "width", "height", "bgcolor"],
        # It reports each property newer than itself; nobody can act on that.
        cssutils_logging_level=logging.CRITICAL,
    )
    return str(mailer.transform(html, pretty_print=False))


def _classes(html: str) -> frozenset[str]:
    """The classes that sheets speak of which stay in the page."""
    sheets = (match[0] for match in _STYLE.finditer(html) if INLINE not in match[0] and "<style" in match[0])
    return frozenset(name for sheet in sheets for name in _CLASS_SELECTOR.findall(sheet))


def _lean(html: str, *, used: frozenset[str]) -> str:
    """Without the classes that have done their work, and without spaces in styles: it is sent a million times."""

    def attribute(match: re.Match[str]) -> str:
        name, value = match.groups()
        if name == "style":
            return f" style={value.replace('; ', ';')}"
        if name != "class":
            return match[0]
        kept = " ".join(word for word in value[1:-1].split() if word in used)
        return f' class="{kept}"' if kept else ""

    return _TAG.sub(lambda tag: _ATTRIBUTE.sub(attribute, tag[0]), html)
