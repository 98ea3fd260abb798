"""System checks of the installed apps and of the channel layer."""

import inspect
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from channels import DEFAULT_CHANNEL_LAYER
from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Warning
from django.utils.module_loading import import_string

from tornado_websockets import conf

_IN_MEMORY = "channels.layers.InMemoryChannelLayer"
_REDIS_CORE = "channels_redis.core.RedisChannelLayer"
_REDIS_PUBSUB = "channels_redis.pubsub.RedisPubSubChannelLayer"

#: How messages of redis-py begin that repeat nothing of a URL but the name of an option. Those of urllib quote pieces.
_HARMLESS = ("Invalid value for ", "Redis URL must specify ")


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
    """The default channel layer can be made, reaches other processes, and keeps its idle connections.

    What is said of wrong values names their types only: an address may hold a password.
    """
    layers = getattr(settings, "CHANNEL_LAYERS", {})
    if not isinstance(layers, Mapping):
        return [_is_no_dict("CHANNEL_LAYERS", layers)]
    if DEFAULT_CHANNEL_LAYER not in layers:
        return _reaches_one_process("no default channel layer")
    layer = layers[DEFAULT_CHANNEL_LAYER]
    if not isinstance(layer, Mapping):
        return [_is_no_dict(f"CHANNEL_LAYERS[{DEFAULT_CHANNEL_LAYER!r}]", layer)]
    backend: Any = layer.get("BACKEND")
    config = layer.get("CONFIG", {})
    if not isinstance(config, Mapping):
        return [_is_no_dict(f"The CONFIG of CHANNEL_LAYERS[{DEFAULT_CHANNEL_LAYER!r}]", config)]
    if backend == _IN_MEMORY:
        return _reaches_one_process("the in-memory channel layer")
    try:
        import_string(backend)
    except Exception as error:  # whatever the module raises; AttributeError: it is not a string
        return [_is_missing(backend, error)]
    if not _is_redis(layer):
        return _lacks_a_key(backend, config)
    return _check_redis(backend, config.get("hosts")) or _has_a_name_of_its_own(config)


def check_store(app_configs: object, **kwargs: Any) -> Sequence[CheckMessage]:
    """What the store is sent is no easier to read than what the layer is, and no other project's finds it."""
    store, layers = conf.get("STORE"), getattr(settings, "CHANNEL_LAYERS", None)
    layer = layers.get(DEFAULT_CHANNEL_LAYER) if isinstance(layers, Mapping) else None
    if not isinstance(store, str) or not store:
        return []
    return [*_can_be_read(store, layer), *_keys_have_no_name(store, layer)]


def _can_be_read(store: str, layer: object) -> Sequence[CheckMessage]:
    config = layer.get("CONFIG") if isinstance(layer, Mapping) else None
    if isinstance(config, Mapping) and config.get("symmetric_encryption_keys") and _is_ours(store):
        text = "The channel layer encrypts what it carries, and the store keeps the same as it is."
        hint = "Encrypt in a store of your own, or silence this check where whoever sees the store may read it."
    elif store.startswith("redis://") and "rediss://" in repr(layer):
        text = "The channel layer's connections to Redis are encrypted, and those of the store are not."
        hint = "Write the URL in TORNADO_WEBSOCKETS['STORE'] with rediss://."
    else:
        return []
    return [Warning(text, hint=hint, id="channels_bridge.W004")]


def _is_ours(store: str) -> bool:
    """Whether it is a store of this package, of which is known what it does."""
    return _is_in_redis(store) or store.partition(":")[0] == "database"


def _is_in_redis(store: str) -> bool:
    from tornado_websockets.store.current import REDIS_SCHEMES  # which most projects need not load

    return store.startswith(REDIS_SCHEMES)


def _keys_have_no_name(store: str, layer: object) -> Sequence[CheckMessage]:
    """The layer may have a name by ``prefix``, where one that has none is noted; keys of the store have no other."""
    if not _is_in_redis(store) or conf.get("NAMESPACE"):
        return []
    config = layer.get("CONFIG") if isinstance(layer, Mapping) else None
    if _is_redis(layer) and not (isinstance(config, Mapping) and "prefix" in config):
        return []
    return [
        Info(
            "Another project that uses the same Redis as a store has the same keys there: its clients get what this "
            "one's have sent, and the other way round.",
            hint="Set TORNADO_WEBSOCKETS['NAMESPACE'] to a name of this project and its environment. The 'prefix' of "
            "the channel layer is the layer's alone.",
            id="channels_bridge.I002",
        )
    ]


def _is_redis(layer: object) -> bool:
    return isinstance(layer, Mapping) and layer.get("BACKEND") in (_REDIS_CORE, _REDIS_PUBSUB)


def _first_of(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    more = len(names) - 5
    return ", ".join(names[:5]) + (f" and {more} more" if more > 0 else "")


def check_shared_store(app_configs: object, **kwargs: Any) -> Sequence[CheckMessage]:
    """What is kept is kept where the other processes find it, which the layer says that there are."""
    if not _share_a_layer_only():
        return []
    from tornado_websockets.websocket import endpoint_of, registry  # which says that it is there, by a check of its own

    keeping = sorted(websocket.path for websocket in registry if endpoint_of(websocket).kept_hub is not None)
    if not keeping:
        return []
    return [
        Warning(
            "Several processes share the channel layer, but each keeps what it sends in its own memory: a client that "
            f"comes back to another process recovers nothing ({_first_of(keeping)}).",
            hint="Name a store that they share in TORNADO_WEBSOCKETS['STORE']: a URL of Redis, or 'database'. Silence "
            "this check for a single process.",
            id="channels_bridge.W005",
        )
    ]


def check_jobs(app_configs: object, **kwargs: Any) -> Sequence[CheckMessage]:
    """A page can cancel the jobs that it may cancel, in whichever process they are done."""
    if not _share_a_layer_only():
        return []
    from tornado_websockets.websocket import registry

    names = sorted(
        f"{module.name} of {websocket.path}"
        for websocket in registry
        for module in websocket.modules
        if getattr(module, "is_cancellable", False)
    )
    if not names:
        return []
    return [
        Warning(
            "Several processes share the channel layer, but no store: a job of another process cannot be cancelled "
            f"(unavailable), and nobody is told that it died ({_first_of(names)}).",
            hint="Name a store that they share in TORNADO_WEBSOCKETS['STORE']: a URL of Redis, or 'database'. Silence "
            "this check for a single process.",
            id="channels_bridge.W006",
        )
    ]


def _share_a_layer_only() -> bool:
    """Whether processes share a channel layer, as far as that can be told, and no store."""
    configured, layers = conf.configured(), getattr(settings, "CHANNEL_LAYERS", None)
    if not isinstance(configured, dict) or configured.get("STORE") is not None or not isinstance(layers, Mapping):
        return False
    layer = layers.get(DEFAULT_CHANNEL_LAYER)
    backend = layer.get("BACKEND") if isinstance(layer, Mapping) else None
    return backend not in (None, _IN_MEMORY)


def _has_a_name_of_its_own(config: Mapping[str, Any]) -> Sequence[CheckMessage]:
    if "prefix" in config or conf.get("NAMESPACE"):
        return []
    return [
        Info(
            "Another project that uses the same Redis hears what this one publishes, and this one hears the other: "
            "database numbers do not keep them apart.",
            hint="Set TORNADO_WEBSOCKETS['NAMESPACE'], or 'prefix' in the CONFIG of the channel layer, to a name of "
            "this project and its environment.",
            id="channels_bridge.I001",
        )
    ]


def _reaches_one_process(what: str) -> Sequence[CheckMessage]:
    if settings.DEBUG:
        return []
    return [
        Warning(
            f"There is {what}: with more than one process, clients miss what the others send.",
            hint="Configure channels_redis in CHANNEL_LAYERS, or silence this check for a single process.",
            id="channels_bridge.W002",
        )
    ]


def _is_no_dict(what: str, value: object) -> CheckMessage:
    return Error(
        f"{what} is no dict but of the type {type(value).__name__}: no channel layer can be made of it.",
        hint='Write CHANNEL_LAYERS = {"default": {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": '
        '{"hosts": [{"address": "redis://...", "socket_timeout": None}]}}}.',
        id="channels_bridge.E003",
    )


def _is_missing(backend: object, error: Exception) -> CheckMessage:
    return Error(
        f"The BACKEND of the default channel layer cannot be imported: {backend!r} ({error}).",
        hint="Mend its name in CHANNEL_LAYERS, or install what has it: for channels_redis, the extra 'redis' of this "
        "package.",
        id="channels_bridge.E002",
    )


def _lacks_a_key(backend: str, config: Mapping[str, Any]) -> Sequence[CheckMessage]:
    """Channels takes a ``KeyError`` of a layer that is being made for no layer at all, and says nothing."""
    try:
        import_string(backend)(**config)
    except KeyError as error:
        return [
            Error(
                f"The default channel layer cannot be made: {backend} looks for {error}, which its CONFIG lacks. "
                "Channels says nothing and goes on without a layer: processes hear nothing of each other.",
                hint="Add it to the CONFIG in CHANNEL_LAYERS.",
                id="channels_bridge.E005",
            )
        ]
    except Exception:  # which is raised again where the layer is first used
        return []
    return []


class _WrongHostError(ValueError):
    """A host of a Redis layer, or all of them, cannot be used."""


def _check_redis(backend: str, hosts: object) -> Sequence[CheckMessage]:
    """What is wrong with the hosts, which both layers of channels_redis read alike."""
    try:
        timeouts = [_socket_timeout(_options(host)) for host in _hosts(hosts)]
    except _WrongHostError as error:
        return [
            Error(
                f"The hosts of the default channel layer cannot be used: {error}.",
                hint='Write "hosts": [{"address": "redis://host:6379/0", "socket_timeout": None}], with times in '
                "seconds and without a unit, and an IPv6 address in brackets.",
                id="channels_bridge.E004",
            )
        ]
    return _idle_timeouts(timeouts) if backend == _REDIS_CORE else []


def _idle_timeouts(timeouts: Sequence[float | None]) -> Sequence[CheckMessage]:
    """The core layer waits for messages in Redis for some seconds at a time; connections must not give up before."""
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
        for timeout in timeouts
        if timeout is not None and timeout <= wait
    ][:1]


def _hosts(hosts: object) -> Collection[object]:
    """As the layer takes them: without any, there is one on localhost."""
    if not hosts:
        return [{}]
    if isinstance(hosts, (str, bytes, Mapping)) or not isinstance(hosts, Collection):
        raise _WrongHostError(f"expected a list of hosts, even if there is only one, got {type(hosts).__name__}")
    return hosts


def _options(host: object) -> Mapping[str, Any]:
    """What the connections to ``host`` are made with, the options in its URL included."""
    from redis.asyncio.connection import parse_url

    if isinstance(host, (tuple, list)) and len(host) >= 2:
        return {"host": host[0], "port": host[1]}
    options = host if isinstance(host, Mapping) else {"address": host}
    if "address" not in options:
        return options
    address = options["address"]
    if not isinstance(address, str):
        raise _WrongHostError(f"expected a URL as address of a host, got {type(address).__name__}")
    try:
        return {**options, **parse_url(address)}  # where both say something, the URL wins
    except ValueError as error:
        reason = str(error) if str(error).startswith(_HARMLESS) else "it cannot be taken apart"
        raise _WrongHostError(f"the address of one is no URL for Redis: {reason}".rstrip(".")) from error


def _socket_timeout(options: Mapping[str, Any]) -> float | None:
    """Seconds after which a connection gives up; where nothing is said of it, redis-py's default."""
    from redis.asyncio.connection import AbstractConnection

    default = inspect.signature(AbstractConnection.__init__).parameters["socket_timeout"].default
    timeout = options.get("socket_timeout", default)
    if timeout is None or isinstance(timeout, (int, float)):
        return timeout
    raise _WrongHostError(f"expected a number of seconds as socket_timeout, or None, got {type(timeout).__name__}")
