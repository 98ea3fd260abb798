"""Start-up: connects this process with the others through the channel layer, and registers the system checks."""

from django.apps import AppConfig
from django.core import checks

from tornado_websockets.core.hub import hub
from tornado_websockets.websocket import encoder

from . import checks as own_checks
from .relay import Relay


class ChannelsBridgeConfig(AppConfig):
    """``'channels_bridge'`` in ``INSTALLED_APPS``."""

    name = "channels_bridge"
    verbose_name = "WebSockets on Channels"

    def ready(self) -> None:
        checks.register(own_checks.check_apps)
        checks.register(own_checks.check_channel_layer)
        hub.publisher = Relay(hub, encoder)
