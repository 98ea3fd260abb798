"""How data become JSON: what Django can serialise can be sent."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise

from .core.protocol.frames import Encoder


def _to_json(value: Any) -> Any:
    """What JSON does not know, as Django would write it."""
    from django.core.serializers.json import DjangoJSONEncoder  # takes Django's models along

    return DjangoJSONEncoder().default(value)


#: Writes what other programs send.
encoder = Encoder(default=_to_json, texts=(Promise,))
