"""System checks of the project around: what serves it, where its WebSockets are, what else is installed."""

import re
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Warning
from django.core.management import get_commands

from .discovery import discover, followed_late

#: Whose WebSockets are served without the app misses all this. ``manage.py check`` says so as well, where they are made
#: before it begins; those of a URLconf are not.
NOT_INSTALLED: Final = (
    "There are WebSockets, but tornado_websockets is not in INSTALLED_APPS: no websockets.py is looked for, nothing "
    "reaches other processes, and no logout ends a connection."
)

_OURS: Final = ("tornado_websockets", "channels_bridge")
_APPLICATION: Final = "channels_bridge.serve.application"
_ONE_LINE: Final = f'ASGI_APPLICATION = "{_APPLICATION}"'

#: Whose ``runserver`` speaks no WebSocket.
_DJANGOS: Final = frozenset({"django.core", "django.contrib.staticfiles"})

#: What an ``asgi.py`` has that serves WebSockets, by us or by whatever else it imports.
_SERVES: Final = re.compile(r"tornado_websockets|channels|websocket", re.IGNORECASE)


def check_asgi(app_configs: object, **kwargs: Any) -> Sequence[CheckMessage]:
    """What ``runserver`` serves has WebSockets, as far as its source says."""
    application = getattr(settings, "ASGI_APPLICATION", None)
    if application is None:
        if not apps.is_installed("daphne"):
            return []
        return [
            Warning(
                "ASGI_APPLICATION is not set, so manage.py runserver cannot serve WebSockets.",
                hint=f"Write in the settings: {_ONE_LINE}",
                id="tornado_websockets.W010",
            )
        ]
    path = None if application == _APPLICATION else _source_of(str(application).rpartition(".")[0])
    if path is None or _SERVES.search(path.read_text(errors="replace")):
        return list(_without_daphne())
    return [
        Warning(
            f"ASGI_APPLICATION is {application!r}, but {path.name} serves no WebSockets.",
            hint=f"Write in the settings: {_ONE_LINE}\n"
            f"Or in {path.name}, with the application of get_asgi_application() as django_asgi_app: "
            'application = ProtocolTypeRouter({"http": django_asgi_app, "websocket": websocket_application()})',
            id="tornado_websockets.W011",
        )
    ]


def _without_daphne() -> Iterator[CheckMessage]:
    """A line of the README was left out, in a project that is being developed: served otherwise, it needs none.

    Where daphne stands in the wrong place, it has an error of its own for that.
    """
    is_said = apps.is_installed("daphne") or apps.is_installed("channels_bridge")
    if settings.DEBUG and not is_said and get_commands().get("runserver") in _DJANGOS:
        yield Warning(
            "daphne is not installed as an app, so manage.py runserver serves no WebSockets.",
            hint='Put it first: INSTALLED_APPS = ["daphne", ...]',
            id="tornado_websockets.W019",
        )


def check_modules(app_configs: object, **kwargs: Any) -> Sequence[CheckMessage]:
    """No WebSocket is in a module that is not looked for."""
    return [
        Warning(
            f"{path} is not imported at start-up: the WebSockets of an app are looked for in its module websockets.",
            hint="Rename it to websockets.py, or import it where the app does.",
            id="tornado_websockets.W012",
        )
        for path in _misnamed_modules()
    ]


def check_distributions(app_configs: object, **kwargs: Any) -> Sequence[CheckMessage]:
    """The package that this one takes the place of is not installed beside it."""
    try:
        old = distribution("django-tornado-websockets")
    except PackageNotFoundError:
        return []
    return [
        Warning(
            f"django-tornado-websockets {old.version} is installed, too: it has a package of the same name, "
            "tornado_websockets, and either may have written over the other's files.",
            hint="pip uninstall django-tornado-websockets, then "
            "pip install --force-reinstall --no-deps django-tornado-websockets-channels",
            id="tornado_websockets.W013",
        )
    ]


def check_followed(app_configs: object, **kwargs: Any) -> Sequence[CheckMessage]:
    """Commands and workers, which import no URLconf, know of every model that is followed."""
    try:
        discover()
    except Exception:  # Django's own check of the URLconf says what is wrong
        return []
    return [
        Warning(
            f"WebSocket({path!r}).follow({label}) is in a module that only the URLconf imports: rows that commands, "
            "workers or the shell save are heard by nobody.",
            hint="Move it to the module websockets of an app, which every process imports.",
            id="tornado_websockets.W018",
        )
        for path, label in followed_late
    ]


def check_installed(app_configs: object, **kwargs: Any) -> Sequence[CheckMessage]:
    """Whoever makes a WebSocket has the app installed."""
    if apps.is_installed("tornado_websockets"):
        return []
    return [
        Warning(
            NOT_INSTALLED,
            hint='Add "tornado_websockets" to INSTALLED_APPS.',
            id="tornado_websockets.W014",
        )
    ]


def _source_of(module: str) -> Path | None:
    """The file of a module, which is not imported for that; ``None`` where there is none to read."""
    try:
        spec = find_spec(module) if module else None
    except (ImportError, ValueError):  # whoever serves it says so
        return None
    path = None if spec is None or spec.origin is None else Path(spec.origin)
    return path if path is not None and path.suffix == ".py" and path.is_file() else None


def _misnamed_modules() -> Iterator[Path]:
    for config in apps.get_app_configs():
        path = Path(config.path) / "websocket.py"
        has_other = (path.parent / "websockets.py").exists() or (path.parent / "websockets").is_dir()
        is_of_others = config.name not in _OURS and not has_other and path.is_file()
        if is_of_others and "tornado_websockets" in path.read_text(errors="replace"):
            yield path
