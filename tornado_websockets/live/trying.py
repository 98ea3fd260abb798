"""What can be tried out: every WebSocket with what it takes and sends."""

from __future__ import annotations

from typing import Any

from ..core.registry import PREFIX
from ..schema.documents.description import Description, Received, describe
from ..serving.discovery import discover
from ..websocket import endpoint_of, registry


def describe_all() -> dict[str, Any]:
    """All of it, as JSON says it; references to schemas are ``#/$defs/<name>``, into ``definitions``."""
    discover()
    endpoints = [endpoint_of(websocket) for websocket in registry]
    descriptions, definitions = describe(endpoint for endpoint in endpoints if not endpoint.is_hidden)
    return {
        "websockets": [_websocket(description) for description in descriptions],
        "definitions": definitions.schemas,
    }


def _websocket(description: Description) -> dict[str, Any]:
    return {
        "path": description.path,
        "url": PREFIX + description.path,
        "parameters": description.parameters,
        "options": description.options,
        "receives": [_event(received) for received in description.receives],
        "sends": description.sends,
    }


def _event(received: Received) -> dict[str, Any]:
    return {
        "event": received.event,
        "is_rest": received.is_rest,
        "data": received.data,
        "is_in_parts": received.is_in_parts,
        "rules": received.rules,
    }
