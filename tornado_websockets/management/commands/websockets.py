"""``manage.py websockets``: every WebSocket, for people, as AsyncAPI, or for TypeScript; or what goes on in them."""

import asyncio
import json
from argparse import ArgumentParser
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from tornado_websockets.core.delivery.hub import hub
from tornado_websockets.management import agents
from tornado_websockets.schema.documents import asyncapi, listing, typescript
from tornado_websockets.schema.documents.description import describe
from tornado_websockets.schema.documents.names import ascii_identifier, identifier
from tornado_websockets.serving.discovery import discover
from tornado_websockets.websocket import endpoint_of, registry

#: The channel layer that reaches no other process.
_IN_MEMORY: Final = "channels.layers.InMemoryChannelLayer"


class Command(BaseCommand):
    """Describes what the registry has, or asks the processes that serve it."""

    help = (
        "Lists every WebSocket with its handlers, their arguments, what it sends, and its options; with --live, all "
        "processes that have clients, and who is connected."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        form = parser.add_mutually_exclusive_group()
        form.add_argument("--asyncapi", action="store_true", help="Print an AsyncAPI 3.0 document instead.")
        form.add_argument("--typescript", action="store_true", help="Print a module of TypeScript instead.")
        form.add_argument("--agents", action="store_true", help="Print a section for notes to coding agents instead.")
        form.add_argument("--live", action="store_true", help="Print what goes on now in all processes instead.")
        parser.add_argument("--find", default="", help="With --live, connections that have this somewhere.")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 Django gives it
        if options["find"] and not options["live"]:
            raise CommandError("--find picks connections, which are shown with --live.")
        if options["agents"]:
            self.stdout.write(agents.section(), ending="")
            return
        if options["live"]:
            self.stdout.write(self._readable(self._look(options["find"])), ending="")
            return
        discover()
        endpoints = map(endpoint_of, registry)
        spell = ascii_identifier if options["asyncapi"] else identifier
        described = describe((endpoint for endpoint in endpoints if not endpoint.is_hidden), spell)
        if options["asyncapi"]:
            title = getattr(settings, "ROOT_URLCONF", "").partition(".")[0] or "WebSockets"
            document = asyncapi.write(*described, title=title, version="1.0.0")
            self.stdout.write(json.dumps(document, indent=2, allow_nan=False))
        elif options["typescript"]:
            self.stdout.write(typescript.write(*described), ending="")
        else:
            self.stdout.write(self._readable(listing.write(*described)), ending="")

    def _readable(self, text: str) -> str:
        """A text with question marks for what the terminal has no characters for: users choose their names."""
        encoding = getattr(self.stdout, "encoding", None) or "utf-8"
        return text.encode(encoding, "replace").decode(encoding)

    def _look(self, find: str) -> str:
        from tornado_websockets.live import terminal

        layers = getattr(settings, "CHANNEL_LAYERS", None)
        if not layers:
            raise CommandError("Nobody can be asked: processes hear each other by CHANNEL_LAYERS, which is not set.")
        if layers.get("default", {}).get("BACKEND") == _IN_MEMORY:
            raise CommandError("Nobody can be asked: each process has the channel layer of CHANNEL_LAYERS to itself.")
        try:
            return asyncio.run(terminal.look(hub, find))
        except terminal.Unreachable:
            raise CommandError("Nobody can be asked: the channel layer does not answer.") from None
