"""The project as ``runserver`` of daphne serves it."""

from .settings import *  # noqa: F403

DEBUG = True
ASGI_APPLICATION = "tests.project.asgi.application"
