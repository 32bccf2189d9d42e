"""Train word vectors on unlabelled news: shifted positive PMI of neighbours, factored by SVD (Levy & Goldberg 2014).

    python -m pipeline.training.vectors --shared ../shared --segmenter models/pkuseg-1.0.0 --out vectors.npz

Documents of the development gold and their reprints are left out.
"""

from __future__ import annotations

import argparse
import itertools
import logging
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from scipy import sparse
from sklearn.utils.extmath import randomized_svd

from pipeline.components.segmenter import Cutter, pkuseg_cutter
from pipeline.components.tagging import norm
from pipeline.training import rawtext

log = logging.getLogger(__name__)

SEED = 1998
# Neighbours on each side; near ones tell what kind of word it is, which is what tags and names need.
WINDOW = 2
MIN_COUNT, MAX_WORDS, WIDTH = 12, 30_000, 64
# Smoothing of the neighbours' distribution and weight of the singular values (Levy et al. 2015).
SMOOTHING, POWER = 0.75, 0.5
# A vector for what stands outside a sentence, so that the first and last place are neighbours too.
EDGE = ""


def segmented(shared: Path, cut: Cutter, files: Iterable[str], *, max_chars: int) -> Iterator[list[str]]:
    """Segment paragraphs of each file, at most ``max_chars`` a file, evenly over the file's documents."""
    for file in files:
        documents = list(rawtext.read_raw(shared, [file], min_chars=20))
        total = sum(len(raw.text) for raw in documents)
        step = max(1, round(total / max_chars))
        chars = 0
        for raw in itertools.islice(documents, 0, None, step):
            for paragraph in raw.text.split("\n"):
                if paragraph:
                    yield [norm(word) for word in cut(paragraph) if not word.isspace()]
            chars += len(raw.text)
        log.info("%s: %d of %d characters", file, chars, total)


def train(sentences: Iterable[list[str]], *, seed: int = SEED) -> tuple[list[str], np.ndarray]:
    """Train vectors; return words, most frequent first, and their vectors as rows of unit length (float32)."""
    index: dict[str, int] = {EDGE: 0}
    flat = array("l")
    for words in sentences:
        flat.extend([index.setdefault(word, len(index)) for word in words])
        flat.append(0)
    ids = np.frombuffer(flat, dtype=np.int64)
    counts = np.bincount(ids, minlength=len(index))
    counts[0] = counts.max() + 1
    order = np.argsort(-counts, kind="stable")[:MAX_WORDS]
    order = order[counts[order] >= MIN_COUNT]
    rank = np.full(len(index), -1)
    rank[order] = np.arange(len(order))
    matrix = _neighbours(rank[ids], len(order))
    names = list(index)
    u, s, _ = randomized_svd(_ppmi(matrix), n_components=WIDTH, n_iter=4, random_state=seed)
    vectors = u * s**POWER
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-9
    return [names[number] for number in order], vectors.astype(np.float32)


def _neighbours(ids: np.ndarray, size: int) -> sparse.csr_matrix:
    """Count which words stand how often before and after which, each side and distance in columns of its own."""
    parts = []
    for distance in range(1, WINDOW + 1):
        left, right = ids[:-distance], ids[distance:]
        known = (left >= 0) & (right >= 0)
        pairs = sparse.coo_matrix((np.ones(known.sum()), (left[known], right[known])), shape=(size, size)).tocsr()
        parts += [pairs, pairs.T.tocsr()]
    # Places on either side of the nearest neighbour tell the most, so each kind of place has its own columns.
    return sparse.hstack(parts).tocsr()


def _ppmi(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """Turn counts into positive pointwise mutual information, with smoothed columns."""
    columns = np.asarray(matrix.sum(axis=0)).ravel() ** SMOOTHING
    columns /= columns.sum()
    rows = np.asarray(matrix.sum(axis=1)).ravel()
    coo = matrix.tocoo()
    data = np.log(coo.data / (rows[coo.row] * columns[coo.col]))
    keep = data > 0
    return sparse.csr_matrix((data[keep], (coo.row[keep], coo.col[keep])), shape=matrix.shape)


def save_vectors(path: Path, words: list[str], vectors: np.ndarray) -> None:
    """Write words and vectors to one file."""
    np.savez_compressed(path, words=np.array("\n".join(words)), vectors=vectors)


def read_vectors(path: Path) -> tuple[list[str], np.ndarray]:
    """Read what :func:`save_vectors` wrote."""
    with np.load(path) as stored:
        return str(stored["words"]).split("\n"), stored["vectors"]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Train word vectors on unlabelled news.")
    parser.add_argument("--shared", type=Path, required=True, help="folder that holds rawtext/ and gold/")
    parser.add_argument("--segmenter", type=Path, required=True, help="folder of the pkuseg model")
    parser.add_argument("--out", type=Path, required=True, help="file to write")
    parser.add_argument("--max-chars", type=int, default=6_000_000, help="characters to read of each file")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    cut = pkuseg_cutter(options.segmenter, [])
    files = (*rawtext.PROSE, *rawtext.BROADCAST, *rawtext.BRIEFS)
    words, vectors = train(segmented(options.shared, cut, files, max_chars=options.max_chars))
    save_vectors(options.out, words, vectors)
    log.info("%d words of %d dimensions", *vectors.shape)


if __name__ == "__main__":
    main()
