"""Where an error of pydantic's is: what leads through the data, and what only names unions, tags and functions."""

import datetime as dt
import enum
from typing import Annotated, Generic, Literal, NamedTuple, TypeVar
from uuid import UUID

import pytest
from pydantic import (
    AfterValidator,
    AliasChoices,
    AliasPath,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    HttpUrl,
    Json,
    PlainValidator,
    RootModel,
    Tag,
    TypeAdapter,
    ValidationError,
    WrapValidator,
    model_validator,
)
from pydantic.dataclasses import dataclass
from pydantic_core import SchemaValidator
from pydantic_core import core_schema as cs
from typing_extensions import TypedDict

from tornado_websockets.schema.paths import Paths
from tornado_websockets.schema.stopping import counting, stopping


def paths_of(errors, schema):
    paths = Paths(schema)
    return {".".join(map(str, paths.in_data(each["loc"]))) for each in errors.errors()}


def paths(kind, data):
    """They are the same whichever validator has found the errors, where that is all of them."""
    adapter = TypeAdapter(kind)
    with pytest.raises(ValidationError) as whole:
        adapter.validate_python(data)
    with pytest.raises(ValidationError) as stopped, counting():
        stopping(adapter.core_schema).validate_python(data)
    found = paths_of(whole.value, adapter.core_schema)
    assert paths_of(stopped.value, adapter.core_schema) <= found
    return found


def is_even(value):
    assert value % 2 == 0
    return value


class Named(BaseModel):
    """Fields that are called as members of unions."""

    date: dt.date | None = None
    until: dt.date | dt.datetime | None = None
    uuid: str = ""
    url: HttpUrl | UUID | None = None
    number: str = Field("", alias="float")
    even: Annotated[int, AfterValidator(is_even)] | float | None = None
    wrapped: Annotated[int, WrapValidator(lambda value, handler: handler(value))] | float | None = None
    shaped: dict[Literal["a"], int] | list[int] | None = None


class Initialised(Named):
    def __init__(self, **data):
        super().__init__(**data)


class Text(BaseModel):
    kind: Literal["text"]
    text: str = ""
    size: int = 0

    @model_validator(mode="after")
    def is_small(self):
        assert self.size < 100
        return self


class Image(BaseModel):
    kind: Literal["image"]
    url: str


class Numbered(BaseModel):
    kind: Literal[1]
    size: int


Tagged = Annotated[Text | Image | Numbered, Field(discriminator="kind")]
Called = Annotated[
    Annotated[Text, Tag("text")] | Annotated[Image, Tag("image")], Discriminator(lambda data: data["kind"])
]
Labelled = Annotated[Text, Tag("a text")] | Annotated[int, Tag("size")]


class Kind(enum.Enum):
    A = "a"
    B = "b"


class OfEnum(BaseModel):
    kind: Literal[Kind.A]
    a: int = 0


class OfOther(BaseModel):
    kind: Literal[Kind.B]


class Post(BaseModel):
    kind: str = ""
    image: Image | None = None
    text: dict[str, Tagged] = {}
    blocks: list[Tagged] = []
    by_number: dict[int, dict[str, int] | int] = {}


class Node(BaseModel):
    kind: Literal["node"]
    node: "Annotated[Text | Node, Field(discriminator='kind')]"
    text: int = 0


class First(BaseModel):
    text: dict[str, dict[str, int]]


class Second(BaseModel):
    text: Tagged


T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    rows: list[T] = []
    more: "Page[T] | int | None" = None


@dataclass
class Point:
    x: int | str | None = Field(None, validation_alias="the x")
    y: list[int] | int = 0


class Pair(NamedTuple):
    left: int
    right: list[int] | int


class Loose(TypedDict, total=False):
    __pydantic_config__ = ConfigDict(extra="allow")
    text: Tagged


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, list[int] | int]


class Renamed(BaseModel):
    model_config = ConfigDict(populate_by_name=True)
    a: int | bool | None = Field(None, alias="the a")
    b: list[int] | int = Field(0, validation_alias=AliasChoices("x", AliasPath("y", "z", 0)))
    c: list[int] | int = Field(0, validation_alias=AliasPath("m", "n"))


class Rooted(RootModel[list[int] | dict[str, "Rooted"]]):
    pass


class InText(BaseModel):
    numbers: Json[list[int]]


def elsewhere(value):
    return TypeAdapter(Named).validate_python(value)


class Foreign(BaseModel):
    given: Annotated[object, PlainValidator(elsewhere)] | Literal["nothing"]


LISTS = cs.union_schema([cs.list_schema(cs.int_schema()), cs.list_schema(cs.bool_schema())])


def in_node(data):
    return {"kind": "node", "node": data}


@pytest.mark.parametrize(
    ("kind", "data", "expected"),
    [
        (Named, {"date": "2026-01-01", "until": "soon"}, {"until"}),
        (Named, {"uuid": "x", "url": "x"}, {"url"}),
        (Named, {"float": "x", "even": "odd"}, {"even"}),
        (Named, {"wrapped": "x"}, {"wrapped"}),
        (Named, {"shaped": {"b": 1}}, {"shaped", "shaped.b"}),
        (Named, {"shaped": {"a": "x"}}, {"shaped", "shaped.a"}),
        (Named, {"shaped": [1, "x"]}, {"shaped", "shaped.1"}),
        (Initialised, {"date": "2026-01-01", "until": "soon"}, {"until"}),
        (list[Initialised], [{"date": "2026-01-01", "until": "soon"}], {"0.until"}),
        (Tagged, {"kind": "text", "text": "hi", "size": "x"}, {"size"}),
        (Tagged, {"kind": "text", "text": "hi", "size": 100}, {""}),
        (Tagged, {"kind": 1, "size": "x"}, {"size"}),
        (Tagged, {"kind": "other"}, {""}),
        (Called, {"kind": "text", "text": "hi", "size": "x"}, {"size"}),
        (Called, {"kind": "text", "text": 5}, {"text"}),
        (Labelled, {"kind": "text", "size": "x"}, {"size", ""}),
        (Annotated[OfEnum | OfOther, Field(discriminator="kind")], {"kind": Kind.A, "a": "x"}, {"a"}),
        (Post, {"kind": "image", "image": {"kind": "image", "url": 5}}, {"image.url"}),
        (Post, {"kind": "image", "image": {}}, {"image.url", "image.kind"}),
        (Post, {"kind": "text", "text": {"text": {"kind": "text", "text": 5}}}, {"text.text.text"}),
        (Post, {"blocks": [{"kind": "image", "url": 1}]}, {"blocks.0.url"}),
        (Post, {"by_number": {"q": 1}}, {"by_number.q"}),
        (Post, {"by_number": {"q": {}}}, {"by_number.q"}),
        (Post, {"by_number": {"1": {"[key]": "x"}}}, {"by_number.1.[key]", "by_number.1"}),
        (dict[int, dict[str, int]], {"q": {}}, {"q"}),
        (dict[str, dict[str, int]], {"a": {"b": "x"}}, {"a.b"}),
        (Node, in_node(in_node({"kind": "text", "text": "hi", "size": "x"})), {"node.node.size"}),
        (Node, in_node({"kind": "node"}), {"node.node"}),
        (First | Second, {"text": {"kind": "text", "text": 5}}, {"text.kind", "text.text"}),
        (Page[Tagged], {"rows": [{"kind": "text", "size": "x"}]}, {"rows.0.size"}),
        (Page[int], {"more": {"rows": ["x"]}}, {"more", "more.rows.0"}),
        (Point, {"the x": [], "y": ["x"]}, {"the x", "y", "y.0"}),
        (list[Pair], [[1, ["x"]]], {"0.1", "0.1.0"}),
        (list[Pair], [{"left": 1, "right": ["x"]}], {"0.right", "0.right.0"}),
        (Loose, {"text": {"kind": "text", "text": 1}, "more": 1}, {"text.text"}),
        (Open, {"more": ["x"]}, {"more", "more.0"}),
        (Renamed, {"the a": "x", "x": ["x"]}, {"the a", "x", "x.0"}),
        (Renamed, {"a": "x", "y": {"z": ["q"]}, "m": {"n": ["x"]}}, {"a", "y.z.0", "m.n", "m.n.0"}),
        (Rooted, {"a": {"b": [1, "x"]}}, {"", "a", "a.b", "a.b.1"}),
        (InText, {"numbers": "[1, {}]"}, {"numbers"}),
        (tuple[int, list[int] | int], [1, ["x"]], {"1", "1.0"}),
    ],
)
def test_a_path_leads_through_the_data_alone(kind, data, expected):
    assert paths(kind, data) == expected


def test_what_a_function_has_made_up_stays_as_it_is():
    assert paths(Foreign, {"given": {"until": "soon"}}) == {"given", "given.until.date", "given.until.datetime"}


def test_a_path_may_be_as_long_as_data_are_deep():
    data = {"rows": ["x"]}
    for _ in range(100):
        data = {"more": data}
    assert "more." * 100 + "rows.0" in paths(Page[int], data)


@pytest.mark.parametrize(
    "schema",
    [
        cs.call_schema(cs.arguments_schema([cs.arguments_parameter("x", LISTS, alias="the x")]), dict),
        cs.typed_dict_schema(
            {
                "the x": cs.typed_dict_field(
                    cs.definitions_schema(
                        cs.union_schema([cs.definition_reference_schema("ints"), cs.list_schema(cs.bool_schema())]),
                        [cs.list_schema(cs.int_schema(), ref="ints")],
                    )
                )
            }
        ),
    ],
    ids=["call", "typed-dict"],
)
def test_a_core_schema_may_be_written_by_hand(schema):
    with pytest.raises(ValidationError) as error:
        SchemaValidator(schema).validate_python({"the x": [1, "x"]})
    assert "the x.1" in paths_of(error.value, schema) <= {"the x.0", "the x.1"}


@pytest.mark.parametrize(
    "schema",
    [
        cs.int_schema(),
        cs.model_fields_schema({"a": cs.model_field(cs.list_schema(LISTS))}),
        cs.call_schema(cs.arguments_schema([cs.arguments_parameter("a", cs.list_schema(LISTS))]), dict),
    ],
    ids=["int", "model-fields", "call"],
)
def test_a_place_that_is_nowhere_stays_as_it_is(schema):
    assert Paths(schema).in_data(("x", "y")) == ("x", "y")
