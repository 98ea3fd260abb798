"""Settings of the project that the tests serve; the environment says what differs from test to test."""

import json
import os
from typing import Any

#: Whether it does without what few tests ask for, and takes as long to import as all else together.
IS_LEAN = bool(os.environ.get("TEST_LEAN"))

DEBUG = False
SECRET_KEY = "only for tests"
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", "testserver"]
INSTALLED_APPS = [
    *([] if IS_LEAN else ["daphne", "rest_framework", "rest_framework.authtoken"]),
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "tornado_websockets",
    "tornado_websockets.database_store",
    "tornado_websockets.live",
    "channels_bridge",
    "tests.project",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
ASGI_APPLICATION = "tests.project.asgi.application"
ROOT_URLCONF = "tests.project.urls"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("TEST_DATABASE", ":memory:"),
    }
}
if "TEST_POSTGRES" in os.environ:
    DATABASES["default"] = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "postgres",
        "USER": "postgres",
        "HOST": "127.0.0.1",
        "PORT": os.environ["TEST_POSTGRES"],
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True

SIMPLE_JWT = {"SIGNING_KEY": "only for tests, and as long as HMAC with SHA-256 wants it"}
FORCE_SCRIPT_NAME = os.environ.get("TEST_SCRIPT_NAME") or None

TORNADO_WEBSOCKETS = json.loads(os.environ.get("TEST_TORNADO_WEBSOCKETS", "{}"))

_LAYERS: dict[str, dict[str, Any]] = {
    "memory": {"BACKEND": "channels.layers.InMemoryChannelLayer"},
    "core": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {"hosts": [{"address": os.environ.get("TEST_REDIS", ""), "socket_timeout": None}]},
    },
    "pubsub": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [os.environ.get("TEST_REDIS", "")]},
    },
}
if "TEST_LAYER" in os.environ:
    _layer = _LAYERS[os.environ["TEST_LAYER"]]
    _layer.setdefault("CONFIG", {}).update(json.loads(os.environ.get("TEST_LAYER_CONFIG", "{}")))
    CHANNEL_LAYERS = {"default": _layer}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "INFO"},
}
