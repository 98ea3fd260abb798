"""The pages of the documentation, and the blocks of code in them."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

#: Every page, those that stand beside the code included.
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "deploy/README.md")),
    *sorted(page for page in (ROOT / "docs").rglob("*.md") if "_build" not in page.parts),
]


def blocks(text: str, language: str) -> list[str]:
    """The blocks in ``text`` that are marked as this language."""
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", text)
