"""The rows of a CSV file, and what a row must hold: both come from strangers."""

import csv
import io
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

COLUMNS = ("at", "temperature", "humidity", "wind")
MAX_BYTES = 2_000_000
# Databases keep moments in UTC, where the very first and last that can be written down do not exist.
EARLIEST = datetime(1700, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)


class UnreadableError(ValueError):
    """A file is no table of readings; the text is meant for who sent it."""


class Row(NamedTuple):
    """A row as it stands in the file."""

    line: int
    values: dict[str, Any]


class ReadingForm(forms.Form):
    """What the columns may hold."""

    at = forms.DateTimeField(validators=[MinValueValidator(EARLIEST), MaxValueValidator(LATEST)])
    temperature = forms.DecimalField(min_value=-90, max_value=60, decimal_places=1)
    humidity = forms.IntegerField(min_value=0, max_value=100)
    wind = forms.DecimalField(min_value=0, max_value=120, decimal_places=1)


def read_rows(content: bytes) -> list[Row]:
    """Return all rows of a CSV file in UTF-8, or raise `UnreadableError`."""
    try:
        text = content.decode("utf-8-sig")
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        missing = [column for column in COLUMNS if column not in (reader.fieldnames or [])]
        if missing:
            raise UnreadableError(f"Expected the columns {', '.join(COLUMNS)}; missing: {', '.join(missing)}.")
        rows = [Row(reader.line_num, values) for values in reader]
    except UnicodeDecodeError as error:
        raise UnreadableError("Expected a text file in UTF-8.") from error
    except csv.Error as error:
        raise UnreadableError(f"Expected a CSV file: {error}.") from error
    if not rows:
        raise UnreadableError("Expected rows below the names of the columns; there are none.")
    return rows
