"""``ws.follow``: what it may be given, and where it is noted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db.models import Model

from ..serving.discovery import followed_late
from .following import Following, To
from .table import table_of

if TYPE_CHECKING:
    from ..serving.endpoint import Endpoint


def follow(endpoint: Endpoint, model: type[Any], *, to: To | None, data: Any, prefix: str | None) -> None:
    """See :meth:`WebSocket.follow`."""
    is_model = isinstance(model, type) and issubclass(model, Model) and model is not Model
    if not is_model or model._meta.abstract:
        raise TypeError(f"Expected a model with a table to follow, got {model!r}.")
    prefix = model._meta.model_name if prefix is None else prefix
    if not isinstance(prefix, str) or not prefix:
        raise TypeError(f"Expected a prefix for the names of events as a str, got {prefix!r}.")
    table_of(model).add(Following(endpoint, model, to, data, prefix))
    if apps.ready:
        followed_late.append((endpoint.pattern.text, model._meta.label))
