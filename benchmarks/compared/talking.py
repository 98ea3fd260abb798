"""A client that speaks a peer's dialect."""

import time
from typing import Any

from .client import Client, Closed
from .dialects import Dialect

#: Seconds to wait for what should come at once.
SOON = 10.0


class Talker:
    """Emits events and expects them.

    :ivar is_closed: the connection has been seen to end.
    """

    def __init__(self, client: Client, dialect: Dialect) -> None:
        self._client = client
        self._dialect = dialect
        self.is_closed = False
        for greeting in dialect.greetings:
            client.receive(SOON)
            client.send(greeting)
        if dialect.greetings:
            client.receive(SOON)

    def emit(self, event: str, **data: Any) -> None:
        """Send an event.

        :raises Closed: the connection has ended.
        """
        self._client.send(self._dialect.encode(event, data))

    def expect(self, event: str, timeout: float = SOON) -> dict[str, Any]:
        """The data of the next event of that name; others before it are dropped.

        :raises TimeoutError: none has come.
        :raises Closed: the connection has ended.
        """
        deadline = time.monotonic() + timeout
        while True:
            text = self._client.receive(max(deadline - time.monotonic(), 0))
            if text in self._dialect.answers:
                self._client.send(self._dialect.answers[text])
            elif (found := self._dialect.decode(text)) is not None and found[0] == event:
                return found[1]

    def texts(self, timeout: float, until: str | None = None) -> list[str]:
        """The texts that are ``said``, until one of them comes, the time is up, or the connection has ended."""
        deadline, found = time.monotonic() + timeout, []
        try:
            while until is None or until not in found:
                found.append(self.expect("said", max(deadline - time.monotonic(), 0))["text"])
        except TimeoutError:
            pass
        except Closed:
            self.is_closed = True
        return found

    def ending(self, timeout: float) -> Closed | None:
        """How the connection ends, if it does in time."""
        try:
            self.expect("nothing of that name", timeout)
        except Closed as closed:
            return closed
        except TimeoutError:
            pass
        return None

    def drop(self) -> None:
        """Leave without a word."""
        self._client.drop()
