"""Django settings of every contestant that has Django; the environment says which channel layer."""

import os
from typing import Any

SECRET_KEY = "only for benchmarks"  # noqa: S105
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS: list[str] = []
ROOT_URLCONF = "benchmarks.contestants.urls"
USE_TZ = True

_REDIS = os.environ.get("BENCHMARK_REDIS", "")
_LAYERS: dict[str, dict[str, Any]] = {
    "memory": {"BACKEND": "channels.layers.InMemoryChannelLayer"},
    # redis-py 8 gives up after 5 s by default, which is just how long this layer waits.
    "core": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {"hosts": [{"address": _REDIS, "socket_timeout": None}]},
    },
    "pubsub": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [_REDIS]}},
}
_LAYER = os.environ.get("BENCHMARK_LAYER", "memory")
CHANNEL_LAYERS = {} if _LAYER == "none" else {"default": _LAYERS[_LAYER]}
