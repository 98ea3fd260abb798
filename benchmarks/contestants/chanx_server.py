"""chanx on Channels, as its README has it; without the message it sends about authentication."""

import os
from typing import Literal

from channels.routing import URLRouter
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.urls import path
from pydantic import BaseModel

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.contestants.settings")
settings.CHANX = {"SEND_AUTHENTICATION_MESSAGE": False}
get_asgi_application()

from chanx.channels.websocket import AsyncJsonWebsocketConsumer  # noqa: E402 it needs Django set up
from chanx.core.decorators import channel, ws_handler  # noqa: E402
from chanx.messages.base import BaseMessage  # noqa: E402


class Line(BaseModel):
    """A line of chat."""

    text: str


class Say(BaseMessage):
    """To be broadcast."""

    action: Literal["say"] = "say"
    payload: Line


class Said(BaseMessage):
    """To everyone."""

    action: Literal["said"] = "said"
    payload: Line


class Echo(BaseMessage):
    """To be answered."""

    action: Literal["echo"] = "echo"
    payload: Line


class Echoed(BaseMessage):
    """The answer."""

    action: Literal["echoed"] = "echoed"
    payload: Line


@channel(name="chat")
class Chat(AsyncJsonWebsocketConsumer):
    """The chat."""

    channel_layer_alias = "default"
    groups = ["chat"]  # noqa: RUF012 as its documentation has it

    @ws_handler(output_type=Said)
    async def say(self, message: Say) -> None:
        """Broadcast."""
        await self.broadcast_message(Said(payload=message.payload))

    @ws_handler
    async def echo(self, message: Echo) -> Echoed:
        """Answer."""
        return Echoed(payload=message.payload)


application = URLRouter([path("ws/chat", Chat.as_asgi())])
