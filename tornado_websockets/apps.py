"""Start-up: finds the WebSockets of the installed apps, registers the system checks, and listens for logouts.

Where there is a channel layer, it also connects this process with the others.
"""

from django.apps import AppConfig, apps
from django.conf import settings
from django.core import checks

from . import checks as own_checks
from .auth.signals import connect_signals, follow_session_keys
from .serving import checks as project_checks
from .serving.application.checks import check_asgi
from .serving.discovery import discover_modules
from .serving.refusing import tell_of_mistakes


class TornadoWebSocketsConfig(AppConfig):
    """``'tornado_websockets'`` in ``INSTALLED_APPS``."""

    name = "tornado_websockets"
    verbose_name = "WebSockets"

    def ready(self) -> None:
        checks.register(own_checks.check_settings)
        for check in (
            check_asgi,
            project_checks.check_modules,
            project_checks.check_distributions,
            project_checks.check_followed,
        ):
            checks.register(check)
        checks.register(own_checks.check_store)
        checks.register(own_checks.check_authenticators)
        checks.register(own_checks.check_cookies)
        checks.register(own_checks.check_event_names)
        checks.register(own_checks.check_deployment, checks.Tags.security, deploy=True)
        if apps.is_installed("django.contrib.auth"):
            connect_signals()
        if apps.is_installed("django.contrib.sessions"):
            follow_session_keys()
        if getattr(settings, "CHANNEL_LAYERS", None):
            from channels_bridge.starting import start

            start()
        tell_of_mistakes()
        discover_modules()
