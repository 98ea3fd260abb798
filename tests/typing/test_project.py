"""The project of somebody else is checked as its author expects: mypy and pyright know the public names and types."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.npm import ROOT, command_of

PROJECT = Path(__file__).with_name("project")

#: The lines of ``wrong.py`` that are.
WRONG = [
    number for number, line in enumerate((PROJECT / "wrong.py").read_text().splitlines(), 1) if line.endswith("# wrong")
]

PYRIGHT = "pyright@1.1.414"


def pyright() -> list[str]:
    return [*command_of(PYRIGHT, "pyright"), "--pythonpath", sys.executable, "-p", "."]


def mypy() -> list[str]:
    options = ["--strict", "--follow-imports=silent", "--no-error-summary", "--config-file="]
    return [sys.executable, "-m", "mypy", *options, "--cache-dir", str(ROOT / ".mypy_cache" / "outside"), "."]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("checker", [mypy, pyright], ids=lambda checker: checker.__name__)
def test_a_project_outside_has_the_errors_that_it_should_and_no_others(checker, tmp_path):
    command = checker()
    shutil.copytree(PROJECT, tmp_path, dirs_exist_ok=True)
    # As installed: what is found below these paths is looked into, and only the project is complained of.
    environment = os.environ | {"MYPYPATH": str(ROOT), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    found = re.findall(r"(\w+)\.py:(\d+)(?::\d+)?(?: -|:) error", done.stdout)
    assert sorted(found, key=str) == sorted((("wrong", str(line)) for line in WRONG), key=str), (
        done.stdout + done.stderr
    )
    assert len(WRONG) > 5
