"""The import: one at a time, in a thread of its own, and in a row of the database for all processes to see."""

import logging
import threading
from collections.abc import Callable
from typing import Any

from django.db import IntegrityError, connection, transaction
from typing_extensions import TypedDict

from tornado_websockets.exceptions import Cancelled
from tornado_websockets.modules import ProgressBar
from weather.models import Import, Reading
from weather.table import ReadingForm, Row

BATCH = 25  # rows of a transaction, and of a step of the progress
CHECKED = 400  # rows that are checked between two signs of life
SHOWN_ERRORS = 5

logger = logging.getLogger(__name__)


class Report(TypedDict):
    """How the latest import stands, as clients get it; without one there are only the readings."""

    id: int
    state: str
    file: str
    rows: int
    handled: int
    added: int
    updated: int
    refused: int
    errors: list[str]
    stored: int


class BusyError(RuntimeError):
    """Another import is running."""


class EndedError(RuntimeError):
    """Somebody has given the import up."""


def start(file: str, rows: list[Row], bar: ProgressBar, report: Callable[[], None]) -> None:
    """Import `rows` in the background, or raise `BusyError`.

    `bar` tells how far it is, and `report` what has become of the rows; both in the thread of the import.
    """
    Import.give_up_silent()
    try:
        with transaction.atomic():
            job = Import.objects.create(file=file[-255:], rows=len(rows))
    except IntegrityError as error:
        raise BusyError("Another import is running. Wait for its end, or cancel it.") from error
    # A thread, since the example runs with one command, and the one backend of django.tasks that Django has for jobs
    # does them before the request is answered. A daemon, since a server that stops need not wait: what is in the
    # database is whole batches, and the same file can be imported once more.
    threading.Thread(target=_run, args=(job, rows, bar, report), name="import", daemon=True).start()


def describe(handled: int, rows: int) -> str:
    """Say where an import is."""
    return f"Row {handled:,} of {rows:,}"


def read_report() -> Report:
    """Return how the latest import stands, and how many readings there are now."""
    job = Import.objects.last() or Import(pk=0, state="idle", rows=0)
    return {
        "id": job.pk,
        "state": job.apparent_state,
        "file": job.file,
        "rows": job.rows,
        "handled": job.handled,
        "added": job.added,
        "updated": job.updated,
        "refused": job.refused,
        "errors": job.errors,
        "stored": Reading.objects.count(),
    }


def _run(job: Import, rows: list[Row], bar: ProgressBar, report: Callable[[], None]) -> None:
    try:
        with bar:
            with bar.stage("Check"):
                report()
                readings = _check(job, rows, bar)
            with bar.stage("Store", max=len(readings)):
                _store(job, readings, bar, report)
        job.change(Import.State.DONE)
    except Cancelled:
        job.change(Import.State.CANCELLED)
    except EndedError:
        pass
    except Exception:
        logger.exception("The import of %s failed.", job.file)
        job.change(Import.State.FAILED)
    finally:
        report()
        connection.close()  # which is this thread's own


def _check(job: Import, rows: list[Row], bar: ProgressBar) -> list[dict[str, Any]]:
    """Return what the rows hold that make sense."""
    readings = []
    for row in bar.track(rows, label=lambda row: f"Line {row.line:,}"):
        form = ReadingForm(row.values)
        if form.is_valid():
            readings.append({**form.cleaned_data})
        else:
            _refuse(job, row, form)
        if row.line % CHECKED == 0:
            _go_on(job)
    _go_on(job)
    bar.log(f"{len(readings):,} of {len(rows):,} rows make sense")
    return readings


def _store(job: Import, readings: list[dict[str, Any]], bar: ProgressBar, report: Callable[[], None]) -> None:
    for start in range(0, len(readings), BATCH):
        batch = readings[start : start + BATCH]
        with transaction.atomic():
            for reading in batch:
                _store_one(job, reading)
            _go_on(job)
        # After the commit: what is told is so.
        bar.current += len(batch) - 1  # the tick adds one
        bar.tick(describe(start + len(batch), len(readings)))
        report()
    bar.log(f"{job.added:,} are new, {job.updated:,} were there")


def _store_one(job: Import, reading: dict[str, Any]) -> None:
    # A second import of a file changes nothing.
    _, is_new = Reading.objects.update_or_create(at=reading.pop("at"), defaults=reading)
    if is_new:
        job.added += 1
    else:
        job.updated += 1


def _go_on(job: Import) -> None:
    """Let others know that it is at work, or raise `EndedError`."""
    if not job.change(Import.State.RUNNING):
        raise EndedError


def _refuse(job: Import, row: Row, form: ReadingForm) -> None:
    job.refused += 1
    if len(job.errors) < SHOWN_ERRORS:
        reasons = [f"{column}: {text}" for column, texts in form.errors.items() for text in texts]
        job.errors.append(f"Line {row.line}: {' '.join(reasons)}")
