"""axe-core, which knows many of the ways in which a page can shut people out."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from playwright.async_api import Page

from tests.support.missing import do_without

AXE = "axe-core@4.14.1"
TIMEOUT = 50  # seconds


def fetch_axe(directory: Path) -> str:
    """Let npm put axe-core into `directory`, and return the script; without npm or a registry skip, in CI fail."""
    if shutil.which("npm") is None:
        do_without("Expected 'npm' on the PATH; it fetches axe-core, which judges how accessible the pages are.")
    options = ("--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", "--prefix", directory)
    done = subprocess.run(
        ("npm", "install", *options, AXE),
        cwd=directory,
        env=os.environ | {"NO_UPDATE_NOTIFIER": "1"},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    if done.returncode:
        do_without(f"Expected npm to fetch {AXE}: {done.stderr}")
    return (directory / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


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
