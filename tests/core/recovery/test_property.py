"""Whatever happens, nobody is told that nothing is missing when something is."""

from itertools import count

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from tests.support.recovery import TOPIC, World
from tornado_websockets.core.recovery.record import Retention
from tornado_websockets.store.memory import MemoryBounds, MemoryStore
from tornado_websockets.store.redis import RedisStore

_tokens = count(1)

indexes = st.integers(0, 1)


class Histories(RuleBasedStateMachine):
    """What may happen to two processes, three clients, a store and a layer.

    ``make_store`` is set by whoever runs it.
    """

    make_store = staticmethod(MemoryStore)

    def __init__(self):
        super().__init__()
        self.world = World(self.make_store())
        for number, client in enumerate(self.world.clients):
            self.world.processes[number % 2].welcome(client)

    @rule(index=indexes, times=st.integers(1, 4))
    def send(self, index, times):
        for _ in range(times):
            self.world.processes[index].send()

    @rule(index=indexes)
    def append(self, index):
        process = self.world.processes[index]
        process.append()
        process.unstored.clear()

    @rule(index=indexes, times=st.integers(1, 4), number=st.integers(0, 2))
    def send_and_append(self, index, times, number):
        """What usually happens, and a client is away meanwhile."""
        self.cut(number)
        self.send(index, times)
        self.append(index)

    @rule(index=indexes)
    def append_and_hear_of_a_failure(self, index):
        self.world.processes[index].append()

    @rule(index=indexes)
    def give_up_appending(self, index):
        """What could not be stored has expired; the last number is written when the store answers again."""
        process = self.world.processes[index]
        if process.unstored:
            last = process.unstored[-1].number
            process.unstored.clear()
            self.world.store.append(TOPIC, process.name, last + 1, [], self.world.keep)
            self.world.note_stored(process.name, last)

    @rule(index=indexes, times=st.integers(1, 6))
    def bring(self, index, times):
        inbound = self.world.processes[index].inbound
        for _ in range(min(times, len(inbound))):
            self.world.processes[index].take(inbound.pop(0))

    @rule(index=indexes)
    def bring_and_keep(self, index):
        process = self.world.processes[index]
        for event in list(process.inbound)[:2]:
            process.take(event)

    @rule(index=indexes, times=st.integers(1, 3))
    def lose(self, index, times):
        del self.world.processes[index].inbound[:times]

    @rule(index=indexes, number=st.integers(0, 2))
    def lose_and_bring(self, index, number):
        """The process finds the gap, and a client of it comes back."""
        self.connect(number, index)
        self.send_and_append(1 - index, 2, (number + 1) % 3)
        self.lose(index, max(1, len(self.world.processes[index].inbound) - 1))
        self.bring(index, 1)
        self.connect(number, index)

    @rule(times=st.integers(1, 3), again=st.booleans())
    def publish(self, times, again):
        token = f"t{next(_tokens)}"
        self.world.publish(token, times)
        if again:
            self.world.publish(token, times)

    @rule(times=st.integers(1, 8))
    def visit(self, times):
        for _ in range(times):
            self.world.visit()

    @rule(index=indexes)
    def kill(self, index):
        self.world.kill(index)

    @rule()
    def moderate(self):
        self.world.store.forget(TOPIC)

    @rule(number=st.integers(0, 2))
    def cut(self, number):
        self.world.cut(self.world.clients[number])

    @rule(number=st.integers(0, 2), index=indexes)
    def connect(self, number, index):
        client, process = self.world.clients[number], self.world.processes[index]
        self.world.cut(client)
        if process.welcome(client):
            assert self.world.missing(client, process) == set()

    @precondition(lambda self: isinstance(self.world.store, MemoryStore))
    @rule()
    def flush(self):
        """The store has lost everything; processes notice by its epoch, and clients by their position."""
        self.world.store.clear()

    @invariant()
    def a_position_is_small(self):
        assert len(self.world.store.read(TOPIC, False).position) <= 64


def run(make_store, examples, steps=30):
    machine = type("Machine", (Histories,), {"make_store": staticmethod(make_store)})
    health = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]
    options = settings(max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=health)
    run_state_machine_as_test(machine, settings=options)


@pytest.mark.timeout(300)
def test_in_memory():
    """Of few senders, so that some are forgotten soon."""
    run(lambda: MemoryStore(bounds=MemoryBounds(senders=4, forgotten=3)), 400, 50)


@pytest.mark.timeout(300)
def test_on_redis(redis):
    numbers = count(1)
    run(lambda: RedisStore(redis.url, Retention(namespace=f"property-{next(numbers)}")), 20)
