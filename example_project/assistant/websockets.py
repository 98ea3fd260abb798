"""The assistant's WebSocket: it answers word by word, can be stopped, and asks before it forgets.

A talk is remembered for as long as its tab is connected.
"""

from collections.abc import AsyncIterator

from assistant.model import Question, answer
from tornado_websockets import Socket
from tornado_websockets.websocket import WebSocket

SURE = "Forget all that you have asked?"

# region shown
assistant = WebSocket("/assistant", sends={"confirm": Question})


@assistant.on
async def ask(socket: Socket, data: Question) -> AsyncIterator[str]:
    asked = socket.state.setdefault("asked", [])
    asked.append(data.question)
    async for word in answer(asked[-1], number=len(asked)):
        yield word


@assistant.on
async def forget(socket: Socket) -> bool:
    is_sure = await socket.ask("confirm", {"question": SURE}, timeout=None) is True
    if is_sure:
        socket.state.pop("asked", None)
    return is_sure


# endregion
