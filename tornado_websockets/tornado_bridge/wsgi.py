"""Django over WSGI, for Tornado."""

import asyncio
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import tornado
from tornado.httputil import HTTPConnection, HTTPHeaders, HTTPServerRequest, ResponseStartLine
from tornado.iostream import StreamClosedError
from tornado.web import FallbackHandler, stream_request_body
from tornado.wsgi import WSGIContainer

from .. import conf
from ..core.handlers.serving_loop import share_loop
from ..core.logger import logger
from ..serving.prefix import script_name
from .accesslog import log_access
from .bodies import Body, refuse_body
from .reading import is_over

if TYPE_CHECKING:
    from tornado.http1connection import HTTP1Connection


#: Requests that Django works on at a time; each has a thread.
THREADS = 16

#: Bytes of a response that are sent at a time, and seconds that a client may take over them.
RESPONSE_PIECE = 64 * 1024
CLIENT_SECONDS = 60.0

#: Requests that are not answered yet.
_answering: set[asyncio.Task[None]] = set()


class Response(NamedTuple):
    """A whole answer of Django's."""

    start: ResponseStartLine
    headers: HTTPHeaders
    content: bytes


class DjangoContainer(WSGIContainer):
    """Answers Tornado's requests with the project's WSGI application, in threads.

    So a view may use the ORM, and a slow one delays no WebSocket. While ``DEBUG`` is on, static files are served too.
    Responses are sent when they are complete: streaming ones are for ASGI.

    :param client_seconds: that a client may take over a piece of its response.
    """

    def __init__(self, client_seconds: float = CLIENT_SECONDS) -> None:
        super().__init__(_call_django, ThreadPoolExecutor(THREADS, thread_name_prefix="Django"))
        self._client_seconds = client_seconds

    def __call__(self, request: HTTPServerRequest, body: Body | None = None) -> None:
        """Answer ``request``, and close its body."""
        task = asyncio.get_running_loop().create_task(self._answer(request, body or Body()))
        _answering.add(task)
        task.add_done_callback(_answering.discard)

    def environ(self, request: HTTPServerRequest) -> dict[str, Any]:
        """Translate a request to WSGI, without its body."""
        for name in [name for name in request.headers if "_" in name]:
            del request.headers[name]  # which in WSGI would pass for one with hyphens, such as a proxy's
        name, colon, port = request.host.partition(":")
        if colon and ":" not in port and not port.isdecimal():
            request.host = name  # Tornado fails on such a port; Django says what it thinks of the header
        environ = super().environ(request)
        prefix = script_name()
        if prefix and environ["PATH_INFO"].startswith(f"{prefix}/"):  # a proxy has passed it on
            environ["SCRIPT_NAME"], environ["PATH_INFO"] = prefix, environ["PATH_INFO"][len(prefix) :]
        return environ

    async def _answer(self, request: HTTPServerRequest, body: Body) -> None:
        try:
            await _send(request, await self._ask(request, body), self._client_seconds)
        except Exception:
            logger.exception("The response to %s %.64r cannot be sent", request.method, request.path)
            _fail(request.connection)

    async def _ask(self, request: HTTPServerRequest, body: Body) -> Response:
        """Have Django answer, in a thread, and close the body."""
        try:
            content = {"wsgi.input": await body.read(), "CONTENT_LENGTH": str(body.size)}  # of a chunked body, too
            environ = {**self.environ(request), **content}
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self.executor, _respond, self.wsgi_application, environ, loop)
        finally:
            body.close()


@stream_request_body
class DjangoHandler(FallbackHandler):
    """Keeps the body of a request as it comes, and then has Django answer."""

    def initialize(self, fallback: DjangoContainer) -> None:  # type: ignore[override]
        """Link this handler to what answers.

        :param fallback: is given the request, and its body.
        """
        super().initialize(fallback)
        self._django = fallback
        self._body: Body | None = Body()
        self._most: int = conf.get("MAX_BODY_BYTES")

    def prepare(self) -> None:
        """Refuse a body that says it is too long, before any of it is read."""
        if is_over(self.request):
            self.detach()
            return
        connection = cast("HTTP1Connection", self.request.connection)
        connection.set_max_body_size(sys.maxsize)  # Tornado's answer would be 400; ours is 413
        with suppress(ValueError):  # what is no number, Tornado refuses
            if int(self.request.headers.get("Content-Length", "0")) > self._most:
                self._refuse()

    async def data_received(self, chunk: bytes) -> None:
        """Keep what has come of the body.

        :param chunk: comes from Tornado, which reads on when this returns.
        """
        if self._body is None:
            return
        if self._body.size + len(chunk) > self._most:
            self._refuse()
            return
        try:
            await self._body.add(chunk)
        except OSError as error:
            self._refuse(f"it cannot be kept: {error}", 503)

    def on_connection_close(self) -> None:
        """Forget what has come of the body, unless Django has it already."""
        super().on_connection_close()
        self._give_up()

    def _hand_over(self, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002 Tornado gives the groups of a pattern
        self.fallback = partial(self._django, body=self._body)
        self._body = None
        super().prepare()

    get = head = post = put = patch = delete = options = _hand_over

    def _refuse(self, reason: str | None = None, status: int = 413) -> None:
        self._give_up()
        refuse_body(self, reason or f"above {self._most:,} bytes, TORNADO_WEBSOCKETS['MAX_BODY_BYTES']", status)

    def _give_up(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None


async def finish_answering() -> None:
    """Return when all requests so far are answered."""
    if _answering:
        await asyncio.wait(_answering)


async def _send(request: HTTPServerRequest, response: Response, seconds: float) -> None:
    """Send a response in pieces, as long as the client takes each within ``seconds``."""
    connection = cast("HTTP1Connection", request.connection)
    content = response.content
    now = asyncio.get_running_loop().time
    try:
        async with asyncio.timeout(seconds) as patience:
            await connection.write_headers(response.start, response.headers, content[:RESPONSE_PIECE])
            for start in range(RESPONSE_PIECE, len(content), RESPONSE_PIECE):
                patience.reschedule(now() + seconds)
                await connection.write(content[start : start + RESPONSE_PIECE])
    except TimeoutError:
        text = "Closed a client that took nothing of the response to %s %.64r for %g seconds"
        logger.warning(text, request.method, request.path, seconds)
        connection.close()
    except StreamClosedError:
        connection.close()
    else:
        connection.finish()
    log_access(response.start.code, request)


def _fail(connection: HTTPConnection | None) -> None:
    if connection is not None:
        failed = ResponseStartLine("HTTP/1.1", 500, "Internal Server Error")
        connection.write_headers(failed, HTTPHeaders({"Content-Length": "0"}))
        connection.finish()


def _respond(application: Callable[..., Any], environ: dict[str, Any], loop: asyncio.AbstractEventLoop) -> Response:
    """Make the whole response in one thread: closing it there ends the request for that thread's database."""
    share_loop(loop)
    started: list[Any] = []
    response = application(environ, lambda *start: started.extend(start))
    try:
        content = b"".join(response)
    finally:
        if hasattr(response, "close"):
            response.close()
    code, reason = started[0].split(" ", 1)
    headers = HTTPHeaders()
    for name, value in started[1]:
        headers.add(name, value.strip())  # Django begins those of cookies with a space
    _complete(headers, len(content), is_unchanged=code == "304")
    is_head = environ["REQUEST_METHOD"] == "HEAD"
    return Response(ResponseStartLine("HTTP/1.1", int(code), reason), headers, b"" if is_head else content)


def _complete(headers: HTTPHeaders, length: int, *, is_unchanged: bool) -> None:
    """Add what Tornado has in every response."""
    defaults = {"Server": f"TornadoServer/{tornado.version}"}
    if not is_unchanged:
        defaults |= {"Content-Length": str(length), "Content-Type": "text/html; charset=UTF-8"}
    for name, value in defaults.items():
        headers.setdefault(name, value)


def _call_django(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    response: Iterable[bytes] = _application()(environ, start_response)
    return response


@cache
def _application() -> Callable[..., Any]:
    from django.apps import apps
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application

    application = get_wsgi_application()
    if settings.DEBUG and apps.is_installed("django.contrib.staticfiles"):
        from django.contrib.staticfiles.handlers import StaticFilesHandler

        class StaticFiles(StaticFilesHandler):
            """Knows its files below the prefix of the site too, which STATIC_URL has and the path has not."""

            def _should_handle(self, path: str) -> bool:
                return bool(super()._should_handle(path) or super()._should_handle(script_name() + path))

        return StaticFiles(application)
    return application
