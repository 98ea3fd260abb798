"""The blocks of code in the documentation do what is said of them."""

import re
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"
_BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(page: str) -> list[str]:
    return _BLOCK.findall((DOCS / page).read_text())


def test_each_form_of_a_test_can_be_copied() -> None:
    forms = blocks("contributing/testing.md")
    files = [Path(__file__).with_name(f"test_copied_form_{number}.py") for number in range(len(forms))]
    with ExitStack() as stack:
        for file, form in zip(files, forms, strict=True):
            stack.callback(file.unlink)
            file.write_text(form)
        command = [sys.executable, "-X", "dev", "-m", "pytest", "-q", "-p", "no:cacheprovider", *map(str, files)]
        finished = subprocess.run(command, cwd=DOCS.parent, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stdout
    passed = re.search(r"(\d+) passed in", finished.stdout)
    assert passed is not None, finished.stdout
    assert int(passed[1]) == 5  # the last one is on three servers
