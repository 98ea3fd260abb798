"""Channels, with consumers as its tutorial has one write them."""

import os

from channels.routing import URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.contestants.settings")
get_asgi_application()

from .consumers import AsyncChat, SyncChat  # noqa: E402 they need Django set up

# Where the number of paths is the question, the one that is used has half of the others before it.
others = [
    path(f"ws/other/{number}", AsyncChat.as_asgi()) for number in range(int(os.environ.get("BENCHMARK_PATHS", "0")))
]
half = len(others) // 2

async_application = URLRouter([*others[:half], path("ws/chat", AsyncChat.as_asgi()), *others[half:]])
sync_application = URLRouter([path("ws/chat", SyncChat.as_asgi())])
