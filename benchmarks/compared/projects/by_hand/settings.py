"""Channels as its tutorial has it, on Redis.

``socket_timeout`` is not in the tutorial: redis-py 8 gives up after 5 s by default, which is just how long this layer
waits for a message.
"""

from benchmarks.compared.projects.site.settings import *  # noqa: F403
from benchmarks.compared.projects.site.settings import REDIS

CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {"hosts": [{"address": REDIS, "socket_timeout": None}]},
    }
}
PUBLISH = "benchmarks.compared.projects.by_hand.consumers.publish"
