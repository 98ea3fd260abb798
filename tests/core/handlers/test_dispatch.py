import types
from functools import partial, wraps
from inspect import Parameter, Signature
from types import SimpleNamespace

import pytest
import tornado.gen
from asgiref.sync import markcoroutinefunction

from tornado_websockets.core.handlers.dispatch import Dispatcher, Rules
from tornado_websockets.core.protocol.frames import Frame
from tornado_websockets.exceptions import NotCallableError, WebSocketEventAlreadyBinded


def plain_parts():
    yield 1


async def async_parts():
    yield 1


class Parts:
    """Answers in parts, by a method and by being called."""

    def plain(self):
        yield 1

    async def __call__(self):
        yield 1


PARTS = [plain_parts, async_parts, partial(plain_parts), Parts().plain, partial(Parts().plain), Parts()]

VALUES = {"self": "context", "socket": "the socket", "data": {"a": 1}, "room": "lobby"}
SOURCE = {"endpoint": SimpleNamespace(context="context"), "socket": "the socket", "kwargs": {"room": "lobby"}}


@pytest.fixture
def dispatcher():
    return Dispatcher("/chat", VALUES)


@pytest.fixture
def call(dispatcher, worker):
    """Registers a callback, and calls it as the handler of an event."""

    async def register_and_call(callback):
        dispatcher.register(callback, "event")
        handler = dispatcher.find("event")
        return await handler.begin(SimpleNamespace(**SOURCE, run=worker), Frame("event", VALUES["data"]))

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


def hands_on(function):
    """A decorator that takes whatever it gets."""

    @wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


def takes_data(function):
    """A decorator that takes ``data``, and adds something."""

    @wraps(function)
    def wrapper(data):
        return function(data, "added")

    return wrapper


def decorated(data):
    return data


class Decorated:
    @hands_on
    def method(self, data):
        return data

    @hands_on
    def __call__(self, data):
        return data


class TestArgumentsOfWhatIsDecorated:
    @pytest.mark.parametrize(
        "callback",
        [
            hands_on(decorated),
            hands_on(hands_on(decorated)),
            partial(hands_on(decorated)),
            Decorated().method,
            Decorated(),
            partial(Decorated().method),
        ],
        ids=["function", "twice", "partial", "method", "object", "partial method"],
    )
    async def test_are_those_of_the_function_where_a_decorator_hands_them_on(self, call, callback):
        assert await call(callback) == {"a": 1}

    async def test_are_those_of_the_decorator_where_it_names_them(self, call):
        def handler(data, more):
            return data, more

        assert await call(takes_data(handler)) == ({"a": 1}, "added")

    async def test_are_those_of_the_outermost_decorator_that_names_them(self, call):
        def handler(data, more):
            return data, more

        assert await call(hands_on(takes_data(handler))) == ({"a": 1}, "added")

    async def test_are_those_that_an_object_says_it_takes(self, call):
        class Says:
            __signature__ = Signature([Parameter("room", Parameter.KEYWORD_ONLY)])

            def __call__(self, **kwargs):
                return kwargs

        assert await call(Says()) == {"room": "lobby"}


class TestBinding:
    def test_calls_nothing(self, dispatcher):
        calls = []

        def say(data):
            calls.append(data)

        dispatcher.register(say)
        bound = dispatcher.find("say").bind(VALUES)
        assert calls == []
        bound()
        assert calls == [{"a": 1}]

    def test_needs_what_the_handler_takes_and_no_more(self, dispatcher):
        dispatcher.register(lambda data: data, "say")
        assert dispatcher.find("say").bind({"data": {"b": 2}})() == {"b": 2}


class TestRegistration:
    def test_names_the_event_after_the_function(self, dispatcher):
        def say():
            pass

        dispatcher.register(say)
        assert dispatcher.events == {"say": say}

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
        assert dispatcher.events == {"say": first}

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

    @pytest.mark.parametrize("event", ["open", "close"])
    def test_refuses_generators_where_nobody_is_answered(self, dispatcher, event):
        with pytest.raises(TypeError, match="generator"):
            dispatcher.register(plain_parts, event)

    def test_refuses_generators_where_a_module_answers_nobody(self, dispatcher):
        with pytest.raises(TypeError, match="generator"):
            dispatcher.register(async_parts, "module_bar_open", at="open", rules=Rules(prefix="module_bar_"))

    @pytest.mark.parametrize("callback", PARTS, ids=range(len(PARTS)))
    def test_knows_what_answers_in_parts(self, dispatcher, callback):
        dispatcher.register(callback, "say")
        assert dispatcher.find("say").answers_in_parts

    def test_takes_a_generator_that_can_be_awaited_for_a_coroutine(self, dispatcher):
        @types.coroutine
        def say():
            yield

        dispatcher.register(say)
        assert not dispatcher.find("say").answers_in_parts

    def test_refuses_what_has_no_signature_to_be_read(self, dispatcher):
        with pytest.raises(TypeError, match="signature"):
            dispatcher.register(getattr)

    def test_refuses_a_class_which_would_be_made(self, dispatcher):
        with pytest.raises(TypeError, match="class"):
            dispatcher.register(Dispatcher, "say")

    def test_refuses_a_lambda_without_another_name(self, dispatcher):
        with pytest.raises(TypeError, match="has no name"):
            dispatcher.register(lambda: None)

    def test_that_is_refused_leaves_the_name_free(self, dispatcher):
        with pytest.raises(TypeError):
            dispatcher.register(lambda user: None, "say")
        assert dispatcher.events == {}
        dispatcher.register(lambda: None, "say")
        assert dispatcher.find("say") is not None

    def test_that_is_refused_reserves_nothing(self, dispatcher):
        with pytest.raises(TypeError):
            dispatcher.register(lambda user: None, "say", at="open")
        assert not dispatcher.is_reserved("say")

    def test_may_be_done_by_putting_a_function_among_the_events(self, dispatcher):
        def first():
            pass

        def second():
            pass

        dispatcher.events["say"] = first
        assert dispatcher.find("say").callback is first
        dispatcher.events["say"] = second
        assert dispatcher.find("say").callback is second

    def test_takes_no_name_of_the_protocol_either_way(self, dispatcher):
        with pytest.raises(ValueError, match=r"tws\."):
            dispatcher.events["tws.ping"] = print
        assert dispatcher.find("tws.ping") is None

    def test_ends_when_the_function_is_taken_from_the_events(self, dispatcher):
        dispatcher.register(lambda: None, "say")
        del dispatcher.events["say"]
        assert dispatcher.find("say") is None

    def test_of_a_default_gives_way_to_any_other(self, dispatcher):
        def other():
            pass

        dispatcher.register(lambda: None, "say", is_default=True)
        dispatcher.register(other, "say")
        dispatcher.register(lambda: None, "say", is_default=True)
        assert dispatcher.find("say").callback is other


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
        assert event not in dispatcher.offered

    def test_are_those_registered_as_such(self, dispatcher):
        dispatcher.register(lambda: None, "module_open", at="open")
        assert dispatcher.is_reserved("module_open")
        assert "module_open" not in dispatcher.offered

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


class Callback:
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
            Callback(),
            partial(Callback()),
            Callback().method,
            Callback().tornado_method,
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

        with pytest.raises(RuntimeError, match=r"handler at .* raised StopIteration"):
            await call(handler)

    async def test_an_error_quotes_nothing_that_a_client_has_sent(self, call):
        def handler(data):
            raise StopIteration

        with pytest.raises(RuntimeError) as caught:
            await call(handler)
        assert str(VALUES["data"]) not in str(caught.value)

    async def test_errors_come_out(self, call):
        def handler():
            raise LookupError("mine")

        with pytest.raises(LookupError, match="mine"):
            await call(handler)
