import json
import sys
from math import inf
from uuid import UUID, uuid4

import pytest

from tornado_websockets.exceptions import Refused
from tornado_websockets.schema.bounds import (
    LONG_PATH,
    MAX_ALIKE,
    MAX_FAR,
    MAX_VALUES,
    Bounded,
    has_long_text,
    has_more_values,
    refuse_alike,
    refuse_crowded_texts,
    refuse_many_fields,
)


class Anything:
    counts_texts = True

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
        Bounded(Anything()).validate({"text": json.dumps(data)})


@pytest.mark.parametrize(
    "data",
    [
        {"text": json.dumps([str(UUID(int=number)) for number in ALIKE]).replace("0", "\\u0030")},
        {"text": json.dumps({"inner": json.dumps([UUID(int=number).hex for number in ALIKE])}).replace("0", "\\u0030")},
        {"text": json.dumps(json.dumps(ALIKE))},
        {"text": f'{{"a": {ALIKE}, "a": []}}'},
        {json.dumps(ALIKE): 1},
        [json.dumps(ALIKE[start : start + 20]) for start in range(0, 1500, 20)],
    ],
    ids=["escaped", "texts in texts", "a text of a text", "a name twice", "a key", "many texts"],
)
def test_they_are_refused_however_they_are_in_texts(data):
    with pytest.raises(Refused, match="large numbers"):
        Bounded(Anything()).validate(data)


def test_many_groups_of_few_with_one_hash_are_refused():
    group = range(0, 50 * sys.hash_info.modulus, sys.hash_info.modulus)
    numbers = [[2**62 + hash_ + number for number in group] for hash_ in range(40)]
    assert Bounded(Anything()).validate([*numbers[:3], [1] * 1000])
    with pytest.raises(Refused, match="large numbers"):
        Bounded(Anything()).validate(numbers)
    with pytest.raises(Refused, match="large numbers"):
        Bounded(Anything()).validate(numbers[:1] * 40)


@pytest.mark.parametrize(
    "data",
    [
        ALIKE[:MAX_ALIKE] + [1] * 1000,
        ALIKE[:1] * 2000,
        [2**64 + number for number in range(2000)],
        [str(uuid4()) for _ in range(2000)],
        ["a text that is somewhat long", "[1, 2"] * 1000,
        ["[" * 40_000] + [1] * 1000,
        ["Infinity", "nan"] * 1000,
        [True, None, 1.5, "", {}] * 300,
    ],
    ids=["few", "one", "ints", "UUIDs", "texts", "brackets", "no numbers", "others"],
)
def test_others_are_not(data):
    assert Bounded(Anything()).validate(data) == data
    assert Bounded(Anything()).validate([json.dumps(data)])


@pytest.mark.parametrize("text", ["1e{}", "1E+{}", "-1e-{}", "0.5e{}"])
@pytest.mark.parametrize("exponent", [10**5, 10**15])
def test_of_numbers_with_long_exponents_so_many_are_taken(text, exponent):
    texts = [text.format(exponent + number) for number in range(MAX_FAR + 1)]
    refuse_alike(texts[1:] + ["1e9999", "the", "1.5", "e12345x"] * 10)
    with pytest.raises(Refused, match="long exponents"):
        refuse_alike(dict.fromkeys(texts, 1))


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
    assert kind.validate({"a": json.dumps(data[:2500]), "b": json.dumps(data[:2498])})
    with pytest.raises(Refused, match="Expected at most 5,000 values"):
        kind.validate({"a": json.dumps(data[:2500]), "b": json.dumps(data[:2499])})


def test_a_type_may_say_how_many():
    kind = Anything()
    kind.max_values = 3
    assert Bounded(kind).validate([1, 2, 3]) == [1, 2, 3]
    with pytest.raises(Refused, match="Expected at most 3 values"):
        Bounded(kind).validate([1, 2, [3]])
    kind.max_values = inf
    assert len(Bounded(kind).validate([1] * 10_000)) == 10_000


def test_all_texts_together_may_open_so_many():
    refuse_crowded_texts({"a": ["[]" * 25_000], "b": "[]" * 25_000})
    with pytest.raises(Refused, match="Expected at most 50,000 arrays and objects in texts"):
        refuse_crowded_texts({"a": ["[]" * 25_000], "b": "[]" * 25_001})


def test_so_many_fields_may_be_asked_for():
    refuse_many_fields([MAX_VALUES - 1, 1])
    with pytest.raises(Refused, match="Expected at most 5,000 values"):
        refuse_many_fields([MAX_VALUES - 1, 1, 1])
