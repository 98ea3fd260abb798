"""The ASGI application with something around it, as users have it."""

import asyncio
import sys
from contextlib import nullcontext
from typing import Any

from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
from sentry_sdk.integrations.asgi import SentryAsgiMiddleware

from .asgi import application
from .websockets.notes import note


def _key(scope: Any) -> str:
    return str(scope["path"].rpartition("/")[2])


async def wrapped(scope: Any, receive: Any, send: Any) -> None:
    """Sees every message, and says so in what goes out."""
    if scope["type"] != "websocket":
        await application(scope, receive, send)
        return
    seen = []

    async def wrapped_receive() -> Any:
        message = await receive()
        seen.append(message["type"])
        return message

    async def wrapped_send(message: Any) -> None:
        async with asyncio.timeout(10) if sys.version_info >= (3, 12) else nullcontext():
            if message["type"] == "websocket.close":
                note(_key(scope), f"closing {message.get('code')} {message.get('reason')}")
            if "text" in message:
                message["text"] = message["text"].replace("seen by nobody", "seen by a middleware")
            await send(message)

    await application(scope, wrapped_receive, wrapped_send)
    note(_key(scope), f"received {seen.count('websocket.receive')}")


def _note_sending(span: Any, scope: Any, message: Any) -> None:
    note(_key(scope), message["type"])


traced = OpenTelemetryMiddleware(application, client_response_hook=_note_sending)

monitored = SentryAsgiMiddleware(application)

_calls: dict[int, Any] = {}


async def hidden(scope: Any, receive: Any, send: Any) -> None:
    """Nothing leads from what the application is called with to the server."""
    number = len(_calls)
    _calls[number] = receive, send

    async def hidden_receive() -> Any:
        return await _calls[number][0]()

    async def hidden_send(message: Any) -> None:
        await _calls[number][1](message)

    await application(scope, hidden_receive, hidden_send)
