"""Lexical cohesion: do two stretches of a page speak of the same thing?

Texts are compared by the character bigrams they share, weighted by their rarity on the page (inverse block frequency),
after Hearst's TextTiling (Computational Linguistics 23(1), 1997), with bigrams in place of words because the page is
not segmented yet.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

from pipeline.text import is_han

# Characters of a block that are looked at: its first and its last so many. A news paragraph has 80 to 300 characters.
_WINDOW = 400

Profile = frozenset[str]


def profile(text: str) -> Profile:
    """Give the set of character bigrams of a text, ideographs and digits only."""
    if len(text) > 2 * _WINDOW:
        text = text[:_WINDOW] + " " + text[-_WINDOW:]
    return frozenset(
        text[i : i + 2]
        for i in range(len(text) - 1)
        if _counts(text[i]) and _counts(text[i + 1]) and not (text[i].isdigit() and text[i + 1].isdigit())
    )


def _counts(char: str) -> bool:
    return is_han(char) or char.isalnum()


class Cohesion:
    """Weigh bigrams by their rarity among the blocks of one page."""

    def __init__(self, profiles: Sequence[Profile]) -> None:
        self._frequency = Counter(bigram for item in profiles for bigram in item)
        self._total = max(1, len(profiles))

    def weight(self, bigram: str) -> float:
        """Give the weight of a bigram: log of blocks over blocks that hold it, smoothed, never negative."""
        return math.log(1.0 + self._total / (self._frequency.get(bigram, 0) + 0.5))

    def overlap(self, head: Profile, body: Iterable[Profile]) -> float:
        """Give the share, by weight, of a heading's bigrams that stand in any of the blocks (0 to 1)."""
        union: set[str] = set().union(*body)
        total = sum(map(self.weight, head))
        return sum(self.weight(bigram) for bigram in head if bigram in union) / total if total else 0.0

    def similarity(self, left: Sequence[Profile], right: Sequence[Profile]) -> float:
        """Give the cosine of two stretches of blocks, bigrams weighted by rarity (0 to 1)."""
        one: set[str] = set().union(*left)
        two: set[str] = set().union(*right)
        if not one or not two:
            return 0.0
        square_one = sum(self.weight(bigram) ** 2 for bigram in sorted(one))
        square_two = sum(self.weight(bigram) ** 2 for bigram in sorted(two))
        shared = sum(self.weight(bigram) ** 2 for bigram in sorted(one & two))
        return shared / math.sqrt(square_one * square_two) if square_one and square_two else 0.0
