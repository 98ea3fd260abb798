"""The store in Redis, or Valkey: three keys for each topic, changed by one command at a time."""

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from ..core.recovery.record import Entry, Event, Record, Retention, Standing
from . import redis_scripts as scripts

#: Seconds for which the token of a call is remembered.
TOKEN_LIFETIME: Final = 60

#: Seconds that Redis may take over an answer. A connection that was cut is tried once more.
ANSWER_SECONDS: Final = 2.0


class RedisStore:
    """Keeps everything in one Redis.

    :param url: ``redis://``, ``rediss://`` or ``unix://``, with the options that redis-py knows.
    """

    waits = True

    def __init__(self, url: str, retention: Retention = Retention()) -> None:  # noqa: B008 it is frozen
        self._client = self.connect(url)
        self._prefix = f"{retention.namespace}:tws:" if retention.namespace else "tws:"
        self._retention = (
            retention.seconds,
            retention.bytes,
            retention.retained_seconds,
            retention.sender_seconds,
        )
        register = self._client.register_script
        self._append, self._publish = register(scripts.APPEND), register(scripts.PUBLISH)
        self._read, self._retained = register(scripts.READ), register(scripts.RETAINED)
        self._forget = register(scripts.FORGET)

    def connect(self, url: str) -> "Redis":
        """The client. Override it for what no URL can say, such as a master that Sentinel knows."""
        return Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=ANSWER_SECONDS,
            socket_connect_timeout=ANSWER_SECONDS,
            retry=Retry(NoBackoff(), 1),
        )

    def append(self, topic: str, sender: str, first: int, entries: Sequence[Entry], keep: int) -> None:
        self._call(self._append, topic, sender, first, keep, *_arguments(entries))

    def publish(self, topic: str, token: str, entries: Sequence[Entry], keep: int) -> tuple[str, int]:
        arguments = (TOKEN_LIFETIME, keep, *_arguments(entries))
        sender, number = self._call(self._publish, topic, *arguments, token=token).split()
        return sender, int(number)

    def read(self, topic: str, with_events: bool = True) -> Record:
        fields, events = self._call(self._read, topic, int(with_events))
        values = dict(zip(fields[::2], fields[1::2], strict=True))
        return _record(values, [_event(fields) for _, fields in events])

    def lasts(self, topics: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        with self._client.pipeline(transaction=False) as pipeline:
            for topic in topics:
                pipeline.hgetall(self._keys(topic)[0])
            found = pipeline.execute()
        return {
            topic: _record(values, []).position
            for topic, values in zip(topics, found, strict=True)
            if "epoch" in values
        }

    def retained(self, topic: str) -> Mapping[str, Event]:
        now, fields = self._call(self._retained, topic)
        found = {}
        for name, value in zip(fields[::2], fields[1::2], strict=True):
            sender, number, text, audience, expires = json.loads(value)
            if float(expires) > float(now):
                found[name] = Event(sender, int(number), text, audience)
        return found

    def forget(self, topic: str, event: str | None = None) -> None:
        self._call(self._forget, topic, event or "")

    def _call(self, script: Any, topic: str, *arguments: object, token: str | None = None) -> Any:
        keys = self._keys(topic)
        if token is not None:
            keys.append(f"{keys[0]}:token:{token}")
        return script(keys=keys, args=[uuid.uuid4().hex, *self._retention, *arguments])

    def _keys(self, topic: str) -> list[str]:
        base = f"{self._prefix}{{{topic}}}"  # in braces, so that a cluster keeps them together
        return [base, f"{base}:events", f"{base}:retained"]


def _arguments(entries: Sequence[Entry]) -> list[str]:
    return [part for entry in entries for part in (entry.text, entry.audience, entry.retained)]


def _event(fields: Any) -> Event:
    values = dict(fields) if isinstance(fields, dict) else dict(zip(fields[::2], fields[1::2], strict=True))
    return Event(values["s"], int(values["n"]), values["t"], values["a"])


def _record(values: Mapping[str, str], events: Sequence[Event]) -> Record:
    senders = {name[2:]: _standing(text) for name, text in values.items() if name.startswith("s:")}
    return Record(values["epoch"], int(values.get("forgotten", "0")), int(values.get("floor", "0")), senders, events)


def _standing(text: str) -> Standing:
    last, is_listed, folded, folded_with, _ = text.split()
    return Standing(int(last), is_listed == "1", int(folded), int(folded_with))
