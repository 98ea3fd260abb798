"""How many values of a client a type is given that finds all which is wrong."""

import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from itertools import accumulate, groupby
from math import inf
from typing import Any, Final
from uuid import UUID

from ..core.protocol.outline import brackets, containers
from ..exceptions import Refused
from .protocol import Type, invalid

#: Values that are given to what finds all that is wrong: pydantic, forms, and serializers of Django REST framework, to
#: which each wrong one costs up to 60 µs and 2.5 kB. Half a million fit into a megabyte.
MAX_VALUES: Final = 5000

#: Numbers with one hash that a message may hold. A set of 5,000 takes 0.2 s to make, or 1.3 where they are UUIDs.
MAX_ALIKE: Final = 100

#: Values among which such numbers are not looked for.
_FEW: Final = 10 * MAX_ALIKE

#: Python's hash of a number is what is left of it after division by this.
_MODULUS: Final = sys.hash_info.modulus

#: Characters of a text that may be such a number: as many as the modulus has, and as int() reads at most.
_SHORT, _LONGEST = len(str(_MODULUS)), 4300

#: Arrays and objects that a text may open which is decoded as JSON of its own, as many as a message may by default.
MAX_IN_TEXT: Final = 50_000

#: What may be such a number in a JSON text.
_NUMBER: Final = re.compile(rf"[\w.+-]{{{_SHORT},{_LONGEST}}}")

#: Characters of all keys on the way to a value, above which it has a long path: each error there repeats them.
LONG_PATH: Final = 1000


class Bounded:
    """A type that is asked about no more than :data:`MAX_VALUES` values.

    :param kind: the type itself.
    """

    def __init__(self, kind: Type) -> None:
        self._kind = kind
        self.may_block = bool(getattr(kind, "may_block", False))
        self.schema = kind.schema
        self.dump = kind.dump

    def validate(self, data: Any) -> Any:
        """See :class:`.protocol.Type`."""
        if has_more_values(data, _FEW):
            if has_more_values(data, MAX_VALUES):
                raise _too_many()
            refuse_alike(data)
        return self._kind.validate(data)


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


def has_long_text(data: Any, longest: int) -> bool:
    """Whether some text in ``data``, which are JSON, has more than ``longest`` characters."""
    waiting = [data]
    for each in waiting:
        if isinstance(each, (dict, list)):
            waiting += each.values() if isinstance(each, dict) else each
        elif isinstance(each, str) and len(each) > longest:
            return True
    return False


def refuse_alike(data: Any) -> None:
    """Raise ``Refused`` where many numbers in ``data`` have one hash: a set or dict compares each with all others.

    Only who looks for such finds them: numbers below 2 ** 61 have none in common, so only larger ones are looked at.
    """
    if not has_more_values(data, _FEW):
        return
    distinct = (number for number, _ in groupby(sorted(_large_numbers(data))))
    if max(Counter(map(hash, distinct)).values(), default=0) > MAX_ALIKE:
        raise invalid(
            [("", f"Expected at most {MAX_ALIKE} large numbers that Python cannot tell apart at once, got more.")]
        )


def _large_numbers(data: Any) -> Iterator[int | Decimal]:
    """Those of which hashes may be the same, and those that texts and names may be read as."""
    waiting = [data]
    for each in waiting:
        if isinstance(each, dict):
            waiting += each
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
        elif isinstance(each, int):
            if abs(each) >= _MODULUS:
                yield each
        elif isinstance(each, str) and _SHORT <= len(each) <= _LONGEST:
            with suppress(ValueError):
                yield UUID(each).int
            with suppress(InvalidOperation):
                if (number := Decimal(each)).is_finite():
                    yield number


def refuse_crowded_texts(data: Any) -> None:
    """Raise ``Refused`` where a text in ``data`` opens more than :data:`MAX_IN_TEXT` arrays and objects.

    The same where many numbers in it have one hash: see :func:`refuse_alike`.
    """
    waiting = [data]
    for each in waiting:
        if isinstance(each, (dict, list)):
            waiting += each.values() if isinstance(each, dict) else each
        elif isinstance(each, str) and len(each) > _FEW:
            if len(each) > MAX_IN_TEXT and containers(brackets(each)) > MAX_IN_TEXT:
                raise invalid([("", f"Expected at most {MAX_IN_TEXT:,} arrays and objects in a text, got more.")])
            refuse_alike(_NUMBER.findall(each))


def refuse_many_fields(counts: Iterable[int]) -> None:
    """Raise ``Refused`` where more than :data:`MAX_VALUES` fields would be asked, whether their values came or not.

    :param counts: how many are asked for each object in the data. No more of them are looked at than it takes.
    """
    if any(total > MAX_VALUES for total in accumulate(counts)):
        raise _too_many()


def _too_many() -> Refused:
    return invalid([("", f"Expected at most {MAX_VALUES:,} values, got more.")])
