"""How data become JSON: what Django can serialise can be sent. Where msgspec is installed, it reads what comes."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from django.utils.functional import Promise

from .core.protocol.frames import Encoder
from .core.protocol.parsing import parse


def _read(text: str) -> Any:
    """Read the first long message, from which on msgspec reads them."""
    from msgspec.json import Decoder

    parse.fast = Decoder().decode
    return parse.fast(text)


if find_spec("msgspec") is not None:
    parse.fast = _read


def _to_json(value: Any) -> Any:
    """What JSON does not know, as Django would write it."""
    from django.core.serializers.json import DjangoJSONEncoder  # takes Django's models along

    return DjangoJSONEncoder().default(value)


#: Writes what other programs send.
encoder = Encoder(default=_to_json, texts=(Promise,))
