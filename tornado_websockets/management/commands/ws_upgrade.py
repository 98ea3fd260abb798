"""``manage.py ws_upgrade``: list what is to be done when an application of django-tornado-websockets moves here."""

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    """Reads the files of a project, and imports none of them."""

    help = (
        "Lists what is to be done when an application that was written for django-tornado-websockets moves to this "
        "package. Ends with 1 when something must be changed. The project is read, not imported; if manage.py does "
        "not start, say python -m tornado_websockets.upgrading."
    )
    requires_system_checks: list[str] = []  # noqa: RUF012 Django's own form; a project in need of this passes none

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", nargs="?", default=".", help="Directory of the project. Default: this one.")
        parser.add_argument(
            "--runtornado",
            action="store_true",
            help="Leave out what has to be changed only when an ASGI server takes the place of manage.py runtornado.",
        )
        parser.add_argument(
            "--fix",
            action="store_true",
            help="Show as a diff what can be changed without thought, and ask whether to.",
        )
        parser.add_argument(
            "--noinput",
            "--no-input",
            action="store_false",
            dest="interactive",
            help="With --fix: change the files without asking.",
        )

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 Django gives it
        from tornado_websockets.upgrading.report import printable
        from tornado_websockets.upgrading.scan import scan

        root = Path(options["path"])
        if not root.is_dir():
            raise CommandError(f"Expected the directory of a project, got {printable(root)!r}.", returncode=2)
        found = scan(root)
        try:
            if options["fix"] and self._fix(found, root, is_asked=options["interactive"]):
                found = scan(root)
            self._report(found, stays_on_tornado=options["runtornado"])
        finally:
            self._flush()

    def _report(self, found: Any, *, stays_on_tornado: bool) -> None:
        from tornado_websockets.upgrading.findings import Severity
        from tornado_websockets.upgrading.report import summarize, write_report
        from tornado_websockets.upgrading.rules import weigh

        weighed = [(finding, weigh(finding, stays_on_tornado=stays_on_tornado)) for finding in found.findings]
        counted = [(finding, severity) for finding, severity in weighed if severity is not None]
        styles = {"must": self.style.ERROR, "look": self.style.WARNING}
        for kind, line in write_report(counted, found.unread):
            self._say(line, styles.get(kind))
        if any(severity is Severity.MUST for _, severity in counted):
            raise CommandError(summarize(counted))
        self._say(summarize(counted))

    def _fix(self, found: Any, root: Path, *, is_asked: bool) -> bool:
        """Show what can be changed, and change it if that is wanted; whether anything was changed."""
        from tornado_websockets.upgrading.fixes import find_fixes
        from tornado_websockets.upgrading.report import printable

        fixes = find_fixes(found)
        for fix in fixes.files:
            for line in fix.diff():
                self._say(self._paint(printable(line)))
        if fixes.hindrances:
            self._say("Pages keep the old scripts, since the new ones would behave otherwise:")
            for hindrance in fixes.hindrances:
                self._say(f"  {hindrance}")
        if not fixes.files:
            self._say("Nothing can be changed without thought.")
            return False
        if is_asked and not self._is_wanted(len(fixes.files)):
            self._say("Nothing was changed.")
            return False
        for fix in fixes.files:
            self._apply(fix, root)
        return True

    def _apply(self, fix: Any, root: Path) -> None:
        from tornado_websockets.upgrading.report import printable

        path = printable(fix.source.path)
        try:
            is_applied = fix.apply(root)
        except OSError as error:
            self.stderr.write(f"{path} was left as it is: {error.strerror}")
            return
        self._say(f"{path} was changed." if is_applied else f"{path} was left: it is not what was read.")

    def _say(self, line: str, style: Any = None) -> None:
        """Write a line in what the terminal, or the file behind a pipe, can take."""
        encoding = getattr(self.stdout, "encoding", None) or "utf-8"
        try:
            self.stdout.write(line.encode(encoding, "backslashreplace").decode(encoding), style)
        except BrokenPipeError:
            self._write_to_nobody()

    def _flush(self) -> None:
        try:
            self.stdout.flush()
        except BrokenPipeError:
            self._write_to_nobody()

    def _write_to_nobody(self) -> None:
        """Go on, since what is to be done decides on the status, without whoever has read enough: `| head`."""
        nobody = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nobody, self.stdout.fileno())
        os.close(nobody)

    def _paint(self, line: str) -> str:
        if line.startswith("+"):
            return self.style.SUCCESS(line)
        return self.style.ERROR(line) if line.startswith("-") else line

    def _is_wanted(self, count: int) -> bool:
        files = "1 file" if count == 1 else f"{count} files"
        try:
            return input(f"Change {files}? [y/N] ").strip().lower() in {"y", "yes"}
        except EOFError:
            self._say("\nNobody answers: say --no-input to change them without being asked.")
            return False
