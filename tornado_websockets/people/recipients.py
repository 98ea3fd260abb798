"""Some of the clients of a WebSocket, as ``WebSocket.to`` gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asgiref.sync import markcoroutinefunction

from ..transactions import Options

if TYPE_CHECKING:
    from ..core.delivery.audience import Audience
    from ..core.delivery.sending import Publication, Sending
    from ..core.protocol.frames import Data
    from ..serving.emitting import Emitter


class Recipients:
    """Some of the clients of a WebSocket: those of the path, on every process, whom :meth:`WebSocket.to` has named.

    Inside a handler of the WebSocket, parameters of the path may be left out: then it is the path of that handler.

    :param emitter: of the WebSocket.
    :param audience: who they are.
    """

    __slots__ = ("_audience", "_emitter")

    def __init__(self, emitter: Emitter, audience: Audience) -> None:
        self._emitter = emitter
        self._audience = audience

    def emit(self, event: str, data: Data | str | None = None) -> Sending | Publication:
        """Send them an event, from inside a handler; see :meth:`WebSocket.emit`."""
        return self._emitter.emit(event, data, self._audience)

    def publish(
        self,
        event: str,
        data: Data | str | None = None,
        *,
        on_commit: bool = True,
        using: str | None = None,
        fail_silently: bool = False,
        **parameters: Any,
    ) -> Publication:
        """Send them an event, from anywhere; see :meth:`WebSocket.publish`."""
        options = Options(on_commit, using, fail_silently)
        return self._emitter.publish(event, data, parameters, options, self._audience)

    @markcoroutinefunction
    def apublish(
        self,
        event: str,
        data: Data | str | None = None,
        *,
        on_commit: bool = True,
        using: str | None = None,
        fail_silently: bool = False,
        **parameters: Any,
    ) -> Publication:
        """:meth:`publish` for async code, which it is too."""
        options = Options(on_commit, using, fail_silently)
        return self._emitter.publish(event, data, parameters, options, self._audience)
