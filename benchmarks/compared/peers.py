"""Who is compared, in which version, and how its servers are started."""

from dataclasses import dataclass
from functools import partial

from .. import environments
from ..processes import Command, python
from .dialects import ACTIONS, EVENTS, SOCKETIO, TYPES, TYPES_WITH_SLASH, Dialect
from .returning import BY_ITSELF, WITH_POSITION, Returning

_PROJECTS = "benchmarks.compared.projects"

#: What every environment has besides, so that all run on the same.
_SERVING = ("Django==5.2.19", "uvicorn[standard]==0.54.0", "websockets==17.4", "redis==8.1.0")


@dataclass(frozen=True)
class Peer:
    """A package, and the project that is written with it.

    ``name`` heads its column; ``package`` is what its version is asked of; ``requirements`` are installed into an
    environment of its own, none meaning that it runs in this one; ``project`` has its settings; ``serves`` are the
    arguments of the Python that serves, in which ``{port}`` is one; ``has_pages_beside`` says that Django's pages need
    a server of their own, ``publishes_itself`` that its WebSocket server alone can publish, and
    ``spans_processes`` that an event reaches clients of other processes; ``returning`` is how its own client comes
    back.
    """

    name: str
    package: str
    project: str
    serves: tuple[str, ...]
    dialect: Dialect
    requirements: tuple[str, ...] = ()
    has_pages_beside: bool = False
    publishes_itself: bool = False
    spans_processes: bool = True
    returning: Returning = BY_ITSELF

    @property
    def settings(self) -> str:
        return f"{_PROJECTS}.{self.project}.settings"

    @property
    def python(self) -> str:
        return environments.program(self.project) if self.requirements else environments.own()

    @property
    def command(self) -> Command:
        return python(*self.serves, program=self.python)

    def why_absent(self) -> str | None:
        """Why it can not be had here, if so; it is installed when this is first asked."""
        return environments.absence(self.project, self.requirements) if self.requirements else None

    def version(self) -> str:
        return environments.version(self.python, self.package)


def uvicorn(application: str) -> tuple[str, ...]:
    """Arguments of the Python that serves an application on uvicorn."""
    return ("-m", "uvicorn", "--host", "127.0.0.1", "--port", "{port}", "--log-level", "warning", application)


OURS = Peer(
    "this package",
    "django-tornado-websockets-channels",
    "ours",
    uvicorn("channels_bridge.serve:application"),
    EVENTS,
    returning=WITH_POSITION,
)

_in_project = partial("{}.{}".format, _PROJECTS)

DJANGO_SOCKET = Peer(
    "django-socket",
    "django-socket",
    "with_django_socket",
    uvicorn(_in_project("site.asgi:application")),
    TYPES,
    ("django-socket[redis]==0.3.0", *_SERVING),
)
WEBROCKETS = Peer(
    "webrockets",
    "webrockets",
    "with_webrockets",
    ("-m", "django", "runwebsockets"),
    TYPES_WITH_SLASH,
    ("webrockets[django]==0.2.2", *_SERVING),
    has_pages_beside=True,
)
DJANGO_BOLT = Peer(
    "django-bolt",
    "django-bolt",
    "with_bolt",
    ("-m", "django", "runbolt", "--host", "127.0.0.1", "--port", "{port}", "--no-admin"),
    TYPES,
    ("django-bolt==0.3.12", *_SERVING),
    has_pages_beside=True,
    publishes_itself=True,
    spans_processes=False,
)

PEERS = (
    OURS,
    Peer(
        "Channels by hand",
        "channels",
        "by_hand",
        uvicorn(_in_project("by_hand.asgi:application")),
        EVENTS,
        ("channels==4.3.2", "channels_redis==4.3.0", *_SERVING),
    ),
    Peer(
        "chanx",
        "chanx",
        "with_chanx",
        uvicorn(_in_project("with_chanx.asgi:application")),
        ACTIONS,
        ("chanx[channels]==2.13.0", "channels==4.3.2", "channels_redis==4.3.0", *_SERVING),
    ),
    DJANGO_SOCKET,
    Peer(
        "python-socketio",
        "python-socketio",
        "with_socketio",
        uvicorn(_in_project("with_socketio.asgi:application")),
        SOCKETIO,
        ("python-socketio==5.18.1", *_SERVING),
    ),
    WEBROCKETS,
    DJANGO_BOLT,
)
