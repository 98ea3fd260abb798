"""Fails unless the newest heading of the changelog is the version of the package."""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

package = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
if headings[:1] != [package]:
    sys.exit(f"Expected CHANGELOG.md to begin with {package}, as in pyproject.toml, got {headings[:1]!r}.")
