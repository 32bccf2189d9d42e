"""Train the keyword ranker on texts whose keywords were chosen by reading.

    python -m pipeline.training.frequencies --shared ../shared --out models/keywords-1.0.0
    python -m pipeline.training.keywords --shared ../shared --out models/keywords-1.0.0

Every text may be cut into words and tagged in several ways, so that the ranker leans on none. Scores are by
cross-validation over texts; the development documents are not read here.
"""

from __future__ import annotations

import argparse
import json
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import jieba
import numpy as np
import numpy.typing as npt
import sklearn
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.model_selection import KFold

from pipeline.artefacts import write_meta
from pipeline.candidates import Candidates, Words
from pipeline.chain import make_nlp
from pipeline.components.keywords import (
    Scored,
    choose,
    find_areas,
    read_words,
    score_textrank,
    score_tfidf,
    short_list,
)
from pipeline.config import load
from pipeline.keyness import NAMES, Floats, Frequencies, Trees
from pipeline.training.corrections import read_store
from pipeline.training.rawtext import read_blocks

SEED = 1
FOLDS = 9
TOP = 10
# Chosen by cross-validation (docs/decisions/22-keywords.md).
TREES = 150
LEARNING_RATE = 0.06
MIN_LEAF = 30
SUBSAMPLE = 0.7

# Configurations whose words and entities the ranker learns from.
CONFIGS = ("news.cfg", "fast.cfg")
# Stages that give nothing to keywords.
IDLE = frozenset({"times", "quantities", "places", "people", "keywords", "topics"})

Annotated = tuple[Words, list[tuple[int, int, str]]]
Tagger = Callable[[str], Annotated]


@dataclass(frozen=True, slots=True)
class Read:
    """Hold a text and the keywords that a reader chose from it."""

    text: str
    keywords: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Example:
    """Hold the short list of a text, its features (M, F) and which of it are keywords (M,)."""

    read: Read
    words: Words
    candidates: Candidates
    table: Floats
    wanted: npt.NDArray[np.bool_]


def read_labels(shared: Path, path: Path) -> list[Read]:
    """Read ``configs/keywords_labels.tsv``: file, block, characters read, keywords."""
    rows = [line.split("\t") for line in path.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    blocks = {file: read_blocks(shared, f"{file}.txt.xz") for file in sorted({row[0] for row in rows})}
    return [
        Read(blocks[file][int(block)].text[: int(length)], tuple(keywords.split("|")))
        for file, block, length, keywords in rows
    ]


def tag_with(config: Path) -> Tagger:
    """Make a function that gives words and entities as the stages of a configuration do."""
    stages = [name for name in load(config).stages if name not in IDLE]
    nlp = make_nlp(load(config, [f"nlp.pipeline={json.dumps(stages)}"]))

    def tag(text: str) -> Annotated:
        doc = nlp(text)
        return read_words(doc), [(entity.start, entity.end, entity.label) for entity in doc._.entities]

    return tag


def prepare(reads: Sequence[Read], tagger: Tagger, frequencies: Frequencies) -> list[Example]:
    """Make the examples of all texts by one tagger."""
    examples = []
    for read in reads:
        words, entities = tagger(read.text)
        candidates, table = short_list(words, find_areas(read.text, None), entities, frequencies)
        wanted = np.array([one in read.keywords for one in candidates.texts], dtype=bool)
        examples.append(Example(read, words, candidates, table, wanted))
    return examples


def fit(examples: Sequence[Example]) -> Trees:
    """Fit boosted trees that tell keywords from other candidates, and lay them out for the stage."""
    model = GradientBoostingClassifier(
        n_estimators=TREES,
        learning_rate=LEARNING_RATE,
        max_leaf_nodes=Trees.MAX_LEAVES,
        min_samples_leaf=MIN_LEAF,
        subsample=SUBSAMPLE,
        random_state=SEED,
    )
    model.fit(np.vstack([one.table for one in examples]), np.concatenate([one.wanted for one in examples]))
    prior = float(model.init_.class_prior_[1])
    return lay_out(
        [estimator.tree_ for estimator in model.estimators_[:, 0]],
        model.learning_rate,
        float(np.log(prior / (1 - prior))),
    )


def lay_out(trees: Sequence[object], rate: float, bias: float) -> Trees:
    """Lay scikit-learn's trees out as arrays: conditions, the leaves each rules out, and the leaves' values."""
    leaves = Trees.MAX_LEAVES
    features = np.zeros((len(trees), leaves - 1), dtype=np.intp)
    thresholds = np.full((len(trees), leaves - 1), np.inf, dtype=np.float32)
    masks = np.full((len(trees), leaves - 1), 255, dtype=np.uint8)
    values = np.zeros((len(trees), leaves), dtype=np.float32)
    for number, tree in enumerate(trees):
        found, node_masks = _walk(tree)
        values[number, : len(found)] = [value * rate for value in found]
        for at, (feature, threshold, mask) in enumerate(node_masks):
            features[number, at], thresholds[number, at], masks[number, at] = feature, threshold, mask
    return Trees(features, thresholds, masks, values, bias)


def write_trees(path: Path, trees: Trees) -> None:
    """Write the arrays of a ranker."""
    np.savez_compressed(
        path,
        features=trees.features.astype(np.uint8),
        thresholds=trees.thresholds,
        masks=trees.masks,
        values=trees.values,
        bias=np.float32(trees.bias),
        names=np.array(NAMES),
    )


def _walk(tree: object) -> tuple[list[float], list[tuple[int, float, int]]]:
    """List a tree's leaves from left to right, and its nodes with the leaves that remain to their right."""
    left, right = tree.children_left, tree.children_right  # type: ignore[attr-defined]
    leaves: list[float] = []
    nodes: list[tuple[int, float, int]] = []

    def visit(node: int) -> None:
        if left[node] < 0:
            leaves.append(float(tree.value[node].ravel()[0]))  # type: ignore[attr-defined]
            return
        before = len(leaves)
        visit(left[node])
        ruled_out = sum(1 << at for at in range(before, len(leaves)))
        threshold = _round_down(tree.threshold[node])  # type: ignore[attr-defined]
        nodes.append((int(tree.feature[node]), threshold, 255 & ~ruled_out))  # type: ignore[attr-defined]
        visit(right[node])

    visit(0)
    return leaves, nodes


def _round_down(threshold: float) -> float:
    """Give the largest single-precision number that is not above a threshold, so that comparisons stay the same."""
    single = np.float32(threshold)
    return float(single if single <= threshold else np.nextafter(single, np.float32(-np.inf)))


def f1_at_10(found: Sequence[Sequence[str]], reads: Sequence[Read]) -> float:
    """Give the micro-averaged F1 of exact matches among the first ten."""
    hits = sum(len(set(one[:TOP]) & set(read.keywords)) for one, read in zip(found, reads, strict=True))
    return 2 * hits / (sum(len(one[:TOP]) for one in found) + sum(len(read.keywords) for read in reads))


def pick(example: Example, odds: Floats) -> list[str]:
    """Choose the keywords of an example by its log-odds."""
    return [one for one, _ in choose(example.read.text, Scored(example.candidates.texts, odds), top_n=TOP)]


def cross_validate(sets: Sequence[Sequence[Example]]) -> list[float]:
    """Give F1 at 10 of each tagger's examples, from rankers that have not seen the text."""
    count = len(sets[0])
    found: list[list[list[str]]] = [[[] for _ in range(count)] for _ in sets]
    for seen, unseen in KFold(FOLDS, shuffle=True, random_state=SEED).split(np.arange(count)):
        trees = fit([examples[at] for examples in sets for at in seen])
        for which, examples in enumerate(sets):
            for at in unseen:
                found[which][at] = pick(examples[at], trees(examples[at].table))
    reads = [one.read for one in sets[0]]
    return [round(f1_at_10(one, reads), 4) for one in found]


def compare(examples: Sequence[Example], frequencies: Frequencies) -> dict[str, float]:
    """Score the methods without learning, and jieba's, on the same texts."""
    import jieba.analyse  # noqa: PLC0415 - loads a dictionary of its own; only here

    reads = [one.read for one in examples]
    return {
        "tfidf": round(f1_at_10([pick(one, score_tfidf(one.candidates, frequencies)) for one in examples], reads), 4),
        "textrank": round(
            f1_at_10([pick(one, score_textrank(one.candidates, one.words)) for one in examples], reads), 4
        ),
        "jieba TF-IDF": round(f1_at_10([jieba.analyse.extract_tags(read.text, TOP) for read in reads], reads), 4),
        "jieba TextRank": round(f1_at_10([jieba.analyse.textrank(read.text, TOP) for read in reads], reads), 4),
    }


def train(
    shared: Path, out: Path, *, labels_path: Path, configs: Path, store: Path | None, command: str
) -> dict[str, object]:
    """Train, cross-validate and write ``ranker.npz`` and meta.json; give the scores.

    ``store`` holds corrections to learn from as well.
    """
    frequencies = Frequencies.load(out / "frequencies.npz")
    stored = read_store(store) if store is not None else []
    reads = read_labels(shared, labels_path)
    reads += [Read(one.text, one.keywords) for one in stored if one.keywords is not None]
    sets = [prepare(reads, tag_with(configs / name), frequencies) for name in CONFIGS]
    trees = fit([one for examples in sets for one in examples])
    scores: dict[str, object] = {
        "texts": len(reads),
        "keywords": sum(len(read.keywords) for read in reads),
        "short list holds": round(
            sum(int(one.wanted.sum()) for one in sets[0]) / sum(len(r.keywords) for r in reads), 4
        ),
        "f1_at_10 by cross-validation": dict(zip(CONFIGS, cross_validate(sets), strict=True)),
        "f1_at_10 without learning": compare(sets[0], frequencies),
    }
    write_trees(out / "ranker.npz", trees)
    write_meta(
        out,
        {
            "name": "keywords",
            "version": "1.0.0",
            "summary": "background frequencies of words and phrases, and boosted trees that rank candidates",
            "data": {
                "frequencies": json.loads((out / "frequencies.json").read_text("utf-8")),
                "read": "configs/keywords_labels.tsv, chosen from rawtext by a language model that read each text once",
            },
            "command": command,
            "seed": SEED,
            "libraries": {
                "python": platform.python_version(),
                "numpy": np.__version__,
                "scikit-learn": sklearn.__version__,
                "jieba": jieba.__version__,
            },
            "scores": scores,
            "licence": "as the project; counts of strings in news text, which belongs to its publishers",
        },
    )
    return scores


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--out", type=Path, default=Path("models/keywords-1.0.0"))
    parser.add_argument("--labels", type=Path, default=Path("configs/keywords_labels.tsv"))
    parser.add_argument("--configs", type=Path, default=Path("configs"))
    parser.add_argument("--corrections", type=Path, help="store of `make correct` to learn from as well")
    options = parser.parse_args()
    command = f"python -m pipeline.training.keywords --shared {options.shared} --out {options.out}"
    if options.corrections:
        command += f" --corrections {options.corrections}"
    train(
        options.shared,
        options.out,
        labels_path=options.labels,
        configs=options.configs,
        store=options.corrections,
        command=command,
    )


if __name__ == "__main__":
    main()
