"""Who answers pings, and who does not."""

from collections.abc import Awaitable, Callable

from tests.support.waiting import Clock, run_on_clock
from tornado_websockets.core.connections.heartbeat import Heartbeat


class Pinged:
    """What becomes of a client."""

    def __init__(self, *, interval: float = 20, timeout: float = 30) -> None:
        self.log: list[str] = []
        self.is_reading = True
        self.heartbeat = Heartbeat(
            lambda: self.log.append("ping"),
            lambda: self.log.append("given up"),
            lambda: self.is_reading,
            interval=interval,
            timeout=timeout,
        )


async def watch(clock: Clock, client: Pinged, *steps: tuple[float, list[str]]) -> None:
    for seconds, expected in steps:
        await clock.forward(seconds)
        assert client.log == expected


def on_clock(test: Callable[[Clock], Awaitable[None]]) -> Callable[[], None]:
    return lambda: run_on_clock(test)


@on_clock
async def test_client_that_answers_nothing_is_given_up_after_interval_and_timeout(clock):
    await watch(clock, Pinged(), (19.9, []), (0.2, ["ping"]), (30.1, ["ping"]), (0.6, ["ping", "given up"]))


@on_clock
async def test_client_is_given_up_once(clock):
    await watch(
        clock, Pinged(), (20.1, ["ping"]), (30.1, ["ping"]), (0.6, ["ping", "given up"]), (1000, ["ping", "given up"])
    )


@on_clock
async def test_client_that_answers_is_pinged_again(clock):
    client = Pinged()
    for count in range(1, 5):
        await watch(clock, client, (20.1, ["ping"] * count), (29, ["ping"] * count))
        client.heartbeat.answered()


@on_clock
async def test_answer_that_nobody_waits_for_changes_nothing(clock):
    client = Pinged()
    await watch(clock, client, (15, []))
    client.heartbeat.answered()
    await watch(clock, client, (5.1, ["ping"]))


@on_clock
async def test_client_that_cannot_be_read_from_is_not_given_up(clock):
    client = Pinged()
    client.is_reading = False
    await watch(clock, client, (20.1, ["ping"]), (30, ["ping"]), (30, ["ping"]))
    client.is_reading = True
    await watch(clock, client, (30, ["ping"]), (0.6, ["ping", "given up"]))


@on_clock
async def test_answer_that_could_not_be_read_in_time_counts(clock):
    client = Pinged()
    client.is_reading = False
    await watch(clock, client, (49.9, ["ping"]))
    client.is_reading = True
    await watch(clock, client, (0.3, ["ping"]))
    client.heartbeat.answered()
    await watch(clock, client, (10, ["ping"]))


@on_clock
async def test_client_that_cannot_be_read_from_again_is_not_given_up(clock):
    client = Pinged()
    await watch(clock, client, (50.2, ["ping"]))
    client.is_reading = False
    await watch(clock, client, (29, ["ping"]))


@on_clock
async def test_stopped_heart_does_nothing(clock):
    resting, waiting = Pinged(), Pinged()
    resting.heartbeat.stop()
    await watch(clock, waiting, (20.1, ["ping"]))
    waiting.heartbeat.stop()
    waiting.heartbeat.answered()
    await clock.forward(1000)
    assert (resting.log, waiting.log) == ([], ["ping"])


@on_clock
async def test_without_interval_there_are_no_pings(clock):
    await watch(clock, Pinged(interval=0), (1000, []))


@on_clock
async def test_without_timeout_nobody_is_given_up(clock):
    await watch(clock, Pinged(timeout=0), (20.1, ["ping"]), (20, ["ping"] * 2), (20, ["ping"] * 3))
