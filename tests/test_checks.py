import inspect
import json

import pytest
from channels_redis.core import RedisChannelLayer
from django.core.checks import run_checks
from django.test import override_settings
from redis.asyncio.connection import AbstractConnection

from tests.project.layers import BROKER, IN_MEMORY
from tests.project.scripts import run_script
from tornado_websockets import conf

PUBSUB = {"default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": ["redis://h"]}}}
OURS = ("tornado_websockets.", "channels_bridge.", "daphne.")
ALL_APPS = ["daphne", "django.contrib.staticfiles", "tornado_websockets", "channels_bridge"]


def found():
    """What the checks of this process say."""
    return [message for message in run_checks() if message.id.startswith(OURS)]


def ids():
    return [message.id for message in found()]


def ids_with(apps, preparation="", **settings):
    """What they say where these apps are installed."""
    settings = {"INSTALLED_APPS": apps, "CHANNEL_LAYERS": BROKER, "STATIC_URL": "static/", **settings}
    script = f"""
        import json, sys
        import django
        from django.conf import settings
        from django.core.checks import run_checks

        {preparation}
        settings.configure(**json.loads({json.dumps(settings)!r}))
        django.setup()
        print(json.dumps([[message.id, str(message.hint or "")] for message in run_checks()]))
    """
    return {id_: hint for id_, hint in json.loads(run_script(script)) if id_.startswith(OURS)}


def redis(*hosts, **config):
    layer = {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"hosts": list(hosts), **config}}
    return override_settings(CHANNEL_LAYERS={"default": layer})


with_layer = override_settings(CHANNEL_LAYERS=BROKER)


@with_layer
def test_a_sound_project_hears_nothing():
    assert found() == []


class TestSettings:
    @with_layer
    @pytest.mark.parametrize("configured", [None, {}, dict(conf.DEFAULTS)], ids=repr)
    def test_that_are_sound_are_passed_over(self, configured):
        with override_settings(TORNADO_WEBSOCKETS=configured):
            assert found() == []

    @with_layer
    @pytest.mark.parametrize("configured", [["MAX_DEPTH"], "MAX_DEPTH", 7], ids=repr)
    def test_that_are_no_dict_are_an_error(self, configured):
        with override_settings(TORNADO_WEBSOCKETS=configured):
            [message] = found()
        assert (message.id, message.is_serious()) == ("tornado_websockets.E001", True)
        assert repr(configured) in message.msg
        assert "MAX_DEPTH" in message.hint

    @with_layer
    @pytest.mark.parametrize(
        "origins", [[], ["*"], [".example.com", "[::1]"], ("chat.example.com",), {"example.com"}], ids=repr
    )
    def test_with_hosts_as_origins_are_passed_over(self, origins):
        with override_settings(TORNADO_WEBSOCKETS={"ALLOWED_ORIGINS": origins}):
            assert found() == []

    @with_layer
    @pytest.mark.parametrize("origin", ["https://example.com", "example.com:8000", "example.com/chat"])
    def test_with_origins_that_match_nothing_are_warned_of(self, origin):
        with override_settings(TORNADO_WEBSOCKETS={"ALLOWED_ORIGINS": ["example.com", origin]}):
            [message] = found()
        assert (message.id, message.is_serious()) == ("tornado_websockets.W003", False)
        assert repr(origin) in message.msg

    @with_layer
    @pytest.mark.parametrize("origins", ["example.com", [1], True], ids=repr)
    def test_with_origins_that_are_no_list_are_errors(self, origins):
        with override_settings(TORNADO_WEBSOCKETS={"ALLOWED_ORIGINS": origins}):
            [message] = found()
        assert (message.id, message.is_serious()) == ("tornado_websockets.E003", True)

    @with_layer
    @override_settings(TORNADO_WEBSOCKETS={"MAX_DEPHT": 3, "max_depth": 4, "MAX_DEPTH": 5})
    def test_with_unknown_keys_are_warned_of(self):
        messages = found()
        assert [message.id for message in messages] == ["tornado_websockets.W001"] * 2
        assert not any(message.is_serious() for message in messages)
        assert "'MAX_DEPHT'" in messages[0].msg
        assert "'max_depth'" in messages[1].msg
        assert "MAX_DEPTH" in messages[0].hint

    @with_layer
    @pytest.mark.parametrize("value", [0, -1, "64", True, float("nan")], ids=repr)
    @pytest.mark.parametrize(
        "key",
        [
            "MAX_MESSAGE_BYTES",
            "MAX_DEPTH",
            "MAX_CONTAINERS",
            "MAX_OUTBOX_BYTES",
            "OUTBOX_TIMEOUT",
            "AUTHORIZE_TIMEOUT",
            "MAX_MESSAGES_PER_SECOND",
            "MAX_CONNECTIONS",
            "MAX_CONNECTIONS_PER_ADDRESS",
            "REAUTH_INTERVAL",
        ],
    )
    def test_that_are_no_positive_numbers_are_errors(self, key, value):
        with override_settings(TORNADO_WEBSOCKETS={key: value}):
            [message] = found()
        assert (message.id, message.is_serious()) == ("tornado_websockets.E002", True)
        assert repr(key) in message.msg
        assert repr(value) in message.msg
        assert repr(conf.DEFAULTS[key]) in message.hint

    @with_layer
    @pytest.mark.parametrize(
        "key",
        [
            "MAX_MESSAGE_BYTES",
            "MAX_DEPTH",
            "MAX_CONTAINERS",
            "MAX_OUTBOX_BYTES",
            "OUTBOX_TIMEOUT",
            "AUTHORIZE_TIMEOUT",
        ],
    )
    def test_of_limits_that_must_be_are_not_none(self, key):
        with override_settings(TORNADO_WEBSOCKETS={key: None}):
            assert ids() == ["tornado_websockets.E002"]

    @with_layer
    @override_settings(TORNADO_WEBSOCKETS={"MAX_DEPTH": 1, "OUTBOX_TIMEOUT": 0.5, "MAX_MESSAGES_PER_SECOND": 0.1})
    def test_that_are_small_are_passed_over(self):
        assert found() == []


class TestChannelLayer:
    @override_settings(DEBUG=False, CHANNEL_LAYERS={})
    def test_that_is_missing_is_warned_of(self):
        [message] = found()
        assert message.id == "channels_bridge.W002"
        assert "no default channel layer" in message.msg
        assert "CHANNEL_LAYERS" in message.hint

    @override_settings(DEBUG=False, CHANNEL_LAYERS={"other": BROKER["default"]})
    def test_that_is_not_the_default_counts_as_missing(self):
        assert ids() == ["channels_bridge.W002"]

    @override_settings(DEBUG=False, CHANNEL_LAYERS=IN_MEMORY)
    def test_in_memory_is_warned_of(self):
        [message] = found()
        assert message.id == "channels_bridge.W002"
        assert "in-memory" in message.msg

    @pytest.mark.parametrize("layers", [{}, IN_MEMORY], ids=["missing", "in memory"])
    def test_that_serves_one_process_is_passed_over_while_debugging(self, layers):
        with override_settings(DEBUG=True, CHANNEL_LAYERS=layers):
            assert found() == []

    @override_settings(DEBUG=False, CHANNEL_LAYERS=PUBSUB)
    def test_that_publishes_and_subscribes_is_passed_over(self):
        assert found() == []


class TestIdleRedis:
    def test_times_out_by_default_as_soon_as_the_layer_waits(self):
        default = inspect.signature(AbstractConnection.__init__).parameters["socket_timeout"].default
        assert default == RedisChannelLayer.brpop_timeout, "redis-py mended its ways: see to the check"

    @pytest.mark.parametrize(
        "host",
        [
            "redis://localhost:6379/0",
            "redis://localhost?socket_timeout=4.5",
            "redis://localhost?db=1&socket_timeout=5",
            {"address": "redis://localhost"},
            {"address": "redis://localhost?socket_timeout=3"},
            {"address": "redis://localhost", "socket_timeout": 5},
            {"host": "localhost", "port": 6379},
            {"sentinels": [("localhost", 26379)], "master_name": "mymaster"},
            ("localhost", 6379),
        ],
        ids=repr,
    )
    def test_that_times_out_is_warned_of(self, host):
        with redis(host):
            [message] = found()
        assert message.id == "channels_bridge.W003"
        assert "5 s for which the channel layer waits" in message.msg
        assert '"socket_timeout": None' in message.hint

    @pytest.mark.parametrize(
        "host",
        [
            "redis://localhost?socket_timeout=5.5",
            {"address": "redis://localhost", "socket_timeout": None},
            {"address": "redis://localhost", "socket_timeout": 60},
            {"address": "redis://localhost?socket_timeout=3", "socket_timeout": 60},
            {"host": "localhost", "port": 6379, "socket_timeout": None},
        ],
        ids=repr,
    )
    def test_that_waits_longer_is_passed_over(self, host):
        with redis(host):
            assert found() == []

    def test_that_was_given_no_host_times_out(self):
        with redis():
            assert ids() == ["channels_bridge.W003"]
        with override_settings(CHANNEL_LAYERS={"default": {"BACKEND": "channels_redis.core.RedisChannelLayer"}}):
            assert ids() == ["channels_bridge.W003"]

    def test_is_warned_of_once_however_many_hosts_there_are(self):
        with redis("redis://one", {"address": "redis://two", "socket_timeout": None}, "redis://three"):
            assert ids() == ["channels_bridge.W003"]

    def test_is_found_among_many_hosts(self):
        with redis({"address": "redis://one", "socket_timeout": None}, "redis://two"):
            assert ids() == ["channels_bridge.W003"]

    def test_is_looked_at_while_debugging_too(self):
        with redis("redis://one"), override_settings(DEBUG=True):
            assert ids() == ["channels_bridge.W003"]

    def test_whose_layer_is_not_installed_is_an_error_with_a_hint(self):
        missing = "sys.modules['channels_redis.core'] = None"
        layers = {"default": {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"hosts": ["redis://h"]}}}
        hints = ids_with(ALL_APPS, missing, CHANNEL_LAYERS=layers)
        assert list(hints) == ["channels_bridge.E002"]
        assert "extra 'redis'" in hints["channels_bridge.E002"]

    @pytest.mark.parametrize("backend", ["no.such.Layer", "channels.layers.NoSuchLayer", "Layer", None, 1], ids=repr)
    def test_that_can_not_be_imported_is_an_error_with_its_name(self, backend):
        with override_settings(CHANNEL_LAYERS={"default": {"BACKEND": backend}}):
            [message] = found()
        assert message.id == "channels_bridge.E002"
        assert repr(backend) in message.msg


class TestApps:
    def test_that_are_all_there_and_in_order_are_passed_over(self):
        assert ids_with(ALL_APPS) == {}

    def test_without_tornado_websockets_are_an_error(self):
        hints = ids_with(["daphne", "channels_bridge"])
        assert list(hints) == ["channels_bridge.E001"]
        assert "'tornado_websockets'" in hints["channels_bridge.E001"]

    def test_without_daphne_are_warned_of(self):
        hints = ids_with(["tornado_websockets", "channels_bridge"])
        assert list(hints) == ["channels_bridge.W001"]
        assert "'daphne' first" in hints["channels_bridge.W001"]

    def test_with_daphne_after_staticfiles_are_an_error_of_daphnes_own(self):
        apps = ["django.contrib.staticfiles", "daphne", "tornado_websockets", "channels_bridge"]
        assert list(ids_with(apps)) == ["daphne.E001"]

    def test_without_the_bridge_do_not_use_the_channel_layer(self):
        hints = ids_with(["tornado_websockets"])
        assert list(hints) == ["tornado_websockets.W002"]
        assert "'channels_bridge'" in hints["tornado_websockets.W002"]

    def test_without_the_bridge_need_no_channel_layer(self):
        assert ids_with(["tornado_websockets"], CHANNEL_LAYERS={}) == {}
