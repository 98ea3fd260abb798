"""What is changed without thought: exactly that, in the file's own encoding, and as a whole or not at all."""

import stat
from pathlib import Path

import pytest

from tests.upgrading.expected import APPLICATION, write
from tornado_websockets.upgrading.fixes import find_fixes
from tornado_websockets.upgrading.scan import scan

UNCLEAR = "may make a client, in a way that cannot be read"
SCRIPT = "<script src=\"{% static 'tornado_websockets/tornadowebsocket-es6.js' %}\"></script>\n"


def fixed(root: Path, files: dict[str, str]) -> dict[str, str]:
    """What becomes of the files that are changed."""
    fixes = find_fixes(scan(write(root, files)))
    for fix in fixes.files:
        assert fix.apply(root)
    return {str(fix.source.path): (root / fix.source.path).read_text(encoding="utf-8") for fix in fixes.files}


def test_django_app_is_called(tmp_path):
    text = "import tornado_websockets as t\nTORNADO = {'handlers': [('\u00e9', 1), t.django_app, t.django_app()]}\n"
    assert fixed(tmp_path, {"settings.py": text}) == {
        "settings.py": text.replace("t.django_app,", "t.django_app(),"),
    }


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "from tornado import gen\n@gen.engine\ndef f(): pass",
            "from tornado import gen\n@gen.coroutine\ndef f(): pass",
        ),
        (
            "from tornado.gen import sleep, engine\n@engine\ndef f(): pass",
            "from tornado.gen import sleep, coroutine as engine\n@engine\ndef f(): pass",
        ),
        (
            "from tornado.gen import engine as e\n@e\ndef f(): pass",
            "from tornado.gen import coroutine as e\n@e\ndef f(): pass",
        ),
        (
            "import tornado.gen\nx = '\u00e9', tornado.gen.engine",
            "import tornado.gen\nx = '\u00e9', tornado.gen.coroutine",
        ),
    ],
)
def test_engines_become_coroutines(tmp_path, before, after):
    assert fixed(tmp_path, {"views.py": before}) == {"views.py": after}
    assert scan(tmp_path).findings == []


def test_other_engines_are_left_alone(tmp_path):
    assert fixed(tmp_path, {"views.py": "import sqlalchemy as gen\ngen.engine\nself.gen.engine\n"}) == {}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("django-tornado-websockets==0.2.2\n", "django-tornado-websockets-channels\n"),
        ("six\n  django_tornado_websockets>=0.1,<1  # chat\n", "six\n  django-tornado-websockets-channels  # chat\n"),
        (
            "django-tornado-websockets\ndjango-tornado-websockets-channels\n",
            "\ndjango-tornado-websockets-channels\n",
        ),
        ("-e git+https://example.com/x#egg=django-tornado-websockets\n", None),
    ],
)
def test_requirements(tmp_path, before, after):
    assert fixed(tmp_path, {"requirements.txt": before}).get("requirements.txt") == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("new TornadoWebSocket('/x')", "new TornadoWebSocket('/x', { reconnect: false })"),
        ("new TornadoWebSocket('/x', {})", "new TornadoWebSocket('/x', { reconnect: false })"),
        ("new TornadoWebSocket('/x', {port: 1})", "new TornadoWebSocket('/x', { reconnect: false, port: 1})"),
        (
            "new TornadoWebSocket(f('a, b'), { port: 1 })",
            "new TornadoWebSocket(f('a, b'), { reconnect: false, port: 1 })",
        ),
        ("new TornadoWebSocket('/x', {reconnect: false})", "new TornadoWebSocket('/x', {reconnect: false})"),
    ],
)
def test_pages_take_the_new_script_and_stay_away_as_they_did(tmp_path, before, after):
    files = {"page.html": SCRIPT + SCRIPT.replace("tornadowebsocket-es6", "modules/progress_bar-es6")}
    changed = fixed(tmp_path, {**files, "page.js": f"var ws = {before};\n"})
    assert changed["page.html"] == (SCRIPT + SCRIPT.replace("tornadowebsocket", "modules/progress_bar")).replace(
        "-es6", ""
    )
    assert changed.get("page.js", f"var ws = {before};\n") == f"var ws = {after};\n"
    assert scan(tmp_path).findings == []


@pytest.mark.parametrize(
    "before",
    [
        'text = text.replace(/[`*_]/g, "");',
        'path = path.replace(/^\\/*/, "/");',
        "parts = path.split(/[/`]/);",
        "is_x = /\\/`/.test(x);",
        "function f(x) { return /`/.test(x) }",
        "if (f(x) && y) /`/.test(y);",
        "f(x => /(`/);",
        "x = a / b / c + `/`;",
        "x = a / 2 + `/`;",
        "x = (a + b) / 2 + `/`;",
        "x = a[0] / 2 + `/`;",
        "x = i++ / 2 + `/`;",
        "x = a.in / 2 + `/`;",
        "x = 1. / 2 + `/`;",
        "x = {{ a }} / {{ b }} + `/`;",
        "x = 'a' / /`/;",
        "x = <b>/</b>; y = `/`;",
        "// new TornadoWebSocket('/old')",
        "/* x = new TornadoWebSocket('/old')\n   y = new TornadoWebSocket('/old') */",
        "class Notes extends TornadoWebSocket.Module {}",
    ],
)
def test_a_client_is_found_behind_whatever_seems_to_begin_a_text(tmp_path, before):
    files = {"page.html": SCRIPT, "page.js": f"{before}\nvar ws = new TornadoWebSocket('/x');\n"}
    changed = fixed(tmp_path, files)
    assert changed["page.js"] == f"{before}\nvar ws = new TornadoWebSocket('/x', {{ reconnect: false }});\n"
    assert "page.html" in changed


def test_a_script_that_is_no_longer_there_becomes_the_new_one(tmp_path):
    page = "<script src='/static/tornado_websockets/client.min.js'></script>"
    assert fixed(tmp_path, {"page.html": page}) == {"page.html": page.replace("client.min", "tornadowebsocket")}


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("var ws = new TornadoWebSocket('/x', options);", "page.js:1 has options that are not written out"),
        ("var ws = new TornadoWebSocket();", "page.js:1 has options that are not written out"),
        ("var ws = TornadoWebSocket('/x');", "page.js:1 makes a client without `new`"),
        ("\nvar bar = new ProgressBarModule('x');", "page.js:2 uses ProgressBarModule"),
        (
            "var ws = new TornadoWebSocket('/x');\nws.on('a', f);\nws.on('a', g);",
            "page.js:3 listens to 'a' again: the new script calls both",
        ),
        ("if (x) {}\n/`/.test(x) && new TornadoWebSocket('/x');", f"page.js:2 {UNCLEAR}"),
        ("f(); // new TornadoWebSocket('/x')", f"page.js:1 {UNCLEAR}"),
        ("tws('/x').on('a', f);", f"page.js:1 {UNCLEAR}"),
        ("class Chat extends TornadoWebSocket {}", f"page.js:1 {UNCLEAR}"),
        ("var Chat = window.TornadoWebSocket;", f"page.js:1 {UNCLEAR}"),
        ("require('tws/tornadowebsocket-es6');", "page.js:1 [old-script]"),
        ("class TornadoWebSocket {}", "page.js:1 [own-copy]"),
    ],
)
def test_pages_keep_the_old_scripts_where_the_new_ones_would_behave_otherwise(tmp_path, script, reason):
    other = "<script>var tws = new TornadoWebSocket('/y');</script>"
    fixes = find_fixes(scan(write(tmp_path, {"page.html": SCRIPT, "page.js": script, "other.html": other})))
    assert fixes.files == []
    assert fixes.hindrances == [reason]


def test_a_script_of_another_place_is_left(tmp_path):
    page = "<script src='/js/tornadowebsocket-es6.js'></script>"
    fixes = find_fixes(scan(write(tmp_path, {"page.html": page})))
    assert fixes.files == []
    assert fixes.hindrances == ["page.html:1 names a script that is not this package's"]


@pytest.mark.parametrize(
    ("head", "encoding"), [("# coding: latin-1\r\n", "latin-1"), ("\ufeff", "utf-8"), ("#\r\r\n", "utf-8")]
)
def test_bytes_that_are_not_changed_stay_what_they_are(tmp_path, head, encoding):
    text = f"{head}# Caf\u00e9\r\nfrom tornado import gen\n@gen.engine\rdef f(): '\u00e9'"
    path = tmp_path / "views.py"
    path.write_bytes(text.encode(encoding))
    path.chmod(0o750)
    (fix,) = find_fixes(scan(tmp_path)).files
    assert fix.apply(tmp_path)
    assert path.read_bytes() == text.replace("engine", "coroutine").encode(encoding)
    assert stat.S_IMODE(path.stat().st_mode) == 0o750
    assert [*tmp_path.iterdir()] == [path]


def test_a_file_that_has_changed_meanwhile_is_left(tmp_path):
    write(tmp_path, {"requirements.txt": "django-tornado-websockets\n"})
    (fix,) = find_fixes(scan(tmp_path)).files
    write(tmp_path, {"requirements.txt": "django-tornado-websockets==0.2\n"})
    assert not fix.apply(tmp_path)
    assert (tmp_path / "requirements.txt").read_text() == "django-tornado-websockets==0.2\n"


def test_a_file_that_cannot_be_written_stays_what_it_was(tmp_path):
    write(tmp_path, {"requirements.txt": "django-tornado-websockets\n"})
    (fix,) = find_fixes(scan(tmp_path)).files
    (tmp_path / "requirements.txt").unlink()
    with pytest.raises(OSError, match="requirements"):
        fix.apply(tmp_path)


def test_a_diff_is_one_that_patch_takes(tmp_path):
    (fix,) = find_fixes(scan(write(tmp_path, {"requirements.txt": "six\ndjango-tornado-websockets\n"}))).files
    assert [*fix.diff()] == [
        "--- a/requirements.txt",
        "+++ b/requirements.txt",
        "@@ -1,2 +1,2 @@",
        " six",
        "-django-tornado-websockets",
        "+django-tornado-websockets-channels",
    ]


def test_of_the_application_of_2016_only_what_needs_no_thought_is_changed():
    fixes = find_fixes(scan(APPLICATION))
    changed = {line for fix in fixes.files for line in fix.diff() if line.startswith(("+ ", "- ", "+d", "-d"))}
    assert changed == {
        "-django-tornado-websockets==0.2.2  # finds: old-distribution",
        "+django-tornado-websockets-channels  # finds: old-distribution",
        "-        tornado_websockets.django_app,  # finds: django-app-uncalled",
        "+        tornado_websockets.django_app(),  # finds: django-app-uncalled",
    }
    assert fixes.hindrances == ["chat/static/chat/chat.js:18 [message-event]"]
