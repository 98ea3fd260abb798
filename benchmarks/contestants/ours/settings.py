"""Django settings of this package's chat."""

import os
from typing import Any

from benchmarks.contestants.settings import *  # noqa: F403

INSTALLED_APPS = ["tornado_websockets", "channels_bridge", "benchmarks.contestants.ours"]
TORNADO: dict[str, Any] = {"port": 8000, "handlers": []}
TORNADO_WEBSOCKETS = {"STORE": os.environ.get("BENCHMARK_STORE") or None}

_TEMPLATES = ("django.template.loaders.locmem.Loader", {"line.html": "<li>{{ line }}</li>"})
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {"loaders": [("django.template.loaders.cached.Loader", [_TEMPLATES])]},
    }
]
