"""The description as a module of TypeScript, for ``new TornadoWebSocket<Chat>("/chat")``."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from ..protocol import Schema
from .description import REF, Definitions, Description, Received, takes_data

_HEAD: Final = "// What the server takes and sends; written by `manage.py websockets --typescript`.\n"

_IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*", re.ASCII)

_PLAIN: Final = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
    "array": "unknown[]",
}

#: What is sent, where nobody says all of it.
_OTHERS: Final = "[event: string]: Record<string, unknown>;"

_REFUSAL: Final = "{ code: string; message: string; [detail: string]: unknown }"


def write(descriptions: list[Description], definitions: Definitions) -> str:
    """The text of the module."""
    parts = [_definition(name, schema) for name, schema in sorted(definitions.schemas.items())]
    return "\n".join([_HEAD, *parts, *map(_websocket, descriptions)])


def _definition(name: str, schema: Schema) -> str:
    text = type_of(schema)
    is_object = text.startswith("{ ") and text == _object(schema)  # and no union that begins with one
    return f"export interface {name} {text}\n" if is_object else f"export type {name} = {text};\n"


def _websocket(description: Description) -> str:
    lines = [f"/** {_comment(description.path)} */", f"export interface {description.name} {{"]
    lines += ["  /** What the server sends. */", "  on: {", *_sent(description), "  };"]
    lines += ["  /** What it takes, and what it replies: a ``part`` is one of many. */", "  emit: {"]
    lines += [f"    {_received(each)}" for each in description.receives]
    return "\n".join([*lines, "  };", "}", ""])


def _sent(description: Description) -> Iterator[str]:
    if description.sends_others and not description.sends:
        yield f"    {_OTHERS}"
        return
    every = {"warning": _REFUSAL, **{event: _data(schema) for event, schema in description.sends.items()}}
    for event, text in every.items():
        yield f"    {_key(event)}: {text};"
    if description.sends_others:
        yield "  } & {"
        yield f"    {_OTHERS}"


def _received(received: Received) -> str:
    if received.is_rest:
        prefix = received.event.removesuffix("*")
        return f"[event: {_pattern(prefix)}]: {{ data: object; reply: unknown }};"
    data = _data(received.data) if takes_data(received) else "Record<string, never>"
    reply = "unknown" if received.reply is None else type_of(received.reply)
    answer = f"reply: Record<string, never>; part: {reply}" if received.is_in_parts else f"reply: {reply}"
    return f"{_key(received.event)}: {{ data: {data}; {answer} }};"


def _pattern(prefix: str) -> str:
    """The type of the names that begin so, as that of an index."""
    escaped = re.sub(r"([`\\$])", r"\\\1", prefix)
    return f"`{escaped}${{string}}`" if prefix else "string"


def _data(schema: Schema | None) -> str:
    return "Record<string, unknown>" if schema is None else type_of(schema)


def type_of(schema: Any) -> str:
    """What TypeScript calls it."""
    if not isinstance(schema, dict) or not schema:
        return "never" if schema is False else "unknown"
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(REF)
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return _union(map(json.dumps, schema["enum"]))
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return _union(map(type_of, schema[word]))
    if "allOf" in schema:
        return " & ".join(f"({type_of(each)})" for each in schema["allOf"])
    kinds = schema.get("type")
    if isinstance(kinds, list):
        return _union(type_of({**schema, "type": kind}) for kind in kinds)
    if kinds == "object" or (kinds is None and "properties" in schema):
        return _object(schema)
    return _array(schema) if kinds == "array" else _PLAIN.get(str(kinds), "unknown")


def _union(types: Any) -> str:
    return " | ".join(dict.fromkeys(types)) or "never"


def _array(schema: Schema) -> str:
    if "prefixItems" in schema:
        members = [type_of(each) for each in schema["prefixItems"]]
        least = schema.get("minItems", 0)
        members = [text if index < least else f"({text})?" for index, text in enumerate(members)]
        if schema.get("items", True) is not False and schema.get("maxItems") != len(members):
            members.append(f"...({type_of(schema.get('items', {}))})[]")
        return f"[{', '.join(members)}]"
    return f"({type_of(schema['items'])})[]" if schema.get("items") else "unknown[]"


def _object(schema: Schema) -> str:
    others = schema.get("additionalProperties", True)
    required = schema.get("required", ())
    members = [
        f"{_key(name)}{'' if name in required else '?'}: {type_of(inner)}"
        for name, inner in schema.get("properties", {}).items()
    ]
    if isinstance(others, dict) and not members:
        return f"{{ [key: string]: {type_of(others)} }}"  # a Record may not be of what it is in
    if isinstance(others, dict):
        members.append("[key: string]: unknown")
    if members:
        return f"{{ {'; '.join(members)} }}"
    return "Record<string, unknown>" if "properties" not in schema and others is not False else "Record<string, never>"


def _key(name: str) -> str:
    return name if _IDENTIFIER.fullmatch(name) else json.dumps(name)


def _comment(text: str) -> str:
    return text.replace("*/", "* /")
