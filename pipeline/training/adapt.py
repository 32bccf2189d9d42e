"""Train the shipped topic and keyword models further on stored corrections, without the corpora.

    python -m pipeline.training.adapt --store corrections/store.jsonl --name own

Topics: each topic's weights move as little as they must for the corrected articles to come right, by a logistic
regression with the shipped log-odds as offset. Keywords: more trees are boosted on top of the shipped ones. The
results are models of their own, ``models/topics-<name>`` and ``models/keywords-<name>``; the shipped ones stay.
"""

from __future__ import annotations

import argparse
import platform
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy
import scipy.sparse as sp
import sklearn
from scipy.optimize import minimize
from sklearn.ensemble import GradientBoostingClassifier

from pipeline import artefacts
from pipeline.components.keywords import KeywordModel
from pipeline.components.topics import TopicModel, log_odds, weigh
from pipeline.errors import ConfigError, PipelineError
from pipeline.keyness import Floats, Trees
from pipeline.training.corrections import Correction, read_store
from pipeline.training.keywords import (
    LEARNING_RATE,
    MIN_LEAF,
    SEED,
    SUBSAMPLE,
    Read,
    lay_out,
    prepare,
    tag_with,
    write_trees,
)
from pipeline.training.topics import quantise, write_arrays

Matrix = npt.NDArray[np.float64]

# How dearly a move of the weights is paid for. At 0.05 a corrected article comes right even where its topic had a
# probability of 0.002, and one of the same subject, with a similarity of 0.2, moves by about 1 in log-odds.
RIDGE = 0.05
# Trees that corrections add. Fifty of the usual depth and rate take up half of what is new in 20 corrected articles.
TREES = 50


def to_rows(model: TopicModel, corrections: Sequence[Correction]) -> sp.csr_matrix:
    """Weigh the texts (N, V) as the stage does."""
    found = [weigh(one.text, one.title, model.keys, model.idf, model.title_weight) for one in corrections]
    ends = np.cumsum([0, *(len(rows) for rows, _ in found)])
    columns = np.concatenate([rows for rows, _ in found])
    values = np.concatenate([values for _, values in found])
    return sp.csr_matrix((values, columns, ends), shape=(len(found), len(model.keys)))


def fit_move(odds: Matrix, wanted: npt.NDArray[np.bool_], similar: Matrix) -> Matrix:
    """Fit how much of each text (N,) is added to the weights of a topic, given its log-odds (N,) and which want it.

    ``similar`` (N, N) are inner products of the texts. Minimises the logistic loss plus RIDGE / 2 times the squared
    length of the move.
    """
    sign = np.where(wanted, 1.0, -1.0)

    def loss(amounts: Matrix) -> tuple[float, Matrix]:
        moved = similar @ amounts
        margin = sign * (odds + moved)
        slope = -sign / (1 + np.exp(np.clip(margin, -30, 30)))
        value = np.logaddexp(0, -margin).sum() + RIDGE / 2 * amounts @ moved
        return float(value), similar @ (slope + RIDGE * amounts)

    found: Matrix = minimize(loss, np.zeros(len(odds)), jac=True, method="L-BFGS-B").x
    return found


def adapt_topics(model: TopicModel, corrections: Sequence[Correction]) -> TopicModel:
    """Give a model that has learned the topics of corrections; raise ConfigError for codes that it does not know."""
    codes = [label.code for label in model.labels]
    unknown = sorted({code for one in corrections for code in one.topics or ()} - set(codes))
    if unknown:
        raise ConfigError(f"corrections name topics that the model has not: {', '.join(unknown)}")
    rows = to_rows(model, corrections)
    similar = (rows @ rows.T).toarray().astype(np.float64)
    odds = np.array([log_odds(one.text, one.title, model) for one in corrections], dtype=np.float64)
    weights: Matrix = model.weights.astype(np.float64) * model.scale
    for at, code in enumerate(codes):
        wanted = np.array([code in (one.topics or ()) for one in corrections])
        weights[:, at] += rows.T @ fit_move(odds[:, at], wanted, similar)
    packed, scale = quantise(weights)
    return replace(model, weights=packed, scale=scale)


class _Shipped:
    """Let scikit-learn's boosting begin where shipped trees end."""

    def __init__(self, trees: Trees) -> None:
        self.trees = trees

    def fit(self, table: Floats, wanted: npt.NDArray[np.bool_], sample_weight: object = None) -> _Shipped:
        """Keep the trees as they are."""
        del table, wanted, sample_weight
        return self

    def predict_proba(self, table: Floats) -> Matrix:
        """Give the probabilities (N, 2) of no keyword and keyword."""
        share = 1 / (1 + np.exp(-self.trees(table.astype(np.float32)).astype(np.float64)))
        return np.column_stack([1 - share, share])


def adapt_trees(trees: Trees, table: Floats, wanted: npt.NDArray[np.bool_]) -> Trees:
    """Boost further trees on the features (N, F) of corrected articles; raise ConfigError where nothing is new."""
    if not wanted.any() or wanted.all():
        raise ConfigError(
            "none of the corrected keywords is among the candidates of its article; nothing can be learned"
        )
    model = GradientBoostingClassifier(
        n_estimators=TREES,
        learning_rate=LEARNING_RATE,
        max_leaf_nodes=Trees.MAX_LEAVES,
        # Few corrections hold few keywords; a leaf must be able to hold some of them.
        min_samples_leaf=min(MIN_LEAF, max(1, int(wanted.sum()) // 3)),
        subsample=SUBSAMPLE,
        random_state=SEED,
        init=_Shipped(trees),
    )
    model.fit(table, wanted)
    more = lay_out([estimator.tree_ for estimator in model.estimators_[:, 0]], model.learning_rate, 0.0)
    return Trees(
        np.vstack([trees.features, more.features]),
        np.vstack([trees.thresholds, more.thresholds]),
        np.vstack([trees.masks, more.masks]),
        np.vstack([trees.values, more.values]),
        trees.bias,
    )


def _start(base: str, out: Path, root: Path) -> dict[str, Any]:
    """Copy a model's folder as the start of a new one; give the meta.json of the old."""
    if out.exists():
        shutil.rmtree(out)
    shutil.copytree(artefacts.open_model(base, root), out)
    return artefacts.read_meta(base, root)


def _describe(out: Path, meta: dict[str, Any], base: str, command: str, learned: dict[str, object]) -> None:
    """Write the meta.json of an adapted model: that of its base, and what was learned beyond it."""
    name = out.name.removeprefix(f"{meta['name']}-")
    fresh = {key: value for key, value in meta.items() if key not in {"files", "bytes"}} | {
        "version": f"{meta['version']}+{name}",
        "summary": f"{meta['summary']}; trained further on corrections",
        "data": {"base": base, "corrections": learned},
        "command": command,
        "seed": SEED,
        "libraries": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "scipy": scipy.__version__,
            "scikit-learn": sklearn.__version__,
        },
        "scores": {"of the base, before": meta["scores"], "on the corrections themselves": learned["fit"]},
    }
    artefacts.write_meta(out, fresh)


def _right_topics(model: TopicModel, corrections: Sequence[Correction]) -> float:
    """Say for what share of corrected articles exactly the right topics reach one half."""
    codes = np.array([label.code for label in model.labels])
    hits = [set(codes[log_odds(one.text, one.title, model) >= 0]) == set(one.topics or ()) for one in corrections]
    return round(float(np.mean(hits)), 4)


def train_topics(base: str, out: Path, corrections: Sequence[Correction], *, command: str, root: Path) -> None:
    """Write a topic model that has learned the corrections."""
    model = TopicModel.load(base, root)
    moved = adapt_topics(model, corrections)
    fit = {
        "articles": len(corrections),
        "before": _right_topics(model, corrections),
        "after": _right_topics(moved, corrections),
    }
    meta = _start(base, out, root)
    write_arrays(out, moved)
    _describe(out, meta, base, command, {"articles": len(corrections), "fit": fit})


def train_keywords(
    base: str, out: Path, corrections: Sequence[Correction], *, config: Path, command: str, root: Path
) -> None:
    """Write a keyword model that has learned the corrections, by the words and entities of a configuration."""
    model = KeywordModel.load(base, root)
    reads = [Read(one.text, one.keywords or ()) for one in corrections]
    examples = prepare(reads, tag_with(config), model.frequencies)
    table, wanted = np.vstack([one.table for one in examples]), np.concatenate([one.wanted for one in examples])
    trees = adapt_trees(model.trees, table, wanted)
    named = sum(len(one.keywords) for one in reads)
    fit = {"articles": len(reads), "keywords": named, "among the candidates": int(wanted.sum())}
    meta = _start(base, out, root)
    write_trees(out / "ranker.npz", trees)
    _describe(out, meta, base, command, {"articles": len(reads), "fit": fit})


def adapt(options: argparse.Namespace) -> str:
    """Train both models on what the store holds; give a line that says what was made and how to use it."""
    store = read_store(options.store)
    if not store:
        raise ConfigError(f"no corrections in {options.store}; `make correct` puts them there")
    command = f"python -m pipeline.training.adapt --store {options.store} --name {options.name}"
    made = []
    of_topics = [one for one in store if one.topics is not None]
    of_keywords = [one for one in store if one.keywords is not None]
    if of_topics:
        out = options.models / f"topics-{options.name}"
        train_topics(options.topics, out, of_topics, command=command, root=options.models)
        made.append(("topics", out.name))
    if of_keywords:
        out = options.models / f"keywords-{options.name}"
        train_keywords(options.keywords, out, of_keywords, config=options.config, command=command, root=options.models)
        made.append(("keywords", out.name))
    use = " ".join(f"--set components.{stage}.model={name}" for stage, name in made)
    counts = f"{len(of_topics)} articles with topics, {len(of_keywords)} with keywords"
    return f"learned from {counts}; use it with ARGS='{use}'"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 0, or 2 for what it cannot work with."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, required=True, help="corrections, as `make correct` keeps them")
    parser.add_argument("--name", default="own", help="the new models are topics-NAME and keywords-NAME")
    parser.add_argument("--topics", default="topics-1.1.0", help="topic model to begin with")
    parser.add_argument("--keywords", default="keywords-1.0.0", help="keyword model to begin with")
    parser.add_argument(
        "--config", type=Path, default=Path("configs/news.cfg"), help="whose words keywords are made of"
    )
    parser.add_argument("--models", type=Path, default=artefacts.ROOT, help="folder of the models")
    options = parser.parse_args(arguments)
    try:
        sys.stdout.write(adapt(options) + "\n")
    except PipelineError as error:
        sys.stderr.write(f"adapt: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
