"""Which events of a path are numbered and kept, and how they look on the wire."""

import json
from dataclasses import dataclass, field
from typing import Final

from ...delivery.audience import Audience
from ...delivery.keeper import Place
from ...delivery.message import Message

#: Told to the clients of a path that something was lost on the way to them: they read their data again.
GAP: Final = '{"event":"tws.gap","data":{}}'


@dataclass(frozen=True, slots=True)
class Policy:
    """What is kept of the events of a path.

    :ivar history: events that are kept of each concrete path; 0 for none.
    :ivar retain: names of the events of which the newest is told to whoever connects.
    """

    history: int = 0
    retain: frozenset[str] = field(default_factory=frozenset)

    def keeps(self, message: Message) -> bool:
        """Whether ``message`` is numbered and kept."""
        return self.history > 0 or bool(self.retained_name(message.event, message.audience))

    def retained_name(self, event: str, audience: Audience | None) -> str:
        """The name under which an event is retained; empty for one that is not, or not for everybody."""
        is_for_everybody = audience is None or not audience.is_narrow
        return event if event in self.retain and is_for_everybody else ""

    def name_of(self, text: str) -> str:
        """The name of the event in a frame, if it is one that may be retained; else empty."""
        for name in self.retain:
            written = json.dumps(name).replace("</", "<\\/")
            if text.startswith(f'{{"event":{written},'):
                return name
        return ""

    def frame_of(self, text: str, place: Place) -> str:
        """What clients get of an event: its frame, with its place where there is a history to ask for."""
        if not self.history:
            return text
        at = json.dumps(f"{place.sender}.{place.number}").replace("</", "<\\/")  # others choose their names
        return f'{text[:-1]},"at":{at}}}'
