"""``manage.py runtornado``: serve WebSockets and Django with Tornado."""

import errno
import os
import re
import ssl
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from tornado_websockets import django_app
from tornado_websockets.discovery import discover
from tornado_websockets.tornadowrapper import TornadoWrapper

_KEYS = {"port", "address", "handlers", "settings", "ssl"}
_ADDRESS = re.compile(r"(?:(?P<address>\[[0-9a-fA-F:.]+\]|[^:\[\]]+):)?(?P<port>\d+)")


class Command(BaseCommand):
    """Reads ``settings.TORNADO``; a port, or address and port, on the command line come first."""

    help = "Serves WebSockets and Django with Tornado, as settings.TORNADO says."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("addrport", nargs="?", metavar="[ADDRESS:]PORT", help="Where to listen.")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 Django gives it
        configuration = _configuration()
        address, port = _where(options["addrport"], configuration)
        context = _ssl_context(configuration.get("ssl"))
        discover()
        try:
            TornadoWrapper.start_app(configuration.get("handlers", [django_app()]), configuration.get("settings"))
        except TypeError as error:
            raise CommandError(f"settings.TORNADO cannot be used: {error}") from error
        try:
            TornadoWrapper.listen(port, address, context)
        except OSError as error:
            raise CommandError(_why(error, address, port)) from error
        TornadoWrapper.loop()


def _configuration() -> dict[str, Any]:
    configuration = getattr(settings, "TORNADO", None)
    if not isinstance(configuration, dict):
        raise CommandError(
            f"settings.TORNADO is {configuration!r}; expected a dict such as TORNADO = {{'port': 8000}}. "
            f"Its keys are: {', '.join(sorted(_KEYS))}."
        )
    unknown = sorted(set(configuration) - _KEYS)
    if unknown:
        raise CommandError(
            f"settings.TORNADO has the unknown keys {', '.join(map(repr, unknown))}; "
            f"its keys are: {', '.join(sorted(_KEYS))}."
        )
    return configuration


def _where(given: str | None, configuration: dict[str, Any]) -> tuple[str | None, int]:
    address, port = configuration.get("address"), configuration.get("port")
    if given is not None:
        match = _ADDRESS.fullmatch(given)
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
