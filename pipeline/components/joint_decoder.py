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
_ENTITY_ENDS = np.array([label[0] in "OES" for label in ENTITY_LABELS])


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
    """Find the best allowed sequences by dynamic programming (Viterbi 1967)."""
    sentences, size, labels = scores.shape
    step = np.where(allowed, 0, _NEVER).astype(np.float32)
    last_step = np.where((allowed & starts).any(1), 0, _NEVER).astype(np.float32)
    best = scores[:, 0] + np.where(starts, 0, _NEVER).astype(np.float32)
    back = np.zeros((size, sentences, labels), np.int8)
    ends = np.zeros((sentences, labels), np.float32)
    ends[lengths == 1] = best[lengths == 1]
    for at in range(1, size):
        through = best[:, :, None] + step
        back[at] = through.argmax(1)
        best = through.max(1) + scores[:, at]
        done = lengths == at + 1
        ends[done] = best[done]
    path = np.zeros((sentences, size), np.int64)
    label = (ends + last_step).argmax(1)
    rows = np.arange(sentences)
    for at in range(size - 1, -1, -1):
        label = np.where(at + 1 < lengths, back[min(at + 1, size - 1)][rows, label], label)
        path[:, at] = label
    return path


def entity_paths(scores: Floats, lengths: Ints) -> Ints:
    """Find the best entity labels; ``scores`` as in :func:`best_path`, labels as in ``ENTITY_LABELS``."""
    return best_path(scores, lengths, _ENTITY_NEXT, _ENTITY_STARTS)


def word_paths(scores: Floats, lengths: Ints, entities: Ints) -> Ints:
    """Find the best word labels such that a word begins where an entity does and ends where it ends."""
    scores = scores.copy()
    opens = np.isin(entities, [at for at, label in enumerate(ENTITY_LABELS) if label[0] in "BS"])
    closes = np.isin(entities, [at for at, label in enumerate(ENTITY_LABELS) if label[0] in "ES"])
    scores[..., [M, E]] += np.where(opens, _NEVER, 0).astype(np.float32)[..., None]
    scores[..., [B, M]] += np.where(closes, _NEVER, 0).astype(np.float32)[..., None]
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
