import json
import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tornado_websockets.core.protocol.rfc6455 import text_frame
from tornado_websockets.core.protocol.rfc7692 import WINDOW_BITS, SharedCompression, compression_above

TAIL = b"\x00\x00\xff\xff"
SIZES = [0, 1, 100, 101, 4_000, 70_000, 1_000_000]


@pytest.fixture
def compression():
    return SharedCompression(100)


def rows(size):
    """JSON of about that length, which shrinks to a half or less."""
    draw = random.Random(size)
    text = json.dumps([{"id": draw.randrange(10_000), "name": draw.choice(["Ann", "Bob"])} for _ in range(size // 15)])
    return text[:size].ljust(size)


def noise(size):
    """What does not shrink."""
    return "".join(random.Random(size).choices([chr(code) for code in range(32, 127)], k=size))


def payload_of(frame):
    """What a frame carries, and whether it is marked as compressed."""
    assert frame[0] & 0x80
    start = {126: 4, 127: 10}.get(frame[1], 2)
    assert len(frame) - start == (frame[1] if start == 2 else int.from_bytes(frame[2:start], "big"))
    return frame[start:], bool(frame[0] & 0x40)


def inflated(payload, inflater):
    return inflater.decompress(payload + TAIL)


class TestFrames:
    @pytest.mark.parametrize("size", SIZES)
    @pytest.mark.parametrize("make", [rows, noise])
    def test_carry_the_text(self, compression, make, size):
        text = make(size)
        payload, is_compressed = payload_of(compression.frame(text))
        payload = inflated(payload, zlib.decompressobj(-WINDOW_BITS)) if is_compressed else payload
        assert payload == text.encode()

    @pytest.mark.parametrize("size", [0, 100])
    def test_up_to_the_bound_are_plain(self, compression, size):
        assert compression.frame("x" * size) == text_frame("x" * size)

    def test_above_it_are_shorter(self, compression):
        frame = compression.frame("x" * 101)
        assert frame[0] == 0xC1
        assert len(frame) < 20

    def test_that_would_be_longer_are_plain(self, compression):
        assert compression.frame(noise(101)) == text_frame(noise(101))

    def test_of_the_same_text_are_made_once(self, compression):
        assert compression.frame(rows(200)) is compression.frame(rows(200))

    def test_that_are_not_ascii_are_refused(self, compression):
        with pytest.raises(UnicodeEncodeError):
            compression.frame("é" * 200)


class TestMessages:
    def test_are_read_alike_whatever_was_read_before(self, compression):
        """By whoever was sent all of them, some of them, or others by a compressor of its own."""
        everyone = {kind: zlib.decompressobj(-bits) for kind, bits in (("all", WINDOW_BITS), ("some", 15), ("own", 15))}
        own = zlib.compressobj(wbits=-WINDOW_BITS)
        earlier = own.compress(rows(5_000).encode()) + own.flush(zlib.Z_SYNC_FLUSH)
        everyone["own"].decompress(earlier)
        for number in range(20):
            text = rows(200 + 300 * number).encode()
            for kind, inflater in everyone.items():
                if kind != "some" or number % 3:
                    assert inflated(compression.deflated(text), inflater) == text

    def test_never_end_the_stream(self, compression):
        inflater = zlib.decompressobj(-WINDOW_BITS)
        for size in (101, 5_000, 70_000):
            inflated(compression.deflated(rows(size).encode()), inflater)
            assert not inflater.eof

    def test_need_no_larger_window_than_was_agreed_on(self, compression):
        near, far = ((noise(size) * 2).encode() for size in (3_000, 8_000))
        assert len(compression.deflated(near)) < 0.5 * len(near)
        assert len(compression.deflated(far)) > 0.75 * len(far)

    @given(st.text(st.characters(codec="ascii"), min_size=101), st.integers(1, 40))
    def test_of_any_text_come_back(self, text, times):
        payload = (text * times).encode()
        deflated = SharedCompression(0).deflated(payload)
        assert deflated is None or inflated(deflated, zlib.decompressobj(-WINDOW_BITS)) == payload

    def test_up_to_the_bound_are_left_as_they_are(self, compression):
        assert compression.deflated(b"x" * 100) is None
        assert compression.deflated(b"x" * 101) is not None


def test_there_is_one_for_each_bound():
    assert compression_above(7) is compression_above(7)
    assert compression_above(7) is not compression_above(8)
