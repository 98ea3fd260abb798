"""TypeScript: what schemas are called in it, and whether its compiler takes what is written."""

from dataclasses import dataclass

import pytest
from pydantic import ConfigDict, create_model
from typing_extensions import TypeAliasType

from tests.support.npm import STRICT, compiler, run
from tornado_websockets.schema.documents import typescript
from tornado_websockets.schema.documents.description import describe
from tornado_websockets.schema.documents.names import OF_TYPESCRIPT
from tornado_websockets.schema.documents.typescript import type_of
from tornado_websockets.websocket import WebSocket, endpoint_of


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


Tree = TypeAliasType("Tree", "dict[str, Tree] | list[Tree] | int | str")
Chain = TypeAliasType("Chain", "dict[str, Chain]")


@dataclass
class Garden:
    tree: Tree
    chain: Chain


def test_type_that_refers_to_itself_is_one_in_typescript(described):
    description, definitions = described(Garden)
    text = typescript.write([description], definitions)
    assert "\nexport type Tree = { [key: string]: Tree } | (Tree)[] | number | string;\n" in text
    assert "\nexport interface Chain { [key: string]: Chain }\n" in text


def test_path_cannot_end_a_comment_in_typescript():
    ws = WebSocket("/a*/b", add_to_handlers=False)
    assert "/** /a* /b */" in typescript.write(*describe([endpoint_of(ws)]))


NAMES = [
    "3D point",
    "Order (new)",
    "Größe",
    "constructor",
    "declare",
    "type",
    "Array",
    "String",
    *sorted(OF_TYPESCRIPT),
]


@pytest.mark.timeout(120)
def test_types_may_have_any_name(described, tmp_path):
    models = [create_model("Model", __config__=ConfigDict(title=name), n=int) for name in NAMES]
    description, definitions = described(*models)
    assert len(definitions.schemas) == len(NAMES)
    (tmp_path / "websockets.mts").write_text(typescript.write([description], definitions))
    run(*compiler(), *STRICT, "websockets.mts", directory=tmp_path)
