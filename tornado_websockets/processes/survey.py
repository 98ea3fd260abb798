"""Surveys: one process asks all that have clients a question, and gathers the answers.

The question travels as a note, which they all hear. The answers are for a topic that only who asks has joined: they
cost the other processes nothing, and nobody anything while nobody asks.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, Self, TypeGuard

from ..core.control import CONTROL, Note, on_note
from ..core.delivery.message import Message
from ..core.protocol.parsing import parse_foreign
from ..core.tasks import keep
from ..exceptions import PublishError
from .identity import identity

if TYPE_CHECKING:
    from concurrent.futures import Future

    from ..core.delivery.hub import Hub
    from ..core.delivery.shard import Shard
    from ..core.protocol.closing import Close

#: What the notes of questions are about.
QUESTION: Final = "question"

#: With what the topic of those who ask begins. No path is called so: what a question says cannot reach clients.
ANSWERS: Final = "answers "

#: Characters of a name in a question.
MAX_NAME: Final = 128

#: Arrays and objects that an answer may nest.
MAX_DEPTH: Final = 8

#: The greatest number in an answer: whatever reads it, floats included, tells it from the next one.
MAX_NUMBER: Final = 2**53

Details = Mapping[str, Any]

#: Answers one kind of question in one process, with an object that JSON can say.
Responder = Callable[["Hub", Details], Awaitable[Details]]

_responders: dict[str, Responder] = {}

#: The modules of those that are loaded when they are first asked.
_modules: dict[str, str] = {}


def answers(what: str) -> Callable[[Responder], Responder]:
    """Register what answers questions of one kind, on an event loop of the process that is asked."""

    def register(respond: Responder) -> Responder:
        _responders[what] = respond
        return respond

    return register


def answered_in(what: str, module: str) -> None:
    """Let questions of one kind be answered by what ``module`` registers; it is loaded when it is first asked."""
    _modules[what] = module


def _responder_of(what: str) -> Responder:
    if what not in _responders:
        import_module(_modules[what])
    return _responders[what]


def is_of_survey(message: Message | Note) -> bool:
    """Whether it is a question or an answer: who misses one has asked, and finds out by itself."""
    return message.event == QUESTION if isinstance(message, Note) else message.topic.startswith(ANSWERS)


@dataclass(frozen=True, slots=True)
class SurveyPace:
    """How long is waited for answers; in seconds.

    :ivar quiet: without another answer, once all have answered that did the last time.
    :ivar patience: in all.
    """

    quiet: float = 0.25
    patience: float = 1.5


@dataclass(frozen=True, slots=True)
class Answer:
    """What one process says.

    :ivar process: its id.
    :ivar name: its name, ``host:pid``.
    :ivar seconds: from the question to its arrival.
    """

    process: str
    name: str
    says: Details
    seconds: float


def is_number(value: object) -> TypeGuard[float]:
    """Whether something in an answer is a number that can be reckoned with; JSON has some of any length."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= MAX_NUMBER  # no NaN is


def is_text(value: object) -> TypeGuard[str]:
    """Whether something in an answer is a text that can be written; JSON has halves of characters, too."""
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


@dataclass(slots=True)
class Round:
    """The answers to one question, by the id of the process.

    :ivar is_whole: whether the question has reached the channel layer, or there is none.
    """

    answers: dict[str, Answer] = field(default_factory=dict)
    is_whole: bool = True


class Survey:
    """Asks questions, for as long as it is entered (``async with``), on one event loop.

    :param hub: whose process asks.
    :param is_asked: whether this process answers, too; a command serves nobody, and has nothing to say.
    :param known: ids of processes that are waited for: :attr:`known` of an earlier survey.
    """

    user_key = None
    backlog = None

    def __init__(
        self, hub: Hub, pace: SurveyPace = SurveyPace(), *, is_asked: bool = True, known: Iterable[str] = ()
    ) -> None:
        self.id = uuid.uuid4().hex
        self._hub = hub
        self._pace = pace
        self._is_asked = is_asked
        self._topic = ANSWERS + identity.id
        self._shard: Shard | None = None
        self._question = ""
        self._asked = 0.0
        self._round = Round()
        self._came = asyncio.Event()
        self._late = set(known)

    async def __aenter__(self) -> Self:
        try:
            await self._hub.enter(self._topic)
        except BaseException:  # whoever asks has left meanwhile, say
            await self._hub.leave(self._topic)
            raise
        self._shard = self._hub.shard()
        self._hub.subscribe(self, self._shard, self._topic)
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._shard is not None:
            self._shard.unsubscribe(self, self._topic)
        await self._hub.leave(self._topic)

    @property
    def known(self) -> set[str]:
        """Those that have answered the last time, even too late: a busy one is waited for the next time."""
        return self._late.union(self._round.answers)

    async def ask(self, what: str, details: Details | None = None) -> Round:
        """What every process says.

        :param details: of the question, which JSON can say.
        """
        expected, self._late = self.known, set()
        self._question, self._asked, self._round = uuid.uuid4().hex, monotonic(), Round()
        asked = {**(details or {}), "what": what, "id": self._question, "to": self._topic}
        note = Note(CONTROL, QUESTION, json.dumps(asked), is_for_others=not self._is_asked)
        outcome = self._hub.publish(note)
        if outcome is not None and self._hub.publisher is not None and self._hub.publisher.loop() is not None:
            self._round.is_whole = await self._is_taken(outcome)
            if self._round.is_whole:
                await self._gather(expected, self._pace.quiet)
                return self._round
        if self._is_asked:  # alone
            await self._gather({identity.id}, quiet=0.0)
        return self._round

    async def _is_taken(self, outcome: Future[None]) -> bool:
        """Whether the channel layer takes the question."""
        try:
            async with asyncio.timeout(self._pace.patience):
                await asyncio.wrap_future(outcome)
        except (PublishError, TimeoutError):
            return False
        return True

    async def _gather(self, expected: set[str], quiet: float) -> None:
        """Return when somebody has, and all who are expected, and nobody else has for a while."""
        with suppress(TimeoutError):
            async with asyncio.timeout_at(asyncio.get_running_loop().time() + self._pace.patience):
                while not (self._round.answers and expected <= self._round.answers.keys()):
                    await self._next()
                while await self._has_another(quiet):
                    pass

    async def _has_another(self, quiet: float) -> bool:
        before = len(self._round.answers)
        with suppress(TimeoutError):
            async with asyncio.timeout(quiet):
                while len(self._round.answers) == before:
                    await self._next()
        return len(self._round.answers) > before

    async def _next(self) -> None:
        self._came.clear()
        await self._came.wait()

    # As a member of its topic.

    def deliver(self, item: str | Close, key: str | None = None) -> None:  # noqa: ARG002 none supersedes another
        """Take an answer."""
        if not isinstance(item, str):
            return
        try:
            answer = self._read(item)
        except (ValueError, TypeError, LookupError) as error:
            self._hub.control.complain("answer", "An answer of another process is ignored: %.200r", error)
            return
        if answer is not None:
            self._round.answers[answer.process] = answer
            self._came.set()

    def _read(self, text: str) -> Answer | None:
        """The answer in a text; ``None`` where it is one to another question, perhaps a late one."""
        data = parse_foreign(text, MAX_DEPTH)["data"]
        process, name, says = data["process"], data["name"], data["says"]
        if not isinstance(says, dict) or not all(map(is_text, (process, name))):
            raise TypeError("it does not say whose it is, or what")
        if data["id"] != self._question:
            self._late.add(process)
            return None
        return Answer(process[:MAX_NAME], name[:MAX_NAME], says, monotonic() - self._asked)

    def end(self, close: Close) -> None:
        """The process stops: whoever asks finds out by its own client, which is told."""

    def cancel_handler(self) -> None:
        """No handler is running."""


@on_note(QUESTION)
def _take(hub: Hub, said: Details) -> None:
    what, id_, to = said["what"], said["id"], said["to"]
    for name in (what, id_, to):
        if not isinstance(name, str) or len(name) > MAX_NAME:
            raise TypeError(f"expected a name, got {name!r:.64}")
    if not to.startswith(ANSWERS):
        raise ValueError(f"expected the topic of a survey, got {to!r:.64}")
    respond = _responder_of(what)
    keep(asyncio.get_running_loop().create_task(_answer(hub, respond, said)))


async def _answer(hub: Hub, respond: Responder, said: Details) -> None:
    try:
        says = await respond(hub, said)
    except (ValueError, TypeError, LookupError) as error:
        why = "A question of another process is not answered: %.200r (%.64r)"
        hub.control.complain("unanswered", why, error, said["what"])
        return
    data = {"id": said["id"], "process": identity.id, "name": identity.name, "says": says}
    text = f'{{"event":"answer","data":{json.dumps(data, allow_nan=False)}}}'
    message = Message(said["to"], "answer", text)
    if hub.has_clients(message.topic):  # who asks is this process
        hub.deliver(message, message.topic)
    else:
        hub.emit(message, message.topic)
