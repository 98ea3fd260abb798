"""Of what types of pydantic's make sets and keys of dicts, and how many values may come then."""

import json
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction
from ipaddress import IPv6Network
from time import process_time
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, TypeVar
from uuid import UUID

import pytest
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, HttpUrl, InstanceOf, Json, Secret, SecretStr

from tornado_websockets.exceptions import Refused
from tornado_websockets.schema.bounds import Bounded
from tornado_websockets.schema.msgspec import StructType
from tornado_websockets.schema.pydantic import PydanticType

T = TypeVar("T")


class Frozen(BaseModel, frozen=True):
    x: int


@dataclass(frozen=True)
class FrozenData:
    x: int


class Point(NamedTuple):
    x: int


class Colour(IntEnum):
    RED = 1


class Numbers(BaseModel):
    numbers: set[int]


class Several(BaseModel, Generic[T]):
    members: set[T]


class Branches(BaseModel):
    kids: "frozenset[tuple[int, int]] | list[Branches]" = []
    ends: frozenset[int] = frozenset()


@pytest.mark.parametrize(
    ("annotation", "most"),
    [
        (list[tuple[int, int]], 5000),
        (dict[str, Any], 5000),
        (set[str], 5000),
        (set[HttpUrl], 5000),
        (set[SecretStr], 5000),
        (set[Colour | Literal[1]], 5000),
        (tuple[set[Colour], Colour], 5000),
        (set[Annotated[str, Field(min_length=1)]], 5000),
        (set[NewType("Id", int)], 3000),
        (set, 3000),
        (dict[int, str], 3000),
        (set[datetime | timedelta], 3000),
        (set[Annotated[int, BeforeValidator(int)]], 3000),
        (set[Annotated[int | float, Field(ge=0)]], 3000),
        (set[tuple[int, int]], 3000),
        (Several[tuple[int, int]], 3000),
        (dict[tuple[int, int], int], 3000),
        (list[frozenset[frozenset[int]]], 3000),
        (set[Point], 3000),
        (set[Json[tuple[int, int]]], 3000),
        (Json[set[int | tuple[int, ...]]], 3000),
        (Branches, 3000),
        (set[UUID | Annotated[int, Field(ge=0)] | None], 1500),
        (set[Decimal], 1500),
        (set[tuple[Decimal, int]], 1500),
        (set[Annotated[str | UUID, Field(min_length=1)]], 1500),
        (set[Secret[int]], 200),
        (set[IPv6Network], 200),
        (dict[IPv6Network, int], 200),
        (set[Fraction], 200),
        (set[complex], 200),
        (set[Frozen], 200),
        (set[FrozenData], 200),
        (set[tuple[Frozen, int]], 200),
        (tuple[set[Frozen], Frozen], 200),
        (set[Annotated[str, AfterValidator(Fraction)]], 200),
        (Counter[Fraction], 200),
        (set[Secret[tuple[int, int]]], 200),
        (set[Annotated[InstanceOf[Fraction], BeforeValidator(Fraction)]], 200),
        (set[Annotated[InstanceOf[Fraction] | None, BeforeValidator(Fraction)]], 200),
        (set[Annotated[Any, BeforeValidator(Fraction)]], 200),
    ],
    ids=str,
)
def test_how_many_values_may_come_depends_on_what_is_hashed(annotation, most):
    assert PydanticType(annotation).max_values == most


@pytest.mark.parametrize(
    "annotation", [Json[Any], set[Json[UUID]], Numbers | Json[Numbers], list[set[Json[int]]]], ids=str
)
def test_values_in_texts_count_where_these_are_decoded(annotation):
    assert PydanticType(annotation).counts_texts
    assert not PydanticType(set[int] | str).counts_texts


def test_types_that_are_within_each_other_are_looked_at_once():
    """There are millions of ways through these."""
    names = [f"Knot{number}" for number in range(10)]
    any_of_them = " | ".join(["int", *names])
    for name in names:
        globals()[name] = NamedTuple(name, [("x", any_of_them)])  # where pydantic finds them
    kind, start = PydanticType(set[globals()[names[0]]]), process_time()
    assert kind.max_values == 3000
    assert process_time() - start < 1


def test_more_are_refused():
    kind = Bounded(PydanticType(Json[set[tuple[int, int]]]))
    pairs = [[1, number] for number in range(1001)]
    assert len(kind.validate(json.dumps(pairs[1:]))) == 1000
    with pytest.raises(Refused, match="Expected at most 3,000 values, got more"):
        kind.validate(json.dumps(pairs))


@pytest.mark.parametrize("make", [PydanticType, StructType])
@pytest.mark.parametrize("annotation", [set[int], dict[int, int], set[UUID], set[Decimal]], ids=str)
def test_what_has_one_hash_takes_no_time_to_speak_of(make, annotation):
    kind = make(annotation)
    numbers = [number * sys.hash_info.modulus for number in range(1, int(kind.max_values) + 1)]
    data = {str(number): 1 for number in numbers} if annotation == dict[int, int] else numbers
    if annotation == set[UUID]:
        data = [str(UUID(int=number)) for number in numbers]
    start = process_time()
    assert len(Bounded(kind).validate(data)) == kind.max_values
    assert process_time() - start < 0.6


def test_what_the_server_sends_is_not_bounded():
    networks = [f"::{number:x}" for number in range(1000)]
    assert len(PydanticType(set[IPv6Network]).validate(networks)) == 1000
