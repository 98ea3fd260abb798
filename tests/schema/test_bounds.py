import json
from math import inf

import pytest

from tornado_websockets.exceptions import Refused
from tornado_websockets.schema.bounds import (
    LONG_PATH,
    MAX_VALUES,
    Bounded,
    has_more_values,
    most_values,
    refuse_crowded_texts,
    refuse_many_fields,
)


class Anything:
    counts_texts = finds_all = True

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


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("[1, 2, 3]", 3),
        ('"[1, 2, 3]"', 3),
        ('  {"a": [1, 2], "a": []}', 8),
        ('{"inner": "[1, 2]"}', 3),
        ('"[1\\u002c 2, 3]"', 3),
        ('"{\\"inner\\": \\"[1, 2]\\"}"', 3),
        (f"[{'1' * 5000}, 2, 3]", 3),
        ("[1e999999, 2, 3]", 3),
        ('["1, 2, 3", "[", "\\"[1, 2"]', 3),
        ("[1, 2, 3", 0),
        ("1, 2, 3", 0),
        ("Dear all, dear you", 0),
        ("[Dear all] dear you" + ", and you" * MAX_VALUES, 0),
        ('"id","name"\n' + '1,"tea"\n' * MAX_VALUES, 0),
        ('"' + ",tea" * MAX_VALUES + '"', 0),
    ],
)
def test_values_in_texts_count_however_they_are_written(text, count):
    kind, filling = Bounded(Anything()), [1] * (MAX_VALUES - 1 - count)
    assert kind.validate([text, *filling])
    with pytest.raises(Refused, match="Expected at most 5,000 values"):
        kind.validate([text, 1, *filling])


@pytest.mark.parametrize(("start", "end"), [("[", "1]"), ('{"a": "1, 2", "b": [', "1]}\n")])
def test_a_text_of_more_is_not_even_decoded(start, end, monkeypatch):
    text = start + "1," * (MAX_VALUES + 1) + end
    monkeypatch.delattr(json, "loads")
    with pytest.raises(Refused, match="Expected at most 5,000 values"):
        Bounded(Anything()).validate([text])


def test_values_in_names_count():
    kind, name = Bounded(Anything()), json.dumps([1] * (MAX_VALUES - 1))
    assert kind.validate({name: 1})
    with pytest.raises(Refused, match="Expected at most 5,000 values"):
        kind.validate({name: 1, "x": 1})


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


@pytest.mark.parametrize(("finds_all", "most"), [(True, MAX_VALUES), (False, inf)])
def test_a_type_need_not_say_how_many(finds_all, most):
    kind = Anything()
    kind.finds_all, kind.max_values = finds_all, None
    assert most_values(kind) == most


def test_all_texts_together_may_open_so_many():
    refuse_crowded_texts({"a": ["[]" * 25_000], "b": "[]" * 25_000})
    with pytest.raises(Refused, match="Expected at most 50,000 arrays and objects in texts"):
        refuse_crowded_texts({"a": ["[]" * 25_000], "b": "[]" * 25_001})


def test_so_many_fields_may_be_asked_for():
    refuse_many_fields([MAX_VALUES - 1, 1])
    with pytest.raises(Refused, match="Expected at most 5,000 values"):
        refuse_many_fields([MAX_VALUES - 1, 1, 1])
