"""Finding an application's WebSockets: its ``websockets`` modules, and whatever its URLconf imports."""

from importlib import import_module

from django.apps import apps
from django.conf import settings
from django.utils.module_loading import autodiscover_modules

#: Path and model of each ``follow`` that came after start-up: commands and workers know nothing of it.
followed_late: list[tuple[str, str]] = []


def discover_modules() -> None:
    """Import the ``websockets`` module of each installed app that has one."""
    autodiscover_modules("websockets")


def discover() -> None:
    """Import what a process that serves must know: the root URLconf, too, since many WebSockets are made in views.

    Does nothing before Django is set up: the URLconf may need what the apps do in their ``ready()``.
    """
    if apps.ready and getattr(settings, "ROOT_URLCONF", None):
        import_module(settings.ROOT_URLCONF)
