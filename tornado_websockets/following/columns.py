"""The columns of a model: which a name means, and what their values look like in JSON."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import cached_property
from inspect import getattr_static
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.db import models
from django.utils.functional import cached_property as django_cached_property

from ..schema.protocol import JSON_VALUE

if TYPE_CHECKING:
    from ..schema.protocol import Schema

#: The first that a field is an instance of says what ``DjangoJSONEncoder`` makes of its values.
_KINDS: Final[tuple[tuple[type[Any], Schema], ...]] = (
    (models.BooleanField, {"type": "boolean"}),
    (models.IntegerField, {"type": "integer"}),
    (models.FloatField, {"type": "number"}),
    (models.DateTimeField, {"type": "string", "format": "date-time"}),
    (models.DateField, {"type": "string", "format": "date"}),
    (models.TimeField, {"type": "string", "format": "time"}),
    (models.UUIDField, {"type": "string", "format": "uuid"}),
    (models.EmailField, {"type": "string", "format": "email"}),
    (models.URLField, {"type": "string", "format": "uri"}),
    (models.JSONField, JSON_VALUE),
    (models.CharField, {"type": "string"}),
    (models.TextField, {"type": "string"}),
    (models.FileField, {"type": "string"}),
    (models.DecimalField, {"type": "string"}),
    (models.DurationField, {"type": "string"}),
    (models.GenericIPAddressField, {"type": "string"}),
)

#: The first that a field is an instance of says of which type the values are that Django loads.
_TYPES: Final[tuple[tuple[type[Any], type], ...]] = (
    (models.BooleanField, bool),
    (models.IntegerField, int),
    (models.FloatField, float),
    (models.DecimalField, Decimal),
    (models.DateTimeField, dt.datetime),
    (models.DateField, dt.date),
    (models.TimeField, dt.time),
    (models.DurationField, dt.timedelta),
    (models.UUIDField, UUID),
    (models.CharField, str),
    (models.TextField, str),
)

#: Fields to which any value is one as it stands.
_ANY: Final = (models.FileField, models.JSONField, models.BinaryField)


class Column:
    """One column of a table.

    :ivar attname: the attribute of a row that has its value: ``room_id``.
    :ivar name: of its field: ``room``.
    :ivar is_generated: whether the database computes it at each save.
    """

    def __init__(self, field: Any) -> None:
        self.attname: str = field.attname
        self.name: str = field.name
        self.is_generated = bool(getattr(field, "generated", False))
        self._field = field

    def is_among(self, names: Any) -> bool:
        """Whether it is one of ``names``, by either of its own."""
        return self.name in names or self.attname in names

    def read(self, value: Any) -> Any:
        """What its field makes of a value, such as a ``UUID`` of a text; it never fails: saves and deletions ask it."""
        try:
            if type(value) is self.exact or value is None or self._stands(value):
                return value
            is_float = self.exact is Decimal and isinstance(value, float)
            return self._kind.to_python(str(value) if is_float else value)  # with the places that it is written with
        except Exception:  # the database has taken it, as whatever
            return value

    @cached_property
    def exact(self) -> type | None:
        """The type of values that need not be read; ``None`` where none is known."""
        return next((exact for kind, exact in _TYPES if isinstance(self._kind, kind)), None)

    @cached_property
    def _kind(self) -> Any:
        """Looked for at the first value: a relation may name a model that comes later than who follows."""
        return _holder(self._field)

    def _stands(self, value: Any) -> bool:
        """Whether a value is taken as it is."""
        if self._takes_all or hasattr(value, "resolve_expression"):
            return True
        if isinstance(value, str):
            return self.exact is str
        return hasattr(self._kind, "from_db_value")  # a field of its own values, of which its base may know nothing

    @cached_property
    def _takes_all(self) -> bool:
        return isinstance(self._kind, _ANY) or type(self._kind).to_python is models.Field.to_python


def _holder(field: Any) -> Any:
    """The field that says what the values of ``field`` are: of a relation the other row's, of what is computed its."""
    target = getattr(field, "target_field", None) or field
    return _holder(target) if target is not field else getattr(field, "output_field", None) or field


def find_field(model: type[Any], name: str) -> Any:
    """The field with a column that ``name`` means: ``"room"`` and ``"room_id"`` are one, ``"pk"`` is the key."""
    if name == "pk":
        return model._meta.pk
    return next((field for field in model._meta.concrete_fields if name in (field.name, field.attname)), None)


def is_property(model: type[Any], name: str) -> bool:
    """Whether ``name`` is a property of the rows."""
    found = getattr_static(model, name, None)
    return isinstance(found, (property, cached_property, django_cached_property))


def describe(field: Any) -> Schema:
    """What the values of a field look like."""
    target = getattr(field, "target_field", None) or field
    if target is not field:
        schema = describe(target)
    else:
        holder = _holder(field)
        schema = next((schema for kind, schema in _KINDS if isinstance(holder, kind)), JSON_VALUE)
    return {"anyOf": [schema, {"type": "null"}]} if field.null and schema is not JSON_VALUE else schema
