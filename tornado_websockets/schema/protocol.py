"""``Type``: what one kind of data is to be; whoever can say so can type handlers."""

import sys
from collections.abc import Iterable
from inspect import Parameter, signature
from itertools import islice
from traceback import walk_tb
from typing import Any, Final, Protocol

from ..core.protocol.frames import Code
from ..exceptions import Refused

#: A JSON Schema of draft 2020-12, with the definitions that it refers to under ``$defs``.
Schema = dict[str, Any]

#: The path of a value in the data, ``"items.0.price"``, or ``""`` for all of them, and what is wrong with it.
Field = tuple[str, str]

#: Whatever JSON can say.
JSON_VALUE: Final[Schema] = {"type": ["object", "array", "string", "number", "boolean", "null"]}

#: The packages of Django and its REST framework.
_FRAMEWORKS: Final = ("django", "rest_framework")

#: Fields that a refusal names.
MAX_FIELDS: Final = 20

#: Characters of a path, and of what is said of it: a client may have sent keys and values of a megabyte.
MAX_CHARACTERS: Final = 1000


class Type(Protocol):
    """What the data of an event, or of a reply, are to be.

    A type that may wait for a database says so by an attribute ``may_block = True``; it is then asked in a worker
    thread. One that finds all that is wrong, however much that is, says so by ``finds_all = True``; it is then asked
    about no more than :data:`.bounds.MAX_VALUES` values of a client, or ``max_values``, if it has that. One that may be
    of no use for what comes has a method ``check_received()``, which raises ``TypeError`` where a handler is registered
    with it.
    """

    def validate(self, data: Any) -> Any:
        """What a handler gets for ``data``, which have come as JSON.

        :raises Refused: they do not fit; :func:`invalid` makes one. Django's ``ValidationError`` will do as well.
        """

    def schema(self, *, is_sent: bool) -> Schema:
        """What it looks like in JSON.

        :param is_sent: whether the server sends it; else it receives it.
        """

    def dump(self, value: Any) -> Any:
        """What is sent for ``value``: something that ``DjangoJSONEncoder`` knows."""


def invalid(fields: Iterable[Field]) -> Refused:
    """The refusal of data that do not fit; it names at most :data:`MAX_FIELDS` fields."""
    named = [{"path": _cut(path), "message": _cut(message)} for path, message in islice(fields, MAX_FIELDS)]
    first = f" {': '.join(filter(None, named[0].values()))}" if named else ""
    return Refused(Code.INVALID_DATA, f"The data do not fit.{first}", fields=named)


def arguments_of(kind: Any) -> list[Parameter]:
    """What the ``__init__`` of a class takes beside ``self``, ``*args`` and ``**kwargs`` included."""
    every = list(signature(kind.__init__).parameters.values())
    return every if every[0].kind is Parameter.VAR_POSITIONAL else every[1:]


def refuse_arguments(kind: Any, given: str = "data") -> None:
    """Refuse a class that needs more than one argument to be made.

    :param given: the name of that.
    :raises TypeError: it does; the text names what.
    """
    variadic = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
    needed = [
        repr(argument.name)
        for argument in arguments_of(kind)
        if argument.default is Parameter.empty and argument.kind not in variadic and argument.name != given
    ]
    if needed:
        raise TypeError(
            f"{kind.__name__} is made of the data alone, but its __init__ needs {', '.join(needed)}. Give that a "
            "default, or make it in the handler, of data: dict."
        )


def refuse_files(kind: Any, names: list[str], parts: Iterable[Any], plain: Any) -> None:
    """Refuse a class that requires files, unless something of it is of the project's own and may do without them.

    :param names: the fields that require one.
    :param parts: its fields, and what belongs to them.
    :param plain: a class of the same framework that has nothing but fields and ``Meta``.
    :raises TypeError: no data are valid.
    """
    if names and _is_plain(kind, plain) and all(map(_is_untouched, parts)):
        raise TypeError(
            f"{kind.__name__} requires a file as {', '.join(map(repr, names))}, which JSON cannot have, so that no "
            "data are valid: upload it to a view, and take one here without it, or with required=False."
        )


def is_frameworks_own(owner: Any) -> bool:
    """Whether a class or a function is Django's or its REST framework's; one that they only make is not."""
    module, name = (str(getattr(owner, each, "")) for each in ("__module__", "__qualname__"))
    is_named_so = module.partition(".")[0] in _FRAMEWORKS
    return is_named_so and getattr(sys.modules.get(module), name, None) is owner


def is_frameworks_error(error: BaseException) -> bool:
    """Whether nothing but Django, its REST framework, the standard library and this package ran when it was raised."""
    modules = (str(frame.f_globals.get("__name__")) for frame, _ in walk_tb(error.__traceback__))
    packages = {module.partition(".")[0] for module in modules}
    return packages <= {*_FRAMEWORKS, *sys.stdlib_module_names, __name__.partition(".")[0]}


def _is_plain(kind: Any, plain: Any) -> bool:
    own = [each for each in kind.__mro__ if each is not object and not is_frameworks_own(each)]
    return is_frameworks_own(type(kind)) and all(vars(each).keys() <= vars(plain).keys() for each in own)


def _is_untouched(part: Any) -> bool:
    """Whether the class of an object is a framework's, and so are functions and classes that it was given."""
    return all(map(is_frameworks_own, (type(part), *filter(callable, vars(part).values()))))


def _cut(text: str) -> str:
    return text if len(text) <= MAX_CHARACTERS else f"{text[: MAX_CHARACTERS - 1]}…"


def path_of(parts: Iterable[object]) -> str:
    """The path of a value, from the keys and numbers that lead to it."""
    return ".".join(map(str, parts))
