"""How data become JSON: what Django can serialise can be sent. Where msgspec is installed, it reads what comes."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise

from .core.protocol.frames import Encoder
from .core.protocol.parsing import parse

try:
    from msgspec.json import Decoder
except ImportError:
    pass
else:
    parse.fast = Decoder().decode


def _to_json(value: Any) -> Any:
    """What JSON does not know, as Django would write it."""
    from django.core.serializers.json import DjangoJSONEncoder  # takes Django's models along

    return DjangoJSONEncoder().default(value)


#: Writes what other programs send.
encoder = Encoder(default=_to_json, texts=(Promise,))
