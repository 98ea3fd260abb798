"""The chat, and Django behind it."""

from http.cookies import SimpleCookie
from typing import Any

import socketio
from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.asgi import get_asgi_application

from benchmarks.compared.projects.journal import note, slow_query

django_asgi_app = get_asgi_application()

from benchmarks.compared.projects.site.sessions import name_of  # noqa: E402 it needs Django set up

sio = socketio.AsyncServer(async_mode="asgi", client_manager=socketio.AsyncRedisManager(settings.REDIS))
application = socketio.ASGIApp(sio, other_asgi_app=django_asgi_app)


@sio.event
async def connect(sid: str, environ: dict[str, Any], _: Any) -> None:
    """Look who it is."""
    cookies = SimpleCookie(environ.get("HTTP_COOKIE", ""))
    key = cookies["sessionid"].value if "sessionid" in cookies else None
    await sio.save_session(sid, {"name": await sync_to_async(name_of)(key)})


@sio.event
async def say(_: str, data: dict[str, Any]) -> None:
    """Broadcast."""
    await sio.emit("said", data)


@sio.event
async def echo(sid: str, data: dict[str, Any]) -> None:
    """Answer."""
    await sio.emit("echoed", data, to=sid)


@sio.event
async def sleep(sid: str, data: dict[str, Any]) -> None:
    """Answer late."""
    await sync_to_async(slow_query)(data["seconds"])
    await sio.emit("slept", {}, to=sid)


@sio.event
async def whoami(sid: str, _: Any) -> None:
    """Answer with the name."""
    await sio.emit("me", await sio.get_session(sid), to=sid)


@sio.event
async def disconnect(_: str, __: str) -> None:
    """Tell that a client has gone."""
    note("gone")


def publish(text: str) -> None:
    """Broadcast from outside of a handler."""
    socketio.RedisManager(settings.REDIS, write_only=True).emit("said", {"text": text})
