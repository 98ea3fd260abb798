"""What to do where the machine lacks what a test needs."""

import os
from typing import NoReturn

import pytest


def do_without(reason: str) -> NoReturn:
    """Skip the test; in CI, fail it."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
