"""The description for people: every path with its handlers, what is sent, its options."""

from collections.abc import Iterator

from ...core.registry import PREFIX
from ..protocol import Schema
from .description import Definitions, Description, Received
from .typescript import type_of


def write(descriptions: list[Description], definitions: Definitions) -> str:
    """The text, one paragraph for each WebSocket."""
    paragraphs = ["\n".join(_lines(description)) for description in descriptions]
    types = "\n".join(f"{name} = {type_of(schema)}" for name, schema in sorted(definitions.schemas.items()))
    return "\n\n".join(filter(None, [*paragraphs, types])) + "\n"


def _lines(description: Description) -> Iterator[str]:
    yield " ".join([PREFIX + description.path, *description.options])
    for received in description.receives:
        yield f"  takes {_received(received)}"
    for event, schema in description.sends.items():
        yield f"  sends {event}{_of(schema)}"


def _received(received: Received) -> str:
    arguments = [name + (_of(received.data) if name == "data" else "") for name in received.arguments]
    reply = _reply(received)
    return " ".join([f"{received.event}({', '.join(arguments)}){reply}", *received.rules])


def _reply(received: Received) -> str:
    if received.is_in_parts:
        return " -> parts" + _of(received.reply)
    return "" if received.reply is None else f" -> {type_of(received.reply)}"


def _of(schema: Schema | None) -> str:
    return "" if schema is None else f": {type_of(schema)}"
