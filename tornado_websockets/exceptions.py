"""Every error this package raises, and its wording."""

import re
import sys
from collections.abc import Mapping
from typing import Any, NoReturn

_CODE = re.compile(r"[a-z0-9_.-]{1,64}")

#: Characters that are quoted of a text which may be a stranger's.
_QUOTED = 64


def _quoted(text: object) -> str:
    """The beginning of what others have said, escaped: it may end up in a log."""
    return repr(str(text)[:_QUOTED])[1:-1]


class TornadoWebSocketsError(Exception):
    """Base of all errors of this package. ``args`` are what an error was made of; ``str()`` gives its text."""


class Refused(TornadoWebSocketsError):
    """Raised by a handler, or by ``authorize``, to say no: the client is told so, and nothing is logged as an error.

    :param code: for programs: 1 to 64 of ``a-z``, ``0-9``, ``_``, ``.`` and ``-``.
    :param message: for people; may be a lazy string.
    :param details: what else the client is told, in JSON.
    :raises TypeError: ``code`` is no ``str``.
    :raises ValueError: it is none that may be used.
    """

    def __init__(self, /, code: str, message: object = "", **details: Any) -> None:
        super().__init__(code, message)
        if not isinstance(code, str):
            raise TypeError(f"Expected the code of a refusal as a str, got {code!r:.66}.")
        if _CODE.fullmatch(code) is None:
            raise ValueError(
                f"Expected 1 to 64 of a-z, 0-9, '_', '.' and '-' as the code of a refusal, got {code!r:.66}."
            )
        self.code = str(code)
        self.message = message
        self.details = details

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" if self.message else self.code


class RequestRefused(TornadoWebSocketsError):
    """A question was answered with an error: a client's, to ``socket.ask``; a server's, to the client of a test.

    :param code: for programs, such as ``"unknown_event"``. What a client sends is taken as it is.
    :param message: for people. ``str()`` has the first 64 characters of both, escaped.
    :param details: what else is said of it, such as ``{"fields": [...]}``.
    """

    def __init__(self, code: str, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.details = dict(details or {})

    def __str__(self) -> str:
        return f"{_quoted(self.code)}: {_quoted(self.message)}"


class EmitHandlerError(TornadoWebSocketsError):
    """``emit`` was called where no handler is running.

    :param event: name of the event that was to be sent.
    :param path: path of the WebSocket.
    """

    def __init__(self, event: str, path: str) -> None:
        super().__init__(event, path)
        self.event = event
        self.path = path

    def __str__(self) -> str:
        is_html = self.event == "tws.html"
        emit, publish = ("emit_html", "publish_html(...)") if is_html else ("emit", f"publish({self.event!r}, ...)")
        advice = (
            f"Use {publish} with the parameters of the path instead: it works everywhere."
            if "<" in self.path
            else f"Use {publish} instead: it works everywhere. "
            f'TORNADO_WEBSOCKETS["EMIT_ANYWHERE"] = True makes {emit} do that by itself.'
        )
        return (
            f"Cannot emit {self.event!r} on {self.path!r} outside of a handler registered there with @WebSocket.on. "
            f"{advice}"
        )


class InvalidInstanceError(TornadoWebSocketsError, TypeError):
    """Something in ``WebSocket.handlers`` is not a connection.

    :param actual_instance: what was found.
    :param expected_instance_name: dotted name of the class that was expected.
    """

    def __init__(self, actual_instance: object, expected_instance_name: str) -> None:
        super().__init__(actual_instance, expected_instance_name)
        self.actual_instance = actual_instance
        self.expected_instance_name = expected_instance_name

    def __str__(self) -> str:
        return f"Expected an instance of {self.expected_instance_name!r}, got {self.actual_instance!r}."


class NotCallableError(TornadoWebSocketsError):
    """A decorator, or an option that is a function, was given something that cannot be called.

    :param thing: what was given.
    :param option: name of the option; without one it was a decorator.
    """

    _option = ""

    def __init__(self, thing: object, option: str = "") -> None:
        super().__init__(thing)
        self.thing = thing
        if option:
            self._option = option

    def __str__(self) -> str:
        expected = f"{self._option} as a function or method" if self._option else "a function or method to decorate"
        return f"Expected {expected}, got {self.thing!r}, which is not callable."


class WebSocketEventAlreadyBinded(TornadoWebSocketsError, NameError):
    """An event of a WebSocket was registered twice.

    :param event: name of the event, or of a module.
    :param path: path of the WebSocket.
    :param text: what is wrong, where that is not that there are two handlers.
    """

    _text = ""

    def __init__(self, event: str, path: str, text: str = "") -> None:
        super().__init__(event, path)
        self.event = event
        self.path = path
        if text:
            self._text = text

    def __str__(self) -> str:
        default = f"The event {self.event!r} already has a handler on {self.path!r}. Give one of them another name."
        return self._text or default


class TextTooLong(ValueError):
    """A text is longer than what processes send each other may be: the cause of a :class:`PublishError`."""


class PublishError(TornadoWebSocketsError):
    """The channel layer took no message, so it reached no other process.

    The clients of the calling process, if any, were served. On a path with a history it may reach others later, as
    long as this process lives: the store is tried again. The layer's own error is ``__cause__``.

    :param event: name of the event.
    :param path: concrete path that was published to.
    """

    def __init__(self, event: str, path: str) -> None:
        super().__init__(event, path)
        self.event = event
        self.path = path

    def __str__(self) -> str:
        is_too_long = isinstance(self.__cause__, TextTooLong)
        why = self.__cause__ if is_too_long else "Is the backend of CHANNEL_LAYERS up?"
        return f"The channel layer refused {self.event!r} for {self.path!r}: it reached no other process. {why}"


class StoreError(TornadoWebSocketsError):
    """The store does not answer, or its answer cannot be used. Its own error is ``__cause__``.

    :param call: name of the method of the store.
    :param reason: why it is taken to be down, where it was not asked at all.
    """

    def __init__(self, call: str, reason: str = "") -> None:
        super().__init__(call, reason)
        self.call = call
        self.reason = reason

    def __str__(self) -> str:
        reason = f": {self.reason}" if self.reason else ""
        return f"The store has not answered {self.call!r}{reason}. Is what TORNADO_WEBSOCKETS['STORE'] names up?"


class AlreadyRunning(TornadoWebSocketsError, RuntimeError):
    """A job was begun a second time before its first run has ended.

    :param job: name of its progress bar, as events have it.
    :param path: concrete path of the WebSocket.
    """

    def __init__(self, job: str, path: str) -> None:
        super().__init__(job, path)
        self.job = job
        self.path = path

    def __str__(self) -> str:
        return f"The job {self.job!r} of {self.path!r} is running already. Wait for its end, or cancel it."


class Cancelled(TornadoWebSocketsError):
    """Somebody has cancelled the job that this is raised in; each further step of it raises it again.

    :param job: name of its progress bar, as events have it.
    :param run: id of the run.
    """

    def __init__(self, job: str, run: str) -> None:
        super().__init__(job, run)
        self.job = job
        self.run = run

    def __str__(self) -> str:
        return f"The job {self.job!r} was cancelled (run {self.run})."


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
