"""Layouts as rows hold them."""

from typing import Any

from pydantic import TypeAdapter

from digest.rendering.variant import Layout

_LAYOUT = TypeAdapter(Layout)


def stored_form(layout: Layout) -> dict[str, Any]:
    """The layout as publishing stores it."""
    dumped: dict[str, Any] = _LAYOUT.dump_python(layout, mode="json")
    return dumped


def layout_from(stored: dict[str, Any]) -> Layout:
    """The layout that publishing stored."""
    return _LAYOUT.validate_python(stored)
