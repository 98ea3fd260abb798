"""Fails unless the newest released version in the changelog, and npm's version, are that of the package."""

import json
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NPM = Path("tornado_websockets", "static", "tornado_websockets", "package.json")

package = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
newest = headings[1:2] if headings[:1] == ["Unreleased"] else headings[:1]
if newest != [package]:
    sys.exit(f"Expected {package} as the newest version in CHANGELOG.md, as in pyproject.toml, got {newest!r}.")
npm = json.loads((ROOT / NPM).read_text(encoding="utf-8"))["version"]
if npm != package:
    sys.exit(f"Expected {package} as the version in {NPM}, as in pyproject.toml, got {npm!r}.")
