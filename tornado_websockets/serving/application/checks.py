"""System checks of ``ASGI_APPLICATION``: it can be imported, and what it names serves WebSockets."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Warning
from django.core.management import get_commands

from .source import PAGES, WEBSOCKETS, Router, Source, read_source

_APPLICATION: Final = "channels_bridge.serve.application"
_ONE_LINE: Final = f'Write in the settings: ASGI_APPLICATION = "{_APPLICATION}"'
_WHOLE: Final = 'application = ProtocolTypeRouter({"http": django_asgi_app, "websocket": websocket_application()})'

#: Whose ``runserver`` speaks no WebSocket.
_DJANGOS: Final = frozenset({"django.core", "django.contrib.staticfiles"})


def check_asgi(app_configs: object, **kwargs: Any) -> Sequence[CheckMessage]:
    """What ``runserver`` serves is there, and has WebSockets, as far as its source says."""
    application = getattr(settings, "ASGI_APPLICATION", None)
    if application is None:
        return list(_is_not_set())
    found = [] if application == _APPLICATION else list(_mistakes(str(application)))
    return found or list(_without_daphne())


def _is_not_set() -> Iterator[CheckMessage]:
    if apps.is_installed("daphne"):
        yield Warning(
            "ASGI_APPLICATION is not set, so manage.py runserver cannot serve WebSockets.",
            hint=_ONE_LINE,
            id="tornado_websockets.W010",
        )


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


def _mistakes(application: str) -> Iterator[CheckMessage]:
    """What is wrong with the value of the setting, or with the source of what it names."""
    module, _, name = application.rpartition(".")
    if not all(part.isidentifier() for part in application.split(".")):
        dotted = application.replace(":", ".")
        hint = _write(dotted) if all(part.isidentifier() for part in dotted.split(".")) else _ONE_LINE
        yield _is_wrong(application, "no dotted path such as 'project.asgi.application'", hint)
        return
    try:
        spec = find_spec(module or name)
    except ModuleNotFoundError as error:
        if not f"{module}.".startswith(f"{error.name}."):
            return  # something that a package imports is missing
        spec = None
    except Exception:  # whatever a package raises: whoever serves it says so
        return
    if spec is None:
        yield _is_wrong(application, f"but there is no module {module or name!r}", _ONE_LINE)
    elif not module:
        yield _is_a_module(application)
    else:
        yield from _mistakes_in(spec, application, name)


def _mistakes_in(spec: ModuleSpec, application: str, name: str) -> Iterator[CheckMessage]:
    path = Path(spec.origin or "")
    source = Source(set()) if spec.origin is None else read_source(path) if path.suffix == ".py" else None
    if source is None:
        return
    if source.names is not None and name not in source.names:
        if PathFinder.find_spec(f"{spec.name}.{name}", spec.submodule_search_locations or []) is not None:
            yield _is_a_module(application)
        else:
            close = get_close_matches(name, source.names, n=1)
            hint = _write(f"{spec.name}.{close[0]}") if close else _ONE_LINE
            yield _is_wrong(application, f"but {path.name or spec.name} has no {name!r}", hint)
        return
    yield from _serves_none(source, path.name, application, name)
    yield from _fails(source, path.name, name)


def _serves_none(source: Source, file: str, application: str, name: str) -> Iterator[CheckMessage]:
    value = source.values.get(name)
    reason = hint = ""
    if value == PAGES:
        hint = f"{_ONE_LINE}\nOr in {file}, with the application of get_asgi_application() as django_asgi_app: {_WHOLE}"
    elif isinstance(value, Router) and value.routes is not None and "websocket" not in value.routes:
        reason = ": its ProtocolTypeRouter has no entry 'websocket'"
        hint = f"Write: {_WHOLE}"
    if hint:
        text = f"ASGI_APPLICATION is {application!r}, but {file} serves no WebSockets{reason}."
        yield Warning(text, hint=hint, id="tornado_websockets.W011")


def _fails(source: Source, file: str, name: str) -> Iterator[CheckMessage]:
    value = source.values.get(name)
    if isinstance(value, Router) and value.routes is not None and value.routes.get("websocket") == WEBSOCKETS:
        yield Warning(
            f"{file} has websocket_application as the entry 'websocket', where it has to be called.",
            hint="Write: websocket_application()",
            id="tornado_websockets.W021",
        )
    if source.early is not None:
        yield Warning(
            f"{file} calls websocket_application() in line {source.early}, before Django is set up: servers cannot "
            "import it.",
            hint="Put django_asgi_app = get_asgi_application() before that line.",
            id="tornado_websockets.W021",
        )


def _is_a_module(application: str) -> CheckMessage:
    return _is_wrong(application, "a module, and not the application in it", _write(f"{application}.application"))


def _is_wrong(application: str, what: str, hint: str) -> CheckMessage:
    text = f"ASGI_APPLICATION is {application!r}, {what}: nothing can be served by it."
    return Warning(text, hint=hint, id="tornado_websockets.W020")


def _write(application: str) -> str:
    """Of the application, where there is one of that name; ours has only this."""
    return _ONE_LINE if application.startswith("channels_bridge.") else _ONE_LINE.replace(_APPLICATION, application)
