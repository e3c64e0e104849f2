"""Accessibility: what axe-core finds in a page as the browser has it, as lines that a person can act on."""

from collections.abc import Sequence
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Frame, Page

#: WCAG 2.0 to 2.2, levels A and AA, and what the makers of axe advise beyond them.
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
#: The rules whose answer hangs on colours: the only ones that can break in one mode and hold in the other.
OF_COLOURS = ("color-contrast", "link-in-text-block")


def violations(page: Page | Frame, rules: Sequence[str] = RULES) -> list[str]:
    """One line for each place that breaks a rule, or where axe could not tell: the rule, how grave it is, where, and
    what would mend it. `rules` are names of rules or groups of them. Frames within are not looked into."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    options = {"runOnly": list(rules), "resultTypes": ["violations", "incomplete"], "iframes": False}
    results: dict[str, Any] = page.evaluate("options => axe.run(options)", options)
    return [
        f"{rule['id']} ({rule['impact']}): {node['target'][0]}: {_advice(node)}"
        for kind in ("violations", "incomplete")
        for rule in results[kind]
        for node in rule["nodes"]
    ]


def _advice(node: dict[str, Any]) -> str:
    said = [check["message"] for kind in ("all", "any", "none") for check in node[kind]]
    return "; ".join(said) or node["html"][:120]
