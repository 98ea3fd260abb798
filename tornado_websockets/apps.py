"""Start-up: finds the WebSockets of the installed apps, registers the system checks, and listens for logouts."""

from django.apps import AppConfig, apps
from django.core import checks

from . import checks as own_checks
from .discovery import discover_modules
from .watch import connect_signals


class TornadoWebSocketsConfig(AppConfig):
    """``'tornado_websockets'`` in ``INSTALLED_APPS``."""

    name = "tornado_websockets"
    verbose_name = "WebSockets"

    def ready(self) -> None:
        checks.register(own_checks.check_settings)
        checks.register(own_checks.check_bridge)
        if apps.is_installed("django.contrib.auth"):
            connect_signals()
        discover_modules()
