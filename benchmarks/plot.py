"""Results as a picture, in SVG: one panel for each work that several did, one bar for each of them."""

from collections.abc import Iterable
from html import escape

from .comparison import Result
from .targets import Spread

_WIDTH, _LABELS, _VALUES = 810, 250, 180
_ROW, _GAP, _MARGIN = 22, 34, 20

_STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600 } .label { text-anchor: end }
  .bar { fill: #8b949e } .ours { fill: #0969da } .spread { stroke: #1f2328 }
  .ground { fill: #ffffff }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .bar { fill: #6e7681 } .ours { fill: #4493f8 } .spread { stroke: #e6edf3 }
    .ground { fill: #0d1117 }
  }
"""


def plot(results: Iterable[Result]) -> str:
    """Draw everyone's main figure."""
    panels, top = [], _MARGIN
    for result in results:
        if len(result.rounds) > 1:
            panels.append(_panel(result, top))
            top += len(result.rounds) * _ROW + _ROW + _GAP
    size = f'viewBox="0 0 {_WIDTH} {top}" width="{_WIDTH}" height="{top}"'
    body = f'<style>{_STYLE}</style>\n<rect class="ground" width="100%" height="100%"/>\n{"".join(panels)}'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">\n{body}</svg>\n'


def _panel(result: Result, top: int) -> str:
    figure = next(iter(result.rounds[result.comparison.ours][0]))
    spreads = {name: Spread.of(result.values(name, figure)) for name in result.rounds}
    scale = (_WIDTH - _LABELS - _VALUES) / max(spread.median for spread in spreads.values())
    own = spreads[result.comparison.ours].median
    whom = "ours" if result.comparison.ours == "ours" else "the first"
    lines = [f'<text class="title" x="{_MARGIN}" y="{top + 14}">{escape(result.comparison.title)}, {figure}</text>\n']
    for row, (name, spread) in enumerate(spreads.items(), start=1):
        is_own = name == result.comparison.ours
        ratio = "" if is_own else f", {spread.median / own:.2g} times {whom}"
        text = f"{spread.median:.3g}{ratio}"
        kind = "bar ours" if is_own else "bar"
        lines.append(f'<g transform="translate(0 {top + row * _ROW})">{_bar(name, spread, text, scale, kind)}</g>\n')
    return "".join(lines)


def _bar(name: str, spread: Spread, text: str, scale: float, kind: str) -> str:
    width = max(1.0, spread.median * scale)
    least, most = (_LABELS + min(value * scale, _WIDTH - _LABELS) for value in (spread.least, spread.most))
    return (
        f'<text class="label" x="{_LABELS - 8}" y="13">{escape(name)}</text>'
        f'<rect class="{kind}" x="{_LABELS}" y="0" width="{width:.1f}" height="16" rx="2"/>'
        f'<line class="spread" x1="{least:.1f}" x2="{most:.1f}" y1="8" y2="8"/>'
        f'<text x="{max(_LABELS + width, most) + 8:.1f}" y="13">{text}</text>'
    )
