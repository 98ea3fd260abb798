"""The columns of a model: which a name means, and what their values look like in JSON."""

from __future__ import annotations

from functools import cached_property
from inspect import getattr_static
from typing import TYPE_CHECKING, Any, Final

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

#: Fields to which a text is a value as it stands.
_TEXTS: Final = (models.CharField, models.TextField, models.FileField, models.JSONField, models.BinaryField)


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

    def read(self, text: str) -> Any:
        """What its field makes of a text, such as a ``UUID``; it never fails, since deletions and saves ask for it."""
        try:
            return text if self._is_text else self._kind.to_python(text)
        except Exception:  # the database has taken it, as whatever
            return text

    @cached_property
    def _kind(self) -> Any:
        """Looked for at the first text: a relation may name a model that comes later than who follows."""
        return _holder(self._field)

    @cached_property
    def _is_text(self) -> bool:
        return isinstance(self._kind, _TEXTS) or type(self._kind).to_python is models.Field.to_python


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
