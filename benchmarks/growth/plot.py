"""Curves as a picture, in SVG: one panel for each kind of growth, both axes logarithmic."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

from ..targets import Spread
from .curves import Grown

_WIDTH, _HEIGHT = 760, 270
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 210, 44, 60
_LINE_HEIGHT = 16

#: Of the curves, in their order: ours come first.
_COLOURS = ("ours", "second", "other", "fourth", "fifth")

_STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600 } .y { text-anchor: end } .x { text-anchor: middle }
  .ground { fill: #ffffff } .grid { stroke: #d1d9e0; stroke-width: 1 }
  path { fill: none; stroke-width: 2 } circle { stroke: none }
  .ours { stroke: #0969da; fill: #0969da } .second { stroke: #1a7f37; fill: #1a7f37 }
  .other { stroke: #6e7781; fill: #6e7781 } .fourth { stroke: #9a6700; fill: #9a6700 }
  .fifth { stroke: #8250df; fill: #8250df }
  text { stroke: none !important } path { fill: none !important }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .ground { fill: #0d1117 } .grid { stroke: #30363d }
    .ours { stroke: #4493f8; fill: #4493f8 } .second { stroke: #3fb950; fill: #3fb950 }
    .other { stroke: #9198a1; fill: #9198a1 } .fourth { stroke: #d29922; fill: #d29922 }
    .fifth { stroke: #ab7df8; fill: #ab7df8 }
  }
"""


@dataclass(frozen=True)
class _Scale:
    """From values to places on an axis; ``least`` and ``most`` are powers of ten or the ends themselves."""

    least: float
    most: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        share = log10(value / self.least) / log10(self.most / self.least)
        return self.start + share * (self.end - self.start)


def plot(all_grown: Iterable[Grown]) -> str:
    """Draw the curves of each kind of growth."""
    drawn = [grown for grown in all_grown if grown.points]
    panels = "".join(
        f'<g transform="translate(0 {row * _HEIGHT})">{_panel(each)}</g>\n' for row, each in enumerate(drawn)
    )
    height = _HEIGHT * len(drawn)
    size = f'viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
    body = f'<style>{_STYLE}</style>\n<rect class="ground" width="100%" height="100%"/>\n{panels}'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">\n{body}</svg>\n'


def _panel(grown: Grown) -> str:
    spreads = [spread for points in grown.points.values() for spread in points.values()]
    sizes = [size for size in grown.growth.sizes if any(size in points for points in grown.points.values())]
    across = _Scale(sizes[0], max(sizes[-1], sizes[0] + 1), _LEFT, _WIDTH - _RIGHT)
    low = 10 ** floor(log10(min(spread.least for spread in spreads)))
    high = 10 ** ceil(log10(max(spread.most for spread in spreads)))
    up = _Scale(low, max(high, 10 * low), _HEIGHT - _BOTTOM, _TOP)
    title = f"{grown.growth.title}: {grown.growth.figure}"
    parts = [f'<text class="title" x="20" y="24">{escape(title)}</text>', _grid(sizes, across, up, grown.growth.what)]
    curves = list(zip(grown.points.items(), _COLOURS, strict=False))
    parts += [_curve(points, colour, across, up) for (_, points), colour in curves]
    return "\n".join(parts) + _labels(curves, up)


def _grid(sizes: list[int], across: _Scale, up: _Scale, what: str) -> str:
    parts, right = [], _WIDTH - _RIGHT
    for power in range(round(log10(up.least)), round(log10(up.most)) + 1):
        y = up(10.0**power)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="y" x="{_LEFT - 8}" y="{y + 4:.1f}">{10.0**power:,g}</text>')
    y = _HEIGHT - _BOTTOM + 18.0
    parts += [f'<text class="x" x="{across(size):.1f}" y="{y}">{size:,}</text>' for size in sizes]
    parts.append(f'<text class="x" x="{(_LEFT + right) / 2}" y="{y + _LINE_HEIGHT}">{escape(what)}</text>')
    return "\n".join(parts)


def _curve(points: Mapping[int, Spread], colour: str, across: _Scale, up: _Scale) -> str:
    places = [(across(size), spread) for size, spread in points.items()]
    line = " L".join(f"{x:.1f} {up(spread.median):.1f}" for x, spread in places)
    parts = [f'<path class="{colour}" d="M{line}"/>']
    for x, spread in places:
        parts.append(f'<path class="{colour}" d="M{x:.1f} {up(spread.least):.1f} V{up(spread.most):.1f}"/>')
        parts.append(f'<circle class="{colour}" cx="{x:.1f}" cy="{up(spread.median):.1f}" r="3.5"/>')
    return "\n".join(parts)


def _labels(curves: list[tuple[tuple[str, Mapping[int, Spread]], str]], up: _Scale) -> str:
    """Each curve's name beside its end, moved down where another's is too near."""
    ends = sorted((up(list(points.values())[-1].median), name, colour) for (name, points), colour in curves)
    parts, lowest = [], 0.0
    for end, name, colour in ends:
        lowest = max(end + 4, lowest + _LINE_HEIGHT)
        parts.append(f'<text class="{colour}" x="{_WIDTH - _RIGHT + 12}" y="{lowest:.1f}">{escape(name)}</text>')
    return "\n".join(parts)
