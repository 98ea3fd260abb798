"""``msgspec.Struct``, and what has some in it."""

import re
from functools import cached_property
from typing import Any

import msgspec
from msgspec import convert, inspect

from .bounds import refuse_alike
from .protocol import JSON_VALUE, Schema, invalid

#: What msgspec says, and where: "Expected `int`, got `str` - at `$.items[0].price`", or "at `key` in `$.counts`".
_ERROR = re.compile(r"(?P<message>.*?)(?: - at (?P<key>`key` in )?`\$(?P<path>[^`]*)`)?", re.DOTALL)
#: It gives the number of what is in a list, and of what is in a dict that it is in one.
_INDEX = re.compile(r"\[(?:(\d+)|\.\.\.)\]")
#: Where a field is missing, or is one too many, msgspec gives the place of the object alone.
_FIELD = re.compile(r"Object (?:missing required|contains unknown) field `(.*)`", re.DOTALL)


class StructType:
    """A type that msgspec converts to; it stops at the first thing that is wrong.

    :raises TypeError: msgspec does not know what to do with it.
    """

    def __init__(self, annotation: Any) -> None:
        self._annotation = annotation
        try:
            msgspec.json.Decoder(annotation)  # which looks at all of it
        except NameError as error:
            raise TypeError(f"msgspec cannot use {annotation!r}: {error}") from error

    @cached_property
    def _hashes(self) -> bool:
        """Whether sets are made, or dicts by what is no text."""
        return _hashes(inspect.type_info(self._annotation), set())

    def validate(self, data: Any) -> Any:
        """See :class:`.protocol.Type`."""
        if self._hashes:
            refuse_alike(data)
        try:
            return convert(data, self._annotation, str_keys=True)  # JSON has no others
        except msgspec.ValidationError as error:
            found = _ERROR.fullmatch(str(error))
            assert found is not None  # noqa: S101 it matches every text
            path = _INDEX.sub(lambda index: f".{index[1] or '*'}", found["path"] or "")
            if (field := _FIELD.fullmatch(found["message"])) is not None:
                path = f"{path}.{field[1]}"
            message = f"{found['message']} as a key" if found["key"] else found["message"]
            raise invalid([(path.removeprefix("."), message)]) from None

    def schema(self, *, is_sent: bool) -> Schema:  # noqa: ARG002 it is the same in both directions
        """See :class:`.protocol.Type`."""
        try:
            return msgspec.json.schema(self._annotation, schema_hook=lambda _: dict(JSON_VALUE))
        except (TypeError, ValueError, KeyError):  # a default that is no JSON, or two classes of one name
            return dict(JSON_VALUE)

    def dump(self, value: Any) -> Any:
        """See :class:`.protocol.Type`."""
        return msgspec.to_builtins(value)


def _hashes(info: inspect.Type | inspect.Field, seen: set[int]) -> bool:
    if isinstance(info, (inspect.SetType, inspect.FrozenSetType)):
        return True
    if isinstance(info, inspect.DictType) and not isinstance(info.key_type, (inspect.StrType, inspect.AnyType)):
        return True
    if id(info) in seen:
        return False
    seen.add(id(info))
    values = (getattr(info, name) for name in info.__struct_fields__)
    every = (each for value in values for each in (value if isinstance(value, tuple) else (value,)))
    return any(_hashes(each, seen) for each in every if isinstance(each, (inspect.Type, inspect.Field)))
