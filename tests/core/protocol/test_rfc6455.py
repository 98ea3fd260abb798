import pytest
from wsproto.frame_protocol import FrameProtocol, Opcode

from tornado_websockets.core.protocol.rfc6455 import BINARY, RawFrame, text_frame


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65_535, 65_536, 1_000_000])
def test_a_frame_is_read_as_the_text_by_another_implementation(length):
    protocol = FrameProtocol(client=True, extensions=[])
    protocol.receive_bytes(text_frame("x" * length))
    frames = list(protocol.received_frames())
    assert {frame.opcode for frame in frames} == {Opcode.TEXT}
    assert "".join(frame.payload for frame in frames) == "x" * length
    assert frames[-1].message_finished


@pytest.mark.parametrize(("length", "header"), [(125, 2), (126, 4), (65_535, 4), (65_536, 10)])
def test_a_frame_is_no_longer_than_it_must_be(length, header):
    assert len(text_frame("x" * length)) == header + length


def test_the_frame_of_the_same_text_is_made_once():
    assert text_frame("the same") is text_frame("the same")


def test_what_is_not_ascii_is_refused():
    with pytest.raises(UnicodeEncodeError):
        text_frame("é")


@pytest.mark.parametrize("payload", [b"", b"\x00\xff", b"x" * 126, b"x" * 70_000])
def test_a_raw_frame_is_as_long_as_what_is_written(payload):
    frame = RawFrame(BINARY, payload)
    assert frame.to_bytes().endswith(payload)
    assert frame.to_bytes()[0] == 0x82
    assert len(frame) == len(frame.to_bytes())
