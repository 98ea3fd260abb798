"""Runs the Python of pages of the documentation, of each in a process of its own: ``python page_runner.py PAGE ...``.

All blocks of a page are run in their order in one module, ``guide``, which is also an app; then its tests are: each
``async def test_...``, and each ``TestCase``, with a database. What a reader need not see stands in a comment,
``<!-- python ... -->``. A block of settings must name settings that there are, and our checks find nothing wrong in it.

It prints a JSON object with the outcome of each page: how many tests there were, its blocks of HTML as Django renders
them, and what ``manage.py websockets`` prints of its WebSockets; or the traceback of what went wrong.
"""

import ast
import asyncio
import inspect
import io
import json
import os
import re
import sys
import traceback
import unittest
import warnings
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import django
from django.apps import apps
from django.conf import global_settings, settings
from django.core.checks import ERROR
from django.test import override_settings

TEMPLATES: dict[str, str] = {}

#: Settings that are neither Django's, or not of every version, nor of this package alone.
OF_OTHERS = {"ASGI_APPLICATION", "CHANNEL_LAYERS", "TASKS", "TORNADO", "TORNADO_WEBSOCKETS"}

#: What a block of settings may count on.
GIVEN = {"BASE_DIR": Path("/srv/project"), "STATIC_ROOT": Path("/srv/project/static"), "os": os}

BLOCK = re.compile(r"^(?:```python|<!-- python)\n(.*?)^(?:```|-->)$", re.MULTILINE | re.DOTALL)


#: What every template has to begin with to know the tags of all.
LIBRARIES = "{% load i18n static tornado_websockets %}"


def lend_tasks() -> None:
    """Let ``django.tasks`` be found, which Django has since 6.0, and others from PyPI."""
    if django.VERSION < (6, 0):
        sys.modules["django.tasks"] = import_module("django_tasks")


def run(page: Path) -> dict[str, Any]:
    """Run a page."""
    text = page.read_text()
    guide = sys.modules["guide"]
    for template in re.findall(r"^```django\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        TEMPLATES["message.html"] = template.strip()
    for block in BLOCK.findall(text):
        columns = side_by_side(block)
        if columns:
            for column in columns:
                compile(column, page, "exec")
        elif is_settings(block):
            check_settings(block)
        else:
            run_block(compile(block, page, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), vars(guide))
    tests = [test for name, test in vars(guide).items() if name.startswith("test_")]
    for test in tests:
        asyncio.run(test())
    cases = unittest.defaultTestLoader.loadTestsFromModule(guide)
    return {
        "tests": len(tests) + (run_cases(cases) if cases.countTestCases() else 0),
        "listing": listing(),
        "typescript": listing("--typescript"),
        "html": [render(block) for block in re.findall(r"^```html\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)],
    }


def listing(*arguments: str) -> str:
    from django.core.management import call_command

    written = io.StringIO()
    call_command("websockets", *arguments, stdout=written)
    return written.getvalue()


def render(block: str) -> str:
    """A block of HTML as a page gets it, on a site whose rooms have a history."""
    from django.template import engines

    from tornado_websockets import websocket

    websocket.registry = type(websocket.registry)()
    websocket.WebSocket("/room/<slug:room>", history=1)
    return engines["django"].from_string(LIBRARIES + block).render({})


def run_block(code: Any, names: dict[str, Any]) -> None:
    awaited = eval(code, names)
    if inspect.isawaitable(awaited):
        asyncio.run(awaited)  # type: ignore[arg-type]


def side_by_side(block: str) -> list[str]:
    """The columns of a block that shows then and now, which its first line says; what is not one has none."""
    first, _, rest = block.partition("\n")
    if not first.startswith("# then") or "# now" not in first:
        return []
    at = first.index("# now")
    lines = rest.splitlines()
    return ["\n".join(line[:at].rstrip() for line in lines), "\n".join(line[at:] for line in lines)]


def is_settings(block: str) -> bool:
    """Whether a block does nothing but import and give values to names in capitals."""
    body = ast.parse(block).body
    assigned = [node for node in body if isinstance(node, ast.Assign)]
    others = {type(node) for node in body} - {ast.Assign, ast.Import, ast.ImportFrom}
    targets = [target for node in assigned for target in node.targets]
    return bool(assigned) and not others and all(isinstance(each, ast.Name) and each.id.isupper() for each in targets)


def check_settings(block: str) -> None:
    from channels_bridge import checks as bridge_checks
    from tornado_websockets import checks

    names: dict[str, Any] = {**GIVEN, "INSTALLED_APPS": [], "MIDDLEWARE": []}
    exec(block, names)
    values = {name: value for name, value in names.items() if name.isupper() and name not in GIVEN}
    unknown = {name for name in values if name not in OF_OTHERS and not hasattr(global_settings, name)}
    assert not unknown, f"no settings: {unknown}"
    values.pop("INSTALLED_APPS")
    with override_settings(**values):
        found = [
            *checks.check_settings(None),
            *checks.check_store(None),
            *bridge_checks.check_channel_layer(None),
        ]
    assert not [each for each in found if each.level >= ERROR], found


def run_cases(cases: unittest.TestSuite) -> int:
    from django.test.runner import DiscoverRunner

    warnings.simplefilter("default")  # of connections to a database in memory, which nobody closes
    runner = DiscoverRunner(verbosity=0, interactive=False)
    runner.setup_test_environment()
    databases = runner.setup_databases()
    result = runner.run_suite(cases)
    runner.teardown_databases(databases)
    assert result.wasSuccessful(), result
    return int(result.testsRun)


def set_up() -> None:
    """Django, with everything that pages import by and by: each process is a copy of this one."""
    settings.configure(
        INSTALLED_APPS=[
            "django.contrib.contenttypes",
            "django.contrib.auth",
            "django.contrib.sessions",
            "django.contrib.staticfiles",
            "tornado_websockets",
            "guide",
        ],
        ALLOWED_HOSTS=["testserver"],
        CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}},
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        ROOT_URLCONF="guide",
        SECRET_KEY="only for tests",
        STATIC_URL="/static/",
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {"loaders": [("django.template.loaders.locmem.Loader", TEMPLATES)]},
            }
        ],
    )
    guide = sys.modules["guide"] = ModuleType("guide")
    guide.__path__ = [str(Path(__file__).parent)]
    vars(guide)["urlpatterns"] = []
    django.setup()
    apps.get_app_config("guide").models_module = guide  # so that its models get tables
    lend_tasks()
    for name in ("pytest", "channels_bridge.asgi", "tornado_websockets.testing"):
        import_module(name)


def run_apart(page: Path) -> dict[str, Any] | str:
    """Run a page in a process of its own: its outcome, or why it failed."""
    read, write = os.pipe()
    if os.fork() == 0:
        try:
            outcome: dict[str, Any] | str = run(page)
        except BaseException:
            outcome = traceback.format_exc()
        with os.fdopen(write, "w") as pipe:
            json.dump(outcome, pipe)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        said = pipe.read()
    os.wait()
    return json.loads(said) if said else "It ended without a word."


if __name__ == "__main__":
    set_up()
    os.environ["REDIS_URL"] = "redis://127.0.0.1:6379/0"
    print(json.dumps({page: run_apart(Path(page)) for page in sys.argv[1:]}))  # noqa: T201
