"""The project without ``channels_bridge``, and with an app that is nothing but its ``websockets`` module."""

from .settings import *  # noqa: F403
from .settings import INSTALLED_APPS as _APPS

INSTALLED_APPS = [*(app for app in _APPS if app != "channels_bridge"), "tests.project.found"]
