"""Hello and welcome: what a client says of where it stands, and what it is told of what it has missed."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from .position import read_position

#: Earlier connections that a client may name, and characters of each.
MAX_IDS: Final = 100
MAX_ID: Final = 128


@dataclass(frozen=True, slots=True)
class Hello:
    """What a client says.

    :ivar since: where it stands; ``None`` for one that wants to know where the topic does.
    :ivar ids: of its earlier connections: what these were excluded from, it has not missed.
    """

    since: Mapping[str, int] | None
    ids: Sequence[str] = ()


def read_hello(data: Mapping[str, Any]) -> Hello:
    """The hello in the data of its event.

    :raises ValueError: it is none.
    """
    since, ids = data.get("since"), data.get("ids")
    if ids is None:
        ids = []
    if not isinstance(ids, list) or len(ids) > MAX_IDS:
        raise ValueError(f"Expected a list of at most {MAX_IDS} ids of connections as 'ids'.")
    if not all(isinstance(each, str) and 1 <= len(each) <= MAX_ID for each in ids):
        raise ValueError(f"Expected ids of 1 to {MAX_ID} characters.")
    return Hello(None if since is None else read_position(since), ids)


def welcome(id_: str) -> str:
    """The welcome on a path without a history."""
    return f'{{"event":"tws.welcome","data":{{"id":"{id_}"}}}}'


def welcome_at(id_: str, at: Mapping[str, int], frames: Iterable[str] | None) -> str:
    """The welcome on a path with one.

    :param at: where the topic stands.
    :param frames: what was missed; ``None`` where that is not all there, or was not asked for.
    """
    position = json.dumps(at, separators=(",", ":")).replace("</", "<\\/")
    recovered = "false" if frames is None else "true"
    events = ",".join(frames or ())
    return (
        f'{{"event":"tws.welcome","data":{{"id":"{id_}","at":{position},"recovered":{recovered},"events":[{events}]}}}}'
    )
