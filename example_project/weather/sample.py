"""A file to try the import with: invented readings, the same each time."""

import csv
import io
import math
import random
from datetime import UTC, datetime, timedelta

from weather.table import COLUMNS

NAME = "readings.csv"
HOURS = 2400  # a hundred days
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def write_sample() -> bytes:
    """Return a CSV file of hourly readings from the first of January into April."""
    chance = random.Random(1)  # noqa: S311 nobody is to be surprised
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for hour in range(HOURS):
        at = BEGIN + timedelta(hours=hour)
        warmth = math.sin(math.tau * (hour - 9) / 24) - 2 * math.cos(math.tau * hour / 24 / 365)
        temperature = 9 + 4 * warmth + chance.gauss(0, 1)
        humidity = min(100, max(20, round(75 - 8 * warmth + chance.gauss(0, 4))))
        writer.writerow([at.isoformat(), f"{temperature:.1f}", humidity, f"{chance.weibullvariate(4, 2):.1f}"])
    return file.getvalue().encode()
