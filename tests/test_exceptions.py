import pickle

import pytest
from tornado.websocket import WebSocketClosedError

from tests.support.scripts import run_script
from tornado_websockets.exceptions import (
    EmitHandlerError,
    InvalidInstanceError,
    NotCallableError,
    PublishError,
    Refused,
    RequestRefused,
    TornadoWebSocketsError,
    WebSocketEventAlreadyBinded,
    is_connection_closed,
    raise_connection_closed,
)

ERRORS = [
    EmitHandlerError("say", "/chat"),
    InvalidInstanceError("a stranger", "package.Name"),
    NotCallableError("no function"),
    WebSocketEventAlreadyBinded("say", "/chat"),
    PublishError("say", "/chat"),
    Refused("too_late", "It is closed."),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_every_error_has_the_same_base(error):
    assert isinstance(error, TornadoWebSocketsError)


@pytest.mark.parametrize(
    ("kind", "base"), [(InvalidInstanceError, TypeError), (WebSocketEventAlreadyBinded, NameError)]
)
def test_some_are_also_builtin_errors(kind, base):
    assert issubclass(kind, base)


@pytest.mark.parametrize("kind", [EmitHandlerError, WebSocketEventAlreadyBinded, PublishError])
def test_attributes_are_event_and_path(kind):
    error = kind(event="say", path="/chat")
    assert (error.event, error.path) == ("say", "/chat")
    assert "'say'" in str(error)
    assert "'/chat'" in str(error)


def test_attributes_are_what_came_and_what_was_expected():
    stranger = object()
    error = InvalidInstanceError(actual_instance=stranger, expected_instance_name="package.Name")
    assert (error.actual_instance, error.expected_instance_name) == (stranger, "package.Name")
    assert repr(stranger) in str(error)
    assert "'package.Name'" in str(error)


def test_attribute_is_the_thing():
    error = NotCallableError(thing="no function")
    assert error.thing == "no function"
    assert "'no function'" in str(error)


def test_an_option_that_cannot_be_called_is_named():
    text = "Expected authorize as a function or method, got 'login', which is not callable."
    assert str(NotCallableError("login", "authorize")) == text


def test_emitting_outside_of_handlers_names_what_to_do_instead():
    text = str(EmitHandlerError("say", "/chat"))
    assert "publish('say'" in text
    assert 'TORNADO_WEBSOCKETS["EMIT_ANYWHERE"]' in text


@pytest.mark.parametrize("path", ["/chat", "/room/<slug:room>"])
def test_advice_on_html_is_what_sends_html(path):
    text = str(EmitHandlerError("tws.html", path))
    assert "Use publish_html(...)" in text
    assert "publish('tws.html'" not in text
    assert ("makes emit_html do that" in text) is (path == "/chat")


def test_refusal_has_code_message_and_details():
    error = Refused("too_late", "It is closed.", since=3)
    assert (error.code, error.message, error.details) == ("too_late", "It is closed.", {"since": 3})
    assert error.args == ("too_late", "It is closed.")
    assert str(error) == "too_late: It is closed."
    assert str(Refused("too_late")) == "too_late"


def test_refusal_takes_details_of_any_name_but_its_own():
    assert Refused("too_late", self=1, args=2).details == {"self": 1, "args": 2}
    with pytest.raises(TypeError):
        Refused("too_late", "It is closed.", code="later")


def test_refusal_survives_a_process_pool():
    error = pickle.loads(pickle.dumps(Refused("too_late", "It is closed.", since=3)))
    assert (error.code, error.message, error.details) == ("too_late", "It is closed.", {"since": 3})


@pytest.mark.parametrize("code", ["a", "too_late", "chat.too-late_1", "0", "x" * 64, "invalid_data"])
def test_refusal_takes_codes(code):
    assert Refused(code).code == code


@pytest.mark.parametrize("code", ["", "x" * 65, "Too_late", "too late", "too_late\n", "é", "a/b"])
def test_refusal_takes_no_other_code(code):
    with pytest.raises(ValueError, match="as the code of a refusal"):
        Refused(code)


def test_refusal_needs_a_text_as_code():
    with pytest.raises(TypeError, match="got 403"):
        Refused(403)


def test_a_failed_publication_names_the_setting():
    assert "CHANNEL_LAYERS" in str(PublishError("say", "/chat"))


def test_a_closed_connection_is_tornados_error():
    with pytest.raises(WebSocketClosedError) as caught:
        raise_connection_closed("/chat", "abc")
    assert "abc" in str(caught.value)
    assert "'/chat'" in str(caught.value)
    assert is_connection_closed(caught.value)


@pytest.mark.parametrize(
    "error", [ValueError(), ConnectionResetError(), *ERRORS], ids=lambda error: type(error).__name__
)
def test_no_other_error_is_a_closed_connection(error):
    assert not is_connection_closed(error)


def test_looking_at_an_error_imports_no_tornado():
    script = """
        import sys
        from tornado_websockets.exceptions import is_connection_closed

        print(is_connection_closed(ValueError()), any(name.startswith("tornado.") for name in sys.modules))
    """
    assert run_script(script) == "False False\n"


class TestWhatAClientRefuses:
    def test_says_code_and_message(self):
        assert str(RequestRefused("too_late", "It isn't open, \u00e4h.")) == "too_late: It isn't open, \u00e4h."

    def test_is_quoted_as_one_short_line(self):
        """Where a handler lets it pass, it is in the log."""
        error = RequestRefused(
            "x\r\u2028\x9b", "y\n2026-11-26 WARNING root disconnects ada \x1b]0;title\x07" + "z" * 1000
        )
        text = str(error)
        assert text.isprintable()
        assert text.startswith(r"x\r\u2028\x9b: y\n2026-11-26 WARNING")
        assert len(text) < 200
        assert len(error.message) > 1000

    def test_is_no_code_of_ours_and_quoted_in_short(self):
        with pytest.raises(ValueError, match="as the code of a refusal") as caught:
            Refused("x" * 100_000)
        assert len(str(caught.value)) < 200
