"""Channels, with consumers as its tutorial has one write them."""

import os

from channels.routing import URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.contestants.settings")
get_asgi_application()

from .consumers import AsyncChat, SyncChat  # noqa: E402 they need Django set up

async_application = URLRouter([path("ws/chat", AsyncChat.as_asgi())])
sync_application = URLRouter([path("ws/chat", SyncChat.as_asgi())])
