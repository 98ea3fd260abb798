"""Which adapter knows a type: a project's own, Django's forms, its REST framework, msgspec; pydantic knows the rest.

An annotation that is one of theirs has loaded them already; nothing is imported to find out.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import product
from typing import Any, Final, get_args, get_origin

from .protocol import Type

#: Makes a type of an annotation that it knows; ``None`` is for the others.
Maker = Callable[[Any], Type | None]

INSTALL: Final = "pip install 'django-tornado-websockets-channels[types]'"

_makers: list[Maker] = []


def register(maker: Maker) -> Maker:
    """Let a project say what it means by an annotation; the last one that is registered is asked first.

    :param maker: is called with an annotation, and returns a :class:`Type`, or ``None`` for what it does not know.
        It must be registered before the handlers that it is for.
    :returns: the same.
    """
    _makers.insert(0, maker)
    return maker


def find(annotation: Any) -> Type:
    """The type that ``annotation`` stands for.

    :raises TypeError: nobody knows it.
    """
    names = _names_of(annotation)
    meant = names[-1]
    for maker, name in (*product(_makers, names), (_form, meant), (_serializer, meant), (_struct, meant)):
        known = maker(name)
        if known is not None:
            return known
    if is_class(meant, "django.db.models.base", "Model"):
        raise TypeError(f"{meant!r} is a model: take a form of it, a serializer, or a type that has its fields.")
    if is_form(type(meant)) or is_serializer(type(meant)):
        raise TypeError(f"Expected a class, got an instance of it: write {type(meant).__name__} without brackets.")
    try:
        from .pydantic import PydanticType
    except ImportError as error:
        raise TypeError(f"{annotation!r} needs pydantic 2.13 or newer, which is not installed: {INSTALL}.") from error
    return PydanticType(annotation)


def find_received(annotation: Any) -> Type:
    """The type that ``annotation`` stands for, where something is to be validated by it.

    :raises TypeError: nobody knows it, or nothing would be valid.
    """
    kind = find(annotation)
    check = getattr(kind, "check_received", None)
    if check is not None:
        check()
    return kind


def is_registered(annotation: Any) -> bool:
    """Whether a project has said what it means by ``annotation``."""
    return any(maker(annotation) is not None for maker in _makers)


def is_class(annotation: Any, module: str, name: str) -> bool:
    """Whether ``annotation`` is a class below the one of that name, whose module need not be loaded."""
    base = getattr(sys.modules.get(module), name, None)
    return base is not None and isinstance(annotation, type) and issubclass(annotation, base)


def mentions(annotation: Any, is_it: Callable[[Any], bool]) -> bool:
    """Whether ``annotation`` is such, or something that it is made of: before its brackets, in them, or by a name."""
    return any(map(is_it, _parts_of(annotation, [])))


def _parts_of(annotation: Any, seen: list[Any]) -> Iterator[Any]:
    """``annotation``, and what it is made of, each once: an alias may be in itself."""
    if annotation is None or any(annotation is each for each in seen):
        return
    seen.append(annotation)
    yield annotation
    for part in (get_origin(annotation), *get_args(annotation), _meaning_of(annotation)):
        yield from _parts_of(part, seen)


def _names_of(annotation: Any) -> list[Any]:
    """``annotation``, and what it is another name of, as an alias and a ``NewType`` are; that may be one as well."""
    names = [annotation]
    while (meant := _meaning_of(names[-1])) is not None and not any(meant is each for each in names):
        names.append(meant)
    return names


def _meaning_of(annotation: Any) -> Any:
    """What an alias or a ``NewType`` stands for; ``None`` where it is neither, or that cannot be told."""
    if get_origin(annotation) is None:  # else it has the attributes of what is before its brackets
        with suppress(Exception):  # the value of an alias is evaluated when somebody wants it
            return getattr(annotation, "__value__", None) or getattr(annotation, "__supertype__", None)
    return None


def is_struct(annotation: Any) -> bool:
    """Whether it is a ``msgspec.Struct``."""
    return is_class(annotation, "msgspec", "Struct")


def is_form(annotation: Any) -> bool:
    """Whether it is one of Django's forms."""
    return is_class(annotation, "django.forms.forms", "BaseForm")


def is_serializer(annotation: Any) -> bool:
    """Whether it is a serializer of Django REST framework."""
    return is_class(annotation, "rest_framework.serializers", "BaseSerializer")


def _named(annotation: Any, is_it: Callable[[Any], bool]) -> Any:
    """``annotation`` itself, or what is noted beside it: ``Annotated[dict[str, Any], SayForm]``."""
    every = (annotation, *getattr(annotation, "__metadata__", ()))
    return next(filter(is_it, every), None)


def _form(annotation: Any) -> Type | None:
    form = _named(annotation, is_form)
    if form is None:
        return None
    from .forms import FormType

    return FormType(form)


def _serializer(annotation: Any) -> Type | None:
    serializer = _named(annotation, is_serializer)
    if serializer is None:
        return None
    from .rest_framework import SerializerType

    return SerializerType(serializer)


def _struct(annotation: Any) -> Type | None:
    if not mentions(annotation, is_struct):
        return None
    from .msgspec import StructType

    return StructType(annotation)
