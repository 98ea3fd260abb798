"""``WebSocket(path, sends=...)``: what is checked, when, and what needs no declaring."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from django import forms
from django.contrib.auth.models import Permission, User
from django.test import override_settings
from django.utils.translation import gettext_lazy
from rest_framework import serializers
from typing_extensions import TypedDict

from tornado_websockets.exceptions import Refused
from tornado_websockets.modules import ProgressBar
from tornado_websockets.schema.bounds import MAX_VALUES
from tornado_websockets.schema.sends import test_clients as clients_of_tests
from tornado_websockets.testing import Client, SyncClient
from tornado_websockets.websocket import WebSocket


class Said(TypedDict):
    text: str


@dataclass
class Priced:
    price: Decimal
    at: datetime


class Point(msgspec.Struct):
    x: int


class Row(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    nick = serializers.CharField(required=False)
    rank = serializers.IntegerField(default=1)
    secret = serializers.CharField(write_only=True)


class Rows(serializers.Serializer):
    row = Row()


class Named(serializers.Serializer):
    label = serializers.CharField(source="name")


class Wrapped(serializers.BaseSerializer):
    def to_representation(self, instance):
        return {"wrapped": instance}


class Group(serializers.Serializer):
    owner = serializers.CharField(source="user.username")
    size = serializers.SerializerMethodField()
    group = serializers.PrimaryKeyRelatedField(read_only=True)
    permission = serializers.SlugRelatedField(slug_field="name", queryset=Permission.objects.all())
    lasts = serializers.DurationField()
    members = Named(many=True, source="people")
    first = Named(source="people.0", allow_null=True)
    by_name = serializers.DictField(child=serializers.ListField(child=Named()))
    wrapped = Wrapped(source="size")
    nick = serializers.CharField(required=False)
    note = serializers.CharField(required=False, allow_null=True)

    def get_size(self, group):
        return len(group.people)


def group(**others):
    """What the serializer of a group makes of one."""
    people = [{"name": "ann"}, {"name": "bob"}]
    values = {"people": people, "lasts": timedelta(seconds=3), "by_name": {"a": people}, "size": 2}
    related = {"user": User(username="ann"), "group": User(pk=3), "permission": Permission(name="see")}
    data = Group(SimpleNamespace(**values, **related, serializable_value=lambda _: 3)).data
    return {**data, **others}


def without(data, name):
    return {key: value for key, value in data.items() if key != name}


@dataclass
class Move:
    to: tuple[int, int]


class Listed(serializers.ListSerializer):
    child = serializers.IntegerField()


class Form(forms.Form):
    name = forms.CharField()


SENDS = {
    "said": Said,
    "typing": None,
    "many": dict[str, list[int]],
    "anything": dict[str, Any],
    "priced": Priced,
    "point": Point,
    "row": Row,
    "rows": Rows,
    "move": Move,
    "form": Form,
    "group": Group,
    "wrapped": Wrapped,
    "listed": Listed,
}


@pytest.fixture
def ws() -> WebSocket:
    ws = WebSocket("/declared", add_to_handlers=False, sends=SENDS)

    @ws.on
    async def say(socket, data):
        socket.emit(data["event"], data.get("data"))

    return ws


FITTING = [
    ("said", {"text": "hi"}),
    ("said", {"text": gettext_lazy("hi")}),
    ("typing", None),
    ("typing", {}),
    ("anything", {"a": [1]}),
    ("anything", "a string"),
    ("priced", {"price": Decimal("1.10"), "at": datetime(2020, 2, 29)}),  # noqa: DTZ001
    ("point", {"x": 1}),
    ("row", Row({"id": 1, "name": "one"}).data),
    ("row", Row({"id": 1, "name": "one", "nick": "1"}).data),
    ("form", {"name": "one"}),
    ("group", group()),
    ("group", group(nick="g", first=None)),
    ("wrapped", Wrapped(1).data),
    ("listed", {"whatever": 1}),
]
UNFIT = [
    ("said", {"text": 1}),
    ("said", {}),
    ("said", "a string"),
    ("typing", {"a": 1}),
    ("priced", {"price": "much", "at": datetime(2020, 2, 29)}),  # noqa: DTZ001
    ("point", {"x": "1"}),
    ("row", {"id": 1, "rank": 1}),
    ("row", {"id": 1, "name": "one"}),
    ("row", {"id": 1, "name": "one", "rank": 1, "more": 1}),
    ("row", {"id": 1, "name": "one", "rank": 1, "secret": "s"}),
    ("rows", {"row": {}}),
    ("rows", {"row": 1}),
    ("rows", {"row": []}),
    ("move", {"to": [1]}),
    ("form", {}),
    ("group", without(group(), "owner")),
    ("group", without(group(), "size")),
    ("group", without(group(), "note")),
    ("group", group(user="ann")),
    ("group", group(members=[{"label": "ann"}, {"name": "bob"}])),
    ("group", group(first={})),
    ("group", group(by_name={"a": [{"label": "ann", "name": "ann"}]})),
]


class TestUnderDebug:
    @pytest.fixture(autouse=True)
    def debug(self):
        with override_settings(DEBUG=True):
            yield

    @pytest.mark.parametrize(("event", "data"), FITTING)
    def test_what_fits_is_sent(self, ws, event, data):
        ws.publish(event, data)

    def test_more_values_than_are_taken_of_a_client_are_sent(self, ws):
        ws.publish("many", {"numbers": [1] * (MAX_VALUES + 1)})

    @pytest.mark.parametrize(("event", "data"), UNFIT)
    def test_what_does_not_fit_is_a_type_error_at_the_emit(self, ws, event, data):
        with pytest.raises(
            TypeError, match=f"The data of '{event}' on '/declared' do not fit what its sends declare: "
        ):
            ws.publish(event, data)

    def test_error_names_the_field(self, ws):
        with pytest.raises(TypeError, match="text: Input should be a valid string"):
            ws.publish("said", {"text": 1})

    def test_error_names_the_fields_of_a_serializer(self, ws):
        expected = "members.1.label: This field is missing.; members.1.name: There is no such field.$"
        with pytest.raises(TypeError, match=expected):
            ws.publish("group", group(members=[{"label": "ann"}, {"name": "bob"}]))
        with pytest.raises(TypeError, match="row: Expected an object, got 1"):
            ws.publish("rows", {"row": 1})

    def test_undeclared_event_is_a_type_error(self, ws):
        with pytest.raises(
            TypeError, match="The event 'says' on '/declared' is not among its sends, which declare 'said'"
        ):
            ws.publish("says", {})

    def test_other_websockets_send_what_they_like(self):
        WebSocket("/undeclared", add_to_handlers=False).publish("whatever")

    @pytest.mark.parametrize("event", ["warning", "presence"])
    def test_some_events_need_no_declaring(self, ws, event):
        ws.publish(event, {"message": "careful"})

    def test_events_of_modules_need_no_declaring(self, ws):
        bar = ProgressBar("foo")
        ws.bind(bar)
        bar.tick()
        ws.publish("module_progressbar_foo_done")


class TestUnderTheTestClients:
    async def test_what_does_not_fit_fails_in_the_handler(self, ws, caplog):
        async with Client("/declared", websocket=ws) as client:
            await client.emit("say", {"event": "said", "data": {"text": 1}})
            assert (await client.receive("warning"))["code"] == "handler_error"
        assert "The data of 'said' on '/declared' do not fit" in caplog.text

    async def test_what_fits_arrives(self, ws):
        async with Client("/declared", websocket=ws) as client:
            await client.emit("say", {"event": "said", "data": {"text": "hi"}})
            assert await client.receive("said") == {"text": "hi"}

    async def test_publishing_is_checked_too(self, ws):
        async with Client("/declared", websocket=ws):
            with pytest.raises(TypeError, match="is not among its sends"):
                ws.publish("says")
        ws.publish("says")

    def test_sync_clients_are_test_clients(self, ws):
        before = set(clients_of_tests)
        with SyncClient("/declared", websocket=ws), pytest.raises(TypeError, match="is not among its sends"):
            ws.publish("says")
        assert set(clients_of_tests) == before

    async def test_replies_and_refusals_need_no_declaring(self, ws):
        @ws.on
        async def ask():
            return {"not": "declared"}

        @ws.on
        async def refuse():
            raise Refused("no", more=1)

        async with Client("/declared", websocket=ws) as client:
            assert await client.request("ask") == {"not": "declared"}
            await client.emit("refuse")
            assert await client.receive("warning") == {"code": "no", "message": "", "more": 1}


def test_nothing_is_checked_elsewhere(ws):
    ws.publish("says", {"whatever": 1})
    ws.publish("said", {"text": 1})


@pytest.mark.parametrize("sends", [["said"], {1: Said}, {"": Said}, {"tws.x": Said}, {"said": object()}, "said"])
def test_what_is_no_declaration_is_refused(sends):
    with pytest.raises(TypeError, match="sends of '/wrong'"):
        WebSocket("/wrong", add_to_handlers=False, sends=sends)
