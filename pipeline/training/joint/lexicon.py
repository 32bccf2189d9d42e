"""Make what the joint model looks texts up in: characters, lexicon words with vectors, and the text as numbers.

    python -m pipeline.training.joint.lexicon --shared ../shared --out out/train/stream

The lexicon holds words and pairs of neighbouring words that recent news repeats, as our pkuseg model cuts them; pairs
bring in the names that the standard cuts (王 | 毅). A word's vector says what stands around it: positive pointwise
mutual information with the two characters on each side, factored by SVD (Levy and Goldberg 2014), so that a word seen
ten times has a meaning before the network sees it.
"""

from __future__ import annotations

import argparse
import logging
import random
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.utils.extmath import randomized_svd

from pipeline.artefacts import open_model
from pipeline.components.joint_features import BEGIN_SLOTS, BREAK, LENGTHS, MAX_WORD, MIN_WORD, Features
from pipeline.components.model_view import model_view
from pipeline.components.segmenter import Cutter, pkuseg_cutter
from pipeline.text import is_han
from pipeline.training import rawtext
from pipeline.training.joint import WORD_WIDTH

log = logging.getLogger(__name__)

SEED = 7
FILES = (*rawtext.PROSE, *rawtext.BROADCAST, *rawtext.BRIEFS, "gov-reports.txt.xz")
MIN_DOCUMENT = 20
# Rarer characters are unknown: 4,690 stay.
MIN_CHARACTER = 30
# Characters of text that words are counted in, and how often a word or a pair has to stand there: 88,420 stay.
LEXICON_CHARS = 24_000_000
MIN_WORD_COUNT, MIN_PAIR_COUNT = 6, 25
MAX_LEXICON = 130_000
# Characters of text that the vectors come from, and how many are counted at a time.
VECTOR_CHARS, CHUNK = 30_000_000, 1_500_000
CONTEXTS = 4
# Contexts are smoothed by this power (Levy and Goldberg 2015); every vector gets this length.
SMOOTHING, NORM = 0.75, 0.4


def documents(shared: Path) -> list[str]:
    """Read the unlabelled news in model view, in random order; what is measured on is left out."""
    texts = [model_view(raw.text) for raw in rawtext.read_raw(shared, FILES, min_chars=MIN_DOCUMENT)]
    random.Random(SEED).shuffle(texts)  # noqa: S311  # shuffling, not secrets
    return texts


def count_characters(texts: Sequence[str]) -> str:
    """List the characters that stand often enough, most frequent first."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(text)
    return "".join(
        char
        for char, count in counts.most_common()
        if count >= MIN_CHARACTER and ord(char) < 0x10000 and not char.isspace()
    )


def count_lexicon(texts: Sequence[str], cut: Cutter, characters: str) -> list[str]:
    """List the words and pairs of words of two to five known Chinese characters that stand often enough."""
    known = {char for char in characters if is_han(char)}
    words: Counter[str] = Counter()
    pairs: Counter[str] = Counter()
    seen = 0
    for text in texts:
        parts = cut(text)
        words.update(part for part in parts if MIN_WORD <= len(part) <= MAX_WORD and known.issuperset(part))
        pairs.update(a + b for a, b in pairwise(parts) if len(a) + len(b) <= MAX_WORD and known.issuperset(a + b))
        seen += len(text)
        if seen > LEXICON_CHARS:
            break
    often = Counter({word: count for word, count in words.items() if count >= MIN_WORD_COUNT})
    often |= Counter({pair: count for pair, count in pairs.items() if count >= MIN_PAIR_COUNT and pair not in often})
    return [word for word, _ in often.most_common(MAX_LEXICON)]


def number(texts: Sequence[str], features: Features) -> NDArray[np.uint16]:
    """Write texts as one array of ids, BREAK for each line feed and after each text."""
    parts = []
    for text in texts:
        ids = features.chars(text + "\n")
        ids[[at for at, char in enumerate(text + "\n") if char == "\n"]] = BREAK
        parts.append(ids.astype(np.uint16))
    return np.concatenate(parts)


def word_vectors(stream: NDArray[np.uint16], features: Features, width: int) -> NDArray[np.float32]:
    """Compute the lexicon's vectors: shape (words + 1, width), row 0 zero."""
    rows, size = len(features.words) + 1, features.size
    keys, counts = [], []
    for low in range(0, min(len(stream), VECTOR_CHARS), CHUNK):
        ids = stream[low : low + CHUNK].astype(np.int32)
        slots = features.lexicon(ids)[:, :BEGIN_SLOTS]
        found = []
        for column, length in enumerate(LENGTHS):
            at = np.flatnonzero(slots[:, column])
            at = at[(at >= 2) & (at + length + 1 < len(ids))]
            words = slots[at, column].astype(np.int64)
            for context, offset in enumerate((-2, -1, length, length + 1)):
                found.append((words * CONTEXTS + context) * size + ids[at + offset])
        unique, count = np.unique(np.concatenate(found), return_counts=True)
        keys.append(unique)
        counts.append(count)
    key, count = np.concatenate(keys), np.concatenate(counts).astype(np.float32)
    table = sp.coo_matrix((count, (key // (CONTEXTS * size), key % (CONTEXTS * size))), (rows, CONTEXTS * size)).tocsr()
    vectors = factor(table, width)
    vectors *= NORM / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
    vectors[0] = 0
    return vectors.astype(np.float32)


def factor(table: sp.csr_matrix, width: int) -> NDArray[np.float64]:
    """Turn counts into positive pointwise mutual information and factor it."""
    by_row = np.asarray(table.sum(1)).ravel()
    by_column = np.asarray(table.sum(0)).ravel() ** SMOOTHING
    by_column /= by_column.sum()
    row = np.repeat(np.arange(table.shape[0]), np.diff(table.indptr))
    expected = np.maximum(by_row[row], 1) * np.maximum(by_column[table.indices], 1e-12)
    table.data = np.maximum(0, np.log(table.data / expected))
    table.eliminate_zeros()
    left, values, _ = randomized_svd(table, width, n_iter=3, random_state=0)
    scaled: NDArray[np.float64] = left * np.sqrt(values)
    return scaled


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Make the characters, lexicon and number stream of the joint model.")
    parser.add_argument("--shared", type=Path, required=True, help="folder that holds rawtext/ and gold/")
    parser.add_argument("--segmenter", default="pkuseg-1.0.0", help="name of the model that cuts words")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    options.out.mkdir(parents=True, exist_ok=True)
    texts = documents(options.shared)
    characters = count_characters(texts)
    log.info("%d documents, %d characters", len(texts), len(characters))
    lexicon = count_lexicon(texts, pkuseg_cutter(open_model(options.segmenter), []), characters)
    log.info("%d words", len(lexicon))
    features = Features(characters, lexicon)
    features.save(options.out)
    stream = number(texts, features)
    np.save(options.out / "stream.npy", stream)
    np.save(options.out / "vectors.npy", word_vectors(stream, features, WORD_WIDTH))


if __name__ == "__main__":
    main()
