"""The assistant's WebSocket: it answers word by word, can be stopped, and asks before it forgets.

A talk is remembered for as long as its tab is connected.
"""

from collections.abc import AsyncIterator
from typing import Any

from assistant.model import LONGEST, answer
from tornado_websockets import Socket
from tornado_websockets.exceptions import Refused
from tornado_websockets.websocket import WebSocket

SURE = "Forget all that you have asked?"

# region shown
assistant = WebSocket("/assistant")


@assistant.on
async def ask(socket: Socket, data: dict[str, Any]) -> AsyncIterator[str]:
    asked = socket.state.setdefault("asked", [])
    asked.append(read_question(data))
    async for word in answer(asked[-1], number=len(asked)):
        yield word


@assistant.on
async def forget(socket: Socket) -> bool:
    is_sure = await socket.ask("confirm", {"question": SURE}, timeout=None) is True
    if is_sure:
        socket.state.pop("asked", None)
    return is_sure


# endregion


def read_question(data: dict[str, Any]) -> str:
    question = data.get("question")
    if not isinstance(question, str) or not 0 < len(question.strip()) <= LONGEST:
        raise Refused("no_question", f"Ask something, in at most {LONGEST} characters.")
    return question.strip()
