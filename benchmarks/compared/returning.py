"""What a peer's own client does about events that it misses: most begin anew."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .talking import Talker


@dataclass(frozen=True)
class Returning:
    """``leave`` is called while the client is connected, and what it returns is for ``come_back`` of the next one."""

    leave: Callable[[Talker], Any]
    come_back: Callable[[Talker, Any], list[str]]


def _position(talker: Talker) -> Any:
    talker.emit("tws.hello", since=None)
    return talker.expect("tws.welcome")["at"]


def _missed(talker: Talker, position: Any) -> list[str]:
    talker.emit("tws.hello", since=position)
    return [frame["data"]["text"] for frame in talker.expect("tws.welcome")["events"]]


#: Connecting again is all.
BY_ITSELF = Returning(lambda _: None, lambda _, __: [])

#: Our browser client says where it stands, and is told what it has missed.
WITH_POSITION = Returning(_position, _missed)
