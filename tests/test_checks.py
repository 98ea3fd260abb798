import inspect
import json

import pytest
from channels.layers import get_channel_layer
from channels_redis.core import RedisChannelLayer
from django.core.checks import run_checks
from django.test import override_settings
from redis.asyncio.connection import AbstractConnection

from tests.support.layers import BROKER, IN_MEMORY, WANTING
from tests.support.scripts import run_script
from tornado_websockets import conf
from tornado_websockets.core.registry import Registry
from tornado_websockets.modules import ProgressBar
from tornado_websockets.websocket import WebSocket, endpoint_of

PUBSUB = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": ["redis://h"], "prefix": "p"},
    }
}
OURS = ("tornado_websockets.", "channels_bridge.", "daphne.")
ALL_APPS = ["daphne", "django.contrib.staticfiles", "tornado_websockets", "channels_bridge"]


@pytest.fixture(autouse=True)
def _no_websockets(monkeypatch):
    """Those of the test project keep things; whether that is warned of has a test of its own."""
    monkeypatch.setattr("tornado_websockets.websocket.registry", Registry())


def found():
    """What the checks of this process say."""
    return [message for message in run_checks() if message.id.startswith(OURS)]


def found_at_deployment():
    return [message for message in run_checks(include_deployment_checks=True) if message.id.startswith(OURS)]


def ids():
    return [message.id for message in found()]


def ids_with(apps, preparation="", **settings):
    """What they say where these apps are installed."""
    settings = {
        "INSTALLED_APPS": apps,
        "CHANNEL_LAYERS": BROKER,
        "STATIC_URL": "static/",
        "ASGI_APPLICATION": "channels_bridge.serve.application",
        **settings,
    }
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
    layer = {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {"hosts": list(hosts), "prefix": "p", **config},
    }
    return override_settings(CHANNEL_LAYERS={"default": layer})


with_layer = override_settings(CHANNEL_LAYERS=BROKER)


@with_layer
def test_a_sound_project_hears_nothing():
    assert found() == []


class TestNamespace:
    SHARED = override_settings(
        CHANNEL_LAYERS={
            "default": {
                "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
                "CONFIG": {"hosts": ["redis://h"]},
            }
        }
    )

    @SHARED
    def test_that_is_missing_where_a_redis_may_be_shared_is_noted(self):
        [message] = found()
        assert (message.id, message.is_serious()) == ("channels_bridge.I001", False)

    @SHARED
    @override_settings(TORNADO_WEBSOCKETS={"NAMESPACE": "staging"})
    def test_is_passed_over(self):
        assert found() == []

    @with_layer
    @override_settings(TORNADO_WEBSOCKETS={"NAMESPACE": 7})
    def test_that_is_no_string_is_an_error(self):
        assert ids() == ["tornado_websockets.E004"]


class TestStore:
    @with_layer
    @pytest.mark.parametrize(
        "store", [None, "redis://h", "unix:///s", "database", "tests.store.test_current.OfProject"]
    )
    def test_that_can_be_made_is_passed_over(self, store):
        with override_settings(TORNADO_WEBSOCKETS={"STORE": store, "NAMESPACE": "site"}):
            assert found() == []

    @with_layer
    @pytest.mark.parametrize(
        "store", [7, "", "redis://h:port", "database:other", "no.such.Class", "tests.project.asgi.x"]
    )
    def test_that_cannot_be_made_is_an_error(self, store):
        with override_settings(TORNADO_WEBSOCKETS={"STORE": store, "NAMESPACE": "site"}):
            assert ids() == ["tornado_websockets.E005"]

    @with_layer
    @pytest.mark.parametrize("key", ["HISTORY_SECONDS", "HISTORY_BYTES", "RETAIN_SECONDS"])
    @pytest.mark.parametrize("value", [0, -1, "1", None])
    def test_that_keeps_nothing_is_an_error(self, key, value):
        with override_settings(TORNADO_WEBSOCKETS={key: value}):
            assert ids() == ["tornado_websockets.E002"]

    @pytest.mark.parametrize(
        ("layer", "store", "expected"),
        [
            ("rediss://h", "redis://h", ["channels_bridge.W004"]),
            ("rediss://h", "rediss://h", []),
            ("rediss://h", "unix:///s", []),
            ("rediss://h", None, []),
            ("redis://h", "redis://h", []),
        ],
    )
    def test_that_can_be_read_on_the_way_is_warned_of_where_the_layer_cannot(self, layer, store, expected):
        named = override_settings(TORNADO_WEBSOCKETS={"STORE": store, "NAMESPACE": "site"})
        with redis({"address": layer, "socket_timeout": None}), named:
            assert ids() == expected

    @pytest.mark.parametrize(
        ("store", "expected"),
        [
            ("rediss://h", ["channels_bridge.W004"]),
            ("database", ["channels_bridge.W004"]),
            ("tests.store.test_current.OfProject", []),
            (None, []),
        ],
    )
    def test_that_keeps_what_the_layer_encrypts_is_warned_of(self, store, expected):
        host = {"address": "redis://h", "socket_timeout": None}
        named = override_settings(TORNADO_WEBSOCKETS={"STORE": store, "NAMESPACE": "site"})
        with redis(host, symmetric_encryption_keys=["secret"]), named:
            assert ids() == expected

    @with_layer
    @pytest.mark.parametrize("store", ["redis://h", "rediss://h", "unix:///s"])
    def test_that_may_be_shared_under_no_name_is_noted(self, store):
        with override_settings(TORNADO_WEBSOCKETS={"STORE": store}):
            [message] = found()
        assert (message.id, message.is_serious()) == ("channels_bridge.I002", False)

    def test_under_no_name_is_noted_once_with_the_layer(self):
        with TestNamespace.SHARED, override_settings(TORNADO_WEBSOCKETS={"STORE": "redis://h"}):
            assert ids() == ["channels_bridge.I001"]


class TestSharedStore:
    @pytest.fixture(autouse=True)
    def registry(self, monkeypatch):
        registry = Registry()
        ws = WebSocket("/kept", history=5, add_to_handlers=False)
        registry.add(endpoint_of(ws).pattern, ws)
        monkeypatch.setattr("tornado_websockets.websocket.registry", registry)
        return registry

    def test_that_the_processes_do_not_share_is_warned_of(self):
        with redis({"address": "redis://h", "socket_timeout": None}):
            (message,) = run_checks()
        assert message.id == "channels_bridge.W005"
        assert "(/kept)" in message.msg

    def test_that_more_of_them_do_not_share_than_are_named_is_said(self, registry):
        for number in range(6):
            ws = WebSocket(f"/kept/{number}", history=5, add_to_handlers=False)
            registry.add(endpoint_of(ws).pattern, ws)
        with redis({"address": "redis://h", "socket_timeout": None}):
            (message,) = run_checks()
        assert "(/kept, /kept/0, /kept/1, /kept/2, /kept/3 and 2 more)" in message.msg

    @pytest.mark.parametrize("store", ["redis://h", "unix:///s"])
    def test_that_they_share_is_fine(self, store):
        with (
            redis({"address": "redis://h", "socket_timeout": None}),
            override_settings(TORNADO_WEBSOCKETS={"STORE": store, "NAMESPACE": "site"}),
        ):
            assert ids() == []

    def test_of_one_process_is_fine(self):
        with override_settings(CHANNEL_LAYERS=IN_MEMORY, DEBUG=True):
            assert ids() == []


class TestJobs:
    @pytest.fixture(autouse=True)
    def _registry(self, monkeypatch):
        registry = Registry()
        ws = WebSocket("/jobs", add_to_handlers=False)
        for name, cancel in (("import", True), ("export", lambda socket: False), ("report", False)):
            ws.bind(ProgressBar(name, cancel=cancel))
        registry.add(endpoint_of(ws).pattern, ws)
        monkeypatch.setattr("tornado_websockets.websocket.registry", registry)

    def test_that_cannot_be_cancelled_from_other_processes_are_warned_of(self):
        with redis({"address": "redis://h", "socket_timeout": None}):
            (message,) = run_checks()
        assert message.id == "channels_bridge.W006"
        assert "module_progressbar_export of /jobs, module_progressbar_import of /jobs" in message.msg
        assert "report" not in message.msg

    def test_that_can_are_fine(self):
        with (
            redis({"address": "redis://h", "socket_timeout": None}),
            override_settings(TORNADO_WEBSOCKETS={"STORE": "redis://h"}),
        ):
            assert "channels_bridge.W006" not in ids()

    def test_of_one_process_are_fine(self):
        with override_settings(CHANNEL_LAYERS=IN_MEMORY, DEBUG=True):
            assert "channels_bridge.W006" not in ids()


class TestDeployment:
    @with_layer
    @override_settings(ALLOWED_HOSTS=["*"], TORNADO_WEBSOCKETS={})
    def test_with_every_host_is_warned_of(self):
        assert [message.id for message in found_at_deployment()] == ["tornado_websockets.W004"]

    @with_layer
    @override_settings(ALLOWED_HOSTS=["*"], TORNADO_WEBSOCKETS={"ALLOWED_ORIGINS": ["example.com"]})
    def test_with_every_host_and_some_pages_is_passed_over(self):
        assert found_at_deployment() == []

    @with_layer
    @override_settings(ALLOWED_HOSTS=["*"], TORNADO_WEBSOCKETS={})
    def test_is_not_looked_at_otherwise(self):
        assert found() == []


class TestSettings:
    @with_layer
    @pytest.mark.parametrize("configured", [None, {}, dict(conf.DEFAULTS)], ids=repr)
    def test_that_are_sound_are_passed_over(self, configured):
        with override_settings(TORNADO_WEBSOCKETS=configured):
            assert found() == []

    @with_layer
    @pytest.mark.parametrize("name", ["TORNADO_WEBSOCKET", "TORNADO_WEBSOCKETS_", "TORNADO_WEB_SOCKETS"])
    def test_under_a_misspelt_name_are_warned_of(self, name):
        with override_settings(TORNADO_WEBSOCKETS=None, **{name: {"MAX_DEPTH": 5}}):
            [message] = found()
        assert (message.id, message.is_serious()) == ("tornado_websockets.W005", False)
        assert f"{name} does nothing: did you mean TORNADO_WEBSOCKETS?" in message.msg

    @with_layer
    @pytest.mark.parametrize(
        "others",
        [
            {"TORNADO_WEBSOCKET": "no dict"},
            {"TORNADO": {}, "WEBSOCKETS": {}, "ALLOWED_ORIGINS": ["example.com"]},
            {"TORNADO_WEBSOCKETS_": {"MAX_DEPTH": 5}, "TORNADO_WEBSOCKETS": {"MAX_DEPTH": 5}},
        ],
        ids=list,
    )
    def test_of_other_names_are_passed_over(self, others):
        with override_settings(**{"TORNADO_WEBSOCKETS": None, **others}):
            assert found() == []

    @with_layer
    @pytest.mark.parametrize("configured", [["MAX_DEPTH"], "MAX_DEPTH", 7, []], ids=repr)
    def test_that_are_no_dict_are_an_error(self, configured):
        with override_settings(TORNADO_WEBSOCKETS=configured):
            [message] = found()
            run_checks(include_deployment_checks=True)  # none of which raises
        assert (message.id, message.is_serious()) == ("tornado_websockets.E001", True)
        assert repr(configured) in message.msg
        assert "MAX_DEPTH" in message.hint

    @with_layer
    @pytest.mark.parametrize(
        "origins",
        [[], [".example.com", "[::1]"], ("chat.example.com",), {"example.com"}, ["null", "https://a.org:8443"]],
        ids=repr,
    )
    def test_with_hosts_as_origins_are_passed_over(self, origins):
        with override_settings(TORNADO_WEBSOCKETS={"ALLOWED_ORIGINS": origins}):
            assert found() == []

    @with_layer
    @pytest.mark.parametrize("origin", ["https://", "example.com:8000", "example.com/chat", "https://example.com/chat"])
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
        assert "Did you mean 'MAX_DEPTH'?" in messages[0].hint
        assert "Did you mean 'MAX_DEPTH'?" in messages[1].hint
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
            "MAX_STREAMS",
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
            "MAX_STREAMS",
            "AUTHORIZE_TIMEOUT",
        ],
    )
    def test_of_limits_that_must_be_are_not_none(self, key):
        with override_settings(TORNADO_WEBSOCKETS={key: None}):
            assert ids() == ["tornado_websockets.E002"]

    @with_layer
    @pytest.mark.parametrize(
        ("key", "value"),
        [
            *(("STOP_DELAY", value) for value in (-1, "1", None, True, float("nan"), float("inf"))),
            *(("PRESENCE_GRACE", value) for value in (-1, "1", None, True, float("inf"))),
            *(("DRAIN_SECONDS", value) for value in (-1, "1", True, float("nan"), 5.1)),
            *(("COMPRESS_ABOVE", value) for value in (-1, "1", True, float("nan"))),
        ],
    )
    def test_that_may_be_0_and_are_out_of_bounds_are_errors(self, key, value):
        with override_settings(TORNADO_WEBSOCKETS={key: value}):
            [message] = found()
        assert (message.id, message.is_serious()) == ("tornado_websockets.E002", True)
        assert repr(key) in message.msg
        assert repr(value) in message.msg

    @with_layer
    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("STOP_DELAY", 0),
            ("STOP_DELAY", 30.5),
            ("PRESENCE_GRACE", 0),
            *(("DRAIN_SECONDS", value) for value in (None, 0, 0.5, 5)),
            *(("COMPRESS_ABOVE", value) for value in (None, 0, 1_000_000, float("inf"))),
        ],
    )
    def test_that_may_be_0_and_are_within_bounds_are_passed_over(self, key, value):
        with override_settings(TORNADO_WEBSOCKETS={key: value}):
            assert found() == []

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

    @override_settings(CHANNEL_LAYERS=WANTING)
    def test_that_lacks_a_key_is_an_error_of_which_channels_says_nothing(self):
        [message] = found()
        assert get_channel_layer() is None
        assert (message.id, "'TIME_ZONE'" in message.msg) == ("channels_bridge.E005", True)

    @pytest.mark.parametrize("zone", [None, "Europe/Paris"], ids=["complete", "wrong"])
    def test_that_is_complete_or_raises_where_it_is_used_is_passed_over(self, zone):
        with override_settings(CHANNEL_LAYERS={"default": {**WANTING["default"], "CONFIG": {"TIME_ZONE": zone}}}):
            assert found() == []


#: Seconds that a connection waits where nobody says so: those of redis-py 8 for five, older ones for ever.
DEFAULT_TIMEOUT = inspect.signature(AbstractConnection.__init__).parameters["socket_timeout"].default

times_out_by_default = pytest.mark.skipif(DEFAULT_TIMEOUT is None, reason="This redis-py waits for ever by default.")


class TestIdleRedis:
    @times_out_by_default
    def test_times_out_by_default_as_soon_as_the_layer_waits(self):
        assert RedisChannelLayer.brpop_timeout == DEFAULT_TIMEOUT, "redis-py mended its ways: see to the check"

    @pytest.mark.skipif(DEFAULT_TIMEOUT is not None, reason="This redis-py times out by default.")
    def test_that_waits_for_ever_by_default_is_passed_over(self):
        with redis("redis://localhost:6379/0"):
            assert found() == []

    @pytest.mark.parametrize(
        "host",
        [
            pytest.param("redis://localhost:6379/0", marks=times_out_by_default),
            "redis://localhost?socket_timeout=4.5",
            "redis://localhost?db=1&socket_timeout=5",
            pytest.param({"address": "redis://localhost"}, marks=times_out_by_default),
            {"address": "redis://localhost?socket_timeout=3"},
            {"address": "redis://localhost?socket_timeout=3", "socket_timeout": 60},
            {"address": "redis://localhost", "socket_timeout": 5},
            pytest.param({"host": "localhost", "port": 6379}, marks=times_out_by_default),
            pytest.param({"sentinels": [("localhost", 26379)], "master_name": "mymaster"}, marks=times_out_by_default),
            pytest.param(("localhost", 6379), marks=times_out_by_default),
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
            {"address": "redis://localhost?socket_timeout=60", "socket_timeout": 3},
            {"host": "localhost", "port": 6379, "socket_timeout": None},
        ],
        ids=repr,
    )
    def test_that_waits_longer_is_passed_over(self, host):
        with redis(host):
            assert found() == []

    @times_out_by_default
    def test_that_was_given_no_host_times_out(self):
        with redis():
            assert ids() == ["channels_bridge.W003"]
        with override_settings(CHANNEL_LAYERS={"default": {"BACKEND": "channels_redis.core.RedisChannelLayer"}}):
            assert ids() == ["channels_bridge.W003"]

    @times_out_by_default
    def test_is_warned_of_once_however_many_hosts_there_are(self):
        with redis("redis://one", {"address": "redis://two", "socket_timeout": None}, "redis://three"):
            assert ids() == ["channels_bridge.W003"]

    @times_out_by_default
    def test_is_found_among_many_hosts(self):
        with redis({"address": "redis://one", "socket_timeout": None}, "redis://two"):
            assert ids() == ["channels_bridge.W003"]

    @times_out_by_default
    def test_is_looked_at_while_debugging_too(self):
        with redis("redis://one"), override_settings(DEBUG=True):
            assert ids() == ["channels_bridge.W003"]

    def test_whose_layer_is_not_installed_is_an_error_with_a_hint(self):
        missing = "sys.modules['channels_redis.core'] = None"
        layers = {"default": {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"hosts": ["redis://h"]}}}
        hints = ids_with(ALL_APPS, missing, CHANNEL_LAYERS=layers)
        assert list(hints) == ["channels_bridge.E002"]
        assert "extra 'redis'" in hints["channels_bridge.E002"]

    @pytest.mark.parametrize(
        "backend", ["no.such.Layer", "channels.layers.NoSuchLayer", "Layer", ".Layer", "", None, 1], ids=repr
    )
    def test_that_can_not_be_imported_is_an_error_with_its_name(self, backend):
        with override_settings(CHANNEL_LAYERS={"default": {"BACKEND": backend}}):
            [message] = found()
        assert message.id == "channels_bridge.E002"
        assert repr(backend) in message.msg


def wrong_layers():
    """Forms of ``CHANNEL_LAYERS`` that no layer can be made of."""
    core = {"BACKEND": "channels_redis.core.RedisChannelLayer"}
    yield from ([core], "redis://:s3cret@h", 7, None)
    yield from ({"default": layer} for layer in ("redis://:s3cret@h", [core], None))
    yield from ({"default": {**core, "CONFIG": config}} for config in (None, [], ["redis://:s3cret@h"], "redis://h"))
    yield {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer", "CONFIG": None}}


#: ``hosts`` that cannot be used, and what is said of them.
WRONG_HOSTS = [
    (6379, "expected a list of hosts, even if there is only one, got int"),
    ("redis://:s3cret@h", "even if there is only one, got str"),
    ({"address": "redis://:s3cret@h"}, "even if there is only one, got dict"),
    pytest.param(iter(["redis://h"]), "even if there is only one, got list_iterator", id="iterator"),
    ([6379], "expected a URL as address of a host, got int"),
    ([None], "expected a URL as address of a host, got NoneType"),
    ([("h",)], "expected a URL as address of a host, got tuple"),
    ([{"address": ("h", 6379)}], "expected a URL as address of a host, got tuple"),
    ([{"address": ["h", 6379]}], "expected a URL as address of a host, got list"),
    ([{"address": None}], "expected a URL as address of a host, got NoneType"),
    ([{"address": "redis://h", "socket_timeout": "60"}], "expected a number of seconds as socket_timeout, or None"),
    ([{"address": "redis://h", "socket_timeout": (60,)}], "or None, got tuple"),
    (["redis://:s3cret@[::1"], "no URL for Redis: it cannot be taken apart"),
    (["redis://:s3cret/@h"], "no URL for Redis: it cannot be taken apart"),
    (["localhost:6379"], "no URL for Redis: Redis URL must specify one of the following schemes"),
    (["redis://h?socket_timeout=none"], "no URL for Redis: Invalid value for 'socket_timeout' in connection URL"),
    (["redis://h?socket_timeout=60s"], "no URL for Redis: Invalid value for 'socket_timeout' in connection URL"),
    (["redis://h?socket_connect_timeout=1m"], "Invalid value for 'socket_connect_timeout' in connection URL"),
    (["redis://one", "redis://two?socket_timeout=60s"], "Invalid value for 'socket_timeout'"),
]


class TestInvalidLayers:
    """The check says what is wrong, and raises nothing."""

    @pytest.mark.parametrize("layers", list(wrong_layers()), ids=repr)
    def test_of_a_wrong_form_are_an_error(self, layers):
        with override_settings(CHANNEL_LAYERS=layers):
            [message] = found()
        assert (message.id, message.is_serious()) == ("channels_bridge.E003", True)
        assert "is no dict but of the type" in message.msg
        assert "s3cret" not in str(message)

    @pytest.mark.parametrize("layer", ["core.RedisChannelLayer", "pubsub.RedisPubSubChannelLayer"])
    @pytest.mark.parametrize(("hosts", "reason"), WRONG_HOSTS, ids=repr)
    def test_with_wrong_hosts_are_an_error(self, hosts, reason, layer):
        layers = {"default": {"BACKEND": f"channels_redis.{layer}", "CONFIG": {"hosts": hosts}}}
        with override_settings(CHANNEL_LAYERS=layers):
            [message] = found()
        assert (message.id, message.is_serious()) == ("channels_bridge.E004", True)
        assert reason in message.msg.replace("`", "'")  # in which redis-py before 6 puts names
        assert "s3cret" not in str(message)

    def test_whose_module_raises_are_an_error(self, tmp_path, monkeypatch):
        (tmp_path / "broken_layer.py").write_text("raise RuntimeError('not today')")
        monkeypatch.syspath_prepend(tmp_path)
        with override_settings(CHANNEL_LAYERS={"default": {"BACKEND": "broken_layer.Layer"}}):
            [message] = found()
        assert message.id == "channels_bridge.E002"
        assert "not today" in message.msg


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

    def test_alone_check_the_channel_layer(self):
        assert ids_with(["tornado_websockets"]) == {}
        broken = {"default": {"BACKEND": "nowhere.Layer"}}
        assert list(ids_with(["tornado_websockets"], CHANNEL_LAYERS=broken)) == ["channels_bridge.E002"]

    def test_alone_need_no_channel_layer(self):
        assert ids_with(["tornado_websockets"], CHANNEL_LAYERS={}) == {}


class TestTheProjectAround:
    def test_without_an_application_for_runserver_is_warned_of(self):
        hints = ids_with(["daphne", "tornado_websockets"], ASGI_APPLICATION=None)
        assert hints == {
            "tornado_websockets.W010": 'Write in the settings: ASGI_APPLICATION = "channels_bridge.serve.application"'
        }

    def test_without_daphne_needs_none(self):
        assert ids_with(["tornado_websockets"], ASGI_APPLICATION=None) == {}

    def test_without_daphne_is_warned_of_while_runserver_is_what_serves(self):
        hints = ids_with(["tornado_websockets"], DEBUG=True)
        assert hints == {"tornado_websockets.W019": 'Put it first: INSTALLED_APPS = ["daphne", ...]'}

    def modules(self, directory, **sources):
        """Modules on the path, as the preparation of a script."""
        for name, source in sources.items():
            path = directory.joinpath(*name.split("__")).with_suffix(".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            (path.parent / "__init__.py").touch()
            path.write_text(source)
        return f"sys.path.insert(0, {str(directory)!r})"

    def test_a_module_of_a_wrong_name_is_warned_of(self, tmp_path):
        source = "from tornado_websockets.websocket import WebSocket\n"
        preparation = self.modules(tmp_path, app_of_test__websocket=source)
        hints = ids_with(["tornado_websockets", "app_of_test"], preparation)
        assert list(hints) == ["tornado_websockets.W012"]

    def test_a_module_of_that_name_may_be_about_something_else(self, tmp_path):
        preparation = self.modules(tmp_path, app_of_test__websocket="import asyncio\n")
        assert ids_with(["tornado_websockets", "app_of_test"], preparation) == {}

    def test_the_old_distribution_beside_ours_is_warned_of(self, tmp_path):
        info = tmp_path / "django_tornado_websockets-0.2.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: django-tornado-websockets\nVersion: 0.2.0\n")
        hints = ids_with(["tornado_websockets"], f"sys.path.insert(0, {str(tmp_path)!r})")
        assert list(hints) == ["tornado_websockets.W013"]

    def test_a_websocket_without_the_app_is_warned_of(self):
        hints = ids_with([], "import tornado_websockets.websocket")
        assert list(hints) == ["tornado_websockets.W014"]

    def test_daphne_in_the_wrong_place_is_said_by_daphne_alone(self):
        assert list(ids_with(["django.contrib.staticfiles", "tornado_websockets", "daphne"], DEBUG=True)) == [
            "daphne.E001"
        ]


class TestAuthenticate:
    @pytest.fixture(autouse=True)
    def a_layer(self):
        with with_layer:
            yield

    @pytest.mark.parametrize(
        "value", ["session", ["session", 1], ["nowhere.at_all"], ["tornado_websockets.conf.DEFAULTS"], None]
    )
    def test_wrong_values_are_errors(self, value):
        with override_settings(TORNADO_WEBSOCKETS={"AUTHENTICATE": value}):
            assert ids() == ["tornado_websockets.E009"]

    def test_functions_are_named_by_their_path(self):
        value = ["session", "tests.project.websockets.tokens.by_name"]
        with override_settings(TORNADO_WEBSOCKETS={"AUTHENTICATE": value}):
            assert ids() == []

    def test_what_a_websocket_names_itself_is_looked_at_too(self, monkeypatch):
        ws = WebSocket("/own", add_to_handlers=False, authenticate=["session", "nowhere.at_all", len])
        monkeypatch.setattr("tornado_websockets.websocket.registry", [ws])
        [message] = found()
        assert (message.id, "nowhere.at_all" in message.msg) == ("tornado_websockets.E009", True)

    def test_cookies_for_the_pages_of_strangers_are_warned_of(self):
        with override_settings(TORNADO_WEBSOCKETS={"ALLOWED_ORIGINS": ["*"]}):
            assert ids() == ["tornado_websockets.W009"]
        value = {"ALLOWED_ORIGINS": ["*"], "AUTHENTICATE": ["tests.project.websockets.tokens.by_name"]}
        with override_settings(TORNADO_WEBSOCKETS=value):
            assert ids() == []

    @pytest.fixture
    def own(self, monkeypatch):
        """A WebSocket for which cookies count, one for which they do not, and one that sees to the origin itself."""
        given = {"/session": ["session", "json.loads"], "/loads": ["json.loads"], "/hidden": ["session"]}
        made = [WebSocket(path, add_to_handlers=False, authenticate=own) for path, own in given.items()]
        endpoint_of(made[-1]).is_hidden = True
        monkeypatch.setattr("tornado_websockets.websocket.registry", made)

    def test_they_are_where_one_websocket_takes_them(self, own):
        value = {"ALLOWED_ORIGINS": ["*"], "AUTHENTICATE": ["tests.project.websockets.tokens.by_name"]}
        with override_settings(TORNADO_WEBSOCKETS=value):
            [message] = found()
        assert (message.id, "WebSocket('/session')" in message.msg) == ("tornado_websockets.W009", True)

    @pytest.mark.parametrize(
        "value", [{"ALLOWED_ORIGINS": ["*"]}, {"ALLOWED_ORIGINS": ["a.org"], "AUTHENTICATE": []}, {"AUTHENTICATE": []}]
    )
    def test_they_are_once_and_not_where_origins_are_named(self, own, value):
        with override_settings(TORNADO_WEBSOCKETS=value):
            assert ids() == ["tornado_websockets.W009"] * ("*" in value.get("ALLOWED_ORIGINS", ()))


class TestEventNames:
    def test_those_are_named_that_are_called_as_events_of_the_browser_client(self):
        script = """
            import sys
            import types
            import django
            from django.conf import settings
            from django.core.checks import run_checks

            names = sys.modules["names"] = types.ModuleType("names")
            names.urlpatterns = []
            settings.configure(INSTALLED_APPS=["tornado_websockets"], ROOT_URLCONF="names")
            django.setup()

            from tornado_websockets.websocket import WebSocket

            ws = WebSocket("/named", sends={"error": None, "said": None, "open": None})
            for name in ("message", "say", "open"):
                ws.events[name] = lambda data: None
            for message in run_checks():
                if message.id == "tornado_websockets.I001":
                    print(message.msg)
        """
        said = run_script(script).splitlines()
        assert [line.split("'")[1] for line in said] == ["error", "message", "open"]
