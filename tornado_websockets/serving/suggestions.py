"""What somebody may have meant by a name that is not there."""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """A question, and a space behind it, for a sentence that says what is not there; empty where nothing is alike."""
    close = get_close_matches(name, list(names), n=1)
    return f"Did you mean {close[0]!r}? " if close else ""
