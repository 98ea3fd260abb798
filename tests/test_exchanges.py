"""The table of exchanges gives the same transcripts over every transport."""

import json

import pytest

from tests.support.asgi import Server
from tests.support.client import AnyClient
from tests.support.communicator import InProcess
from tests.support.exchange import Exchange
from tests.support.exchanges import EXCHANGES

#: By name of the exchange: what was heard over the first transport it was tried on.
transcripts: dict[str, list[list[str]]] = {}


@pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda exchange: exchange.name)
async def test_exchange(anyhow: Server | InProcess, exchange: Exchange) -> None:
    clients = [await _arrive(anyhow, exchange.path) for _ in exchange.hears]
    for number, message in exchange.says:
        await clients[number].send(message)
        await clients[number].settle()
    for client in clients * 2:  # the second time nothing can be on its way any more
        await client.settle()
    heard = [client.transcript for client in clients]
    assert [_read(texts, expected) for texts, expected in zip(heard, exchange.hears, strict=True)] == [
        list(expected) for expected in exchange.hears
    ]
    assert heard == transcripts.setdefault(exchange.name, heard)
    if isinstance(anyhow, Server):
        for record in exchange.logs:
            await anyhow.log.wait_for_error(record)


async def _arrive(anyhow: Server | InProcess, path: str) -> AnyClient:
    client = await anyhow.connect(path)
    await client.settle()
    return client


def _read(texts: list[str], expected: tuple[object, ...]) -> list[object]:
    """The frames in ``texts``, but as texts where texts are expected."""
    as_text = [isinstance(value, str) for value in expected] + [False] * len(texts)
    return [heard if is_text else json.loads(heard) for heard, is_text in zip(texts, as_text, strict=False)]
