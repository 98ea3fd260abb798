"""Pages: what templates and scripts load, make, send and listen to that is different now."""

import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from .findings import Finding
from .project import SourceFile
from .reading.aliases import find_aliases
from .reading.javascript import Call, Script, literal

# Where a path is put together: {% static 'a/' %}b.js, 'a/' + 'b.js', 'a/'|add:'b.js'.
_JOINT = r"""(?:['"]\s*(?:-?%\}|\}\}|(?:\+|\|\s*add\s*:)\s*['"]))?"""
_FOLDER = rf"tornado_websockets/{_JOINT}"
_MODULES = rf"modules/{_JOINT}"
#: Scripts of then, whatever stands before: in a page, in a bundle's list, in an import, there without a suffix too.
OLD_SCRIPT = re.compile(
    rf"""{_FOLDER}(?:client|{_MODULES}progressbar)(?:(?:\.min)?\.js\b|(?=['"`]))"""
    rf"|(?:{_FOLDER}(?:{_MODULES})?)?(?<![\w-])(?:tornadowebsocket|progress_bar)-es6(?:\.min)?(?:\.js)?\b"
)
_OF_OLD = {
    "tornado_websockets/client.js",
    "tornado_websockets/modules/progressbar.js",
    "tornado_websockets/modules/progress_bar-es6.js",
    "tornado_websockets/tornadowebsocket-es6.js",
}
_OF_PACKAGE = re.compile(r"(?<![\w-])tornado_websockets/[\w./-]+\.m?js\b")
_STATIC = Path(__file__).parents[1] / "static"
_NEW_SCRIPT = re.compile(r"tornado_websockets/tornadowebsocket\.m?js\b")
_OWN_COPY = re.compile(r"\b(?:class|function)\s+TornadoWebSocket\b|\bdjango-tornado-websockets-client\b")
_CLIENT_JS = re.compile(r"tornado_websockets/client(?:\.min)?\.js\b")
_ENGINE = re.compile(r"\bnew\s+ModuleProgressBar\s*\.\s*Engine(?:Html5|Bootstrap)\b")
_LISTENING = re.compile(
    r"\b(?:addEventListener|setInterval)\s*\(|\.(?:click|submit|keyup|keydown|keypress|change)\s*\(\s*(?:function|\()"
    r"|\$\([^()]*\)\s*\.\s*(?:on|bind|live|delegate)\s*\("
)
_COMING_BACK = re.compile(r"\bnew\s+TornadoWebSocket\b|\.connect\s*\(|\blocation\s*\.\s*reload\s*\(")
_FILE = re.compile(r"\bfile://")
_SERVER_PORT = re.compile(r"\{\{[^{}]*\b(?:SERVER_PORT|request\.get_port)\b[^{}]*\}\}")
_READING = re.compile(r"\.(?:readAsDataURL|readAsBinaryString|toDataURL)\s*\(")
_OWN_EVENTS = {"open", "close"}


class Pages:
    """All pages of a project, since one loads the script, and another uses what it defines.

    :param sources: templates and scripts.
    :param has_old_scripts: whether something that is no page names an old script.
    """

    def __init__(self, sources: Iterable[SourceFile], *, has_old_scripts: bool = False) -> None:
        self.scripts = [Script(source) for source in sources]
        self._copies = {script.source for script in self.scripts if _is_copy(script)}
        self._own = [script for script in self.scripts if script.source not in self._copies]
        self.has_old_scripts = has_old_scripts or self._have(OLD_SCRIPT) or bool(self._copies)
        self.has_client_js = self._have(_CLIENT_JS)
        self.has_new_scripts = self._have(_NEW_SCRIPT) and not self.has_old_scripts
        self._names = {name for script in self._own for name in script.names}
        self._modules = {name for script in self._own for name in script.module_names}
        self._called = {script: self._find_clients(script) for script in self.scripts}

    def sent_events(self) -> dict[str, list[tuple[Script, Call]]]:
        """Every event that some page sends with a client, and where."""
        sent: dict[str, list[tuple[Script, Call]]] = {}
        for script in self._own:
            for call in script.calls(self._clients(script), "emit"):
                event = literal(call.arguments[0]) if call.arguments else None
                if event is not None:
                    sent.setdefault(event, []).append((script, call))
        return sent

    def find(self, handled: Collection[str] | None) -> Iterator[Finding]:
        """What is to be done.

        :param handled: events that have a handler; ``None`` if they are not known.
        """
        for script in self.scripts:
            if script.source in self._copies:
                line = script.source.line_of(_OWN_COPY.search(script.code).start())  # type: ignore[union-attr]
                yield script.source.finding(line, "own-copy")
                continue
            yield from self._of_scripts(script)
            yield from self._of_clients(script)
            yield from self._of_listeners(script)
            yield from self._of_frames(script)
        yield from self._of_events(handled)

    def _of_scripts(self, script: Script) -> Iterator[Finding]:
        text = script.text
        for found in _OF_PACKAGE.finditer(text):
            if found[0] not in _OF_OLD and not (_STATIC / found[0]).is_file():
                yield self._at(script, found.start(), "no-such-script", f"there is no {found[0]}")
        for found in OLD_SCRIPT.finditer(text):
            name = script_name(found)
            if name in _OF_OLD or not name.startswith("tornado_websockets/"):
                yield self._at(script, found.start(), "old-script", f"{name} is loaded")
        if script.source.path.name in {"package.json", "bower.json"}:
            return
        if self.has_old_scripts:
            for found in _ENGINE.finditer(script.code):
                yield self._at(script, found.start(), "engine-elements")

    def _of_clients(self, script: Script) -> Iterator[Finding]:
        for making in script.makings:
            options = making.call.arguments[1] if len(making.call.arguments) > 1 else ""
            if self.has_old_scripts and _lacks_port(options):
                yield self._at(script, making.call.start, "default-port")
            host = re.search(r"\bhost['\"]?\s*:\s*(['\"])([^'\"{}]+)\1", options)
            if host is not None:
                yield self._at(script, making.call.start, "other-origin", f"pages of other hosts than {host[2]}")
        if script.makings:
            for found in _FILE.finditer(script.code):
                yield self._at(script, found.start(), "other-origin", "pages of file:// have the origin null")
            for found in _SERVER_PORT.finditer(script.text):
                yield self._at(script, found.start(), "server-port")
        for found in script.members(self._clients(script), r"_websocket\b"):
            yield self._at(script, found.start(), "private-websocket")

    def _of_listeners(self, script: Script) -> Iterator[Finding]:
        for call in script.calls(self._clients(script), "on"):
            event = literal(call.arguments[0]) if call.arguments else None
            if event == "message" and self.has_client_js:
                yield self._at(script, call.start, "message-event")
            if self.has_new_scripts and not self._stays_away(script):
                sought = {"open": _LISTENING, "close": _COMING_BACK}.get(event or "")
                rule = "listens-in-open" if event == "open" else "comes-back-by-itself"
                for found in sought.finditer(script.code, call.start, call.end) if sought else ():
                    yield self._at(script, found.start(), rule)

    def _of_frames(self, script: Script) -> Iterator[Finding]:
        names = self._clients(script)
        if not names:
            return
        for found in script.members(names, r"_?websocket\s*\.\s*(?:send\s*\(|binaryType\s*=)"):
            yield self._at(script, found.start(), "raw-frame")
        if next(script.calls(names, "emit"), None) is not None:
            for found in _READING.finditer(script.code):
                yield self._at(script, found.start(), "large-message", "a file or an image as text")

    def _of_events(self, handled: Collection[str] | None) -> Iterator[Finding]:
        for event, places in self.sent_events().items():
            for script, call in places:
                if event in _OWN_EVENTS:
                    yield self._at(script, call.start, "reserved-event")
                elif handled is not None and event not in handled and not event.startswith("module_"):
                    yield self._at(script, call.start, "unknown-event", f"no handler is named {event!r}")
        for script in self._own:
            for call in script.calls(self._of_modules(script), "emit"):
                if call.arguments and literal(call.arguments[0]) in _OWN_EVENTS:
                    yield self._at(script, call.start, "reserved-event", "no client may send a module's, either")

    def _clients(self, script: Script) -> set[str]:
        """What clients are called in this file: those made here, and those of other files that nothing else hides."""
        return self._called[script]

    def _find_clients(self, script: Script) -> set[str]:
        clients = script.names | (self._names - script.other_names - script.module_names)
        return clients | find_aliases(script.code, clients) if clients else clients

    def _of_modules(self, script: Script) -> set[str]:
        return script.module_names | (self._modules - script.other_names - self._names)

    def _stays_away(self, script: Script) -> bool:
        """Whether no client of this file connects again by itself."""
        return bool(script.makings) and all(
            len(making.call.arguments) > 1 and re.search(r"\breconnect\s*:\s*false\b", making.call.arguments[1])
            for making in script.makings
        )

    def _have(self, pattern: re.Pattern[str]) -> bool:
        return any(pattern.search(script.text) for script in self._own)

    def _at(self, script: Script, offset: int, rule: str, detail: str = "") -> Finding:
        return script.source.finding(script.source.line_of(offset), rule, detail)


def script_name(found: re.Match[str]) -> str:
    """The whole name of an old script that was found, however it is put together there."""
    name = re.sub(_JOINT, "", found[0])
    is_whole = name.endswith(".js") or not name.startswith("tornado_websockets/")
    return name if is_whole else f"{name}.js"


def _is_copy(script: Script) -> bool:
    return _OWN_COPY.search(script.code) is not None


def _lacks_port(options: str) -> bool:
    if not options:
        return True
    return options.startswith("{") and re.search(r"\bport\b", options) is None
