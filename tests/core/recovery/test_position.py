import base64
import json
import re
from contextlib import nullcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornado_websockets.core.recovery.position import (
    furthest,
    position_from_text,
    position_to_text,
    read_position,
)

positions = st.dictionaries(st.text(min_size=1, max_size=128), st.integers(0, 2**53), max_size=64)


@given(positions)
def test_a_text_is_safe_wherever_it_stands_and_reads_as_it_was_written(position):
    text = position_to_text(position)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", text)
    assert position_from_text(text) == position


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        "x",
        7,
        {"A": -1},
        {"A": 2**53 + 1},
        {"A": 1.0},
        {"A": True},
        {"A": "1"},
        {"A": None},
        {"": 1},
        {"x" * 129: 1},
        {str(number): 1 for number in range(1_001)},
    ],
    ids=lambda value: repr(value)[:20],
)
def test_what_is_no_position_is_refused(value):
    with pytest.raises(ValueError, match="Expected"):
        read_position(value)
    with pytest.raises(ValueError, match="Expected"):
        position_from_text(position_to_text(value))


def test_as_many_entries_as_are_allowed_are_read():
    position = {str(number): 2**53 for number in range(1_000)}
    assert read_position(json.loads(json.dumps(position))) == position


@given(st.text())
def test_no_text_raises_another_error(text):
    with pytest.raises(ValueError, match="Expected") if not is_position(text) else nullcontext():
        position_from_text(text)


@pytest.mark.parametrize("other", [123, 5.5, {}, [], b"e30"])
def test_what_is_no_text_is_no_position(other):
    with pytest.raises(ValueError, match="Expected a position as websocket_position writes it"):
        position_from_text(other)


def is_position(text):
    try:
        return position_to_text(position_from_text(text)) is not None
    except ValueError:
        return False


def test_a_text_that_nests_too_deeply_is_refused():
    with pytest.raises(ValueError, match="Expected"):
        position_from_text(base64.urlsafe_b64encode(b"[" * 100_000).decode())


def test_the_furthest_of_two_has_the_larger_numbers():
    assert furthest({"A": 1, "B": 5}, {"A": 3, "B": 2, "C": 0}) == {"A": 3, "B": 5, "C": 0}
