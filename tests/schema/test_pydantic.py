"""What pydantic knows, as types: what arrives, what is refused, and at what cost."""

import datetime as dt
from dataclasses import dataclass
from typing import Annotated

import pytest
from pydantic import VERSION, AliasChoices, BaseModel, ConfigDict, Field

from tests.support.scripts import run_script
from tornado_websockets.exceptions import Refused
from tornado_websockets.schema.bounds import MAX_VALUES, Bounded
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
    ],
    ids=str,
)
def test_of_many_values_the_first_that_is_wrong_ends_it(kind, data, path):
    [field] = fields_of(PydanticType(kind), data)
    assert field["path"] == path
    assert "values do not fit" not in field["message"]


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
    tree: Tree | None = None
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
        {"tree": {"kids": [{"v": "1"}, {"kids": [{}] * 500}]}},
        {"the list": ["1"] * 100, "at": "2020-02-29"},
    ],
    ids=lambda more: ",".join(more) or "numbers",
)
def test_many_values_that_fit_become_what_few_would(more):
    data = {"numbers": ["1.5"] * 2000, **more}
    assert PydanticType(Everything).validate(data) == Everything.model_validate(data)


def test_a_strict_type_takes_many_values_too():
    class Dates(BaseModel):
        model_config = ConfigDict(strict=True)
        days: list[dt.date]
        more: "Dates | None" = None

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


def test_no_more_values_than_forms_are_given_are_taken():
    kind = Bounded(PydanticType(Plain))
    assert len(kind.validate({"kids": [1] * (MAX_VALUES - 1)}).kids) == MAX_VALUES - 1
    message = "Expected at most 5,000 values, got more."
    assert fields_of(kind, {"kids": [1] * MAX_VALUES}) == [{"path": "", "message": message}]


MEMORY = """
import resource
from pydantic import BaseModel, ConfigDict, create_model
from tornado_websockets.exceptions import Refused
from tornado_websockets.schema.bounds import Bounded
from tornado_websockets.schema.pydantic import PydanticType

class Tree(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kids: list["Tree"] = []
    by_name: dict[str, int] = {}
    inner: "Tree | None" = None

Wide = create_model("Wide", **{f"field_{n}": (int, ...) for n in range(100)})

def in_tree(data):
    for _ in range(50):
        data = {"inner": data}
    return data

wrong = dict.fromkeys(map(str, range(4_900)), "x")
every = [
    (Tree, {"kids": [1] * 495_000}), (Tree, {"kids": [1] * 4_900}), (Tree, in_tree({"by_name": wrong})),
    (Tree, in_tree(wrong)), (list[Wide], [{}] * 4_900),
]
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for annotation, data in every:
    try:
        Bounded(PydanticType(annotation)).validate(data)
    except Refused:
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@needs_stopping
def test_a_megabyte_of_wrong_values_takes_no_memory_to_speak_of():
    kilobytes = [int(line) for line in run_script(MEMORY).split()]
    assert len(kilobytes) == 5
    assert max(kilobytes) < 24 * 1024, kilobytes
