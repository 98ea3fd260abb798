"""What every WebSocket takes and sends, in one neutral form: JSON Schemas that share their definitions."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from ...core.handlers.dispatch import ANY
from ...core.handlers.events import RESERVED
from ...core.handlers.guarding import Guarded, Typed
from ...core.handlers.signatures import Handler
from ...serving.endpoint import Endpoint
from ..protocol import Schema, Type
from ..signatures import answers_in_parts, reply_type, says_nothing
from .keywords import inside, rewrite_inside, without_what_is_no_json
from .names import OF_TYPESCRIPT, Spelling, identifier, name_of_path, untaken

REF: Final = "#/$defs/"

#: What each converter of Django lets through; those of a project are texts.
_CONVERTERS: Final[dict[str, Schema]] = {
    "IntConverter": {"type": "integer"},
    "UUIDConverter": {"type": "string", "format": "uuid"},
}

#: The data of a handler that says nothing of them.
ANY_OBJECT: Final[Schema] = {"type": "object"}

#: What says nothing of a reply may be anything.
NO_DATA: Final[Schema] = {"type": "object", "properties": {}, "additionalProperties": False}


@dataclass(frozen=True, slots=True)
class Received:
    """An event that a WebSocket takes.

    :ivar is_rest: whether it is all that begin with its name, but for the ``*`` at its end, and have no handler.
    :ivar arguments: of the handler, in order.
    :ivar data: its schema, or ``None`` where any object will do.
    :ivar reply: its schema, or ``None`` where nothing is said of it.
    :ivar is_in_parts: whether it is replied in parts; then ``reply`` is the schema of each.
    :ivar rules: what else is asked first, in words.
    """

    event: str
    is_rest: bool
    arguments: tuple[str, ...]
    data: Schema | None
    reply: Schema | None
    is_in_parts: bool
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Description:
    """One WebSocket.

    :ivar name: an identifier made of the path: ``/room/<slug:room>`` is ``RoomRoom``.
    :ivar parameters: of the path, with their schemas.
    :ivar sends: schemas of what it sends by event, as far as that is said; each ``None`` where any object will do.
    :ivar sends_others: whether it may send other events as well: nobody has said which it sends.
    :ivar options: what it was told besides, in words.
    """

    path: str
    name: str
    parameters: Mapping[str, Schema]
    receives: tuple[Received, ...]
    sends: Mapping[str, Schema | None]
    sends_others: bool
    options: tuple[str, ...]


@dataclass
class Definitions:
    """Schemas that others refer to, each under a name of its own.

    :param spell: makes these names.
    :ivar schemas: by name; references in them are ``#/$defs/<name>``.
    """

    spell: Spelling = identifier
    schemas: dict[str, Schema] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)

    def reserve(self, names: Iterable[str]) -> None:
        """Give none of these names to a schema."""
        self._taken.update(names)

    def add(self, schema: Schema) -> Schema:
        """``schema`` with its definitions among these, under the names that they have here."""
        own = without_what_is_no_json(schema)
        local: dict[str, Schema] = own.pop("$defs", {})
        title = own.get("title", "")
        if own.get("type") == "object" and title:
            name = untaken(title, local)  # it may have one of another class of its name within it
            local = {**local, name: own}
            own = {"$ref": REF + name}
        names = {name: self._name(name, local) for name in local}
        for name, inner in local.items():
            self.schemas.setdefault(names[name], _renamed(inner, names))
        renamed: Schema = _renamed(own, names)
        return renamed

    def _name(self, name: str, local: Mapping[str, Schema]) -> str:
        """The name here of a definition: the same for the same, another for another of its name."""
        reached = {each: local[each] for each in sorted(_reachable(name, local))}
        key = json.dumps([name, reached], sort_keys=True, default=str)
        if key not in self._names:
            self._names[key] = untaken(self.spell(name), self._taken)
            self._taken.add(self._names[key])
        return self._names[key]


def _reachable(name: str, local: Mapping[str, Schema]) -> set[str]:
    found, waiting = set(), [name]
    while waiting:
        each = waiting.pop()
        if each not in found and each in local:
            found.add(each)
            waiting.extend(_references(local[each]))
    return found


def _references(schema: Any) -> Iterator[str]:
    reference = schema.get("$ref") if isinstance(schema, dict) else None
    if isinstance(reference, str):
        yield reference.removeprefix(REF)
    for each in inside(schema):
        yield from _references(each)


def _renamed(schema: Any, names: Mapping[str, str]) -> Any:
    if not isinstance(schema, dict):
        return schema
    renamed = rewrite_inside(schema, lambda each: _renamed(each, names))
    if isinstance(schema.get("$ref"), str):
        name = schema["$ref"].removeprefix(REF)
        renamed["$ref"] = REF + names.get(name, name)
    return renamed


def describe(endpoints: Iterable[Endpoint], spell: Spelling = identifier) -> tuple[list[Description], Definitions]:
    """Every WebSocket, and the definitions that their schemas share.

    :param spell: makes the names of both.
    """
    definitions = Definitions(spell)
    named = list(_name_all(endpoints, spell))
    definitions.reserve(OF_TYPESCRIPT)
    definitions.reserve(name for name, _ in named)
    return [_describe(endpoint, name, definitions) for name, endpoint in named], definitions


def _name_all(endpoints: Iterable[Endpoint], spell: Spelling) -> Iterator[tuple[str, Endpoint]]:
    taken = set(OF_TYPESCRIPT)
    for endpoint in endpoints:
        name = untaken(spell(name_of_path(endpoint.pattern.text)), taken)
        taken.add(name)
        yield name, endpoint


def _describe(endpoint: Endpoint, name: str, definitions: Definitions) -> Description:
    sends = endpoint.followed if endpoint.sends is None else endpoint.sends
    handlers = endpoint.dispatcher.items()
    return Description(
        path=endpoint.pattern.text,
        name=name,
        parameters={name: _parameter(kind) for name, kind in endpoint.pattern.converters.items()},
        receives=tuple(
            _received(event, handler, event == endpoint.dispatcher.prefix_of(event) + ANY, definitions)
            for event, handler in handlers
            if event not in RESERVED and not endpoint.dispatcher.is_reserved(event)
        ),
        sends={event: _sent(kind, definitions) for event, kind in sends.items()},
        sends_others=endpoint.sends is None,
        options=tuple(_options(endpoint)),
    )


def _sent(kind: Type | None, definitions: Definitions) -> Schema | None:
    return None if kind is None else definitions.add(kind.schema(is_sent=True))


def _parameter(converter: Any) -> Schema:
    return _CONVERTERS.get(type(converter).__name__, {"type": "string"})


def _received(event: str, handler: Handler, is_rest: bool, definitions: Definitions) -> Received:
    data = cast("Type | None", handler.types.data) if isinstance(handler, (Guarded, Typed)) else None
    reply = reply_type(handler.callback)
    described = NO_DATA if says_nothing(handler.callback) else None
    return Received(
        event,
        is_rest,
        tuple(_arguments(handler)),
        definitions.add(data.schema(is_sent=False)) if data is not None else None,
        described if reply is None or described else definitions.add(reply.schema(is_sent=True)),
        answers_in_parts(handler.callback),
        tuple(_rules(handler)),
    )


def _arguments(handler: Handler) -> Iterator[str]:
    yield from handler.positional
    yield from handler.keywords
    if handler.takes_rest:
        yield "**"


def _rules(handler: Handler) -> Iterator[str]:
    if isinstance(handler, Guarded):
        if handler.rules.rate is not None:
            yield f"rate={handler.rules.rate}"
        if handler.rules.allow is not None:
            yield f"allow={_named(handler.rules.allow)}"


def _options(endpoint: Endpoint) -> Iterator[str]:
    for option, value in endpoint.options.items():
        if value is not None:
            yield f"{option}={_named(value)}"


def _named(value: Any) -> str:
    return str(getattr(value, "__qualname__", None) or repr(value))


def takes_data(received: Received) -> bool:
    """Whether the handler of an event looks at its data."""
    return "data" in received.arguments or "**" in received.arguments
