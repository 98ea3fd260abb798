"""Start-up: connects this process with the others through the channel layer, and registers the system checks."""

from django.apps import AppConfig
from django.core import checks

from . import checks as own_checks
from .starting import start


class ChannelsBridgeConfig(AppConfig):
    """``'channels_bridge'`` in ``INSTALLED_APPS``, where ``'tornado_websockets'`` would do alone."""

    name = "channels_bridge"
    verbose_name = "WebSockets on Channels"

    def ready(self) -> None:
        checks.register(own_checks.check_apps)
        start()
