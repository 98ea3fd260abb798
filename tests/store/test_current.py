import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from tests.support.scripts import run_script
from tornado_websockets.store import Retention
from tornado_websockets.store.current import current_store, make_store
from tornado_websockets.store.database import DatabaseStore, IdleConnection
from tornado_websockets.store.memory import MemoryStore
from tornado_websockets.store.redis import RedisStore


class OfProject(MemoryStore):
    pass


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        (None, MemoryStore),
        ("redis://h:1/2", RedisStore),
        ("rediss://h:1/2", RedisStore),
        ("unix:///tmp/x", RedisStore),
        ("database", DatabaseStore),
        ("database:default", DatabaseStore),
        ("tests.store.test_current.OfProject", "OfProject"),
    ],
    ids=str,
)
def test_each_value_names_a_store(named, expected):
    store = make_store(named, Retention()).store
    assert type(store).__name__ == getattr(expected, "__name__", expected)


@pytest.mark.parametrize(
    ("named", "text"),
    [
        (7, "of the type int"),
        ("", "of the type str"),
        ("redis://secret@h:port", "none that redis-py takes"),
        ("database:other", "'other', which is not in DATABASES"),
        ("no.such.Class", "cannot be imported: 'no.such.Class'"),
        ("os.path", "no class: 'os.path' is of the type module"),
        ("collections.OrderedDict", "lacks methods .*: append, publish, read, lasts, retained, forget"),
    ],
)
def test_others_are_refused(named, text):
    with pytest.raises(ImproperlyConfigured, match=text) as refusal:
        make_store(named, Retention())
    assert "secret" not in str(refusal.value)


def test_the_database_needs_its_app(settings_without_app):
    with pytest.raises(ImproperlyConfigured, match="to INSTALLED_APPS, and run"):
        make_store("database", Retention())


@pytest.fixture
def settings_without_app():
    from django.conf import settings

    apps = [app for app in settings.INSTALLED_APPS if app != "tornado_websockets.database_store"]
    with override_settings(INSTALLED_APPS=apps):
        yield


def test_threads_of_the_database_store_look_after_their_connections():
    assert isinstance(make_store("database", Retention())._idle, IdleConnection)


def test_the_settings_say_what_is_kept():
    settings = {"HISTORY_SECONDS": 1, "HISTORY_BYTES": 2, "RETAIN_SECONDS": 3, "NAMESPACE": "n"}
    with override_settings(TORNADO_WEBSOCKETS=settings):
        assert current_store().store._retention == Retention(1, 2, 3, namespace="n")


def test_last_numbers_are_kept_for_longer_than_events():
    with override_settings(TORNADO_WEBSOCKETS={"HISTORY_SECONDS": 100_000}):
        assert current_store().retention.sender_seconds > 100_000


def test_it_is_the_same_for_as_long_as_the_settings_are():
    store = current_store()
    assert current_store() is store
    with override_settings(TORNADO_WEBSOCKETS={"NAMESPACE": "another"}):
        assert current_store() is not store
    assert current_store() is store


def test_nothing_of_it_is_loaded_before_somebody_wants_a_store():
    script = """
    import sys
    import django
    from django.conf import settings
    settings.configure(INSTALLED_APPS=["tornado_websockets"])
    django.setup()
    import channels_bridge.asgi
    from tornado_websockets.websocket import WebSocket
    WebSocket("/chat")
    print([name for name in sys.modules if "tornado_websockets.store" in name or name.endswith("core.recovery")])
    """
    assert run_script(script) == "[]\n"
