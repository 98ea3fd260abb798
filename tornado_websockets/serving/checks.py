"""System checks of the project around: where its WebSockets are, and what else is installed."""

from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, Final

from django.apps import apps
from django.core.checks import CheckMessage, Warning

from .discovery import discover, followed_late

#: Whose WebSockets are served without the app misses all this. ``manage.py check`` says so as well, where they are made
#: before it begins; those of a URLconf are not.
NOT_INSTALLED: Final = (
    "There are WebSockets, but tornado_websockets is not in INSTALLED_APPS: no websockets.py is looked for, nothing "
    "reaches other processes, and no logout ends a connection."
)

_OURS: Final = ("tornado_websockets", "channels_bridge")


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
            f"WebSocket({path!r}).follow({label}) was called after start-up, by a module that no app imports, but the "
            "URLconf perhaps, or a test: what a process that does not import it saves, such as a command, a worker or "
            "the shell, is heard by nobody.",
            hint="Move it to the module websockets of an app, which every process imports. One of a test may stay.",
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


def _misnamed_modules() -> Iterator[Path]:
    for config in apps.get_app_configs():
        path = Path(config.path) / "websocket.py"
        has_other = (path.parent / "websockets.py").exists() or (path.parent / "websockets").is_dir()
        is_of_others = config.name not in _OURS and not has_other and path.is_file()
        if is_of_others and "tornado_websockets" in path.read_text(errors="replace"):
            yield path
