"""Django over WSGI, for Tornado."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any

from tornado.httputil import HTTPServerRequest
from tornado.wsgi import WSGIContainer

#: Requests that Django works on at a time; each has a thread.
THREADS = 16


class DjangoContainer:
    """Answers Tornado's requests with the project's WSGI application, in threads.

    So a view may use the ORM, and a slow one delays no WebSocket. While ``DEBUG`` is on, static files are served too.
    Responses are sent when they are complete: streaming ones are for ASGI.
    """

    def __call__(self, request: HTTPServerRequest) -> None:
        self._container(request)

    @cached_property
    def _container(self) -> WSGIContainer:
        return WSGIContainer(_complete(_application()), ThreadPoolExecutor(THREADS, thread_name_prefix="Django"))


def _application() -> Callable[..., Any]:
    from django.apps import apps
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application

    application = get_wsgi_application()
    if settings.DEBUG and apps.is_installed("django.contrib.staticfiles"):
        from django.contrib.staticfiles.handlers import StaticFilesHandler

        return StaticFilesHandler(application)
    return application


def _complete(application: Callable[..., Any]) -> Callable[..., Iterable[bytes]]:
    """Read and close the response in the thread that made it: closing it ends the request for Django's database."""

    def complete(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        response = application(environ, start_response)
        try:
            return list(response)
        finally:
            if hasattr(response, "close"):
                response.close()

    return complete
