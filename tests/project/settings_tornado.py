"""The project as ``runtornado`` serves it."""

import json
import os

from .settings import *  # noqa: F403

TORNADO: dict[str, object] = {"settings": json.loads(os.environ.get("TEST_TORNADO_SETTINGS", "{}"))}
if "TEST_CERTIFICATE" in os.environ:
    TORNADO["ssl"] = {"certfile": os.environ["TEST_CERTIFICATE"], "keyfile": os.environ["TEST_CERTIFICATE_KEY"]}
