"""The neutral form: WebSockets that are told apart, and definitions that they share."""

from dataclasses import dataclass, make_dataclass

import msgspec

from tornado_websockets.schema.documents.description import Definitions, describe
from tornado_websockets.websocket import WebSocket, endpoint_of


@dataclass
class Item:
    price: int


def test_two_paths_of_one_name_are_told_apart():
    endpoints = [endpoint_of(WebSocket(path, add_to_handlers=False)) for path in ("/a-b", "/a/b", "/a_b")]
    descriptions, _ = describe(endpoints)
    assert [description.name for description in descriptions] == ["AB", "AB2", "AB3"]


def test_same_type_is_defined_once(described):
    description, definitions = described(Item, dict[str, Item])
    assert description.receives[0].data == {"$ref": "#/$defs/Item2"}  # /item is Item
    assert description.receives[1].data["additionalProperties"] == {"$ref": "#/$defs/Item2"}
    assert list(definitions.schemas) == ["Item2"]


def test_types_of_one_name_are_told_apart(described):
    other = make_dataclass("Item", [("name", str)])
    _, definitions = described(Item, other, dict[str, other])
    assert [list(schema["properties"]) for schema in definitions.schemas.values()] == [["price"], ["name"]]


def test_recursive_definition_refers_to_itself():
    node = {"type": "object", "title": "Node", "properties": {"next": {"$ref": "#/$defs/Node"}}}
    definitions = Definitions()
    definitions.reserve(["Node"])
    assert definitions.add({"$ref": "#/$defs/Node", "$defs": {"Node": node}}) == {"$ref": "#/$defs/Node2"}
    assert definitions.schemas["Node2"]["properties"]["next"] == {"$ref": "#/$defs/Node2"}


def test_type_with_one_of_its_own_name_inside_is_not_taken_for_it(described):
    outer = make_dataclass("Item", [("item", Item)])
    description, definitions = described(outer)
    (name,) = [name for name, schema in definitions.schemas.items() if "item" in schema["properties"]]
    (inside,) = definitions.schemas.keys() - {name}
    assert description.receives[0].data == {"$ref": f"#/$defs/{name}"}
    assert definitions.schemas[name]["properties"]["item"] == {"$ref": f"#/$defs/{inside}"}
    assert list(definitions.schemas[inside]["properties"]) == ["price"]


def test_what_only_looks_like_a_reference_is_none():
    schema = {"type": "object", "title": "A", "properties": {"$ref": {"$ref": "#/$defs/A", "default": {"$ref": "A"}}}}
    definitions = Definitions()
    definitions.reserve(["A"])
    definitions.add({"$ref": "#/$defs/A", "$defs": {"A": schema}})
    assert definitions.schemas == {
        "A2": {**schema, "properties": {"$ref": {"$ref": "#/$defs/A2", "default": {"$ref": "A"}}}}
    }


def test_default_that_is_no_json_is_left_out(described):
    struct = msgspec.defstruct("Struct", [("a", float, float("nan"))])
    data = make_dataclass("Data", [("a", float, float("nan")), ("b", float, 1.0)])
    _, definitions = described(struct, data)
    assert all("default" not in schema["properties"]["a"] for schema in definitions.schemas.values())
    assert definitions.schemas["Data"]["properties"]["b"]["default"] == 1.0
