"""How many values of a client a type is given that finds all which is wrong, or makes sets of them."""

import json
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

#: The same where sets are made of tuples, or dicts have them as keys. A client can choose some with one hash, of which
#: each is compared with all others: a thousand pairs take 30 ms.
MAX_IN_SETS_OF_TUPLES: Final = 3000

#: The same of whatever is compared by Python code, such as networks, fractions and frozen models: 200 take up to 50 ms.
MAX_IN_SETS_OF_OBJECTS: Final = 200

#: Numbers with one hash that a message may hold. A set of 5,000 takes 0.2 s to make, or 1.3 where they are UUIDs.
MAX_ALIKE: Final = 100

#: Values among which such numbers are not looked for.
_FEW: Final = 10 * MAX_ALIKE

#: A number whose exponent is longer than that takes Python long to hash; and so many of these may come.
_FAR: Final = 10_000
MAX_FAR: Final = 1000

#: What a text ends with that is such a number.
_EXPONENT: Final = re.compile(r"[eE][+-]?\d{5,}$")

#: Python's hash of a number is what is left of it after division by this.
_MODULUS: Final = sys.hash_info.modulus

#: Characters of a text that may be such a number: as many as the modulus has, and as int() reads at most.
_SHORT, _LONGEST = len(str(_MODULUS)), 4300

#: Arrays and objects that texts may open which are decoded as JSON of their own, as many as a message may by default.
MAX_IN_TEXTS: Final = 50_000

#: What a JSON text begins with that has others in it, and spaces before that.
_OPENING: Final = ("[", "{", '"')
_SPACES: Final = " \t\n\r"

#: Characters of all keys on the way to a value, above which it has a long path: each error there repeats them.
LONG_PATH: Final = 1000

#: How many there may be at all: a model without any of its hundred fields is a hundred errors.
MAX_PATH: Final = 20_000


class Bounded:
    """A type that is asked about so many values: :data:`MAX_VALUES`, unless it has an attribute ``max_values``.

    :param kind: the type itself. Where values in texts count, too, it has an attribute ``counts_texts = True``.
    """

    def __init__(self, kind: Type) -> None:
        self._kind = kind
        self.may_block = bool(getattr(kind, "may_block", False))
        self.schema = kind.schema
        self.dump = kind.dump

    def validate(self, data: Any) -> Any:
        """See :class:`.protocol.Type`."""
        most = getattr(self._kind, "max_values", None) or MAX_VALUES
        if has_more_values(data, min(most, _FEW)):
            if has_more_values(data, most):
                raise _too_many(most)
            refuse_alike(data)
        if getattr(self._kind, "counts_texts", False):
            refuse_crowded_texts(data)
            every = _with_texts(data, most)
            if _have_more_values(every, most):
                raise _too_many(most)
            refuse_alike(every)
        return self._kind.validate(data)


def _with_texts(data: Any, most: float) -> list[Any]:
    """``data``, what the texts in them are as JSON, and the texts in that; no more once there are too many values."""
    every, latest = [data], [data]
    while latest and not _have_more_values(every, most):
        latest = [*_decoded(latest)]
        every += latest
    return every


def _have_more_values(every: list[Any], most: float) -> bool:
    """Whether there are more than ``most`` values in all of these together."""
    return has_more_values(every, most + len(every))


def _decoded(data: Any) -> Iterator[Any]:
    """What each text in ``data`` is as JSON, where that may have others in it."""
    for each in _scalars(data):
        if isinstance(each, str) and each.lstrip(_SPACES).startswith(_OPENING):
            with suppress(ValueError, RecursionError):  # it is no JSON, or pydantic takes none that nests so
                yield json.loads(each, object_pairs_hook=_with_all_values)


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


def has_long_text(data: Any, longest: int) -> bool:
    """Whether some text in ``data``, which are JSON, has more than ``longest`` characters."""
    waiting = [data]
    for each in waiting:
        if isinstance(each, (dict, list)):
            waiting += each.values() if isinstance(each, dict) else each
        elif isinstance(each, str) and len(each) > longest:
            return True
    return False


def has_long_path(data: Any, *, hides: bool) -> bool:
    """Whether the keys that lead to a value in ``data`` have more than :data:`LONG_PATH` characters.

    :param hides: whether texts in ``data`` are decoded as JSON of their own.
    :raises Refused: they have more than :data:`MAX_PATH`.
    """
    every = _with_texts(data, inf) if hides and has_long_text(data, LONG_PATH) else [data]
    is_long = any(has_more_values(each, inf, LONG_PATH) for each in every)
    if is_long and any(has_more_values(each, inf, MAX_PATH) for each in every):
        raise invalid([("", f"Expected keys of at most {MAX_PATH:,} characters on the way to a value, got more.")])
    return is_long


def refuse_alike(data: Any) -> None:
    """Raise ``Refused`` where many numbers in ``data`` have one hash: a set or dict compares each with all others.

    Only who looks for such finds them: numbers below 2 ** 61 have none in common, so only larger ones are looked at.
    """
    if not has_more_values(data, _FEW):
        return
    distinct: Counter[int] = Counter()
    every: Counter[int] = Counter()
    for number, same in groupby(sorted(_large_numbers(data))):
        distinct[hash(number)] += 1
        every[hash(number)] += sum(1 for _ in same)
    compared = sum(count * every[each] for each, count in distinct.items() if count > 1)
    if compared > MAX_ALIKE**2:
        raise invalid(
            [("", f"Expected at most {MAX_ALIKE} large numbers that Python cannot tell apart at once, got more.")]
        )


def _large_numbers(data: Any) -> Iterator[int | Decimal]:
    """Those of which hashes may be the same, and those that texts and names may be read as."""
    far = 0
    for each in _scalars(data):
        if isinstance(each, int):
            if abs(each) >= _MODULUS:
                yield each
        elif isinstance(each, str) and len(each) <= _LONGEST and (len(each) >= _SHORT or _EXPONENT.search(each)):
            with suppress(ValueError):
                yield UUID(each).int
            with suppress(InvalidOperation):
                if (number := Decimal(each)).is_finite():
                    far += abs(number.adjusted()) > _FAR
                    if far > MAX_FAR:
                        raise invalid([("", f"Expected at most {MAX_FAR:,} numbers with long exponents, got more.")])
                    yield number


def refuse_crowded_texts(data: Any) -> None:
    """Raise ``Refused`` where the texts in ``data`` open more than :data:`MAX_IN_TEXTS` arrays and objects."""
    waiting, texts = [data], []
    for each in waiting:
        if isinstance(each, (dict, list)):
            waiting += each.values() if isinstance(each, dict) else each
        elif isinstance(each, str):
            texts.append(each)
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
