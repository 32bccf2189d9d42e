"""Measure how key a candidate is to its text: a short list by a quick score, then numbers that a ranker weighs.

The background is a table of document rates (:class:`Frequencies`), made by :mod:`pipeline.training.frequencies`; the
ranker (:class:`Trees`) is made by :mod:`pipeline.training.keywords`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from math import log
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.candidates import FORMULAE, KINDS, LETTERS, NAME, VERBAL, Candidate, Word

Floats = npt.NDArray[np.float32]

STEPS_PER_BIT = 8  # of the table of frequencies
UNSEEN_BITS = 16.0  # of strings that are not in the table; its rarest have 15 (4 of 130,000 documents)
LABELS = ("PER", "LOC", "ORG")
# Candidates of a text that are described: 96 of 100 read keywords are among the best 150 by the quick score.
SHORT_LIST = 150
# Weights of the quick score, rounded from a logistic regression on the read keywords.
_LOG_TF, _RARITY, _UNSEEN, _PLACE, _PARTS, _PHRASE, _MARKED = 1.5, 0.2, -2.4, -0.2, -0.85, 1.2, 2.5
_UNSEEN_SCORE = _UNSEEN + _RARITY * UNSEEN_BITS
_FIRST = [{NAME: 1.0, VERBAL: -0.3, LETTERS: -1.5}.get(kind, 0.0) for kind in range(KINDS)]
_LENGTHS = (2, 3, 4, 5, 6, 8, 10)
_RAW = 20  # columns of the raw counts in `describe`


class Frequencies:
    """Say how rare a string is: ``bits`` are minus the logarithm to base 2 of the share of news texts that hold it."""

    def __init__(self, bits: dict[str, float]) -> None:
        self.bits = bits

    @classmethod
    def load(cls, path: Path) -> Frequencies:
        """Read the packed table."""
        with np.load(path, allow_pickle=False) as arrays:
            strings = arrays["strings"].tobytes().decode().split("\n")
            return cls(dict(zip(strings, (arrays["steps"] / STEPS_PER_BIT).tolist(), strict=True)))


def count_longer(candidates: dict[str, Candidate]) -> dict[str, int]:
    """Give, for each candidate that stands inside a longer one, how often the most frequent of these stands."""
    longer: dict[str, int] = {}
    for string, candidate in candidates.items():
        words = candidate.words
        if len(words) == 1:
            continue
        count = len(candidate.spans)
        for inner in (string[len(words[0].text) :], string[: -len(words[-1].text)]):
            if longer.get(inner, 0) < count and inner in candidates:
                longer[inner] = count
    return longer


def shorten(candidates: dict[str, Candidate], frequencies: Frequencies, *, limit: int = SHORT_LIST) -> list[Candidate]:
    """Keep the ``limit`` candidates that score best by a quick sum of counts, rarity, place and form."""
    bits_of = frequencies.bits.get
    scored = []
    for number, (string, one) in enumerate(candidates.items()):
        bits = bits_of(string)
        count = len(one.words)
        score = (
            _LOG_TF * log(len(one.spans))
            + (_UNSEEN_SCORE if bits is None else _RARITY * bits)
            + _PLACE * log(one.spans[0][0] + 1)
            + _PARTS * count
            + _FIRST[one.words[0].kind]
        )
        if count > 1:
            score += _PHRASE
        if one.marked:
            score += _MARKED
        if string not in FORMULAE:
            scored.append((-score, number, one))
    scored.sort()
    return [one for _, _, one in scored[:limit]]


NAMES = (
    "log tf", "log rate", "bits", "unseen", "log tf bits", "share of best tf bits",
    "first", "log first", "in title", "in subhead", "spread",
    "cohesion", "least bits", "mean bits", "most bits", "least log tf", "mean log tf", "most log tf", "parts tf bits",
    "inside longer", "alone", "share of parts", "parts", "quoted", "phrase", "log words",
    *(f"label {label}" for label in LABELS),
    *(f"chars {n}" for n in _LENGTHS),
    *(f"first kind {kind}" for kind in range(KINDS)),
    *(f"last kind {kind}" for kind in range(KINDS)),
)  # fmt: skip


def describe(
    candidates: Sequence[Candidate],
    words: Sequence[Word],
    longer: dict[str, int],
    weight_of: Callable[[int], int],
    frequencies: Frequencies,
) -> Floats:
    """Give the features (N, len(NAMES)) of candidates.

    ``words`` are those of the whole text, ``longer`` comes from :func:`count_longer`, ``weight_of`` gives the weight of
    the area that a place lies in (2 headline, 1 subhead, 0 body).
    """
    counts = Counter([word.text for word in words])
    bits_of = frequencies.bits.get
    rows = []
    for one in candidates:
        tf = len(one.spans)
        bits = bits_of(one.text, UNSEEN_BITS)
        first = one.spans[0][0]
        parts = [word.text for word in one.words]
        if len(parts) == 1:
            least = most = total = bits
            rarest = usual = whole = tf
            weighted = bits * tf
        else:
            part_bits = [bits_of(part, UNSEEN_BITS) for part in parts]
            part_tf = [counts[part] for part in parts]
            least, most, total = min(part_bits), max(part_bits), sum(part_bits)
            rarest, usual, whole = min(part_tf), max(part_tf), sum(part_tf)
            weighted = sum(map(float.__mul__, part_bits, map(float, part_tf)))
        rows.append(
            (
                tf, bits, first, one.spans[-1][0], weight_of(first), len(parts), len(one.text),
                total, least, most, rarest, usual, whole, weighted,
                longer.get(one.text, 0), one.words[0].kind, one.words[-1].kind, one.quoted, len(parts) > 1,
                LABELS.index(one.label) if one.label in LABELS else -1,
            )
        )  # fmt: skip
    length = words[-1].start + len(words[-1].text) if words else 1
    return _derive(np.array(rows, dtype=np.float32).reshape(len(rows), _RAW), max(1, len(words)), length)


def _derive(raw: Floats, words: int, length: int) -> Floats:
    """Make the features from the raw counts of each candidate."""
    (tf, bits, first, last, weight, parts, chars, total, least, most, rarest, usual, whole, weighted,
     longer, kind_first, kind_last, quoted, phrase, label) = raw.T  # fmt: skip
    tf_bits = tf * bits
    log_tf = np.log(tf)
    columns = [
        log_tf, log_tf + np.float32(np.log(1000 / words)), bits, bits == UNSEEN_BITS, np.log1p(tf_bits),
        tf_bits / tf_bits.max(initial=1.0),
        first / length, np.log1p(first), weight == 2, weight == 1, (last - first) / length,
        (total - bits) * (parts > 1), least, total / parts, most,
        np.log(np.maximum(rarest, 1)), np.log(np.maximum(whole, 1) / parts), np.log(np.maximum(usual, 1)),
        np.log1p(weighted / parts),
        np.minimum(longer / tf, 1.0), np.maximum(tf - longer, 0) / tf, tf / np.maximum(rarest, tf),
        np.minimum(parts, 4), quoted, phrase, np.full(len(tf), np.log(words)),
    ]  # fmt: skip
    edges = np.array((*_LENGTHS[1:], 99), dtype=np.float32)
    table = np.empty((len(tf), len(NAMES)), dtype=np.float32)
    for at, column in enumerate(columns):
        table[:, at] = column
    done = len(columns)
    for values, count in (
        (label, len(LABELS)),
        (np.searchsorted(edges, chars, side="right"), len(_LENGTHS)),
        (kind_first, KINDS),
        (kind_last, KINDS),
    ):
        table[:, done : done + count] = values[:, None] == np.arange(count)
        done += count
    return table


class Trees:
    """Sum many small regression trees over a table of features, all at once.

    ``features`` and ``thresholds`` (T, 7) describe the inner nodes, ``masks`` (T, 7) the leaves that remain when a
    value is above its threshold, ``values`` (T, 8) the leaves from left to right: the layout of QuickScorer
    (Lucchese et al. 2015).
    """

    MAX_LEAVES = 8
    _LOWEST = np.array([0, *((n & -n).bit_length() - 1 for n in range(1, 256))], dtype=np.intp)

    def __init__(
        self,
        features: npt.NDArray[np.intp],
        thresholds: Floats,
        masks: npt.NDArray[np.uint8],
        values: Floats,
        bias: float,
    ) -> None:
        self.features = features
        self.thresholds = thresholds
        self.masks = masks
        self.values = values
        self.bias = bias

    @classmethod
    def load(cls, path: Path) -> Trees:
        """Read the arrays of a ranker."""
        with np.load(path, allow_pickle=False) as arrays:
            return cls(
                arrays["features"].astype(np.intp),
                arrays["thresholds"].astype(np.float32),
                arrays["masks"],
                arrays["values"].astype(np.float32),
                float(arrays["bias"]),
            )

    def __call__(self, table: Floats) -> Floats:
        """Give the log-odds (N,) of the rows of a table (N, F)."""
        trees, nodes = self.features.shape
        above = table[:, self.features.ravel()] > self.thresholds.ravel()
        left = np.where(above, self.masks.ravel(), np.uint8(255)).reshape(len(table), trees, nodes)
        leaves = self._LOWEST[np.bitwise_and.reduce(left, axis=2)]
        odds: Floats = self.values[np.arange(trees), leaves].sum(axis=1) + np.float32(self.bias)
        return odds
