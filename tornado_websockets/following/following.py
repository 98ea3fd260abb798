"""``Following``: what one ``ws.follow`` asks for, and how it is said at a path."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from ..core.delivery.message import Message
from ..core.handlers.events import check_event
from ..core.protocol.frames import Encoder
from .columns import describe, find_field
from .data import Shape, Values, read_data
from .outcome import UNHEARD, UNKNOWN, Kind, Place

if TYPE_CHECKING:
    from ..core.delivery.hub import Hub
    from ..schema.protocol import Schema, Type
    from ..serving.endpoint import Endpoint

#: Gives the parameters of the path for a row: by columns, or by a function that returns them, or ``None`` for nobody.
To = Mapping[str, str] | Callable[[Any], Mapping[str, Any] | None]

_MANY: Final = "many"

#: Paths that each remembers.
PATHS: Final = 128


class Following:
    """What is told of the rows of a model to the clients of a WebSocket.

    :param endpoint: of the WebSocket.
    :param model: whose rows it is.
    :param to: the parameters of the path.
    :param data: what is told of a row; see :func:`read_data`.
    :param prefix: with which the names of its events begin.
    :raises TypeError: ``to`` does not give the parameters of the path, by columns of the model, or ``data`` are none.
    :raises ValueError: an event would have a name that none may have.
    :raises WebSocketEventAlreadyBinded: the WebSocket follows something else under such a name.

    :ivar columns: attributes of a row that must be known to tell of it.
    """

    def __init__(self, endpoint: Endpoint, model: type[Any], to: To | None, data: Any, prefix: str) -> None:
        self._endpoint = endpoint
        self._encoder = endpoint.encoder
        self._to, self._columns_of_path = _read_to(endpoint, model, to)
        # Building a path takes longer than all else that is done for a row, and most rows have one of few.
        self._build = lru_cache(PATHS, typed=True)(self._build_by_columns)
        self._data = read_data(model, data)
        self._events = {kind: check_event(f"{prefix}_{kind.value}") for kind in Kind}
        self._crowd = check_event(f"{prefix}_{_MANY}")
        plain = Encoder()
        self._heads = {kind: plain.event(event, None).removesuffix("{}}") for kind, event in self._events.items()}
        self.columns = {*self._columns_of_path.values(), *self._data.columns}
        self._declare(describe(model._meta.pk))

    def _declare(self, key: Schema) -> None:
        types: dict[str, Type | None] = {
            self._events[Kind.CREATED]: self._data.type,
            self._events[Kind.CHANGED]: self._data.type,
            self._events[Kind.DELETED]: Shape("", {"id": key}),
            self._crowd: Shape("", {"count": {"type": "integer"}}),
        }
        self._endpoint.declare(types)

    @property
    def hub(self) -> Hub:
        """That its clients are at."""
        return self._endpoint.hub

    @property
    def columns_of_path(self) -> tuple[str, ...]:
        """Attributes of a row that say to which path it belongs; none where a function says that."""
        return tuple(self._columns_of_path.values())

    def is_same_place(self, before: Values, after: Values) -> bool:
        """Whether columns say that a row is where it was."""
        if callable(self._to):
            return False
        for column in self._columns_of_path.values():
            if column not in before or before[column] != after[column]:
                return False
        return True

    def place_before(self, values: Values | None) -> Place:
        """Where a row is that has ``values``, as far as they tell; ``None`` where nothing is known of it."""
        if callable(self._to) or values is None or not values.keys() >= set(self._columns_of_path.values()):
            return UNKNOWN
        return self._place_by_columns(values)

    def place(self, row: Any, values: Values) -> Place:
        """Where ``row`` is, whose columns have ``values``."""
        if not callable(self._to):
            return self._place_by_columns(values)
        parameters = self._to(row)
        if parameters is None:
            return UNHEARD
        if not isinstance(parameters, Mapping):
            raise TypeError(f"Expected the parameters of the path as a dict, or None, got {parameters!r}.")
        return self._endpoint.pattern.build(parameters)

    def _place_by_columns(self, values: Values) -> Place:
        parameters = tuple(values[column] for column in self._columns_of_path.values())
        return UNHEARD if None in parameters else self._build(*parameters)

    def _build_by_columns(self, *parameters: Any) -> str:
        return self._endpoint.pattern.build(dict(zip(self._columns_of_path, parameters, strict=True)))

    def body(self, row: Any, values: Values) -> str:
        """What is told of ``row``: a frame, without its head, so that either event can have it.

        :raises TypeError, ValueError: it cannot be sent; and whatever a function or a type raises.
        """
        text = self._encoder.event(self._events[Kind.CHANGED], self._data.read(row, values))
        return text.removeprefix(self._heads[Kind.CHANGED])

    def body_of_deleted(self, key: Any) -> str:
        """What is told of a row that is no more."""
        text = self._encoder.event(self._events[Kind.DELETED], {"id": key})
        return text.removeprefix(self._heads[Kind.DELETED])

    def message(self, path: str, kind: Kind, body: str) -> Message:
        """Tell of one row."""
        return Message(path, self._events[kind], self._heads[kind] + body)

    def crowd_message(self, path: str, count: int) -> Message:
        """Tell that there are many: read your data again."""
        return Message(path, self._crowd, self._encoder.event(self._crowd, {"count": count}))


def _read_to(endpoint: Endpoint, model: type[Any], to: To | None) -> tuple[To, dict[str, str]]:
    """``to``, and the columns that it names by parameter of the path."""
    pattern = endpoint.pattern
    if callable(to):
        return to, {}
    if to is None and not pattern.names:
        return {}, {}
    if not isinstance(to, Mapping) or set(to) != pattern.names:
        names = ", ".join(f"{name!r}: ..." for name in sorted(pattern.names))
        raise TypeError(f"Expected to={{{names}}} with the parameters of {pattern.text!r}, or a function, got {to!r}.")
    columns = {}
    for name, column in to.items():
        field = find_field(model, column) if isinstance(column, str) else None
        if field is None:
            raise TypeError(
                f"Expected a column of {model._meta.label} for the parameter {name!r} of {pattern.text!r}, got "
                f"{column!r}. What takes more than that is a function's to say: to=lambda row: {{{name!r}: ...}}."
            )
        columns[name] = field.attname
    return to, columns
