"""What becomes of messages, and of connections."""

import os
import signal
import time
from contextlib import suppress

from ..client import Closed, Refused
from ..peers import Peer
from ..stage import Stage
from ..talking import SOON, Talker

#: Seconds that Redis is away, and those that it may take until messages pass again.
_AWAY, _RECOVERY = 3.0, 30.0

#: Seconds until a server should have noticed that a client is gone, and until it is asked no more.
_DEAD = 90.0


def misses(peer: Peer) -> str:
    """The line drops, a view publishes, and a second later the client is back."""
    with Stage(peer) as stage:
        client = stage.client()
        stage.page("/publish", text="before")
        client.texts(SOON, until="before")
        kept = peer.returning.leave(client)
        client.drop()
        stage.page("/publish", text="meanwhile")
        time.sleep(1)
        client = stage.client()
        texts = peer.returning.come_back(client, kept) or client.texts(2, until="meanwhile")
    return "it comes when the client is back" if "meanwhile" in texts else "it never comes"


def redis_restarts(peer: Peer) -> str:
    """Two processes, a client of each; Redis is away for 3 s, in which one of them says something."""
    if not peer.spans_processes:
        return "there is no Redis: events stay within a process"
    with Stage(peer, processes=2) as stage:
        speaker, listener = stage.client(0), stage.client(1)
        speaker.emit("say", text="before")
        if "before" not in listener.texts(SOON, until="before"):
            raise RuntimeError("Expected processes to hear of each other")
        stage.redis.stop()
        with suppress(Closed):
            speaker.emit("say", text="meanwhile")
        is_local = "meanwhile" in speaker.texts(_AWAY, until="meanwhile")
        time.sleep(_AWAY)
        stage.start_redis()
        return _outcome(is_local, _Aftermath(stage, speaker, listener))


class _Aftermath:
    """Two clients that come back whenever their connections end, and one of which speaks until the other hears it."""

    def __init__(self, stage: Stage, speaker: Talker, listener: Talker) -> None:
        self._stage = stage
        self._speaker, self._listener = speaker, listener
        self.heard: set[str] = set()
        self.is_anyone_closed = False
        self.seconds = stage.wait_for(self._is_heard, _RECOVERY)
        self.heard.update(self._listener.texts(1))

    def _is_heard(self) -> bool:
        self._speaker = self._back(self._speaker, 0)
        self._listener = self._back(self._listener, 1)
        with suppress(Closed):
            self._speaker.emit("say", text="after")
        self._speaker.texts(0.05)
        self.heard.update(self._listener.texts(0.5, until="after"))
        return "after" in self.heard

    def _back(self, client: Talker, process: int) -> Talker:
        if not client.is_closed:
            return client
        self.is_anyone_closed = True
        with suppress(Refused, Closed, TimeoutError):
            return self._stage.client(process)
        return client


def _outcome(is_local: bool, aftermath: _Aftermath) -> str:
    is_late = "meanwhile" in aftermath.heard
    reach = "comes late" if is_late else "reaches its own process alone" if is_local else "is lost"
    seconds = aftermath.seconds
    again = f"never pass again (in {_RECOVERY:.0f} s)" if seconds is None else f"pass again after {seconds:.0f} s"
    closed = "connections are closed; " if aftermath.is_anyone_closed else ""
    return f"{closed}what is said meanwhile {reach}; events {again}"


def told_to_stop(peer: Peer) -> str:
    """SIGTERM, while a handler of one of two clients waits for a second."""
    with Stage(peer) as stage:
        idle, busy = stage.client(), stage.client()
        busy.emit("sleep", seconds=1.0)
        time.sleep(0.3)
        os.kill(stage.servers[0].pid, signal.SIGTERM)
        closed = idle.ending(SOON)
        seconds = stage.wait_for(stage.servers[0].has_ended, SOON)
        notes = stage.notes()
    code = "no close frame" if closed is None or closed.code is None else f"{closed.code}"
    handler = "runs to its end" if "slept" in notes else "is cut off"
    lasts = f"; the process is still there after {SOON:.0f} s" if seconds is None else ""
    return f"clients get {code}; the handler {handler}; {notes.count('gone')} of 2 disconnect handlers run{lasts}"


def dies(peer: Peer) -> str:
    """A client is silent without a word, as if its battery were empty."""
    with Stage(peer) as stage:
        stage.client()
        seconds = stage.wait_for(lambda: bool(stage.notes()), _DEAD)
    return f"not noticed within {_DEAD:.0f} s" if seconds is None else f"noticed after {seconds:.0f} s"
