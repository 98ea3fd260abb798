"""``python docs/contributing/agents.py``: write what language models read, of what people read.

That is ``docs/llms.txt``, an index of the documentation (https://llmstxt.org), and the section that ``manage.py
websockets --agents`` prints. Both are made of the README and the pages: where a page changes, run this again.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
INDEX = ROOT / "docs" / "llms.txt"
SECTION = ROOT / "tornado_websockets" / "management" / "agents.md"

_LINK = re.compile(r"\[([^\]]+)\]\((?!http)[^)]*\)")

#: What a page is made of: blocks of code, and what stands between empty lines.
_PART = re.compile(r"^```[\s\S]*?^```$|^\S.*(?:\n.+)*", re.MULTILINE)


def _is_code(part: str) -> bool:
    return part.startswith("```")


def _is_table(part: str) -> bool:
    return part.startswith("|")


def _is_list(part: str) -> bool:
    return part.startswith("- ")


def _is_prose(part: str) -> bool:
    return not (_is_code(part) or _is_table(part) or _is_list(part))


def parts_of(page: Path, heading: str) -> list[str]:
    """The parts below a heading, up to the next one.

    :param heading: as it is written, ``## Sending``.
    :raises ValueError: the page has no such heading.
    """
    _, found, below = page.read_text(encoding="utf-8").partition(f"{heading}\n")
    if not found:
        raise ValueError(f"Expected {heading!r} in {page}")
    parts: list[str] = []
    for part in _PART.findall(below):
        if part.startswith("#"):
            break
        parts.append(part.strip())
    return parts


def _rows_with_code(table: str) -> str:
    """A table's head, and the rows that need no link to say something."""
    head, line, *rows = table.splitlines()
    return "\n".join([head, line, *(row for row in rows if "`" in row)])


@dataclass(frozen=True)
class Excerpt:
    """Parts of a page: those that ``wants`` says, from the ``start`` to before the ``end``, each ``edited``."""

    page: str
    heading: str
    wants: Callable[[str], bool]
    start: int = 0
    end: int | None = None
    edited: Callable[[str], str] = str

    def text(self) -> str:
        """Without links, which lead nowhere from a project's notes.

        :raises ValueError: there is nothing of the kind.
        """
        parts = [part for part in parts_of(ROOT / self.page, self.heading) if self.wants(part)][self.start : self.end]
        if not parts:
            raise ValueError(f"Expected parts below {self.heading!r} in {self.page}")
        texts = map(self.edited, parts)
        return "\n\n".join(text if _is_code(text) else _LINK.sub(r"\1", text) for text in texts)


_TITLE = "# django-tornado-websockets-channels"
_TROUBLE = "docs/faq.md"

_AT_LAST = """\
Run `manage.py check`, which says what is missing in the settings, and the tests. `manage.py websockets` lists every
WebSocket with its handlers, their arguments and what it sends; `manage.py websockets --typescript` prints the types of
it for the pages."""

#: The section: titles with what is below them. What is written here is what no page says in so many words.
_SECTIONS: tuple[tuple[str, tuple[str | Excerpt, ...]], ...] = (
    (
        "Register",
        (
            "`WebSocket(path)` in the module `websockets` of an installed app is served at `/ws` + path.",
            Excerpt("README.md", _TITLE, _is_code, end=2),
            "A handler takes any of these, by name:",
            Excerpt("docs/guides/handlers.md", "## What it is given", _is_table),
            Excerpt("docs/guides/handlers.md", "## What it may be", _is_prose, end=1),
            "A path may have parameters; each concrete path is a room of its own:",
            Excerpt("docs/guides/rooms.md", "# Rooms, and who may come in", _is_code, end=1),
            "Who may connect:",
            Excerpt("docs/guides/rooms.md", "## Who may come in", _is_code, end=1),
            "How a handler says no:",
            Excerpt("docs/guides/handlers.md", "## How it says no", _is_code, end=1),
        ),
    ),
    (
        "Emit and publish",
        (
            Excerpt("docs/guides/sending.md", "# Sending", _is_table),
            Excerpt("docs/guides/sending.md", "# Sending", _is_prose, 1, 2),
            Excerpt("docs/guides/sending.md", "## From outside", _is_prose, end=1),
        ),
    ),
    ("In a page", (Excerpt("README.md", _TITLE, _is_code, 2, 3),)),
    (
        "Test",
        (
            Excerpt("docs/guides/testing.md", "# Testing your application", _is_code),
            Excerpt("docs/guides/testing.md", "# Testing your application", _is_prose, 1),
        ),
    ),
    (
        "Traps",
        (
            Excerpt(_TROUBLE, "## 500, or a traceback", _is_list),
            Excerpt(_TROUBLE, "## It connects, and nothing happens", _is_list),
        ),
    ),
    ("How do I?", (Excerpt(_TROUBLE, "## How do I?", _is_table, edited=_rows_with_code),)),
    (
        "Before you say that it works",
        (_AT_LAST,),
    ),
)


def section() -> str:
    """The section for a project's notes to coding agents."""
    lines = ["## WebSockets: django-tornado-websockets-channels"]
    for title, excerpts in _SECTIONS:
        lines.append(f"### {title}")
        lines.extend(excerpt if isinstance(excerpt, str) else excerpt.text() for excerpt in excerpts)
    return "\n\n".join(lines) + "\n"


def index() -> str:
    """The pages, each with its first sentence."""
    summary = _plain(parts_of(README, _TITLE)[0])
    docs = ROOT / "docs"
    optional = [docs / "benchmarks.md", docs / "capacity.md", docs / "design.md", docs / "contributing" / "testing.md"]
    start = [README, docs / "tutorial.md"]
    left_out = {*start, *optional, docs / "benchmarks-figures.md", docs / "example-api.md", docs / "index.md"}
    pages = [page for page in sorted(docs.glob("*.md")) if page not in left_out]
    lists = {
        "Start": start,
        "Guides": sorted((docs / "guides").glob("*.md")),
        "Reference": pages,
        "Optional": optional,
    }
    texts = [_TITLE, f"> {summary}", *parts_of(README, _TITLE)[1:3]]
    for title, found in lists.items():
        texts += [f"## {title}", "\n".join(_entries(found))]
    return "\n\n".join(texts) + "\n"


def _entries(pages: list[Path]) -> Iterator[str]:
    for page in pages:
        title = page.read_text(encoding="utf-8").partition("\n")[0]
        prose = next((part for part in parts_of(page, title) if _is_prose(part)), None)
        if prose is None:  # it only includes another file
            continue
        sentence = _plain(prose).partition(". ")[0].rstrip(".:")
        yield f"- [{title.removeprefix('# ')}]({_relative(page)}): {sentence}."


def _plain(prose: str) -> str:
    return _LINK.sub(r"\1", prose).replace("**", "").replace("\n", " ")


def _relative(page: Path) -> str:
    below = page.relative_to(ROOT)
    return str(below.relative_to("docs")) if below.parts[0] == "docs" else f"../{below}"


def main() -> None:
    """Write both."""
    INDEX.write_text(index(), encoding="utf-8")
    SECTION.write_text(section(), encoding="utf-8")


if __name__ == "__main__":
    main()
