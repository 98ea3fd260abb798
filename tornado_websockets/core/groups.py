"""Paths -> names of channel-layer groups."""

import re

#: Channel layers take ASCII letters, digits, hyphens, underscores and periods, fewer than 100 of them.
_MAX_LENGTH = 99
_OTHER = re.compile(r"[^a-zA-Z0-9-]")


def group_name(path: str) -> str:
    """The group of a concrete path: a valid name, and a different one for each path.

    Short paths stay readable: every other character than letters, digits and hyphens is written ``_`` + its UTF-8
    in hexadecimal + ``_``. Long ones are hashed, under a prefix of their own.
    """
    name = "ws." + _OTHER.sub(lambda match: f"_{match[0].encode().hex()}_", path)
    if len(name) <= _MAX_LENGTH:
        return name
    import hashlib  # takes OpenSSL along, and few paths are that long

    return "ws-" + hashlib.sha256(path.encode()).hexdigest()
