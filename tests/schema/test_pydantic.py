"""What pydantic knows, as types: what arrives, what is refused, and at what cost."""

import datetime as dt
import json
import re
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple
from uuid import UUID

import pytest
from pydantic import (
    AliasChoices,
    AliasPath,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Json,
    PlainValidator,
    Tag,
    TypeAdapter,
    ValidationError,
    WrapValidator,
    create_model,
    field_validator,
    model_validator,
)
from pydantic_core import SchemaSerializer, SchemaValidator, core_schema
from typing_extensions import TypedDict

from tests.support.scripts import run_script
from tornado_websockets.exceptions import Refused
from tornado_websockets.schema.bounds import MAX_PATH, MAX_VALUES, Bounded
from tornado_websockets.schema.protocol import JSON_VALUE
from tornado_websockets.schema.pydantic import MOST_ERRORS, MOST_VALUES, PydanticType
from tornado_websockets.schema.signatures import read_types


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
    assert len(fields_of(PydanticType(Order), {"items": [{}] * (MOST_VALUES - 1)})) == 20


def test_so_many_errors_that_to_look_at_them_would_take_long_are_counted():
    row = create_model("Row", **{f"n{number}": (int, ...) for number in range(20)})
    kind = PydanticType(list[row])
    assert len(fields_of(kind, [{}] * (MOST_ERRORS // 20))) == 20
    too_many = MOST_ERRORS + 20
    expected = [{"path": "", "message": f"{too_many} values do not fit."}]
    assert fields_of(kind, [{}] * (too_many // 20)) == expected


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


class InDefaultDict(BaseModel):
    by_name: defaultdict[str, int]


class InOrderedDict(BaseModel):
    by_name: OrderedDict[str, int]


class InText(BaseModel):
    text: Json[list[int]]


WRONG = ["x"] * (MOST_VALUES + 1)
WRONG_BY_NAME = {"a": 1, **dict.fromkeys(map(str, range(MOST_VALUES)), "x")}


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
        (Sequence[int], WRONG, "0"),
        (deque[int], WRONG, "0"),
        (ByName, {"by_name": WRONG_BY_NAME}, "by_name.0"),
        (InDefaultDict, {"by_name": WRONG_BY_NAME}, "by_name.0"),
        (InOrderedDict, {"by_name": WRONG_BY_NAME}, "by_name.0"),
        (InText, {"text": json.dumps(WRONG)}, "text"),
    ],
)
def test_of_many_values_the_first_that_is_wrong_ends_it(kind, data, path):
    [field] = fields_of(PydanticType(kind), data)
    assert field["path"] == path
    assert "values do not fit" not in field["message"]


def test_of_few_values_all_that_are_wrong_are_found():
    assert len(fields_of(PydanticType(list[int]), ["x"] * 15)) == 15


def test_one_wrong_value_among_many_is_named_wherever_it_is():
    data = {"kids": [{"v": 1, "kids": [{"v": 1}] * 10} for _ in range(100)]}
    data["kids"][70]["kids"][3] = {"v": "x"}
    assert [field["path"] for field in fields_of(PydanticType(Tree), data)] == ["kids.70.kids.3.v"]


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


@pytest.mark.parametrize("count", [1, 2000])
def test_a_strict_type_that_pydantic_makes_later_takes_what_json_can_say(count):
    class Deferred(BaseModel):
        model_config = ConfigDict(strict=True, defer_build=True)
        days: list[dt.date]

    assert PydanticType(Deferred).validate({"days": ["2020-02-29"] * count}).days == [dt.date(2020, 2, 29)] * count


def without_those_that_are_wrong(values, handler):
    try:
        return handler(values)
    except ValidationError as error:
        wrong = {each["loc"][0] for each in error.errors()}
        return handler([value for index, value in enumerate(values) if index not in wrong])


class Lenient(BaseModel):
    numbers: list[int] = []
    trees: list[Tree] = []
    tree: Tree | None = None

    @field_validator("numbers", "trees", mode="wrap")
    @classmethod
    def drop(cls, values, handler):
        return without_those_that_are_wrong(values, handler)


class WithText(BaseModel):
    text: Json[list[int]] | None = None
    numbers: Annotated[list[int], WrapValidator(without_those_that_are_wrong)] = []


class Forest(BaseModel):
    """Its trees lose all that is wrong in them, wherever that is."""

    trees: list[Tree]

    @model_validator(mode="wrap")
    @classmethod
    def drop(cls, data, handler):
        try:
            return handler(data)
        except ValidationError as error:
            for *path, last in sorted((each["loc"] for each in error.errors()), reverse=True):
                within = data
                for part in path:
                    within = within[part]
                del within[last]
            return handler(data)


def test_a_wrap_validator_sees_all_that_is_wrong():
    kind = PydanticType(Lenient)
    assert kind.validate({"numbers": ["x", 1, "y", 2] * 100}).numbers == [1, 2] * 100
    assert len(kind.validate({"trees": [{"kids": [1]}, {"kids": [{}]}] * 100}).trees) == 100
    forest = PydanticType(Forest).validate({"trees": [{"kids": [1, {}, "x"]} for _ in range(100)]})
    assert [len(tree.kids) for tree in forest.trees] == [1] * 100


@pytest.mark.parametrize("data", [{}, {"text": "[1]"}, {"text": json.dumps([1] * 300)}])
def test_what_makes_up_for_many_errors_may_be_beside_a_text(data):
    kind = Bounded(PydanticType(WithText))
    assert kind.validate({**data, "numbers": ["x"] * 11 + [2]}).numbers == [2]


def test_many_values_are_no_long_path():
    kind = PydanticType(WithText)
    assert kind.validate({"numbers": ["x"] * 11 + [2] * MAX_VALUES}).numbers == [2] * MAX_VALUES


def test_beside_a_wrap_validator_the_first_that_is_wrong_ends_it():
    data = {"numbers": ["x", 1], "tree": {"kids": [{"kids": WRONG}]}}
    assert [field["path"] for field in fields_of(PydanticType(Lenient), data)] == ["tree.kids.0.kids.0"]


def test_no_more_values_than_forms_are_given_are_taken():
    kind = Bounded(PydanticType(Plain))
    assert len(kind.validate({"kids": [1] * (MAX_VALUES - 1)}).kids) == MAX_VALUES - 1
    message = "Expected at most 5,000 values, got more."
    assert fields_of(kind, {"kids": [1] * MAX_VALUES}) == [{"path": "", "message": message}]


class Leaf(BaseModel):
    kind: Literal["leaf"]


class Branch(BaseModel):
    kind: Literal["branch"]
    parts: list["Leaf | Branch | Twig"] = []


class Twig(BaseModel):
    kind: Literal["twig"]
    parts: list["Leaf | Branch | Twig"] = []


class Section(BaseModel):
    kind: Literal["section"]
    title: str
    children: list["Node"]


class Quote(BaseModel):
    kind: Literal["quote"]
    children: list["Node"]


class Entry(BaseModel):
    kind: Literal["entry"]
    children: list["Node"]


class Code(BaseModel):
    kind: Literal["code"]
    children: list[str]


Node = Section | Quote | Entry | Code


class Document(BaseModel):
    children: list[Node]


TRIES = "Which types these are takes too many tries to find out; Field(discriminator=...) needs none."

Deep = list[Branch | Twig] | list[list[Branch | Twig | int | float]]


def grown(levels, kind="twig"):
    tree = {"kind": kind}
    for _ in range(levels):
        tree = {"kind": kind, "parts": [tree]}
    return tree


class TestUnionsWithinUnions:
    """They are tried as each of their members, with all that is within them, at each level."""

    @pytest.mark.parametrize("data", [[grown(3)], [[grown(2), 1, 1.5, "1"]], [], [grown(1, "branch"), grown(0)]])
    def test_are_read_as_pydantic_reads_them(self, data):
        assert PydanticType(Deep).validate(data) == TypeAdapter(Deep).validate_python(data)

    @pytest.mark.parametrize("data", [[grown(1, "stone")], [grown(2), {}], [[1, "x"]], 7])
    def test_what_is_wrong_is_all_found(self, data):
        with pytest.raises(ValidationError) as error:
            TypeAdapter(Deep).validate_python(data)
        assert [each["message"] for each in fields_of(PydanticType(Deep), data)] == [
            each["msg"] for each in error.value.errors()
        ]

    @pytest.mark.parametrize("kind", [Branch, Deep, dict[str, Branch | Twig]])
    def test_are_given_up_after_so_many_tries(self, kind):
        data = {Branch: grown(25, "branch"), Deep: [grown(25)]}.get(kind, {"x": grown(25)})
        assert fields_of(PydanticType(kind), data) == [{"path": "", "message": TRIES}]

    def test_that_are_wrong_are_given_up_as_well(self):
        assert fields_of(PydanticType(Branch), grown(25, "stone")) == [{"path": "", "message": TRIES}]

    @pytest.mark.parametrize(
        ("codes", "quotes", "extra"), [(2, 2, {}), (10, 10, {}), (20, 10, {}), (2, 2, {"k" * 1100: "x"})]
    )
    def test_that_fit_are_taken_though_they_do_not_fit_as_other_members(self, codes, quotes, extra):
        quote = {"kind": "quote", "children": [{"kind": "code", "children": ["x = 1"]}] * codes, **extra}
        data = {"children": [{"kind": "section", "title": "t", "children": [quote] * quotes}]}
        kind = Bounded(PydanticType(Document))
        assert kind.validate(data) == Document.model_validate(data)

    def test_that_an_iterator_yields_are_counted_when_they_are_taken(self):
        class Batch(BaseModel):
            items: Iterable[Branch | Twig]

        kind = PydanticType(Batch)
        items = kind.validate({"items": [grown(1), grown(25)]}).items
        assert next(items) == Twig(kind="twig", parts=[Twig(kind="twig")])
        with pytest.raises(Refused, match=re.escape(TRIES)):
            next(items)

    def test_may_be_as_many_as_other_values(self):
        kind = Bounded(PydanticType(list[Branch | Twig]))
        assert len(kind.validate([grown(1)] * 1000)) == 1000

    def test_are_none_where_a_tag_tells_them_apart(self):
        class Tagged(BaseModel):
            kind: Literal["tagged"]
            parts: "list[Annotated[Tagged | Leaf, Field(discriminator='kind')]]" = []

        Tagged.model_rebuild(_types_namespace={"Tagged": Tagged, **globals()})
        assert PydanticType(Tagged).validate(grown(30, "tagged")).parts


COST = """
import json
import re
import time
from pathlib import Path
from typing import Annotated
from pydantic import BaseModel, ConfigDict, Json, WrapValidator, create_model, model_validator
from tornado_websockets.exceptions import Refused
from tornado_websockets.schema.bounds import Bounded
from tornado_websockets.schema.pydantic import PydanticType
from tornado_websockets.schema.signatures import read_types

class Tree(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kids: list["Tree"] = []
    by_name: dict[str, int] = {}
    inner: "Tree | None" = None

Wide = create_model("Wide", **{f"field_{n}": (int, ...) for n in range(100)})
Box = create_model("Box", kids=(list[Wide], ...))

class Wrapped(Box):
    @model_validator(mode="wrap")
    @classmethod
    def through(cls, data, handler):
        return handler(data)

class Initialised(Box):
    def __init__(self, **data):
        super().__init__(**data)

class Around(BaseModel):
    box: Initialised

def peak():  # of this process alone: that of getrusage begins with what its parent had
    return int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1])

class Expression(BaseModel):
    op: str
    line: int
    column: int
    left: "Expression | None" = None
    right: "Expression | None" = None

def grown(depth, below):
    return {"left": grown(depth - 1, below)} if depth else below

def bushy(count):
    return {"left": bushy(count // 2), "right": bushy(count // 2)} if count > 1 else {}

class InText(BaseModel):
    text: Json[dict[str, list[int]]]

class Nested(BaseModel):
    kids: dict[str, "Nested"] = {}
    ints: list[int] = []

WRAP, LONG = WrapValidator(lambda data, handler: handler(data)), "k" * 1000

def nested(key):
    data = {"ints": [""] * 2000}
    for _ in range(28):
        data = {"kids": {key: data}}
    return data

def in_tree(data):
    for _ in range(50):
        data = {"inner": data}
    return data

wrong = dict.fromkeys(map(str, range(4_900)), "x")
every = [
    (Tree, {"kids": [1] * 495_000}), (Tree, {"kids": [1] * 4_900}), (Tree, in_tree({"by_name": wrong})),
    (list[Wide], [{}] * 4_900), (Box, {"kids": [{}] * 4_900}), (Box, {"kids": [{}] * 990}), (Box, {"kids": [{}] * 99}),
    (list[Box], [{"kids": [{}] * 99}] * 49), (Wrapped, {"kids": [{}] * 4_900}), (Initialised, {"kids": [{}] * 4_900}),
    (Around, {"box": {"kids": [{}] * 4_900}}),
    (Annotated[InText, WRAP], {"text": json.dumps({LONG * 20: [""] * 3000})}),
    (Annotated[Nested, WRAP], nested(LONG)), (Annotated[Nested, WRAP], nested("k")),
    (Expression, grown(45, bushy(2048))), (Json[Expression], json.dumps(grown(150, bushy(2048)))),
    (Tree, in_tree(wrong)),
]
for annotation, data in every:
    kind = Bounded(PydanticType(annotation))
    before, began = peak(), time.thread_time()
    try:
        kind.validate(data)
    except Refused:
        print(peak() - before, time.thread_time() - began)
"""


def test_wrong_values_take_neither_memory_nor_time_to_speak_of():
    costs = [tuple(map(float, line.split())) for line in run_script(COST).splitlines()]
    *stopped, (kilobytes, _) = costs
    assert len(stopped) == 16
    assert max(kilobytes for kilobytes, _ in stopped) < 8 * 1024, costs
    assert max(seconds for _, seconds in stopped) < 0.2, costs
    assert kilobytes < 24 * 1024, costs  # nothing stops at names that an object may not have


def test_an_older_pydantic_is_not_used():
    script = """
import pydantic
pydantic.VERSION = "2.12.5"
from tornado_websockets.schema.registry import find
try:
    find(int)
except TypeError as error:
    print(error, error.__cause__)
"""
    said = run_script(script)
    assert "needs pydantic 2.13 or newer, which is not installed" in said
    assert "got 2.12.5" in said


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


def test_a_strict_type_takes_what_columns_have():
    row = {**STRICT, "at": dt.datetime(2026, 1, 2, 3, 4, 5, 6, dt.UTC), "id": UUID(STRICT["id"])}
    validated = PydanticType(Strict).validate(row)
    assert (validated.at, validated.id) == (row["at"], row["id"])


def test_a_strict_type_is_strict():
    assert [field["path"] for field in fields_of(PydanticType(Strict), {**STRICT, "count": "1"})] == ["count"]


class StrictLeaf(BaseModel):
    model_config = ConfigDict(strict=True)

    days: set[dt.date]
    leaf: "StrictLeaf | None" = None
    leaves: "list[StrictLeaf]" = []


@pytest.mark.parametrize("count", [1, 200])
def test_a_strict_type_takes_texts_for_dates_within_itself(count):
    days = [f"{year}-01-01" for year in range(1900, 1900 + count)]
    data = {"days": days, "leaf": {"days": days}, "leaves": [{"days": days}]}
    made = PydanticType(StrictLeaf).validate(data)
    assert [len(each.days) for each in (made, made.leaf, *made.leaves)] == [count] * 3


class StrictBag(BaseModel):
    model_config = ConfigDict(strict=True, extra="allow")
    __pydantic_extra__: dict[str, dt.date]


def test_a_strict_type_takes_texts_for_dates_under_any_name():
    data = {f"day {year}": f"{year}-01-01" for year in range(1900, 2100)}
    assert PydanticType(StrictBag).validate(data).model_extra["day 1900"] == dt.date(1900, 1, 1)


class StrictText(BaseModel):
    model_config = ConfigDict(strict=True)

    text: Any
    by_name: dict[str, int] = {}
    part: "StrictText | StrictPart | None" = None


class StrictPart(StrictText):
    by: str


def test_a_strict_union_gives_on_what_it_is_given():
    class Bare:
        """What JSON cannot say."""

    kind = Annotated[StrictText, BeforeValidator(lambda data: {**data, "part": {"text": "x", "by": "y", "part": data}})]
    made = PydanticType(kind).validate({"text": 1.5})
    assert type(made.part) is StrictPart
    assert made.part.part == StrictText(text=1.5)
    bare = Bare()
    kind = Annotated[StrictText, BeforeValidator(lambda data: {"text": "x", "part": {"text": bare}})]
    assert PydanticType(kind).validate({}).part.text is bare


class Loose(BaseModel):
    x: int | list[int] = 0
    by_number: dict[int, int] = {}


@pytest.mark.parametrize(
    ("data", "path"),
    [({"x": "a"}, "x"), ({"x": [1, "a"]}, "x.1"), ({"by_number": {"q": 1}}, "by_number.q")],
)
def test_a_path_leads_through_the_data_alone(data, path):
    assert path in {field["path"] for field in fields_of(PydanticType(Loose), data)} <= {path, path.split(".")[0]}


class Pair(NamedTuple):
    left: int
    right: tuple[int, int]


class Short(BaseModel):
    to: tuple[int, int] = (0, 0)
    pairs: list[Pair] = []
    padded: Annotated[list[list[int]], BeforeValidator(lambda value: [*value, ["x"]])] = []
    deep: int = Field(0, validation_alias=AliasPath("x", "y", 0))
    last: int = Field(validation_alias=AliasPath("z", -1))


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({"to": []}, "to.0"),
        ({"to": [1]}, "to.1"),
        ({"pairs": [[1, [2, 3]], [1]]}, "pairs.1.1"),
        ({"pairs": [[1, [2]]]}, "pairs.0.1.1"),
        ({"padded": []}, "padded.0.0"),
        ({"x": {"y": ["q"]}}, "x.y.0"),
        ({"z": []}, "z.-1"),
        ({"z": "q"}, "z.-1"),
    ],
)
def test_a_list_that_is_too_short_is_refused_with_the_place_that_it_lacks(data, path):
    assert path in [field["path"] for field in fields_of(PydanticType(Short), {"z": [1], **data})]


class Customer(BaseModel):
    model_config = ConfigDict(validate_default=True)
    kind: str
    company: str | None = None
    size: int = Field(default_factory=lambda: "many")

    @field_validator("company")
    @classmethod
    def is_named(cls, value, info):
        assert value or info.data.get("kind") != "firm"
        return value


class Customers(BaseModel):
    inner: Customer | None = None
    more: list[Customer] = []


class ByPath(BaseModel):
    number: int = Field(validation_alias=AliasPath("x", "y", 0))


class Text(BaseModel):
    kind: Literal["text"]
    text: str = ""
    size: int = 0


class Image(BaseModel):
    kind: Literal["image"]
    url: str
    image: "Inner | None" = None


class Inner(BaseModel):
    url: str


class Numbers(BaseModel):
    kind: Literal["numbers"]
    some: list[int] | int = Field(["x"], validate_default=True)


Tagged = Annotated[Text | Image | Numbers, Field(discriminator="kind")]
Called = Annotated[
    Annotated[Text, Tag("text")] | Annotated[Image, Tag("image")], Discriminator(lambda data: data["kind"])
]
FIRM = {"kind": "firm"}


@pytest.mark.parametrize(
    ("kind", "data", "paths"),
    [
        (Customer, FIRM, {"company", "size"}),
        (Customers, {"inner": FIRM}, {"inner.company", "inner.size"}),
        (Customers, {"more": [FIRM]}, {"more.0.company", "more.0.size"}),
        (ByPath, {}, {"x.y.0"}),
        (ByPath, {"x": {}}, {"x.y.0"}),
        (Tagged, {"kind": "text", "size": "x"}, {"size"}),
        (Tagged, {"kind": "text", "text": "hi", "size": "x"}, {"size"}),
        (Tagged, {"kind": "text", "text": 5}, {"text"}),
        (Tagged, {"kind": "image", "url": "x", "image": {}}, {"image.url"}),
        (Tagged, {"kind": "image", "url": 1, "image": {"url": "x"}}, {"url"}),
        (Tagged, {"kind": "image", "image": {"url": "x"}}, {"url"}),
        (list[Tagged], [{"kind": "image", "url": "x", "image": {"url": 1}}], {"0.image.url"}),
        (Called, {"kind": "text", "text": 5}, {"text"}),
        (Called, {"kind": "image", "url": "x", "image": {}}, {"image.url"}),
        (Tagged, {"kind": "numbers"}, {"some", "some.0"}),
    ],
)
def test_the_path_of_what_did_not_come_is_its_name(kind, data, paths):
    assert {field["path"] for field in fields_of(PydanticType(kind), data)} == paths


class Place:
    """Nothing that JSON Schema could describe."""


class Described(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)
    at: Annotated[Place, BeforeValidator(lambda value: Place())]
    other: Annotated[Place, PlainValidator(lambda value: Place())] = None
    called: Callable[[int], int] | None = None
    number: int = 0


@pytest.mark.parametrize("is_sent", [True, False])
def test_what_has_no_schema_is_any_value_beside_what_has_one(is_sent):
    properties = PydanticType(Described).schema(is_sent=is_sent)["properties"]
    assert properties["number"]["type"] == "integer"
    assert properties["at"]["type"] == properties["called"]["anyOf"][0]["type"] == JSON_VALUE["type"]
    assert list(JSON_VALUE) == ["type"]


class OpenModel(BaseModel):
    items: list["Nowhere"]  # noqa: F821


class OpenDeferred(BaseModel):
    model_config = ConfigDict(defer_build=True)
    items: list["Nowhere"]  # noqa: F821


@dataclass
class OpenDataclass:
    items: "list[Nowhere]"  # noqa: F821


class OpenDict(TypedDict):
    items: "list[Nowhere]"  # noqa: F821


@pytest.mark.parametrize("annotation", [OpenModel, OpenDeferred, OpenDataclass, OpenDict])
def test_what_names_a_class_that_is_nowhere_is_any_value_and_says_so_when_it_is_asked(annotation):
    kind = PydanticType(annotation)
    assert kind.schema(is_sent=True) == kind.schema(is_sent=False) == JSON_VALUE
    assert kind.dump({"items": 1}) == {"items": 1}
    with pytest.raises(TypeError, match=f"pydantic cannot use .*{annotation.__name__}.* name 'Nowhere' is not defined"):
        kind.validate({"items": []})


class EarlyModel(BaseModel):
    items: list["Late"]


def say_early(data: EarlyModel) -> None: ...


EARLY_HANDLER = read_types(say_early)


class EarlyDeferred(BaseModel):
    model_config = ConfigDict(defer_build=True)
    items: list["Late"]


@dataclass
class EarlyDataclass:
    items: "list[Late]"


class EarlyDict(TypedDict):
    items: "list[Late]"


EARLY = [PydanticType(annotation) for annotation in (EarlyModel, EarlyDeferred, EarlyDataclass, EarlyDict)]


class Late(BaseModel):
    number: int


def test_a_handler_may_be_above_what_its_type_names():
    assert EARLY_HANDLER.data.validate({"items": [{"number": 1}]}) == EarlyModel(items=[Late(number=1)])


@pytest.mark.parametrize("kind", EARLY)
def test_a_class_that_is_named_may_come_later_in_the_module(kind):
    assert "items" in kind.schema(is_sent=True)["properties"]
    assert [field["path"] for field in fields_of(kind, {"items": [{}]})] == ["items.0.number"]


class Annotating(BaseModel):
    items: list["annotation"]  # noqa: F821


class Selfish(BaseModel):
    items: list["self"]  # noqa: F821


@pytest.mark.parametrize("annotation", [Annotating, Selfish])
def test_what_is_nowhere_is_not_taken_from_here(annotation):
    kind = PydanticType(annotation)
    assert kind.schema(is_sent=False) == JSON_VALUE
    with pytest.raises(TypeError, match="is not defined"):
        kind.validate({"items": []})


class LooksLikeOne(BaseModel):
    strict: dict[str, object] = {"strict": True, "type": "json"}
    at: dt.date | None = None
    numbers: list[int] = []


def test_a_default_is_no_part_of_the_type():
    kind = PydanticType(LooksLikeOne)
    assert len(fields_of(kind, {"numbers": ["x", "y"]})) == 2
    kind = PydanticType(create_model("Endless", x=(object, ENDLESS)))
    assert kind.validate({"x": 1}).x == 1


ENDLESS: dict[str, object] = {}
ENDLESS["schema"] = ENDLESS


class Handmade:
    """Its validator is not made of its core schema."""

    __pydantic_core_schema__ = core_schema.definition_reference_schema("nowhere")
    __pydantic_validator__ = SchemaValidator(core_schema.list_schema(core_schema.int_schema()))
    __pydantic_serializer__ = SchemaSerializer(core_schema.any_schema())


def test_a_class_that_brings_a_validator_of_its_own_is_validated_by_it():
    assert PydanticType(Handmade).validate(["1"] * 1000) == [1] * 1000


def test_a_default_that_json_cannot_say_is_left_out_without_a_warning():
    kind = PydanticType(create_model("Odd", x=(object, object())))
    assert "default" not in kind.schema(is_sent=False)["properties"]["x"]


def test_what_is_made_later_and_cannot_be_is_refused_at_once():
    class Deferred(BaseModel):
        model_config = ConfigDict(defer_build=True)
        at: Place

    with pytest.raises(TypeError, match=r"pydantic cannot use .*Deferred.*Place"):
        PydanticType(Deferred)


def test_a_default_that_looks_like_a_reference_leaves_the_type_undescribed():
    class Pointing(BaseModel):
        where: dict[str, str] = {"$ref": "x"}

    kind = PydanticType(Pointing)
    assert kind.validate({}) == Pointing()
    assert kind.schema(is_sent=True) == JSON_VALUE


class Point(BaseModel):
    x: int


@pytest.mark.parametrize(
    ("kind", "wrap"),
    [
        (dict[str, Point], lambda key: {key: {}}),
        (dict[str, dict[str, Point]], lambda key: {key[:9_000]: {key[9_000:]: {}}}),
        (dict[str, Json[dict[str, Point]]], lambda key: {"a": json.dumps({key: {}})}),
    ],
    ids=["one key", "two keys", "text"],
)
def test_the_keys_on_the_way_to_what_is_wrong_are_no_longer_than_so(kind, wrap):
    checked = PydanticType(kind)
    with pytest.raises(Refused, match="required"):
        checked.validate(wrap("k" * MAX_PATH))
    with pytest.raises(Refused, match="at most 20,000 characters"):
        checked.validate(wrap("k" * (MAX_PATH + 1)))
