"""All that pydantic's ``TypeAdapter`` knows: models, dataclasses, ``TypedDict``, ``Annotated`` and more."""

from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError, PydanticUndefinedAnnotation, PydanticUserError

from .protocol import Schema, invalid, path_of

#: Errors that are looked at one by one. pydantic finds all there are, and makes an object of each that is asked for:
#: for a megabyte that holds some 100,000 wrong values, that would take three times as long as finding them.
MOST_ERRORS: Final = 1000


class PydanticType:
    """A type that pydantic validates.

    :raises TypeError: pydantic does not know what to do with it.
    """

    def __init__(self, annotation: Any) -> None:
        try:
            self._adapter: TypeAdapter[Any] = TypeAdapter(annotation)
        except (PydanticUserError, PydanticUndefinedAnnotation) as error:
            hint = " Or give its class a model_config that allows it." if _is_arbitrary(error) else ""
            raise TypeError(f"pydantic cannot use {annotation!r}: {error.message}{hint}") from error
        self._validate = self._adapter.validate_python

    def validate(self, data: Any) -> Any:
        """See :class:`.protocol.Type`."""
        try:
            return self._validate(data)
        except ValidationError as error:
            if (count := error.error_count()) > MOST_ERRORS:
                raise invalid([("", f"{count} values do not fit.")]) from None
            errors = error.errors(include_url=False, include_context=False, include_input=False)
            raise invalid((path_of(each["loc"]), each["msg"]) for each in errors) from None

    def schema(self, *, is_sent: bool) -> Schema:
        """See :class:`.protocol.Type`."""
        return self._adapter.json_schema(mode="serialization" if is_sent else "validation")

    def dump(self, value: Any) -> Any:
        """See :class:`.protocol.Type`. What is none of the type is sent as it is."""
        return self._adapter.dump_python(value, mode="json", by_alias=True, warnings=False)


def _is_arbitrary(error: Exception) -> bool:
    return isinstance(error, PydanticSchemaGenerationError)
