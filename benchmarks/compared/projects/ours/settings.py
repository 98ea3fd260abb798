"""This package as its README has it, on Redis."""

from benchmarks.compared.projects.site.settings import *  # noqa: F403
from benchmarks.compared.projects.site.settings import INSTALLED_APPS, REDIS

INSTALLED_APPS = [*INSTALLED_APPS, "tornado_websockets", "benchmarks.compared.projects.ours"]
CHANNEL_LAYERS = {"default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [REDIS]}}}
TORNADO_WEBSOCKETS = {"STORE": REDIS}
PUBLISH = "benchmarks.compared.projects.ours.websockets.publish"
