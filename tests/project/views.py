"""Pages of the project; some old applications make their WebSockets here, too."""

import threading
import time
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse

from tornado_websockets import Socket
from tornado_websockets.core.protocol.frames import Data
from tornado_websockets.websocket import WebSocket

from .websockets.anywhere import publish_numbers
from .websockets.places import room
from .websockets.sending import emit_outside, news, outcome, remembered

in_views = WebSocket("/in-views")


@in_views.on
def echo(socket: Socket, data: Data) -> None:
    socket.emit("echo", data)


def publish(request: HttpRequest) -> HttpResponse:
    news.publish("published", {"from": "a sync view"})
    return HttpResponse()


async def apublish(request: HttpRequest) -> HttpResponse:
    await news.apublish("published", {"from": "an async view"})
    return HttpResponse()


async def publish_in_async(request: HttpRequest) -> HttpResponse:
    """Without ``await``, which may be left out."""
    news.publish("published", {"from": "an async view, not awaited"})
    return HttpResponse()


def publish_in_thread(request: HttpRequest) -> HttpResponse:
    thread = threading.Thread(target=news.publish, args=("published", {"from": "a thread of a view"}))
    thread.start()
    thread.join()
    return HttpResponse()


def publish_in_transaction(request: HttpRequest) -> HttpResponse:
    with transaction.atomic():
        news.publish("later")
        news.publish("now", on_commit=False)
    return HttpResponse()


def publish_and_roll_back(request: HttpRequest) -> HttpResponse:
    with transaction.atomic():
        news.publish("never")
        transaction.set_rollback(True)
    return HttpResponse()


@receiver(post_save, sender=User)
def announce(**kwargs: Any) -> None:
    if kwargs["instance"].username.startswith("announced"):
        news.publish("published", {"from": "a signal"})


def create_user(request: HttpRequest) -> HttpResponse:
    User.objects.create_user(f"announced {time.time_ns()}")
    return HttpResponse()


def emit(request: HttpRequest) -> HttpResponse:
    return HttpResponse(emit_outside())


async def aemit(request: HttpRequest) -> HttpResponse:
    return HttpResponse(emit_outside())


def emit_to_remembered(request: HttpRequest) -> HttpResponse:
    return HttpResponse(outcome(lambda: remembered[0].emit("from a page")))


def broadcast_from_remembered(request: HttpRequest) -> HttpResponse:
    return HttpResponse(outcome(lambda: remembered[0].broadcast("from a page")))


def group_send(request: HttpRequest) -> HttpResponse:
    """Send as a program does that knows only the channel layer."""
    layer: Any = get_channel_layer()
    message = {"type": "websocket.event", "path": "/news", "event": "foreign", "data": {"from": "a program"}}
    async_to_sync(layer.group_send)(news.group_name, message)
    return HttpResponse()


def publish_in_room(request: HttpRequest, name: str) -> HttpResponse:
    room.publish("said", {"from": "a page"}, room=name)
    return HttpResponse()


def publish_many(request: HttpRequest, count: int) -> HttpResponse:
    publish_numbers("a sync view", count)
    return HttpResponse()


def register(request: HttpRequest, name: str) -> HttpResponse:
    """Make a WebSocket while the server is running."""
    late = WebSocket(f"/late-comers/{name}")
    late.on(echo)
    return HttpResponse(late.path)


def path(request: HttpRequest) -> HttpResponse:
    """Where it is, as the browser has it."""
    return HttpResponse(request.path)
