"""Django over WSGI, for Tornado."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

from tornado.httputil import HTTPConnection, HTTPHeaders, HTTPServerRequest, ResponseStartLine
from tornado.wsgi import WSGIContainer

logger = logging.getLogger("tornado_websockets")

#: Requests that Django works on at a time; each has a thread.
THREADS = 16

#: Requests that are not answered yet.
_answering: set[asyncio.Task[None]] = set()


class DjangoContainer(WSGIContainer):
    """Answers Tornado's requests with the project's WSGI application, in threads.

    So a view may use the ORM, and a slow one delays no WebSocket. While ``DEBUG`` is on, static files are served too.
    Responses are sent when they are complete: streaming ones are for ASGI.
    """

    def __init__(self) -> None:
        super().__init__(_respond, ThreadPoolExecutor(THREADS, thread_name_prefix="Django"))

    def __call__(self, request: HTTPServerRequest) -> None:
        task = asyncio.get_running_loop().create_task(self._answer(request))
        _answering.add(task)
        task.add_done_callback(_answering.discard)

    def environ(self, request: HTTPServerRequest) -> dict[str, Any]:
        """The request as WSGI has it."""
        for name in [name for name in request.headers if "_" in name]:
            del request.headers[name]  # which in WSGI would pass for one with hyphens, such as a proxy's
        return {**super().environ(request), "CONTENT_LENGTH": str(len(request.body))}  # of a chunked body, too

    async def _answer(self, request: HTTPServerRequest) -> None:
        try:
            await self.handle_request(request)
        except Exception:
            logger.exception("The response to %s %.64r cannot be sent", request.method, request.path)
            _fail(request.connection)


def _fail(connection: HTTPConnection | None) -> None:
    if connection is not None:
        failed = ResponseStartLine("HTTP/1.1", 500, "Internal Server Error")
        connection.write_headers(failed, HTTPHeaders({"Content-Length": "0"}))
        connection.finish()


async def finish_answering() -> None:
    """Return when Django has answered all requests so far."""
    if _answering:
        await asyncio.wait(_answering)


def _respond(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Make the whole response in one thread: closing it there ends the request for that thread's database."""
    started: list[Any] = []
    response = _application()(environ, lambda *start: started.extend(start))
    try:
        body = b"".join(response)
    finally:
        if hasattr(response, "close"):
            response.close()
    status, headers = started[:2]
    headers = [(name, value.strip()) for name, value in headers]  # Django begins those of cookies with a space
    if environ["REQUEST_METHOD"] == "HEAD":
        if "content-length" not in {name.lower() for name, _ in headers}:
            headers.append(("Content-Length", str(len(body))))
        body = b""
    start_response(status, headers)
    return [body]


@cache
def _application() -> Callable[..., Any]:
    from django.apps import apps
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application

    application = get_wsgi_application()
    if settings.DEBUG and apps.is_installed("django.contrib.staticfiles"):
        from django.contrib.staticfiles.handlers import StaticFilesHandler

        return StaticFilesHandler(application)
    return application
