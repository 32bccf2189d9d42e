"""What the layout formats share: blocks on their way to Markdown, boxes, and the joining of printed lines."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from pipeline.types import Box

PICTURE = "![](image)"
_TAG = re.compile(r"<[^<>]*>")
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
# Lines of one block are one text in Chinese; between two words in Latin letters a blank is needed.
_WRAP = re.compile(r"(?<=[A-Za-z0-9,.;:])\n(?=[A-Za-z0-9])")


class Piece(NamedTuple):
    """Hold a block as Markdown, with the engine's label for it and its box."""

    text: str
    label: str
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class Format:
    """Describe a format.

    ``fits`` knows it by its content; ``pages`` cuts a file into pages by number (from 1), each of the same format;
    ``pieces`` lists the blocks of one page in reading order; ``sheet`` gives the unit of the boxes and the page's size.
    """

    name: str
    fits: Callable[[Any], bool]
    pages: Callable[[Any], dict[int, Any]]
    pieces: Callable[[Any], Iterator[Piece]]
    sheet: Callable[[Any], tuple[str | None, tuple[float, float] | None]]


def heading(text: str, level: int = 2) -> str:
    """Write a heading, each of its lines; Markdown has six levels."""
    signs = "#" * max(1, min(level, 6))
    lines = [line.strip().lstrip("#").strip() for line in text.splitlines()]
    return "\n".join(f"{signs} {line}" for line in lines if line)


def unwrap(text: str) -> str:
    """Join the printed lines of a block."""
    return _WRAP.sub(" ", text).replace("\n", "")


def untag(text: str) -> str:
    """Take the tags out of HTML and read its entities; ``<br>`` ends a line."""
    return html.unescape(_TAG.sub("", _BREAK.sub("\n", text))).strip()


def strings(value: Any) -> Iterator[str]:
    """List a text or the texts of a list."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, str) and item.strip():
            yield item.strip()


def to_box(value: Any) -> Box | None:
    """Read ``[x0, y0, x1, y1]`` or a polygon ``[[x, y], …]``; ``None`` for what is neither."""
    if not isinstance(value, list | tuple) or not value:
        return None
    if all(isinstance(point, list | tuple) and len(point) == 2 for point in value):
        xs, ys = zip(*value, strict=True)
        if not all(map(_is_number, (*xs, *ys))):
            return None
        value = [min(xs), min(ys), max(xs), max(ys)]
    if len(value) != 4 or not all(map(_is_number, value)):
        return None
    x0, y0, x1, y1 = (round(float(number), 2) for number in value)
    return x0, y0, x1, y1


def to_size(value: Any) -> tuple[float, float] | None:
    """Read ``[width, height]``; ``None`` for anything else."""
    if isinstance(value, list | tuple) and len(value) == 2 and all(map(_is_number, value)):
        return float(value[0]), float(value[1])
    return None


def _is_number(value: Any) -> bool:
    """Say whether a value is a finite number (JSON as Python reads it has NaN and Infinity)."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and abs(value) < 1e9


def numbered(pages: Iterable[Any]) -> dict[int, Any]:
    """Number pages from 1."""
    return dict(enumerate(pages, 1))


def by_index(items: Iterable[tuple[Any, Any]]) -> dict[int, list[Any]]:
    """Gather items by a zero-based page index; what bears none belongs to the first page."""
    pages: dict[int, list[Any]] = {}
    for index, item in items:
        place = index if isinstance(index, int) and not isinstance(index, bool) and index >= 0 else 0
        pages.setdefault(place + 1, []).append(item)
    return dict(sorted(pages.items()))
