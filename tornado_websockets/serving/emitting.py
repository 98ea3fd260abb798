"""Emitting and publishing: what is checked first, whom it reaches from where, and when it leaves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from ..core.delivery.message import Message
from ..core.delivery.sending import Publication, Sending
from ..core.handlers.calling import current
from ..exceptions import EmitHandlerError
from ..fragments.fragment import HTML, Fragment
from ..people.orders import Disconnect, Recheck
from ..transactions import Options, publish
from .endpoint import Endpoint, may_emit_anywhere

if TYPE_CHECKING:
    from ..core.connections.connection import Connection
    from ..core.delivery.audience import Audience
    from ..core.protocol.closing import Close
    from ..core.protocol.frames import Data

#: Names of what ``publish_html`` takes for a fragment alone.
OF_FRAGMENTS: Final = frozenset({"target", "template", "context"})


class Emitter:
    """Sends to the clients of a WebSocket.

    :param endpoint: of the WebSocket.
    """

    __slots__ = ("_endpoint",)

    #: Makes what says how to publish: at hand, where this module is too much to import.
    options = Options

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def emit(self, event: str, data: Data | str | None, audience: Audience | None = None) -> Sending | Publication:
        """See :meth:`WebSocket.emit`.

        :param audience: who of the clients hear it; all by default.
        """
        return self._emit_inside(event, self._checked(self._endpoint.encoder.emitted(event, data)), audience)

    def emit_html(self, *fragment: Any) -> Sending | Publication:
        """See :meth:`WebSocket.emit_html`; parameters as of :class:`Fragment`."""
        return self._emit_inside(HTML, self.write_html(*fragment))

    def publish(
        self,
        event: str,
        data: Data | str | None,
        parameters: Mapping[str, Any],
        options: Options,
        audience: Audience | None = None,
    ) -> Publication:
        """See :meth:`WebSocket.publish`, and :class:`~tornado_websockets.people.recipients.Recipients`.

        :param audience: who of the clients hear it; all by default.
        """
        text = self._checked(self._endpoint.encoder.event(event, data))
        return self._publish(event, text, parameters, options, audience)

    def path_for(self, parameters: Mapping[str, Any]) -> str:
        """The concrete path for ``parameters``, or without any that of the handler that is running; errors as above."""
        connection = emitting_connection(self._endpoint)
        if parameters or connection is None or connection.endpoint is not self._endpoint:
            return self._endpoint.pattern.build(parameters)
        return connection.path

    def disconnect(self, close: Close, parameters: Mapping[str, Any], audience: Audience) -> Publication:
        """See :meth:`~tornado_websockets.people.recipients.Recipients.disconnect`."""
        order = Disconnect(self.path_for(parameters), audience, close)
        return publish(self._endpoint.hub, order.note, Options())

    def recheck(self, users: frozenset[str]) -> Publication:
        """See :meth:`WebSocket.recheck`."""
        return publish(self._endpoint.hub, Recheck(self._endpoint.path, users).note, Options())

    def parameters_beside(self, fragment: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters of the path, where :meth:`WebSocket.publish_html` has taken some for the fragment.

        :param fragment: what it has taken besides target, template and context.
        :param parameters: what else it was given.
        :raises TypeError: the path cannot be reached by it.
        """
        pattern = self._endpoint.pattern
        for name in sorted(pattern.names & OF_FRAGMENTS):
            raise TypeError(
                f"publish_html cannot reach the path {pattern.text!r}, whose parameter {name!r} has the name of an "
                f"argument of its own: give it another name, in WebSocket({pattern.text!r})."
            )
        shared = {name: value for name, value in fragment.items() if name in pattern.names and value is not None}
        return {**parameters, **shared}

    def publish_html(self, text: str, parameters: Mapping[str, Any], options: Options) -> Publication:
        """See :meth:`WebSocket.publish_html`.

        :param text: by :meth:`write_html`, which may have to wait for a database.
        """
        return self._publish(HTML, text, parameters, options)

    def write_html(self, *fragment: Any) -> str:
        """The frame of a fragment, which is rendered for that; parameters as of :class:`Fragment`."""
        found = Fragment(*fragment)
        self._endpoint.refuse_strangers()
        return self._endpoint.encoder.control(HTML, found.render())

    def send(
        self,
        event: str,
        data: Data | str | None = None,
        *,
        supersede: bool = False,
        on_commit: bool = True,
        path: str | None = None,
    ) -> Sending | Publication:
        """:meth:`emit` where a handler is running, :meth:`publish` elsewhere, without waiting for how it goes.

        :param supersede: a client that still waits for an earlier ``event`` gets only this one.
        :param on_commit: as of :meth:`publish`.
        :param path: a concrete path; by default that of the handler that is running.
        :raises TypeError, ValueError, InvalidInstanceError: as :meth:`emit`; a ``TypeError`` also where no handler of
            this WebSocket is running and its path has parameters, unless ``path`` is given.
        """
        text = self._checked(self._endpoint.encoder.emitted(event, data))
        key = event if supersede else None
        connection = emitting_connection(self._endpoint)
        if connection is not None:
            # Many handlers may send for one module: they keep its order, unless one has something else waiting.
            has_waiting = connection.shard.has_waiting(connection)
            message = Message(path or self._topic(connection), event, text, key)
            return self._emit(connection, message, connection if has_waiting else message.topic)
        message = Message(path or self._endpoint.pattern.build({}), event, text, key)
        return publish(self._endpoint.hub, message, Options(on_commit=on_commit, wait=False))

    def _checked(self, text: str) -> str:
        if self._endpoint.roster.strangers:
            self._endpoint.refuse_strangers()
        return text

    def _emit_inside(self, event: str, text: str, audience: Audience | None = None) -> Sending | Publication:
        """Emit where a handler is running, or where that is allowed elsewhere."""
        connection = emitting_connection(self._endpoint)
        if connection is not None:
            return self._emit(connection, Message(self._topic(connection), event, text, audience=audience))
        if may_emit_anywhere() and not self._endpoint.pattern.names:
            return self._publish(event, text, {}, Options(), audience)
        raise EmitHandlerError(event, self._endpoint.pattern.text)

    def _topic(self, connection: Connection) -> str:
        """The path that ``connection`` emits to."""
        return connection.path if connection.endpoint is self._endpoint else self._endpoint.pattern.text

    def _emit(self, connection: Connection, message: Message, sender: Any = None) -> Sending:
        self._endpoint.hub.emit(message, sender)
        return Sending(connection.shard.settle_here, sender or connection)

    def _publish(
        self,
        event: str,
        text: str,
        parameters: Mapping[str, Any],
        options: Options,
        audience: Audience | None = None,
    ) -> Publication:
        topic = self._endpoint.pattern.build(parameters) if audience is None else self.path_for(parameters)
        return publish(self._endpoint.hub, Message(topic, event, text, audience=audience), options)


def emitting_connection(endpoint: Endpoint) -> Connection | None:
    """The connection whose handler is running, if it tells which path of ``endpoint`` is meant."""
    connection = cast("Connection | None", current.get())
    is_clear = connection is not None and (connection.endpoint is endpoint or not endpoint.pattern.names)
    return connection if is_clear else None
