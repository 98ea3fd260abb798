"""``manage.py runtornado``: serve WebSockets and Django with Tornado."""

import errno
import os
import re
import ssl
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from tornado_websockets import django_app
from tornado_websockets.garbage import spare_what_is_there
from tornado_websockets.serving.discovery import discover
from tornado_websockets.tornado_bridge.server import TornadoWrapper
from tornado_websockets.tornado_bridge.templates import read_templates_anew

#: Where it listens unless it is told.
DEFAULT_PORT = 8000

_KEYS = {"port", "address", "handlers", "settings", "ssl"}
_ADDRESS = re.compile(r"(?:(?P<address>\[[0-9a-fA-F:.]+\]|[^:\[\]]+):)?(?P<port>\d+)")


class Command(BaseCommand):
    """Reads ``settings.TORNADO``; a port, or address and port, on the command line come first."""

    help = "Serves WebSockets and Django with Tornado, as settings.TORNADO says."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("port", nargs="?", metavar="[ADDRESS:]PORT", help=f"Where to listen; {DEFAULT_PORT}.")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 Django gives it
        configuration = _configuration()
        for note in _notes(configuration):
            self.stderr.write(self.style.WARNING(note))
        address, port = _where(options["port"], configuration)
        context = _ssl_context(configuration.get("ssl"))
        discover()
        read_templates_anew()
        try:
            TornadoWrapper.start_app(configuration.get("handlers", [django_app()]), configuration.get("settings"))
        except TypeError as error:
            raise CommandError(f"settings.TORNADO cannot be used: {error}") from error
        try:
            TornadoWrapper.listen(port, address, context)
        except OSError as error:
            raise CommandError(_why(error, address, port)) from error
        spare_what_is_there()
        TornadoWrapper.loop()


def _configuration() -> dict[str, Any]:
    configuration = getattr(settings, "TORNADO", {})
    if not isinstance(configuration, dict):
        raise CommandError(
            f"settings.TORNADO is {configuration!r}; expected a dict such as TORNADO = {{'port': 8000}}. "
            f"Its keys are: {', '.join(sorted(_KEYS))}."
        )
    return configuration


def _notes(configuration: dict[str, Any]) -> Iterator[str]:
    """What works, and should be written otherwise."""
    unknown = sorted(map(repr, set(configuration) - _KEYS))
    if unknown:
        keys = ", ".join(sorted(_KEYS))
        yield f"settings.TORNADO has the unknown keys {', '.join(unknown)}, which do nothing; its keys are: {keys}."
    handlers = configuration.get("handlers")
    if handlers is django_app or (isinstance(handlers, (list, tuple)) and django_app in handlers):
        yield "settings.TORNADO['handlers'] has tornado_websockets.django_app uncalled; write django_app()."


def _where(given: Any, configuration: dict[str, Any]) -> tuple[str | None, int]:
    address, port = configuration.get("address"), configuration.get("port", DEFAULT_PORT)
    if given is not None:  # a number, from call_command
        match = _ADDRESS.fullmatch(str(given))
        if match is None:
            raise CommandError(f"Expected PORT or ADDRESS:PORT, got {given!r}.")
        address, port = match["address"] or address, int(match["port"])
    if not isinstance(port, int) or isinstance(port, bool) or not 0 <= port < 1 << 16:
        raise CommandError(
            f"Expected a port from 0 to 65535 on the command line or as settings.TORNADO['port'], got {port!r}."
        )
    return address and address.strip("[]"), port


def _ssl_context(files: Any) -> ssl.SSLContext | None:
    if files is None:
        return None
    if not _are_files(files):
        raise CommandError(
            f"settings.TORNADO['ssl'] is {files!r}; expected {{'certfile': ..., 'keyfile': ...}}, paths of PEM files."
        )
    for path in files.values():
        if not Path(path).is_file():
            raise CommandError(f"settings.TORNADO['ssl'] names {str(path)!r}, which is not a file.")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(files["certfile"], files.get("keyfile"))
    except (OSError, ssl.SSLError) as error:
        raise CommandError(f"The certificate or key of settings.TORNADO['ssl'] cannot be used: {error}") from error
    return context


def _are_files(value: Any) -> bool:
    has_names = isinstance(value, dict) and {"certfile"} <= set(value) <= {"certfile", "keyfile"}
    return has_names and all(isinstance(path, (str, os.PathLike)) for path in value.values())


def _why(error: OSError, address: str | None, port: int) -> str:
    where = f"port {port}" if address is None else f"{address}, port {port}"
    if error.errno == errno.EADDRINUSE:
        return f"Cannot listen on {where}: something else does already. Choose another: manage.py runtornado PORT."
    return f"Cannot listen on {where}: {error}"
