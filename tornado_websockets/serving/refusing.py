"""How a client is refused: the line in the log, and what Django's own ways to say no mean to it."""

from collections.abc import Collection, Iterable
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, ValidationError

from ..core.counters import counters
from ..core.logger import logger
from ..core.protocol.frames import Code
from ..exceptions import Refused
from ..schema.protocol import Field, invalid


def translate(error: BaseException) -> Refused | None:
    """The refusal that an error of Django stands for, if it is meant as one."""
    if isinstance(error, PermissionDenied):  # whose text is for the log
        return Refused(Code.FORBIDDEN, "This is not allowed.")
    if isinstance(error, ValidationError):
        try:
            return invalid(_fields(error))
        except Exception:  # a message whose params do not fit, or a lazy one: what failed is what made it
            return None
    return None


def _fields(error: Any) -> Iterable[Field]:
    if not hasattr(error, "error_dict"):
        return [("", str(message)) for message in error.messages]
    by_field = error.message_dict
    return [
        ("" if name == NON_FIELD_ERRORS else name, str(message))
        for name, messages in by_field.items()
        for message in messages
    ]


def log_refusal(path: str, reason: str) -> None:
    """Count a client that is not let in, and say why in the log."""
    counters.connections_refused += 1
    logger.warning("Refused a connection to %.64r: %s", path, reason)


def log_unselected(path: str, known: Collection[str]) -> None:
    """Say why a browser is about to leave: it does, where none of the subprotocols that it offers is selected.

    What was offered is not said: it may be a token whose ``bearer`` was forgotten.
    """
    listed = ", ".join(known) or "none"
    logger.warning("Selected no subprotocol at %.64r: what the client offers is not listed (%s)", path, listed)
