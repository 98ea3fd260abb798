"""Sending through the broker, as its documentation recommends for handlers too."""

import json

from webrockets import broadcast


def publish(text: str) -> None:
    """Broadcast from anywhere."""
    broadcast(["chat"], json.dumps({"type": "said", "text": text}))
