import pytest

from tornado_websockets.core.protocol import closing
from tornado_websockets.core.protocol.closing import Close


def test_codes_are_those_of_the_contract():
    codes = {name: value for name, value in vars(closing).items() if name.isupper()}
    assert codes == {
        "GOING_AWAY": 1001,
        "FLOODING": 1008,
        "INTERNAL_ERROR": 1011,
        "PING_TIMEOUT": 1011,
        "SLOW_CLIENT": 4008,
        "LOGGED_OUT": 4401,
        "FORBIDDEN": 4403,
        "SESSION_GONE": 3401,
    }


def test_an_order_to_close_needs_no_reason():
    assert Close(1001) == (1001, "")


class TestAnApplication:
    @pytest.mark.parametrize("code", [1000, 4000, 4999])
    def test_may_use_the_codes_that_all_servers_pass_on(self, code):
        assert Close.by_application(code, "bye") == Close(code, "bye")

    @pytest.mark.parametrize("code", [0, 999, 1001, 1006, 1011, 3000, 3999, 5000, "1000", 1000.0, None], ids=repr)
    def test_may_use_no_others(self, code):
        with pytest.raises(ValueError, match="1000 or 4000 to 4999") as caught:
            Close.by_application(code, "")
        assert repr(code) in str(caught.value)

    @pytest.mark.parametrize("reason", ["", "x" * 123, "é" * 61 + "x"], ids=len)
    def test_may_give_a_reason_of_123_bytes(self, reason):
        assert Close.by_application(4000, reason).reason == reason

    @pytest.mark.parametrize("reason", ["x" * 124, "é" * 62, b"bye", None], ids=["ascii", "utf-8", "bytes", "None"])
    def test_may_give_no_longer_one_and_no_other(self, reason):
        with pytest.raises(ValueError, match="123 bytes"):
            Close.by_application(4000, reason)
