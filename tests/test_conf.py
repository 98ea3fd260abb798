import pytest
from django.conf import settings
from django.test import override_settings

from tornado_websockets import conf
from tornado_websockets.core.protocol.limits import Limits

LIMITS = {
    "MAX_MESSAGE_BYTES": "max_message_bytes",
    "MAX_DEPTH": "max_depth",
    "MAX_CONTAINERS": "max_containers",
    "MAX_OUTBOX_BYTES": "max_outbox_bytes",
    "OUTBOX_TIMEOUT": "outbox_timeout",
    "MAX_STREAMS": "max_streams",
    "MAX_MESSAGES_PER_SECOND": "max_messages_per_second",
    "MAX_CONNECTIONS": "max_connections",
    "MAX_CONNECTIONS_PER_ADDRESS": "max_connections_per_address",
}


def test_every_key_has_the_documented_default():
    assert conf.DEFAULTS == {
        "MAX_MESSAGE_BYTES": 1_000_000,
        "MAX_DEPTH": 64,
        "MAX_CONTAINERS": 50_000,
        "MAX_OUTBOX_BYTES": 8 * 1024 * 1024,
        "OUTBOX_TIMEOUT": 10.0,
        "MAX_STREAMS": 8,
        "ALLOWED_ORIGINS": None,
        "MAX_MESSAGES_PER_SECOND": None,
        "MAX_CONNECTIONS": None,
        "MAX_CONNECTIONS_PER_ADDRESS": None,
        "AUTHENTICATE": ["session"],
        "AUTHORIZE_TIMEOUT": 10.0,
        "REAUTH_INTERVAL": 60.0,
        "MAX_BODY_BYTES": 100 * 1024 * 1024,
        "COMPRESS_ABOVE": 1024,
        "STORE": None,
        "HISTORY_SECONDS": 300.0,
        "HISTORY_BYTES": 900_000,
        "RETAIN_SECONDS": 86_400.0,
        "PRESENCE_GRACE": 5.0,
        "NAMESPACE": "",
        "STOP_DELAY": 0.0,
        "DRAIN_SECONDS": None,
        "EMIT_ANYWHERE": False,
    }


@pytest.mark.parametrize("configured", [None, {}, {"MAX_DEPTH": 3}], ids=repr)
def test_a_key_that_is_left_out_has_its_default(configured):
    with override_settings(TORNADO_WEBSOCKETS=configured):
        assert conf.get("MAX_MESSAGE_BYTES") == 1_000_000


def test_without_the_setting_everything_has_its_default():
    assert {key: conf.get(key) for key in conf.DEFAULTS} == conf.DEFAULTS


def test_whatever_is_done_to_the_setting_counts_at_once(monkeypatch):
    assert conf.limits().max_depth == 64
    monkeypatch.setattr(settings, "TORNADO_WEBSOCKETS", {"MAX_DEPTH": 3}, raising=False)
    assert conf.limits().max_depth == 3
    settings.TORNADO_WEBSOCKETS["MAX_DEPTH"] = 4
    assert conf.limits().max_depth == 4
    with override_settings(TORNADO_WEBSOCKETS={}):
        assert conf.limits().max_depth == 64
    with override_settings():
        del settings.TORNADO_WEBSOCKETS
        assert conf.limits().max_depth == 64
    assert conf.limits().max_depth == 4
    monkeypatch.undo()
    assert conf.limits().max_depth == 64


@pytest.mark.parametrize("value", [False, 0, [], "x"], ids=repr)
def test_a_key_that_is_given_has_its_value(value):
    with override_settings(TORNADO_WEBSOCKETS={"ALLOWED_ORIGINS": value}):
        assert conf.get("ALLOWED_ORIGINS") == value


def test_settings_are_read_at_each_access():
    with override_settings(TORNADO_WEBSOCKETS={"MAX_DEPTH": 3}):
        assert conf.get("MAX_DEPTH") == 3
    assert conf.get("MAX_DEPTH") == 64


def test_an_unknown_key_is_an_error():
    with pytest.raises(KeyError):
        conf.get("MAX_LENGTH")


def test_the_limits_are_those_of_the_core_by_default():
    assert conf.limits() == Limits()


@pytest.mark.parametrize(("key", "limit"), LIMITS.items())
def test_each_limit_has_a_key(key, limit):
    with override_settings(TORNADO_WEBSOCKETS={key: 7}):
        assert [name for name in Limits.__slots__ if getattr(conf.limits(), name) == 7] == [limit]


def test_no_limit_is_without_a_key():
    assert set(LIMITS.values()) == set(Limits.__slots__)
