"""Whatever lies about in a project is read, or listed with the reason; nothing ends the scan, or holds it up."""

import os
from pathlib import Path

import pytest

from tests.upgrading.expected import found, found_in, write
from tornado_websockets.upgrading.project import MAX_BYTES, read_project
from tornado_websockets.upgrading.scan import scan

IMPORT = b"from tornado_websockets.helpers import x\n"


def unread(root: Path) -> dict[str, str]:
    return {str(one.path): one.reason for one in scan(root).unread}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"print 'hello'\n", "line 1 is not Python 3: Missing parentheses"),
        ("# Caf\u00e9\nx = 1\n".encode("latin-1"), "it is not in UTF-8, and names no other encoding"),
        (b"# coding: utf-8\n\n\nx = '\xff'\n", "line 4 is not in UTF-8"),
        (b"# coding: nonsense\n", "its encoding cannot be used"),
        (b"# coding: rot13\n", "its encoding cannot be used"),
        (b"# coding: undefined\n", "its encoding cannot be used"),
        (b"x = 1\0\n", "has null bytes"),
        ("x = 1\n".encode("utf-16"), "has null bytes"),
        (b"x = " + b"(" * 5000 + b")" * 5000, ""),
        (b"x = " + b"-" * 50_000 + b"1\n", ""),
        (b"x = f" + b"()" * 50_000, ""),
        (b"x = 1\n" * (MAX_BYTES // 6 + 1), "more than 1,000,000"),
    ],
    ids=range(12),
)
def test_python_that_cannot_be_read_is_listed_with_the_reason(tmp_path, content, reason):
    (tmp_path / "odd.py").write_bytes(content)
    (tmp_path / "views.py").write_bytes(IMPORT)
    assert reason in unread(tmp_path)["odd.py"]
    assert found(tmp_path) == {("views.py", 1, "no-such-module")}


@pytest.mark.parametrize("content", [IMPORT + b"print 'hello'\n", IMPORT + "# Caf\u00e9\n".encode("latin-1")])
def test_python_that_cannot_be_read_must_be_mended_where_it_uses_the_package(tmp_path, content):
    (tmp_path / "odd.py").write_bytes(content)
    assert found(tmp_path) == {("odd.py", 0, "not-python-3")}
    assert unread(tmp_path) == {}


@pytest.mark.parametrize(
    "content",
    [
        b"# coding: latin-1\n" + IMPORT + "x = 'Caf\u00e9'\n".encode("latin-1"),
        b"\xef\xbb\xbf\n" + IMPORT,
        b"\r\n" + IMPORT.replace(b"\n", b"\r\n"),
        b"x = '\\d'\n" + IMPORT + b"if x is 1: assert (x, 1)\n",
        b"x = '\x0c \xe2\x80\xa8'\n" + IMPORT,
    ],
    ids=["its own encoding", "a byte order mark", "ends of lines", "warnings of Python", "odd ends of lines"],
)
def test_python_is_read_as_python_reads_it(tmp_path, content):
    (tmp_path / "views.py").write_bytes(content)
    assert found(tmp_path) == {("views.py", 2, "no-such-module")}


def test_a_page_in_another_encoding_is_read(tmp_path):
    page = "<p>Caf\u00e9</p>\n<script src='/static/tornado_websockets/client.js'></script>"
    (tmp_path / "page.html").write_bytes(page.encode("latin-1"))
    assert found(tmp_path) == {("page.html", 2, "old-script")}


def test_links_and_what_is_no_file_are_not_followed(tmp_path):
    write(tmp_path, {"chat/views.py": "x = 1\n"})
    (tmp_path / "chat" / "loop").symlink_to(tmp_path)
    (tmp_path / "itself.py").symlink_to("itself.py")
    (tmp_path / "nowhere.py").symlink_to("/does/not/exist.py")
    os.mkfifo(tmp_path / "pipe.py")
    link = "is a link, and links are not followed"
    assert unread(tmp_path) == {
        "chat/loop": link,
        "itself.py": link,
        "nowhere.py": link,
        "pipe.py": "is no regular file",
    }


@pytest.mark.parametrize(
    ("marker", "directory", "reason"),
    [
        ("node_modules/x.txt", "node_modules", "holds installed packages"),
        ("env/pyvenv.cfg", "env", "holds installed packages"),
        ("lib/site-packages/x.txt", "lib/site-packages", "holds installed packages"),
        ("tornado_websockets/websocket.py", "tornado_websockets", "is the package itself, or a copy of it"),
        ("static/tornado_websockets/client.js", "static/tornado_websockets", "is the package itself, or a copy of it"),
    ],
)
def test_directories_that_are_not_the_project_s_own_are_passed_over(tmp_path, marker, directory, reason):
    write(tmp_path, {marker: "", f"{directory}/views.py": IMPORT.decode()})
    assert unread(tmp_path) == {directory: reason}
    assert found(tmp_path) == set()


def test_collected_static_files_are_passed_over(tmp_path):
    page = "new TornadoWebSocket('/x');"
    files = {"public/admin/css/base.css": "", "public/admin/js/core.js": "", "public/chat.js": page}
    assert found_in(tmp_path, files) == set()
    assert unread(tmp_path) == {"public": "holds what collectstatic collected"}


def test_a_directory_is_named_once_though_settings_name_it_too(tmp_path):
    write(
        tmp_path, {"settings.py": "STATIC_ROOT = 'static'", "static/admin/css/base.css": "", "static/admin/js/x.js": ""}
    )
    _, passed_over = read_project(tmp_path)
    assert [str(each.path) for each in passed_over] == ["static"]


@pytest.mark.parametrize(
    ("settings", "where"),
    [
        ("STATIC_ROOT = os.path.join(BASE_DIR, 'www', 'collected')", "www/collected"),
        ('STATIC_ROOT = BASE_DIR / "collected"', "collected"),
        ("STATIC_ROOT = 'collected/'", "portal/collected"),
        ("STATIC_ROOT = '/srv/static'", ""),
        ("STATIC_ROOT = os.environ['STATIC_ROOT']", ""),
        ("OTHER_STATIC_ROOT = 'static'", ""),
    ],
)
def test_so_are_those_that_settings_name(tmp_path, settings, where):
    page = "var ws = new TornadoWebSocket('/x'); ws.emit('close');"
    folder = where or "static"
    collected = {f"{folder}/tornado_websockets/client.js": ""} if where else {}
    pages = {f"{folder}/chat/chat.js": page, "chat/static/chat/chat.js": page, "portal/static/chat.js": "var x;"}
    write(tmp_path, {"portal/settings.py": settings, **pages, **collected})
    assert unread(tmp_path) == ({where: "holds what collectstatic collected"} if where else {})
    pages = {path for path, _, rule in found(tmp_path) if rule == "reserved-event"}
    assert pages == {"chat/static/chat/chat.js"} | (set() if where else {"static/chat/chat.js"})


def test_what_tools_keep_goes_without_saying(tmp_path):
    write(tmp_path, {".git/hooks/x.py": "print 1", "__pycache__/x.py": "print 1", ".tox/py/x.py": "print 1"})
    assert unread(tmp_path) == {}


def test_a_file_name_that_is_no_text_is_read(tmp_path):
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.py")).write_bytes(IMPORT)
    assert [(line, rule) for _, line, rule in found(tmp_path)] == [(1, "no-such-module")]


@pytest.mark.parametrize(
    "text",
    [
        "<!--" * 60_000,
        "{%comment " * 30_000,
        "<script>" * 30_000,
        " onx=" * 60_000,
        "a." * 100_000,
        "A" * 300_000,
        "`" + "x" * 300_000,
        "new TornadoWebSocket(" * 15_000,
        "a = new TornadoWebSocket('/x');\n" + "a . " * 60_000 + "b",
        "".join(f"a{number} = new TornadoWebSocket('/x');\n" for number in range(4_000)),
    ],
    ids=range(10),
)
@pytest.mark.timeout(40)  # each takes a second; what is quadratic takes minutes
@pytest.mark.parametrize("name", ["page.html", "page.js"])
def test_no_page_holds_the_scan_up(tmp_path, name, text):
    write(tmp_path, {name: text})
    scan(tmp_path)


def test_requirements_in_a_folder_of_their_own_are_read(tmp_path):
    write(tmp_path, {"requirements/base.txt": "django-tornado-websockets\n", "notes/base.txt": ""})
    files, _ = read_project(tmp_path)
    assert [str(file.path) for file in files] == ["requirements/base.txt"]
