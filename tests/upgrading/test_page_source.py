"""What is found in pages, and what is not, however it is written."""

import pytest

from tests.upgrading.expected import found_in

OLD = "<script src='/static/tornado_websockets/tornadowebsocket-es6.js'></script>\n"
NEW = "<script src='/static/tornado_websockets/tornadowebsocket.js'></script>\n"
MADE = "var ws = new TornadoWebSocket('/chat', {port: 8000});\n"


def rules(root, script: str, head: str = OLD, **files: str) -> list[tuple[int, str]]:
    """Lines, counted from that of the script, and rules of what is found in it."""
    others = {name.replace("_", "."): text for name, text in files.items()}
    places = found_in(root, {"head.html": head, "page.js": script, **others})
    return sorted((line, rule) for path, line, rule in places if path == "page.js")


@pytest.mark.parametrize(
    "script",
    [
        "ws.emit('open')",
        'ws.emit("close", {x: 1})',
        "ws . emit ( 'open' )",
        "window.ws.emit('open')",
        "on('x', function () { ws.emit('open') })",
        "if (x) ws.emit(`open`)",
        "var a = 'http://x'; ws.emit('open') // ws",
        "var a = '\\'//'; ws.emit('open')",
    ],
)
def test_a_page_that_sends_what_is_reserved(tmp_path, script):
    assert rules(tmp_path, MADE + script) == [(2, "reserved-event")]


@pytest.mark.parametrize(
    "script",
    [
        "ws.emit('opened')",
        "socket.emit('open')",
        "// ws.emit('open')",
        "/* ws.emit('open') */",
        "log('ws.emit(\"open\")')",
        "ws.emit(event)",
        "rows.emit('open')",
        "aws.emit('open')",
        "ws.on('open', f)",
    ],
)
def test_what_is_no_such_event_is_left_alone(tmp_path, script):
    assert rules(tmp_path, MADE + script) == []


@pytest.mark.parametrize(
    "made",
    [
        "this.ws = new TornadoWebSocket('/x', {port: 1});",
        "self.ws = new window.TornadoWebSocket('/x', {port: 1});",
        "const ws = TornadoWebSocket('/x', {port: 1});",
        "let ws =\n tws('/x', {port: 1});",
        "app = { ws: new TornadoWebSocket('/x', {port: 1}) };",
    ],
)
def test_a_client_is_known_however_it_is_made(tmp_path, made):
    assert rules(tmp_path, f"{made}\nx.ws.emit('close')") == [(1 + len(made.split("\n")), "reserved-event")]


@pytest.mark.parametrize(
    "script",
    [
        "var s = ws; s.emit('close')",
        "var a = 1, s = window.ws, b; s.emit('close')",
        "let s = null; function f() { s = ws } s.emit('close')",
        "const s = ws, t = s; t.emit('close')",
        "this.s = ws; this.s.emit('close')",
        "var app = {s: ws, x: 1}; app.s.emit('close')",
        "const {ws: s} = this; s.emit('close')",
        "const {ws} = this; ws.emit('close')",
        "if (x) { var s = ws } s.emit('close')",
        "var s = app.ws\ns.emit('close')",
    ],
)
def test_a_client_is_known_by_its_other_names(tmp_path, script):
    line = 2 + script.count("\n")
    assert rules(tmp_path, MADE + script) == [(line, "reserved-event")]
    assert rules(tmp_path, script, other_js=MADE) == [(line - 1, "reserved-event")]


@pytest.mark.parametrize(
    "script",
    [
        "var s = ws; s = io(); s.emit('close')",
        "var s = ws; function f(s) { s.emit('close') }",
        "var s = ws; rows.forEach(s => s.emit('close'))",
        "var s = ws; rows.forEach((i, s) => { s.emit('close') })",
        "var s = ws; for (const s of rows) s.emit('close')",
        "var s = ws; import { s } from './s.js'",
        "var app = {s: ws}, other = {s: io()}; other.s.emit('close')",
        "var s = ws || io(); s.emit('close')",
        "var s = ws.emitter; s.emit('close')",
        "var s = ws\n.on('x', f); s.emit('close')",
        "var s = wrap(ws); s.emit('close')",
        "var s = x ? s : ws; s.emit('close')",
        "const [s] = ws; s.emit('close')",
        "if (s == ws) s.emit('close')",
        "rows.map(s => ws); s.emit('close')",
    ],
)
def test_what_may_be_something_else_is_left_alone(tmp_path, script):
    assert rules(tmp_path, MADE + script) == []


def test_another_name_of_a_client_is_one_in_its_file_only(tmp_path):
    assert rules(tmp_path, "s.emit('close')", other_js=MADE + "var s = ws;") == []


def test_a_client_is_known_in_other_files(tmp_path):
    assert rules(tmp_path, "ws.emit('close')", other_js=MADE) == [(1, "reserved-event")]


def test_a_name_that_is_something_else_in_this_file_is_left_alone(tmp_path):
    assert rules(tmp_path, "var ws = io();\nws.emit('close'); ws.on('message', f)", other_js=MADE) == []


def test_no_event_of_a_module_is_open_or_close(tmp_path):
    script = "var bar = new ModuleProgressBar('x');\nbar.emit('open'); bar.emit('start')"
    assert rules(tmp_path, script) == [(2, "reserved-event")]
    derived = "class Notes extends TornadoWebSocket.Module {}\nvar notes = new Notes(); notes.emit('close')"
    assert rules(tmp_path, derived) == [(2, "reserved-event")]
    assert rules(tmp_path, derived.replace("TornadoWebSocket.Module", "EventEmitter")) == []


@pytest.mark.parametrize(
    ("options", "is_found"),
    [
        ("", True),
        (", {}", True),
        (", {secure: true}", True),
        (", {port: 8000}", False),
        (", {host, port}", False),
        (", options", False),
        (", {port: {{ port }}}", False),
    ],
)
def test_the_port_that_is_not_named(tmp_path, options, is_found):
    script = f"var ws = new TornadoWebSocket('/x'{options});"
    assert rules(tmp_path, script) == ([(1, "default-port")] if is_found else [])
    assert rules(tmp_path, script, NEW) == []


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("ws.on('open', function () { el.addEventListener('click', f); });", [(2, "listens-in-open")]),
        ("ws.on('open', () => {\n  $('#form').submit(function () {});\n});", [(3, "listens-in-open")]),
        ("ws.on('open', () => { ws.on('said', f); });\nel.addEventListener('click', f);", []),
        ("ws.on('close', () => setTimeout(() => ws.connect(), 1000));", [(2, "comes-back-by-itself")]),
        ("ws.on('close', () => { location.reload(); });", [(2, "comes-back-by-itself")]),
        ("ws.on('close', () => show('away'));\nlocation.reload();", []),
    ],
)
def test_what_a_script_that_connects_again_does_twice(tmp_path, script, expected):
    assert rules(tmp_path, MADE + script, NEW) == expected
    assert rules(tmp_path, MADE + script, OLD) == []
    away = MADE.replace("{", "{reconnect: false, ")
    assert rules(tmp_path, away + script, NEW) == []


def test_message_is_an_event_of_the_server_in_client_js_only(tmp_path):
    head = "<script src='/static/tornado_websockets/client.js'></script>"
    script = MADE + "ws.on('message', f);\nother.on('message', f);"
    assert rules(tmp_path, script, head) == [(2, "message-event")]
    assert rules(tmp_path, script, OLD) == []


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("ws._websocket.close()", ["private-websocket"]),
        ("ws._websocket.send(blob)", ["private-websocket", "raw-frame"]),
        ("ws.websocket.binaryType = 'blob'", ["raw-frame"]),
        ("other._websocket.send(blob)", []),
        ("reader.readAsDataURL(file); ws.emit('x', {})", ["large-message"]),
        ("reader.readAsDataURL(file);", []),
        ("location = 'file:///index.html'", ["other-origin"]),
    ],
)
def test_frames_and_origins(tmp_path, script, expected):
    assert [rule for _, rule in rules(tmp_path, MADE + script)] == expected


def test_a_host_that_is_written_out_is_another_origin(tmp_path):
    script = "new TornadoWebSocket('/x', {host: 'chat.example.com', port: 1});"
    assert rules(tmp_path, script) == [(1, "other-origin")]
    assert rules(tmp_path, script.replace("host:", "'host' :")) == [(1, "other-origin")]
    assert rules(tmp_path, script.replace("'chat.example.com'", "location.hostname")) == []


@pytest.mark.parametrize(
    "copy", ["class TornadoWebSocket {\n constructor() {} }", "function TornadoWebSocket(path) {}", "var a;\n"]
)
def test_a_copy_of_the_client_is_named_once_and_not_looked_at(tmp_path, copy):
    script = copy + "\nvar ws = new TornadoWebSocket('/x', {port: 1}); ws.emit('open');"
    assert [rule for _, rule in rules(tmp_path, script)] == ["reserved-event" if "var a" in copy else "own-copy"]


@pytest.mark.parametrize(
    ("page", "line"),
    [
        ("<p>It's a page, don't.</p>\n<script>\nws.emit('open')</script>", 3),
        ('<p>"</p>\n<a onclick="ws.emit(\'close\')">x</a>', 2),
        ("<!-- <script>ws.emit('open')</script> -->", None),
        ("{# <script>ws.emit('open')</script> #}", None),
        ("{% comment %}\n<script>ws.emit('open')</script>\n{% endcomment %}", None),
        ("<style>@media print{#x{color:red}}</style>\n<script>ws.emit('open')</script>\n<style>#a{}</style>", 2),
        ("<p>ws.emit('open')</p>", None),
        ("<SCRIPT type='text/javascript'>ws.emit('open')</SCRIPT >", 1),
    ],
)
def test_of_a_page_only_its_scripts_count(tmp_path, page, line):
    places = found_in(tmp_path, {"head.html": OLD, "made.js": MADE, "page.html": page})
    assert {place[1] for place in places if place[0] == "page.html"} == ({line} if line else set())


HANDLER = "from tornado_websockets.websocket import WebSocket\nws = WebSocket('/x')\n@ws.on\ndef say(socket): pass\n"


@pytest.mark.parametrize(
    ("handlers", "expected"),
    [
        (HANDLER, [(2, "unknown-event")]),
        (HANDLER + "@ws.on\ndef wave(socket): pass\n", []),
        (HANDLER + "ws.on(getattr(HANDLERS, 'wave'))\n", []),
        ("", []),
        (HANDLER + "print 'Python 2'\n", []),
    ],
)
def test_an_event_without_handler(tmp_path, handlers, expected):
    script = MADE + "ws.emit('wave', {}); ws.emit('say'); ws.emit('module_x_y'); ws.emit('{{ event }}');"
    assert rules(tmp_path, script, views_py=handlers) == expected


@pytest.mark.parametrize(
    ("script", "rule"),
    [
        ("tornadowebsocket-es6.js", "old-script"),
        ("client.js", "old-script"),
        ("modules/progressbar.js", "old-script"),
        ("modules/progress_bar-es6.js", "old-script"),
        ("tornadowebsocket.js", None),
        ("tornadowebsocket.mjs", None),
        ("modules/progress_bar.js", None),
        ("tornadowebsocket-es6.min.js", "no-such-script"),
        ("client.min.js", "no-such-script"),
        ("modules/chat.js", "no-such-script"),
    ],
)
def test_scripts_of_the_package(tmp_path, script, rule):
    page = f"\n<script src=\"{{% static 'tornado_websockets/{script}' %}}\"></script>"
    assert found_in(tmp_path, {"page.html": page}) == ({("page.html", 2, rule)} if rule else set())


@pytest.mark.parametrize(
    "page",
    [
        "<script src='{% static 'tornado_websockets/client.js' %}'></script>",
        "<script src=\"{% static 'tornado_websockets/' %}client.js\"></script>",
        '<script src="{{ STATIC_URL }}tornado_websockets/client.js?v=1"></script>',
        '<script src="{% get_static_prefix %}tornado_websockets/modules/progressbar.js"></script>',
        '{% with "tornado_websockets/"|add:"client.js" as path %}{% static path %}{% endwith %}',
        "<script>load(STATIC + 'tornado_websockets/' + 'client.js')</script>",
        "<script>load('/static/tornado_websockets/modules/' + \"progressbar.js\")</script>",
        "<script>require.config({paths: {tws: 'tornado_websockets/client'}})</script>",
        "<script>import tws from './tornado_websockets/tornadowebsocket-es6'</script>",
        "<!--[if lt IE 9]><script src='/static/tornado_websockets/client.js'></script><![endif]-->",
    ],
)
def test_an_old_script_is_known_however_its_path_is_put_together(tmp_path, page):
    assert found_in(tmp_path, {"page.html": f"\n{page}"}) == {("page.html", 2, "old-script")}


@pytest.mark.parametrize(
    "page",
    [
        "<script>// load('/static/tornado_websockets/client.js')\n</script>",
        "<script>/* 'tornado_websockets/client' */</script>",
        "<script>load('tornado_websockets/' + name)</script>",
        "<script>load('tornado_websockets/clients')</script>",
    ],
)
def test_what_loads_no_old_script_is_left_alone(tmp_path, page):
    assert found_in(tmp_path, {"page.html": page}) == set()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("JS = STATIC + 'tornado_websockets/' + 'client.js'", 1),
        ("class Form:\n    class Media:\n        js = ('tornado_websockets/client.js',)", 3),
        ("HTML = '''\n<script src='/static/tornado_websockets/client.js'></script>'''", 2),
        ("'''Loads tornado_websockets/client.js.'''", None),
        ("def load():\n    '''Loads tornado_websockets/client.js.'''", None),
        ("# tornado_websockets/client.js", None),
    ],
)
def test_old_scripts_that_python_names(tmp_path, text, line):
    assert found_in(tmp_path, {"page.py": text}) == ({("page.py", line, "old-script")} if line else set())


def test_the_old_client_as_a_package(tmp_path):
    package = '{"dependencies": {\n  "django-tornado-websockets-client": "^0.2.0"\n}}'
    assert found_in(tmp_path, {"package.json": package}) == {("package.json", 2, "own-copy")}
