"""The blocks of code in the documentation do what is said of them."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
_BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(page: str) -> list[str]:
    return _BLOCK.findall((DOCS / page).read_text())


@pytest.mark.parametrize("number", range(3))
def test_each_form_of_a_test_can_be_copied(number: int, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    import subprocess
    import sys

    file = Path(__file__).parent / f"test_copied_form_{number}.py"
    file.write_text(blocks("contributing/testing.md")[number])
    try:
        command = [sys.executable, "-X", "dev", "-m", "pytest", "-q", "-p", "no:cacheprovider", str(file)]
        finished = subprocess.run(command, cwd=DOCS.parent, capture_output=True, text=True, check=False)
    finally:
        file.unlink()
    assert finished.returncode == 0, finished.stdout
    assert re.search(r"\d passed", finished.stdout), finished.stdout
