"""The project as ``runtornado`` serves it."""

from .settings import *  # noqa: F403

TORNADO: dict[str, object] = {}
