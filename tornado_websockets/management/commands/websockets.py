"""``manage.py websockets``: what every WebSocket takes and sends, for people, as AsyncAPI, or for TypeScript."""

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from tornado_websockets.management import agents
from tornado_websockets.schema import asyncapi, listing, typescript
from tornado_websockets.schema.description import describe
from tornado_websockets.serving.discovery import discover
from tornado_websockets.websocket import endpoint_of, registry


class Command(BaseCommand):
    """Describes what the registry has."""

    help = "Lists every WebSocket with its handlers, their arguments, what it sends, and its options."

    def add_arguments(self, parser: ArgumentParser) -> None:
        form = parser.add_mutually_exclusive_group()
        form.add_argument("--asyncapi", action="store_true", help="Print an AsyncAPI 3.0 document instead.")
        form.add_argument("--typescript", action="store_true", help="Print a module of TypeScript instead.")
        form.add_argument("--agents", action="store_true", help="Print a section for notes to coding agents instead.")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 Django gives it
        if options["agents"]:
            self.stdout.write(agents.section(), ending="")
            return
        discover()
        described = describe(map(endpoint_of, registry))
        if options["asyncapi"]:
            title = settings.ROOT_URLCONF.partition(".")[0]
            document = asyncapi.write(*described, title=title, version="1.0.0")
            self.stdout.write(json.dumps(document, indent=2))
        else:
            form = typescript if options["typescript"] else listing
            self.stdout.write(form.write(*described), ending="")
