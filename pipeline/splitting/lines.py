"""Page → lines: text without its markup, hard-wrapped columns joined.

Engines wrap text in Markdown or HTML. What the markup claims (heading depth, bold) is kept beside the text as weak
evidence; the characters of the markup itself are left out and accounted for as markup.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from pipeline.splitting.grammar import normalise
from pipeline.text import AlignedText, count_visible
from pipeline.types import Page
from pipeline.wrapping import MARKED_SHARE, SLACK, SURE_WIDTH, begins_piece, cells_of, has_marks

_CLOSERS = "”’」』）】》〉\"'"
_TERMINALS = "。！？；…：!?"
_IMAGE = re.compile(r"!\[[^\]\n]{0,500}\]\([^)\n]{0,2000}\)")
_TAG = re.compile(r"</?[a-zA-Z][^<>\n]{0,300}>")
# A line break inside a line of Markdown, with the blanks around it.
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_CAPTION_TAG = re.compile(r"<caption[ >]", re.IGNORECASE)
# Longest cell that is a table's heading.
_MAX_CAPTION = 40
_CELL_TAG = re.compile(r"<t[dh][ >]", re.IGNORECASE)
_HEADING = re.compile(r"[ \t]*(#{1,6})(?=[ \t\u3000]|[^#\s])[ \t\u3000]*")
_CELLS = re.compile(r"(?<!\\)\|")
_SEPARATOR = re.compile(r"\|?(?:[ \t]*:?-+:?[ \t]*\|)+(?:[ \t]*:?-+:?[ \t]*)?")
_PAGE_RULE = re.compile(r"\s*(?:\{?\d{0,4}\}?-{3,}|={3,}|\*{3,}|_{3,}|```.*|\\newpage|\f)\s*")
_QUOTE = re.compile(r"\s*(?:>|[-*+](?=[ \t]))[ \t]*")


@dataclass(slots=True)
class Line:
    """Hold one line of the cleaned page: its text without markup, and what the markup said."""

    number: int
    content: AlignedText
    key: str
    start: int
    end: int
    level: int = 0
    bold: bool = False
    bold_run: int = 0
    gap: bool = False
    image: bool = False
    indent: bool = False
    shape: Literal["text", "table", "image"] = "text"


def ends_open(key: str) -> bool:
    """Say whether a text stops inside a sentence: no full stop, question mark or the like at its end."""
    end, opened, straight = len(key.rstrip()), "“" in key, key.count('"')
    while end and key[end - 1] in _CLOSERS:
        if end > 1 and key[end - 2] in _TERMINALS:
            return False
        if key[end - 1] in "”’」』\"'" and (opened or straight) and end > 2:
            # A quotation may close a sentence whose stop stands inside; without one the sentence goes on.
            return True
        straight -= key[end - 1] == '"'
        end -= 1
        while end and key[end - 1].isspace():
            end -= 1
    return end > 0 and key[end - 1] not in _TERMINALS


def scan_lines(page: Page, cleaned: AlignedText) -> list[Line]:
    """Cut the cleaned page into lines and take comments, tags, image links, # and ** off them."""
    text = cleaned.text
    newlines = [match.start() for match in re.finditer("\n", page.text)]
    hidden = _hidden(text)
    lines: list[Line] = []
    gap, image, at, hide = True, False, 0, 0
    for raw in text.splitlines(keepends=True):
        start, end = at, at + len(raw)
        at = end
        while hide < len(hidden) and hidden[hide][1] <= start:
            hide += 1
        pieces = _visible(start, end, hidden, hide)
        headed = bool(lines) and (lines[-1].level > 0 or lines[-1].bold)
        found = _table_rows(cleaned, pieces, start, end, headed=headed) if _CELL_TAG.search(raw) else []
        if not found:
            parts = _broken(text, start, end, pieces)
            found = [line for part in parts if (line := _make_line(cleaned, start, end, part)) is not None]
        if not found or cleaned.source_at(found[0].start) < page.body_start:
            gap = gap or not found
            if "![" in raw or "<img" in raw:
                image = True
                if lines:
                    lines[-1].image = True
            continue
        found[0].image, image = image, False
        found[0].gap, gap = gap, False
        for line in found:
            line.number = bisect_right(newlines, cleaned.source_at(line.start) - 1) + 1
        lines += found
    _mark_rows(lines)
    return lines


# Rows of a table set in blanks: fewer than this, or fewer with figures than half, are a list.
_MIN_ROWS = 3
# Rows of one block may differ by one cell: a place of a table left empty.
_CELLS_APART = 1


def _mark_rows(lines: list[Line]) -> None:
    """Read runs of lines with the same number of cells parted by blanks as the rows of a table."""
    at = 0
    while at < len(lines):
        stop, counts = at, [_count_cells(lines[at])]
        while counts[-1] and stop < len(lines) and max(counts) - min(counts) <= _CELLS_APART:
            stop += 1
            counts.append(_count_cells(lines[stop]) if stop < len(lines) else 0)
        figures = sum(any(char.isdigit() for char in line.key) for line in lines[at:stop])
        alike = len(set(counts[: stop - at])) <= 1 or not any(line.gap for line in lines[at + 1 : stop])
        if stop - at >= _MIN_ROWS and 2 * figures >= stop - at and alike:
            for line in lines[at:stop]:
                line.shape = "table"
        at = max(stop, at + 1)


def _count_cells(line: Line) -> int:
    return len(cells_of(line.key)) if _is_plain(line) else 0


def _hidden(text: str) -> list[tuple[int, int]]:
    """List the stretches that are markup wherever they stand: comments, image links, tags."""
    spans = list(_comments(text))
    for pattern in (_IMAGE, _TAG):
        spans += [match.span() for match in pattern.finditer(text)]
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _comments(text: str) -> Iterator[tuple[int, int]]:
    """Find HTML comments; one that is never closed is text."""
    at = text.find("<!--")
    while at >= 0:
        end = text.find("-->", at + 4)
        if end < 0:
            return
        yield at, end + 3
        at = text.find("<!--", end + 3)


def _broken(text: str, start: int, end: int, pieces: list[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """Part a line's visible stretches at its <br> tags; a heading or a row of cells that has some stays one."""
    breaks = [match.start() for match in _BREAK.finditer(text, start, end)]
    line = text[start:end].strip()
    bold = line.startswith("**") and text.count("**", start, breaks[0] if breaks else start) % 2
    if not breaks or line.startswith(("#", "|")) or bold or not pieces:
        return [pieces]
    parts: list[list[tuple[int, int]]] = [[] for _ in range(len(breaks) + 1)]
    for piece in pieces:
        parts[bisect_right(breaks, piece[0])].append(piece)
    return [part for part in parts if part]


def _table_rows(
    cleaned: AlignedText, pieces: list[tuple[int, int]], start: int, end: int, *, headed: bool
) -> list[Line]:
    """Make a line of every row of an HTML table, its cells parted by a blank; of its caption, a heading."""
    rows: list[list[AlignedText]] = [[]]
    at = start
    for low, high in pieces:
        if "tr" in cleaned.text[at:low].lower():
            rows.append([])
        cell = cleaned.slice(low, high).strip()
        if cell.text:
            rows[-1].append(cell)
        at = high
    lines = []
    for number, row in enumerate(row for row in rows if row):
        content = AlignedText.join(row, " ")
        line = Line(0, content, normalise(content.text), start, end, shape="table")
        # A caption, or one cell above rows of several, is the table's heading.
        wide = number == 0 and len(row) == 1 and len(rows) > _MIN_ROWS and not headed and len(line.key) <= _MAX_CAPTION
        captioned = number == 0 and len(row) == 1 and _CAPTION_TAG.search(cleaned.text, start, end)
        if wide or captioned:
            line.shape, line.bold = "text", True
        lines.append(line)
    return lines


def _visible(start: int, end: int, hidden: Sequence[tuple[int, int]], at: int) -> list[tuple[int, int]]:
    """List the stretches of a line that no hidden stretch covers."""
    pieces: list[tuple[int, int]] = []
    while at < len(hidden) and hidden[at][0] < end:
        low, high = hidden[at]
        if low > start:
            pieces.append((start, low))
        start = max(start, high)
        at += 1
    if start < end:
        pieces.append((start, end))
    return pieces


def _make_line(cleaned: AlignedText, start: int, end: int, pieces: list[tuple[int, int]]) -> Line | None:
    """Make a line of its visible pieces; ``None`` when nothing is left of it."""
    text = cleaned.text
    kept = [(low, high) for low, high in pieces if not text[low:high].isspace()]
    if not kept:
        return None
    low, high = kept[0]
    indent = text[low : low + 2] in ("\u3000\u3000", "  ") or text[low : low + 1] == "\t"
    level = 0
    if low == start or text[start:low].isspace():
        quote = _QUOTE.match(text, low, high)
        low = quote.end() if quote and quote.end() < high else low
        heading = _HEADING.match(text, low, high)
        if heading:
            level, low = len(heading.group(1)), heading.end()
    kept[0] = (low, high)
    if _PAGE_RULE.fullmatch(text[low:high].strip()) and len(kept) == 1:
        return None
    return _strip_bold(cleaned, kept, start, end, level, indent=indent)


def _strip_bold(  # noqa: C901
    cleaned: AlignedText, pieces: list[tuple[int, int]], start: int, end: int, level: int, *, indent: bool
) -> Line | None:
    """Take ** out of a line; remember whether all of it, or its beginning, stood between them."""
    text = cleaned.text
    parts: list[AlignedText] = []
    bold, inside, length, bold_run, plain = False, False, 0, 0, 0
    for low, high in pieces:
        at = low
        while at < high:
            mark = text.find("**", at, high)
            stop = high if mark < 0 else mark
            if stop > at:
                parts.append(cleaned.slice(at, stop))
                length += stop - at
                if inside:
                    bold = True
                elif count_visible(text[at:stop]):
                    plain += stop - at
            if mark < 0:
                break
            if inside and not plain:
                bold_run = length
            inside = not inside
            at = mark + 2
    content = AlignedText.join(parts)
    lead = len(content.text) - len(content.text.lstrip(" \t\r\n\f\v\u3000\xa0\u200b\ufeff"))
    content = content.strip()
    if level and content.text.endswith("#"):
        content = content.slice(0, len(content.text.rstrip("#"))).strip()
    if not content.text:
        return None
    if _SEPARATOR.fullmatch(content.text):
        return None
    key = normalise(content.text)
    shape: Literal["text", "table", "image"] = "text"
    if len(_CELLS.findall(content.text)) >= 3 or (
        content.text[0] == "|" and content.text[-1] == "|" and len(content.text) > 2
    ):
        shape = "table"
    whole_bold = bold and not plain
    return Line(0, content, key, start, end, level, whole_bold, max(0, bold_run - lead), indent=indent, shape=shape)


def group_lines(lines: list[Line]) -> Iterator[list[Line]]:
    """Group lines that one paragraph or verse was cut into; the others stand alone."""
    at = 0
    while at < len(lines):
        stop = at + 1
        if _is_plain(lines[at]):
            while stop < len(lines) and not lines[stop].gap and _is_plain(lines[stop]):
                stop += 1
        run = lines[at:stop]
        yield from _wrapped(run)
        at = stop


def _is_plain(line: Line) -> bool:
    return line.shape == "text" and not line.level and not line.bold


# Fewer adjacent lines than this are no evidence for a column width.
_MIN_WRAPPED = 4
# Lines of one column differ by an em or two where punctuation hangs.
_WIDTH_SLACK = 2
_MAX_COLUMN_WIDTH = 48
# Lines of one or two characters are columns of vertical text.
_VERTICAL = 2


def _wrapped(run: list[Line]) -> Iterator[list[Line]]:
    """Join the lines of a hard-wrapped column; a paragraph ends at an indent or at a short line with a full stop."""
    lengths = Counter(len(line.key) for line in run)
    width = max(lengths, default=0)
    full = sum(count for length, count in lengths.items() if length >= width - _WIDTH_SLACK)
    stops = sum(line.key.count("。") + line.key.count("，") for line in run)
    open_lines = sum(ends_open(line.key) and line.key[-1] not in "，、" for line in run)
    is_column = len(run) >= _MIN_WRAPPED and width <= _MAX_COLUMN_WIDTH and full >= 0.6 * len(run)
    if width <= _VERTICAL:
        is_column = len(run) >= _MIN_WRAPPED
    elif is_column and (stops == 0 or open_lines < 0.4 * len(run) or _is_verse(run, width)):
        is_column = False
    if not is_column:
        yield from ([line] for line in run)
        return
    group: list[Line] = []
    for line in run:
        if group and ((line.indent and not group[-1].indent) or _parts(group[-1], line, width)):
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def _is_verse(run: list[Line], width: int) -> bool:
    """Say whether lines of a narrow column are verse: few have a mark inside, or they are of unequal length."""
    if width >= SURE_WIDTH:
        return False
    marked = sum(has_marks(line.key[:-1]) for line in run)
    # Only the last line of a paragraph leaves its column unfilled.
    ragged = any(len(line.key) < width - SLACK and ends_open(line.key) for line in run[:-1])
    return ragged or marked < MARKED_SHARE * len(run)


def _parts(line: Line, after: Line, width: int) -> bool:
    """Say whether the next line of a column begins another paragraph, or a short line is a heading of its own."""
    if width <= _VERTICAL:
        return False
    short, closed = len(line.key) < width - _WIDTH_SLACK, not ends_open(line.key)
    if short and (closed or not has_marks(line.key)):
        return True
    return closed and (begins_piece(after.key) or (len(after.key) < width - _WIDTH_SLACK and not has_marks(after.key)))
