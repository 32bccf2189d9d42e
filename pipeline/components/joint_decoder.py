"""From the joint network's scores to words, tags and entities: the best sequence that the labels' grammar allows.

Words have the labels B, M, E, S (begins, goes on, ends, is one character); entities have B, M, E, S with a type, and O.
Scores are log-probabilities a character. An entity is made of whole words: where it begins and ends, a word does.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

B, M, E, S = range(4)
WORD_LABELS = "BMES"
ENTITY_TYPES = ("PER", "LOC", "ORG")
ENTITY_LABELS = ("O", *(f"{place}-{kind}" for kind in ENTITY_TYPES for place in WORD_LABELS))
# A score that no sum of others makes good.
_NEVER = -1e4

# Which label may follow which, of words: begun words go on or end, ended ones are followed by a new one.
_WORD_NEXT = np.array([[0, 1, 1, 0], [0, 1, 1, 0], [1, 0, 0, 1], [1, 0, 0, 1]], bool)


class Named(NamedTuple):
    """Hold an entity: ``start`` and ``end`` in characters, its type, and its mean probability."""

    start: int
    end: int
    label: str
    score: float


def _entity_next() -> NDArray[np.bool_]:
    """Say which entity label may follow which."""
    size = len(ENTITY_LABELS)
    allowed = np.zeros((size, size), bool)
    for first, a in enumerate(ENTITY_LABELS):
        for second, b in enumerate(ENTITY_LABELS):
            open_before = a[0] in "BM"
            goes_on = b[0] in "ME"
            allowed[first, second] = (goes_on and a[2:] == b[2:]) if open_before else not goes_on
    return allowed


_ENTITY_NEXT = _entity_next()
_ENTITY_STARTS = np.array([label[0] in "OBS" for label in ENTITY_LABELS])

# What a word label loses where an entity begins (no M, no E) or ends (no B, no M), by the entity's label.
_BARRED = {"B": "ME", "E": "BM", "S": "BME"}
_WORD_AT = np.array(
    [[_NEVER * (word in _BARRED.get(entity[0], "")) for word in WORD_LABELS] for entity in ENTITY_LABELS], np.float32
)


def best_path(scores: Floats, lengths: Ints, allowed: NDArray[np.bool_], starts: NDArray[np.bool_]) -> Ints:
    """Find the best allowed sequence of labels for each sentence of a batch.

    ``scores`` has shape (sentences, characters, labels); places from a sentence's length on are ignored. ``starts``
    says which labels may stand first; which may stand last is what may be followed by such a one. Where the best label
    of each place already makes an allowed sequence, it is the best one; the other sentences are searched.
    """
    path: Ints = scores.argmax(-1)
    rows = np.arange(len(path))
    inside: NDArray[np.bool_] = np.less(np.arange(1, path.shape[1])[None], lengths[:, None])
    may_end: NDArray[np.bool_] = np.any(allowed & starts, axis=1)
    good = np.logical_or(allowed[path[:, :-1], path[:, 1:]], ~inside).all(axis=1)
    good &= starts[path[:, 0]] & may_end[path[rows, lengths - 1]]
    if not good.all():
        path[~good] = _search(scores[~good], lengths[~good], allowed, starts)
    return path


def _search(scores: Floats, lengths: Ints, allowed: NDArray[np.bool_], starts: NDArray[np.bool_]) -> Ints:
    """Find the best allowed sequences by dynamic programming (Viterbi 1967).

    Time goes by the longest sentence, hardly by their number: the steps of all sentences are made side by side.
    """
    sentences, size, labels = scores.shape
    step = np.where(allowed, 0, _NEVER).astype(np.float32)
    last_step = np.where((allowed & starts).any(1), 0, _NEVER).astype(np.float32)
    by_place = np.ascontiguousarray(scores.transpose(1, 0, 2))
    best = np.empty_like(by_place)
    best[0] = by_place[0] + np.where(starts, 0, _NEVER).astype(np.float32)
    back = np.empty(best.shape, np.intp)
    through = np.empty((sentences, labels, labels), np.float32)
    for at in range(1, size):
        np.add(best[at - 1, :, :, None], step, out=through)
        through.argmax(1, out=back[at])
        np.add(through.max(1), by_place[at], out=best[at])
    rows = np.arange(sentences)
    label: Ints = (best[lengths - 1, rows] + last_step).argmax(1)
    path = np.zeros((sentences, size), np.int64)
    path[:, -1] = label
    for at in range(size - 2, -1, -1):
        label = np.where(at + 1 < lengths, back[at + 1, rows, label], label)
        path[:, at] = label
    return path


def entity_paths(scores: Floats, lengths: Ints) -> Ints:
    """Find the best entity labels; ``scores`` as in :func:`best_path`, labels as in ``ENTITY_LABELS``."""
    return best_path(scores, lengths, _ENTITY_NEXT, _ENTITY_STARTS)


def word_paths(scores: Floats, lengths: Ints, entities: Ints) -> Ints:
    """Find the best word labels such that a word begins where an entity does and ends where it ends."""
    scores = scores + _WORD_AT[entities]
    # What stands before an entity ends there, what stands after it begins there: the grammar of labels sees to that.
    return best_path(scores, lengths, _WORD_NEXT, np.array([True, False, False, True]))


def spans_of(path: Ints, scores: Floats) -> list[Named]:
    """Read the entities off one sentence's labels; a score is the mean probability of an entity's labels."""
    found: list[Named] = []
    start = 0
    for at in np.flatnonzero(path):
        label = ENTITY_LABELS[path[at]]
        if label[0] in "BS":
            start = int(at)
        if label[0] in "ES":
            places = np.arange(start, at + 1)
            score = float(np.exp(scores[places, path[places]].mean()))
            found.append(Named(start, int(at) + 1, label[2:], score))
    return found
