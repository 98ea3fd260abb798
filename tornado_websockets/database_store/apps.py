"""The tables of the store in the database."""

from django.apps import AppConfig


class DatabaseStoreConfig(AppConfig):
    """``'tornado_websockets.database_store'`` in ``INSTALLED_APPS``."""

    name = "tornado_websockets.database_store"
    label = "websocket_store"
    verbose_name = "WebSockets: what clients may ask for later"
    default_auto_field = "django.db.models.BigAutoField"
