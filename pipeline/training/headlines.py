"""Draw what stands around a title (standing heads, kickers, subtitles, subheads) from lists, patterns and the text.

Every entry of the lists of ``headlines.toml`` belongs to one of two halves, by its checksum: what is tuned on pages
dressed from one half has not met the words of the other.
"""

from __future__ import annotations

import random
import re
import tomllib
import zlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

WORDS: dict[str, list[str]] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
_WRITTEN = tomllib.loads(Path(__file__).with_name("written_headlines.toml").read_text("utf-8"))
# Whole headlines written for training, by part, and the share of the draws that they give.
WRITTEN: dict[str, list[str]] = {
    "columns": _WRITTEN["columns"],
    "subheads": [text for group in _WRITTEN["subheads"] for text in group],
    "kickers": [text for kickers, _, _ in _WRITTEN["headlines"] for text in kickers.split("|") if text],
    "titles": [title for _, title, _ in _WRITTEN["headlines"]],
    "subtitles": [text for _, _, text in _WRITTEN["headlines"] if text],
}
WRITTEN_SHARE = 0.6

_CLAUSE = re.compile(r"[一-鿿]{4,18}")
_SLOT = re.compile(r"\{([a-z_]+)\}")
_NUMBERS = "一二三四五六七八九十"
# Half of the lists that is drawn from: 0 or 1; BOTH takes all.
BOTH = -1


@cache
def half_of(entries: tuple[str, ...], half: int) -> tuple[str, ...]:
    """Choose the entries of one half of a list."""
    return tuple(entry for entry in entries if half in (BOTH, zlib.crc32(entry.encode()) % 2))


def pick(rng: random.Random, entries: Sequence[str], half: int) -> str:
    """Draw an entry of a list."""
    return rng.choice(half_of(tuple(entries), half) or tuple(entries))


def fill(rng: random.Random, pattern: str, half: int) -> str:
    """Fill the slots of a pattern."""

    def draw(match: re.Match[str]) -> str:
        name = match.group(1)
        return rng.choice(_NUMBERS) if name == "number" else pick(rng, WORDS[f"{name}s"], half)

    return _SLOT.sub(draw, pattern)


def clauses(text: str, low: int, high: int) -> list[str]:
    """List the clauses of a text with so many characters."""
    return [clause for clause in _CLAUSE.findall(text) if low <= len(clause) <= high]


def draw_column(rng: random.Random, half: int = BOTH) -> str:
    """Draw the name of a standing head, without decoration."""
    if rng.random() < WRITTEN_SHARE:
        return pick(rng, WRITTEN["columns"], half)
    draw = rng.random()
    if draw < 0.4:
        return pick(rng, WORDS["columns"], half)
    if draw < 0.6:
        return pick(rng, WORDS["columns_long"], half)
    return fill(rng, rng.choice(WORDS["column_patterns"]), half)


def draw_kicker(rng: random.Random, text: str, half: int = BOTH) -> str:
    """Draw a kicker; one in twelve is a clause of the article's own text."""
    if rng.random() < WRITTEN_SHARE:
        return pick(rng, WRITTEN["kickers"], half)
    own = clauses(text[:300], 5, 16)
    draw = rng.random()
    if own and draw < 0.2:
        return rng.choice(own)
    return pick(rng, WORDS["kickers"], half) if draw < 0.55 else fill(rng, rng.choice(WORDS["kicker_patterns"]), half)


def draw_subtitle(rng: random.Random, text: str, half: int = BOTH) -> str:
    """Draw a subtitle: with a dash, a clause of the text, or a general phrase."""
    if rng.random() < WRITTEN_SHARE:
        return pick(rng, WRITTEN["subtitles"], half)
    own = clauses(text[100:900], 8, 18)
    draw = rng.random()
    if own and draw < 0.3:
        return rng.choice(own)
    if draw < 0.5:
        return pick(rng, WORDS["subtitles"], half)
    return fill(rng, rng.choice(WORDS["subtitle_patterns"]), half)


def draw_subhead(rng: random.Random, text: str, make: str, number: int, half: int = BOTH) -> str:
    """Draw a subhead of one make: a clause of the text, one part, two parts, numbered, or a set phrase."""
    if make == "written":
        return pick(rng, WRITTEN["subheads"], half)
    own = clauses(text, 4, 13)
    if make == "own" and own:
        return rng.choice(own)
    if make == "set":
        return pick(rng, WORDS["subheads"], half)
    if make == "numbered":
        phrase = rng.choice(own) if own else fill(rng, "{verb}{noun}", half)
        return f"{_NUMBERS[number % 10]}、{phrase}"
    wanted = [pattern for pattern in WORDS["subhead_patterns"] if (" " in pattern) == (make == "two")]
    return fill(rng, rng.choice(wanted), half)


SUBHEAD_MAKES = ("own", "own", "one", "two", "set", "numbered", "written", "written", "written", "written")
