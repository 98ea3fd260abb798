"""The Python of the guides runs, and does what they say."""

import re
import shutil

import pytest

from tests.support.npm import CLIENT, ROOT, STRICT, compiler, run
from tests.support.scripts import run_script

GUIDES = ["handlers.md", "people.md", "recovery.md", "streaming.md", "types.md", "fragments.md", "jobs.md"]

#: Runs the blocks of a guide in one module, and then the tests in it.
RUN = """
import asyncio
import re
import sys
from pathlib import Path
from types import ModuleType

import django
from django.conf import settings

settings.configure(
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "tornado_websockets"],
    ROOT_URLCONF="guide",
    DEBUG=False,
    TEMPLATES=[{{
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {{"loaders": [("django.template.loaders.locmem.Loader", {templates!r})]}},
    }}],
)
guide = sys.modules["guide"] = ModuleType("guide")
guide.urlpatterns = []
django.setup()
text = Path({path!r}).read_text()
for block in re.findall(r"(?ms)^```python\\n(.*?)^```$", text):
    exec(compile(block, {path!r}, "exec"), vars(guide))
tests = [test for name, test in vars(guide).items() if name.startswith("test_")]
for test in tests:
    asyncio.run(test())
print(len(tests))
"""

LIST = """
from django.core.management import call_command
call_command("websockets", *{arguments!r})
"""


def blocks(name: str, language: str) -> list[str]:
    text = (ROOT / "docs" / "guides" / name).read_text()
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", text)


def run_guide(name: str, *more: str) -> list[str]:
    """What the guide's Python prints: first how many tests there were."""
    path = str(ROOT / "docs" / "guides" / name)
    templates = {"message.html": "".join(blocks(name, "django")).strip()}
    return run_script(RUN.format(path=path, templates=templates) + "".join(more)).split("\n", 1)


@pytest.mark.parametrize("name", GUIDES)
def test_every_test_of_a_guide_passes(name):
    count, _ = run_guide(name)
    assert int(count) == sum(block.count("async def test_") for block in blocks(name, "python")) > 0


def test_the_listing_of_the_guide_is_what_is_printed():
    _, printed = run_guide("types.md", LIST.format(arguments=()))
    [expected] = blocks("types.md", "text")
    assert printed.startswith(expected)


def test_the_page_of_the_guide_compiles(tmp_path):
    tsc = compiler()
    _, declared = run_guide("types.md", LIST.format(arguments=("--typescript",)))
    shutil.copytree(ROOT / CLIENT, tmp_path / CLIENT)
    [page] = blocks("types.md", "typescript")
    (tmp_path / "page.mts").write_text(f'import TornadoWebSocket from "./{CLIENT}/tornadowebsocket.mjs";\n{page}')
    (tmp_path / "websockets.mts").write_text(declared)
    run(*tsc, *STRICT, "--target", "es2022", "page.mts", "websockets.mts", directory=tmp_path)


#: Runs the blocks of a guide in one module, and then its ``TestCase`` classes, with a database.
RUN_TESTCASES = """
import re
import sys
import unittest
from pathlib import Path
from types import ModuleType

import django
from django.apps import apps
from django.conf import settings

settings.configure(
    INSTALLED_APPS=[
        "django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions", "tornado_websockets", "guide",
    ],
    DATABASES={{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    ROOT_URLCONF="guide",
    SECRET_KEY="only for tests",
)
guide = sys.modules["guide"] = ModuleType("guide")
guide.urlpatterns = []
guide.__path__ = [{path!r}]
django.setup()
apps.get_app_config("guide").models_module = guide  # so that its models get tables
from django.test.runner import DiscoverRunner

for block in re.findall(r"(?ms)^```python\\n(.*?)^```$", Path({path!r}).read_text()):
    exec(compile(block, {path!r}, "exec"), vars(guide))
runner = DiscoverRunner(verbosity=0, interactive=False)
runner.setup_test_environment()
databases = runner.setup_databases()
result = runner.run_suite(unittest.defaultTestLoader.loadTestsFromModule(guide))
runner.teardown_databases(databases)
assert result.wasSuccessful()
print(result.testsRun)
"""


@pytest.mark.parametrize(("name", "count"), [("database.md", 4), ("models.md", 3)])
def test_every_testcase_of_a_guide_passes(name, count):
    path = str(ROOT / "docs" / "guides" / name)
    printed = run_script(RUN_TESTCASES.format(path=path), are_warnings_errors=False)
    assert int(printed) == sum(block.count(" def test_") for block in blocks(name, "python")) == count
