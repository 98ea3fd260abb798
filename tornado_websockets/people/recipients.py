"""Some of the clients of a WebSocket, as ``WebSocket.to`` gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asgiref.sync import markcoroutinefunction

from ..core.protocol.closing import FORBIDDEN, Close
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

    def disconnect(self, code: int = FORBIDDEN, reason: str = "", /, **parameters: Any) -> Publication:
        """Close their connections, on every process, once what was sent to them before is out.

        Works anywhere, and waits for the commit of an open transaction, as :meth:`publish`. A client that was being let
        in meanwhile is asked about again: ``authorize`` decides, and where there is none it is closed as well.

        :param code: an application's, 4000 to 4999, or 1000.
        :param reason: at most 123 bytes of UTF-8.
        :param parameters: of the path.
        :raises ValueError: code or reason is something else.
        :raises PublishError: the other processes were not reached.
        """
        return self._emitter.disconnect(Close.by_application(code, reason), parameters, self._audience)
