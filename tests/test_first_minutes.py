"""A new project, from ``django-admin startproject`` to two clients that talk."""

import asyncio
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.asgi import KINDS
from tests.support.layers import BROKER
from tests.support.process import PYTHON, ROOT, Process, environment, free_port
from tests.support.scripts import run_script
from tests.support.sockets import SocketClient

#: What the first screen of the README tells to write.
CHAT, SETTINGS, *_ = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)

APPLICATION = "channels_bridge.serve:application"

#: What they write where that is not what they write for the other tests, whose LOGGING is another.
LISTENING = {"runserver": "Quit the server"}


class Project:
    """What ``startproject`` and ``startapp`` have made, and the lines that make it serve WebSockets."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.variables = {
            "PYTHONPATH": os.pathsep.join((str(ROOT), str(directory))),
            "DJANGO_SETTINGS_MODULE": "mysite.settings",
        }
        self.manage("startproject", "mysite", str(directory))
        self.manage("startapp", "chat")
        (directory / "chat" / "websockets.py").write_text(CHAT)
        with (directory / "mysite" / "settings.py").open("a") as settings:
            settings.write(SETTINGS)

    def manage(self, command: str, *arguments: str) -> str:
        """What a command of Django writes."""
        variables = environment(self.variables)
        if command.startswith("start"):
            del variables["DJANGO_SETTINGS_MODULE"]
        finished = subprocess.run(
            [*PYTHON, "-m", "django", command, *arguments],
            cwd=self.directory,
            env=variables,
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
        output = finished.stdout + finished.stderr
        assert finished.returncode == 0, output
        return output


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("startproject"))


@pytest.fixture(scope="module", params=["daphne", "uvicorn", "hypercorn", "granian", "runserver"])
def served(
    request: pytest.FixtureRequest, project: Project, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Process, int]]:
    """The project on each of the servers, and the port."""
    how, port = KINDS[request.param], free_port()
    arguments = [each.format(port=port, application=APPLICATION) for each in how.arguments]
    process = Process([*PYTHON, *arguments], tmp_path_factory.mktemp("served") / "log", project.variables)
    try:
        found = process.wait_for(LISTENING.get(request.param, how.listening))
        port = int(found[1]) if found.groups() else port
        process.wait_for_port(port)
        yield process, port
    finally:
        process.stop()  # not killed: a worker of granian would live on
    process.log.check()


async def talk(port: int) -> None:
    """Two clients connect, and one of them speaks."""
    url = f"ws://127.0.0.1:{port}/ws/chat"
    one, two = await SocketClient.connect(url, {}), await SocketClient.connect(url, {})
    await one.emit("say", {"text": "hello"})
    assert await two.expect("said") == {"text": "hello"}
    await asyncio.gather(one.close(), two.close())


async def test_two_clients_talk_on_every_server(served: tuple[Process, int]) -> None:
    process, port = served
    await talk(port)
    assert "/ws/chat" in process.log.text  # what is served is said, while DEBUG is on
    assert "ifespan" not in process.log.text


async def test_an_unknown_path_is_answered_with_those_there_are(served: tuple[Process, int]) -> None:
    process, port = served
    with pytest.raises(Exception, match="403"):
        await SocketClient.connect(f"ws://127.0.0.1:{port}/ws/chatt", {})
    await process.log.wait_for(r"there is no WebSocket\. Did you mean '/ws/chat'\? There are: /ws/chat$")


def test_nothing_is_to_be_said_of_it(project: Project) -> None:
    assert "no issues" in project.manage("check")


def test_serving_nothing_in_particular_names_the_variable() -> None:
    script = """
        try:
            import channels_bridge.serve
        except Exception as error:
            print(type(error).__name__, error)
    """
    said = run_script(script)
    assert said.startswith("ImproperlyConfigured")
    assert "DJANGO_SETTINGS_MODULE=project.settings" in said


def test_what_stays_is_spared_by_the_garbage_collector() -> None:
    script = """
        import gc
        from django.conf import settings

        settings.configure(INSTALLED_APPS=["tornado_websockets"])
        import channels_bridge.serve
        print(gc.get_freeze_count() > 20_000, len(gc.get_objects()) < 1_000)
    """
    assert run_script(script).split() == ["True", "True"]


def test_it_is_spared_once_however_often_a_process_begins_to_serve() -> None:
    script = """
        import gc, weakref
        from tornado_websockets.garbage import spare_what_is_there

        class Cycle:
            def __init__(self):
                self.itself = self

        spare_what_is_there()
        cycle = weakref.ref(later := Cycle())
        spare_what_is_there()
        del later
        gc.collect()
        print(gc.get_freeze_count() > 0, cycle())
    """
    assert run_script(script).split() == ["True", "None"]


ALONE = """
    import django
    from django.conf import settings

    settings.configure(INSTALLED_APPS={apps!r}, CHANNEL_LAYERS={layers!r})
    django.setup()

    from tornado_websockets.core.delivery.hub import hub
    print(type(hub.publisher).__name__)
"""


@pytest.mark.parametrize(
    "apps",
    [
        ["tornado_websockets"],
        ["tornado_websockets", "channels_bridge"],
        ["channels_bridge", "tornado_websockets"],
    ],
)
def test_the_relay_starts_whichever_app_is_there(apps: list[str]) -> None:
    assert run_script(ALONE.format(apps=apps, layers=BROKER)).split() == ["Relay"]


def test_without_a_layer_nothing_is_started() -> None:
    assert run_script(ALONE.format(apps=["tornado_websockets"], layers={})).split() == ["NoneType"]


def test_the_relay_is_made_once() -> None:
    script = """
        import django
        from django.conf import settings

        made = []
        import channels_bridge.relay.publisher as publisher
        before = publisher.Relay.__init__
        publisher.Relay.__init__ = lambda self, *arguments: made.append(1) or before(self, *arguments)
        settings.configure(INSTALLED_APPS=["channels_bridge", "tornado_websockets"], CHANNEL_LAYERS={layers!r})
        django.setup()
        print(len(made))
    """
    assert run_script(script.format(layers=BROKER)).split() == ["1"]
