"""The lines of a source file that are worth showing: those between `region shown` and `endregion`."""

import re
from pathlib import Path
from textwrap import dedent

BEGIN, END = (rf"^ *(?:# {word}|// {word}|\{{# {word} #\}})" for word in ("region shown", "endregion"))
REGION = re.compile(rf"{BEGIN}\n(.*?){END}$", re.MULTILINE | re.DOTALL)


def read_excerpt(path: Path) -> str:
    """Return the marked regions of a file of Python, JavaScript or a template, with a blank line between them."""
    regions = REGION.findall(path.read_text(encoding="utf-8"))
    if not regions:
        raise ValueError(f"Expected lines between 'region shown' and 'endregion' in {path}; there are none.")
    return "\n\n".join(dedent(region).strip("\n") for region in regions)
