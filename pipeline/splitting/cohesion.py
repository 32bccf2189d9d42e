"""Cohesion: whether two stretches of a page speak of the same thing.

Texts are compared by the character bigrams they share, weighted by their rarity on the page (inverse block frequency),
after Hearst's TextTiling (Computational Linguistics 23(1), 1997), with bigrams in place of words because the page is
not segmented yet. Where a model of raw text is loaded (:mod:`pipeline.splitting.affinity`), rarity is that of raw text
as well, and the model says what the likeness of two stretches is worth.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, pairwise

from pipeline.splitting.affinity import Affinity, Floats, cosine

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


def _unite(texts: Sequence[Profile]) -> Profile:
    """Unite the bigrams of a stretch; a single text is its own union."""
    return texts[0] if len(texts) == 1 else frozenset().union(*texts)


class Cohesion:
    """Weigh bigrams by their rarity among the blocks of one page and, with a model, in raw text."""

    def __init__(self, profiles: Sequence[Profile], affinity: Affinity | None = None) -> None:
        frequency = Counter(chain.from_iterable(profiles))
        total = max(1, len(profiles))
        weights = {count: self._weigh(count, total) for count in {0, *frequency.values()}}
        self._affinity = affinity
        self._vectors: dict[Profile, Floats | None] = {}
        self._centres: dict[Profile, Floats | None] = {}
        self._sums: dict[Profile, int] = {}
        self._scores: dict[tuple[Profile | None, ...], float] = {}
        # Whole numbers, so that a sum does not depend on the order of a set. Headings are weighed by the page alone:
        # bigrams across two of their words are rare everywhere and say nothing.
        self._weights = {bigram: weights[count] for bigram, count in frequency.items()}
        self._unseen = weights[0]
        self._squares = {bigram: weight * weight for bigram, weight in self._weights.items()}
        if affinity is not None:
            rarity, unseen = affinity.rarity, affinity.unseen
            self._squares = {
                bigram: round(weight * rarity.get(bigram, unseen)) ** 2 for bigram, weight in self._weights.items()
            }

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
        one, two = _unite(left), _unite(right)
        shared = self._square(one & two)
        if not shared:
            return 0.0
        sizes = [
            self._sum(item) if len(texts) == 1 else self._square(item) for item, texts in ((one, left), (two, right))
        ]
        return shared / math.sqrt(sizes[0] * sizes[1])

    def _sum(self, bigrams: Profile) -> int:
        """Look the sum of the squared weights of one text up; unions are not kept, there are too many of them."""
        known = self._sums.get(bigrams)
        if known is None:
            known = self._sums[bigrams] = self._square(bigrams)
        return known

    def _square(self, bigrams: Iterable[str]) -> int:
        """Add up the squared weights; bigrams that are not on the page count for nothing."""
        squares = self._squares
        return sum([squares[bigram] for bigram in bigrams if bigram in squares])

    def log_odds(self, left: Sequence[Profile], right: Sequence[Profile]) -> float | None:
        """Give the log-odds that two stretches, nearest texts first, belong together; ``None`` without a model."""
        affinity = self._affinity
        if affinity is None or not left or not right:
            return None
        return affinity.log_odds(self.likenesses(left, right, affinity), (len(left[0]), len(right[0])))

    def remember(self, texts: tuple[Profile | None, ...], score: Callable[[], float]) -> float:
        """Give a score of some texts; it is computed once a page."""
        known = self._scores.get(texts)
        if known is None:
            known = self._scores[texts] = score()
        return known

    def pulls(self, own: Sequence[Profile], other: Sequence[Profile]) -> list[float]:
        """Give by how much each of some texts is nearer to other texts than to the rest of its own: -2 to 2."""
        affinity = self._affinity
        if affinity is None:
            return [
                self.similarity(other, [text]) - self.similarity([*own[:place], *own[place + 1 :]] or [text], [text])
                for place, text in enumerate(own)
            ]
        centre = affinity.centre(self._look_up(other))
        vectors = self._look_up(own)
        pulls = []
        for place, text in enumerate(own):
            rest = affinity.centre([*vectors[:place], *vectors[place + 1 :]])
            mine = self._centre(text, affinity)
            pulls.append(cosine(mine, centre) - cosine(mine, rest))
        return pulls

    def likenesses(self, left: Sequence[Profile], right: Sequence[Profile], affinity: Affinity) -> list[float]:
        """Give four cosines of two stretches: bigrams of all texts and of the nearest, vectors of all and nearest."""
        return [
            self.similarity(left, right),
            self.similarity(left[:1], right[:1]),
            cosine(affinity.centre(self._look_up(left)), affinity.centre(self._look_up(right))),
            cosine(self._centre(left[0], affinity), self._centre(right[0], affinity)),
        ]

    def _centre(self, text: Profile, affinity: Affinity) -> Floats | None:
        """Look the centre of one text up."""
        if text not in self._centres:
            self._centres[text] = affinity.centre(self._look_up([text]))
        return self._centres[text]

    def _look_up(self, texts: Sequence[Profile]) -> list[Floats | None]:
        """Look the vectors of texts up; each is computed once a page."""
        affinity, known = self._affinity, self._vectors
        for text in texts:
            if affinity is not None and text not in known:
                known[text] = affinity.vector(text)
        return [known[text] for text in texts]
