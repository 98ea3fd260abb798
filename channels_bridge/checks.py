"""System checks of the installed apps and of the channel layer."""

import inspect
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from channels import DEFAULT_CHANNEL_LAYER
from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.utils.module_loading import import_string

_IN_MEMORY = "channels.layers.InMemoryChannelLayer"
_REDIS_CORE = "channels_redis.core.RedisChannelLayer"


def check_apps(app_configs: object, **kwargs: Any) -> Sequence[CheckMessage]:
    """The apps that belong together are installed. Daphne has a check of its own for their order."""
    names = [config.name for config in apps.get_app_configs()]
    found: list[CheckMessage] = []
    if "tornado_websockets" not in names:
        found.append(
            Error(
                "channels_bridge is installed without tornado_websockets.",
                hint="Add 'tornado_websockets' to INSTALLED_APPS.",
                id="channels_bridge.E001",
            )
        )
    if "daphne" not in names:
        found.append(
            Warning(
                "daphne is not installed as an app, so manage.py runserver serves no WebSockets.",
                hint="Put 'daphne' first in INSTALLED_APPS.",
                id="channels_bridge.W001",
            )
        )
    return found


def check_channel_layer(app_configs: object, **kwargs: Any) -> Sequence[CheckMessage]:
    """The default channel layer reaches other processes, and keeps its idle connections."""
    layers = getattr(settings, "CHANNEL_LAYERS", None) or {}
    layer = layers.get(DEFAULT_CHANNEL_LAYER)
    if layer is None or layer.get("BACKEND") == _IN_MEMORY:
        return [] if settings.DEBUG else [_reaches_one_process(layer)]
    backend = layer.get("BACKEND")
    try:
        import_string(backend)
    except (ImportError, AttributeError) as error:  # AttributeError: it is not a string
        return [_is_missing(backend, error)]
    if backend == _REDIS_CORE:
        return _idle_timeouts(layer.get("CONFIG", {}).get("hosts") or [{}])
    return []


def _reaches_one_process(layer: object) -> CheckMessage:
    what = "no default channel layer" if layer is None else "the in-memory channel layer"
    return Warning(
        f"There is {what}: with more than one process, clients miss what the others send.",
        hint="Configure channels_redis in CHANNEL_LAYERS, or silence this check for a single process.",
        id="channels_bridge.W002",
    )


def _is_missing(backend: object, error: Exception) -> CheckMessage:
    return Error(
        f"The BACKEND of the default channel layer cannot be imported: {backend!r} ({error}).",
        hint="Mend its name in CHANNEL_LAYERS, or install what has it: for channels_redis, the extra 'redis' of this "
        "package.",
        id="channels_bridge.E002",
    )


def _idle_timeouts(hosts: Sequence[Any]) -> Sequence[CheckMessage]:
    """The layer waits for messages in Redis for some seconds at a time; the connection must not give up before."""
    from channels_redis.core import RedisChannelLayer

    wait = RedisChannelLayer.brpop_timeout
    return [
        Warning(
            f"Connections to Redis time out after {timeout:g} s, the {wait} s for which the channel layer waits for a "
            "message at a time: each idle process loses its connection again and again, and with it now and then a "
            "message.",
            hint="Give each of the hosts in CHANNEL_LAYERS a longer timeout or none: "
            '{"address": "redis://...", "socket_timeout": None}.',
            id="channels_bridge.W003",
        )
        for timeout in map(_socket_timeout, hosts)
        if timeout is not None and timeout <= wait
    ][:1]


def _socket_timeout(host: Any) -> float | None:
    """Seconds after which a connection to ``host`` gives up: as configured there, in its URL, or redis-py's default."""
    from redis.asyncio.connection import AbstractConnection

    options: dict[str, Any] = host if isinstance(host, dict) else {"address": host} if isinstance(host, str) else {}
    if "socket_timeout" in options:
        configured: float | None = options["socket_timeout"]
        return configured
    query = parse_qs(urlsplit(options.get("address", "")).query)
    if "socket_timeout" in query:
        return float(query["socket_timeout"][0])
    default: float | None = inspect.signature(AbstractConnection.__init__).parameters["socket_timeout"].default
    return default
