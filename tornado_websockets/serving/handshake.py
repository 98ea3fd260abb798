"""A handshake: what it says, and the connection that it becomes."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.utils.datastructures import CaseInsensitiveMapping

from .. import conf
from ..core.connections.connection import Connection
from ..core.connections.transport import Transport
from ..core.handlers.signatures import Run
from ..core.protocol.offers import NOTHING_OFFERED, Offer
from .endpoint import Endpoint


def connect(
    endpoint: Endpoint,
    transport: Transport,
    *,
    parameters: Mapping[str, Any],
    headers: Mapping[str, str],
    query_string: str = "",
    address: str | None = None,
    user: Any = None,
    session: Any = None,
    offer: Offer = NOTHING_OFFERED,
    orders_seen: int | None = None,
    socket: Any = None,
    run: Run | None = None,
) -> Connection:
    """The connection that a handshake becomes, which has not been let in yet.

    :param parameters: of the path, converted.
    :param headers: as :func:`join_headers` gives them.
    :param offer: as :meth:`Endpoint.read_offer` gives it.
    :param orders_seen: the last order to processes before its user was read; by default that of now.
    :param socket: what handlers get instead of the connection.
    :param run: runs sync handlers, instead of the workers of the WebSocket.
    """
    return Connection(
        endpoint,
        transport,
        path=endpoint.pattern.build(parameters),
        kwargs=parameters,
        headers=headers,
        limits=conf.limits(),
        query_string=query_string,
        address=address,
        user=user,
        session=session,
        offer=offer,
        orders_seen=orders_seen,
        socket=socket,
        run=run,
    )


def join_headers(headers: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Headers by name, in any case; those that came more than once joined as RFC 9110 and, for cookies, 6265 do."""
    joined: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        joined[key] = value if key not in joined else joined[key] + ("; " if key == "cookie" else ", ") + value
    return Headers(joined)


#: Headers whose values are nobody's business.
_SECRET: Final = frozenset({"authorization", "cookie", "proxy-authorization", "sec-websocket-protocol"})


class Headers(CaseInsensitiveMapping[str]):
    """Headers by name, in any case. Its ``repr`` shows no token and no cookie."""

    def __repr__(self) -> str:
        return repr({name: "..." if name.lower() in _SECRET else value for name, value in self.items()})
