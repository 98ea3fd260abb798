"""How a client is refused: the line in the log, and what Django's own ways to say no mean to it."""

from collections.abc import Collection, Iterable
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, ValidationError

from ..core.counters import counters
from ..core.logger import logger
from ..core.protocol.frames import Code
from ..core.watching import on_refused
from ..exceptions import Refused
from ..schema.protocol import Field, invalid
from .suggestions import did_you_mean

#: Refusals that are mistakes of whoever writes a page; of data they may be a visitor's.
MISTAKES: Final = frozenset(
    {Code.INVALID_JSON, Code.MISSING_EVENT, Code.UNKNOWN_EVENT, Code.RESERVED_EVENT, Code.INVALID_DATA}
)

#: Mistakes that are told of in the log, at most.
MOST_TOLD: Final = 100

_told: set[tuple[str, str | None, str]] = set()


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


def refusal_of_query(query_string: str | bytes) -> str | None:
    """Why a query string is refused: for more parameters than Django reads, of which ``socket.query`` would raise."""
    most = settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
    if most is None or len(query_string) < most:
        return None
    count = 1 + (query_string.count("&") if isinstance(query_string, str) else query_string.count(b"&"))
    return f"it has {count:,} query parameters, above DATA_UPLOAD_MAX_NUMBER_FIELDS" if count > most else None


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


def tell_of_mistakes() -> None:
    """Have the log tell of each mistake of a page once, while ``DEBUG`` is on: pages rarely listen to ``warning``."""
    if settings.DEBUG and _tell not in on_refused:
        on_refused.append(_tell)


def _tell(client: Any, event: str | None, code: str) -> None:
    path = client.endpoint.path
    mistake = path, event and event[:64], code
    if code not in MISTAKES or mistake in _told or len(_told) >= MOST_TOLD or not settings.DEBUG:
        return
    _told.add(mistake)
    question = ""
    if code == Code.UNKNOWN_EVENT and event:
        question = did_you_mean(event, client.endpoint.dispatcher.names_offered())
    what = "a message" if event is None else f"the event {event[:64]!r}"
    logger.warning("Refused %s of a page at %.64r: %s. %sSaid once, while DEBUG is on", what, path, code, question)
