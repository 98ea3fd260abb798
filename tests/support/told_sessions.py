"""A session engine of the tests, which calls them when a session is read."""

from collections.abc import Callable
from typing import Any

from django.contrib.sessions.backends.base import SessionBase


class SessionStore(SessionBase):
    """Sessions without anything in them.

    :cvar on_load: called in the thread that reads one.
    """

    on_load: Callable[[], object] = dict

    def load(self) -> dict[str, Any]:
        type(self).on_load()
        return {}
