"""A turnstile to be held, and clients on bare sockets."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from tests.support.turnstile import HeldTurnstile, put_up

Connect = Callable[..., Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


@asynccontextmanager
async def _connecting_to(port: int) -> AsyncIterator[Connect]:
    writers = []

    async def connect(first: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writers.append(writer)
        writer.write(first)
        return reader, writer

    yield connect
    for writer in writers:
        writer.close()


@pytest.fixture
def connecting_to() -> Callable[[int], AbstractAsyncContextManager[Connect]]:
    """Gives what connects to a port, and may say something first; all are closed in the end."""
    return _connecting_to


@pytest.fixture
async def held(monkeypatch: pytest.MonkeyPatch) -> HeldTurnstile:
    """A turnstile that lets nobody through by itself."""
    return put_up(HeldTurnstile(), monkeypatch)
