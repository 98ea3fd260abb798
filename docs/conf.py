"""How Sphinx makes the site of the pages in this folder; ``make docs`` calls it."""

import os
import re
import sys
from pathlib import Path, PurePosixPath
from typing import Any

import django
from django.conf import settings

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

# The reference is made of docstrings, so everything that has one must be importable.
settings.configure(
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "tornado_websockets"],
    ROOT_URLCONF="django.contrib.auth.urls",
)
django.setup()

project = "django-tornado-websockets-channels"
author = "the contributors"
project_copyright = author
root_doc = "index"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton"]
exclude_patterns = ["_build"]

# The lexer does not know all of TSX; whether that is right, a compiler says in the tests.
suppress_warnings = ["misc.highlighting_failure"]
myst_heading_anchors = 4
autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_title = "django-tornado-websockets-channels"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_extra_path = [path for path in ("llms.txt", "../llms.txt") if Path(__file__).parent.joinpath(path).exists()]
html_show_sphinx = False
html_copy_source = False
pygments_style = "friendly"
pygments_dark_style = "github-dark"

#: Pages that stand elsewhere in the repository, for those who look for them there.
BORROWED = {
    "changelog": "CHANGELOG.md",
    "deployment": "deploy/README.md",
    "security": "SECURITY.md",
    "contributing/index": "CONTRIBUTING.md",
}

#: Pages that the search leaves out: every word is in the changelog, which would come before the guides.
UNSEARCHED = {"changelog"}

_PAGES = {path: name for name, path in BORROWED.items()} | {"README.md": root_doc}

_LINK = re.compile(r"\[([^][]*)\]\((?![a-z]+:|#)([^)#\s]+)([^)\s]*)\)")


def read(_app: object, name: str, source: list[str]) -> None:
    """Give a page that stands elsewhere its text, and have links lead to pages of the site."""
    path = PurePosixPath(BORROWED.get(name, f"docs/{name}.md"))
    text = (ROOT / path).read_text(encoding="utf-8") if name in BORROWED else source[0]
    here = PurePosixPath("docs", name).parent

    def moved(link: re.Match[str]) -> str:
        text, target, anchor = link.groups()
        target = os.path.normpath(path.parent / target)
        page = f"docs/{_PAGES[target]}.md" if target in _PAGES else target
        if not page.startswith("docs/"):
            return text  # code is no part of the site
        return f"[{text}]({os.path.relpath(page, here)}{anchor})"

    head = "---\nnosearch: true\n---\n\n" if name in UNSEARCHED else ""
    source[0] = head + _LINK.sub(moved, text)


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("source-read", read)
