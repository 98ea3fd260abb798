"""The import: one at a time, in a thread of its own."""

import logging
import threading
from typing import Literal, Protocol, TypedDict

from django.db import connection, transaction

from weather.models import Reading
from weather.table import ReadingForm, Row

BATCH = 25  # rows of a transaction, and of a step of the progress
SHOWN_ERRORS = 5

logger = logging.getLogger(__name__)

State = Literal["idle", "running", "done", "cancelled", "failed"]


class Report(TypedDict):
    """How an import stands, as clients get it."""

    state: State
    file: str
    rows: int
    added: int
    updated: int
    refused: int
    errors: list[str]
    stored: int


class BusyError(RuntimeError):
    """Another import is running."""


class Audience(Protocol):
    """Whoever is told how an import goes on; called in the thread of the import."""

    def begin(self, rows: int) -> None: ...
    def advance(self, rows: int, label: str) -> None: ...
    def report(self, report: Report) -> None: ...


class Importer:
    """Puts rows into the database, and tells `audience`."""

    def __init__(self, audience: Audience) -> None:
        self._audience = audience
        self._lock = threading.Lock()
        self._is_cancelled = threading.Event()
        self._report = _blank_report("idle", "", 0)

    def start(self, file: str, rows: list[Row]) -> None:
        """Import `rows` in the background, or raise `BusyError`."""
        with self._lock:
            if self._report["state"] == "running":
                raise BusyError("Another import is running. Wait for its end, or cancel it.")
            self._report = _blank_report("running", file, len(rows))
            self._is_cancelled.clear()
        # A daemon, since a server that stops need not wait: what is in the database is whole batches,
        # and the same file can be imported once more.
        threading.Thread(target=self._run, args=(rows,), name="import", daemon=True).start()

    def cancel(self) -> None:
        """End after the batch that is at work; what was imported until then stays."""
        self._is_cancelled.set()

    def read_report(self) -> Report:
        """Return how the latest import stands, and how many readings there are now."""
        report = self._report
        return {**report, "errors": [*report["errors"]], "stored": Reading.objects.count()}

    def _run(self, rows: list[Row]) -> None:
        state: State = "failed"
        try:
            self._audience.begin(len(rows))
            self._audience.report(self.read_report())
            state = self._import(rows)
        except Exception:
            logger.exception("The import of %s failed.", self._report["file"])
        finally:
            self._report["state"] = state
            self._audience.report(self.read_report())
            connection.close()  # which is this thread's own

    def _import(self, rows: list[Row]) -> State:
        for start in range(0, len(rows), BATCH):
            if self._is_cancelled.is_set():
                return "cancelled"
            batch = rows[start : start + BATCH]
            with transaction.atomic():
                for row in batch:
                    self._store(row)
            # After the commit: inside the transaction, what is sent would wait for it.
            self._audience.advance(len(batch), f"Row {start + len(batch):,} of {len(rows):,}")
            self._audience.report(self.read_report())
        return "done"

    def _store(self, row: Row) -> None:
        form = ReadingForm(row.values)
        if not form.is_valid():
            self._refuse(row, form)
            return
        values = {**form.cleaned_data}
        # A second import of a file changes nothing.
        _, is_new = Reading.objects.update_or_create(at=values.pop("at"), defaults=values)
        self._report["added" if is_new else "updated"] += 1

    def _refuse(self, row: Row, form: ReadingForm) -> None:
        self._report["refused"] += 1
        if len(self._report["errors"]) < SHOWN_ERRORS:
            reasons = [f"{column}: {text}" for column, texts in form.errors.items() for text in texts]
            self._report["errors"].append(f"Line {row.line}: {' '.join(reasons)}")


def _blank_report(state: State, file: str, rows: int) -> Report:
    return {
        "state": state,
        "file": file,
        "rows": rows,
        "added": 0,
        "updated": 0,
        "refused": 0,
        "errors": [],
        "stored": 0,
    }
