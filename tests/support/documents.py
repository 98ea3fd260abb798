"""The pages of the documentation, and the blocks of code in them."""

import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

from .process import WHOLE, environment

ROOT = Path(__file__).resolve().parents[2]

#: Every page, those that stand beside the code included.
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "deploy/README.md")),
    *sorted(page for page in (ROOT / "docs").rglob("*.md") if "_build" not in page.parts),
]


def blocks(text: str, language: str) -> list[str]:
    """The blocks in ``text`` that are marked as this language."""
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", text)


#: Pages whose Python is run by tests of their own.
ELSEWHERE = {
    "docs/contributing/testing.md": "tests/test_docs.py",
    "docs/guides/authentication.md": "tests/auth/test_guide.py",
    "docs/tutorial.md": "tests/test_tutorial.py",
}

#: The others, by their path in the repository.
GUIDES = sorted(
    name for page in PAGES if (name := str(page.relative_to(ROOT))) not in ELSEWHERE and "\n```" in page.read_text()
)


@cache
def outcomes() -> dict[str, Any]:
    """What became of each guide when it was run: see :mod:`tests.support.page_runner`."""
    command = [sys.executable, "-X", "dev", "-W", "error", "-m", "tests.support.page_runner", *GUIDES]
    finished = subprocess.run(
        command, cwd=ROOT, env=environment(WHOLE), capture_output=True, text=True, timeout=100, check=False
    )
    assert finished.returncode == 0, finished.stderr
    found: dict[str, Any] = json.loads(finished.stdout.splitlines()[-1])
    return found


def outcome(name: str) -> dict[str, Any]:
    """That of one guide, which must have run without an error."""
    found = outcomes()[name]
    assert isinstance(found, dict), found
    return found
