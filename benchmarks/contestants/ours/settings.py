"""Django settings of this package's chat."""

from typing import Any

from benchmarks.contestants.settings import *  # noqa: F403

INSTALLED_APPS = ["tornado_websockets", "channels_bridge", "benchmarks.contestants.ours"]
TORNADO: dict[str, Any] = {"port": 8000, "handlers": []}
