"""Pages that people write, and in them places for what is measured."""

import re
from pathlib import Path


def fill(page: Path, place: str, text: str) -> None:
    """Write ``text`` between the page's ``<!-- place -->`` and ``<!-- end of place -->``.

    :raises ValueError: the page has no such place.
    """
    start, end = f"<!-- {place} -->", f"<!-- end of {place} -->"
    old = page.read_text(encoding="utf-8")
    new, count = re.subn(
        f"{re.escape(start)}.*?{re.escape(end)}", lambda _: f"{start}\n\n{text.strip()}\n\n{end}", old, flags=re.DOTALL
    )
    if count != 1:
        raise ValueError(f"Expected one place from {start} to {end} in {page}, got {count}.")
    page.write_text(new, encoding="utf-8")
