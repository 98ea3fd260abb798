"""The project with a LOGGING that disables, as is the default of ``dictConfig``, every logger it does not name."""

from typing import Any

import tornado_websockets

from .settings_runserver import *  # noqa: F403
from .settings_runserver import LOGGING

DEBUG = False

#: Settings of old import the package, and with this much of it: then its logger is there before LOGGING is read.
TORNADO = {"handlers": [tornado_websockets.django_app()]}

#: The servers are named, since they tell the tests where they listen.
_SERVERS: Any = {name: {"level": "INFO", "propagate": True} for name in ("daphne", "uvicorn")}

LOGGING |= {"disable_existing_loggers": True, "loggers": _SERVERS}
