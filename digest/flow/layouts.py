"""Layouts as rows hold them."""

from typing import Any

from pydantic import TypeAdapter

from digest.rendering.variant import Layout

_LAYOUT = TypeAdapter(Layout)


def stored_form(layout: Layout) -> str:
    """The layout as publishing stores it, as JSON; the same for layouts that say the same."""
    return _LAYOUT.dump_json(layout).decode()


def layout_from(stored: dict[str, Any]) -> Layout:
    """The layout that publishing stored."""
    return _LAYOUT.validate_python(stored)
