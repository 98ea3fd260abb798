"""The chat."""

from typing import Any, Literal

from channels.db import database_sync_to_async
from chanx.channels.websocket import AsyncJsonWebsocketConsumer
from chanx.core.decorators import channel, event_handler, ws_handler
from chanx.messages.base import BaseMessage
from pydantic import BaseModel

from benchmarks.compared.projects.journal import note, slow_query


class Line(BaseModel):
    """A line of chat."""

    text: str


class Seconds(BaseModel):
    """How long."""

    seconds: float


class Name(BaseModel):
    """Whose it is."""

    name: str


class Say(BaseMessage):
    """To be broadcast."""

    action: Literal["say"] = "say"
    payload: Line


class Said(BaseMessage):
    """To everyone."""

    action: Literal["said"] = "said"
    payload: Line


class Published(BaseMessage):
    """To everyone, from outside of a consumer."""

    action: Literal["published"] = "published"
    payload: Line


class Echo(BaseMessage):
    """To be answered."""

    action: Literal["echo"] = "echo"
    payload: Line


class Echoed(BaseMessage):
    """The answer."""

    action: Literal["echoed"] = "echoed"
    payload: Line


class Sleep(BaseMessage):
    """To be answered late."""

    action: Literal["sleep"] = "sleep"
    payload: Seconds


class Slept(BaseMessage):
    """The late answer."""

    action: Literal["slept"] = "slept"
    payload: dict[str, Any] = {}  # noqa: RUF012 pydantic copies it


class WhoAmI(BaseMessage):
    """To be answered with the name."""

    action: Literal["whoami"] = "whoami"
    payload: dict[str, Any] = {}  # noqa: RUF012 pydantic copies it


class Me(BaseMessage):
    """The name."""

    action: Literal["me"] = "me"
    payload: Name


@channel(name="chat")
class Chat(AsyncJsonWebsocketConsumer):
    """A consumer of one group."""

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

    @ws_handler
    async def sleep(self, message: Sleep) -> Slept:
        """Answer late."""
        await database_sync_to_async(slow_query)(message.payload.seconds)
        return Slept()

    @ws_handler
    async def whoami(self, _: WhoAmI) -> Me:
        """Answer with the name."""
        return Me(payload=Name(name=self.scope["user"].get_username()))

    @event_handler
    async def published(self, event: Published) -> Said:
        """Hand on what was published."""
        return Said(payload=event.payload)

    async def websocket_disconnect(self, message: Any) -> None:
        """Tell that a client has gone."""
        note("gone")
        await super().websocket_disconnect(message)


def publish(text: str) -> None:
    """Broadcast from outside of a consumer."""
    Chat.broadcast_event_sync(Published(payload=Line(text=text)), groups=["chat"])
