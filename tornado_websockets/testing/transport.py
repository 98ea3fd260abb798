"""The way to a client that needs no server."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

Frame = dict[str, Any]


class Transport:
    """The server's end of the line.

    :param arrive: is given each frame, or ``None`` and the code when the server closes.
    """

    is_simulated = True  # for the watch of logins

    def __init__(self, arrive: Callable[[Frame | None, int | None], Awaitable[None]]) -> None:
        self._arrive = arrive

    async def send(self, text: str) -> None:
        await self._arrive(json.loads(text), None)

    async def close(self, code: int, reason: str) -> None:  # noqa: ARG002 nobody asked for it yet
        await self._arrive(None, code)

    def abort(self, code: int) -> None:
        """Nothing to cut."""

    def read_on(self) -> None:
        """What is sent is seen at once."""

    def keep_line_short(self) -> None:
        """There is no line."""

    def taken(self) -> None:
        """There is nobody to tell."""

    def has_left(self) -> bool:
        """It waits."""
        return False

    def cancel_handler(self) -> None:
        """No server stops."""
