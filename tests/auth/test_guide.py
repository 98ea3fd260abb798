"""The Python of the guides runs, and does what they say."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import override_settings
from rest_framework.authtoken.models import Token
from rest_framework_simplejwt.tokens import AccessToken

from tests.support.databases import database_in
from tests.support.process import ROOT
from tornado_websockets.core.registry import Registry
from tornado_websockets.testing import Client, ConnectionRefused
from tornado_websockets.websocket import WebSocket

GUIDE = ROOT / "docs" / "guides" / "authentication.md"


def blocks(path: Path) -> list[str]:
    """The Python of a page, block by block."""
    return re.findall(r"^```python\n(.*?)^```", path.read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module", autouse=True)
def _database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with database_in(tmp_path_factory.mktemp("guides")):
        call_command("migrate", verbosity=0)
        yield


@pytest.fixture
def guide(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """What all blocks of the guide define; the first is ``project.auth``, and nothing of it is served."""
    monkeypatch.setattr("tornado_websockets.websocket.registry", Registry[WebSocket]())
    first, *others = blocks(GUIDE)
    for name in ("project", "project.auth"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    exec(first, vars(sys.modules["project.auth"]))
    monkeypatch.setattr(sys.modules["project"], "auth", sys.modules["project.auth"], raising=False)
    names: dict[str, object] = {}
    for block in others:
        exec(block, names)
    return names


@pytest.fixture
def ann(key: str) -> User:
    return User.objects.create_user(f"ann-{key}")


def client(websocket: object, **options: object) -> Client:
    assert isinstance(websocket, WebSocket)
    return Client(websocket.path, websocket=websocket, **options)  # type: ignore[arg-type]


async def test_a_token_becomes_a_user(guide: dict[str, object], ann: User) -> None:
    token = await sync_to_async(Token.objects.create)(user=ann)
    async with client(guide["feed"], token=token.key) as connected:
        assert await connected.request("whoami") == {"name": ann.username}
    with pytest.raises(ConnectionRefused):
        await client(guide["feed"], token="wrong").connect()


async def test_the_setting_names_it_too(guide: dict[str, object], ann: User) -> None:
    token = await sync_to_async(Token.objects.create)(user=ann)
    websocket = WebSocket("/anything", add_to_handlers=False)
    with override_settings(TORNADO_WEBSOCKETS=guide["TORNADO_WEBSOCKETS"]):
        async with client(websocket, token=token.key) as connected:
            assert connected.connection.user == ann


async def test_classes_of_the_framework(guide: dict[str, object], ann: User) -> None:
    token = await sync_to_async(Token.objects.create)(user=ann)
    async with client(guide["orders"], token=token.key) as connected:
        assert connected.connection.user == ann
    async with client(guide["prices"], token=str(AccessToken.for_user(ann))) as connected:
        assert connected.connection.user == ann


async def test_a_time_is_set(guide: dict[str, object]) -> None:
    async with client(guide["offers"]) as connected:
        assert connected.connection.expires_at is not None


async def test_a_subprotocol_is_selected(guide: dict[str, object]) -> None:
    async with client(guide["versions"], subprotocols=["v1.chat"]) as connected:
        assert await connected.request("version") == {"spoken": "v1.chat"}
