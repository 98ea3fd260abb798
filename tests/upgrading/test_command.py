"""The command, as people run it: in a process of its own."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.scripts import ROOT
from tests.upgrading.expected import APPLICATION, SAMPLES, write

MODULE = ("-m", "tornado_websockets.upgrading")
OLD = "django-tornado-websockets\n"


def run(
    *arguments: str, directory: Path = ROOT, answer: str | None = None, settings: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run Python with these arguments; nobody answers unless ``answer`` is given.

    :param settings: ``DJANGO_SETTINGS_MODULE``.
    """
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    return subprocess.run(
        [sys.executable, "-X", "dev", *arguments],
        cwd=directory,
        env=environment
        | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"}
        | ({} if settings is None else {"DJANGO_SETTINGS_MODULE": settings}),
        input=answer or "",
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


@pytest.mark.parametrize("settings", [None, "", "not_there.settings", "raising"])
def test_the_project_need_not_be_importable(tmp_path, settings):
    (tmp_path / "raising.py").write_text("raise RuntimeError('no such thing')\n")
    finished = run(*MODULE, ".", directory=tmp_path, settings=settings)
    assert (finished.returncode, finished.stderr) == (0, "")


def test_what_must_be_done_ends_it_with_1():
    finished = run(*MODULE, str(SAMPLES))
    assert finished.returncode == 1
    assert "MUST: a regular expression as path [regex-path]" in finished.stdout
    assert "    paths.py:9: rooms = Socket(ROOM)" in finished.stdout
    assert "  why: " in finished.stdout
    assert "  how: " in finished.stdout
    assert "15 places must be changed, 0 places should be looked at." in finished.stderr
    assert "Traceback" not in finished.stderr


def test_what_is_only_to_be_looked_at_ends_it_with_0(tmp_path):
    write(tmp_path, {"page.html": "<script src='/static/tornado_websockets/client.js'></script>"})
    finished = run(*MODULE, str(tmp_path))
    assert (finished.returncode, finished.stderr) == (0, "")
    assert "LOOK: a browser script under its old name [old-script]" in finished.stdout
    assert "0 places must be changed, 1 place should be looked at." in finished.stdout


def test_nothing_ends_it_with_0():
    finished = run(*MODULE, str(ROOT / "example_project"))
    assert (finished.returncode, finished.stdout) == (0, "Nothing was found that has to be changed.\n")


def test_a_path_that_is_no_directory_ends_it_with_2(tmp_path):
    finished = run(*MODULE, str(tmp_path / "nowhere"))
    assert finished.returncode == 2
    assert "Expected the directory of a project, got" in finished.stderr


def test_manage_py_runs_it_where_it_stands():
    finished = run("manage.py", "ws_upgrade", directory=APPLICATION)
    assert finished.returncode == 1
    assert "chat/views.py:18: ws_chat.emit" in finished.stdout
    assert "tornado-socket" in finished.stdout


def test_for_tornado_it_leaves_out_what_works_there():
    finished = run("manage.py", "ws_upgrade", "--runtornado", directory=APPLICATION)
    assert finished.returncode == 1
    assert "chat/views.py:18: ws_chat.emit" in finished.stdout
    assert "[tornado-socket]" not in finished.stdout
    assert "[timer-outside]" not in finished.stdout


def test_what_was_not_looked_at_is_said(tmp_path):
    (tmp_path / "old.py").write_text("print 1\n")
    os.mkfifo(tmp_path / "pipe.py")
    finished = run(*MODULE, str(tmp_path))
    assert finished.returncode == 0
    assert "Not looked at:\n  old.py line 1 is not Python 3: " in finished.stdout
    assert "\n  pipe.py is no regular file\n" in finished.stdout


def test_names_and_lines_that_a_terminal_cannot_show_are_escaped(tmp_path):
    path = os.fsencode(tmp_path) + b"/caf\xe9\x1b[31m.py"
    Path(os.fsdecode(path)).write_text(
        "from tornado_websockets.nothing import \u00e9  # \u202e\x1b[0m\n", encoding="utf-8"
    )
    finished = run(*MODULE, str(tmp_path))
    assert finished.returncode == 1
    assert "Traceback" not in finished.stderr
    expected = "caf\\udce9\\x1b[31m.py:1: from tornado_websockets.nothing import \\xe9  # \\u202e\\x1b[0m"
    assert expected in finished.stdout
    assert "\x1b" not in finished.stdout


@pytest.mark.parametrize(
    ("arguments", "answer", "is_changed"),
    [
        ((), None, False),
        (("--fix",), None, False),
        (("--fix",), "n\n", False),
        (("--fix",), "\n", False),
        (("--fix",), "y\n", True),
        (("--fix", "--no-input"), None, True),
        (("--fix", "--noinput"), "n\n", True),
    ],
)
def test_nothing_is_changed_without_consent(tmp_path, arguments, answer, is_changed):
    write(tmp_path, {"requirements.txt": OLD})
    finished = run(*MODULE, str(tmp_path), *arguments, answer=answer)
    after = (tmp_path / "requirements.txt").read_text()
    assert after == ("django-tornado-websockets-channels\n" if is_changed else OLD)
    assert finished.returncode == (0 if is_changed else 1)
    assert ("+django-tornado-websockets-channels" in finished.stdout) is bool(arguments)
    assert "Traceback" not in finished.stderr


def test_what_cannot_be_changed_without_thought_is_said(tmp_path):
    finished = run(*MODULE, str(tmp_path), "--fix")
    assert finished.stdout.startswith("Nothing can be changed without thought.\n")
    assert finished.returncode == 0


def test_the_application_of_2016_is_fixed_as_far_as_it_can_be(tmp_path):
    shutil.copytree(APPLICATION, tmp_path / "project")
    finished = run("manage.py", "ws_upgrade", "--fix", "--no-input", directory=tmp_path / "project")
    assert finished.returncode == 1
    assert "portal/settings.py was changed.\n" in finished.stdout
    assert "Pages keep the old scripts, since the new ones would behave otherwise:\n  chat/static" in finished.stdout
    assert "[django-app-uncalled]" not in finished.stdout
    assert "[emit-outside]" in finished.stdout


def test_who_has_read_enough_is_no_trouble():
    command = [sys.executable, "-X", "dev", *MODULE, str(APPLICATION)]
    reading, writing = os.pipe()
    os.close(reading)  # as `| head` does, at the latest when it has its lines
    try:
        ended = subprocess.run(command, cwd=ROOT, stdout=writing, stderr=subprocess.PIPE, timeout=50, check=False)
    finally:
        os.close(writing)
    assert ended.returncode == 1
    assert re.fullmatch(rb"CommandError: \d+ places must be changed, .*\n", ended.stderr), ended.stderr
