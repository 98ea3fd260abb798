"""Stores of Redis that no URL names: a master that Sentinel knows, and a cluster. The guide shows them."""

import os
from typing import Any

from redis import RedisCluster
from redis.sentinel import Sentinel

from tornado_websockets.store import Retention
from tornado_websockets.store.redis import ANSWER_SECONDS, RedisStore


class SentinelStore(RedisStore):
    def __init__(self, retention: Retention) -> None:
        super().__init__(os.environ["TEST_STORE"], retention)

    def connect(self, url: str) -> Any:
        host, _, port = url.partition(":")
        sentinel: Any = Sentinel([(host, int(port))], socket_timeout=ANSWER_SECONDS)  # type: ignore[no-untyped-call]
        return sentinel.master_for("mymaster", decode_responses=True, socket_timeout=ANSWER_SECONDS)


class ClusterStore(RedisStore):
    def __init__(self, retention: Retention) -> None:
        super().__init__(os.environ["TEST_STORE"], retention)

    def connect(self, url: str) -> Any:
        return RedisCluster.from_url(url, decode_responses=True, socket_timeout=ANSWER_SECONDS)
