import asyncio
import logging
import sys
import threading

import pytest
from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpResponse
from django.test import AsyncClient, Client, override_settings
from django.urls import path

from tornado_websockets.core.stopping import stopping
from tornado_websockets.health import ready


def failing(request):
    return HttpResponse(status=503)


working, finish = threading.Semaphore(0), threading.Event()


def slow(request):
    working.release()
    finish.wait(30)
    return HttpResponse()


urlpatterns = [path("ready", ready), path("failing", failing), path("slow", slow)]


@pytest.fixture(autouse=True)
def urls():
    with override_settings(ROOT_URLCONF=sys.modules[__name__]):
        yield
    stopping.forget()


@pytest.fixture(params=[Client, AsyncClient])
def get(request):
    """Ask through all of Django, as WSGI servers do, or ASGI ones."""
    client = request.param()
    return client.get if request.param is Client else async_to_sync(client.get)


def test_a_process_is_ready(get):
    answer = get("/ready")
    assert (answer.status_code, answer.content) == (200, b"ready\n")


def test_one_that_was_asked_to_stop_is_not(get):
    stopping.begin()
    answer = get("/ready")
    assert (answer.status_code, answer.content) == (503, b"stopping\n")


def test_that_is_no_error_in_the_log_of_django(get, caplog):
    stopping.begin()
    caplog.set_level(logging.INFO, "django")
    get("/ready")
    assert caplog.records == []
    get("/failing")
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_nobody_has_to_log_in_to_ask(get):
    required = "django.contrib.auth.middleware.LoginRequiredMiddleware"
    with override_settings(MIDDLEWARE=[*settings.MIDDLEWARE, required], LOGIN_URL="/login"):
        assert get("/ready").status_code == 200
        assert get("/failing").status_code == 302


def test_the_answer_is_kept_by_no_cache(get):
    assert "no-store" in get("/ready")["Cache-Control"]


async def asked(path):
    """A request that a server has given to the application."""
    scope = {"type": "http", "method": "GET", "path": path, "headers": [(b"host", b"testserver")], "query_string": b""}
    request = ApplicationCommunicator(ASGIHandler(), scope)
    await request.send_input({"type": "http.request"})
    return request


async def test_it_waits_for_no_other_view_of_an_asgi_server():
    requests = [await asked("/slow") for _ in range(3)]
    try:
        for _ in range(3):
            assert await asyncio.to_thread(working.acquire, timeout=10)
        requests.append(await asked("/ready"))
        assert (await requests[-1].receive_output(10))["status"] == 200
    finally:
        finish.set()
        for request in requests:
            await request.wait(10)
