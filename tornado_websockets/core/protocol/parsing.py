"""The text of a JSON value -> the value, strictly: by Python, or by something faster that gives the same answers."""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, NoReturn

from . import outline

_WHITESPACE: Final = " \t\n\r"
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")

#: Characters above which numbers are looked at all together: to call Python for each one takes 130 ms for a megabyte.
#: Below, nothing is much faster than Python.
_LONG: Final = 256

#: What comes of a text that is not what was expected, where somebody else may have written it: anything may be in it.
UNREADABLE: Final = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)


class OutOfRange(ValueError):
    """A number is none that JSON or a float can hold; but for it, the text may be JSON."""


class Unsendable(ValueError):
    """It is JSON, but has half of a surrogate pair or a number that is too large, which nobody can send on.

    :ivar value: what it says.
    """

    def __init__(self, value: Any) -> None:
        super().__init__("there is half of a surrogate pair, or a number that is too large")
        self.value = value


def _refuse_constant(name: str) -> NoReturn:
    raise OutOfRange(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise OutOfRange(f"{text} is too large")
    return value


_decoder = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)
_decoder_of_long = json.JSONDecoder(parse_constant=_refuse_constant)


def by_python(text: str) -> Any:
    """The value of a JSON text.

    :raises ValueError: it is none; :class:`OutOfRange` and :class:`Unsendable` where that is all that is wrong.
    :raises RecursionError: it nests too deeply for Python.
    """
    text = text.strip(_WHITESPACE)
    decoder = _decoder if len(text) <= _LONG else _decoder_of_long
    try:
        # What decode() does, without its two regular expressions.
        value, end = decoder.scan_once(text, 0)  # type: ignore[attr-defined]
    except StopIteration as error:
        raise ValueError(f"there is no value at {error.value}") from None
    if end != len(text):
        raise ValueError("there is something after the value")
    if "\\" in text and _SURROGATE.search(text) and outline.has_half_a_pair(text):
        raise Unsendable(value)
    if decoder is _decoder_of_long and outline.has_infinity(text, value):
        raise Unsendable(value)
    return value


class Parser:
    """Reads JSON.

    :ivar fast: reads most of what is long, faster than Python does; it raises ``ValueError`` or ``RecursionError`` at
        the rest, as strictly as :func:`by_python` or more so. ``None`` where nothing does.
    """

    __slots__ = ("fast",)

    def __init__(self) -> None:
        self.fast: Callable[[str], Any] | None = None

    def __call__(self, text: str) -> Any:
        """The value of a JSON text; errors as of :func:`by_python`."""
        if self.fast is not None and len(text) > _LONG and not outline.has_exponents(text):
            with suppress(ValueError, RecursionError):
                return self.fast(text)
        return by_python(text)


#: That of this process.
parse: Final = Parser()


def parse_foreign(text: str, max_depth: int = 100) -> Any:
    """The value of a JSON text that has come by a store or a layer, where anybody may have written it.

    Half of a surrogate pair is taken, as applications may send it.

    :raises UNREADABLE: it is no JSON, or has a number that JSON has not, or nests more deeply than ``max_depth``.
    """
    if outline.depth(outline.brackets(text)) > max_depth:
        raise ValueError("it nests too deeply")
    try:
        return parse(text)
    except Unsendable as error:
        if outline.has_infinity(text, error.value):
            raise
        return error.value
