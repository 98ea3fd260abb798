"""What WebSockets and definitions are called."""

import pytest

from tornado_websockets.schema.documents.names import ascii_identifier, identifier, name_of_path, untaken


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/chat", "Chat"),
        ("/room/<slug:room>", "RoomRoom"),
        ("/room/<room>/<int:page>", "RoomRoomPage"),
        ("/my-chat_room", "MyChatRoom"),
        ("/", "Root"),
        ("/2fa", "_2fa"),
        ("/myChat.v2", "MyChatV2"),
    ],
)
def test_path_has_a_name(path, name):
    assert name_of_path(path) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Order", "Order"),
        ("Order (new)", "Order__new_"),
        ("3D point", "_3D_point"),
        ("Größe", "Größe"),
        ("x²", "x_"),
        ("\u0301a", "_\u0301a"),
        ("", "_"),
    ],
)
def test_text_has_an_identifier(text, name):
    assert identifier(text) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Order (new)", "Order__new_"),
        ("CaféÅngström", "CafeAngstrom"),
        ("Größe", "Gro_e"),
        ("ﬁle", "file"),
        ("x²", "x2"),
        ("²x", "_2x"),
        ("Заказ", "_____"),
        ("\u0301a", "a"),
        ("", "_"),
    ],
)
def test_text_has_an_identifier_of_ascii(text, name):
    assert ascii_identifier(text) == name


def test_name_that_is_taken_has_a_number():
    assert untaken("A", ()) == "A"
    assert untaken("A", {"A", "A2", "A4"}) == "A3"
