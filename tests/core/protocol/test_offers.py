"""What a handshake offers."""

import pytest

from tornado_websockets.core.protocol.offers import NOTHING_OFFERED, carry, checked_subprotocols, read_offer

KNOWN = ("v3.chat", "v2.chat")


@pytest.mark.parametrize(
    ("offered", "authorization", "expected"),
    [
        ("bearer, abc", "", ("abc", None, "bearer")),
        ("v1.chat, v2.chat, bearer, abc", "", ("abc", "v2.chat", "v2.chat")),
        ("bearer, v2.chat", "", ("v2.chat", None, "bearer")),
        ("v2.chat,v3.chat", "", (None, "v2.chat", "v2.chat")),
        ("v1.chat", "", (None, None, None)),
        ("bearer", "", (None, None, None)),
        ("bearer.b64, YS9iPWM", "", ("a/b=c", None, "bearer.b64")),
        ("bearer.b64, _", "", ("", None, "bearer.b64")),
        ("bearer, abc", "Bearer def", ("abc", None, "bearer")),
        ("v2.chat", "bearer  def=/", ("def=/", "v2.chat", "v2.chat")),
        ("", "Basic abc", (None, None, None)),
        ("", "Bearer", (None, None, None)),
    ],
)
def test_reads(offered, authorization, expected):
    offer = read_offer(offered, authorization, KNOWN)
    assert (offer.token, offer.subprotocol, offer.answer) == expected


def test_most_handshakes_offer_nothing():
    assert read_offer("", "", KNOWN) is NOTHING_OFFERED


@pytest.mark.parametrize("token", ["abc.def-ghi", "a/b=c", "ä:ö"])
def test_what_is_carried_is_read(token):
    assert read_offer(", ".join(carry(token)), "", ()).token == token


@pytest.mark.parametrize("header", ["Basic abc", "Token abc", "Bearer abc"])
def test_any_authorization_is_a_credential(header):
    assert read_offer("", header, ()).has_credentials


def test_shows_no_token():
    assert "hidden" not in repr(read_offer("bearer, hidden", "Bearer hidden", ()))


@pytest.mark.parametrize(
    ("names", "error"), [("v2.chat", TypeError), ([1], TypeError), (["a b"], ValueError), (["bearer"], ValueError)]
)
def test_refuses_names_that_nobody_can_select(names, error):
    with pytest.raises(error, match="Expected"):
        checked_subprotocols(names)
