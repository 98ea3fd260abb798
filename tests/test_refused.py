"""Handlers that say no, and handlers of events of any name, on every transport."""

import pytest

from tests.support.asgi import Server
from tests.support.client import AnyClient, Refused
from tests.support.communicator import InProcess
from tests.support.exchange import Wording

Way = Server | InProcess


async def answer(client: AnyClient, event: str, data: object = None) -> object:
    """What an event with an id is answered with: the data, or the error."""
    await client.emit(event, data, id="question")
    while (frame := await client.receive()).get("id") != "question":
        pass
    return frame["error"] if "error" in frame else frame["data"]


async def warned(client: AnyClient, event: str, data: object = None) -> object:
    """The only thing that an event without an id is answered with: the data of a warning."""
    await client.emit(event, data)
    [frame] = await client.settle()
    assert frame["event"] == "warning"
    return frame["data"]


class TestRefused:
    @pytest.mark.parametrize("ask", [answer, warned])
    @pytest.mark.parametrize("event", ["refuse", "arefuse"])
    async def test_is_the_answer(self, anyhow: Way, event, ask) -> None:
        client = await anyhow.connect("/refusing")
        said = {"code": "chat.too-late_1", "message": "It is closed.", "since": {"hour": 3}}
        assert await ask(client, event, said) == said

    async def test_has_an_empty_message_by_default(self, anyhow: Way) -> None:
        client = await anyhow.connect("/refusing")
        assert await answer(client, "refuse", {"code": "no"}) == {"code": "no", "message": ""}

    async def test_may_have_a_code_of_the_protocol(self, anyhow: Way) -> None:
        client = await anyhow.connect("/refusing")
        assert await answer(client, "refuse", {"code": "too_large"}) == {"code": "too_large", "message": ""}

    async def test_may_have_a_lazy_message(self, anyhow: Way) -> None:
        client = await anyhow.connect("/refusing")
        assert await answer(client, "refuse_lazily") == {"code": "not_now", "message": "Later."}

    async def test_is_counted_as_refused(self, anyhow: Way) -> None:
        client = await anyhow.connect("/refusing")
        before = await client.request("count_refused")
        await warned(client, "refuse", {"code": "no"})
        assert await client.request("count_refused") == before + 1

    async def test_of_open_is_a_warning_and_the_connection_lives(self, anyhow: Way) -> None:
        client = await anyhow.connect("/reluctant")
        expected = {"code": "closed_today", "message": "Come back tomorrow.", "day": "Sunday"}
        assert await client.settle() == [{"event": "warning", "data": expected}]

    @pytest.mark.parametrize("path", ["/refusing-guard", "/denying-guard"])
    async def test_of_authorize_is_403(self, anyhow: Way, path) -> None:
        with pytest.raises(Refused) as refusal:
            await anyhow.connect(path)
        assert refusal.value.status == 403

    @pytest.mark.parametrize("event", ["deny", "adeny"])
    async def test_is_forbidden_where_django_denies_permission(self, anyhow: Way, event) -> None:
        client = await anyhow.connect("/refusing")
        assert await answer(client, event) == {"code": "forbidden", "message": Wording()}
        assert "secret" not in "".join(client.transcript)

    @pytest.mark.parametrize(
        ("how", "fields"),
        [
            ("message", [("", "Too late.")]),
            ("list", [("", "Too late."), ("", "Too long.")]),
            ("fields", [("text", "Too long."), ("", "Too late.")]),
            ("many", [(f"field-{number}", "Wrong.") for number in range(20)]),
        ],
    )
    async def test_has_the_fields_of_a_validation_error(self, anyhow: Way, how, fields) -> None:
        client = await anyhow.connect("/refusing")
        expected = [{"path": path, "message": message} for path, message in fields]
        error = await answer(client, "invalidate", {"how": how})
        assert error == {"code": "invalid_data", "message": Wording(), "fields": expected}

    async def test_is_an_error_where_its_text_cannot_be_made(self, server: Server) -> None:
        client = await server.connect("/refusing")
        assert (await answer(client, "garble"))["code"] == "handler_error"
        assert "ValidationError" in await server.log.wait_for_error("The handler of 'garble' failed")
        assert (await answer(client, "deny"))["code"] == "forbidden"

    async def test_with_details_that_cannot_be_sent_is_a_failed_handler(self, server: Server) -> None:
        client = await server.connect("/refusing")
        assert (await answer(client, "refuse_unsayably"))["code"] == "handler_error"
        assert "not JSON serializable" in await server.log.wait_for_error("The refusal 'unsayable' cannot be sent")

    async def test_with_a_code_that_may_not_be_is_a_failed_handler(self, server: Server) -> None:
        client = await server.connect("/refusing")
        assert (await answer(client, "refuse", {"code": "Not this!"}))["code"] == "handler_error"
        assert "got 'Not this!'" in await server.log.wait_for_error("The handler of 'refuse' failed")


class TestTheLog:
    async def test_has_code_and_message_of_a_refused_handshake(self, server: Server) -> None:
        with pytest.raises(Refused):
            await server.connect("/refusing-guard")
        await server.log.wait_for("Refused a connection.*no_ticket: There is no ticket.")

    async def test_has_what_django_denied_a_handshake_for(self, server: Server) -> None:
        with pytest.raises(Refused):
            await server.connect("/denying-guard")
        await server.log.wait_for("Refused a connection.*forbidden: .*not on the list")

    async def test_has_the_text_of_a_permission_denied(self, server: Server) -> None:
        client = await server.connect("/refusing")
        await answer(client, "deny")
        await server.log.wait_for("The handler of 'deny' refused.*a secret of ours")

    async def test_has_no_traceback_of_a_refusal(self, server: Server) -> None:
        client = await server.connect("/refusing")
        for event, data in {"refuse": {"code": "no"}, "deny": None, "invalidate": {"how": "list"}}.items():
            await answer(client, event, data)
        assert server.log.count("Traceback") == 0


class TestEventsOfAnyName:
    async def test_have_handlers(self, anyhow: Way) -> None:
        client = await anyhow.connect("/named")
        assert await answer(client, "chat:message", {"a": 1}) == {"event": "chat:message", "data": {"a": 1}}
        assert await answer(client, "x" * 128) == 128

    async def test_without_a_handler_go_to_the_rest(self, anyhow: Way) -> None:
        client = await anyhow.connect("/named")
        for event in ("anything", "*", "x" * 129, "module_unknown"):
            assert await answer(client, event, {"a": 1}) == {"rest": event, "data": {"a": 1}}

    @pytest.mark.parametrize(
        ("event", "code"),
        [
            ("open", "reserved_event"),
            ("close", "reserved_event"),
            ("tws.other", "unknown_event"),
            ("module_part_other", "unknown_event"),
            ("module_talkative_open", "unknown_event"),
            ("module_talkative_close", "unknown_event"),
        ],
    )
    async def test_do_not_all_go_to_the_rest(self, anyhow: Way, event, code) -> None:
        client = await anyhow.connect("/named")
        assert await answer(client, event) == {"code": code, "message": Wording()}

    async def test_of_a_module_are_known_to_it_by_their_short_names(self, anyhow: Way) -> None:
        client = await anyhow.connect("/named")
        assert await answer(client, "module_part_a b") == "a b"
        assert await answer(client, "module_part_plain") == "plain"

    async def test_of_a_module_without_a_handler_go_to_the_rest_of_the_module(self, anyhow: Way) -> None:
        client = await anyhow.connect("/named")
        assert await answer(client, "module_talkative_x y") == {"module": "x y"}


class TestAllow:
    async def test_lets_in_for_what_a_handler_may_take(self, anyhow: Way) -> None:
        client = await anyhow.connect("/guarded-events/lobby")
        assert await answer(client, "say", {"room": "lobby"}) == {"room": "lobby"}

    @pytest.mark.parametrize(("event", "data"), [("say", {"room": "cellar"}), ("never", None)])
    async def test_forbids_by_a_false_answer(self, anyhow: Way, event, data) -> None:
        client = await anyhow.connect("/guarded-events/lobby")
        assert await answer(client, event, data) == {"code": "forbidden", "message": Wording()}

    async def test_may_refuse_by_itself(self, anyhow: Way) -> None:
        client = await anyhow.connect("/guarded-events/lobby")
        assert await answer(client, "ask") == {"code": "ask_politely", "message": ""}

    async def test_that_fails_is_a_failed_handler(self, server: Server) -> None:
        client = await server.connect("/guarded-events/lobby")
        assert (await answer(client, "fail"))["code"] == "handler_error"
        assert "KeyError: 'missing'" in await server.log.wait_for_error("The handler of 'fail' failed")


class TestRate:
    async def test_bounds_what_one_client_may_ask(self, anyhow: Way) -> None:
        client, other = [await anyhow.connect("/guarded-events/lobby") for _ in range(2)]
        answers = [await answer(client, "now and then") for _ in range(3)]
        assert answers == ["now", "now", {"code": "rate_limited", "message": Wording()}]
        assert await answer(other, "now and then") == "now"
