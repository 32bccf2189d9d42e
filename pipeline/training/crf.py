"""Train a linear-chain CRF over sparse features with numpy and scipy, in batches, by AdaGrad.

The trainer that spacy-pkuseg brings updates after every sentence in Python: about 80 µs for a character and pass.
The same model trained in batches takes a tenth of that, so that features and strengths can be chosen on
a development part instead of guessed. Method: Lafferty et al. 2001 (CRF); Duchi et al. 2011 (AdaGrad).
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Characters in a batch; smaller batches learn more per pass, larger ones run faster.
BATCH_CHARS = 4_000
RATE = 0.2
# Pull towards zero at each update, per character of the batch: of 0, 5e-7, 2e-6, 2e-5 and 1e-4, 2e-6 was best on the
# development part (word F1 0.9642, 0.9646, 0.9656, 0.9618, 0.9513).
DECAY = 3e-6


class Rows(NamedTuple):
    """Hold sequences of sparse rows: feature ids, where each row ends, each row's label, where each sequence ends."""

    ids: Ints
    row_ends: Ints
    labels: Ints
    sequence_ends: Ints


class FeatureTable:
    """Number features as they come; ``growing`` off, unknown ones are left out."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self.index: dict[str, int] = {name: number for number, name in enumerate(names)}

    def rows(self, sequences: Iterable[tuple[list[list[str]], list[int]]], *, growing: bool) -> Rows:
        """Turn sequences of (features of each row, labels) into numbered rows."""
        ids, row_ends, labels, sequence_ends = array("l"), array("l"), array("l"), array("l")
        index = self.index
        for rows, tags in sequences:
            for features in rows:
                if growing:
                    ids.extend([index.setdefault(name, len(index)) for name in features])
                else:
                    ids.extend([index[name] for name in features if name in index])
                row_ends.append(len(ids))
            labels.extend(tags)
            sequence_ends.append(len(labels))
        return Rows(*(np.frombuffer(part, dtype=np.int64) for part in (ids, row_ends, labels, sequence_ends)))


def keep_features(rows: Rows, table: FeatureTable, keep: NDArray[np.bool_]) -> tuple[Rows, FeatureTable]:
    """Leave out the features that are not kept and number the others anew, in their order."""
    number = np.cumsum(keep) - 1
    mask = keep[rows.ids]
    ends = np.concatenate([[0], np.cumsum(mask)])[rows.row_ends]
    smaller = FeatureTable(name for name, kept in zip(table.index, keep, strict=True) if kept)
    return rows._replace(ids=number[rows.ids[mask]], row_ends=ends), smaller


@dataclass(slots=True)
class Batch:
    """Hold sequences of like length: rows as a sparse matrix over the batch's own columns, and where each row goes."""

    columns: Ints
    matrix: Any  # scipy csr_matrix, rows x columns
    lengths: Ints
    step: Ints
    sequence: Ints
    labels: Ints


def batches(rows: Rows, rng: np.random.Generator, size: int = BATCH_CHARS) -> list[Batch]:
    """Put sequences of like length together, ``size`` rows a batch."""
    starts = np.concatenate([[0], rows.sequence_ends[:-1]])
    lengths = rows.sequence_ends - starts
    order = np.argsort(lengths + rng.uniform(-3, 3, len(lengths)))
    made: list[Batch] = []
    group: list[int] = []
    count = 0
    for sequence in order:
        group.append(int(sequence))
        count += int(lengths[sequence])
        if count >= size:
            made.append(_batch(rows, group, starts, lengths))
            group, count = [], 0
    if group:
        made.append(_batch(rows, group, starts, lengths))
    return made


def _batch(rows: Rows, group: list[int], starts: Ints, lengths: Ints) -> Batch:
    """Gather the rows of some sequences, sorted by falling length."""
    group = sorted(group, key=lambda sequence: -lengths[sequence])
    index = np.concatenate([np.arange(starts[i], starts[i] + lengths[i]) for i in group])
    row_starts = np.where(index > 0, rows.row_ends[index - 1], 0)
    sizes = rows.row_ends[index] - row_starts
    ends = np.cumsum(sizes)
    ids = rows.ids[np.arange(ends[-1]) + np.repeat(row_starts - (ends - sizes), sizes)]
    columns, local = np.unique(ids, return_inverse=True)
    shape = (len(index), len(columns))
    matrix = sparse.csr_matrix((np.ones(len(ids)), local, np.concatenate([[0], ends])), shape=shape)
    group_lengths = lengths[group]
    return Batch(
        columns=columns,
        matrix=matrix,
        lengths=group_lengths,
        step=np.concatenate([np.arange(n) for n in group_lengths]),
        sequence=np.repeat(np.arange(len(group)), group_lengths),
        labels=rows.labels[index],
    )


@dataclass(slots=True)
class Crf:
    """Hold weights: ``nodes`` (features x labels) and ``edges`` (label before x label)."""

    nodes: Floats
    edges: Floats


def gradient(batch: Batch, scores: Floats, edges: Floats) -> tuple[float, Floats, Floats]:
    """Compute the negative log likelihood and its gradient by node scores (rows x labels) and edges.

    Forward and backward run over all sequences of the batch at once, in scaled probabilities.
    """
    count, steps, labels = len(batch.lengths), int(batch.lengths[0]), scores.shape[1]
    top = scores.max(axis=1, keepdims=True)
    padded = np.ones((steps, count, labels))
    padded[batch.step, batch.sequence] = np.exp(scores - top)
    alive = batch.lengths[None, :] > np.arange(steps)[:, None]
    move = np.exp(edges)
    forward = np.empty_like(padded)
    scale = np.ones((steps, count))
    current = padded[0]
    for step in range(steps):
        if step:
            current = np.where(alive[step][:, None], (forward[step - 1] @ move) * padded[step], forward[step - 1])
        scale[step] = np.where(alive[step], current.sum(axis=1), 1.0)
        forward[step] = current / scale[step][:, None]
    backward = np.ones_like(padded)
    grad_edges = np.zeros_like(edges)
    for step in range(steps - 1, 0, -1):
        following = padded[step] * backward[step] / scale[step][:, None]
        following[~alive[step]] = 0.0
        grad_edges += (forward[step - 1].T @ following) * move
        backward[step - 1] = np.where(alive[step][:, None], following @ move.T, 1.0)
    rows = batch.step, batch.sequence
    grad_nodes = forward[rows] * backward[rows]
    grad_nodes /= grad_nodes.sum(axis=1, keepdims=True)
    at = np.arange(len(batch.labels))
    gold = scores[at, batch.labels].sum()
    grad_nodes[at, batch.labels] -= 1.0
    inner = batch.step[1:] > 0
    before, after = batch.labels[:-1][inner], batch.labels[1:][inner]
    np.subtract.at(grad_edges, (before, after), 1.0)
    loss = float(np.log(scale).sum() + top.sum() - gold - edges[before, after].sum())
    return loss, grad_nodes, grad_edges


def train(
    made: list[Batch],
    *,
    features: int,
    labels: int,
    epochs: int,
    rng: np.random.Generator,
    rate: float = RATE,
    decay: float = DECAY,
    dropout: Floats | None = None,
) -> Iterator[tuple[Crf, float]]:
    """Train and give, after each pass, the mean of the weights over the passes' second half, and the loss per row."""
    crf = Crf(np.zeros((features, labels)), np.zeros((labels, labels)))
    squares = Crf(np.full((features, labels), 1e-6), np.full((labels, labels), 1e-6))
    total = Crf(np.zeros((features, labels)), np.zeros((labels, labels)))
    summed = 0
    rows = sum(len(batch.labels) for batch in made)
    for epoch in range(epochs):
        loss = 0.0
        for number in rng.permutation(len(made)):
            batch = made[number]
            weights = crf.nodes[batch.columns]
            matrix = batch.matrix if dropout is None else _dropped(batch, dropout, rng)
            batch_loss, grad_nodes, grad_edges = gradient(batch, matrix @ weights, crf.edges)
            loss += batch_loss
            grad = matrix.T @ grad_nodes + decay * len(batch.labels) * weights
            seen = squares.nodes[batch.columns] + grad**2
            squares.nodes[batch.columns] = seen
            crf.nodes[batch.columns] = weights - rate * grad / np.sqrt(seen)
            squares.edges += grad_edges**2
            crf.edges -= rate * grad_edges / np.sqrt(squares.edges)
        if epoch >= epochs // 2:
            total.nodes += crf.nodes
            total.edges += crf.edges
            summed += 1
        mean = Crf(total.nodes / summed, total.edges / summed) if summed else crf
        yield mean, loss / rows


def _dropped(batch: Batch, dropout: Floats, rng: np.random.Generator) -> Any:
    """Hide a feature from a row with its own probability; what stays is scaled up to the same mean."""
    chance = dropout[batch.columns][batch.matrix.indices]
    data = (rng.random(len(chance)) >= chance) / (1.0 - chance)
    return sparse.csr_matrix((data, batch.matrix.indices, batch.matrix.indptr), shape=batch.matrix.shape)


def decode(batch: Batch, crf: Crf) -> Ints:
    """Find the best labels of a batch's rows (Viterbi), in the order of its rows."""
    scores = batch.matrix @ crf.nodes[batch.columns]
    count, steps = len(batch.lengths), int(batch.lengths[0])
    padded = np.zeros((steps, count, scores.shape[1]))
    padded[batch.step, batch.sequence] = scores
    back = np.zeros(padded.shape, dtype=np.int64)
    best = padded[0]
    lasts = [best]
    for step in range(1, steps):
        options = best[:, :, None] + crf.edges[None]
        back[step] = options.argmax(axis=1)
        best = options.max(axis=1) + padded[step]
        lasts.append(best)
    path = np.zeros((steps, count), dtype=np.int64)
    for step in range(steps - 1, -1, -1):
        here = lasts[step].argmax(axis=1)
        if step + 1 < steps:
            follow = back[step + 1][np.arange(count), path[step + 1]]
            here = np.where(batch.lengths > step + 1, follow, here)
        path[step] = here
    return path[batch.step, batch.sequence]
