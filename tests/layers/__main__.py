"""Try what works with other channel layers and stores: two processes, on each, and what they hear of each other.

    python -m tests.layers [NAME ...]

It prints what the table in ``docs/guides/layers.md`` is made of. What a layer needs must be installed: its package, and
a program, which is looked for on the ``PATH`` or, ``nats-server`` say, where ``NATS_SERVER`` says.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median
from typing import Any

from tests.support.process import PLAIN_PYTHON, ROOT, Process, environment, free_port
from tests.support.sockets import SocketClient

from .brokers import BROKERS, Broker, running

#: Seconds for which what carries the messages is away.
OUTAGE = 5.0

#: Seconds for anything that is to come.
PATIENCE = 40.0

BURST = 1_000


class Trial:
    """Two processes on one layer."""

    def __init__(self, broker: Broker, directory: Path) -> None:
        self.broker = broker
        self.variables = {
            "DJANGO_SETTINGS_MODULE": "tests.layers.settings",
            "PYTHONDEVMODE": "",
            "TEST_LAYERS": json.dumps(broker.settings()),
            "TEST_STORE": broker.store_url,
        }
        for database in broker.databases:
            self._manage("migrate", "--verbosity", "0", "--database", database)
        self.ports = [free_port(), free_port()]
        self.processes = []
        for port in self.ports:
            command = (*PLAIN_PYTHON, "-m", "uvicorn", "--port", str(port), "channels_bridge.serve:application")
            process = Process(command, directory / f"{port}.log", self.variables)
            self.processes.append(process)
            process.wait_for_port(port)

    def _manage(self, *arguments: str) -> None:
        command = (*PLAIN_PYTHON, "-m", "django", *arguments)
        subprocess.run(command, cwd=ROOT, env=environment(self.variables), check=True)

    async def connect(self, number: int, path: str) -> SocketClient:
        return await SocketClient.connect(f"ws://127.0.0.1:{self.ports[number]}/ws{path}", {})

    def stop(self) -> None:
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            with suppress(subprocess.TimeoutExpired):
                process.wait()

    # What is tried. Each returns a few words.

    async def hears(self) -> str:
        """What one says, the other hears, both ways; and how long that takes."""
        clients = [await self.connect(number, "/plain") for number in (0, 1)]
        await self._until_heard(*clients)
        taken = []
        for number in range(40):
            here, there = clients[number % 2], clients[1 - number % 2]
            begun = time.monotonic()
            await here.emit("say", {"n": number})
            while (await there.receive(PATIENCE))["data"] != {"n": number}:
                pass
            taken.append(time.monotonic() - begun)
            while (await here.receive(PATIENCE))["data"] != {"n": number}:
                pass
        return f"yes, {median(taken) * 1000:.0f} ms"

    async def bears_a_burst(self) -> str:
        """A thousand events of one handler, each once and in order."""
        here, there = await self.connect(0, "/plain"), await self.connect(1, "/plain")
        await self._until_heard(here, there)
        begun = time.monotonic()
        await here.emit("burst", {"count": BURST})
        numbers = await _numbers(there, BURST)
        seconds = time.monotonic() - begun
        if numbers == list(range(BURST)):
            return f"all, {seconds:.1f} s"
        return f"{len(set(numbers))} of {BURST}{'' if numbers == sorted(set(numbers)) else ', in disorder'}"

    async def hears_commands(self) -> str:
        """A process that serves nobody publishes."""
        clients = [await self.connect(number, "/plain") for number in (0, 1)]
        await self._until_heard(*clients)
        script = (
            "import django; django.setup(); from tests.layers.websockets import plain; plain.publish('said', {'n': -7})"
        )
        command = (*PLAIN_PYTHON, "-c", script)
        process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=environment(self.variables))
        code = await process.wait()
        for client in clients:
            while (await client.receive(PATIENCE))["data"] != {"n": -7}:
                pass
        return "yes" if code == 0 else f"exit code {code}"

    async def obeys(self) -> str:
        """The control group of all processes: one has a client of the other disconnected."""
        here, there = await self.connect(0, "/kept"), await self.connect(1, "/kept")
        welcome = await _hello(there, None)
        await here.emit("dismiss", {"id": welcome["id"]})
        while await there.receive_or_none() is not None:
            pass
        return "yes"

    async def counts(self) -> str:
        """Who is here, in both processes, by the store."""
        one = await self.connect(0, "/crowd")
        other = await self.connect(1, "/crowd")
        for client in (one, other):
            people: set[str] = set()
            while len(people) < 2:
                data = (await client.receive(PATIENCE))["data"]
                people |= {person["id"] for person in data.get("people", data.get("joined", []))}
        return "yes"

    async def recovers(self) -> str:
        """A client that was away is told what it missed, by the other process."""
        here, there = await self.connect(0, "/kept"), await self.connect(1, "/kept")
        await here.request("say", {"n": -1})
        at = (await _hello(here, None))["at"]
        await here.close()
        for number in range(3):
            await there.request("say", {"n": number})
        back = await self.connect(0, "/kept")
        welcome = await _hello(back, at)
        numbers = [event["data"]["n"] for event in welcome["events"]]
        numbers += await _numbers(back, 3 - len(numbers), 15)  # what had not come from the other process until then
        return "yes" if welcome["recovered"] and numbers == [0, 1, 2] else f"no: {welcome['recovered']}, {numbers}"

    async def survives(self) -> str:
        """What carries the messages is killed: who hears what meanwhile, and how soon all is as before."""
        if not self.broker.running:
            return "there is nothing to kill"
        here, there = await self.connect(0, "/kept"), await self.connect(1, "/kept")
        await here.emit("say", {"n": 0})
        await _take_until(there, 0)
        await asyncio.to_thread(self.broker.kill)
        longest = 0.0
        for number in range(1, 6):
            begun = time.monotonic()
            await here.emit("say", {"n": number})
            await _take_until(here, number)
            longest = max(longest, time.monotonic() - begun)
            await asyncio.sleep(max(0.0, OUTAGE / 5 - (time.monotonic() - begun)))
        if not self.broker.takes_over:
            await asyncio.to_thread(self.broker.revive)
        back = time.monotonic()
        seconds, heard = await self._until_heard_again(here, there, back)
        missed = sorted({1, 2, 3, 4, 5} - set(heard))
        meanwhile = "all of it" if not missed else f"all but {len(missed)} of 5"
        return f"own clients within {longest:.1f} s; others after {seconds:.0f} s, {meanwhile}"

    async def _until_heard(self, here: SocketClient, there: SocketClient) -> None:
        """A layer may take a moment until a process is in its group."""
        deadline = time.monotonic() + PATIENCE
        for one, other in ((here, there), (there, here)):
            while time.monotonic() < deadline:
                await one.emit("say", {"n": -2})
                with suppress(TimeoutError):
                    while (await other.receive(0.5))["data"] != {"n": -2}:
                        pass
                    break
            else:
                raise TimeoutError("nothing was heard of the other process")
        for client in (here, there):
            with suppress(TimeoutError):
                while True:
                    await client.receive(0.5)

    async def _until_heard_again(
        self, here: SocketClient, there: SocketClient, since: float
    ) -> tuple[float, list[int]]:
        """Seconds until the other process hears again, and the numbers that it has heard ten seconds later."""
        heard: list[int] = []
        again = 0.0
        number = 100
        while time.monotonic() < since + PATIENCE:
            number += 1
            await here.emit("say", {"n": number})
            with suppress(TimeoutError):
                while True:
                    frame = await there.receive(0.5)
                    heard.append(frame["data"].get("n", -1))
                    if heard[-1] > 100 and not again:
                        again = time.monotonic() - since
            if again and time.monotonic() > since + again + 12:
                return again, heard
        raise TimeoutError(f"not heard again, only {heard}")


async def _numbers(client: SocketClient, count: int, within: float = 3) -> list[int]:
    """The numbers that come, until there are so many or nothing comes for so long."""
    found: list[int] = []
    with suppress(TimeoutError):
        while len(found) < count:
            number = (await client.receive(within))["data"]["n"]
            if number >= 0:
                found.append(number)
    return found


async def _hello(client: SocketClient, since: dict[str, int] | None) -> Any:
    """The welcome, with what has come live before it among its events."""
    await client.emit("tws.hello", {"since": since})
    live = []
    while (frame := await client.receive(PATIENCE))["event"] != "tws.welcome":
        live.append(frame)
    return {**frame["data"], "events": [*frame["data"]["events"], *live]}


async def _take_until(client: SocketClient, number: int) -> None:
    while (await client.receive(PATIENCE))["data"].get("n") != number:
        pass


Try = Callable[[Trial], Awaitable[str]]

COLUMNS: dict[str, Try] = {
    "both ways": Trial.hears,
    "1,000 at once": Trial.bears_a_burst,
    "from a command": Trial.hears_commands,
    "`disconnect`": Trial.obeys,
    "presence": Trial.counts,
    "recovery": Trial.recovers,
    "away for 5 s": Trial.survives,
}


@contextmanager
def trial(name: str) -> Iterator[Trial]:
    with tempfile.TemporaryDirectory(prefix="layers-") as directory, running(name, Path(directory)) as broker:
        one = Trial(broker, Path(directory))
        try:
            yield one
        finally:
            one.stop()
            for process in one.processes:
                sys.stderr.write(process.log.text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", choices=[*BROKERS, []], default=[])
    names = parser.parse_args().names or BROKERS
    sys.stdout.write(f"| layer | {' | '.join(COLUMNS)} |\n{'|---' * (len(COLUMNS) + 1)}|\n")
    for name in names:
        with trial(name) as one:
            cells = [asyncio.run(_outcome(one, attempt)) for attempt in COLUMNS.values()]
        sys.stdout.write(f"| {name} | {' | '.join(cells)} |\n")
        sys.stdout.flush()


async def _outcome(one: Trial, attempt: Try) -> str:
    try:
        return await attempt(one)
    except Exception as error:  # whatever a layer does: it is what is asked for
        return f"**no**: {type(error).__name__} {error}"


if __name__ == "__main__":
    main()
