"""Measure how key a candidate is to its text: a short list by a quick score, then numbers that a ranker weighs.

The background is a table of document rates (:class:`Frequencies`), made by :mod:`pipeline.training.frequencies`; the
ranker (:class:`Trees`) is made by :mod:`pipeline.training.keywords`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.candidates import (
    FORMULAE,
    KINDS,
    LABELS,
    LETTERS,
    MAX_WORDS,
    NAME,
    VERBAL,
    Area,
    Candidates,
    Words,
    locate,
)
from pipeline.substrings import Keys, find_keys, keys_of

Floats = npt.NDArray[np.float32]
Bits = npt.NDArray[np.float64]

STEPS_PER_BIT = 8  # of the table of frequencies
UNSEEN_BITS = 16.0  # of strings that are not in the table; its rarest have 15 (4 of 130,000 documents)
# Candidates of a text that are described: 96 of 100 read keywords are among the best 150 by the quick score.
SHORT_LIST = 150
# Weights of the quick score, rounded from a logistic regression on the read keywords.
_LOG_TF, _RARITY, _UNSEEN, _PLACE, _PARTS, _PHRASE, _MARKED = 1.5, 0.2, -2.4, -0.2, -0.85, 1.2, 2.5
_UNSEEN_SCORE = _UNSEEN + _RARITY * UNSEEN_BITS
_FIRST = np.array([{NAME: 1.0, VERBAL: -0.3, LETTERS: -1.5}.get(kind, 0.0) for kind in range(KINDS)])
_FORMULAE = np.sort(keys_of(sorted(FORMULAE)))
_LENGTHS = (2, 3, 4, 5, 6, 8, 10)


class Frequencies:
    """Say how rare strings are: ``bits`` (N,) are minus the binary logarithm of the share of news texts with a string.

    ``keys`` (N,) are the keys of the strings, sorted.
    """

    def __init__(self, keys: Keys, bits: Floats) -> None:
        self.keys = keys
        self.bits = bits

    @classmethod
    def of(cls, table: Mapping[str, float]) -> Frequencies:
        """Make a table from strings and their bits."""
        keys = keys_of(list(table))
        order = np.argsort(keys)
        return cls(keys[order], np.array(list(table.values()), dtype=np.float32)[order])

    @classmethod
    def load(cls, path: Path) -> Frequencies:
        """Read the packed table."""
        with np.load(path, allow_pickle=False) as arrays:
            strings = arrays["strings"].tobytes().decode().split("\n")
            return cls.of(dict(zip(strings, (arrays["steps"] / STEPS_PER_BIT).tolist(), strict=True)))

    def bits_of(self, keys: Keys) -> Bits:
        """Give the bits (M,) of strings by their keys (M,), UNSEEN_BITS where a string is not in the table."""
        places, there = find_keys(keys, self.keys)
        return np.where(there, self.bits[places], UNSEEN_BITS) if len(self.bits) else np.full(len(keys), UNSEEN_BITS)


def shorten(candidates: Candidates, words: Words, frequencies: Frequencies, *, limit: int = SHORT_LIST) -> Candidates:
    """Keep the ``limit`` candidates that score best by a quick sum of counts, rarity, place and form."""
    bits = frequencies.bits_of(candidates.keys)
    kinds = np.where(candidates.heads < 0, NAME, words.kinds[candidates.heads])
    scores = (
        _LOG_TF * np.log(candidates.counts)
        + np.where(bits == UNSEEN_BITS, _UNSEEN_SCORE, _RARITY * bits)
        + _PLACE * np.log(candidates.firsts + 1)
        + _PARTS * candidates.parts
        + _FIRST[kinds]
        + np.where(candidates.parts > 1, _PHRASE, 0.0)
        + np.where(candidates.marked, _MARKED, 0.0)
    )
    _, formula = find_keys(candidates.keys, _FORMULAE)
    fit = np.flatnonzero(~formula)
    return candidates.take(fit[np.lexsort((candidates.found[fit], -scores[fit]))][:limit])


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


def describe(candidates: Candidates, words: Words, areas: Sequence[Area], frequencies: Frequencies) -> Floats:
    """Give the features (M, len(NAMES)) of candidates; ``words`` and ``areas`` are those of the whole text."""
    bits = frequencies.bits_of(candidates.keys)
    kinds = np.append(words.kinds, NAME)  # the last one for candidates without words, by number -1
    area, _ = locate(candidates.firsts, candidates.firsts, areas)
    weights = np.where(area >= 0, np.array([*(one.weight for one in areas), 0])[area], 0)
    raw = [
        candidates.counts, bits, candidates.firsts, candidates.lasts, weights, candidates.parts,
        candidates.ends - candidates.starts, *_describe_parts(candidates, bits, words, frequencies),
        candidates.longer, kinds[candidates.heads], kinds[candidates.tails],
        candidates.quoted, candidates.parts > 1, candidates.labels,
    ]  # fmt: skip
    length = int(words.ends[-1]) if len(words) else 1
    return _derive([column.astype(np.float32) for column in raw], max(1, len(words)), length)


def _describe_parts(
    candidates: Candidates, bits: Bits, words: Words, frequencies: Frequencies
) -> tuple[npt.NDArray[np.number], ...]:
    """Give total, least and most bits of the words of candidates, least, most and total counts, and bits times counts.

    A candidate of one word stands for itself.
    """
    counts = candidates.counts
    columns = [bits, bits, bits, counts, counts, counts, bits * counts]
    phrases = np.flatnonzero(candidates.parts > 1)
    if not len(phrases):
        return tuple(columns)
    places = candidates.heads[phrases, None] + np.arange(MAX_WORDS)
    inside = places <= candidates.tails[phrases, None]
    places = np.where(inside, places, candidates.heads[phrases, None])
    numbers, place = np.unique(places, return_inverse=True)
    part_bits = frequencies.bits_of(words.keys[numbers])[place].reshape(places.shape)
    _, own, count = np.unique(words.keys, return_inverse=True, return_counts=True)
    part_counts = count[own[places]]
    found = (
        (part_bits * inside).sum(axis=1),
        part_bits.min(axis=1),
        part_bits.max(axis=1),
        part_counts.min(axis=1),
        part_counts.max(axis=1),
        (part_counts * inside).sum(axis=1),
        (part_bits * part_counts * inside).sum(axis=1),
    )
    columns = [np.array(column, dtype=np.float64) for column in columns]
    for column, values in zip(columns, found, strict=True):
        column[phrases] = values
    return tuple(columns)


def _derive(raw: Sequence[Floats], words: int, length: int) -> Floats:
    """Make the features from the raw counts of each candidate."""
    (tf, bits, first, last, weight, parts, chars, total, least, most, rarest, usual, whole, weighted,
     longer, kind_first, kind_last, quoted, phrase, label) = raw  # fmt: skip
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
    # The first leaf that is left, by the leaves that are ruled out; all eight never are.
    _FIRST_LEFT = np.array([((~n & 255) & -(~n & 255)).bit_length() - 1 for n in range(255)] + [0], dtype=np.intp)

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
        # Node by node, so that each step works on long rows: (nodes * trees, N).
        trees, nodes = self.features.shape
        above = np.ascontiguousarray(table.T)[self.features.T.ravel()] > self.thresholds.T.reshape(-1, 1)
        ruled_out = above.view(np.uint8) * (~self.masks.T.reshape(-1, 1))
        ruled_out = np.bitwise_or.reduce(ruled_out.reshape(nodes, trees, len(table)), axis=0)
        leaves = self._FIRST_LEFT[ruled_out.T] + np.arange(0, trees * self.MAX_LEAVES, self.MAX_LEAVES)
        odds: Floats = self.values.ravel()[leaves].sum(axis=1) + np.float32(self.bias)
        return odds
