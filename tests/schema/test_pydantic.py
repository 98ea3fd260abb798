"""What pydantic knows, as types: what arrives, what is refused, and at what cost."""

import datetime as dt
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import pytest
from pydantic import VERSION, AliasChoices, BaseModel, ConfigDict, Field

from tests.support.scripts import run_script
from tornado_websockets.exceptions import Refused
from tornado_websockets.schema.pydantic import MOST_ERRORS, PydanticType


@dataclass
class Item:
    price: int


@dataclass
class Order:
    items: list[Item]


class Aliased(BaseModel):
    amount: int = Field(alias="the amount")


def fields_of(kind, data):
    with pytest.raises(Refused) as caught:
        kind.validate(data)
    return caught.value.details["fields"]


def test_handler_gets_what_pydantic_makes():
    assert PydanticType(Order).validate({"items": [{"price": "1"}]}) == Order([Item(1)])
    assert PydanticType(Annotated[dict[str, int], Field(max_length=1)]).validate({"a": "1"}) == {"a": 1}


def test_errors_have_paths_and_messages():
    assert fields_of(PydanticType(Order), {"items": [{"price": 1}, {}]}) == [
        {"path": "items.1.price", "message": "Field required"}
    ]


def test_no_more_than_twenty_fields_are_named():
    assert len(fields_of(PydanticType(Order), {"items": [{}] * 100})) == 20


def test_so_many_errors_that_to_look_at_them_would_take_long_are_counted():
    class Choice(BaseModel):
        of_two: list[int | bool]

    kind = PydanticType(Choice)
    assert len(fields_of(kind, {"of_two": ["x"] * (MOST_ERRORS // 2)})) == 20
    too_many = MOST_ERRORS + 2
    expected = [{"path": "", "message": f"{too_many} values do not fit."}]
    assert fields_of(kind, {"of_two": ["x"] * (too_many // 2)}) == expected


class Tree(BaseModel):
    v: int = 0
    kids: list["Tree"] = []


class Nested(BaseModel):
    tree: Tree


@dataclass
class Plain:
    kids: list[int]


class InUnion(BaseModel):
    kids: list[int] | None


class AsJson(BaseModel):
    model_config = ConfigDict(strict=True)
    kids: list[int]


class ByName(BaseModel):
    by_name: dict[str, int]


class Named(BaseModel):
    model_config = ConfigDict(extra="forbid")
    x: int = Field(0, validation_alias=AliasChoices("x", "y"))
    inner: "Named | None" = None


WRONG = ["x"] * 2000

#: Those before let no one say that a model is not to use the validator that it has.
needs_stopping = pytest.mark.skipif(
    tuple(map(int, VERSION.split(".")[:2])) < (2, 13), reason="This pydantic finds all that is wrong."
)


@needs_stopping
@pytest.mark.parametrize(
    ("kind", "data", "path"),
    [
        (Tree, {"kids": WRONG}, "kids.0"),
        (Tree, {"kids": [{"v": 1}, *WRONG]}, "kids.1"),
        (Nested, {"tree": {"kids": [{"kids": WRONG}]}}, "tree.kids.0.kids.0"),
        (Plain, {"kids": WRONG}, "kids.0"),
        (InUnion, {"kids": WRONG}, "kids.0"),
        (AsJson, {"kids": WRONG}, "kids.0"),
        (list[tuple[int, ...]], [[1], WRONG], "1.0"),
        (set[int], WRONG, "0"),
        (ByName, {"by_name": {"a": 1, **dict.fromkeys(map(str, range(2000)), "x")}}, "by_name.0"),
        (Named, dict.fromkeys(map(str, range(2000)), 1), ""),
        (Named, {"inner": dict.fromkeys(map(str, range(2000)), 1)}, "inner"),
    ],
    ids=str,
)
def test_of_many_values_the_first_that_is_wrong_ends_it(kind, data, path):
    [field] = fields_of(PydanticType(kind), data)
    assert field["path"] == path
    assert "values do not fit" not in field["message"]


class Pair(BaseModel):
    a: int = 0
    b: int = 0
    left: "Pair | int | None" = None
    right: "Pair | None" = None


def pairs(levels, value):
    inner = {"left": pairs(levels - 1, value), "right": pairs(levels - 1, value)} if levels else {}
    return {"a": value, "b": value, **inner}


@needs_stopping
def test_wrong_values_do_not_add_up_from_level_to_level():
    fields = fields_of(PydanticType(Pair), pairs(9, "x"))
    messages = {field["message"] for field in fields if field["path"] in ("left", "right")}
    assert {field["path"] for field in fields} == {"a", "b", "left", "right"}
    assert any(message.endswith(" values do not fit.") and int(message.split()[0]) < 10 for message in messages)


def test_one_wrong_value_among_many_is_named_wherever_it_is():
    data = pairs(9, 1)
    data["right"]["right"]["right"]["b"] = "x"
    assert [field["path"] for field in fields_of(PydanticType(Pair), data)] == ["right.right.right.b"]


class Narrow(BaseModel):
    x: int = 0


class Wide(Narrow):
    y: int = 0


class Everything(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    numbers: list[float]
    by_name: dict[str, int] = {}
    members: list[Narrow | Wide] = []
    tags: set[str] = set()
    pair: Pair | None = None
    shaped: dict[str, object] = {"type": "list", "config": 5}
    aliased: list[int] = Field([], validation_alias=AliasChoices("aliased", "the list"))
    at: dt.date | None = None


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"by_name": {str(n): str(n) for n in range(2000)}},
        {"members": [{"x": 1, "y": 2}, {"x": 1}] * 500},
        {"tags": [f" {n} " for n in range(1000)]},
        {"pair": pairs(6, "1")},
        {"the list": ["1"] * 100, "at": "2020-02-29"},
    ],
    ids=lambda more: ",".join(more) or "numbers",
)
def test_many_values_that_fit_become_what_few_would(more):
    data = {"numbers": ["1.5"] * 2000, **more}
    assert PydanticType(Everything).validate(data) == Everything.model_validate(data)


def test_a_strict_type_takes_many_values_too():
    class Dates(BaseModel):
        model_config = ConfigDict(strict=True, extra="forbid")
        days: list[dt.date]
        more: "Dates | None" = None
        others: "Dates | None" = None

    days = ["2020-02-29"] * 2000
    assert (
        PydanticType(Dates).validate({"days": days, "more": {"days": days}}).more.days == [dt.date(2020, 2, 29)] * 2000
    )


def test_a_type_that_pydantic_makes_later_takes_many_values_too():
    class Deferred(BaseModel):
        model_config = ConfigDict(defer_build=True)
        numbers: list[int]

    assert [field["path"] for field in fields_of(PydanticType(Deferred), {"numbers": WRONG})] == ["numbers.0"]
    assert PydanticType(Deferred).validate({"numbers": ["1"] * 2000}).numbers == [1] * 2000


MEMORY = """
import resource
from pydantic import BaseModel, ConfigDict
from tests.support.scripts import run_script
from tornado_websockets.exceptions import Refused
from tornado_websockets.schema.pydantic import PydanticType

class Tree(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kids: list["Tree"] = []
    by_name: dict[str, int] = {}
    left: "Tree | None" = None
    right: "Tree | None" = None

def in_tree(data):
    for _ in range(50):
        data = {"left": data}
    return data

def binary(levels):
    return {"kids": 1, "by_name": 1, **({"left": binary(levels - 1), "right": binary(levels - 1)} if levels else {})}

kind = PydanticType(Tree)
every = [
    {"kids": [1] * 495_000}, in_tree({"by_name": dict.fromkeys(map(str, range(100_000)), "x")}),
    in_tree(dict.fromkeys(map(str, range(100_000)), 1)), in_tree(binary(13)),
]
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for data in every:
    try:
        kind.validate(data)
    except Refused:
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@needs_stopping
def test_a_megabyte_of_wrong_values_takes_no_memory_to_speak_of():
    kilobytes = [int(line) for line in run_script(MEMORY).split()]
    assert len(kilobytes) == 4
    assert max(kilobytes) < 8 * 1024, kilobytes


def test_what_is_sent_is_named_as_the_schema_says():
    kind = PydanticType(Aliased)
    assert kind.dump(Aliased(**{"the amount": 1})) == {"the amount": 1}
    assert list(kind.schema(is_sent=True)["properties"]) == ["the amount"]


def test_what_is_none_of_the_type_is_sent_as_it_is():
    assert PydanticType(Item).dump({"other": 1}) == {"other": 1}


class Strict(BaseModel):
    model_config = ConfigDict(strict=True)

    at: dt.datetime
    pair: tuple[int, int]
    id: UUID
    count: int


STRICT = {"at": "2026-01-02T03:04:05Z", "pair": [1, 2], "id": "12345678-1234-5678-1234-567812345678", "count": 1}


def test_a_strict_type_takes_what_json_can_say():
    assert PydanticType(Strict).validate(STRICT).pair == (1, 2)


def test_a_strict_type_is_strict():
    assert [field["path"] for field in fields_of(PydanticType(Strict), {**STRICT, "count": "1"})] == ["count"]


class Loose(BaseModel):
    x: int | list[int] = 0
    by_number: dict[int, int] = {}


@pytest.mark.parametrize(
    ("data", "path"),
    [({"x": "a"}, "x"), ({"x": [1, "a"]}, "x.1"), ({"by_number": {"q": 1}}, "by_number.q")],
    ids=repr,
)
def test_a_path_leads_through_the_data_alone(data, path):
    assert path in {field["path"] for field in fields_of(PydanticType(Loose), data)} <= {path, path.split(".")[0]}
