"""What a server and one of its clients say besides events: pings, hellos, questions, replies in parts."""

from collections.abc import Collection
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, Protocol

from ..protocol.control import CANCEL, FREE_PINGS, HELLO, PING, PONG
from ..protocol.frames import ANSWER, Code, Data, Frame, Refusal
from ..protocol.ids import Id
from ..protocol.limits import Rate
from .questions import Questions
from .streams import Client, Streams

if TYPE_CHECKING:
    from .hello import Hellos

#: Events that are asked of the protocol itself.
ITS_OWN: Final = (HELLO, PING, CANCEL, ANSWER)


class Partner(Client, Protocol):
    """The client, of whom this needs what :class:`.streams.Streams` and :class:`.hello.Hellos` need, and this."""

    endpoint: Any
    shard: Any
    transport: Any

    def write(self, text: str) -> object:
        """Send a text; raises where the client has gone."""

    def answer(self, text: str) -> None:
        """Send a text in answer, unless the client has gone."""


class Conversation:
    """Pings, hellos, questions and replies in parts. On the client's event loop only.

    Most clients never have one; it is made when it is first needed, and so are its parts.

    :param max_streams: replies in parts at a time.
    :ivar streams: those that are under way; ``None`` before the first one.
    """

    __slots__ = ("_client", "_hellos", "_max_streams", "_pings", "_questions", "streams")

    def __init__(self, client: Partner, max_streams: int) -> None:
        self._client = client
        self._max_streams = max_streams
        self._pings: Rate | None = None
        self._questions: Questions | None = None
        self._hellos: Hellos | None = None
        self.streams: Streams | None = None

    @property
    def asked(self) -> Collection[Id]:
        """The ids of what the client was asked and has not answered yet."""
        return () if self._questions is None else self._questions.ids

    @property
    def takes_hello(self) -> bool:
        """Whether the client has said no hello yet: its first one does not count as a message."""
        return self._hellos is None or self._hellos.is_first

    @property
    def hellos(self) -> "Hellos":
        """What the client has said of what it missed."""
        if self._hellos is None:
            from .hello import Hellos

            self._hellos = Hellos(self._client)
        return self._hellos

    def begin_streams(self) -> Streams:
        """The client's replies in parts; made when they are first needed."""
        if self.streams is None:
            self.streams = Streams(self._client, self._max_streams)
        return self.streams

    def take(self, frame: Frame, *, is_early: bool) -> bool:
        """Take what need not count as a message; whether ``frame`` is such.

        :param is_early: it comes before its turn. No ping is answered then while the client does not take what is sent.
        """
        if frame.event == ANSWER:
            return self._questions is not None and self._questions.take(frame.id, frame.data)
        if frame.event == CANCEL:
            return frame.id is not None and self.begin_streams().cancel(frame.id, is_early=is_early)
        if frame.event == HELLO:
            return self.takes_hello and self._say_welcome(frame)
        return frame.event == PING and not (is_early and self._client.backlog is not None) and self._answer_ping(frame)

    async def handle(self, frame: Frame) -> Refusal | None:
        """Handle one of :data:`ITS_OWN` in its turn. Nothing is said where what it is about has ended."""
        if frame.event == HELLO:
            await self.hellos.idle()
            self._say_welcome(frame)
        elif frame.event == PING:
            self._pong(frame)
        elif frame.id is None:
            return Refusal(Code.MISSING_ID, f"Expected the 'id' that {frame.event!r} is about.")
        elif frame.event == ANSWER and self._questions is not None:
            self._questions.take(frame.id, frame.data)
        elif frame.event == CANCEL and self.streams is not None:
            self.streams.cancel(frame.id)
        return None

    async def ask(self, event: str, data: Data | str | None, seconds: float | None) -> Any:
        """What the client answers to a question; :data:`.questions.GONE` when it has gone.

        :param seconds: that it has; ``None`` for as long as it is connected.
        """
        client = self._client
        if self._questions is None:
            self._questions = Questions()

        def send(id_: str) -> None:
            client.write(client.encoder.question(event, data, id_))
            client.transport.read_on()

        try:
            return await self._questions.ask(send, seconds)
        except TimeoutError as error:
            raise TimeoutError(f"The client has not answered {event!r} within {seconds:g} seconds.") from error

    def end(self) -> None:
        """The client hears and says nothing more."""
        if self._hellos is not None:
            self._hellos.end()
        if self.streams is not None:
            self.streams.cancel_all()
        if self._questions is not None:
            self._questions.end()

    async def ended(self) -> None:
        """Return when no reply in parts is under way."""
        if self.streams is not None:
            await self.streams.ended()

    def _answer_ping(self, frame: Frame) -> bool:
        if self._pings is None:
            self._pings = Rate(FREE_PINGS, monotonic())
        if not self._pings.take(monotonic()):
            return False  # it counts, as any message
        self._pong(frame)
        return True

    def _pong(self, frame: Frame) -> None:
        self._client.answer(PONG)
        self._client.reply(frame, None)

    def _say_welcome(self, frame: Frame) -> bool:
        refusal = self.hellos.take(frame)
        if refusal is not None:
            self._client.refuse(refusal, frame.event)
        return True
