import pytest

from tornado_websockets.exceptions import Refused
from tornado_websockets.schema.bounds import LONG_KEY, MAX_VALUES, Bounded, has_more_values, refuse_many_fields


class Anything:
    def validate(self, data):
        return data

    def schema(self, *, is_sent):
        return {}

    def dump(self, value):
        return value


@pytest.mark.parametrize(
    ("data", "count"),
    [(1, 0), ({}, 0), ([], 0), ([1, 2], 2), ({"a": 1}, 1), ({"a": [1, 2], "b": {"c": [[3]]}}, 7), ([[], [[]]], 3)],
)
def test_values_are_counted_at_every_depth(data, count):
    assert not has_more_values(data, count)
    assert count == 0 or has_more_values(data, count - 1)


@pytest.mark.parametrize("wrap", [dict, lambda data: {"a": [data]}, lambda data: [[data]]], ids=["top", "dict", "list"])
def test_a_long_key_counts_as_too_many(wrap):
    for length, is_long in ((LONG_KEY, False), (LONG_KEY + 1, True)):
        assert has_more_values(wrap({"k" * length: 1}), 100, LONG_KEY) is is_long
        assert not has_more_values(wrap({"k" * length: 1}), 100)


def test_a_type_is_asked_about_so_many():
    kind, data = Bounded(Anything()), list(range(MAX_VALUES))
    assert kind.validate(data) == data
    with pytest.raises(Refused, match="Expected at most 5,000 values"):
        kind.validate([*data, 1])


def test_so_many_fields_may_be_asked_for():
    refuse_many_fields([MAX_VALUES - 1, 1])
    with pytest.raises(Refused, match="Expected at most 5,000 values"):
        refuse_many_fields([MAX_VALUES - 1, 1, 1])
