"""Questions to a client, and its answers."""

import asyncio
from collections.abc import Callable, Collection
from typing import Any, Final

from ...exceptions import RequestRefused
from ..protocol.frames import Data
from ..protocol.ids import Id

#: What is told to who waits for a client that has gone.
GONE: Final = object()

#: Characters that are taken of the code with which a client refuses.
_MOST_CODE: Final = 64


class Questions:
    """What one client was asked and has not answered yet. On its event loop's thread only."""

    def __init__(self) -> None:
        self._count = 0
        self._waiting: dict[Id, asyncio.Future[Any]] = {}

    @property
    def ids(self) -> Collection[Id]:
        """Those that are not answered yet."""
        return self._waiting.keys()

    async def ask(self, send: Callable[[str], object], seconds: float | None) -> Any:
        """What the client answers; :data:`GONE` when it has gone.

        :param send: is called with the id of the question, and sends it.
        :param seconds: to wait; ``None`` for as long as the client is there.
        :raises TimeoutError: it has not answered in time.
        :raises RequestRefused: it has answered with an error.
        """
        self._count += 1
        id_ = f"s{self._count}"
        answer = self._waiting[id_] = asyncio.get_running_loop().create_future()
        try:
            send(id_)
            async with asyncio.timeout(seconds):
                return await answer
        finally:
            del self._waiting[id_]

    def take(self, id: Id | None, answer: Data) -> bool:
        """Take an answer; whether somebody waits for it: not for one that comes twice, late or unasked.

        :param answer: what it consists of: ``data`` or ``error``.
        """
        waiting = None if id is None else self._waiting.get(id)
        if waiting is None or waiting.done():
            return False
        if answer.get("error") is None:
            waiting.set_result(answer.get("data"))
        else:
            waiting.set_exception(_refusal_of(answer["error"]))
        return True

    def end(self) -> None:
        """The client has gone."""
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_result(GONE)


def _refusal_of(error: Any) -> RequestRefused:
    """What a client says, in whatever form it does."""
    details = dict(error) if isinstance(error, dict) else {"code": "error", "message": error}
    code, message = details.pop("code", "error"), details.pop("message", "")
    return RequestRefused(str(code)[:_MOST_CODE], message if isinstance(message, str) else "", details)
