"""Those who take part from environments of their own, most of which ``benchmarks.compared`` has too."""

from dataclasses import replace
from functools import partial

from . import environments
from .client.dialects import PATHS, SOCKETIO, Dialect
from .compared.peers import DJANGO_BOLT as BOLT_PEER
from .compared.peers import DJANGO_SOCKET as SOCKET_PEER
from .compared.peers import WEBROCKETS as WEBROCKETS_PEER
from .contestant import Contestant
from .lineup import compressed, uvicorn
from .processes import ROOT, Command, python

_HERE = "benchmarks.contestants.apart"

WEBROCKETS = Contestant(
    "webrockets",
    python("-m", f"{_HERE}.webrockets_server", "{port}", program=WEBROCKETS_PEER.python),
    Dialect("/ws/{event}/", PATHS.encode),
    absence=WEBROCKETS_PEER.why_absent,
    is_apart=True,
)
DJANGO_SOCKET = Contestant(
    "django-socket",
    uvicorn(f"{_HERE}.with_django_socket.asgi:application", program=SOCKET_PEER.python),
    PATHS,
    {"DJANGO_SETTINGS_MODULE": f"{_HERE}.with_django_socket.settings", "BENCHMARK_LAYER": "none"},
    absence=SOCKET_PEER.why_absent,
    is_apart=True,
)
DJANGO_BOLT = Contestant(
    "django-bolt",
    python(*BOLT_PEER.serves, program=BOLT_PEER.python),
    PATHS,
    {"DJANGO_SETTINGS_MODULE": f"{_HERE}.with_bolt.settings", "BENCHMARK_LAYER": "none"},
    absence=BOLT_PEER.why_absent,
    is_apart=True,
)


WSE = Contestant(
    "wse-server",
    python("-m", f"{_HERE}.wse_chat", "{port}", program=environments.program("with_wse")),
    PATHS,
    absence=partial(environments.absence, "with_wse", ("wse-server==2.5.1",), (3, 12)),
    is_apart=True,
)

_NODE = "with_node"
_PACKAGES = ("socket.io@4.8.4", "ws@8.23.0", "bufferutil@4", "utf-8-validate@6")


def _node(program: str, *arguments: str) -> Command:
    script = ROOT / "benchmarks" / "contestants" / "apart" / "node" / program
    return lambda port: ["node", str(script), str(port), *arguments]


_on_node = partial(
    Contestant,
    environment={"NODE_PATH": str(environments.directory(_NODE) / "node_modules")},
    absence=partial(environments.node_absence, _NODE, _PACKAGES),
    is_apart=True,
)
NODE_SOCKETIO = _on_node("Socket.IO on Node", _node("socketio.js"), SOCKETIO)
NODE_WS = _on_node("ws on Node", _node("ws.js"), PATHS)
NODE_WS_COMPRESSED = compressed(replace(NODE_WS, command=_node("ws.js", "compressed")))
