"""Handlers whose data have types of every kind, and places that say what they send."""

import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from django import forms
from django.contrib.auth.models import User
from pydantic import BaseModel, Field, create_model
from rest_framework import serializers
from typing_extensions import TypedDict

from tornado_websockets import Socket
from tornado_websockets.core.protocol.frames import Data
from tornado_websockets.websocket import WebSocket

typed = WebSocket("/types")


@typed.on
async def settle() -> None:
    """Answer in turn."""


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Item:
    name: str
    price: int


@dataclass
class Order:
    items: list[Item]
    at: datetime
    colour: Colour = Colour.RED


class OrderModel(BaseModel):
    items: list[Item]
    at: datetime
    colour: Colour = Colour.RED


class OrderDict(TypedDict):
    items: list[Item]
    at: datetime


class ItemStruct(msgspec.Struct):
    name: str
    price: int


class OrderStruct(msgspec.Struct):
    items: list[ItemStruct]
    at: datetime


class ItemSerializer(serializers.Serializer):  # type: ignore[misc] # it has no types
    name = serializers.CharField()
    price = serializers.IntegerField()


class OrderSerializer(serializers.Serializer):  # type: ignore[misc] # it has no types
    items = ItemSerializer(many=True)
    at = serializers.DateTimeField()

    def validate(self, attrs: Data) -> Data:
        if not attrs["items"]:
            raise serializers.ValidationError("Nothing was ordered.")
        return attrs


class OrderForm(forms.Form):
    name = forms.CharField(max_length=10)
    price = forms.IntegerField()
    at = forms.DateTimeField()

    def clean(self) -> Data:
        if self.cleaned_data.get("price") == 0:
            raise forms.ValidationError("Nothing is free.")
        return self.cleaned_data


def _seen(order: Any) -> Data:
    [item] = order.items
    return {"name": item.name, "price": item.price, "year": order.at.year, "type": type(order).__name__}


@typed.on
async def order_dataclass(data: Order) -> Data:
    return _seen(data)


@typed.on
def order_model(data: OrderModel) -> Data:
    return _seen(data)


@typed.on
async def order_struct(data: OrderStruct) -> Data:
    return _seen(data)


@typed.on
async def order_typeddict(data: OrderDict) -> Data:
    [item] = data["items"]
    return {"name": item.name, "price": item.price, "year": data["at"].year, "type": type(data).__name__}


@typed.on
async def order_annotated(data: Annotated[dict[str, int], Field(max_length=2)]) -> Data:
    return {"sum": sum(data.values())}


@typed.on
async def order_serializer(data: OrderSerializer) -> Data:
    values: Any = data
    [item] = values["items"]
    return {**item, "year": values["at"].year}


@typed.on
def order_form(data: OrderForm) -> Data:
    values: Any = data
    return {"name": values["name"], "price": values["price"], "year": values["at"].year}


class QueryingForm(forms.Form):
    """Asks the database whether there is such a user, and tells in which thread."""

    name = forms.CharField()

    def clean(self) -> Data:
        return {"exists": User.objects.filter(username=self.cleaned_data["name"]).exists(), "thread": _is_on_loop()}


def _is_on_loop() -> bool:
    return threading.current_thread() is threading.main_thread()


@typed.on
async def query(data: QueryingForm) -> Data:
    values: Any = data
    return dict(values)


@typed.on_event("may", allow=lambda socket: False)
async def may_not(data: Order) -> None:
    """Nobody may, whatever they send."""


@typed.on_event("may with data", allow=lambda data: data.items[0].price < 10)
async def may_cheaply(data: Order) -> int:
    return data.items[0].price


@typed.on
async def unchecked(data: dict[str, Any]) -> Data:
    return data


@typed.on
async def give_parts() -> AsyncIterator[Item]:
    yield Item("tea", 3)
    yield Item("milk", 1)


@typed.on
async def give_dataclass(data: Data) -> Order:
    return Order([Item("tea", 3)], datetime(2020, 2, 29), Colour.BLUE)  # noqa: DTZ001


@typed.on
def give_model() -> OrderModel:
    return OrderModel(items=[Item("tea", 3)], at=datetime(2020, 2, 29), colour=Colour.BLUE)  # noqa: DTZ001


@typed.on
async def give_structs() -> list[ItemStruct]:
    return [ItemStruct("tea", 3)]


@typed.on
async def give_serialized() -> ItemSerializer:
    return ItemSerializer(Item("tea", 3))


class Node(BaseModel):
    name: str
    children: list["Node"] = []


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]
    tricks: frozenset[str] = frozenset()


class Rich(BaseModel):
    """All that a schema may have."""

    model_config = {"extra": "forbid"}

    point: tuple[int, float]
    row: tuple[int, ...]
    tree: Node
    pet: Annotated[Cat | Dog, Field(discriminator="kind")]
    by_name: dict[str, Item]
    amount: Decimal = Field(alias="the amount", gt=0)
    id: UUID | None = None
    colour: Colour = Colour.RED


@typed.on
async def be_rich(data: Rich) -> Rich:
    return data


class Said(TypedDict):
    text: str


says = WebSocket("/sends", sends={"said": Said, "typing": None, "anything": dict})


@says.on
async def say(socket: Socket, data: Data) -> None:
    socket.emit(data["event"], data["data"])


says.on(settle)

Size = create_model("Größe", wert=(int, ...))
Other = create_model("Große", wert=(str, ...))

letters = WebSocket("/größe/<slug:straße>/<slug:strasse>", sends={"größe": Size, "große": Other})
