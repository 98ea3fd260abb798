"""Settings of the example project; what a deployment changes comes from the environment."""

import os
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = os.environ.get("DEBUG", "1").lower() in {"1", "true", "yes", "on"}

SECRET_KEY = os.environ.get("SECRET_KEY", "for development only, and public" if DEBUG else "")
if not SECRET_KEY:
    raise ImproperlyConfigured("Expected SECRET_KEY in the environment, since DEBUG is off.")

# Origins of WebSocket connections are held against this list too.
ALLOWED_HOSTS = os.environ.get("ALLOWED_HOSTS", ".localhost,127.0.0.1,[::1]").split(",")

INSTALLED_APPS = [
    "daphne",  # first: its `runserver` replaces Django's, which speaks no WebSocket
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "tornado_websockets",
    "tornado_websockets.live",
    "channels_bridge",
    "howto",
    "chat",
    "weather",
    "counter",
    "shopping",
    "assistant",
    "notes",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "project.urls"
ASGI_APPLICATION = "project.asgi.application"

# `manage.py runtornado` serves the same pages and WebSockets with Tornado.
TORNADO = {"port": 8000, "address": "127.0.0.1"}

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("DATABASE_PATH", BASE_DIR / "db.sqlite3"),
        "OPTIONS": {
            # Readers and the one writer do not wait for each other, in several processes too.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            # A transaction that began as a reader can't wait for the write lock: take it at once.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
        },
    },
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

# The prefix of all pages, where the site is not at the root of its host.
FORCE_SCRIPT_NAME = os.environ.get("FORCE_SCRIPT_NAME") or None

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = BASE_DIR / "staticfiles"

# Without a channel layer everything works within one process; Redis connects several. The prefix keeps the projects
# of one Redis apart: its pub/sub does not know the numbers of databases.
REDIS_URL = os.environ.get("REDIS_URL")
if REDIS_URL:
    REDIS_LAYERS: dict[str, dict[str, Any]] = {
        "pubsub": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [REDIS_URL], "prefix": "example"},
        },
        "core": {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            # redis-py 8 gives up after 5 s by default, which is just how long this layer waits.
            "CONFIG": {"hosts": [{"address": REDIS_URL, "socket_timeout": None}], "prefix": "example"},
        },
    }
    CHANNEL_LAYERS = {"default": REDIS_LAYERS[os.environ.get("REDIS_LAYER", "pubsub")]}
    # What clients may ask for later, and the jobs of other processes.
    TORNADO_WEBSOCKETS = {"STORE": REDIS_URL, "NAMESPACE": "example"}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {
        "tornado_websockets": {
            "handlers": ["console"],
            "level": os.environ.get("LOG_LEVEL", "INFO"),
            # Servers put a handler on the root logger too; each line once is enough.
            "propagate": False,
        },
    },
}
