"""What a name and a message may be: both come from strangers."""

import unicodedata

NAME_LENGTH = 32
TEXT_LENGTH = 2000


class RefusedError(ValueError):
    """A client sent what the rules do not allow; the text is meant for that client."""


def clean_name(value: object) -> str:
    """Return `value` as a name on one line, or raise `RefusedError`."""
    name = " ".join(_require_string(value, "name").split())
    if not name:
        raise RefusedError("A name is needed.")
    if len(name) > NAME_LENGTH:
        raise RefusedError(f"A name has at most {NAME_LENGTH} characters, this one {len(name)}.")
    # Invisible characters would let one pass for another.
    if not name.isprintable():
        raise RefusedError("A name has visible characters only.")
    return name


def clean_text(value: object) -> str:
    """Return `value` as the text of a message, or raise `RefusedError`."""
    text = _require_string(value, "text").replace("\r\n", "\n").strip()
    if not text:
        raise RefusedError("A message needs a text.")
    if len(text) > TEXT_LENGTH:
        raise RefusedError(f"A message has at most {TEXT_LENGTH} characters, this one {len(text)}.")
    # Control characters and lone surrogates: databases disagree on whether they can be stored.
    if any(unicodedata.category(char) in {"Cc", "Cs"} for char in text if char not in "\n\t"):
        raise RefusedError("A message has no control characters.")
    return text


def _require_string(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise RefusedError(f"Expected {what!r} to be a string.")
    return value
