"""django-socket, whose layer within one process is its memory."""

from benchmarks.contestants.settings import *  # noqa: F403

INSTALLED_APPS = ["django_socket", "benchmarks.contestants.apart.with_django_socket"]
