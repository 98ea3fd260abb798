"""What a WebSocket says that it sends, and whether it keeps to that while it is being written and tested."""

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final
from weakref import WeakSet

from django.conf import settings

from ..core.protocol.frames import CONTROL, Encoder
from ..core.protocol.ids import Id
from ..exceptions import Refused
from .protocol import Field, Schema, Type, invalid, path_of
from .registry import find
from .signatures import is_unchecked

#: Events that need no declaring.
UNDECLARED: Final = frozenset({"warning", "presence"})

#: Clients of tests that are connected now.
test_clients: WeakSet[Any] = WeakSet()


class Nothing:
    """The type of an event without data."""

    def validate(self, data: Any) -> Any:
        """See :class:`.protocol.Type`."""
        if data:
            raise Refused("invalid_data", f"Expected no data, got {data!r}.")
        return data

    def schema(self, *, is_sent: bool) -> dict[str, Any]:  # noqa: ARG002 it is the same in both directions
        """See :class:`.protocol.Type`."""
        return {"type": "object", "properties": {}, "additionalProperties": False}

    def dump(self, value: Any) -> Any:
        """See :class:`.protocol.Type`."""
        return value


def read_sends(sends: Mapping[str, Any], path: str) -> dict[str, Type | None]:
    """The types of what a WebSocket sends, by event; ``None`` for any object.

    :param sends: annotations by event; ``None`` for an event without data.
    :raises TypeError: it is none of that, or a type cannot be used.
    """
    if not isinstance(sends, Mapping):
        raise TypeError(f"Expected the sends of {path!r} as a dict of types by event, got {sends!r}.")
    return {event: _read(event, annotation, path) for event, annotation in sends.items()}


def _read(event: Any, annotation: Any, path: str) -> Type | None:
    if not isinstance(event, str) or not event or event.startswith(CONTROL):
        raise TypeError(f"Expected the names of events in the sends of {path!r}, got {event!r}.")
    if annotation is None:
        return Nothing()
    if is_unchecked(annotation):
        return None
    try:
        return find(annotation)
    except TypeError as error:
        raise TypeError(f"The type of {event!r} in the sends of {path!r} cannot be used: {error}") from error


class DeclaredEncoder(Encoder):
    """An encoder that takes, while an application is being written or tested, only what is declared.

    :param sends: as :func:`read_sends` gives them.
    :param prefixes: with which the names of the events of modules begin, which need no declaring.
    """

    def __init__(self, sends: Mapping[str, Type | None], prefixes: Collection[str], **options: Any) -> None:
        super().__init__(**options)
        self._sends = sends
        self._prefixes = prefixes

    def event(self, event: str, data: object) -> str:
        """See :class:`Encoder`.

        :raises TypeError: also where the event is not declared, or its data do not fit.
        """
        text = super().event(event, data)
        if (settings.DEBUG or test_clients) and event not in UNDECLARED and not self._is_of_module(event):
            self._check(event, json.loads(text)["data"])
        return text

    def question(self, event: str, data: object, id: Id) -> str:
        """See :class:`Encoder`.

        :raises TypeError: also where the event is declared, and its data do not fit.
        """
        text = super().question(event, data, id)
        if (settings.DEBUG or test_clients) and event in self._sends:
            self._check(event, json.loads(text)["data"])
        return text

    def _is_of_module(self, event: str) -> bool:
        return event.startswith(tuple(self._prefixes))

    def _check(self, event: str, data: dict[str, Any]) -> None:
        if event not in self._sends:
            declared = ", ".join(map(repr, self._sends)) or "nothing"
            raise TypeError(f"The event {event!r}{self._where} is not among its sends, which declare {declared}.")
        kind = self._sends[event]
        try:
            if kind is not None:
                _refuse_unfit(kind, data)
        except Refused as error:
            fields = "; ".join(": ".join(filter(None, each.values())) for each in error.details.get("fields", []))
            raise TypeError(
                f"The data of {event!r}{self._where} do not fit what its sends declare: {fields or error.message}"
            ) from error


def _refuse_unfit(kind: Type, data: dict[str, Any]) -> None:
    """Raise ``Refused`` where ``data`` are none of ``kind``; of one that may query, only the names are looked at."""
    if not getattr(kind, "may_block", False):
        kind.validate(data)
    elif wrong := list(_misnamed(kind.schema(is_sent=True), data, ())):
        raise invalid(wrong)


def _misnamed(schema: Any, data: Any, path: tuple[object, ...]) -> Iterator[Field]:
    """Where objects in ``data`` lack a name that ``schema`` has, or have another."""
    if not isinstance(schema, dict) or data is None:  # which a serializer sends for whatever has no value
        return
    if "anyOf" in schema:
        members = [each for each in schema["anyOf"] if each != {"type": "null"}]
        if len(members) == 1:
            yield from _misnamed(members[0], data, path)
    elif isinstance(data, dict):
        yield from _misnamed_fields(schema, data, path)
    elif "properties" in schema:
        yield path_of(path), f"Expected an object, got {data!r}."
    elif isinstance(data, list):
        for index, each in enumerate(data):
            yield from _misnamed(schema.get("items"), each, (*path, index))


def _misnamed_fields(schema: Schema, data: dict[str, Any], path: tuple[object, ...]) -> Iterator[Field]:
    fields = schema.get("properties", {})
    others = schema.get("additionalProperties", "properties" not in schema)
    for name in schema.get("required", ()):
        if name not in data:
            yield path_of((*path, name)), "This field is missing."
    for name, value in data.items():
        inner = fields.get(name, others)
        if inner is False:
            yield path_of((*path, name)), "There is no such field."
        else:
            yield from _misnamed(inner, value, (*path, name))
