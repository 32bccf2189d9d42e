"""Tell which lines of a page that was wrapped at a fixed column go on with one another.

The column's width is read off the lines: most of those that another follows are as long as one another. A line that
fills its column goes on with the next one unless that one is a heading, a byline, an item or a row of a table.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence

# Most lines of a wrapped page that have a next line are as long as one another; two fifths at least where headings,
# last lines of paragraphs and verse stand between them. Real columns of print have 10 to 24 characters.
MIN_LINES, FULL_SHARE, OPEN_SHARE = 8, 0.45, 0.4
# Below this width verse has lines of equal length too, so that marks inside the lines must show prose.
SURE_WIDTH, LEAST_WIDTH, MARKED_SHARE = 14, 10, 0.3
# Lines of one column differ by one character where a mark hangs or is pushed on.
SLACK = 1
# A line this full (share of the width) that stops inside a sentence was cut before a bracket, a number or a word.
NEARLY_FULL = 0.75

# No column is wider; what follows in a line is not counted.
_LONGEST = 100

_TERMINAL = re.compile(r"[。！？!?；;…][”’」』）)》]*$|[”」』]$")
_COLON = re.compile(r"[：:]$")
_MARK = re.compile(r"[，。；：！？、,;!?]")
# What no line of a sentence begins with, and so goes on with the line before.
_NO_START = "，。；：！？、,;:!?”’」』）)》…"
_ROW = re.compile(r"\S+(?:[ \t\u3000]+\S+){2,}")
_WIDE_GAP = re.compile(r"\S(?:[ \t]{2,}|\u3000+)\S")
_FIGURE = re.compile(r"\d")
# A row of names of columns has no figures: so many cells of so few characters.
_HEADER_CELLS, _HEADER_CELL = 4, 8
# How pieces of their own begin: datelines, bylines, questions, items, editors' notes, standing heads.
_OPENER = re.compile(
    r"(?:本[报刊台]讯|(?:本报|新华社|中新社|据新华社|据中新社).{0,12}[日 　][电讯]"
    r"|本报(?:记者|通讯员|评论员|特约)"
    r"|[□■●○△▲◆◇★☆◎▪►▶◤]|[问答][：:]|(?:周|星期)[一二三四五六日天] ?\d|\d{1,2}[:：]\d{2}"
    r"|\d{1,2}月\d{1,2}日 ?\d{1,2}[时:：]|编后|编者按|编辑同志|[【〖]"
    r"|[（(][一二三四五六七八九十][）)]|[一二三四五六七八九十]、|图为)"
)
_EDITORS = re.compile(r"(?:责任|本版|值班)?编辑[：: ]|责编")
# Log-odds above which two lines without any mark are one heading: cut inside a word or a phrase 4.7 to 10.8, two
# headings -4.4 to 4.3.
ONE_HEADING, ONE_TEXT = 4.5, 0.0
# Marks of a table's or list's line are no body text.
_NO_BODY = re.compile(r"\s*(?:#|\||>|[-*+]\s|\d{1,2}[.、]\s|```|\*\*|!\[|<)")
_INDENT = re.compile(r"\u3000|[ \t\u00a0]{2}")


def column_width(lines: Sequence[str]) -> float | None:
    """Read the width of the column that lines were wrapped at, in Chinese characters; None where there is none."""
    followed = [number for number in range(len(lines) - 1) if lines[number].strip() and lines[number + 1].strip()]
    if len(followed) < MIN_LINES:
        return None
    best: tuple[float, float, bool] | None = None
    for narrow in (False, True):
        widths = {number: width_of(lines[number], narrow=narrow) for number in followed}
        column = Counter(round(width) for width in widths.values()).most_common(1)[0][0]
        full = [number for number in followed if abs(widths[number] - column) <= SLACK]
        if best is None or len(full) > best[0] * len(followed):
            best = (len(full) / len(followed), column, narrow)
            fullest = full
    if best is None or best[1] < LEAST_WIDTH or len(fullest) < max(MIN_LINES, FULL_SHARE * len(followed)):
        return None
    opened = sum(_TERMINAL.search(lines[number].rstrip()) is None for number in fullest)
    marked = sum(_MARK.search(lines[number][:-1]) is not None for number in fullest)
    if opened < OPEN_SHARE * len(fullest) or (best[1] < SURE_WIDTH and marked < MARKED_SHARE * len(fullest)):
        return None
    return -best[1] if best[2] else best[1]


def width_of(line: str, *, narrow: bool) -> float:
    """Give a line's width in Chinese characters; with ``narrow``, Latin letters and digits take half of one."""
    line = line[:_LONGEST].rstrip()
    if not narrow:
        return len(line)
    return sum(1.0 if unicodedata.east_asian_width(char) in "WFA" else 0.5 for char in line)


def begins_piece(line: str) -> bool:
    """Say whether a line begins as pieces of their own do: with a dateline, a byline, a question, an item's sign."""
    return _OPENER.match(line) is not None


def has_marks(line: str) -> bool:
    """Say whether a line holds a mark of a sentence."""
    return _MARK.search(line) is not None


def goes_on(lines: Sequence[str], number: int, column: float) -> bool:
    """Say whether a line goes on with the next one in a column of a width (:func:`column_width`)."""
    line, after = lines[number].rstrip(), lines[number + 1].rstrip()
    width, narrow = abs(column), column < 0
    if not _can_join(line, after):
        return False
    if after.lstrip()[0] in _NO_START:
        return True
    closed, prose = _TERMINAL.search(line) is not None, has_marks(line)
    parted = closed or not prose or _COLON.search(line) is not None
    lacking = width - width_of(line, narrow=narrow)
    # A line wider than the column is set across two of them, or is another piece's.
    if (after[0].isspace() and closed) or (parted and _OPENER.match(after)) or lacking < -2 * SLACK:
        return False
    if lacking > SLACK:
        # Not filled: cut before what could not be parted, inside a sentence.
        return prose and not closed and lacking <= (1 - NEARLY_FULL) * width and has_marks(after)
    # After a full stop a short line without any mark is a heading, a byline or a signature.
    short = width_of(after, narrow=narrow) < width - SLACK
    return not (closed and short and not has_marks(after))


def _can_join(line: str, after: str) -> bool:
    """Say whether two lines can be of one paragraph: both are text, and the second is not set in."""
    return (
        bool(line.strip() and after.strip())
        and not (_EDITORS.match(after) or _INDENT.match(after) or _NO_BODY.match(line) or _NO_BODY.match(after))
        and not (cells_of(line) or cells_of(after))
    )


def joined_lines(lines: Sequence[str], gains: Callable[[list[tuple[str, str]]], list[float]] | None) -> list[int]:
    """List the lines that go on with the next one on a page wrapped at a fixed column; none on another page.

    ``gains`` gives the log-odds that the second of two texts continues the first, and is asked about two lines that
    may be one heading or two; without it they stay apart.
    """
    column = column_width(lines)
    if column is None:
        return []
    sure: list[int] = []
    doubtful: list[int] = []
    marked = False
    for number in range(len(lines) - 1):
        marked = marked or has_marks(lines[number])
        if not goes_on(lines, number, column):
            marked = False
        elif marked or has_marks(lines[number + 1]):
            sure.append(number)
        else:
            doubtful.append(number)
    if doubtful and gains is not None:
        asked = [(lines[number].strip(), lines[number + 1].strip()) for number in doubtful]
        going, narrow = set(sure), column < 0
        for number, gain in sorted(zip(doubtful, gains(asked), strict=True), reverse=True):
            full = width_of(lines[number + 1], narrow=narrow) >= abs(column) - SLACK
            # Two full lines without a mark that a text goes on from are its beginning more often than a heading.
            if gain > (ONE_TEXT if full and number + 1 in going else ONE_HEADING):
                going.add(number)
        sure = list(going)
    return sorted(sure)


def cells_of(line: str) -> list[str]:
    """Cut a row of a table set in blanks into its cells; an empty list for a line that is none.

    A row has three cells or more, no mark of a sentence, and figures, wide gaps, or as many short cells as a heading
    has not.
    """
    line = line.strip()
    if len(line) > _LONGEST or _ROW.fullmatch(line) is None or _MARK.search(line) is not None:
        return []
    cells = line.split()
    short = len(cells) >= _HEADER_CELLS and max(map(len, cells)) <= _HEADER_CELL
    return cells if short or _FIGURE.search(line) or len(_WIDE_GAP.findall(line)) >= 2 else []
