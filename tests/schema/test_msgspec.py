"""``msgspec.Struct`` as a type: what arrives, what is refused, and where."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction
from math import inf
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, TypeVar
from uuid import UUID

import msgspec
import pytest

from tornado_websockets.exceptions import Refused
from tornado_websockets.schema.bounds import Bounded
from tornado_websockets.schema.msgspec import StructType
from tornado_websockets.schema.protocol import JSON_VALUE
from tornado_websockets.schema.signatures import read_types

T = TypeVar("T")


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


@pytest.mark.parametrize("data", [[1, [2]], [{}]])
def test_an_array_is_no_member_of_a_set(data):
    with pytest.raises(Refused, match="unhashable type"):
        StructType(set[Any]).validate(data)


class Node(msgspec.Struct):
    kids: list["Node"] = []
    ids: dict[UUID, int] | None = None


class Cell(msgspec.Struct, frozen=True):
    x: int
    y: int


class Tagged(msgspec.Struct, frozen=True, array_like=True):
    tags: "frozenset[str | Tagged]"


class Pair(msgspec.Struct, Generic[T], frozen=True):
    of: tuple[T, T]


class Hashing(msgspec.Struct, frozen=True):
    x: int

    def __hash__(self) -> int:
        return 1


class Comparing(NamedTuple):
    x: int

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return 1


class Point(NamedTuple):
    x: int
    y: int


@dataclass(frozen=True)
class Place:
    x: int
    y: int


class Colour(IntEnum):
    RED = 1


class Several(msgspec.Struct, Generic[T]):
    members: set[T]


@pytest.mark.parametrize(
    ("annotation", "most"),
    [
        (list[int], inf),
        (dict[str, int], inf),
        (dict[Any, int], inf),
        (dict[Annotated[str, msgspec.Meta(description="Name.")], int], inf),
        (Item, inf),
        (list[tuple[int, int]], inf),
        (set[str], inf),
        (set[Annotated[str, msgspec.Meta(title="Name")] | Colour], inf),
        (set[Literal[1, 2]], inf),
        (set[Any], 3000),
        (set, 3000),
        (dict[int, tuple[int, int]], 3000),
        (set[Annotated[int, msgspec.Meta(ge=0, description="Number.")] | None], 3000),
        (set[Colour | timedelta], 3000),
        (set[float | datetime], 3000),
        (set[NewType("Id", UUID)], 1500),
        (Several[UUID], 1500),
        (Node, 1500),
        (dict[Decimal | int, int], 1500),
        (set[tuple[int, int]], 3000),
        (dict[str, list[frozenset[tuple[int, ...]]]], 3000),
        (set[int | tuple[int, int]], 3000),
        (set[Point], 3000),
        (set[Cell], 3000),
        (Several[Cell], 3000),
        (set[frozenset[int]], 3000),
        (set[Pair[int]], 3000),
        (set[Tagged], 3000),
        (set[Hashing], 200),
        (set[Comparing], 200),
        (set[Place], 200),
        (set[tuple[Place, int]], 200),
        (set[Fraction], 200),
    ],
    ids=str,
)
def test_how_many_values_may_come_depends_on_what_is_hashed(annotation, most):
    assert StructType(annotation).max_values == most


class Board(msgspec.Struct):
    cells: set[tuple[int, int]]


def test_a_handler_is_bounded_where_there_is_something_to_bound():
    def draw(data: Board): ...
    def order(data: Order): ...
    def buy(data: Item): ...

    cells = [[1, number] for number in range(1_000)]
    kind = read_types(draw).data
    assert len(kind.validate({"cells": cells[1:]}).cells) == 999
    with pytest.raises(Refused, match="Expected at most 3,000 values, got more"):
        kind.validate({"cells": cells})
    assert isinstance(read_types(order).data, Bounded)
    assert isinstance(read_types(buy).data, StructType)


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
