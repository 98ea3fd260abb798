"""Every error this package raises, and its wording."""

import sys
from typing import NoReturn, Self


class TornadoWebSocketsError(Exception):
    """Base of all errors of this package."""

    def __reduce__(self) -> tuple[type[Self], tuple[object, ...]]:
        """Pickle by what the error was made of: tasks and worker processes raise them across processes."""
        return type(self), tuple(self.__dict__.values())


class EmitHandlerError(TornadoWebSocketsError):
    """``emit`` was called where no handler is running.

    :param event: name of the event that was to be sent.
    :param path: path of the WebSocket.
    """

    def __init__(self, event: str, path: str) -> None:
        advice = (
            f"Use publish({event!r}, ...) with the parameters of the path instead: it works everywhere."
            if "<" in path
            else f"Use publish({event!r}, ...) instead: it works everywhere. "
            'TORNADO_WEBSOCKETS["EMIT_ANYWHERE"] = True makes emit do that by itself.'
        )
        super().__init__(
            f"Cannot emit {event!r} on {path!r} outside of a handler registered there with @WebSocket.on. {advice}"
        )
        self.event = event
        self.path = path


class InvalidInstanceError(TornadoWebSocketsError, TypeError):
    """Something in ``WebSocket.handlers`` is not a connection.

    :param actual_instance: what was found.
    :param expected_instance_name: dotted name of the class that was expected.
    """

    def __init__(self, actual_instance: object, expected_instance_name: str) -> None:
        super().__init__(f"Expected an instance of {expected_instance_name!r}, got {actual_instance!r}.")
        self.actual_instance = actual_instance
        self.expected_instance_name = expected_instance_name


class NotCallableError(TornadoWebSocketsError):
    """A decorator was given something that cannot be called.

    :param thing: what was given.
    """

    def __init__(self, thing: object) -> None:
        super().__init__(f"Expected a function or method to decorate, got {thing!r}, which is not callable.")
        self.thing = thing


class WebSocketEventAlreadyBinded(TornadoWebSocketsError, NameError):
    """An event of a WebSocket was registered twice.

    :param event: name of the event.
    :param path: path of the WebSocket.
    """

    def __init__(self, event: str, path: str) -> None:
        super().__init__(f"The event {event!r} already has a handler on {path!r}. Rename one of the functions.")
        self.event = event
        self.path = path


class PublishError(TornadoWebSocketsError):
    """The channel layer took no message, so it reached no other process.

    The clients of the calling process, if any, were served. The layer's own error is ``__cause__``.

    :param event: name of the event.
    :param path: concrete path that was published to.
    """

    def __init__(self, event: str, path: str) -> None:
        super().__init__(
            f"The channel layer refused {event!r} for {path!r}: it reached no other process. "
            "Is the backend of CHANNEL_LAYERS up?"
        )
        self.event = event
        self.path = path


def raise_connection_closed(path: str, connection_id: str) -> NoReturn:
    """Raise ``tornado.websocket.WebSocketClosedError``, which applications catch since the Tornado days.

    Tornado is imported here and no earlier: a process that serves through ASGI has no use for it until then.
    """
    from tornado.websocket import WebSocketClosedError

    raise WebSocketClosedError(f"Connection {connection_id} on {path!r} is closed.")


def is_connection_closed(error: BaseException) -> bool:
    """Whether ``error`` is what :func:`raise_connection_closed` raises."""
    tornado = sys.modules.get("tornado.websocket")
    return tornado is not None and isinstance(error, tornado.WebSocketClosedError)
