"""Compute figures from counts, and how far chance could have moved them.

Every figure here is a function of sums of counts over cases (pages, documents, sentences), so that a bootstrap is
one matrix product: resampled weights (R, n) times counts (n, …) gives R sums. Nothing here knows a corpus or a model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Statistic = Callable[[Array], Array]
Span = tuple[int, int]

# 1,000 resamples give the ends of a 95 % interval to about a tenth of its width (Efron and Tibshirani 1993, ch. 13).
RESAMPLES = 1_000
LEVEL = 0.95
SEED = 20_241_016
# Ten bins of equal width, as in Guo et al. 2017 (On Calibration of Modern Neural Networks).
ECE_BINS = 10
# Weights held at once by the bootstrap: 250 resamples of 5,000 cases are 10 MB.
CHUNK = 250


class Estimate(NamedTuple):
    """Hold a figure with the ends of its bootstrap interval (``None`` for fewer than two cases)."""

    value: float
    low: float | None
    high: float | None


def _divide(top: Array, bottom: Array) -> Array:
    """Divide; where there was nothing to count, nothing went wrong: 1."""
    return np.divide(top, bottom, out=np.ones_like(top, dtype=np.float64), where=bottom != 0)


def rate(sums: Array) -> Array:
    """Divide sums (…, 2) = (right, all); 1 where all is 0."""
    return _divide(sums[..., 0], sums[..., 1])


def f1(sums: Array) -> Array:
    """Compute F1 from sums (…, 3) = (right, predicted, gold); 1 where both sides are empty."""
    return _divide(2 * sums[..., 0], sums[..., 1] + sums[..., 2])


def precision(sums: Array) -> Array:
    """Compute the right share of what was predicted from sums (…, 3) = (right, predicted, gold)."""
    return _divide(sums[..., 0], sums[..., 1])


def recall(sums: Array) -> Array:
    """Compute the found share of the gold from sums (…, 3) = (right, predicted, gold)."""
    return _divide(sums[..., 0], sums[..., 2])


def macro_f1(sums: Array) -> Array:
    """Average F1 over classes from sums (…, classes, 3)."""
    return np.asarray(f1(sums).mean(axis=-1))


def ece(sums: Array) -> Array:
    """Compute the expected calibration error from sums (…, bins, 3) = (cases, confidence, right); 0 without cases."""
    gap: Array = np.asarray(np.abs(sums[..., 1] - sums[..., 2]).sum(axis=-1))
    cases: Array = np.asarray(sums[..., 0].sum(axis=-1))
    return np.asarray(np.divide(gap, cases, out=np.zeros_like(gap), where=cases != 0))


def estimate(
    counts: Array | Sequence[Any], statistic: Statistic, *, resamples: int = RESAMPLES, seed: int = SEED
) -> Estimate:
    """Compute a figure of counts (n, …) over n cases, and its percentile bootstrap interval over the cases.

    The same counts and seed give the same interval. Raises ValueError for counts without cases.
    """
    table = np.asarray(counts, dtype=np.float64)
    if table.ndim < 2 or not len(table):
        raise ValueError(f"counts of shape {table.shape}: rows of at least one case are needed")
    value = float(statistic(table.sum(axis=0)))
    if len(table) < 2:
        return Estimate(value, None, None)
    values = _resampled(table, statistic, resamples, seed)
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return Estimate(value, float(low), float(high))


def _resampled(table: Array, statistic: Statistic, resamples: int, seed: int) -> Array:
    """Compute a statistic on resampled cases, some hundred resamples at a time."""
    rng = np.random.default_rng(seed)
    n = len(table)
    found = []
    for start in range(0, resamples, CHUNK):
        size = min(CHUNK, resamples - start)
        weights = rng.multinomial(n, np.full(n, 1 / n), size=size).astype(np.float64)
        found.append(statistic(np.tensordot(weights, table, axes=(1, 0))))
    return np.concatenate(found)


def match_counts(predicted: Iterable[Any], gold: Iterable[Any]) -> tuple[int, int, int]:
    """Count (right, predicted, gold) of two multisets of hashable items."""
    have, want = Counter(predicted), Counter(gold)
    return (have & want).total(), have.total(), want.total()


def word_spans(words: Iterable[str]) -> list[Span]:
    """List where each word stands in the concatenation of all."""
    spans, at = [], 0
    for word in words:
        spans.append((at, at + len(word)))
        at += len(word)
    return spans


def segmentation_counts(
    predicted: Iterable[str], gold: Iterable[str], known: frozenset[str]
) -> tuple[int, int, int, int, int]:
    """Count (right, predicted, gold, right and unknown, unknown) words of one sentence by span.

    A word is right where a predicted word has its span; ``known`` are the words of the training list. Equal to the
    SIGHAN-05 script except where its ``diff`` aligns differently. Raises ValueError when the texts differ.
    """
    have, want = list(predicted), list(gold)
    if "".join(have) != "".join(want):
        raise ValueError(f"words of {''.join(have)[:40]!r} cannot be compared with those of {''.join(want)[:40]!r}")
    spans = set(word_spans(have))
    hits = [span in spans for span in word_spans(want)]
    unknown = [word not in known for word in want]
    both = sum(hit and new for hit, new in zip(hits, unknown, strict=True))
    return sum(hits), len(have), len(want), both, sum(unknown)


def span_counts(
    predicted: Iterable[tuple[int, int, str]], gold: Iterable[tuple[int, int, str]], labels: Sequence[str]
) -> list[tuple[int, int, int]]:
    """Count (right, predicted, gold) spans of one sentence by label: exact borders, exact label."""
    have, want = set(predicted), set(gold)
    return [
        match_counts((item for item in have if item[2] == label), (item for item in want if item[2] == label))
        for label in labels
    ]


def class_counts(predicted: str | None, accepted: Sequence[str], classes: Sequence[str]) -> list[tuple[int, int, int]]:
    """Count (right, predicted, gold) of one document by class; ``accepted`` are its right classes, the main one first.

    A prediction among the accepted counts as the document's gold class, so that macro-F1 agrees with accuracy.
    """
    gold = predicted if predicted in accepted else accepted[0]
    return [(int(gold == predicted == name), int(predicted == name), int(gold == name)) for name in classes]


def calibration_counts(confidence: float, right: bool, bins: int = ECE_BINS) -> list[tuple[int, float, int]]:
    """Put one answer into its confidence bin: rows of (cases, confidence, right)."""
    place = min(int(confidence * bins), bins - 1)
    return [(1, confidence, int(right)) if number == place else (0, 0.0, 0) for number in range(bins)]
