"""The project as ``runserver`` of daphne serves it."""

from .settings import *  # noqa: F403
from .settings import INSTALLED_APPS as _APPS

DEBUG = True
INSTALLED_APPS = ["daphne", *(app for app in _APPS if app != "daphne")]
ASGI_APPLICATION = "tests.project.asgi.application"
