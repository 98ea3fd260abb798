"""What is asked before a handler runs, in which order, and what a handler without rules is spared."""

from types import SimpleNamespace

import pytest

from tornado_websockets.core.handlers.calling import current
from tornado_websockets.core.handlers.dispatch import NO_RULES, Rules
from tornado_websockets.core.handlers.guarding import Bound, Guarded, Typed, Types, guard
from tornado_websockets.core.handlers.signatures import Handler, read
from tornado_websockets.core.protocol.frames import Frame
from tornado_websockets.exceptions import Refused

NAMES = {"data", "event", "room"}
NO_TYPES = Types()


class Numbers:
    """Data with a number as ``n``; a reply is doubled."""

    def __init__(self, log=None, *, may_block=False):
        self.log = [] if log is None else log
        self.may_block = may_block

    def validate(self, data):
        self.log.append("validated")
        if not isinstance(data["n"], int):
            raise Refused("invalid_data")
        return data["n"]

    def dump(self, value):
        self.log.append("dumped")
        return 2 * value


class Caller:
    """One that a rate can count."""

    leases_threads = True


def guarded(callback, rules=NO_RULES, types=NO_TYPES):
    return guard(
        read(callback, NAMES), rules, names=NAMES, read_types=lambda _: types, run_aside=run_aside, run_look=run_aside
    )


async def run_aside(call):
    ASIDE.append(call)
    return call()


#: Calls that were made aside.
ASIDE = []


@pytest.fixture
def handle(worker):
    async def handle(handler, data=None, event="say"):
        source = SimpleNamespace(
            endpoint=SimpleNamespace(context=None), socket=None, kwargs={"room": "lobby"}, run=worker
        )
        return await handler.begin(source, Frame(event, {"n": 1} if data is None else data))

    return handle


@pytest.fixture
def caller():
    caller = Caller()
    token = current.set(caller)
    yield caller
    current.reset(token)


async def give(data):
    return data


async def test_handler_without_rules_and_types_is_left_as_it_is():
    handler = read(give, NAMES)
    assert (
        guard(
            handler,
            Rules(prefix="module_x_"),
            names=NAMES,
            read_types=lambda _: Types(),
            run_aside=run_aside,
            run_look=run_aside,
        )
        is handler
    )


async def test_handler_with_a_type_alone_only_binds_otherwise(handle):
    handler = guarded(give, types=Types(Numbers()))
    assert type(handler) is Typed
    assert Typed.start is Handler.start
    assert await handle(handler) == 1


async def test_data_that_do_not_fit_are_refused_before_anything_begins(handle):
    with pytest.raises(Refused):
        await handle(guarded(give, types=Types(Numbers())), {"n": "one"})


async def test_reply_is_dumped(handle):
    assert await handle(guarded(give, types=Types(Numbers(), Numbers()))) == 2


@pytest.mark.parametrize("is_async", [True, False])
async def test_type_that_may_block_is_asked_in_a_thread(handle, worker, is_async):
    log = []

    def give_plainly(data):
        return data

    types = Types(Numbers(log, may_block=True), Numbers(log, may_block=True))
    assert await handle(guarded(give if is_async else give_plainly, types=types)) == 2
    assert log == ["validated", "dumped"]
    assert worker.calls == (2 if is_async else 3)


async def test_allow_without_data_is_asked_before_anything_is_validated(handle):
    types = Types(Numbers())
    with pytest.raises(Refused, match="forbidden"):
        await handle(guarded(give, Rules(lambda room: False), types), {"n": "one"})
    assert types.data.log == []


@pytest.mark.parametrize("is_rest", [True, False])
async def test_allow_with_data_gets_them_validated(handle, is_rest):
    def may(data):
        return data == 1

    def may_of_rest(**rest):
        return rest["data"] == 1

    handler = guarded(give, Rules(may_of_rest if is_rest else may), Types(Numbers()))
    assert await handle(handler, {"n": 1}) == 1
    with pytest.raises(Refused, match="forbidden"):
        await handle(handler, {"n": 2})
    with pytest.raises(Refused, match="invalid_data"):
        await handle(handler, {"n": "one"})


async def test_allow_runs_where_it_must(handle, worker):
    async def may():
        return True

    await handle(guarded(give, Rules(may)))
    assert worker.calls == 0
    await handle(guarded(give, Rules(lambda: True)))
    assert worker.calls == 1


async def test_types_of_allow_count_where_the_handler_takes_no_data(handle):
    async def handler(): ...

    def may(data):
        return data == 1

    types = {handler: Types(), may: Types(Numbers())}
    kept = guard(
        read(handler, NAMES), Rules(may), names=NAMES, read_types=types.get, run_aside=run_aside, run_look=run_aside
    )
    await handle(kept, {"n": 1})
    with pytest.raises(Refused, match="invalid_data"):
        await handle(kept, {"n": "one"})


async def test_event_is_known_by_its_short_name(handle):
    async def give_event(event):
        return event

    handler = guarded(give_event, Rules(prefix="module_x_"))
    assert type(handler) is Guarded
    assert await handle(handler, event="module_x_y") == "y"


async def test_rate_comes_first(handle, caller):
    types = Types(Numbers())
    handler = guarded(give, Rules(rate="1/h"), types)
    await handle(handler)
    with pytest.raises(Refused, match="rate_limited"):
        handler.bind({"data": {"n": "one"}, "event": "say"})
    assert types.data.log == ["validated"]


class TestBound:
    @pytest.mark.parametrize(("text", "count"), [("2/s", 2), ("5/m", 5), ("10/h", 10)])
    def test_lets_so_many_pass_at_a_time(self, text, count):
        bound, caller = Bound(text), Caller()
        for _ in range(count):
            bound.take(caller)
        with pytest.raises(Refused, match="rate_limited"):
            bound.take(caller)

    def test_counts_each_client_for_itself(self):
        bound = Bound("1/h")
        clients = [Caller() for _ in range(3)]
        for client in clients:
            bound.take(client)

    def test_forgets_who_has_left(self):
        bound = Bound("1/h")
        bound.take(Caller())
        assert len(bound._rates) == 0


class TestWhatMayBlock:
    """It waits for no handler, slow as one may be: it has threads of its own."""

    @pytest.fixture(autouse=True)
    def aside(self):
        ASIDE.clear()

    @pytest.mark.parametrize(
        ("rules", "types"),
        [
            (Rules(allow=lambda data: True), NO_TYPES),
            (NO_RULES, Types(data=Numbers(may_block=True))),
            (NO_RULES, Types(reply=Numbers(may_block=True))),
        ],
        ids=["allow", "validating", "dumping"],
    )
    async def test_is_done_aside(self, handle, caller, rules, types):
        await handle(guarded(give_one, rules, types))
        assert len(ASIDE) == 1

    async def test_is_done_where_a_test_runs_its_handlers(self, handle, caller):
        caller.leases_threads = False
        await handle(guarded(give_one, Rules(allow=lambda data: True)))
        assert ASIDE == []


async def give_one(data):
    return 1
