"""python-socketio beside Django, on Redis."""

from benchmarks.compared.projects.site.settings import *  # noqa: F403

PUBLISH = "benchmarks.compared.projects.with_socketio.asgi.publish"
