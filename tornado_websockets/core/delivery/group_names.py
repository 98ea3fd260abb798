"""The channel-layer group of each topic."""

import re

#: Channel layers take ASCII letters, digits, hyphens, underscores and periods, fewer than 100 of them.
_MAX_LENGTH = 99
_OTHER = re.compile(r"[^a-zA-Z0-9-]")


def group_name(topic: str, namespace: str = "") -> str:
    """The group of a topic: a valid name, and a different one for each topic and namespace.

    Short ones stay readable: every other character than letters, digits and hyphens is written ``_`` + its UTF-8 in
    hexadecimal + ``_``. Long ones are hashed, under a prefix of their own.
    """
    name = f"{_escape(namespace)}.ws.{_escape(topic)}" if namespace else f"ws.{_escape(topic)}"
    if len(name) <= _MAX_LENGTH:
        return name
    import hashlib  # takes OpenSSL along, and few paths are that long

    whole = f"{namespace}\0{topic}" if namespace else topic
    return "ws-" + hashlib.sha256(whole.encode()).hexdigest()


def _escape(text: str) -> str:
    return _OTHER.sub(lambda match: f"_{match[0].encode().hex()}_", text)
