"""A bare loop of ``send()`` over the clients' sockets: the floor of a broadcast, whatever the library.

It knows just enough of WebSocket to be understood, and relies on clients whose masks are zeros.
"""

import selectors
import socket
import sys
from base64 import b64encode
from hashlib import sha1

_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
_TEXT, _CLOSE = 0x81, 0x88

_clients: set[socket.socket] = set()
_unread: dict[socket.socket, bytes] = {}


def main(port: int) -> None:
    """Serve for ever."""
    listener = socket.create_server(("127.0.0.1", port), backlog=1024)
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ, lambda: _admit(listener, selector))
        while True:
            for key, _ in selector.select():
                key.data()


def _admit(listener: socket.socket, selector: selectors.BaseSelector) -> None:
    client, _ = listener.accept()
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    _unread[client] = b""

    def read() -> None:
        data = client.recv(1 << 16)
        rest = _unread[client] + data
        _unread[client] = _broadcast(rest) if client in _clients else _greet(client, rest)
        if not data or rest[:1] == bytes([_CLOSE]):
            selector.unregister(client)
            _clients.discard(client)
            del _unread[client]
            client.close()

    selector.register(client, selectors.EVENT_READ, read)


def _greet(client: socket.socket, request: bytes) -> bytes:
    head, end, rest = request.partition(b"\r\n\r\n")
    if not end:
        return request
    key = head.partition(b"Sec-WebSocket-Key: ")[2].partition(b"\r\n")[0]
    accept = b64encode(sha1(key + _MAGIC, usedforsecurity=False).digest())
    client.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )
    _clients.add(client)
    return rest


def _broadcast(data: bytes) -> bytes:
    """Send each whole frame to everybody, and return what is left."""
    while len(data) >= 8 and data[0] == _TEXT:
        extended = 2 if data[1] & 0x7F == 126 else 0
        start = 6 + extended  # behind the mask
        end = start + (int.from_bytes(data[2:4], "big") if extended else data[1] & 0x7F)
        if end > len(data):
            break
        frame = bytes([_TEXT, data[1] & 0x7F]) + data[2 : 2 + extended] + data[start:end]
        for client in _clients:
            client.send(frame)
        data = data[end:]
    return data


if __name__ == "__main__":
    main(int(sys.argv[1]))
