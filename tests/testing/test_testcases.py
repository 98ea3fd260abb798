"""The clients for tests, used as an application uses them."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_testcases_of_an_application_pass(tmp_path):
    command = [sys.executable, "-X", "dev", "-m", "django", "test", "tests.project.testcases"]
    command += ["--settings", "tests.project.settings"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "Ran 15 tests" in run.stderr
    assert "Warning" not in run.stderr
    assert "destroyed" not in run.stderr  # a task, with the loop of a client that has left
