"""Train, prune and measure the pkuseg model.

    python -m pipeline.training.segmenter --corpora ../shared/corpora --out models/pkuseg-1.0.0

The text is People's Daily of January and February 1998 by the PKU standard, seen through
:func:`pipeline.components.segmenter.model_view` and cut at sentence ends as at run time. The features are those that
spacy-pkuseg reads, the training is :mod:`pipeline.training.crf`, and the files are in spacy-pkuseg's format.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib.metadata import version as version_of
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import srsly
from numpy.typing import NDArray
from spacy_pkuseg import pkuseg
from spacy_pkuseg.feature_extractor import FeatureExtractor

from pipeline.artefacts import write_meta
from pipeline.components.model_view import model_view, segments
from pipeline.components.segmenter import Cutter, jieba_cutter, pkuseg_cutter
from pipeline.training import corpora, crf

log = logging.getLogger(__name__)

SEED = 1998
EPOCHS = 5
# Labels of spacy-pkuseg, in the order of its numbers: begin, single, inside, end, second.
LABELS = ("B", "B_single", "I", "I_end", "I_first")
BEGIN, SINGLE, INSIDE, END, SECOND = range(len(LABELS))
WORD_MIN, WORD_MAX = 2, 6
# The constant feature; spacy-pkuseg gives every character the feature numbered 0.
CONSTANT = "$$"
MIN_WORD_COUNT = 1
# Features that stay after pruning, and the grid that their weights are rounded to.
KEEP_FEATURES = 520_000
GRID = 1 / 32


class Lexicon(NamedTuple):
    """Hold the words and pairs of words that the word features may name."""

    words: frozenset[str]
    pairs: frozenset[str]


def training_lines(sentences: Iterable[corpora.Words]) -> list[corpora.Words]:
    """Bring segmented sentences to model view and cut them into segments as at run time."""
    lines: list[corpora.Words] = []
    for words in sentences:
        view = [model_view(word) for word in words]
        ends = {end for _, end in corpora.word_spans(segments("".join(view)))}
        line: corpora.Words = []
        at = 0
        for word in view:
            line.append(word)
            at += len(word)
            if at in ends:
                lines.append(line)
                line = []
        if line:
            lines.append(line)
    return lines


def count_words(lines: Iterable[corpora.Words], min_count: int = MIN_WORD_COUNT) -> Lexicon:
    """List the words of two to six characters, and the pairs of them, that occur often enough."""
    words: Counter[str] = Counter()
    pairs: Counter[str] = Counter()
    for line in lines:
        words.update(line)
        pairs.update(f"{a}*{b}" for a, b in pairwise(line) if len(a) > 1 and len(b) > 1)
    return Lexicon(
        frozenset(w for w, n in words.items() if n >= min_count and WORD_MIN <= len(w) <= WORD_MAX),
        frozenset(pair for pair, n in pairs.items() if n >= min_count),
    )


def features(text: str, lexicon: Lexicon) -> list[list[str]]:
    """List the features of every character of a segment, as spacy-pkuseg names them."""
    nodes = list(FeatureExtractor.normalize_text(text))
    size = len(nodes)
    # Words with digits or letters never match: spacy-pkuseg compares them in normalised form.
    plain = "".join(node if len(node) == 1 else "\0" for node in nodes)
    starting: list[list[str]] = [[] for _ in range(size + 1)]
    ending: list[list[str]] = [[] for _ in range(size + 1)]
    for start in range(size - 1):
        for end in range(start + WORD_MIN, min(size, start + WORD_MAX) + 1):
            if (word := plain[start:end]) in lexicon.words:
                starting[start].append(word)
                ending[end].append(word)
    rows = [_char_features(nodes, at) for at in range(size)]
    for at, row in enumerate(rows):
        row.extend("w-1." + word for word in ending[at + 1])
        row.extend("w1." + word for word in starting[at])
    for at in range(1, size):
        for before in ending[at]:
            for after in starting[at]:
                pair = f"{before}*{after}"
                if pair in lexicon.pairs:
                    rows[at].append("ww.l." + pair)
                    rows[at - 1].append("ww.r." + pair)
    return rows


def _char_features(nodes: list[str], at: int) -> list[str]:
    """List the features of one character that look at the characters around it."""
    char, last = nodes[at], len(nodes) - 1
    row = [CONSTANT, "c." + char]
    if at > 0:
        row += ("c-1." + nodes[at - 1], f"c-1c.{nodes[at - 1]}.{char}")
    if at < last:
        row += ("c1." + nodes[at + 1], f"cc1.{char}.{nodes[at + 1]}")
    if at > 1:
        row += ("c-2." + nodes[at - 2], f"c-2c-1.{nodes[at - 2]}.{nodes[at - 1]}")
    if at < last - 1:
        row.append("c2." + nodes[at + 2])
    return row


def labels_of(words: corpora.Words) -> list[int]:
    """Label the characters of segmented words."""
    tags: list[int] = []
    for word in words:
        if len(word) == 1:
            tags.append(SINGLE)
        else:
            tags += [BEGIN, SECOND, *[INSIDE] * (len(word) - 3), END] if len(word) > 2 else [BEGIN, END]
    return tags


def sequences(lines: Iterable[corpora.Words], lexicon: Lexicon) -> Iterator[tuple[list[list[str]], list[int]]]:
    """Give features and labels of every line."""
    for line in lines:
        yield features("".join(line), lexicon), labels_of(line)


def count_right(batch: crf.Batch, found: crf.Ints) -> tuple[int, int, int]:
    """Count the words of a batch that are right, found, and in the gold."""
    sides = []
    for tags in (batch.labels, found):
        starts = np.flatnonzero((tags == BEGIN) | (tags == SINGLE) | (batch.step == 0))
        sides.append(set(zip(starts.tolist(), [*starts[1:].tolist(), len(tags)], strict=True)))
    gold, other = sides
    return len(gold & other), len(other), len(gold)


class Score(NamedTuple):
    """Hold the figures of the SIGHAN bakeoffs, by matching spans."""

    precision: float
    recall: float
    f1: float
    oov_rate: float
    oov_recall: float


def score(sentences: Iterable[corpora.Words], cut: Cutter, known: set[str]) -> Score:
    """Compare a segmenter with gold words; a word outside ``known`` is out of vocabulary."""
    right = found = gold = oov = oov_right = 0
    for words in sentences:
        want = corpora.word_spans(words)
        have = set(corpora.word_spans(cut("".join(words))))
        hits = [span in have for span in want]
        new = [word not in known for word in words]
        right += sum(hits)
        found += len(have)
        gold += len(want)
        oov += sum(new)
        oov_right += sum(hit and is_new for hit, is_new in zip(hits, new, strict=True))
    precision, recall = right / found, right / gold
    figures = (precision, recall, 2 * precision * recall / (precision + recall), oov / gold, oov_right / max(1, oov))
    return Score(*(round(figure, 4) for figure in figures))


class Trained(NamedTuple):
    """Hold what a model is saved from: weights, the names of the features, how often each occurs, the words."""

    weights: crf.Crf
    names: list[str]
    counts: crf.Ints
    words: frozenset[str]


def train(split: corpora.Split, *, keep: int, epochs: int = EPOCHS, seed: int = SEED) -> tuple[Trained, Trained]:
    """Train twice on the training side: with all features, and with the ``keep`` that moved most the first time.

    Dropping features and keeping the others' weights cost 0.3 points of F1; training the smaller model anew gives
    most of it back. The development side only shows in the log.
    """
    lines = training_lines(split.train)
    lexicon = count_words(lines)
    table = crf.FeatureTable([CONSTANT])
    rows = table.rows(sequences(lines, lexicon), growing=True)
    dev = training_lines(split.dev)
    log.info("%d segments, %d characters, %d features", len(lines), len(rows.labels), len(table.index))
    whole = _train(rows, table, dev, lexicon, epochs=epochs, seed=seed)
    rows, table = crf.keep_features(rows, table, most_moving(whole, keep))
    return whole, rounded(_train(rows, table, dev, lexicon, epochs=epochs, seed=seed))


def _train(
    rows: crf.Rows, table: crf.FeatureTable, dev: list[corpora.Words], lexicon: Lexicon, *, epochs: int, seed: int
) -> Trained:
    """Train on numbered rows and log each pass."""
    rng = np.random.default_rng(seed)
    made = crf.batches(rows, rng)
    watched = crf.batches(table.rows(sequences(dev, lexicon), growing=False), rng)
    weights = crf.Crf(np.zeros(0), np.zeros(0))
    passes = crf.train(made, features=len(table.index), labels=len(LABELS), epochs=epochs, rng=rng)
    for number, (weights, loss) in enumerate(passes, start=1):  # the last pass is the model
        right, found, gold = np.sum([count_right(batch, crf.decode(batch, weights)) for batch in watched], axis=0)
        log.info("pass %d: loss %.5f, dev F1 %.4f", number, loss, 2 * right / (found + gold))
    counts = np.bincount(rows.ids, minlength=len(table.index))
    return Trained(weights, list(table.index), counts, lexicon.words)


def most_moving(trained: Trained, keep: int) -> NDArray[np.bool_]:
    """Mark the features that move most: weight (relative to the other labels) times the root of the frequency."""
    centred = trained.weights.nodes - trained.weights.nodes.mean(axis=1, keepdims=True)
    moved = np.abs(centred).max(axis=1) * np.sqrt(trained.counts)
    moved[0] = np.inf
    marks = np.zeros(len(moved), dtype=bool)
    marks[np.argsort(-moved)[:keep]] = True
    return marks


def rounded(trained: Trained) -> Trained:
    """Round the weights to GRID, so that the packed file is small, and keep the words that a feature names."""
    centred = trained.weights.nodes - trained.weights.nodes.mean(axis=1, keepdims=True)
    weights = crf.Crf(np.round(centred / GRID) * GRID, np.round(trained.weights.edges / GRID) * GRID)
    named = {name.partition(".")[2] for name in trained.names if name.startswith(("w1.", "w-1."))}
    named |= {word for name in trained.names if name.startswith("ww.") for word in name[5:].split("*")}
    return trained._replace(weights=weights, words=trained.words & named)


def save(trained: Trained, folder: Path) -> None:
    """Write the two files that spacy-pkuseg reads; the pairs of words are in the names of the features."""
    folder.mkdir(parents=True, exist_ok=True)
    data = {
        "unigram": sorted(trained.words),
        "bigram": [],
        "feature_to_idx": {name: number for number, name in enumerate(trained.names)},
        "tag_to_idx": {label: number for number, label in enumerate(LABELS)},
    }
    srsly.write_msgpack(folder / "features.msgpack", data)
    # spacy-pkuseg keeps edges as [label, label before].
    flat = np.concatenate([trained.weights.nodes.ravel(), trained.weights.edges.T.ravel()])
    np.savez_compressed(folder / "weights.npz", sizes=np.array([len(LABELS), len(trained.names)]), w=flat)


def measure(folder: Path, root: Path, split: corpora.Split) -> dict[str, Score]:
    """Score a saved model on the test sets, each once."""
    cut = pkuseg_cutter(folder, [])
    pku = corpora.read_segmented(root, corpora.PKU_TEST)
    pku_words = {line.strip() for line in corpora.read_lines(root, corpora.PKU_TRAIN_WORDS)}
    trained_words = {word for words in split.train for word in words}
    return {
        "sighan2005_pku_test": score(pku, cut, pku_words),
        "sighan2005_msr_test": score(corpora.read_segmented(root, corpora.MSR_TEST), cut, trained_words),
        "pd199801_held_out": score(split.held_out, cut, trained_words),
    }


def bundled_dictionary_score(folder: Path, root: Path) -> Score:
    """Score a model on the PKU test with the dictionary that spacy-pkuseg brings and uses unless told not to."""
    library = pkuseg(str(folder))
    pku_words = {line.strip() for line in corpora.read_lines(root, corpora.PKU_TRAIN_WORDS)}
    return score(
        corpora.read_segmented(root, corpora.PKU_TEST), lambda text: list(library.cut(model_view(text))), pku_words
    )


def speed(folder: Path, root: Path) -> dict[str, int]:
    """Measure characters per second on one core, beside jieba, on the text of the PKU test."""
    lines = ["".join(words) for words in corpora.read_segmented(root, corpora.PKU_TEST)]
    size = sum(map(len, lines))
    figures = {}
    for name, cut in (("pkuseg", pkuseg_cutter(folder, [])), ("jieba", jieba_cutter([]))):
        cut(lines[0])
        start = time.process_time()
        for line in lines:
            cut(line)
        figures[f"{name}_chars_per_second"] = round(size / (time.process_time() - start))
    return figures


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Train the pkuseg model.")
    parser.add_argument("--corpora", type=Path, required=True, help="folder of the corpora")
    parser.add_argument("--out", type=Path, required=True, help="folder of the model, models/<name>-<version>")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--keep", type=int, default=KEEP_FEATURES, help="features that stay after pruning")
    parser.add_argument("--names", type=Path, help="file made by pipeline.training.names: the second round")
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    corpora.verify(options.corpora)
    split = corpora.split_segmentation(options.corpora)
    if options.names:
        split.train.extend(line.split() for line in options.names.read_text("utf-8").splitlines())
    trained, pruned = train(split, keep=options.keep, epochs=options.epochs, seed=options.seed)
    save(pruned, options.out)
    with tempfile.TemporaryDirectory() as scratch:
        save(trained, Path(scratch))
        whole = measure(Path(scratch), options.corpora, split)
    scores: dict[str, object] = {
        name: figures._asdict() for name, figures in measure(options.out, options.corpora, split).items()
    }
    scores["before_pruning"] = {name: figures._asdict() for name, figures in whole.items()}
    scores["pku_test_with_bundled_dictionary"] = bundled_dictionary_score(options.out, options.corpora)._asdict()
    scores["speed"] = speed(options.out, options.corpora)
    log.info("scores %s", scores)
    write_meta(options.out, _meta(options, split, pruned, scores))


def _meta(
    options: argparse.Namespace, split: corpora.Split, model: Trained, scores: dict[str, object]
) -> dict[str, object]:
    """Describe the model for its meta.json."""
    name, _, version = options.out.name.rpartition("-")
    return {
        "name": name,
        "version": version,
        "summary": "word segmentation by the PKU standard for spacy-pkuseg",
        "data": {
            "train": "SIGHAN 2005 PKU training text (rebuilt) and People's Daily of February 1998, "
            "without the lines of the SIGHAN PKU test",
            "names": "sentences of recent news with names re-cut, by pipeline.training.names"
            if options.names
            else None,
            "train_sentences": len(split.train),
            "dev": f"lines {corpora.DEV_FROM + 1}-{corpora.HELD_OUT_FROM} of January 1998",
            "held_out": f"January 1998 from line {corpora.HELD_OUT_FROM + 1} on",
        },
        "command": "python -m pipeline.training.segmenter --corpora ../shared/corpora --out models/"
        f"{options.out.name} --epochs {options.epochs} --keep {options.keep}"
        + (f" --names {options.names.name}" if options.names else ""),
        "seed": options.seed,
        "features": len(model.names),
        "libraries": {name: version_of(name) for name in ("spacy-pkuseg", "numpy", "scipy")},
        "scores": scores,
        "licence": "trained on corpora given for research; see models/README.md",
    }


if __name__ == "__main__":
    main()
