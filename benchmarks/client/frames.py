"""WebSocket frames (RFC 6455, section 5.2) as far as a client needs them that counts messages and reads none."""

CONTINUATION, TEXT, CLOSE, PING, PONG = 0x0, 0x1, 0x8, 0x9, 0xA

_FINAL = 0x80
_MASKED = 0x80
_NO_MASK = bytes(4)  # a mask of zeros leaves the payload as it is


def client_frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """A whole frame from a client, which must be masked."""
    first, length = bytes([_FINAL | opcode]), len(payload)
    if length < 126:
        head = first + bytes([_MASKED | length])
    elif length < 1 << 16:
        head = first + bytes([_MASKED | 126]) + length.to_bytes(2, "big")
    else:
        head = first + bytes([_MASKED | 127]) + length.to_bytes(8, "big")
    return head + _NO_MASK + payload


class FrameCounter:
    """Counts the messages in what a server sends.

    :ivar messages: complete ones so far, text or binary.
    :ivar controls: control frames that nobody has looked at yet, as opcode and payload.
    """

    __slots__ = ("_rest", "controls", "messages")

    def __init__(self) -> None:
        self.messages = 0
        self.controls: list[tuple[int, bytes]] = []
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """Take what came in next, cut anywhere."""
        if self._rest:
            data = self._rest + data
        start, available = 0, len(data)
        while available - start >= 2:
            first, length, header = data[start], data[start + 1], 2
            if length >= 126:
                header = 4 if length == 126 else 10
                if available - start < header:
                    break
                length = int.from_bytes(data[start + 2 : start + header], "big")
            end = start + header + length
            if end > available:
                break
            if first & 0x0F >= CLOSE:
                self.controls.append((first & 0x0F, data[start + header : end]))
            elif first & _FINAL:
                self.messages += 1
            start = end
        self._rest = data[start:]
