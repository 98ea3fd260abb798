"""A client for plain tests."""

from __future__ import annotations

import asyncio
import contextvars
import queue
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Sequence
from concurrent.futures import Executor, Future
from typing import TYPE_CHECKING, Any, Self, TypeVar

from asgiref.sync import SyncToAsync, ThreadSensitiveContext

from ..core.tasks import cancel_others
from .client import SILENCE, TIMEOUT, Client, ConnectionRefused, Data, find

if TYPE_CHECKING:
    from ..core.connections.socket import Socket

T = TypeVar("T")

_END = object()


class SyncClient:
    """:class:`Client` without ``async``: ``with SyncClient("/chat", user=alice) as client: client.emit(...)``.

    Sync handlers, and the database calls of async ones, run in the calling thread, while a method of this client or
    another is waiting: they see the test's transaction. ``session`` makes no user; ``user`` does.
    """

    def __init__(self, path: str, **options: Any) -> None:
        find(path.partition("?")[0], options.get("websocket"))  # whose error comes before anything is started
        self._loop = asyncio.new_event_loop()
        self._caller = _caller()
        self._thread = threading.Thread(target=self._loop.run_forever, name="WebSocket test client", daemon=True)
        self._thread.start()
        self._client = self._wait(self._make(path, options))

    @property
    def connection(self) -> Socket:
        """See :class:`Client`."""
        return self._client.connection

    @property
    def close_code(self) -> int | None:
        """See :class:`Client`."""
        return self._client.close_code

    @property
    def people(self) -> dict[str, Data]:
        """See :class:`Client`."""
        return self._client.people

    def connect(self) -> Self:
        """See :meth:`Client.connect`."""
        self._wait(self._client.connect())
        return self

    def close(self) -> None:
        """See :meth:`Client.close`. More than once is once."""
        if self._loop.is_closed():
            return
        self._wait(self._client.close())
        self._wait(cancel_others())  # the channel layer's, which must not outlive the loop
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def emit(self, event: str, data: Data | None = None) -> None:
        """See :meth:`Client.emit`."""
        self._wait(self._client.emit(event, data))

    def send_text(self, text: str) -> None:
        """See :meth:`Client.send_text`."""
        self._wait(self._client.send_text(text))

    def receive(self, event: str, timeout: float = TIMEOUT) -> Data:
        """See :meth:`Client.receive`."""
        return self._wait(self._client.receive(event, timeout))

    def receive_any(self, timeout: float = TIMEOUT) -> tuple[str, Data]:
        """See :meth:`Client.receive_any`."""
        return self._wait(self._client.receive_any(timeout))

    def request(self, event: str, data: Data | None = None, timeout: float = TIMEOUT) -> Any:
        """See :meth:`Client.request`."""
        return self._wait(self._client.request(event, data, timeout))

    def stream(self, event: str, data: Data | None = None, timeout: float = TIMEOUT) -> Iterator[Any]:
        """See :meth:`Client.stream`. Leaving the loop cancels the answer."""
        parts = self._client.stream(event, data, timeout)
        try:
            while (part := self._wait(_next(parts))) is not _END:
                yield part
        finally:
            self._wait(parts.aclose())

    def answer(self, event: str, callback: Callable[[Data], Any]) -> None:
        """See :meth:`Client.answer`. It is called in another thread than that of the test."""
        self._client.answer(event, callback)

    @property
    def position(self) -> str | None:
        """See :class:`Client`."""
        return self._client.position

    def resume(self, position: str | None = None, *, ids: Sequence[str] = (), timeout: float = TIMEOUT) -> bool:
        """See :meth:`Client.resume`."""
        return self._wait(self._client.resume(position, ids=ids, timeout=timeout))

    def assert_nothing(self, event: str | None = None, timeout: float = SILENCE) -> None:
        """See :meth:`Client.assert_nothing`."""
        self._wait(self._client.assert_nothing(event, timeout))

    def __enter__(self) -> Self:
        try:
            return self.connect()
        except ConnectionRefused:
            self.close()
            raise

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    async def _make(self, path: str, options: dict[str, Any]) -> Client:
        return Client(path, run=self._run_in_caller, **options)

    def _wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Let the loop's thread do it, and do meanwhile what it asks this one for."""
        context = contextvars.copy_context()
        context.run(SyncToAsync.thread_sensitive_context.set, self._caller.context)
        future = context.run(asyncio.run_coroutine_threadsafe, coroutine, self._loop)
        self._caller.work_until(future)
        return future.result()

    async def _run_in_caller(self, call: Callable[[], Any]) -> Any:
        return await asyncio.wrap_future(self._caller.submit(contextvars.copy_context().run, call))


async def _next(parts: AsyncGenerator[Any, None]) -> Any:
    return await anext(parts, _END)


class _Caller(Executor):
    """The thread of a test, which works for the loops of its clients while it waits for one of them.

    :ivar context: by which asgiref finds it.
    """

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
        self.context = ThreadSensitiveContext()
        SyncToAsync.context_to_thread_executor[self.context] = self

    def submit(self, function: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Call in that thread, when it next waits."""
        future: Future[T] = Future()

        def call() -> None:
            if future.set_running_or_notify_cancel():
                try:
                    result = function(*args, **kwargs)
                except BaseException as error:  # it is the handler's, and raised where that is awaited
                    future.set_exception(error)
                else:
                    future.set_result(result)

        self._calls.put(call)
        return future

    def work_until(self, future: Future[Any]) -> None:
        """Work until ``future`` is done. A call may itself wait for another one."""
        future.add_done_callback(lambda _: self._calls.put(lambda: None))
        while not future.done():
            self._calls.get()()


_callers = threading.local()


def _caller() -> _Caller:
    """That of this thread."""
    if not hasattr(_callers, "own"):
        _callers.own = _Caller()
    own: _Caller = _callers.own
    return own
