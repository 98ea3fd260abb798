import asyncio
import logging
from typing import ClassVar

import pytest
from django.core.exceptions import PermissionDenied, SynchronousOnlyOperation

from tests.support.scripts import run_script
from tornado_websockets.core.counters import counters
from tornado_websockets.core.handlers.calling import call, current, sender_to
from tornado_websockets.core.handlers.dispatch import Dispatcher
from tornado_websockets.core.protocol.frames import Frame, Refusal
from tornado_websockets.core.protocol.offers import Offer
from tornado_websockets.core.watching import on_handled
from tornado_websockets.exceptions import Refused, RequestRefused, raise_connection_closed


class Caller:
    """A client, as far as a handler's call knows one."""

    path = "/chat"
    id = "1f"
    leases_threads = False
    offer = Offer("secret", secrets=["secret"])
    kwargs: ClassVar = {}

    def __init__(self):
        self.closed = False
        self.sent_to = None
        self.replies = []

    def reply(self, frame, result):
        self.replies.append((frame.id, result))

    def find_gone(self):
        return True

    def translate(self, error):
        codes = {PermissionError: "forbidden", LookupError: "invalid_data"}
        return Refused(codes[type(error)], "Not this.") if type(error) in codes else None

    async def run(self, call):
        return call()


@pytest.fixture
def caller():
    return Caller()


@pytest.fixture
def handle(caller):
    """Calls a function as the handler of a frame."""

    async def handle(callback, data=None, id=None):
        dispatcher = Dispatcher("/chat", {"data"})
        dispatcher.register(callback, "say")
        return await call(dispatcher.find("say"), Frame("say", data or {}, id), caller)

    return handle


class TestCalling:
    @pytest.mark.parametrize("is_async", [True, False])
    async def test_gives_the_handler_what_it_takes(self, handle, is_async):
        seen = []

        def say(data):
            seen.append(data)

        async def say_later(data):
            seen.append(data)

        assert await handle(say_later if is_async else say, {"text": "hi"}) is None
        assert seen == [{"text": "hi"}]

    async def test_replies_with_the_result_to_a_frame_with_an_id(self, handle, caller):
        await handle(lambda: {"sum": 3}, id=7)
        assert caller.replies == [(7, {"sum": 3})]

    async def test_replies_to_no_other_frame(self, handle, caller):
        await handle(lambda: {"sum": 3})
        assert caller.replies == []

    async def test_is_counted_while_it_lasts(self, handle):
        seen = []
        before = counters.handlers_running
        await handle(lambda: seen.append(counters.handlers_running))
        assert (seen, counters.handlers_running) == ([before + 1], before)


class Mute:
    def __repr__(self):
        raise SynchronousOnlyOperation


class TestErrors:
    async def test_are_refusals_without_detail(self, handle, caller, caplog):
        refusal = await handle(lambda: {}["secret"], id=7)
        assert refusal == Refusal("handler_error", "The handler of the event failed.", 7)
        assert caller.replies == []

    async def test_are_logged_with_event_path_and_connection(self, handle, caplog):
        await handle(lambda: 1 / 0)
        [record] = caplog.records
        assert record.getMessage() == "The handler of 'say' failed (path '/chat', connection 1f)"
        assert isinstance(record.exc_info[1], ZeroDivisionError)

    @pytest.mark.parametrize("error", [KeyError("a"), PermissionError("b"), RequestRefused("no", "")], ids=repr)
    async def test_are_logged_with_little_of_a_name_that_is_long(self, caller, caplog, error):
        def anything():
            raise error

        dispatcher, event = Dispatcher("/chat", {"data"}), "x" * 200_000
        dispatcher.register(anything, "*")
        caplog.set_level("INFO")
        await call(dispatcher.find(event), Frame(event, {}, None), caller)
        [record] = caplog.records
        assert len(record.getMessage()) < 200

    async def test_are_logged_without_the_token_of_the_client(self, handle, caplog):
        def say():
            raise RuntimeError("no secret here")

        await handle(say)
        [record] = caplog.records
        assert "RuntimeError: no <token> here" in record.getMessage()
        assert "secret" not in caplog.text

    async def test_whose_text_cannot_be_had_are_refusals_too(self, handle, caller, caplog):
        def say():
            raise PermissionDenied(Mute())

        caller.translate = lambda error: Refused("forbidden")
        assert (await handle(say, id=7)).code == "forbidden"
        assert "refused with PermissionDenied (path" in caplog.text

    async def test_that_are_a_clients_refusal_of_an_answer_are_one_line(self, handle, caplog):
        def say():
            raise RequestRefused("no", "secret\nof mine")

        assert (await handle(say, id=7)).code == "handler_error"
        [record] = caplog.records
        line = "The handler of 'say' was refused an answer: no: <token>\\nof mine (path '/chat', connection 1f)"
        assert (record.getMessage(), record.levelname, record.exc_info) == (line, "WARNING", None)

    async def test_that_are_refusals_are_logged_without_the_token_of_the_client(self, handle, caller, caplog):
        def say():
            raise PermissionDenied("no secret here")

        caller.translate = lambda error: Refused("forbidden")
        assert (await handle(say, id=7)).code == "forbidden"
        assert "PermissionDenied('no <token> here')" in caplog.text

    async def test_of_a_reply_are_the_handlers(self, handle, caller, caplog):
        def reply(frame, result):
            raise TypeError("not JSON")

        caller.reply = reply
        assert (await handle(lambda: {"a": 1}, id=7)).code == "handler_error"
        assert "not JSON" in caplog.text

    async def test_are_none_where_they_say_that_the_client_has_gone(self, handle, caller, caplog):
        caplog.set_level(logging.INFO, "tornado_websockets")
        before = counters.handler_errors
        caller.closed = True
        await handle(lambda: raise_connection_closed("/chat", "1f"))
        assert [record.levelname for record in caplog.records] == ["INFO"]
        assert counters.handler_errors == before

    async def test_are_some_where_another_client_has_gone(self, handle, caplog):
        before = counters.handler_errors
        await handle(lambda: raise_connection_closed("/chat", "2e"))
        assert [record.levelname for record in caplog.records] == ["ERROR"]
        assert counters.handler_errors == before + 1

    async def test_of_a_handler_that_cancels_itself_are_refusals(self, handle, caplog):
        async def say():
            raise asyncio.CancelledError

        assert (await handle(say)).code == "handler_error"

    async def test_of_a_task_that_is_cancelled_are_passed_on(self, handle, caplog):
        started = asyncio.Event()

        async def say():
            started.set()
            await asyncio.Event().wait()

        task = asyncio.create_task(handle(say))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert caplog.records == []
        assert current.get() is None

    async def test_that_interrupt_the_process_are_passed_on(self, handle, caplog):
        async def say():
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            await handle(say)
        assert caplog.records == []


class TestRefusals:
    @pytest.mark.parametrize("is_async", [True, False])
    async def test_have_code_message_and_details(self, handle, caller, is_async):
        def say():
            raise Refused("too_late", "It is closed.", since=3)

        async def say_later():
            say()

        refusal = await handle(say_later if is_async else say, id=7)
        assert refusal == Refusal("too_late", "It is closed.", 7, {"since": 3})
        assert caller.replies == []

    async def test_are_no_errors(self, handle, caplog):
        caplog.set_level(logging.DEBUG, "tornado_websockets")
        before = counters.handler_errors

        def say():
            raise Refused("too_late")

        await handle(say)
        assert caplog.records == []
        assert counters.handler_errors == before

    async def test_are_what_a_frameworks_errors_are_translated_to(self, handle, caplog):
        def say():
            raise PermissionError("the reason")

        assert await handle(say) == Refusal("forbidden", "Not this.", None, {})

    @pytest.mark.parametrize(("error", "level"), [(PermissionError, "WARNING"), (LookupError, "INFO")])
    async def test_of_a_framework_have_their_own_text_in_the_log_without_traceback(self, handle, caplog, error, level):
        caplog.set_level(logging.INFO, "tornado_websockets")

        def say():
            raise error("the reason")

        await handle(say)
        [record] = caplog.records
        text = f"The handler of 'say' refused with {error.__name__}('the reason') (path '/chat'"
        assert text in record.getMessage()
        assert (record.levelname, record.exc_info) == (level, None)


class TestOutcomes:
    @pytest.fixture
    def outcomes(self):
        outcomes = []
        on_handled.append(lambda client, event, seconds, outcome: outcomes.append(outcome))
        yield outcomes
        on_handled.pop()

    @pytest.mark.parametrize(
        ("error", "outcome"),
        [
            (Refused("too_late"), "refused"),
            (Refused("handler_error"), "refused"),
            (PermissionError(), "refused"),
            (RuntimeError(), "failed"),
        ],
        ids=repr,
    )
    async def test_are_told_by_what_was_raised_not_by_its_code(self, handle, caplog, outcomes, error, outcome):
        async def say():
            raise error

        await handle(say)
        assert outcomes == [outcome]

    async def test_are_told_of_handlers_that_raise_nothing(self, handle, outcomes):
        await handle(lambda: None)
        assert outcomes == ["handled"]


class TestTheCurrentCaller:
    @pytest.mark.parametrize("is_async", [True, False])
    async def test_is_the_one_whose_handler_is_running(self, handle, caller, is_async):
        seen = []

        async def say():
            seen.append(current.get())

        await handle(say if is_async else lambda: seen.append(current.get()))
        assert seen == [caller]

    @pytest.mark.parametrize("fails", [False, True])
    async def test_is_nobody_afterwards(self, handle, fails, caplog):
        await handle((lambda: 1 / 0) if fails else (lambda: None))
        assert current.get() is None

    def test_is_nobody_in_a_forked_process(self):
        script = """
            import os
            from tornado_websockets.core.handlers.calling import current

            current.set(object())
            child = os.fork()
            if child == 0:
                os._exit(0 if current.get() is None else 1)
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), current.get() is None)
        """
        assert run_script(script) == "0 False\n"


class TestWhoseTurnItTakes:
    async def test_in_a_handler_is_the_client(self, handle, caller):
        seen = []
        await handle(lambda: seen.append(sender_to("/chat")))
        assert seen == [caller]

    def test_elsewhere_is_the_topic(self):
        assert sender_to("/chat") == "/chat"
