"""The import: one at a time, in a thread of its own, and in a row of the database for all processes to see."""

import logging
import threading
from typing import Protocol, TypedDict

from django.db import IntegrityError, connection, transaction

from weather.models import Import, Reading
from weather.table import ReadingForm, Row

BATCH = 25  # rows of a transaction, and of a step of the progress
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
    """Somebody has cancelled the import, or given it up."""


class Audience(Protocol):
    """Whoever is told how an import goes on; called in the thread of the import."""

    def begin(self, rows: int) -> None: ...
    def advance(self, rows: int, label: str) -> None: ...
    def report(self) -> None: ...


def start(file: str, rows: list[Row], audience: Audience) -> None:
    """Import `rows` in the background, or raise `BusyError`."""
    Import.give_up_silent()
    try:
        with transaction.atomic():
            job = Import.objects.create(file=file[-255:], rows=len(rows))
    except IntegrityError as error:
        raise BusyError("Another import is running. Wait for its end, or cancel it.") from error
    # A daemon, since a server that stops need not wait: what is in the database is whole batches, and the same file
    # can be imported once more.
    threading.Thread(target=_run, args=(job, rows, audience), name="import", daemon=True).start()


def cancel(pk: object) -> None:
    """End this import, if it runs, before its next batch; what was imported until then stays."""
    if isinstance(pk, int):  # it comes from a stranger
        Import.objects.filter(pk=pk, state=Import.State.RUNNING).update(state=Import.State.CANCELLED)


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


def _run(job: Import, rows: list[Row], audience: Audience) -> None:
    try:
        audience.begin(len(rows))
        audience.report()
        _import(job, rows, audience)
        job.change(Import.State.DONE)
    except EndedError:
        pass
    except Exception:
        logger.exception("The import of %s failed.", job.file)
        job.change(Import.State.FAILED)
    finally:
        audience.report()
        connection.close()  # which is this thread's own


def _import(job: Import, rows: list[Row], audience: Audience) -> None:
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        with transaction.atomic():
            for row in batch:
                _store(job, row)
            if not job.change(Import.State.RUNNING):
                raise EndedError
        # After the commit: inside the transaction, what is sent would wait for it.
        audience.advance(len(batch), describe(job.handled, job.rows))
        audience.report()


def _store(job: Import, row: Row) -> None:
    form = ReadingForm(row.values)
    if not form.is_valid():
        _refuse(job, row, form)
        return
    values = {**form.cleaned_data}
    # A second import of a file changes nothing.
    _, is_new = Reading.objects.update_or_create(at=values.pop("at"), defaults=values)
    if is_new:
        job.added += 1
    else:
        job.updated += 1


def _refuse(job: Import, row: Row, form: ReadingForm) -> None:
    job.refused += 1
    if len(job.errors) < SHOWN_ERRORS:
        reasons = [f"{column}: {text}" for column, texts in form.errors.items() for text in texts]
        job.errors.append(f"Line {row.line}: {' '.join(reasons)}")
