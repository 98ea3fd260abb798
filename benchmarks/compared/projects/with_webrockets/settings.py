"""webrockets, on Redis, with Django beside it."""

from benchmarks.compared.projects.site.settings import *  # noqa: F403
from benchmarks.compared.projects.site.settings import INSTALLED_APPS, PORT, REDIS

INSTALLED_APPS = [*INSTALLED_APPS, "webrockets", "benchmarks.compared.projects.with_webrockets"]
WEBSOCKET_HOST = "127.0.0.1"
WEBSOCKET_PORT = PORT
WEBSOCKET_BROKER = {"type": "redis", "url": REDIS}
PUBLISH = "benchmarks.compared.projects.with_webrockets.publishing.publish"
