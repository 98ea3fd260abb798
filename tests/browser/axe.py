"""axe-core, which knows many of the ways in which a page can shut people out."""

from pathlib import Path
from typing import Any

from playwright.async_api import Page

from tests.support.npm import fetch

AXE = "axe-core@4.14.1"


def fetch_axe(directory: Path) -> str:
    """The script, which npm puts into `directory`; without npm or a registry skip, in CI fail."""
    package = fetch(AXE, directory, "which judges how accessible the pages are")
    return (package / "axe.min.js").read_text(encoding="utf-8")


async def find_barriers(page: Page, axe: str) -> list[str]:
    """Return what is wrong with `page`: the rule, and where it is broken."""
    # By the debugger, which the pages' Content-Security-Policy does not bind.
    await page.evaluate(axe)
    result: dict[str, Any] = await page.evaluate("axe.run()")
    assert result["passes"], "axe-core has looked at nothing"
    return [
        f"{violation['id']}: {node['html']} {node['failureSummary']}"
        for violation in result["violations"]
        for node in violation["nodes"]
    ]
