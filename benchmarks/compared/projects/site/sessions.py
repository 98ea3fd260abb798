"""Whose session it is, for peers that leave it to the application to find out."""

from types import SimpleNamespace
from typing import Any

from django.contrib import auth
from django.contrib.sessions.backends.db import SessionStore


def name_of(key: str | None) -> str:
    """The user's name, or an empty one; it asks the database."""
    request: Any = SimpleNamespace(session=SessionStore(session_key=key))
    return str(auth.get_user(request).get_username())
