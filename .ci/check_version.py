"""Fails unless the newest version in the changelog, below what is not released yet, is that of the package."""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

package = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
newest = headings[1:2] if headings[:1] == ["Unreleased"] else headings[:1]
if newest != [package]:
    sys.exit(f"Expected {package} as the newest version in CHANGELOG.md, as in pyproject.toml, got {newest!r}.")
