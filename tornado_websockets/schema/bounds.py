"""How many values of a client a type is given that finds all which is wrong, or makes sets of them."""

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import accumulate
from math import inf
from typing import Any, Final

from ..core.protocol.outline import brackets, commas, containers
from ..exceptions import Refused
from .protocol import Type, invalid

#: Values that are given to what finds all that is wrong: pydantic, forms, and serializers of Django REST framework, to
#: which each wrong one costs up to 60 µs and 2.5 kB. Half a million fit into a megabyte.
MAX_VALUES: Final = 5000

#: The same where sets are made of numbers or tuples, or dicts have them as keys. A client can choose some with one
#: hash, of which each is compared with all others: of so many numbers, or a third of it in pairs, that takes 0.1 s.
MAX_IN_SETS: Final = 3000

#: The same of UUIDs and ``Decimal``, which take longer to compare.
MAX_IN_SETS_OF_UUIDS: Final = 1500

#: The same of whatever is compared by Python code, such as networks, fractions and frozen models: 200 take up to 50 ms.
MAX_IN_SETS_OF_OBJECTS: Final = 200

#: Arrays and objects that texts may open of which nothing but JSON is made, as many as a message may by default.
MAX_IN_TEXTS: Final = 50_000

#: What a JSON text begins with that has others in it, what it ends with then, and spaces before and behind that.
_CLOSING: Final = {"[": "]", "{": "}", '"': '"'}
_SPACES: Final = " \t\n\r"

#: Characters of all keys on the way to a value, above which it has a long path: each error there repeats them.
LONG_PATH: Final = 1000

#: How many there may be at all: a model without any of its hundred fields is a hundred errors.
MAX_PATH: Final = 20_000


class Bounded:
    """A type that is asked about so many values as :func:`most_values` says.

    :param kind: the type itself. Where values in texts count, too, it has an attribute ``counts_texts = True``.
    """

    def __init__(self, kind: Type) -> None:
        self._kind = kind
        self.may_block = bool(getattr(kind, "may_block", False))
        self.schema = kind.schema
        self.dump = kind.dump

    def validate(self, data: Any) -> Any:
        """See :class:`.protocol.Type`."""
        most = most_values(self._kind)
        if has_more_values(data, most):
            raise _too_many(most)
        if getattr(self._kind, "counts_texts", False):
            _with_texts(data, most)
        return self._kind.validate(data)


def most_values(kind: Type) -> float:
    """How many values a type is asked about: its ``max_values``, or :data:`MAX_VALUES` if it finds all wrong ones."""
    most: float | None = getattr(kind, "max_values", None)
    if most is not None:
        return most
    return MAX_VALUES if getattr(kind, "finds_all", False) else inf


def _with_texts(data: Any, most: float) -> list[Any]:
    """``data``, what the texts in them are as JSON, and the texts in that.

    :raises Refused: they have more than ``most`` values in all.
    """
    every, left = [data], most
    for each in every:
        for text in filter(_may_have_values, _scalars(each)):
            if not text.lstrip(_SPACES).startswith('"'):  # it is one text, or no JSON
                left -= commas(text)
            if left < 0:
                raise _too_many(most)
            with suppress(ValueError, RecursionError):  # it is no JSON, or pydantic takes none that nests so
                every.append(json.loads(text, object_pairs_hook=_with_all_values, parse_int=str, parse_float=str))
    if has_more_values(every, most + len(every)):
        raise _too_many(most)
    return every


def _may_have_values(each: Any) -> bool:
    text = each.strip(_SPACES) if isinstance(each, str) else ""
    return len(text) > 1 and text[-1] == _CLOSING.get(text[0])


def _scalars(data: Any) -> Iterator[Any]:
    """Each text, number and name in ``data``, at any depth."""
    waiting = [data]
    for each in waiting:
        if isinstance(each, dict):
            waiting += each
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
        else:
            yield each


def _with_all_values(pairs: list[tuple[str, Any]]) -> Any:
    """An object, in which a name may come twice: pydantic looks at each of its values."""
    made = dict(pairs)
    return made if len(made) == len(pairs) else [list(pair) for pair in pairs]


def has_more_values(data: Any, most: float, longest_path: float = inf) -> bool:
    """Whether there are more than ``most`` values in the arrays and objects of ``data``, which are JSON.

    An array or an object within another is one of them. No more than ``most`` are looked at.

    :param longest_path: more characters than these in the keys that lead to a value count as too many values.
    """
    waiting = [(data, longest_path)] if isinstance(data, (dict, list)) else []
    for each, room in waiting:
        most -= len(each)
        if most < 0:
            return True
        if isinstance(each, dict):
            if max(map(len, each), default=0) > room:
                return True
            for key, value in each.items():
                if isinstance(value, (dict, list)):
                    waiting.append((value, room - len(key)))
        else:
            for value in each:
                if isinstance(value, (dict, list)):
                    waiting.append((value, room))  # noqa: PERF401 this is faster for the few that most messages have
    return False


def count_values(data: Any, *, hides: bool) -> int:
    """How many values there are in the arrays and objects of ``data``, which are JSON.

    :param hides: whether texts in ``data`` are decoded as JSON of their own, and have some as well.
    """
    waiting = _with_texts(data, inf) if hides else [data]
    count = 0
    for each in waiting:
        if isinstance(each, (dict, list)):
            count += len(each)
            waiting += each.values() if isinstance(each, dict) else each
    return count


def has_long_path(data: Any, *, hides: bool) -> bool:
    """Whether the keys that lead to a value in ``data`` have more than :data:`LONG_PATH` characters.

    :param hides: whether texts in ``data`` are decoded as JSON of their own.
    :raises Refused: they have more than :data:`MAX_PATH`.
    """
    hides = hides and any(isinstance(each, str) and len(each) > LONG_PATH for each in _scalars(data))
    every = _with_texts(data, inf) if hides else [data]
    is_long = any(has_more_values(each, inf, LONG_PATH) for each in every)
    if is_long and any(has_more_values(each, inf, MAX_PATH) for each in every):
        raise invalid([("", f"Expected keys of at most {MAX_PATH:,} characters on the way to a value, got more.")])
    return is_long


def refuse_crowded_texts(data: Any) -> None:
    """Raise ``Refused`` where the texts in ``data`` open more than :data:`MAX_IN_TEXTS` arrays and objects."""
    texts = [each for each in _scalars(data) if isinstance(each, str)]
    if sum(map(len, texts)) > MAX_IN_TEXTS and sum(containers(brackets(each)) for each in texts) > MAX_IN_TEXTS:
        raise invalid([("", f"Expected at most {MAX_IN_TEXTS:,} arrays and objects in texts, got more.")])


def refuse_many_fields(counts: Iterable[int]) -> None:
    """Raise ``Refused`` where more than :data:`MAX_VALUES` fields would be asked, whether their values came or not.

    :param counts: how many are asked for each object in the data. No more of them are looked at than it takes.
    """
    if any(total > MAX_VALUES for total in accumulate(counts)):
        raise _too_many(MAX_VALUES)


def _too_many(most: float) -> Refused:
    return invalid([("", f"Expected at most {most:,} values, got more.")])
