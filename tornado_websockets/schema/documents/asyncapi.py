"""The description as an AsyncAPI 3.0 document."""

import re
from collections.abc import Iterator
from typing import Any, Final

from ...core.registry import PREFIX
from ..protocol import JSON_VALUE, Schema
from .description import ANY_OBJECT, NO_DATA, REF, Definitions, Description, Received
from .keywords import rewrite_inside
from .names import ascii_identifier, untaken

_SCHEMAS: Final = "#/components/schemas/"

_ID: Final[Schema] = {"type": ["string", "integer"]}

_REFUSAL: Final[Schema] = {
    "type": "object",
    "required": ["code", "message"],
    "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
}


def write(descriptions: list[Description], definitions: Definitions, *, title: str, version: str) -> dict[str, Any]:
    """The document, as it is written in JSON.

    :param descriptions: with names, and with ``definitions``, of :func:`~.names.ascii_identifier`.
    """
    operations: dict[str, Any] = {}
    for description in descriptions:
        operations.update(_operations(description))
    return {
        "asyncapi": "3.0.0",
        "info": {"title": title, "version": version},
        "defaultContentType": "application/json",
        "channels": {description.name: _channel(description) for description in descriptions},
        "operations": operations,
        "components": {"schemas": {name: _schema(schema) for name, schema in definitions.schemas.items()}},
    }


def _channel(description: Description) -> dict[str, Any]:
    names = _names_of_parameters(description)
    address = re.sub(r"<(?:[^>:]*:)?([^>]*)>", lambda found: f"{{{names[found[1]]}}}", PREFIX + description.path)
    channel: dict[str, Any] = {"address": address, "messages": dict(_messages(description))}
    if description.parameters:
        channel["parameters"] = {
            names[name]: {"description": f"{schema.get('format', schema['type'])}"}
            for name, schema in description.parameters.items()
        }
    return channel


def _names_of_parameters(description: Description) -> dict[str, str]:
    names: dict[str, str] = {}
    for name in description.parameters:
        names[name] = untaken(ascii_identifier(name), names.values())
    return names


def _messages(description: Description) -> Iterator[tuple[str, dict[str, Any]]]:
    for key, received in _keys(description):
        event: Schema = {"type": "string"} if received.is_rest else {"const": received.event}
        data = ANY_OBJECT if received.data is None else received.data
        yield key, _message(received.event, event, data, needs_data=received.data is not None)
        if received.is_in_parts:
            yield f"{key}.part", _reply(f"part of the reply to {received.event}", "part", received.reply)
        end = NO_DATA if received.is_in_parts else received.reply
        yield f"{key}.reply", _reply(f"reply to {received.event}", "data", end)
    for key, name, data in _sent(description):
        yield key, _message(name, {"const": name}, data, needs_data=True, may_be_answered=False)


def _reply(name: str, what: str, schema: Schema | None) -> dict[str, Any]:
    properties = {"event": {"const": "reply"}, "id": _ID, what: _schema(schema or JSON_VALUE)}
    return {"name": name, "payload": {"type": "object", "required": ["event", "id", what], "properties": properties}}


def _message(
    name: str, event: Schema, data: Schema, *, needs_data: bool, may_be_answered: bool = True
) -> dict[str, Any]:
    properties: dict[str, Schema] = {"event": event, "data": _schema(data)}
    if may_be_answered:
        properties["id"] = _ID
    required = ["event", "data"] if needs_data else ["event"]
    return {"name": name, "payload": {"type": "object", "required": required, "properties": properties}}


def _operations(description: Description) -> Iterator[tuple[str, dict[str, Any]]]:
    channel = {"$ref": f"#/channels/{description.name}"}

    def message(key: str) -> dict[str, str]:
        return {"$ref": f"#/channels/{description.name}/messages/{key}"}

    for key, received in _keys(description):
        replies = [f"{key}.part", f"{key}.reply"] if received.is_in_parts else [f"{key}.reply"]
        yield (
            f"{description.name}.{key}",
            {
                "action": "receive",
                "channel": channel,
                "messages": [message(key)],
                "reply": {"channel": channel, "messages": [message(each) for each in replies]},
            },
        )
    for key, _, _ in _sent(description):
        yield f"{description.name}.{key}", {"action": "send", "channel": channel, "messages": [message(key)]}


def _keys(description: Description) -> Iterator[tuple[str, Received]]:
    """What is received, each under a key that a document may have."""
    yield from zip(_unique("receive", [each.event for each in description.receives]), description.receives, strict=True)


def _sent(description: Description) -> Iterator[tuple[str, str, Schema]]:
    every = {"warning": _REFUSAL, **{event: data or ANY_OBJECT for event, data in description.sends.items()}}
    yield from zip(_unique("send", list(every)), every, every.values(), strict=True)


def _unique(direction: str, events: list[str]) -> Iterator[str]:
    taken: set[str] = set()
    for event in events:
        plain = f"{direction}.{re.sub(r'[^A-Za-z0-9_-]', '_', event)}"
        key = next(each for each in (plain, *(f"{plain}_{n}" for n in range(2, len(taken) + 3))) if each not in taken)
        taken.add(key)
        yield key


def _schema(schema: Any) -> Any:
    """A schema in the dialect of AsyncAPI: that is JSON Schema's draft 7."""
    if not isinstance(schema, dict):
        return schema
    if isinstance(schema.get("$ref"), str):
        return {"$ref": _SCHEMAS + schema["$ref"].removeprefix(REF)}
    written = rewrite_inside(schema, _schema)
    if "prefixItems" in written:
        rest = written.get("items", False)
        written |= {"items": written.pop("prefixItems"), "additionalItems": rest}
    written.pop("discriminator", None)  # which is OpenAPI's; anyOf says the same
    return written
