"""The table of rules: every difference that can be seen in source, in the order of ``docs/upgrading.md``."""

from .findings import Finding, Rule, Severity

INSTALL = "Install, and ask what is to be done"
SCRIPTS = "Script names and reconnecting"
EMITTING = "`EMIT_ANYWHERE`"
TIMERS = "Timers"
SIZE = "Size"
CLOSING = "`close`, `open`"
DATA = "What `socket.emit` takes"
PORT = "The client's port"
REGISTRATION = "Registration"
PATHS = "Paths"
REST = "The rest"


def _must(name: str, title: str, why: str, how: str, section: str) -> Rule:
    return Rule(name, title, why, how, section, Severity.MUST, Severity.MUST)


def _must_on_asgi(name: str, title: str, why: str, how: str, section: str) -> Rule:
    return Rule(name, title, why, how, section, Severity.MUST, None)


def _look(name: str, title: str, why: str, how: str, section: str) -> Rule:
    return Rule(name, title, why, how, section, Severity.LOOK, Severity.LOOK)


def _look_on_asgi(name: str, title: str, why: str, how: str, section: str) -> Rule:
    return Rule(name, title, why, how, section, Severity.LOOK, None)


_TABLE = (
    _must(
        "old-distribution",
        "the old distribution, django-tornado-websockets",
        "It owns the same import name; of two that are installed, either may win, file by file.",
        "Require django-tornado-websockets-channels instead, and run `pip uninstall django-tornado-websockets` before "
        "you install it.",
        INSTALL,
    ),
    _must(
        "old-requirement",
        "a version of Django or Tornado that is too old",
        "This package needs Django 5.2 and Tornado 6.5.2, or newer.",
        "Raise the requirement, and follow Django's own release notes up to it.",
        INSTALL,
    ),
    _must(
        "not-python-3",
        "a file that uses this package and that Python 3 cannot read",
        "Nothing in it can run, and nothing else in it was looked at.",
        "Make it Python 3 first, then look again.",
        INSTALL,
    ),
    _must(
        "no-such-module",
        "an import that this package does not have",
        "It was a private part of the old package, or there is none of that name.",
        "Import what is public: tornado_websockets.websocket, .modules, .exceptions, .tornadowrapper, .testing.",
        INSTALL,
    ),
    _must(
        "no-app",
        "INSTALLED_APPS without tornado_websockets",
        "Then nobody finds the WebSockets, the scripts and the commands.",
        'Add "tornado_websockets", and "channels_bridge" for several processes.',
        INSTALL,
    ),
    _must_on_asgi(
        "no-asgi",
        "settings without ASGI_APPLICATION",
        "An ASGI server has nothing to serve.",
        "Add ASGI_APPLICATION as docs/guides/serving.md has it. Until then, `manage.py runtornado` serves.",
        INSTALL,
    ),
    _must_on_asgi(
        "asgi-without-websockets",
        "an asgi.py that serves no WebSockets",
        "Django's own application answers HTTP only.",
        'Add "websocket": websocket_application() of channels_bridge.asgi in a ProtocolTypeRouter.',
        INSTALL,
    ),
    _look(
        "old-script",
        "a browser script under its old name",
        "It works as it did then: it never connects again by itself. The new script does, and calls `open` each time.",
        "Nothing for now. Move to tornadowebsocket.js when `open` may run again; with {reconnect: false} it runs once.",
        SCRIPTS,
    ),
    _must(
        "no-such-script",
        "a browser script that this package does not have",
        "It is a 404, and an exception when the page is rendered under a manifest storage.",
        "Load tornado_websockets/tornadowebsocket.js and tornado_websockets/modules/progress_bar.js.",
        SCRIPTS,
    ),
    _look(
        "own-copy",
        "a copy of the old browser client",
        "A copy is not looked after: it connects to port 8000 where none is named, and never again by itself.",
        "Load the script of this package, under its old name first.",
        SCRIPTS,
    ),
    _look(
        "comes-back-by-itself",
        "a page that connects again by itself in `close`",
        "The new script does so already: there would be two connections after the first loss.",
        "Leave it to the script, or say {reconnect: false}.",
        SCRIPTS,
    ),
    _look(
        "listens-in-open",
        "a listener or a timer that is added in `open`",
        "The new script calls `open` at each reconnection, so there will be two of them, then three.",
        "Add it outside of `open`, or say {reconnect: false}.",
        SCRIPTS,
    ),
    _look(
        "message-event",
        "an event of the server that is named `message`",
        "client.js calls it with the data, as in 0.1. The new script calls it with the browser's event of any message.",
        "Nothing as long as the page loads client.js. Rename the event before it does not.",
        SCRIPTS,
    ),
    _look(
        "private-websocket",
        "`_websocket` of the browser client",
        "It works, with a warning in the console.",
        "Say `websocket`.",
        SCRIPTS,
    ),
    _look(
        "engine-elements",
        "a progress bar that a ready-made engine draws",
        "Its elements and their text are others than then, and an update without a label leaves the label as it was.",
        "Look at the style sheet, and at scripts that seek those elements.",
        SCRIPTS,
    ),
    _must(
        "emit-outside",
        "`emit` of a WebSocket outside of its handlers",
        "It raises EmitHandlerError there, as was always documented.",
        "Call `publish`, or set TORNADO_WEBSOCKETS = {'EMIT_ANYWHERE': True}, where the path has no parameters. What a "
        "command or another process sends needs CHANNEL_LAYERS to reach anybody.",
        EMITTING,
    ),
    _must_on_asgi(
        "timer-outside",
        "a timer of Tornado's loop that is made outside of handlers",
        "Only `manage.py runtornado` runs that loop. Under an ASGI server the timer never fires.",
        "Start a task from an `async def open`, or use a worker that calls `publish`.",
        TIMERS,
    ),
    _look(
        "timer-in-handler",
        "a timer of Tornado's loop in a plain handler",
        "It runs, on the event loop: there Django's ORM raises SynchronousOnlyOperation.",
        "Nothing where what it calls asks no database. Else query in the handler itself, or in a thread.",
        TIMERS,
    ),
    _must(
        "run-sync",
        "`run_sync` of Tornado's loop in a handler",
        "The loop is running already. In a plain handler it raises RuntimeError; in a coroutine it also stops the "
        "server, as it did then.",
        "Make the handler an `async def`, and await there what `run_sync` was given.",
        TIMERS,
    ),
    _look(
        "large-message",
        "a message that may be large",
        "One above 1 MB is refused with `too_large`; there was no limit.",
        "Raise TORNADO_WEBSOCKETS['MAX_MESSAGE_BYTES'], and the server's own limit, or upload by HTTP.",
        SIZE,
    ),
    _must(
        "reserved-event",
        "a page that sends `open` or `close`",
        "No client may: it is refused with `reserved_event`. The server calls both itself, once each.",
        "Give the event another name, here and in the handler. Where other handlers need what this one sets, set a "
        "default in an `open` handler: a client may leave, or send something else, before it.",
        CLOSING,
    ),
    _look(
        "open-close-handler",
        "a handler that ran at other times",
        "`open` runs once a client has connected, with empty data; `close` whenever it has gone, which it never did.",
        "Move what a page asked for to a handler of another name, and see what `close` does now that it runs.",
        CLOSING,
    ),
    _must(
        "emit-data",
        "`emit` of what is no object",
        "`data` must be a dict that JSON can write, or a string; anything else raises TypeError, NaN a ValueError.",
        'Put it into a dict, and read it from there in the page: socket.emit("rows", {"rows": rows}).',
        DATA,
    ),
    _look(
        "emit-text",
        "`socket.emit` of a string",
        'It was sent as it is. Now it is sent as {"message": string}, as `ws.emit` always did.',
        "Read `data.message` in the page.",
        DATA,
    ),
    _look(
        "default-port",
        "a client that names no port",
        "It connected to 8000. Now it connects to the port of the page, under the old names too.",
        "Nothing where one port serves both. Else say {port: 8000}, or let the proxy pass /ws/ on.",
        PORT,
    ),
    _look_on_asgi(
        "server-port",
        "the port of the server in a page that connects",
        "Behind a proxy, Tornado read it off the Host of the browser; of an ASGI server it is the port that this "
        "listens on, which a browser may not reach.",
        "Leave the option out: the client connects to the port of the page.",
        PORT,
    ),
    _must(
        "registered-twice",
        "a second handler for one event",
        "It raises WebSocketEventAlreadyBinded when the module is imported; in 0.2 the last one won.",
        "Rename one of the two, or drop the one that never ran.",
        REGISTRATION,
    ),
    _must(
        "handler-signature",
        "a handler that asks for an argument nothing can fill",
        "It raises TypeError when the module is imported; it used to fail at the event.",
        "A handler may take self, socket, data and the parameters of the path, under these names.",
        REGISTRATION,
    ),
    _must(
        "regex-path",
        "a regular expression as path",
        "Paths are taken literally, but for parameters as in Django's path(): this one would never match.",
        'Say WebSocket("/room/<slug:room>"), and take `room` in the handlers.',
        PATHS,
    ),
    _must_on_asgi(
        "tornado-socket",
        "a member that `socket` has on Tornado only",
        "Under an ASGI server it raises AttributeError.",
        "Each line names what to say instead.",
        REST,
    ),
    _look(
        "raw-frame",
        "a page that sends frames by itself",
        "Binary frames are refused with the warning `binary`; a text must be the JSON of an event.",
        "Send what is binary by HTTP, or as base64 with `emit`.",
        REST,
    ),
    _look(
        "unknown-event",
        "a page that sends an event without handler",
        "It was ignored; now the page gets the warning `unknown_event`, which is counted in `messages_refused`.",
        "Add the handler, or drop the call.",
        REST,
    ),
    _look(
        "other-origin",
        "a page that connects from another origin",
        "Handshakes are refused with 403 unless the page's host is allowed; all were accepted.",
        "Name the page's host, or origin, in TORNADO_WEBSOCKETS['ALLOWED_ORIGINS'].",
        REST,
    ),
    _look(
        "own-check-origin",
        "a `check_origin` in a WebSocketHandler of your own",
        "It is asked after our own check, on Tornado only: it can refuse more, and opens nothing that is refused.",
        'Name the hosts whose pages may connect: TORNADO_WEBSOCKETS = {"ALLOWED_ORIGINS": [...]}. Then take it out, '
        "unless it is stricter than that.",
        REST,
    ),
    _must(
        "gone-from-tornado",
        "a name that Tornado 6 does not have",
        "Importing or calling it fails.",
        "Each line names what to say instead.",
        REST,
    ),
    _look(
        "django-app-uncalled",
        "`django_app` without its parentheses",
        "It works, with a DeprecationWarning.",
        "Write tornado_websockets.django_app().",
        REST,
    ),
    _look(
        "tornado-key",
        "a key of TORNADO that means nothing",
        "It is ignored, with a line on stderr.",
        "The keys are port, address, handlers, settings and ssl.",
        REST,
    ),
    _look_on_asgi(
        "tornado-handlers",
        "a handler of Tornado's own in TORNADO",
        "Only `manage.py runtornado` serves it.",
        "Static files go to WhiteNoise or the web server, others become views.",
        REST,
    ),
    _must_on_asgi(
        "tornado-mounted",
        "what is mounted on Tornado by hand",
        "Under an ASGI server nobody serves it: a WebSocket there is refused as unknown.",
        "Leave `add_to_handlers=False` out of the WebSocket; others become views.",
        REST,
    ),
    _look_on_asgi(
        "tornado-side",
        "code for the side of Tornado",
        "Only `manage.py runtornado` uses it. Under an ASGI server it does nothing.",
        "Drop it when you leave runtornado; a connection's own things belong in its `open` and `close` handlers.",
        REST,
    ),
)

#: Every rule by its name, in the order of the report.
RULES: dict[str, Rule] = {rule.name: rule for rule in _TABLE}


def weigh(finding: Finding, *, stays_on_tornado: bool) -> Severity | None:
    """How much a finding matters, for where the project is to be served; ``None`` if it does not."""
    rule = RULES[finding.rule]
    return rule.on_tornado if stays_on_tornado else rule.severity
