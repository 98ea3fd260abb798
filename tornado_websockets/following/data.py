"""What is sent of a row: the columns and properties that are named, what a function returns, or a type's fields."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from inspect import isroutine
from typing import Any, Final, Protocol, get_origin

from django.core.files import File
from django.db.models import BinaryField

from ..core.handlers.signatures import runs_on_loop
from ..schema.protocol import JSON_VALUE, Schema, Type, refuse_arguments
from ..schema.registry import find, find_received, is_registered, is_serializer
from ..schema.signatures import is_unchecked, read_types, reply_type
from .columns import describe, find_field, is_property

#: Values of a row's columns, by the attributes that have them.
Values = Mapping[str, Any]


class Data(Protocol):
    """What is sent of a row.

    :ivar columns: attributes of the columns that must be known.
    :ivar type: of what is sent, where that is known.
    """

    columns: tuple[str, ...]
    type: Type | None

    def read(self, row: Any, values: Values) -> Any:
        """What is sent of ``row``, whose columns have ``values``."""


class Shape:
    """The type of an object with some fields, which is made here, so nobody has to check it.

    :param title: ``""`` where it has no name of its own.
    :param fields: schemas by name.
    """

    def __init__(self, title: str, fields: Mapping[str, Schema]) -> None:
        named: Schema = {"title": title} if title else {}
        self._schema = {**named, "type": "object", "properties": dict(fields), "required": list(fields)}

    def validate(self, data: Any) -> Any:
        """See :class:`~..schema.protocol.Type`."""
        return data

    def schema(self, *, is_sent: bool) -> Schema:  # noqa: ARG002 it is only sent
        """See :class:`~..schema.protocol.Type`."""
        return self._schema

    def dump(self, value: Any) -> Any:
        """See :class:`~..schema.protocol.Type`."""
        return value


class Named:
    """Columns and properties by name. A relation is the key of the other row.

    :raises TypeError: a name is none of the model's.
    """

    def __init__(self, model: type[Any], names: Iterable[str]) -> None:
        fields = {name: find_field(model, name) for name in names}
        for name, field in fields.items():
            if field is None and not is_property(model, name):
                raise TypeError(
                    f"Expected names of columns or properties of {model._meta.label} as data, got {name!r}. "
                    "What takes more than that is a function's to say: data=lambda row: {...}."
                )
        self._columns = [(name, field.attname) for name, field in fields.items() if field is not None]
        self._properties = [name for name, field in fields.items() if field is None]
        self.columns = tuple(attname for _, attname in self._columns)
        schemas = {name: JSON_VALUE if field is None else describe(field) for name, field in fields.items()}
        self.type: Type | None = Shape(model.__name__, schemas)

    def read(self, row: Any, values: Values) -> dict[str, Any]:
        """See :class:`Data`."""
        data = {name: values[attname] for name, attname in self._columns}
        for name in self._properties:
            data[name] = getattr(row, name)
        for name, value in data.items():
            if isinstance(value, File):
                data[name] = str(value)
        return data


class Typed:
    """A type of its own, whose fields are columns and properties by name."""

    def __init__(self, model: type[Any], kind: Type) -> None:
        self.type: Type | None = kind
        self._named = Named(model, kind.schema(is_sent=True).get("properties", {}))
        self.columns = self._named.columns

    def read(self, row: Any, values: Values) -> Any:
        """See :class:`Data`."""
        kind: Any = self.type
        return kind.dump(kind.validate(self._named.read(row, values)))


class Computed:
    """What a function of the row returns.

    :param kind: of that, where it is known.
    :param dump: writes it, where JSON may not know it.
    """

    columns: tuple[str, ...] = ()

    def __init__(
        self, function: Callable[[Any], Any], kind: Type | None, dump: Callable[[Any], Any] | None = None
    ) -> None:
        self._function = function
        self._dump = dump
        self.type = kind

    def read(self, row: Any, values: Values) -> Any:  # noqa: ARG002 it sees the row
        """See :class:`Data`."""
        data = self._function(row)
        return data if self._dump is None else self._dump(data)


#: Of which there are callable objects that are annotations.
_TYPING: Final = ("typing", "typing_extensions")

_EXPECTED: Final = "a list of names, a function of the row, or a type with fields"


def read_data(model: type[Any], data: Any) -> Data:
    """What ``data`` says that is sent of a row.

    :raises TypeError: it is none of what it may be, or names what the model does not have, or has as bytes.
    """
    if isinstance(data, (list, tuple, set, frozenset)) and all(isinstance(name, str) for name in data):
        for name in data:
            if isinstance(find_field(model, name), BinaryField):
                raise TypeError(
                    f"Expected columns that JSON can have, got {name!r} of {model._meta.label}, which has bytes. "
                    "How they are written is a function's to say: data=lambda row: {...}."
                )
        return Named(model, data)
    if isroutine(data) or isinstance(data, partial):
        return _computed(data)
    if isinstance(data, type) or get_origin(data) is not None or is_registered(data):
        if is_unchecked(data):
            raise TypeError(f"Expected {_EXPECTED} as data, got {data!r}, which names nothing.")
        if is_serializer(data):  # which reads the row by itself
            kind = find(data)
            refuse_arguments(data, "instance")
            return Computed(kind.dump, kind)
        return Typed(model, find_received(data))
    if callable(data) and type(data).__module__ not in _TYPING:
        return _computed(data)
    raise TypeError(f"Expected {_EXPECTED} as data, got {data!r}.")


def _computed(function: Callable[[Any], Any]) -> Computed:
    if runs_on_loop(function):
        raise TypeError(f"Expected a plain function as data, since saving does not wait for others, got {function!r}.")
    reply = read_types(function).reply
    return Computed(function, reply_type(function), None if reply is None else reply.dump)
