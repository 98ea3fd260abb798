"""What can be read off the text of a message in C's time, a pass or two: brackets, commas, half pairs, infinities.

Each function takes a few milliseconds for a megabyte, whatever is in it, where a walk over the decoded value takes up
to 150. What is not JSON gets some answer or other.
"""

import marshal
import re
from array import array
from itertools import accumulate
from typing import Any

#: Texts of so many characters are dealt with sooner than thought about.
SHORT = 4096

_NO_BRACKETS_OR_QUOTES = bytes(set(range(256)) - set(b'[]{}"'))
_NO_COMMAS_OR_QUOTES = bytes(set(range(256)) - set(b',"'))
_ALIKE = bytes.maketrans(b"{}", b"[]")
_STEPS = bytes.maketrans(b"[]", b"\x01\xff")  # 1 and -1, as signed bytes

# A surrogate's escape whose other half is not beside it. Two high ones in a row are no pair, and no low one can follow
# the high one of another pair, so that to look at one neighbour is enough.
_HALF_A_PAIR = re.compile(
    r"""\\u[dD](?:
        [89abAB]..(?!\\u[dD][c-fC-F])
        | [c-fC-F](?<!\\u[dD][89abAB]..\\u[dD].)
    )""",
    re.VERBOSE,
)

_EXPONENTS = bytes.maketrans(b"123456789E", b"000000000e")
_LONG_EXPONENT, _LONG_NUMBER = b"e000", b"0" * 200  # with a shorter exponent, overflow takes 209 digits before it
_INFINITY = re.compile(rb"g\0{6}\xf0[\x7f\xff]")  # as marshal writes it


def brackets(text: str) -> bytes:
    """The brackets of a JSON text that are not within its strings, in their order."""
    return _outside_strings(text, _NO_BRACKETS_OR_QUOTES)


def commas(text: str) -> int:
    """How many commas of a JSON text are not within its strings: so many values it has at least."""
    return len(_outside_strings(text, _NO_COMMAS_OR_QUOTES))


def containers(brackets: bytes) -> int:
    """How many arrays and objects these brackets open."""
    return brackets.count(b"[") + brackets.count(b"{")


def depth(brackets: bytes) -> int:
    """How many levels of arrays and objects these brackets nest."""
    brackets = brackets.translate(_ALIKE)
    without_leaves = brackets.replace(b"[]", b"")  # most brackets of most messages
    levels = accumulate(array("b", without_leaves.translate(_STEPS)))
    return max(levels, default=0) + (len(without_leaves) < len(brackets))


def has_half_a_pair(text: str) -> bool:
    """Whether a JSON text has the escape of one half of a surrogate pair without the other."""
    if "\\\\" in text:  # no escape begins with the second one of these; a space keeps neighbours apart
        text = text.replace("\\\\", " ")
    return _HALF_A_PAIR.search(text) is not None


def has_exponents(text: str) -> bool:
    """Whether something in ``text`` looks like a number with an exponent of two digits or more.

    To read ``1e300`` takes msgspec 5 µs, thirty times as long as Python.
    """
    numbers = text.encode(errors="surrogatepass").translate(_EXPONENTS, b"+-")
    return b"0e00" in numbers


def has_infinity(text: str, value: Any) -> bool:
    """Whether a number in ``text`` was too large for a float.

    :param value: what :mod:`json` has made of the text.
    """
    numbers = text.encode().translate(_EXPONENTS, b"+")
    if _LONG_EXPONENT not in numbers and _LONG_NUMBER not in numbers:
        return False
    try:
        written = marshal.dumps(value, 2)  # a walk over the value in C
    except ValueError:  # it nests more than 2,000 levels, as only a MAX_DEPTH above that allows
        return True
    if not _INFINITY.search(written):
        return False
    try:  # An integer of many digits may look the same. Any digits of it can be read, but nothing of the type "?".
        marshal.loads(_INFINITY.sub(b"?" * 9, written))  # noqa: S302 we have written it ourselves
    except ValueError:
        return True
    return False


def _outside_strings(text: str, unwanted: bytes) -> bytes:
    """What is left of a JSON text without its strings, and without these characters, which are all but quotes."""
    raw = text.encode(errors="surrogatepass")
    if b"\\" in raw:  # then each quote that is left begins or ends a string
        raw = raw.replace(rb"\\", b"").replace(rb"\"", b"")
    raw = raw.translate(None, unwanted)
    raw = raw.replace(b'""', b"")  # strings without what is wanted; between two with some, there is nothing to lose
    return b"".join(raw.split(b'"')[::2])
