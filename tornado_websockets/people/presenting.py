"""What presence may be, and what a person says of itself."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Final

from ..core.handlers.signatures import is_generator_function
from ..core.protocol.parsing import parse_foreign
from ..encoding import encoder

#: Bytes of JSON that a person may say of itself.
MAX_INFO: Final = 4_096

#: Levels of the message that it is in: the row in which it is kept has more.
_MAX_DEPTH: Final = 61

#: What ``presence`` may be besides a function: who says so is here, or only the number of people matters.
COUNT: Final = "count"
Option = bool | str | Callable[[Any], Any]


def check_option(option: Option, path: str) -> None:
    """See to it that ``option`` is what ``WebSocket(presence=...)`` takes; ``TypeError`` if it is not."""
    if option is True or option == COUNT:
        return
    if not callable(option) or is_generator_function(option):
        raise TypeError(f"Expected presence of {path!r} as a function that returns, True or 'count', got {option!r}.")
    try:
        inspect.signature(option).bind(None)
    except ValueError:  # of some functions written in C, nobody knows
        return
    except TypeError as error:
        raise TypeError(f"Expected the presence of {path!r} to be called as presence(socket): {error}.") from error


def read_info(info: Any) -> Mapping[str, Any]:
    """What a person says of itself, as others get it.

    :raises TypeError: it is no dict, or holds what JSON cannot.
    :raises ValueError: it takes more than 4 KiB, nests more than 60 levels, or holds NaN, an infinity or itself.
    """
    if not isinstance(info, dict):
        raise TypeError(f"Expected what others see of a client as a dict, got {info!r:.100}.")
    text = encoder.event("info", info)
    size = len(text) - len(encoder.event("info", {})) + 2
    if size > MAX_INFO:
        raise ValueError(f"Expected at most {MAX_INFO} bytes of JSON for others to see of a client, got {size}.")
    read: dict[str, Any] = parse_foreign(text, _MAX_DEPTH)["data"]  # the row that it is kept in may be deeper
    return read
