"""Threads and executors: whose handler they run for is that of whoever starts them, or submits."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.memory import MemoryClient
from tornado_websockets.exceptions import EmitHandlerError
from tornado_websockets.websocket import WebSocket, endpoint_of


@pytest.fixture
def ws():
    return WebSocket("/inheriting", add_to_handlers=False)


@pytest.fixture
def executor():
    with ThreadPoolExecutor(1) as executor:
        yield executor


async def send(ws, event):
    client = await MemoryClient(endpoint_of(ws)).connect()
    await client.send(event, id=1)
    await client.leave()


async def test_what_others_submit_to_an_executor_of_a_handler_is_not_the_handler_s(ws, executor):
    @ws.on
    def say():
        executor.submit(ws.emit, "said").result()  # which also starts its thread

    await send(ws, "say")
    with pytest.raises(EmitHandlerError):
        executor.submit(ws.emit, "said").result()


async def test_a_handler_may_submit_to_an_executor_that_others_have_started(ws, executor):
    executor.submit(int).result()
    outcomes = []

    @ws.on
    def say():
        outcomes.append(executor.submit(ws.emit, "said").exception())

    await send(ws, "say")
    assert outcomes == [None]


async def test_a_thread_that_is_made_in_a_handler_and_started_elsewhere_is_not_the_handler_s(ws):
    threads, errors = [], []

    def emit():
        try:
            ws.emit("said")
        except EmitHandlerError as error:
            errors.append(error)

    @ws.on
    def say():
        threads.append(threading.Thread(target=emit))

    await send(ws, "say")
    threads[0].start()
    threads[0].join()
    assert len(errors) == 1
