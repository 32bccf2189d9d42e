"""Draw points on one or several panels as an SVG, without a library: a picture of a page is not worth a dependency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

# Pixels of a panel and its margins.
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 520, 380, 64, 24, 40, 52
OURS, OTHERS, LINE = "#b3261e", "#3b5b7a", "#cccccc"
FONT = 'font-family="sans-serif" font-size="12"'
# Height of a label, and how wide one of its characters is taken to be.
LABEL_HEIGHT, CHAR_WIDTH = 14, 6.6


@dataclass(frozen=True, slots=True)
class Point:
    """Hold a point with its label; ``ours`` sets it off."""

    label: str
    x: float
    y: float
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """Hold points of one plot; ``x`` is logarithmic, and ``y`` too where ``log_y``; ``joined`` draws a line."""

    title: str
    x_label: str
    y_label: str
    points: Sequence[Point]
    log_y: bool = False
    joined: bool = False


class Scale:
    """Turn values of an axis into pixels between two ends."""

    def __init__(self, values: Sequence[float], ends: tuple[float, float], *, log: bool) -> None:
        self.log = log
        self.ends = ends
        low, high = min(values), max(values)
        if log:
            self.low, self.high = float(floor(log10(low))), float(ceil(log10(high)))
            self.high += self.low == self.high
        else:
            room = max(0.1 * (high - low), 0.02)
            self.low, self.high = max(0.0, low - room), high + room

    def __call__(self, value: float) -> float:
        """Give the pixel of a value."""
        at = log10(value) if self.log else value
        share = (at - self.low) / (self.high - self.low)
        return self.ends[0] + share * (self.ends[1] - self.ends[0])

    def ticks(self) -> list[tuple[float, str]]:
        """List values to write at the axis: powers of ten, or tenths and their halves."""
        if self.log:
            powers = range(int(self.low), int(self.high) + 1)
            return [(10.0**power, f"{10**power:,}" if power >= 0 else f"{10.0**power:g}") for power in powers]
        step = 0.1 if self.high - self.low > 0.35 else 0.05
        first = ceil(self.low / step - 1e-9)
        return [(number * step, f"{number * step:.2f}") for number in range(first, floor(self.high / step + 1e-9) + 1)]


def draw(panels: Sequence[Panel]) -> str:
    """Draw panels below each other as one SVG document; panels without points are left out."""
    panels = [panel for panel in panels if panel.points]
    height = HEIGHT * max(1, len(panels))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
    ]
    for number, panel in enumerate(panels):
        parts += [f'<g transform="translate(0 {number * HEIGHT})">', *_panel(panel), "</g>"]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _panel(panel: Panel) -> list[str]:
    """Draw one panel."""
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    x = Scale([point.x for point in panel.points], (LEFT, right), log=True)
    y = Scale([point.y for point in panel.points], (bottom, TOP), log=panel.log_y)
    parts = [_text(panel.title, LEFT, 22, weight="bold")]
    for value, label in x.ticks():
        parts += [_line(x(value), TOP, x(value), bottom), _text(label, x(value), bottom + 18, anchor="middle")]
    for value, label in y.ticks():
        parts += [_line(LEFT, y(value), right, y(value)), _text(label, LEFT - 8, y(value) + 4, anchor="end")]
    parts.append(_text(panel.x_label, (LEFT + right) / 2, bottom + 40, anchor="middle"))
    parts.append(_text(panel.y_label, LEFT + 6, TOP + 14))
    if panel.joined:
        places = " ".join(f"{x(point.x):.1f},{y(point.y):.1f}" for point in panel.points)
        parts.append(f'<polyline points="{places}" fill="none" stroke="{OURS}"/>')
    taken: list[tuple[float, float, float]] = []
    for point in sorted(panel.points, key=lambda point: -point.y):
        color = OURS if point.ours else OTHERS
        parts.append(f'<circle cx="{x(point.x):.1f}" cy="{y(point.y):.1f}" r="4" fill="{color}"/>')
        if point.label:
            parts.append(_label(point, x(point.x), y(point.y), color, taken))
    return parts


def _label(point: Point, x: float, y: float, color: str, taken: list[tuple[float, float, float]]) -> str:
    """Write a point's label beside it, on the side that has room, below labels that stand there already."""
    width = CHAR_WIDTH * len(point.label)
    right = x + 8 + width <= WIDTH
    start = x + 8 if right else x - 8 - width
    at = y + 4
    while any(abs(at - other) < LABEL_HEIGHT and start < end and begin < start + width for begin, end, other in taken):
        at += LABEL_HEIGHT
    taken.append((start, start + width, at))
    return _text(point.label, x + 8 if right else x - 8, at, anchor="start" if right else "end", color=color)


def _text(text: str, x: float, y: float, *, anchor: str = "start", color: str = "black", weight: str = "normal") -> str:
    """Write a text."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" {FONT} font-weight="{weight}" text-anchor="{anchor}" fill="{color}">'
        f"{escape(text)}</text>"
    )


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    """Draw a line of the grid."""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{LINE}"/>'
