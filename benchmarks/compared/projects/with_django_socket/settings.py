"""django-socket, on Redis."""

from benchmarks.compared.projects.site.settings import *  # noqa: F403
from benchmarks.compared.projects.site.settings import INSTALLED_APPS, REDIS

INSTALLED_APPS = ["django_socket", *INSTALLED_APPS, "benchmarks.compared.projects.with_django_socket"]
DJANGO_SOCKET = {"LAYER": "redis", "REDIS_URL": REDIS}
PUBLISH = "benchmarks.compared.projects.with_django_socket.sockets.publish"
