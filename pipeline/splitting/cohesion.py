"""Lexical cohesion: whether two stretches of a page speak of the same thing.

Texts are compared by the character bigrams they share, weighted by their rarity on the page (inverse block frequency),
after Hearst's TextTiling (Computational Linguistics 23(1), 1997), with bigrams in place of words because the page is
not segmented yet.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain, pairwise

# Characters of a block that are looked at: its first and its last so many. A news paragraph has 80 to 300 characters.
_WINDOW = 400

Profile = frozenset[str]


# Runs of ideographs (the ranges of pipeline.text.is_han), Latin letters and digits.
_RUN = re.compile(r"[\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323afA-Za-z0-9]{2,}")


def profile(text: str) -> Profile:
    """Give the set of character bigrams of a text: ideographs, letters and digits, without pairs of digits."""
    if len(text) > 2 * _WINDOW:
        text = text[:_WINDOW] + " " + text[-_WINDOW:]
    bigrams: set[str] = set()
    for run in _RUN.findall(text):
        bigrams.update(map("".join, pairwise(run)))
    return frozenset(bigram for bigram in bigrams if not bigram.isdigit())


class Cohesion:
    """Weigh bigrams by their rarity among the blocks of one page."""

    def __init__(self, profiles: Sequence[Profile]) -> None:
        frequency = Counter(chain.from_iterable(profiles))
        total = max(1, len(profiles))
        weights = {count: self._weigh(count, total) for count in {0, *frequency.values()}}
        # Whole numbers, so that a sum does not depend on the order of a set.
        self._weights = {bigram: weights[count] for bigram, count in frequency.items()}
        self._squares = {bigram: weight * weight for bigram, weight in self._weights.items()}
        self._unseen = weights[0]

    @staticmethod
    def _weigh(count: int, total: int) -> int:
        """Weigh a bigram by the log of blocks over blocks that hold it, smoothed, in thousandths."""
        return round(1000 * math.log(1.0 + total / (count + 0.5)))

    def overlap(self, head: Profile, body: Iterable[Profile]) -> float:
        """Give the share, by weight, of a heading's bigrams that stand in any of the blocks (0 to 1)."""
        shared = head & set().union(*body)
        total = sum(self._weights.get(bigram, self._unseen) for bigram in head)
        return sum(self._weights.get(bigram, self._unseen) for bigram in shared) / total if total else 0.0

    def similarity(self, left: Sequence[Profile], right: Sequence[Profile]) -> float:
        """Give the cosine of two stretches of blocks, bigrams weighted by rarity (0 to 1)."""
        one: set[str] = set().union(*left)
        two: set[str] = set().union(*right)
        shared = self._square(one & two)
        return shared / math.sqrt(self._square(one) * self._square(two)) if shared else 0.0

    def _square(self, bigrams: Iterable[str]) -> int:
        """Add up the squared weights; bigrams that are not on the page count for nothing."""
        squares = self._squares
        return sum([squares[bigram] for bigram in bigrams if bigram in squares])
