"""What ``ws.follow`` may be given."""

from typing import Any, NewType

import pytest
from django import forms
from django.core.checks import run_checks
from django.db import models
from django.test import override_settings
from django.test.utils import isolate_apps
from rest_framework import serializers
from typing_extensions import TypedDict

from tests.following.models import Message, Room, Scan
from tests.support.scripts import run_script
from tornado_websockets.exceptions import WebSocketEventAlreadyBinded
from tornado_websockets.following.table import table_of
from tornado_websockets.schema.documents import listing, typescript
from tornado_websockets.schema.documents.description import describe
from tornado_websockets.serving import checks
from tornado_websockets.websocket import endpoint_of


@pytest.fixture
def rooms(wire):
    return wire.websocket("/room/<int:room>")


@pytest.fixture
def chat(wire):
    return wire.websocket("/chat")


class Abstract(models.Model):
    class Meta:
        abstract = True
        app_label = "project"


async def later(row):
    return {}


class Later:
    async def __call__(self, row):
        return {}


class Strange(TypedDict):
    strange: int


Key = NewType("Key", int)


class SomeForm(forms.Form):
    text = forms.CharField()


@pytest.mark.parametrize("model", [Abstract, models.Model, "project.Message", object(), dict])
def test_what_is_no_model_is_refused(chat, model):
    with pytest.raises(TypeError, match="Expected a model with a table"):
        chat.follow(model, data=("id",))


@pytest.mark.parametrize(
    "to", [None, {}, {"room": "room_id", "other": "id"}, {"other": "id"}, {"room": "nothing"}, {"room": 1}, "room_id"]
)
def test_what_does_not_give_the_parameters_of_the_path_is_refused(rooms, to):
    with pytest.raises(TypeError, match="'room'"):
        rooms.follow(Message, to=to, data=("id",))


@pytest.mark.parametrize("to", [None, {}, lambda row: {}])
def test_a_path_without_parameters_needs_none(chat, to):
    chat.follow(Message, to=to, data=("id",))


def test_a_relation_may_name_a_model_that_comes_later(rooms):
    with isolate_apps():

        class Early(models.Model):
            room = models.ForeignKey("project.Late", models.CASCADE)

            class Meta:
                app_label = "project"

        rooms.follow(Early, to={"room": "room_id"}, data=("id",))
        column = table_of(Early)._columns["room_id"]
        assert column.read("5") == "5"

        class Late(models.Model):
            id = models.IntegerField(primary_key=True)

            class Meta:
                app_label = "project"

        assert column.read("5") == 5


@pytest.mark.parametrize(
    "data",
    ["text", ("nothing",), ("save",), ("room__name",), (1,), None, dict[str, Any], later, Later(), Strange, 5, Key],
)
def test_what_are_no_data_are_refused(chat, data):
    with pytest.raises(TypeError, match="Expected "):
        chat.follow(Message, data=data)


def test_bytes_are_a_functions_to_write(chat):
    with pytest.raises(TypeError, match=r"'raw' of .*, which has bytes"):
        chat.follow(Scan, data=("id", "raw"))
    chat.follow(Scan, data=lambda scan: {"raw": scan.raw.hex()})


def test_what_cannot_be_made_of_a_row_is_refused(chat):
    class Line(serializers.Serializer):
        def __init__(self, *args, user, **kwargs):
            super().__init__(*args, **kwargs)

    with pytest.raises(TypeError, match=r"Line is made of the data alone, but its __init__ needs 'user'"):
        chat.follow(Message, data=Line)


def test_a_form_names_fields_too(chat, wire):
    chat.follow(Message, data=SomeForm)


@pytest.mark.parametrize(
    ("prefix", "error"), [("", TypeError), (5, TypeError), ("tws.x", ValueError), ("x" * 128, ValueError)]
)
def test_what_is_no_prefix_is_refused(chat, prefix, error):
    with pytest.raises(error):
        chat.follow(Message, data=("id",), prefix=prefix)


def test_what_was_refused_is_followed_by_nobody(chat):
    with pytest.raises(TypeError):
        chat.follow(Message, data=("nothing",))
    chat.follow(Message, data=("id",))


def test_two_of_one_name_are_an_error(chat):
    chat.follow(Message, data=("id",))
    with pytest.raises(WebSocketEventAlreadyBinded, match=r"'message_created' already: .* prefix="):
        chat.follow(Room, data=("id",), prefix="message")
    chat.follow(Message, data=("text",), prefix="line")


class TestDeclaring:
    @pytest.fixture
    def declared(self, wire):
        return wire.websocket("/declared", sends={"said": None})

    def test_an_object_that_is_called_says_what_it_returns(self, declared):
        class Line(TypedDict):
            text: str

        class Shortening:
            def __call__(self, row):
                """Never called."""

        Shortening.__call__.__annotations__["return"] = Line
        declared.follow(Message, data=Shortening(), prefix="line")
        [description], _ = describe([endpoint_of(declared)])
        assert description.sends["line_created"] == {"$ref": "#/$defs/Line"}

    def test_the_events_are_among_what_is_sent(self, declared):
        declared.follow(Message, data=("id", "text", "room", "at", "shout"), prefix="line")
        [description], definitions = describe([endpoint_of(declared)])
        assert list(description.sends) == ["said", "line_created", "line_changed", "line_deleted", "line_many"]
        assert description.sends["line_created"] == description.sends["line_changed"] == {"$ref": "#/$defs/Message"}
        properties = definitions.schemas["Message"]["properties"]
        assert properties["id"] == {"type": "integer"}
        assert properties["text"] == {"type": "string"}
        assert properties["room"] == {"anyOf": [{"type": "integer"}, {"type": "null"}]}
        assert properties["at"] == {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}
        assert description.sends["line_deleted"]["properties"] == {"id": {"type": "integer"}}
        assert description.sends["line_many"]["properties"] == {"count": {"type": "integer"}}

    def test_a_type_describes_itself(self, declared):
        class Line(TypedDict):
            text: str

        declared.follow(Message, data=Line)
        [description], _ = describe([endpoint_of(declared)])
        assert description.sends["message_changed"] == {"$ref": "#/$defs/Line"}

    def test_what_a_websocket_declares_itself_counts(self, wire):
        ws = wire.websocket("/declared", sends={"message_created": None})
        ws.follow(Message, data=("id",))
        assert describe([endpoint_of(ws)])[0][0].sends["message_created"]["properties"] == {}

    def test_they_are_shown_where_nothing_else_is_declared(self, wire):
        ws = wire.websocket("/undeclared")
        ws.follow(Message, data=("id",), prefix="line")
        descriptions, definitions = describe([endpoint_of(ws)])
        assert "sends line_created: Message\n" in listing.write(descriptions, definitions)
        shown = typescript.write(descriptions, definitions)
        assert "    line_created: Message;\n" in shown
        assert "  } & {\n    [event: string]: Record<string, unknown>;\n  };" in shown

    def test_who_declares_nothing_may_still_send_anything(self, chat):
        chat.follow(Message, data=("id",))
        with override_settings(DEBUG=True):
            chat.publish("whatever")

    def test_they_are_written_for_typescript(self, declared):
        declared.follow(Message, data=("id", "text"))
        written = typescript.write(*describe([endpoint_of(declared)]))
        assert "export interface Message { id: number; text: string }" in written
        assert "message_created: Message;" in written


class TestTheCheck:
    def test_whoever_follows_after_the_start_is_warned(self, rooms):
        rooms.follow(Message, to={"room": "room_id"}, data=("id",))
        [warning] = [each for each in run_checks() if each.id == "tornado_websockets.W018"]
        assert "WebSocket('/room/<int:room>').follow(project.Message) was called after start-up" in warning.msg
        assert "only the URLconf" not in warning.msg  # which imports no test

    def test_nobody_else_is(self):
        assert checks.check_followed(None) == []

    @override_settings(ROOT_URLCONF="nowhere")
    def test_a_urlconf_that_cannot_be_imported_is_not_its_affair(self):
        assert checks.check_followed(None) == []


def test_whoever_follows_nothing_loads_nothing_of_it():
    script = """
        import sys
        from tornado_websockets.websocket import WebSocket
        WebSocket("/x")
        print([name for name in sys.modules if name.startswith("tornado_websockets.following")])
    """
    assert run_script(script) == "[]\n"
