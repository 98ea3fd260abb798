"""What is found in Python, and what is not, however it is written."""

import textwrap

import pytest

from tests.upgrading.expected import found_in

HEAD = "from tornado_websockets.websocket import WebSocket\nws = WebSocket('/chat')\n"


def rules(root, text: str, **files: str) -> list[tuple[int, str]]:
    """Lines and rules of what is found in ``text``, beside other files."""
    others = {f"{name}.py": textwrap.dedent(content) for name, content in files.items()}
    places = found_in(root, {"views.py": textwrap.dedent(text), **others})
    return sorted((line, rule) for path, line, rule in places if path == "views.py")


@pytest.mark.parametrize(
    "text",
    [
        "import tornado_websockets.websocket\nws = tornado_websockets.websocket.WebSocket('/x')\nws.emit('x')",
        "from tornado_websockets import websocket as w\nws = w.WebSocket('/x')\nws.emit('x')",
        "from tornado_websockets.websocket import *\nws = WebSocket('/x')\nws.emit('x')",
        "from tornado_websockets.websocket import WebSocket as W\nws = other = W('/x')\nother.emit('x')",
        "from tornado_websockets.websocket import WebSocket as W\nclass Chat(W): pass\nChat('/x').emit('x')",
        "from tornado_websockets.websocket import WebSocket as W\nws, other = W('/x'), 1\nws.emit('x')",
        "from chat import ws\n\nws.emit('x')",
        "import chat\n\nchat.ws.emit('x')",
        "from chat import *\n\nws.emit('x')",
        "from . import chat\n\nchat.ws.emit('x')",
        "from .chat import make\n\nmake().emit('x')",
        "import chat as c, functools\n\nlater = functools.partial(c.ws.emit, 'x')",
    ],
)
def test_a_websocket_is_known_by_whatever_name(tmp_path, text):
    chat = f"{HEAD}\ndef make():\n    return ws\n"
    assert rules(tmp_path, text, chat=chat) == [(3, "emit-outside")]


@pytest.mark.parametrize(
    "text",
    [
        "class Button:\n    def click(self):\n        self.clicked.emit([1])",
        "import socketio\nsio = socketio.Server()\nsio.emit('x', [1])",
        "from flask_socketio import emit, SocketIO\nsocket = SocketIO()\nemit('x')\nsocket.emit('x', [1])",
        "def tell(socket):\n    socket.emit('x', [1])\n    socket.get_argument('x')",
        "from elsewhere import ws\nws.emit('x', [1])",
        "class WebSocket: pass\nws = WebSocket()\nws.emit('x', [1])",
        "import logging\nlogging.Handler().emit('x')",
        "from tornado_websockets.modules import Module\nnotes = Module('n')\nnotes.emit('x', {})",
        "from tornado_websockets.modules import ProgressBar\nbar = ProgressBar('n')\nbar.tick()",
    ],
)
def test_what_emits_and_is_no_websocket_is_left_alone(tmp_path, text):
    assert rules(tmp_path, text) == []


@pytest.mark.parametrize(
    "body",
    [
        "@ws.on\ndef say(socket):\n    ws.emit('x')",
        "@ws.on\nasync def say(socket):\n    await ws.emit('x')",
        "@ws.on\ndef say(socket):\n    tell()\n\ndef tell():\n    ws.emit('x')",
        "@ws.on\ndef say(socket):\n    def later():\n        ws.emit('x')\n    Timer(1, later).start()",
        "@ws.on\ndef say(socket):\n    Timer(1, lambda: ws.emit('x')).start()",
        "def say(socket):\n    ws.emit('x')\nws.on(say)",
        "class Chat:\n  def __init__(self):\n    ws.on(self.say)\n  def say(self):\n    ws.emit('x')\nChat()",
        (
            "class Chat:\n    def __init__(self):\n        for one in (self.say, self.wave):\n            ws.on(one)\n"
            "    def say(self):\n        ws.emit('x')\n    def wave(self):\n        ws.emit('x')\nChat()"
        ),
        "class Chat:\n    @ws.on\n    def say(self):\n        self._tell()\n    def _tell(self):\n        ws.emit('x')",
        "class Worker(Thread):\n  def run(self):\n    ws.emit('x')\n@ws.on\ndef say(socket):\n  Worker().start()",
        (
            "class Teller:\n    def tell_everyone(self):\n        ws.emit('x')\n"
            "@ws.on\ndef say(socket):\n    socket.teller.tell_everyone()"
        ),
        "def tell(websocket):\n    websocket.emit('x')\n@ws.on\ndef say(socket):\n    tell(ws)",
        "@ws.on\ndef say(socket):\n    Thread(target=ring, args=(ws,)).start()\ndef ring(it):\n    it.emit('x')",
    ],
)
def test_emit_inside_of_handlers_and_what_they_start_is_left_alone(tmp_path, body):
    assert rules(tmp_path, f"from threading import Thread, Timer\n{HEAD}{body}") == []


@pytest.mark.parametrize(
    "body",
    [
        "ws.emit('x')",
        "def view(request): ws.emit('x')",
        "class View:\n  def get(self, request): tell()\ndef tell():\n  ws.emit('x')",
        "@ws.on\ndef say(socket): tell()\ndef view(request): tell()\ndef tell():\n  ws.emit('x')",
        "PeriodicCallback = None\ndef tick():\n  ws.emit('x')\nThread(target=tick).start()",
        "class Chat:\n  def save(self):\n    self.ws.emit('x')\n  ws = ws",
        "def there():\n  back()\ndef back():\n  there()\n  ws.emit('x')",
    ],
)
def test_emit_outside_of_handlers_is_found(tmp_path, body):
    found = rules(tmp_path, f"{HEAD}{body}")
    line = 1 + next(number for number, text in enumerate(f"{HEAD}{body}".split("\n")) if "ws.emit('x')" in text)
    assert found == [(line, "emit-outside")]


def test_that_a_test_calls_what_handlers_call_is_no_trouble(tmp_path):
    text = f"{HEAD}@ws.on\ndef say(): tell()\ndef tell(): ws.emit('x')"
    assert rules(tmp_path, text, test_views="from views import tell\ndef test_it(): tell()") == []
    assert rules(tmp_path, text, tasks="from views import tell\ndef task(): tell()") == [(5, "emit-outside")]


def test_emit_outside_is_no_trouble_where_it_may_be_anywhere(tmp_path):
    settings = "TORNADO_WEBSOCKETS = {'EMIT_ANYWHERE': True}\n"
    assert rules(tmp_path, f"{HEAD}ws.emit('x')", base=settings) == []
    settings = "TORNADO_WEBSOCKETS = {'EMIT_ANYWHERE': False}\n"
    assert rules(tmp_path, f"{HEAD}ws.emit('x')", base=settings) == [(3, "emit-outside")]


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        ("[]", "emit-data"),
        ("[1, 2]", "emit-data"),
        ("(1, 2)", "emit-data"),
        ("[x for x in data]", "emit-data"),
        ("list(data)", "emit-data"),
        ("sorted(data)", "emit-data"),
        ("data['x'].split()", "emit-data"),
        ("42", "emit-data"),
        ("True", "emit-data"),
        ("len(data)", "emit-data"),
        ("1 + 2", "emit-data"),
        ("data=[1]", "emit-data"),
        ("not data", "emit-data"),
        ("rows", "emit-data"),
        ("{'x': float('nan')}", "emit-data"),
        ("{'x': [float('-inf')]}", "emit-data"),
        ("'text'", "emit-text"),
        ("f'text {data}'", "emit-text"),
        ("'text %s' % data", "emit-text"),
        ("'text {}'.format(data)", "emit-text"),
        ("str(data)", "emit-text"),
        ("'a' if data else 'b'", "emit-text"),
        ("Message.objects.count()", "emit-data"),
        ("json.dumps(data)", "emit-text"),
        ("data.count('x')", None),
        ("{}", None),
        ("{'x': [1]}", None),
        ("dict(x=1)", None),
        ("None", None),
        ("data", None),
        ("data['x']", None),
        ("data.get('x')", None),
        ("unknown(data)", None),
        ("{'x': float('1')}", None),
        ("*data", None),
        ("data or [1]", None),
        ("[1] if data else {}", None),
    ],
)
def test_what_socket_emit_takes(tmp_path, data, rule):
    text = f"{HEAD}@ws.on\ndef say(socket, data):\n    rows = [1, 2]\n    socket.emit('x', {data})"
    assert rules(tmp_path, text) == ([(6, rule)] if rule else [])


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        ("[1]", "emit-data"),
        ("7", "emit-data"),
        ("0", "emit-data"),
        ("False", "emit-data"),
        ("()", "emit-data"),
        ("[]", None),
        ("''", None),
        ("None", None),
        ("'text'", None),
    ],
)
def test_what_ws_emit_takes(tmp_path, data, rule):
    text = f"{HEAD}@ws.on\ndef say(socket, data):\n    ws.emit('x', {data})"
    assert rules(tmp_path, text) == ([(5, rule)] if rule else [])


@pytest.mark.parametrize(
    "body",
    [
        "@ws.on\ndef say(socket):\n    socket.get_argument('x')",
        "@ws.on\ndef say(socket):\n    look(socket)\ndef look(client):\n    client.get_argument('x')",
        (
            "class Chat:\n    @ws.on\n    def say(self, socket):\n        self.client = socket\n"
            "    def look(self):\n        self.client.get_argument('x')"
        ),
        (
            "class Chat:\n  @ws.on\n  def say(self, socket):\n    self.look(socket)\n"
            "  def look(self, client):\n    client.get_argument('x')"
        ),
        "@ws.on\ndef say():\n    for one in ws.handlers:\n        one.get_argument('x')",
        "@ws.on\ndef say():\n    return [one.get_argument('x') for one in list(ws.handlers)]",
        "@ws.on\ndef say():\n    return ws.handlers[0].get_argument('x')",
        "@ws.on\ndef say(socket):\n    return map(lambda key: socket.get_argument('x'), 'ab')",
    ],
)
def test_a_connection_is_known_wherever_it_is_passed(tmp_path, body):
    text = f"{HEAD}{body}"
    line = 1 + next(number for number, one in enumerate(text.split("\n")) if "get_argument" in one)
    assert rules(tmp_path, text) == [(line, "tornado-socket")]


def test_what_an_application_sets_on_a_connection_is_left_alone(tmp_path):
    body = "@ws.on\ndef say(socket):\n  socket.name = 1\n  socket.settings = 2\n  socket.close()\n  socket.websocket"
    assert rules(tmp_path, f"{HEAD}{body}") == []


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ("PeriodicCallback(print, 1000)", "timer-outside"),
        ("IOLoop.instance().add_callback(print)", "timer-outside"),
        ("def start(): PeriodicCallback(print, 1000)", "timer-outside"),
        ("@ws.on\ndef say(): PeriodicCallback(print, 1000)", "timer-in-handler"),
        ("loop = IOLoop.current()\n@ws.on\ndef say(): loop.call_later(1, print)", "timer-in-handler"),
        ("@ws.on\nasync def say(): IOLoop.current().call_later(1, print)", None),
        ("@ws.on\n@gen.coroutine\ndef say(): IOLoop.current().call_later(1, print)", None),
        ("class IOLoop: pass\nIOLoop.current().add_callback(print)", None),
        ("@ws.on\ndef say(): IOLoop.current().run_sync(print)", "run-sync"),
        ("@ws.on\nasync def say(): IOLoop.instance().run_sync(print)", "run-sync"),
        ("@ws.on\ndef say(): wait()\ndef wait(): loop.run_sync(print)\nloop = IOLoop.current()", "run-sync"),
        ("@ws.on\ndef say(): IOLoop().run_sync(print)", None),
        ("def command(): IOLoop.current().run_sync(print)", None),
        ("IOLoop.current().run_sync(print)", None),
        ("self.io_loop.add_callback(print)", None),
    ],
)
def test_timers(tmp_path, body, rule):
    head = "from tornado.ioloop import IOLoop, PeriodicCallback\nfrom tornado import gen\n"
    head = head if "class IOLoop" not in body else "\n"
    assert [found for _, found in rules(tmp_path, f"{head}{HEAD}{body}")] == ([rule] if rule else [])


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("ioloop.PeriodicCallback(print, 1, io_loop=None)", ["gone-from-tornado", "timer-outside"]),
        ("ioloop.PeriodicCallback(print, 1, loop)", ["gone-from-tornado", "timer-outside"]),
        ("ioloop.PeriodicCallback(print, 1, jitter=0.1)", ["timer-outside"]),
        ("httpserver.HTTPServer(app, io_loop=loop)", ["gone-from-tornado"]),
        ("HTTPServer(app, io_loop=loop)", []),
    ],
)
def test_an_argument_that_is_gone(tmp_path, call, expected):
    text = f"from tornado import httpserver, ioloop\n{call}"
    assert rules(tmp_path, text) == [(2, rule) for rule in expected]


def test_what_is_gone_is_known_though_it_came_with_an_asterisk(tmp_path):
    text = "from tornado.gen import *\nfrom django.db.models import *\n@engine\ndef run(): yield Task(Model)"
    assert rules(tmp_path, text) == [(3, "gone-from-tornado"), (4, "gone-from-tornado")]


@pytest.mark.parametrize(
    ("path", "is_found"),
    [
        (r"/room/(.*)", True),
        (r"/room/\d+", True),
        ("/room/[a-z]+", True),
        ("/room$", True),
        ("/room/<slug:room>", False),
        ("/room.old_1-2", False),
        ("room", False),
        ("", False),
    ],
)
def test_regular_expressions_as_paths(tmp_path, path, is_found):
    text = f"from tornado_websockets.websocket import WebSocket\nws = WebSocket(\n    r'{path}')"
    assert rules(tmp_path, text) == ([(2, "regex-path")] if is_found else [])


@pytest.mark.parametrize(
    ("signature", "is_found"),
    [
        ("self, socket, data", False),
        ("socket, room", False),
        ("socket, other=None", False),
        ("*args, **kwargs", False),
        ("socket, *, data", False),
        ("sock", True),
        ("socket, *, other", True),
        ("socket, other, /", True),
    ],
)
def test_signatures_of_handlers(tmp_path, signature, is_found):
    text = f"""\
        from tornado_websockets.websocket import WebSocket
        ws = WebSocket('/room/<slug:room>')
        @ws.on
        def say({signature}): ws.emit('x')
    """
    assert rules(tmp_path, text) == ([(4, "handler-signature")] if is_found else [])


@pytest.mark.parametrize(
    ("path", "is_found"),
    [
        ("'/%s/(.*)' % name", True),
        ("'/{}/(.*)'.format(name)", True),
        ("f'/{name}/(.*)'", True),
        ("PREFIX + '/(.*)'", True),
        ("'/%s/chat' % name", False),
        ("'/%(name)s/chat' % names", False),
        ("'/{0}/{name!r:>3}'.format(1, name=2)", False),
        ("f'/{name}/chat'", False),
        ("PREFIX + '/<slug:name>'", False),
    ],
)
def test_regular_expressions_in_paths_that_are_put_together(tmp_path, path, is_found):
    text = f"from tornado_websockets.websocket import WebSocket\nWebSocket({path})"
    assert rules(tmp_path, text) == ([(2, "regex-path")] if is_found else [])


def test_of_two_handlers_in_branches_only_one_is_defined(tmp_path):
    handlers = "{}:\n    @ws.on\n    def say(socket): pass\n{}:\n    @ws.on\n    def say(socket): pass\n"
    for branches in (("if DEBUG", "else"), ("if DEBUG", "elif TEST"), ("try", "except ImportError")):
        assert rules(tmp_path, HEAD + handlers.format(*branches)) == []
    assert rules(tmp_path, HEAD + handlers.format("if DEBUG", "if TEST")) == [(8, "registered-twice")]


def test_the_same_function_on_two_websockets_is_no_second_handler(tmp_path):
    text = f"{HEAD}other = WebSocket('/other')\n@ws.on\n@other.on\ndef say(socket): pass\nother.on(say)\nws.on(say)"
    assert rules(tmp_path, text) == []


def test_a_second_handler_is_found_in_another_file(tmp_path):
    chat = f"{HEAD}@ws.on\ndef say(socket): pass\n"
    assert rules(tmp_path, "from chat import ws\n@ws.on\ndef say(socket): pass\n", chat=chat) == [
        (3, "registered-twice")
    ]


def test_the_side_of_tornado(tmp_path):
    text = """\
        from tornado_websockets.tornadowrapper import TornadoWrapper as Wrapper
        from tornado_websockets.websockethandler import WebSocketHandler
        Wrapper.add_handlers([])
        class Mine(WebSocketHandler):
            pass
        isinstance(1, WebSocketHandler)
    """
    assert rules(tmp_path, text) == [(3, "tornado-mounted"), (4, "tornado-side")]


@pytest.mark.parametrize("own", ["def check_origin(self, origin): return True", "check_origin = lambda *_: True"])
def test_an_origin_check_of_its_own(tmp_path, own):
    text = f"""\
        from tornado.websocket import WebSocketHandler as Plain
        from tornado_websockets.websockethandler import WebSocketHandler
        class Mine(WebSocketHandler):
            x = 1
            {own}
        class Other(Plain):
            {own}
        class Third(WebSocketHandler):
            def open(self): pass
    """
    assert rules(tmp_path, text) == [(3, "tornado-side"), (5, "own-check-origin"), (8, "tornado-side")]


def test_a_script_that_python_names(tmp_path):
    text = "class Media:\n    js = ('tornado_websockets/client.js', 'tornado_websockets/tornadowebsocket.js')"
    assert rules(tmp_path, text) == [(2, "old-script")]


def test_names_that_go_in_circles_end(tmp_path):
    text = """\
        from chat import a as b
        from chat import *
        a = b
        class A(A): pass
        class B(C): pass
        class C(B): pass
        def f(): return f() or g() or f()
        def g(): return f() or g() or f()
        x = x.y
        y = y()
        f().emit(x, y, A().z, B().z)
        a().emit()
    """
    chat = "from views import b as a\nfrom views import *\n"
    assert rules(tmp_path, text, chat=chat) == []


def test_a_package_that_is_scanned_by_itself_knows_its_own_name(tmp_path):
    root = tmp_path / "chat"
    files = {"__init__.py": "", "websockets.py": HEAD, "views.py": "from chat.websockets import ws\nws.emit('x')"}
    assert found_in(root, files) == {("views.py", 2, "emit-outside")}
