"""The whole scan: each line that needs attention, and no other."""

import pytest

from tests.support.scripts import ROOT, run_script
from tests.upgrading.expected import APPLICATION, SAMPLES, found, found_in, marked
from tornado_websockets.upgrading.rules import RULES, weigh
from tornado_websockets.upgrading.scan import scan


@pytest.mark.parametrize("project", [APPLICATION, SAMPLES], ids=lambda path: path.name)
def test_every_line_that_needs_attention_is_found_and_no_other(project):
    whole_files = {("python2.py", 0, "not-python-3")} if project == SAMPLES else set()
    assert found(project) == marked(project) | whole_files


def test_nothing_is_found_in_the_example():
    result = scan(ROOT / "example_project")
    assert result.findings == []
    assert result.unread == []
    assert len(result.files) > 30


def test_a_project_that_does_not_use_the_package_has_nothing_to_do(tmp_path):
    files = {
        "settings.py": "INSTALLED_APPS = ['django.contrib.auth']\nTORNADO_PORT = 8000\n",
        "views.py": "def open(request):\n    socket.emit('x', [1])\n",
        "requirements.txt": "Django>=5.2\n",
        "page.html": "<script>var ws = new WebSocket('/x'); ws.emit('open');</script>",
    }
    assert found_in(tmp_path, files) == set()


def test_what_only_an_asgi_server_changes_does_not_matter_on_tornado():
    weights = {finding.rule: weigh(finding, stays_on_tornado=True) for finding in scan(APPLICATION).findings}
    silent = {rule for rule, weight in weights.items() if weight is None}
    assert silent == {
        "no-asgi",
        "tornado-socket",
        "timer-outside",
        "server-port",
        "tornado-handlers",
        "tornado-mounted",
        "tornado-side",
    }


def test_the_application_shows_every_kind_of_difference_that_an_application_can_have():
    shown = {rule for _, _, rule in marked(APPLICATION) | marked(SAMPLES)}
    need_a_project_of_their_own = {
        "asgi-without-websockets", "comes-back-by-itself", "large-message", "listens-in-open", "no-app",
        "no-such-script", "not-python-3", "other-origin", "own-copy", "tornado-side",
    }  # fmt: skip
    assert shown | need_a_project_of_their_own == set(RULES)


def test_the_application_of_2016_runs():
    script = f"""
        import os, sys, warnings
        warnings.simplefilter("ignore")
        sys.path.insert(0, {str(APPLICATION)!r})
        os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
        import django
        django.setup()
        from django.test import Client
        from portal import urls
        from tornado_websockets.websocket import registry
        for page in ("/", "/jobs/"):
            assert Client(HTTP_HOST="localhost").get(page).status_code == 200
        print(sorted(websocket.path for websocket in registry))
    """
    assert run_script(script, are_warnings_errors=False).strip() == "['/chat', '/jobs', '/module/progress_bar/upload']"


def test_a_scan_imports_nothing_of_the_project(tmp_path):
    files = {"chat/views.py": "raise SystemExit('imported')\n", "settings.py": "raise SystemExit('imported')\n"}
    assert found_in(tmp_path, files) == set()


@pytest.mark.parametrize(
    "module",
    ["tornado_websockets", "tornado_websockets.websocket", "tornado_websockets.management.commands.ws_upgrade"],
)
def test_nothing_of_it_is_loaded_before_the_command_runs(module):
    script = f"import sys, {module}\nprint(*(name for name in sys.modules if 'upgrading' in name))"
    assert run_script(script).strip() == ""
