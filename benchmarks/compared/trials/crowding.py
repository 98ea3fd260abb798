"""What one client does to the others."""

import time
from collections.abc import Callable
from contextlib import suppress

from ...usage import cpu_seconds, memory_bytes
from ..client import Closed
from ..peers import Peer
from ..stage import Stage
from ..talking import Talker

#: What is sent while one client does not read: so many messages, of so many characters.
_MESSAGES, _SIZE = 1_000, 50_000

#: Seconds that a handler sleeps, and how much of it another client may notice.
_SLEEP, _NOTICED = 2.0, 0.5

#: How often is asked where the cost of an answer is the question; a fifth more come before, to warm up.
_QUESTIONS = 5_000


def stops_reading(peer: Peer) -> str:
    """One of two clients reads nothing while 50 MB are broadcast, each message when the other has the one before."""
    with Stage(peer) as stage:
        slow, fast = stage.client(room=4096), stage.client()
        server = stage.servers[0]
        before = memory_bytes([server.pid])
        received = _broadcast(fast)
        grown = (memory_bytes([server.pid]) - before) / 1e6
        others = (
            "the others get everything"
            if received == _MESSAGES
            else f"the others get nothing from message {received} on"
        )
        fate = _fate(slow) if received == _MESSAGES else ""
        return f"{others}; {fate}the process grows by {max(grown, 0):.0f} MB"


def _broadcast(client: Talker) -> int:
    """How many messages come back to who sends them, each within ten seconds."""
    for number in range(_MESSAGES):
        try:
            client.emit("say", text=f"{number:0{_SIZE}}")
            client.expect("said")
        except (TimeoutError, Closed):
            return number
    return _MESSAGES


def _fate(slow: Talker) -> str:
    """What became of the client that did not read, now that it does."""
    received = 0
    with suppress(TimeoutError):
        try:
            while True:
                slow.expect("said", timeout=5)
                received += 1
        except Closed as closed:
            return f"it is closed{'' if closed.code is None else f' ({closed.code})'}; "
    missed = _MESSAGES - received
    return (
        f"it stays and misses {missed} of {_MESSAGES} without being told; " if missed else "it gets everything later; "
    )


def sleeps(peer: Peer) -> str:
    """A handler waits 2 s, as for a slow query; another client asks, a new one connects, a third has it wait too."""
    with Stage(peer) as stage:
        sleeper, second, asking = stage.client(), stage.client(), stage.client()
        start = time.monotonic()
        sleeper.emit("sleep", seconds=_SLEEP)
        time.sleep(0.1)
        second.emit("sleep", seconds=_SLEEP)
        asks, connects = _seconds_of(lambda: _echo(asking)), _seconds_of(stage.client)
        sleeper.expect("slept")
        second.expect("slept")
        both = time.monotonic() - start
    waits = {"messages of others": asks, "new connections": connects}
    told = [f"{what} wait {seconds:.0f} s" for what, seconds in waits.items() if seconds > _NOTICED]
    return f"{', '.join(told) or 'nobody else waits'}; two such handlers take {both:.0f} s"


def asks(peer: Peer) -> str:
    """One client asks 5,000 times, each time when it has the last answer; the server's CPU is divided by that."""
    with Stage(peer) as stage:
        client, pids = stage.client(), [stage.servers[0].pid]
        for _ in range(_QUESTIONS // 5):
            _echo(client)
        before = cpu_seconds(pids)
        for _ in range(_QUESTIONS):
            _echo(client)
        return f"{(cpu_seconds(pids) - before) / _QUESTIONS * 1e6:.0f} µs of CPU each"


def _echo(client: Talker) -> None:
    client.emit("echo", text="hello")
    client.expect("echoed")


def _seconds_of(work: Callable[[], object]) -> float:
    start = time.monotonic()
    work()
    return time.monotonic() - start
