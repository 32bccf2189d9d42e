"""Characters and aligned text: what a character is, and where it stood on the page.

:class:`AlignedText` is a string that knows its way back to a source string. It is cut, joined and repaired like a
string; whatever happens to it, each of its characters was either copied from the source, stands for a
stretch of the source by a named repair, or was put in as layout (a line feed between two zones).
"""

from __future__ import annotations

import sys
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

# Unified ideographs with extensions A–J, compatibility ideographs, and 〇 (Unicode 16, blocks list).
_HAN_RANGES = (
    (0x3007, 0x3007),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x323AF),
)
# Half-width forms that Chinese print sets full-width. The full stop and the colon are left out of the table used
# for models only when they stand between digits (3.5, 10:30); see to_full_width.
_FULL_WIDTH = str.maketrans(
    {",": "，", ";": "；", ":": "：", "?": "？", "!": "！", "(": "（", ")": "）", "[": "［", "]": "］"}
)

# Space, joiners, word joiner, byte-order mark: they take no room in print.
_ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff"


def _mark_han() -> bytes:
    """Make a table of all code points: 1 for ideographs, 0 for the others."""
    table = bytearray(sys.maxunicode + 1)
    for low, high in _HAN_RANGES:
        table[low : high + 1] = b"\1" * (high + 1 - low)
    return bytes(table)


# One byte a code point: a look-up takes a quarter of the time of five comparisons.
IS_HAN = _mark_han()


def is_han(char: str) -> bool:
    """Say whether one character is a Chinese ideograph (〇 included)."""
    return IS_HAN[ord(char)] == 1


def is_punctuation(char: str) -> bool:
    """Say whether one character is punctuation or a symbol, of any width."""
    return unicodedata.category(char)[0] in "PS"


def is_blank(char: str) -> bool:
    """Say whether one character is white space: also U+3000, zero-width spaces and the byte-order mark."""
    return char.isspace() or char in _ZERO_WIDTH


def count_visible(text: str) -> int:
    """Count the characters that are not white space."""
    return sum(map(len, text.split())) - sum(map(text.count, _ZERO_WIDTH))


def to_full_width(text: str) -> str:
    """Map half-width punctuation to full width, one character for one, so that offsets stay.

    Between two ASCII letters or digits (3,500; 10:30) a mark is left as it is. The models were
    trained on full-width text: without this map a PKU-trained segmenter glued ``,我省`` together.
    """
    mapped = text.translate(_FULL_WIDTH)
    if mapped == text:
        return text
    chars = list(mapped)
    for i, char in enumerate(text):
        if (
            char in ",:"
            and 0 < i < len(text) - 1
            and text[i - 1].isascii()
            and text[i - 1].isalnum()
            and text[i + 1].isascii()
            and text[i + 1].isalnum()
        ):
            chars[i] = char
    return "".join(chars)


class Run(NamedTuple):
    """Tie ``text[start:end]`` to ``source[source_start:source_end]``; ``rule`` is ``None`` where it was copied."""

    start: int
    end: int
    source_start: int
    source_end: int
    rule: str | None = None
    confidence: float = 1.0


class Replacement(NamedTuple):
    """Ask for ``text[start:end]`` to become ``new``, by a named rule with a confidence between 0 and 1."""

    start: int
    end: int
    new: str
    rule: str
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class AlignedText:
    """A string and the runs that tie it to its source, in order, without overlap in the text.

    Characters that no run covers were put in as layout. A run with ``start == end`` records a deletion.
    """

    text: str
    runs: tuple[Run, ...] = ()

    @classmethod
    def of(cls, source: str, start: int = 0, end: int | None = None) -> AlignedText:
        """Copy ``source[start:end]``."""
        end = len(source) if end is None else end
        piece = source[start:end]
        return cls(piece, (Run(0, len(piece), start, end),) if piece else ())

    @classmethod
    def layout(cls, text: str) -> AlignedText:
        """Make text that stands for nothing on the page (a line feed between zones)."""
        return cls(text)

    @classmethod
    def join(cls, parts: Iterable[AlignedText], separator: str = "") -> AlignedText:
        """Concatenate parts, with ``separator`` as layout between them; adjacent copied runs are merged."""
        texts: list[str] = []
        runs: list[Run] = []
        at = 0
        for number, part in enumerate(parts):
            if number and separator:
                texts.append(separator)
                at += len(separator)
            texts.append(part.text)
            for run in part.runs:
                _append(runs, run._replace(start=run.start + at, end=run.end + at))
            at += len(part.text)
        return cls("".join(texts), tuple(runs))

    def __len__(self) -> int:
        """Count the characters of the text."""
        return len(self.text)

    def slice(self, start: int, end: int) -> AlignedText:
        """Cut ``text[start:end]`` out; a part of a repaired run keeps that run's whole source span.

        A deletion at ``start`` belongs to this slice, one at ``end`` to the next, except at the end of the text.
        """
        start, end = max(0, start), min(end, len(self.text))
        if start >= end:
            return AlignedText("")
        runs: list[Run] = []
        first = bisect_left(self.runs, start, key=lambda run: run.end)
        for index in range(first, len(self.runs)):  # a slice of the runs would copy them, once a repair
            run = self.runs[index]
            if run.start > end:
                break
            if run.start == run.end:
                if start <= run.start and (run.start < end or end == len(self.text)):
                    runs.append(run._replace(start=run.start - start, end=run.end - start))
                continue
            low, high = max(run.start, start), min(run.end, end)
            if low >= high:
                continue
            if run.rule is None:
                shift = run.source_start - run.start
                runs.append(Run(low - start, high - start, low + shift, high + shift))
            else:
                runs.append(run._replace(start=low - start, end=high - start))
        return AlignedText(self.text[start:end], tuple(runs))

    def strip(self) -> AlignedText:
        """Cut white space off both ends."""
        start, end = 0, len(self.text)
        while start < end and is_blank(self.text[start]):
            start += 1
        while end > start and is_blank(self.text[end - 1]):
            end -= 1
        return self.slice(start, end)

    def replace(self, replacements: Sequence[Replacement]) -> AlignedText:
        """Apply repairs, given in order and without overlap, in one pass linear in the text.

        A repair that touches an earlier one takes its source span in, so that no source character is ever
        claimed by two runs. A repair whose text stands for nothing in the source becomes layout.
        """
        if not replacements:
            return self
        if not self.text:  # nothing is left but what deletions stand for
            return AlignedText.join([self._repaired(0, 0, "".join(item.new for item in replacements), replacements[0])])
        parts: list[AlignedText] = []
        at = 0
        for start, end, items in self._groups(replacements):
            new, done = "", start
            for item in items:
                new += self.text[done : item.start] + item.new
                done = item.end
            parts.append(self.slice(at, start))
            parts.append(self._repaired(start, end, new + self.text[done:end], min(items, key=_confidence)))
            at = end
        parts.append(self.slice(at, len(self.text)))
        return AlignedText.join(parts)

    def _groups(self, replacements: Sequence[Replacement]) -> list[tuple[int, int, list[Replacement]]]:
        """Widen repairs to the earlier ones that they touch; those that then overlap become one."""
        groups: list[tuple[int, int, list[Replacement]]] = []
        at = 0
        for item in replacements:
            if item.start < at or item.end < item.start or item.end > len(self.text):
                raise ValueError(
                    f"replacement {item.start}:{item.end} overlaps the one before it, which ends at {at}, "
                    f"or leaves the text of {len(self.text)} characters; give them in order, without overlap"
                )
            at = item.end
            start, end = self._whole_repairs(item.start, item.end)
            if groups and start < groups[-1][1]:
                first, last, items = groups.pop()
                groups.append((first, max(last, end), [*items, item]))
            else:
                groups.append((start, end, [item]))
        return groups

    def _whole_repairs(self, start: int, end: int) -> tuple[int, int]:
        """Widen a span so that it cuts no repaired run."""
        first = bisect_right(self.runs, start, key=lambda run: run.end)
        for index in range(first, len(self.runs)):  # a slice of the runs would copy them, once a repair
            run = self.runs[index]
            if run.start >= end:
                break
            if run.rule is not None:
                start, end = min(start, run.start), max(end, run.end)
        return start, end

    def _repaired(self, start: int, end: int, new: str, item: Replacement) -> AlignedText:
        """Make the text that stands for ``text[start:end]`` after a repair."""
        if start == end and self.text:
            at = self.source_at(start)
            return AlignedText(new, (Run(0, len(new), at, at, item.rule, item.confidence),))
        covered = self.slice(start, end).runs if self.text else self.runs
        if not covered:
            return AlignedText.layout(new)
        low = min(run.source_start for run in covered)
        high = max(run.source_end for run in covered)
        return AlignedText(new, (Run(0, len(new), low, high, item.rule, item.confidence),))

    def source_at(self, position: int) -> int:
        """Find the source offset that a position of the text stands at or, for layout, the nearest one before it."""
        index = bisect_right(self.runs, position, key=lambda run: run.start) - 1
        if index < 0:
            return self.runs[0].source_start if self.runs else 0
        run = self.runs[index]
        if run.rule is None:
            return min(run.source_start + position - run.start, run.source_end)
        return run.source_start if position < run.end else run.source_end

    def source_spans(self) -> list[tuple[int, int]]:
        """List the source stretches that the text stands for, sorted, touching ones merged."""
        spans: list[tuple[int, int]] = []
        for start, end in sorted((run.source_start, run.source_end) for run in self.runs):
            if start == end:
                continue
            if spans and start <= spans[-1][1]:
                spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
            else:
                spans.append((start, end))
        return spans


def _confidence(item: Replacement) -> float:
    """Give a repair's confidence, to sort by."""
    return item.confidence


def _append(runs: list[Run], run: Run) -> None:
    """Add a run, merging it with the last one where both are copied and adjacent on both sides."""
    if runs and run.rule is None:
        last = runs[-1]
        if last.rule is None and last.end == run.start and last.source_end == run.source_start:
            runs[-1] = last._replace(end=run.end, source_end=run.source_end)
            return
    runs.append(run)
