"""What networks, servers and sleeping tabs do to a client, and that it comes back from each."""

import asyncio
import os

import pytest
from websockets.asyncio.server import ServerConnection, serve

from tests.browser.pages import DEFAULTS, Pages, Probe, asleep, until
from tests.browser.proxy import Proxy
from tests.example.chat_server import SERVERS, ChatServer

pytestmark = pytest.mark.asyncio(loop_scope="session")  # one browser for all tests
on_every_server = pytest.mark.parametrize("server", sorted(SERVERS), indirect=True)

# Seconds without a network. The clients here are ten times as quick as those of people, so 3 stand for 30.
OUTAGE = float(os.environ.get("TEST_OUTAGE", "3"))

# Chromium delays further attempts when many have failed, by up to 5 s: then a client has to wait for longer than that.
CONNECT_TIMEOUT = 1000 if OUTAGE < 10 else 6000


async def hear_each_other(*probes: Probe) -> None:
    """See that every page is connected, and hears every other one once.

    These clients take a line for dead that is silent for half a second, as it can be on a starved machine; a page that
    connects anew may miss what is said meanwhile, and then all begin again, twice at most.
    """
    for attempt in range(3):
        for probe in probes:
            await probe.wait_for_state("open")
        before = [await probe.happened() for probe in probes]
        for number, probe in enumerate(probes):
            await probe.say(f"now {attempt}.{number}")
        texts = [f"now {attempt}.{number}" for number in range(len(probes))]
        try:
            for probe in probes:
                await probe.wait_for_said(*texts)
        except AssertionError:
            if attempt == 2 or before == [await probe.happened() for probe in probes]:
                raise
            continue
        for probe in probes:
            said = await probe.said()
            assert [said.count(text) for text in texts] == [1] * len(texts)
        return


@on_every_server
async def test_a_network_that_is_silent(pages: Pages, proxy: Proxy) -> None:
    ana, ben = [await pages.probe(connect_timeout=CONNECT_TIMEOUT) for _ in range(2)]
    await hear_each_other(ana, ben)

    proxy.swallow()
    for probe in (ana, ben):
        await probe.wait_for_state("reconnecting")
    await ana.say("meanwhile 1")
    await ana.say("meanwhile 2")
    await asyncio.sleep(OUTAGE)  # the outage itself
    assert [await probe.state() for probe in (ana, ben)] == ["reconnecting"] * 2
    await proxy.cut()
    proxy.resume()

    for probe in (ana, ben):
        await probe.wait_for_event("reconnected")
    await ana.wait_for_said("meanwhile 1", "meanwhile 2")
    assert [text for text in await ana.said() if text.startswith("meanwhile")] == ["meanwhile 1", "meanwhile 2"]
    # What was sent in the last quarter of a second before may be reported: nothing says that it has arrived.
    assert not [event for event in await ana.happened() if event.startswith("dropped meanwhile")]


async def test_a_page_that_is_offline(pages: Pages) -> None:
    ana, ben = [await pages.probe(connect_timeout=CONNECT_TIMEOUT) for _ in range(2)]
    await hear_each_other(ana, ben)

    await ana.page.context.set_offline(True)
    await ana.wait_for_state("reconnecting")
    await ana.say("meanwhile")
    await asyncio.sleep(OUTAGE)  # the outage itself
    await ana.page.context.set_offline(False)

    await ben.wait_for_said("meanwhile")
    await ana.wait_for_state("open")
    await ana.say("after")
    for probe in (ana, ben):
        await probe.wait_for_said("after")
    assert (await ben.said())[-2:] == ["meanwhile", "after"]


async def test_the_times_of_people_when_the_network_goes_and_comes(pages: Pages) -> None:
    ana = await pages.probe(**DEFAULTS)
    await hear_each_other(ana)

    await ana.page.context.set_offline(True)
    await ana.wait_for_state("reconnecting", seconds=5)
    await ana.page.context.set_offline(False)
    await ana.wait_for_state("open", seconds=8)

    await ana.say("after")
    await ana.wait_for_said("after")


@pytest.mark.parametrize(
    "news", ["dispatchEvent(new Event('online'))", "navigator.connection.dispatchEvent(new Event('change'))"]
)
async def test_the_times_of_people_on_another_network(pages: Pages, proxy: Proxy, news: str) -> None:
    ana = await pages.probe(**DEFAULTS)
    await hear_each_other(ana)

    proxy.strand()
    await ana.say("meanwhile")  # what was sent makes no difference
    await ana.page.evaluate(news)
    await ana.wait_for_event("reconnected", seconds=8)

    await ana.say("after")
    await ana.wait_for_said("after")


async def test_a_page_that_is_online_again_on_the_same_network_stays_connected(pages: Pages) -> None:
    ana = await pages.probe(**DEFAULTS)
    await hear_each_other(ana)

    for _ in range(3):
        for change in ("offline", "online"):
            await ana.page.evaluate("change => dispatchEvent(new Event(change))", change)
    await asyncio.sleep(4.5)  # what the client grants a network that has gone, and the answer must have come in

    assert await ana.happened() == ["open"]
    await ana.say("after")
    await ana.wait_for_said("after")


async def test_a_connection_that_breaks(pages: Pages, proxy: Proxy) -> None:
    ana, ben = await pages.probe(), await pages.probe()
    await hear_each_other(ana, ben)

    await proxy.cut()

    for probe in (ana, ben):
        await probe.wait_for_event("reconnected")
        await probe.wait_for_state("open")
    await ana.say("after")
    await ben.wait_for_said("after")


async def test_a_server_that_is_restarted(pages: Pages, server: ChatServer) -> None:
    ana, ben = await pages.probe(), await pages.probe()
    await hear_each_other(ana, ben)

    await server.stop()
    for probe in (ana, ben):
        await probe.wait_for_state("reconnecting")
    await ana.say("meanwhile 1")
    await ana.say("meanwhile 2")
    await ben.say("meanwhile 3")
    await server.start()

    for probe in (ana, ben):
        await probe.wait_for_event("reconnected")
    # A page hears at least itself; who came back later may have missed the other.
    await ana.wait_for_said("meanwhile 1", "meanwhile 2")
    await ben.wait_for_said("meanwhile 3")
    await ana.say("after")
    for probe in (ana, ben):
        await probe.wait_for_said("after")
        said = await probe.said()
        assert len(said) == len(set(said))


@on_every_server
async def test_a_tab_that_sleeps(pages: Pages, proxy: Proxy) -> None:
    ana, ben = await pages.probe(), await pages.probe()
    await hear_each_other(ana, ben)
    async with asleep(ana.page):
        await proxy.cut()  # as a server or a router does with those who do not answer
        await ben.wait_for_event("reconnected")

    await ana.wait_for_event("reconnected")

    async def is_heard() -> bool:
        await ben.say("good morning")  # again, since on a busy machine a line may be given up once more
        return "good morning" in await ana.said()

    await until(is_heard, "a page to hear again")


async def test_a_tab_that_naps_stays_connected(pages: Pages) -> None:
    # Without the hurry of the other tests, in which a nap is longer than the client is patient.
    ana, ben = await pages.probe(ping_interval=25_000, ping_timeout=20_000), await pages.probe()
    await hear_each_other(ana, ben)

    async with asleep(ana.page):
        await ben.say("psst")
        await ben.wait_for_said("psst")

    await ana.wait_for_said("psst")
    assert await ana.happened() == ["open"]


async def test_a_port_that_takes_connections_and_says_nothing(pages: Pages, proxy: Proxy) -> None:
    ana = await pages.probe(auto_connect=False)
    proxy.swallow()
    await ana.page.evaluate("ws.connect()")
    await ana.say("meanwhile")
    await ana.wait_for_event("reconnecting", 2)
    assert (await ana.happened()).count("close") == 1

    await proxy.cut()
    proxy.resume()

    await ana.wait_for_said("meanwhile")
    assert await ana.said() == ["meanwhile"]
    assert (await ana.happened()).count("open") == 1


async def test_a_websocket_that_opens_and_says_nothing(pages: Pages) -> None:
    connections: list[ServerConnection] = []

    async def keep_silent(connection: ServerConnection) -> None:
        connections.append(connection)
        async for _ in connection:
            pass

    async with serve(keep_silent, "127.0.0.1", 0) as silent:
        port = silent.sockets[0].getsockname()[1]
        ana = await pages.probe(host="127.0.0.1", port=port)
        await ana.wait_for_event("open")
        await ana.wait_for_event("reconnecting", 2)

        async def has_tried_again() -> bool:
            return len(connections) > 1

        await until(has_tried_again, "another attempt")
        # It was told once; that a handshake succeeds is no proof any more.
        assert [event for event in await ana.happened() if event != "reconnecting"] == ["open", "close"]
        await ana.page.evaluate("ws.close()")
