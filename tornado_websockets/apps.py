"""Start-up: finds the WebSockets of the installed apps, and registers the system checks."""

from django.apps import AppConfig
from django.core import checks

from . import checks as own_checks
from .discovery import discover_modules


class TornadoWebSocketsConfig(AppConfig):
    """``'tornado_websockets'`` in ``INSTALLED_APPS``."""

    name = "tornado_websockets"
    verbose_name = "WebSockets"

    def ready(self) -> None:
        checks.register(own_checks.check_settings)
        checks.register(own_checks.check_bridge)
        discover_modules()
