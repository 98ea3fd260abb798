"""``msgspec.Struct`` as a type: what arrives, what is refused, and where."""

import sys
from collections.abc import Callable
from uuid import UUID

import msgspec
import pytest

from tornado_websockets.exceptions import Refused
from tornado_websockets.schema.msgspec import StructType
from tornado_websockets.schema.protocol import JSON_VALUE


class Item(msgspec.Struct):
    price: int


class Order(msgspec.Struct, forbid_unknown_fields=True):
    items: list[Item]
    by_name: dict[str, Item] = {}
    counts: dict[int, int] = {}
    named: dict[str, dict[int, int]] = {}


def test_handler_gets_a_struct():
    assert StructType(Order).validate({"items": [{"price": 1}]}) == Order([Item(1)])


@pytest.mark.parametrize(
    ("data", "path", "message"),
    [
        ({"items": [{"price": 1}, {"price": "x"}]}, "items.1.price", "Expected `int`, got `str`"),
        ({"items": [{}]}, "items.0.price", "Object missing required field `price`"),
        ({}, "items", "Object missing required field `items`"),
        ({"items": [], "by_name": {"a": {"price": "x"}}}, "by_name.*.price", "Expected `int`, got `str`"),
        ({"items": [], "by_name": {"a": {}}}, "by_name.*.price", "Object missing required field `price`"),
        ({"items": [], "counts": {"a": 1}}, "counts", "Expected `int`, got `str` as a key"),
        ({"items": [], "named": {"a": {"b": 1}}}, "named.*", "Expected `int`, got `str` as a key"),
        ({"items": [], "more": 1}, "more", "Object contains unknown field `more`"),
    ],
)
def test_error_has_the_path(data, path, message):
    with pytest.raises(Refused) as caught:
        StructType(Order).validate(data)
    assert caught.value.details["fields"] == [{"path": path, "message": message}]


class Node(msgspec.Struct):
    kids: list["Node"] = []
    ids: dict[UUID, int] | None = None


@pytest.mark.parametrize(
    "annotation",
    [set[UUID], frozenset[int], dict[int, int], list[set[int]], tuple[str, dict[UUID, str]], Node],
    ids=str,
)
def test_numbers_with_one_hash_are_refused_where_they_are_compared(annotation):
    data = [number * sys.hash_info.modulus for number in range(1, 1501)]
    with pytest.raises(Refused, match="large numbers"):
        StructType(annotation).validate(data)


@pytest.mark.parametrize("annotation", [list[int], dict[str, int], Item, list[Item], dict], ids=str)
def test_they_are_not_looked_for_elsewhere(annotation):
    assert not StructType(annotation)._hashes


def test_type_that_msgspec_does_not_know_is_refused():
    class Broken(msgspec.Struct):
        both: list[Item] | set[int] | tuple[int, ...]

    with pytest.raises(TypeError):
        StructType(Broken)


def test_what_names_a_class_that_is_nowhere_is_refused():
    class Open(msgspec.Struct):
        items: list["Nowhere"]  # noqa: F821

    with pytest.raises(TypeError, match=r"msgspec cannot use .*Open.*'Nowhere' is not defined"):
        StructType(Open)


def test_keys_may_be_numbers():
    class Counts(msgspec.Struct):
        counts: dict[int, int]

    assert StructType(Counts).validate({"counts": {"1": 2}}).counts == {1: 2}


class Money:
    """A class that msgspec can only look whether something is one of."""


def test_part_that_cannot_be_described_is_any_value():
    class Price(msgspec.Struct):
        amount: Money
        round: Callable[[int], int] | None = None
        currency: str = "EUR"

    properties = StructType(Price).schema(is_sent=True)["$defs"]["Price"]["properties"]
    assert properties["amount"] == JSON_VALUE
    assert properties["currency"] == {"type": "string", "default": "EUR"}


def test_what_cannot_be_described_at_all_is_any_value():
    class Raw(msgspec.Struct):
        raw: msgspec.Raw = msgspec.Raw(b"")

    other = msgspec.defstruct("Raw", [("raw", Raw)], module=Raw.__module__)
    for struct in (Raw, other):
        assert StructType(struct).schema(is_sent=True) == JSON_VALUE
