import json
import sys
from uuid import UUID, uuid4

import pytest

from tornado_websockets.exceptions import Refused
from tornado_websockets.schema.bounds import (
    LONG_PATH,
    MAX_ALIKE,
    MAX_VALUES,
    Bounded,
    has_long_text,
    has_more_values,
    refuse_crowded_texts,
    refuse_many_fields,
)


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


#: Numbers of which Python's hash is the same.
ALIKE = [number * sys.hash_info.modulus for number in range(1, 1501)]


@pytest.mark.parametrize(
    "data",
    [
        ALIKE,
        [-number for number in ALIKE],
        list(map(str, ALIKE)),
        [f" {number}.0" for number in ALIKE],
        [f"{number}e0" for number in ALIKE],
        [str(UUID(int=number)) for number in ALIKE],
        [UUID(int=number).hex for number in ALIKE],
        {str(number): 1 for number in ALIKE},
        {"a": [{"b": number} for number in ALIKE]},
    ],
    ids=["ints", "below zero", "texts", "decimals", "exponents", "UUIDs", "UUIDs as hex", "keys", "anywhere"],
)
def test_numbers_with_one_hash_are_refused(data):
    with pytest.raises(Refused, match="large numbers"):
        Bounded(Anything()).validate(data)
    with pytest.raises(Refused, match="large numbers"):
        refuse_crowded_texts({"text": json.dumps(data)})


@pytest.mark.parametrize(
    "data",
    [
        ALIKE[:MAX_ALIKE] + [1] * 1000,
        ALIKE[:1] * 2000,
        [2**64 + number for number in range(2000)],
        [str(uuid4()) for _ in range(2000)],
        ["a text that is somewhat long"] * 2000,
        ["Infinity", "nan"] * 1000,
        [True, None, 1.5, "", {}] * 300,
    ],
    ids=["few", "one", "ints", "UUIDs", "texts", "no numbers", "others"],
)
def test_others_are_not(data):
    assert Bounded(Anything()).validate(data) == data
    refuse_crowded_texts([json.dumps(data)])


@pytest.mark.parametrize(
    ("wrap", "taken"),
    [(dict, 0), (lambda data: {"a": [data]}, 1), (lambda data: [[data]], 0), (lambda data: {"ab": {"c": data}}, 3)],
    ids=["top", "dict", "list", "dicts"],
)
def test_a_path_is_as_long_as_all_its_keys(wrap, taken):
    for length, is_long in ((LONG_PATH - taken, False), (LONG_PATH - taken + 1, True)):
        for data in (wrap({"k" * length: 1}), [1, {"a" * 9: [{}]}, wrap({"b": 1, "k" * length: 1}), "x"]):
            assert has_more_values(data, 100, LONG_PATH) is is_long
            assert not has_more_values(data, 100)


@pytest.mark.parametrize(
    "wrap",
    [str, lambda text: {"ab": text}, lambda text: [1, text], lambda text: [{"a": [text]}]],
    ids=["top", "dict", "list", "within"],
)
def test_a_long_text_is_found_wherever_it_is(wrap):
    for length, is_long in ((9, False), (10, False), (11, True)):
        assert has_long_text(wrap("x" * length), 10) is is_long


def test_a_type_is_asked_about_so_many():
    kind, data = Bounded(Anything()), list(range(MAX_VALUES))
    assert kind.validate(data) == data
    with pytest.raises(Refused, match="Expected at most 5,000 values"):
        kind.validate([*data, 1])


def test_so_many_fields_may_be_asked_for():
    refuse_many_fields([MAX_VALUES - 1, 1])
    with pytest.raises(Refused, match="Expected at most 5,000 values"):
        refuse_many_fields([MAX_VALUES - 1, 1, 1])
