"""What a handler's annotations say: of its ``data``, which is checked, and of its reply."""

import dataclasses
import sys
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Generator,
    Iterable,
    Iterator,
    Mapping,
    MutableMapping,
)
from enum import Enum
from functools import partial
from importlib.util import find_spec
from inspect import Parameter
from math import inf
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints, is_typeddict

from ..core.handlers.guarding import Types
from ..core.handlers.signatures import is_generator_function, runs_on_loop, signature_of
from .bounds import Bounded, most_values
from .protocol import Type
from .registry import find, find_received, is_class, is_form, is_registered, is_serializer, is_struct, mentions

_ANYTHING = (Any, object)
_OBJECTS = (dict, Mapping, MutableMapping)
_NO_OBJECTS = (bool, bytes, float, frozenset, int, list, NoneType, set, str, tuple)
_AWAITED: tuple[Any, ...] = (Awaitable, Coroutine, Generator)
_ITERATED: tuple[Any, ...] = (AsyncGenerator, AsyncIterable, AsyncIterator, Generator, Iterable, Iterator)


class _Unknown:
    """Stands for an annotation that cannot be resolved."""


def read_types(callback: Callable[..., Any]) -> Types:
    """What ``callback`` says of its data and of its reply, where that is more than "an object".

    :raises TypeError: its ``data`` are annotated with what cannot be checked.
    """
    owner, parameters = signature_of(callback)
    data = next((parameter.annotation for parameter in parameters if parameter.name == "data"), Parameter.empty)
    return Types(_data_type(owner, data), _dumping_type(_returned(callback, owner)))


def answers_in_parts(callback: Callable[..., Any]) -> bool:
    """Whether a handler is a generator, or hands on what one makes, as decorators do."""
    owner, _ = signature_of(callback)
    return is_generator_function(owner) and not runs_on_loop(callback)


def reply_type(callback: Callable[..., Any]) -> Type | None:
    """What the reply of a handler, or each part of it, looks like, for whoever describes it.

    ``None`` where nobody knows.
    """
    annotation = _returned(callback, signature_of(callback)[0])
    if annotation is _Unknown or _is_anything(annotation):
        return None
    try:
        return find(annotation)
    except TypeError:
        return None


def says_nothing(callback: Callable[..., Any]) -> bool:
    """Whether a handler is annotated to return ``None``."""
    return _returned(callback, signature_of(callback)[0]) is NoneType


def is_unchecked(annotation: Any) -> bool:
    """Whether any object will do: ``dict``, ``Mapping``, ``dict[str, Any]``, ``Any``, nothing, or some of them."""
    meant = getattr(annotation, "__value__", None) or getattr(annotation, "__supertype__", None)
    if meant is not None:  # ``type Data = ...`` or ``NewType("Data", ...)``
        return not is_registered(annotation) and is_unchecked(meant)
    if annotation is Parameter.empty or annotation is NoneType or _is_anything(annotation):
        return True
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Union or origin is UnionType:
        return all(map(is_unchecked, arguments))
    if not any((origin or annotation) is kind for kind in _OBJECTS):
        return False
    return not arguments or (_is_anything(arguments[1]) and (arguments[0] is str or _is_anything(arguments[0])))


def _is_anything(annotation: Any) -> bool:
    return any(annotation is each for each in _ANYTHING)


def _data_type(owner: Callable[..., Any], annotation: Any) -> Type | None:
    try:
        resolved = _resolve(annotation, owner)
        is_any = is_unchecked(resolved)  # the value of an alias is evaluated here
    except Exception as error:
        if find_spec("pydantic") is None:
            return None
        raise TypeError(
            f"The annotation {annotation!r} of data in {owner!r} cannot be resolved: {error}. "
            "Import what it names where the function is, and not for type checkers alone."
        ) from error
    if is_any:
        return None
    kinds = get_args(resolved) if get_origin(resolved) in (Union, UnionType) else (resolved,)
    if all((get_origin(kind) or kind) in _NO_OBJECTS and not is_registered(kind) for kind in kinds):
        raise TypeError(
            f"Expected a type of an object for data in {owner!r}, which is what clients send, got {resolved!r}: "
            "take one that has it as a field."
        )
    try:
        kind = find_received(resolved)
        is_bounded = getattr(kind, "finds_all", False) or most_values(kind) < inf  # pydantic may not know how many yet
        return Bounded(kind) if is_bounded else kind
    except TypeError as error:
        raise TypeError(f"The annotation of data in {owner!r} cannot be used: {error}") from error


def _dumping_type(annotation: Any) -> Type | None:
    """The type of the reply, if there may be something in it that JSON does not know."""
    if annotation is _Unknown or not mentions(annotation, partial(_is_structured, seen=set())):
        return None
    try:
        return find(annotation)
    except TypeError:  # no annotation but that of data matters
        return None


def _is_structured(annotation: Any, seen: set[Any]) -> bool:
    if is_typeddict(annotation) and annotation not in seen:
        seen.add(annotation)
        try:
            hints = get_type_hints(annotation).values()
        except Exception:
            return False
        return any(mentions(hint, partial(_is_structured, seen=seen)) for hint in hints)
    if is_registered(annotation):
        return True
    if not isinstance(annotation, type):
        return False
    is_model = is_class(annotation, "pydantic", "BaseModel") or is_struct(annotation) or is_serializer(annotation)
    return is_model or is_form(annotation) or dataclasses.is_dataclass(annotation) or issubclass(annotation, Enum)


def _returned(callback: Callable[..., Any], owner: Callable[..., Any]) -> Any:
    """What awaiting the result of ``callback`` gives, or each part of that, as the annotation of ``owner`` says."""
    annotation = _annotations(owner).get("return", Any)
    try:
        resolved = _resolve(annotation, owner)
    except Exception:
        return _Unknown
    origin, arguments = get_origin(resolved), get_args(resolved)
    if answers_in_parts(callback):
        return arguments[0] if origin in _ITERATED and arguments else _Unknown
    return arguments[-1] if origin in _AWAITED and arguments else resolved


def _resolve(annotation: Any, owner: Callable[..., Any]) -> Any:
    """``annotation`` with the names in it looked up where ``owner`` was written."""
    if annotation is Parameter.empty:
        return annotation

    def holder() -> None: ...

    holder.__annotations__ = {"it": annotation}
    return get_type_hints(holder, getattr(owner, "__globals__", {}), include_extras=True)["it"]


def _annotations(function: Any) -> Mapping[str, Any]:
    if sys.version_info >= (3, 14):  # which evaluates them when they are asked for: most do not matter
        from annotationlib import Format, get_annotations

        return get_annotations(function, format=Format.FORWARDREF)
    return getattr(function, "__annotations__", {})
