"""The neutral form: names of paths, and definitions that WebSockets share."""

from dataclasses import dataclass, make_dataclass

import pytest
from typing_extensions import TypeAliasType

from tornado_websockets.schema.documents import asyncapi, typescript
from tornado_websockets.schema.documents.description import Definitions, describe, name_of_path
from tornado_websockets.schema.documents.typescript import type_of
from tornado_websockets.websocket import WebSocket, endpoint_of


@dataclass
class Item:
    price: int


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/chat", "Chat"),
        ("/room/<slug:room>", "RoomRoom"),
        ("/room/<room>/<int:page>", "RoomRoomPage"),
        ("/my-chat_room", "MyChatRoom"),
        ("/", "Root"),
        ("/2fa", "_2fa"),
        ("/myChat.v2", "MyChatV2"),
    ],
)
def test_path_has_a_name(path, name):
    assert name_of_path(path) == name


def test_two_paths_of_one_name_are_told_apart():
    endpoints = [endpoint_of(WebSocket(path, add_to_handlers=False)) for path in ("/a-b", "/a/b", "/a_b")]
    descriptions, _ = describe(endpoints)
    assert [description.name for description in descriptions] == ["AB", "AB2", "AB3"]


def described(*data):
    """The description of a WebSocket with a handler for each type of data."""
    ws = WebSocket("/item", add_to_handlers=False)
    for number, annotation in enumerate(data):

        def handler(data): ...

        handler.__annotations__["data"] = annotation
        ws.on_event(f"take {number}")(handler)
    descriptions, definitions = describe([endpoint_of(ws)])
    return descriptions[0], definitions


def test_same_type_is_defined_once():
    description, definitions = described(Item, dict[str, Item])
    assert description.receives[0].data == {"$ref": "#/$defs/Item2"}  # /item is Item
    assert description.receives[1].data["additionalProperties"] == {"$ref": "#/$defs/Item2"}
    assert list(definitions.schemas) == ["Item2"]


def test_types_of_one_name_are_told_apart():
    other = make_dataclass("Item", [("name", str)])
    _, definitions = described(Item, other, dict[str, other])
    assert [list(schema["properties"]) for schema in definitions.schemas.values()] == [["price"], ["name"]]


def test_recursive_definition_refers_to_itself():
    node = {"type": "object", "title": "Node", "properties": {"next": {"$ref": "#/$defs/Node"}}}
    definitions = Definitions()
    definitions.reserve(["Node"])
    assert definitions.add({"$ref": "#/$defs/Node", "$defs": {"Node": node}}) == {"$ref": "#/$defs/Node2"}
    assert definitions.schemas["Node2"]["properties"]["next"] == {"$ref": "#/$defs/Node2"}


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({}, "unknown"),
        ({"type": "string"}, "string"),
        ({"type": "integer"}, "number"),
        ({"type": ["number", "null"]}, "number | null"),
        ({"const": "cat"}, '"cat"'),
        ({"enum": ["a", 1]}, '"a" | 1'),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string | null"),
        ({"allOf": [{"$ref": "#/$defs/A"}, {"$ref": "#/$defs/B"}]}, "(A) & (B)"),
        ({"type": "array"}, "unknown[]"),
        ({"type": "array", "items": {"enum": ["a", "b"]}}, '("a" | "b")[]'),
        (
            {"type": "array", "prefixItems": [{"type": "string"}, {"type": "number"}], "minItems": 2, "maxItems": 2},
            "[string, number]",
        ),
        (
            {"type": "array", "prefixItems": [{"type": "string"}], "minItems": 1, "items": {"type": "null"}},
            "[string, ...(null)[]]",
        ),
        ({"type": "array", "prefixItems": [{"type": "string"}], "items": False}, "[(string)?]"),
        ({"type": "object"}, "Record<string, unknown>"),
        ({"type": "object", "properties": {}}, "Record<string, never>"),
        ({"type": "object", "additionalProperties": {"type": "number"}}, "{ [key: string]: number }"),
        (
            {"type": "object", "properties": {"a b": {"type": "string"}, "c": {}}, "required": ["c"]},
            '{ "a b"?: string; c: unknown }',
        ),
    ],
)  # fmt: skip
def test_schema_has_a_type_in_typescript(schema, text):
    assert type_of(schema) == text


def test_events_of_one_key_are_told_apart_in_asyncapi():
    ws = WebSocket("/keys", add_to_handlers=False)
    for event in ("a b", "a:b", "a_b"):
        ws.on_event(event)(lambda: 1)
    channel = asyncapi.write(*describe([endpoint_of(ws)]), title="t", version="1")["channels"]["Keys"]
    assert [name for name in channel["messages"] if not name.endswith(".reply")] == [
        "receive.a_b", "receive.a_b_2", "receive.a_b_3", "send.warning"
    ]  # fmt: skip


Tree = TypeAliasType("Tree", "dict[str, Tree] | list[Tree] | int | str")
Chain = TypeAliasType("Chain", "dict[str, Chain]")


@dataclass
class Garden:
    tree: Tree
    chain: Chain


def test_type_that_refers_to_itself_is_one_in_typescript():
    description, definitions = described(Garden)
    text = typescript.write([description], definitions)
    assert "\nexport type Tree = { [key: string]: Tree } | (Tree)[] | number | string;\n" in text
    assert "\nexport interface Chain { [key: string]: Chain }\n" in text


def test_path_cannot_end_a_comment_in_typescript():
    ws = WebSocket("/a*/b", add_to_handlers=False)
    assert "/** /a* /b */" in typescript.write(*describe([endpoint_of(ws)]))
