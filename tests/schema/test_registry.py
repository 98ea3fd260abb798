"""Types of a project's own."""

from dataclasses import dataclass
from typing import Annotated, Generic, Literal, NewType, TypeVar
from uuid import UUID

import msgspec
import pytest
from django.forms import CharField, Form
from pydantic import BaseModel
from typing_extensions import TypeAliasType

from tornado_websockets.schema import Type, invalid, register
from tornado_websockets.schema import registry as adapters
from tornado_websockets.schema.msgspec import StructType
from tornado_websockets.schema.signatures import read_types
from tornado_websockets.testing import Client, RequestRefused
from tornado_websockets.websocket import WebSocket


class Point:
    """What the data become."""

    def __init__(self, x: int) -> None:
        self.x = x


class PointType:
    """Knows points."""

    def validate(self, data):
        if not isinstance(data.get("x"), int):
            raise invalid([("x", "Expected a number.")])
        return Point(data["x"])

    def schema(self, *, is_sent):
        return {"type": "object", "properties": {"x": {"type": "integer"}}}

    def dump(self, value):
        return {"x": value.x}


@pytest.fixture
def ws():
    maker = register(lambda annotation: PointType() if annotation is Point else None)
    yield WebSocket("/points", add_to_handlers=False)
    adapters._makers.remove(maker)


async def test_are_asked_before_all_others(ws):
    @ws.on
    async def move(data: Point):
        return {"moved": data.x + 1}

    async with Client("/points", websocket=ws) as client:
        assert await client.request("move", {"x": 1}) == {"moved": 2}
        with pytest.raises(RequestRefused) as caught:
            await client.request("move", {"x": "one"})
    assert caught.value.details == {"fields": [{"path": "x", "message": "Expected a number."}]}


async def test_dump_what_is_returned(ws):
    @ws.on
    async def give() -> Point:
        return Point(3)

    async with Client("/points", websocket=ws) as client:
        assert await client.request("give") == {"x": 3}


def test_are_a_protocol():
    kind: Type = PointType()
    assert {"validate", "schema", "dump"} <= set(dir(kind))


def test_invalid_names_20_fields_and_says_the_first():
    refused = invalid((f"field-{number}", "Wrong.") for number in range(50))
    assert len(refused.details["fields"]) == 20
    assert refused.message == "The data do not fit. field-0: Wrong."


T = TypeVar("T")


class Item(msgspec.Struct):
    x: int


class Page(msgspec.Struct, Generic[T]):
    items: list[T]


class Tree(msgspec.Struct, Generic[T]):
    value: T
    kids: "list[Tree[T]]" = []


class Model(BaseModel):
    x: int


class SayForm(Form):
    text = CharField()


@dataclass
class Box(Generic[T]):
    item: T


ITEM = TypeAliasType("ITEM", Item)
MODEL = TypeAliasType("MODEL", Model)
FORM = TypeAliasType("FORM", SayForm)
JSON = TypeAliasType("JSON", "dict[str, JSON] | list[JSON] | int | str | None")
NewItem = NewType("NewItem", Item)
NewItems = NewType("NewItems", Page[NewItem])


class Itself:
    """An alias of itself and a struct, as ``type Itself = Itself | Struct`` makes one where Python has that."""

    @property
    def __value__(self):
        return Literal[self] | Item


class Missing:
    """An alias of what is not there, as ``type Missing = NoSuchName`` makes one."""

    @property
    def __value__(self):
        raise NameError("name 'NoSuchName' is not defined")


@pytest.mark.parametrize(
    ("annotation", "data"),
    [
        (Page[int], {"items": [1]}),
        (Page[UUID], {"items": []}),
        (Page[Item], {"items": [{"x": 1}]}),
        (Page, {"items": [1]}),
        (Page[Page[int]], {"items": [{"items": [1]}]}),
        (Tree[int], {"value": 1, "kids": [{"value": 2, "kids": []}]}),
        (Page[int] | None, {"items": [1]}),
        (Annotated[Page[int], "a page"], {"items": [1]}),
        (NewItem, {"x": 1}),
        (NewItems, {"items": [{"x": 1}]}),
        (dict[str, NewItem], {"a": {"x": 1}}),
        (ITEM, {"x": 1}),
        (TypeAliasType("Again", ITEM), {"x": 1}),
        (NewType("NewAlias", ITEM), {"x": 1}),
    ],
    ids=repr,
)
def test_a_struct_is_one_by_any_name_and_in_any_brackets(annotation, data):
    kind = adapters.find(annotation)
    assert isinstance(kind, StructType)
    assert kind.dump(kind.validate(data)) == data
    assert kind.schema(is_sent=True)


def test_a_form_is_one_by_another_name():
    assert adapters.find(FORM).validate({"text": "hi"}) == {"text": "hi"}


def test_a_type_of_a_project_s_own_is_one_by_another_name(ws):
    assert isinstance(adapters.find(NewType("Place", Point)), PointType)


def test_what_is_made_of_itself_is_looked_at_once():
    itself = Itself()
    assert adapters.mentions(itself, adapters.is_struct)
    assert not adapters.mentions(itself, lambda each: each is Model)
    assert adapters.find(JSON).validate({"a": [1]}) == {"a": [1]}


def test_what_cannot_be_found_out_is_mentioned_by_nobody():
    assert not adapters.mentions(Missing(), adapters.is_struct)


@pytest.mark.parametrize(
    ("returned", "value"), [(Box[int], Box(1)), (MODEL, Model(x=1)), (NewType("NewModel", Model), Model(x=1))]
)
def test_a_reply_of_another_name_is_dumped(returned, value):
    def give(): ...

    give.__annotations__["return"] = returned
    assert read_types(give).reply.dump(value) in ({"item": 1}, {"x": 1})
