"""Curves as tables, in Markdown."""

from collections.abc import Iterable, Iterator, Mapping

from ..report import left_out, table
from ..targets import Spread
from .curves import Grown


def growth_tables(all_grown: Iterable[Grown]) -> str:
    """For each kind of growth a table, and what there is to say about it."""
    return "\n".join(_section(grown) for grown in all_grown)


def _section(grown: Grown) -> str:
    growth = grown.growth
    head = [growth.what, *(f"{size:,}" for size in growth.sizes), "last / least"]
    rows = [[name, *_cells(points, growth.sizes)] for name, points in grown.points.items()]
    parts = [f"### {growth.title}\n", f"{growth.figure}; medians.\n", table(head, rows)]
    parts += [f"{text}\n" for text in (growth.note, left_out(grown.left_out).rstrip()) if text]
    return "\n".join(parts)


def _cells(points: Mapping[int, Spread], sizes: Iterable[int]) -> Iterator[str]:
    for size in sizes:
        yield f"{points[size].median:.3g}" if size in points else ""
    medians = [spread.median for spread in points.values()]
    yield f"{medians[-1] / min(medians):.2f}"
