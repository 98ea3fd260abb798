"""Positions: where a client, or a topic, stands, and the text in which a page carries one."""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Final

#: Entries that a client may name in a ``since``, and characters of the name of a sender.
MAX_ENTRIES: Final = 1_000
MAX_SENDER_NAME: Final = 128

#: The highest number of an event: every language has it as an integer.
MAX_NUMBER: Final = 2**53

#: The last number that was heard of each sender, the store's own entry among them.
Position = Mapping[str, int]


def read_position(value: object) -> dict[str, int]:
    """The position in what a client says.

    :raises ValueError: it is none.
    """
    if not isinstance(value, dict) or len(value) > MAX_ENTRIES:
        raise ValueError(f"Expected an object of at most {MAX_ENTRIES} numbers by sender.")
    for sender, number in value.items():
        if not 1 <= len(sender) <= MAX_SENDER_NAME:
            raise ValueError(f"Expected names of senders of 1 to {MAX_SENDER_NAME} characters.")
        if type(number) is not int or not 0 <= number <= MAX_NUMBER:
            raise ValueError(f"Expected whole numbers from 0 to {MAX_NUMBER}.")
    return dict(value)


def position_to_text(position: Position) -> str:
    """A text that is safe as it stands in an attribute, a script and a URL."""
    text = json.dumps(position, separators=(",", ":"), sort_keys=True)
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def position_from_text(text: str) -> dict[str, int]:
    """The position that :func:`position_to_text` has written; errors as :func:`read_position`."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        value = json.loads(raw)
    except (TypeError, binascii.Error, ValueError, RecursionError) as error:
        raise ValueError(f"Expected a position as websocket_position writes it, got {text!r:.100}.") from error
    return read_position(value)


def furthest(one: Position, other: Position) -> dict[str, int]:
    """Both together: of two numbers of a sender the larger one."""
    return {**one, **{sender: max(number, one.get(sender, 0)) for sender, number in other.items()}}
