"""Handshakes with all kinds of Host and Origin."""

import asyncio
from collections.abc import Mapping

from .application import HANDSHAKE

Headers = tuple[tuple[str, str], ...]

_HOSTS = (
    ("127.0.0.1",),
    ("127.0.0.1:80",),
    ("LOCALHOST",),
    ("localhost.",),
    ("[::1]",),
    ("[::1]:8000",),
    ("elsewhere.example",),
    ("127.0.0.1.elsewhere.example",),
    ("elsewhere.example:80",),
    ("[::1",),
    ("::1",),
    ("127.0.0.1:port",),
    ("127.0.0.1:99999",),
    ("127.0.0.1 ",),
    ("127.0.0.1/",),
    ("user@127.0.0.1",),
    ("127.0.0.1,elsewhere.example",),
    ("caf\u00e9",),
    ("",),
    (),
    ("127.0.0.1", "127.0.0.1"),
    ("127.0.0.1", "elsewhere.example"),
)

_ORIGINS = (
    ("http://127.0.0.1",),
    ("https://localhost:8443",),
    ("HTTP://LOCALHOST",),
    ("http://[::1]:8000",),
    ("chrome-extension://localhost",),
    ("http://elsewhere.example",),
    ("http://127.0.0.1.elsewhere.example",),
    ("http://127.0.0.1:99999",),
    ("http://127.0.0.1:port",),
    ("http://user@127.0.0.1",),
    ("http://127.0.0.1/page",),
    ("http://127.0.0.1 http://elsewhere.example",),
    ("http://[::1",),
    ("http://[1:2]",),
    ("http://",),
    ("//127.0.0.1",),
    ("127.0.0.1",),
    ("null",),
    ("",),
    ("http://caf\u00e9",),
    ("http://127.0.0.1\t",),
    ("http://127.0.0.1", "http://127.0.0.1"),
    ("http://127.0.0.1", "http://elsewhere.example"),
)

#: The same origin as the host, which browsers vouch for: that must not let a rebound name in.
_BOTH = (
    (("Host", "elsewhere.example"), ("Origin", "http://elsewhere.example")),
    (("Host", "elsewhere.example"), ("Origin", "http://127.0.0.1")),
    (("Host", "elsewhere.example"), ("Origin", "http://elsewhere.example"), ("Sec-Fetch-Site", "same-origin")),
    (("Host", "127.0.0.1"), ("Origin", "http://elsewhere.example"), ("Sec-Fetch-Site", "same-origin")),
    (("Host", "127.0.0.1"), ("Origin", "http://localhost"), ("Sec-Fetch-Site", "cross-site")),
    (("Host", "127.0.0.1"), ("Sec-Fetch-Site", "cross-site")),
    (("Host", "127.0.0.1"), ("X-Forwarded-Host", "elsewhere.example")),
    (("Host", "elsewhere.example"), ("X-Forwarded-Host", "127.0.0.1")),
)

#: Headers of handshakes whose verdict must be the same everywhere.
HANDSHAKES: tuple[Headers, ...] = (
    *(tuple(("Host", value) for value in values) for values in _HOSTS),
    *((("Host", "127.0.0.1"), *(("Origin", value) for value in values)) for values in _ORIGINS),
    *_BOTH,
)


async def shake_hands(port: int, path: str, headers: Headers, given: Mapping[str, str] = HANDSHAKE) -> int:
    """The status of the answer; 0 where there is none but the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in (*headers, *given.items())), "", ""]
    writer.write("\r\n".join(lines).encode("latin-1"))
    try:
        async with asyncio.timeout(5):
            line = await reader.readline()
    finally:
        writer.transport.abort()
    return int(line.split()[1]) if line else 0
