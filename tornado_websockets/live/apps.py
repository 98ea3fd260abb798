"""The permissions to use the live page."""

from django.apps import AppConfig


class LiveConfig(AppConfig):
    """``'tornado_websockets.live'`` in ``INSTALLED_APPS``."""

    name = "tornado_websockets.live"
    label = "websocket_live"
    verbose_name = "WebSockets: the live page"
    default_auto_field = "django.db.models.BigAutoField"
