"""``msgspec.Struct``, and what has some in it."""

import re
from collections.abc import Iterator
from math import inf
from typing import Any, Final

import msgspec
from msgspec import convert, inspect

from .bounds import MAX_IN_SETS, MAX_IN_SETS_OF_OBJECTS, MAX_IN_SETS_OF_UUIDS
from .protocol import JSON_VALUE, Schema, invalid

#: What msgspec says, and where: "Expected `int`, got `str` - at `$.items[0].price`", or "at `key` in `$.counts`".
_ERROR = re.compile(r"(?P<message>.*?)(?: - at (?P<key>`key` in )?`\$(?P<path>[^`]*)`)?", re.DOTALL)
#: It gives the number of what is in a list, and of what is in a dict that it is in one.
_INDEX = re.compile(r"\[(?:(\d+)|\.\.\.)\]")
#: Where a field is missing, or is one too many, msgspec gives the place of the object alone.
_FIELD = re.compile(r"Object (?:missing required|contains unknown) field `(.*)`", re.DOTALL)

#: Of these there are few, or nobody can choose those with one hash.
_CANNOT_BE_ALIKE: Final = (
    inspect.StrType, inspect.BytesType, inspect.BoolType, inspect.NoneType, inspect.EnumType, inspect.LiteralType,
    inspect.DateType, inspect.TimeType,
)  # fmt: skip

#: What is hashed by its number. What may be anything is what JSON has.
_NUMBERS: Final = (
    inspect.IntType, inspect.FloatType, inspect.DateTimeType, inspect.TimeDeltaType, inspect.AnyType,
)  # fmt: skip
_UUIDS: Final = (inspect.DecimalType, inspect.UUIDType)

#: What is hashed and compared by its members, without calling anything of theirs.
_TUPLES: Final = (
    inspect.TupleType, inspect.VarTupleType, inspect.NamedTupleType, inspect.StructType, inspect.FrozenSetType,
)  # fmt: skip

#: What only stands around some.
_AROUND: Final = (inspect.UnionType, inspect.Field, inspect.Metadata)


class StructType:
    """A type that msgspec converts to; it stops at the first thing that is wrong.

    :ivar max_values: how many values may come of a client: any number, where no sets are made but of texts, nor dicts.
    :raises TypeError: msgspec does not know what to do with it.
    """

    def __init__(self, annotation: Any) -> None:
        self._annotation = annotation
        try:
            msgspec.json.Decoder(annotation)  # which looks at all of it
        except NameError as error:
            raise TypeError(f"msgspec cannot use {annotation!r}: {error}") from error
        hashed = _hashed(inspect.type_info(annotation), set())
        self.max_values = min((_max_beside(each, set()) for each in hashed), default=inf)

    def validate(self, data: Any) -> Any:
        """See :class:`.protocol.Type`."""
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
        except TypeError as error:  # an array as a member of a set[Any], which msgspec does not tell
            raise invalid([("", str(error))]) from None

    def schema(self, *, is_sent: bool) -> Schema:  # noqa: ARG002 it is the same in both directions
        """See :class:`.protocol.Type`."""
        try:
            return msgspec.json.schema(self._annotation, schema_hook=lambda _: dict(JSON_VALUE))
        except (TypeError, ValueError, KeyError):  # a default that is no JSON, or two classes of one name
            return dict(JSON_VALUE)

    def dump(self, value: Any) -> Any:
        """See :class:`.protocol.Type`."""
        return msgspec.to_builtins(value)


def _hashed(info: inspect.Type | inspect.Field, seen: set[int]) -> Iterator[inspect.Type]:
    """The types of the members of all sets in a type, and of the keys of dicts, unless these are texts."""
    if isinstance(info, (inspect.SetType, inspect.FrozenSetType)):
        yield info.item_type
    if isinstance(info, inspect.DictType) and not isinstance(info.key_type, (inspect.StrType, inspect.AnyType)):
        yield info.key_type
    if id(info) not in seen:
        seen.add(id(info))
        for each in _inside(info):
            yield from _hashed(each, seen)


def _max_beside(info: inspect.Type | inspect.Field, seen: set[int]) -> float:
    """How many values may come where some of this type are hashed."""
    if isinstance(info, _CANNOT_BE_ALIKE) or id(info) in seen:
        return inf
    if isinstance(info, (*_NUMBERS, *_UUIDS)):
        return MAX_IN_SETS if isinstance(info, _NUMBERS) else MAX_IN_SETS_OF_UUIDS
    if not isinstance(info, (*_TUPLES, *_AROUND)) or _compares_itself(info):
        return MAX_IN_SETS_OF_OBJECTS
    seen.add(id(info))
    most = MAX_IN_SETS if isinstance(info, _TUPLES) else inf
    return min([most, *(_max_beside(each, seen) for each in _inside(info))])


def _compares_itself(info: inspect.Type | inspect.Field) -> bool:
    """Whether a class of the application's own says what is equal, or its hash."""
    made_as = {inspect.StructType: msgspec.Struct, inspect.NamedTupleType: tuple}.get(type(info))
    kind = getattr(info, "cls", None)
    kind = getattr(kind, "__origin__", kind)  # of a generic one
    return made_as is not None and (kind.__eq__ is not made_as.__eq__ or kind.__hash__ is not made_as.__hash__)


def _inside(info: inspect.Type | inspect.Field) -> Iterator[inspect.Type | inspect.Field]:
    values = (getattr(info, name) for name in info.__struct_fields__)
    every = (each for value in values for each in (value if isinstance(value, tuple) else (value,)))
    return (each for each in every if isinstance(each, (inspect.Type, inspect.Field)))
