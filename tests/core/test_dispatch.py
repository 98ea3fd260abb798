from functools import partial

import pytest
import tornado.gen
from asgiref.sync import markcoroutinefunction

from tornado_websockets.core.dispatch import Dispatcher
from tornado_websockets.exceptions import NotCallableError, WebSocketEventAlreadyBinded

VALUES = {"self": "context", "socket": "the socket", "data": {"a": 1}, "room": "lobby"}


class Worker:
    """Runs what may block, and counts it."""

    def __init__(self):
        self.calls = 0

    async def __call__(self, call):
        self.calls += 1
        return call()


@pytest.fixture
def dispatcher():
    return Dispatcher("/chat", VALUES)


@pytest.fixture
def worker():
    return Worker()


@pytest.fixture
def call(dispatcher, worker):
    """Registers a callback, and calls it as the handler of an event."""

    async def register_and_call(callback):
        dispatcher.register(callback, "event")
        return await dispatcher.find("event")(VALUES, worker)

    return register_and_call


class TestArguments:
    @pytest.mark.parametrize(
        "parameters",
        ["", "socket", "data", "self", "room", "socket, data", "data, socket", "room, data, self, socket"],
    )
    async def test_are_given_by_name_in_any_order(self, call, parameters):
        expected = {name: VALUES[name] for name in parameters.split(", ") if name}
        assert await call(eval(f"lambda {parameters}: locals()")) == expected

    async def test_are_given_to_keyword_only_parameters(self, call):
        def handler(*, data, room):
            return data, room

        assert await call(handler) == ({"a": 1}, "lobby")

    async def test_are_given_to_positional_only_parameters(self, call):
        def handler(socket, data, /, room):
            return socket, data, room

        assert await call(handler) == ("the socket", {"a": 1}, "lobby")

    async def test_are_given_where_there_is_a_default(self, call):
        def handler(data=None, *, room="nowhere"):
            return data, room

        assert await call(handler) == ({"a": 1}, "lobby")

    async def test_leave_other_parameters_their_defaults(self, call):
        def handler(data, volume=11, *, colour="red"):
            return data, volume, colour

        assert await call(handler) == ({"a": 1}, 11, "red")

    async def test_leave_other_positional_only_parameters_their_defaults(self, call):
        def handler(volume=11, /, data=None):
            return volume, data

        assert await call(handler) == (11, {"a": 1})

    async def test_fill_stars_with_nothing(self, call):
        def handler(*args, data):
            return args, data

        assert await call(handler) == ((), {"a": 1})

    async def test_fill_double_stars_with_the_rest_but_self(self, call):
        def handler(data, **rest):
            return data, rest

        assert await call(handler) == ({"a": 1}, {"socket": "the socket", "room": "lobby"})

    async def test_fill_double_stars_without_what_went_to_a_positional_only_parameter(self, call):
        def handler(socket, /, **rest):
            return socket, rest

        assert await call(handler) == ("the socket", {"data": {"a": 1}, "room": "lobby"})

    async def test_of_a_bound_method_leave_its_own_self_alone(self, call):
        class Chat:
            def say(self, data):
                return self, data

        chat = Chat()
        assert await call(chat.say) == (chat, {"a": 1})

    async def test_of_a_partial_are_what_is_left(self, call):
        def handler(volume, data):
            return volume, data

        assert await call(partial(handler, 11)) == (11, {"a": 1})


class TestRegistration:
    def test_names_the_event_after_the_function(self, dispatcher):
        def say():
            pass

        dispatcher.register(say)
        assert dispatcher.callbacks == {"say": say}

    def test_takes_another_name(self, dispatcher):
        def say():
            pass

        dispatcher.register(say, "module_say")
        assert dispatcher.find("module_say").callback is say
        assert dispatcher.find("say") is None

    def test_calls_nothing(self, dispatcher):
        calls = []

        def say(data=None):
            calls.append(data)

        async def shout():
            calls.append("async")

        dispatcher.register(say)
        dispatcher.register(shout)
        assert calls == []

    def test_refuses_a_second_handler(self, dispatcher):
        def first():
            pass

        dispatcher.register(first, "say")
        with pytest.raises(WebSocketEventAlreadyBinded) as caught:
            dispatcher.register(lambda: None, "say")
        assert (caught.value.event, caught.value.path) == ("say", "/chat")
        assert dispatcher.callbacks == {"say": first}

    @pytest.mark.parametrize("thing", ["say", None, 1, {}], ids=repr)
    def test_refuses_what_can_not_be_called(self, dispatcher, thing):
        with pytest.raises(NotCallableError) as caught:
            dispatcher.register(thing)
        assert caught.value.thing is thing

    def test_refuses_a_callable_without_a_name(self, dispatcher):
        with pytest.raises(TypeError, match="__name__"):
            dispatcher.register(partial(print))

    @pytest.mark.parametrize("parameters", ["user", "socket, user", "*, user", "user, data=None", "user, /"])
    def test_refuses_a_required_parameter_that_nothing_can_fill(self, dispatcher, parameters):
        with pytest.raises(TypeError, match=r"'user'.*data, room, self, socket"):
            dispatcher.register(eval(f"lambda {parameters}: None"), "say")

    def test_refuses_generator_functions(self, dispatcher):
        def handler():
            yield

        with pytest.raises(TypeError, match="generator"):
            dispatcher.register(handler)

    def test_refuses_async_generator_functions(self, dispatcher):
        async def handler():
            yield

        with pytest.raises(TypeError, match="generator"):
            dispatcher.register(handler)

    def test_refuses_what_has_no_signature_to_be_read(self, dispatcher):
        with pytest.raises(TypeError, match="signature"):
            dispatcher.register(type)

    def test_that_is_refused_leaves_the_name_free(self, dispatcher):
        with pytest.raises(TypeError):
            dispatcher.register(lambda user: None, "say")
        assert dispatcher.callbacks == {}
        dispatcher.register(lambda: None, "say")
        assert dispatcher.find("say") is not None

    def test_that_is_refused_reserves_nothing(self, dispatcher):
        with pytest.raises(TypeError):
            dispatcher.register(lambda user: None, "say", at="open")
        assert not dispatcher.is_reserved("say")

    def test_is_the_only_way_to_change_the_callbacks(self, dispatcher):
        with pytest.raises(TypeError):
            dispatcher.callbacks["say"] = print


class TestFinding:
    def test_knows_no_other_event(self, dispatcher):
        assert dispatcher.find("say") is None

    @pytest.mark.parametrize("event", ["open", "close"])
    def test_finds_the_connections_own_events(self, dispatcher, event):
        dispatcher.register(lambda: None, event)
        assert dispatcher.find(event) is not None


class TestReservedEvents:
    @pytest.mark.parametrize("event", ["open", "close"])
    def test_are_those_of_the_connection(self, dispatcher, event):
        assert dispatcher.is_reserved(event)

    def test_are_those_registered_as_such(self, dispatcher):
        dispatcher.register(lambda: None, "module_open", at="open")
        assert dispatcher.is_reserved("module_open")

    def test_are_no_others(self, dispatcher):
        dispatcher.register(lambda: None, "say")
        assert not dispatcher.is_reserved("say")

    def test_are_not_shared_by_dispatchers(self, dispatcher):
        dispatcher.register(lambda: None, "module_open", at="open")
        assert not Dispatcher("/other", VALUES).is_reserved("module_open")

    def test_are_called_at_their_moment_in_the_order_of_their_registration(self, dispatcher):
        for event, at in [("module_open", "open"), ("module_close", "close"), ("module_init", "open")]:
            dispatcher.register(lambda: None, event, at=at)
        assert [event for event, _ in dispatcher.handlers_at("open")] == ["module_open", "module_init"]
        assert [event for event, _ in dispatcher.handlers_at("close")] == ["module_close"]

    def test_are_called_after_the_websockets_own(self, dispatcher):
        dispatcher.register(lambda: None, "module_open", at="open")
        dispatcher.register(lambda: None, "open")
        assert dispatcher.handlers_at("open") == [
            ("open", dispatcher.find("open")),
            ("module_open", dispatcher.find("module_open")),
        ]


@tornado.gen.coroutine
def tornado_coroutine(data):
    yield tornado.gen.sleep(0)
    return data


async def async_function(data):
    return data


def returns_an_awaitable(data):
    return async_function(data)


@markcoroutinefunction
def marked(data):
    return async_function(data)


class Caller:
    async def __call__(self, data):
        return data

    async def method(self, data):
        return data

    @tornado.gen.coroutine
    def tornado_method(self, data):
        return data
        yield


class TestWhereItRuns:
    @pytest.mark.parametrize(
        "callback",
        [
            async_function,
            tornado_coroutine,
            partial(async_function),
            partial(partial(tornado_coroutine)),
            Caller(),
            partial(Caller()),
            Caller().method,
            Caller().tornado_method,
            marked,
        ],
        ids=[
            "async def",
            "Tornado",
            "partial",
            "partials",
            "object",
            "partial object",
            "method",
            "Tornado method",
            "marked",
        ],
    )
    async def test_coroutine_functions_of_all_kinds_run_on_the_loop(self, call, worker, callback):
        assert await call(callback) == {"a": 1}
        assert worker.calls == 0

    async def test_functions_run_where_they_may_block(self, call, worker):
        assert await call(lambda data: data) == {"a": 1}
        assert worker.calls == 1

    async def test_an_awaitable_that_a_function_returns_is_awaited(self, call, worker):
        assert await call(returns_an_awaitable) == {"a": 1}
        assert worker.calls == 1

    async def test_a_stop_iteration_can_be_carried_by_no_future(self, call):
        def handler():
            raise StopIteration

        with pytest.raises(RuntimeError, match="StopIteration"):
            await call(handler)

    async def test_errors_come_out(self, call):
        def handler():
            raise LookupError("mine")

        with pytest.raises(LookupError, match="mine"):
            await call(handler)
