"""Train the narrower topics (football, courts, farming …) on the n-grams of the topics of the first level.

1. Texts in which several seeds of a topic stand, and corpora whose labels mean it, against texts without any of its
   seeds: one logistic regression a topic.
2. What was read (``configs/topics_narrower.tsv``) sets the scale: one regression over all topics together weighs this
   score, the log-odds of the broader topic, and a shift for each topic, which a ridge keeps small.
3. A topic stays when enough of its answers on texts that the regression had not seen are right.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold

from pipeline.training.rawtext import Raw, read_blocks
from pipeline.training.topic_data import SEED_WINDOW, Example, read_labelled_corpora

Matrix = npt.NDArray[np.float64]
Table = npt.NDArray[np.bool_]
Odds = Matrix

SEED = 1
MIN_SEEDS = 3  # different seeds in headline and opening, those of the headline twice
SEEDED = 300  # texts a topic, those with the most seeds
BACKGROUND = 3_500  # texts drawn from all news
AGAINST = 4_000  # texts without a seed that each topic is told from
CHARS = 1_500  # characters of a text that are learned from
C = 3.0
RIDGE = 1.0  # of the shifts; 0.3 and 3 gave .865 and .838 right of the judged answers, 1 gave .860 and more of them
FOLDS = 5
# A topic is given when this share of its answers on unseen read texts is right, and there were this many answers.
LEAST_PRECISION = 2 / 3
LEAST_ANSWERS = 3


class ReadRow(NamedTuple):
    """Hold a line of the labels: where the text is, what it is for, codes that are right, and other codes."""

    file: str
    block: int
    use: str
    right: frozenset[str]
    other: frozenset[str]


@dataclass(frozen=True, slots=True)
class Answers:
    """Hold read texts: their examples, which topics (N, M) are right, and for which nothing is known (N, M)."""

    examples: list[Example]
    right: Table
    unknown: Table


class Scale(NamedTuple):
    """Hold the second regression: weights of score and broader log-odds, a shift, and one more a topic (M,)."""

    own: float
    broader: float
    shift: float
    shifts: Matrix

    def __call__(self, scores: Matrix, above: Matrix) -> Odds:
        """Give log-odds (N, M) from scores (N, M) and log-odds of the broader topics (N, M)."""
        odds: Odds = self.own * scores + self.broader * above + self.shift + self.shifts
        return odds


def short_code(code: str) -> str:
    """Shorten a code: two digits for a topic of the first level, all digits for a narrower one."""
    digits = code.rpartition(":")[2]
    return digits[:2] if digits.endswith("000000") else digits


def read_rows(path: Path) -> list[ReadRow]:
    """Read ``configs/topics_narrower.tsv``."""
    rows = []
    for line in path.read_text("utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            file, block, use, right, other = line.split("\t")
            codes = [frozenset(part.split()) - {"-"} for part in (right, other)]
            rows.append(ReadRow(f"{file}.txt.xz", int(block), use, *codes))
    return rows


def read_answers(shared: Path, rows: Sequence[ReadRow], codes: Sequence[str]) -> Answers:
    """Read the texts of some lines; of judged ones nothing is known but what was judged."""
    blocks = {file: read_blocks(shared, file) for file in sorted({row.file for row in rows})}
    raws = [blocks[row.file][row.block] for row in rows]
    right = np.array([[code in row.right for code in codes] for row in rows])
    other = np.array([[code in row.other for code in codes] for row in rows])
    judged = np.array([row.use == "judged" for row in rows])[:, None]
    unknown = np.where(judged, ~(right | other), other)
    return Answers([Example(raw.title, raw.text, (), "read") for raw in raws], right, unknown)


def count_seeds(title: str, body: str, seeds: Sequence[Sequence[str]]) -> list[int]:
    """Count the different seeds of each topic (M) in headline and opening, those of the headline twice."""
    opening = body[:SEED_WINDOW]
    return [sum((seed in opening) + (seed in title) for seed in own) for own in seeds]


def gather(
    shared: Path, scheme: dict[str, Any], topics: Sequence[dict[str, Any]], news: Sequence[Raw]
) -> tuple[list[Example], Table, Table]:
    """Gather weakly labelled texts (N): examples, topics (N, M) that each has, and those (N, M) it speaks against."""
    rng = np.random.default_rng(SEED)
    seeds = [topic["seeds"] for topic in topics]
    counts = np.array([count_seeds(raw.title, raw.body, seeds) for raw in news], dtype=np.int16)
    clear = np.zeros(counts.shape, dtype=np.bool_)
    for at in range(len(topics)):
        hits = np.flatnonzero(counts[:, at] >= MIN_SEEDS)
        clear[hits[np.argsort(-counts[hits, at], kind="stable")[:SEEDED]], at] = True
    drawn = rng.choice(len(news), min(BACKGROUND, len(news)), replace=False)
    chosen = np.union1d(np.flatnonzero(clear.any(axis=1)), drawn)
    seeded = [Example(news[at].title, news[at].text[:CHARS], (), "seeded") for at in chosen.tolist()]
    labelled = read_labelled_corpora(shared, scheme["narrower"], seed=SEED)
    own = np.array([[short_code(topic["code"]) in one.codes for topic in topics] for one in labelled])
    own_counts = np.array([count_seeds(one.title, one.text, seeds) for one in labelled])
    wanted = np.vstack([clear[chosen], own.reshape(len(labelled), len(topics))])
    silent = np.vstack([counts[chosen], own_counts.reshape(len(labelled), len(topics))]) == 0
    return [*seeded, *labelled], wanted, silent & ~wanted


def fit_weak(
    examples: Sequence[Example], matrix: sp.csr_matrix, wanted: Table, against: Table
) -> tuple[Matrix, Matrix]:
    """Fit one regression a topic on weak labels; give weights (M, V) and biases (M,).

    A topic without an example keeps weights of 0 and the odds of never.
    """
    count = wanted.shape[1]
    weights, biases = np.zeros((count, matrix.shape[1])), np.full(count, -10.0)
    base = np.array([one.weight for one in examples])
    for at in range(count):
        others = np.flatnonzero(against[:, at])
        others = np.random.default_rng(at).choice(others, min(AGAINST, len(others)), replace=False)
        use = np.sort(np.concatenate([np.flatnonzero(wanted[:, at]), others]))
        own = wanted[use, at]
        if not own.any() or own.all():
            continue
        weight = base[use].copy()
        weight[own] *= min(5.0, float(np.sqrt(weight[~own].sum() / weight[own].sum() / 3 + 1)))
        model = LogisticRegression(C=C, solver="liblinear", tol=1e-2, random_state=SEED)
        model.fit(matrix[use], own, weight)
        weights[at], biases[at] = model.coef_[0], model.intercept_[0]
    return weights, biases


def fit_scale(scores: Matrix, above: Matrix, right: Table, unknown: Table) -> Scale:
    """Fit the second regression on read texts: scores (N, M), log-odds of broader topics (N, M), answers (N, M)."""
    sign, known = np.where(right, 1.0, -1.0), ~unknown

    def loss(values: Matrix) -> tuple[float, Matrix]:
        scale = Scale(values[0], values[1], values[2], values[3:])
        margin = sign * scale(scores, above)
        slope = -sign / (1 + np.exp(np.clip(margin, -30, 30))) * known
        value = (np.logaddexp(0, -margin) * known).sum() + RIDGE / 2 * (scale.shifts**2).sum()
        heads = [(slope * scores).sum(), (slope * above).sum(), slope.sum()]
        return float(value), np.concatenate([heads, slope.sum(axis=0) + RIDGE * scale.shifts])

    start = np.concatenate([[1.0, 0.0, 0.0], np.zeros(scores.shape[1])])
    found = minimize(loss, start, jac=True, method="L-BFGS-B").x
    return Scale(float(found[0]), float(found[1]), float(found[2]), found[3:])


def predict_out_of_fold(scores: Matrix, above: Matrix, right: Table, unknown: Table) -> Odds:
    """Give log-odds (N, M) of each read text by a second regression that has not seen it."""
    odds = np.zeros(scores.shape)
    for seen, unseen in KFold(min(FOLDS, len(scores)), shuffle=True, random_state=SEED).split(scores):
        scale = fit_scale(scores[seen], above[seen], right[seen], unknown[seen])
        odds[unseen] = scale(scores[unseen], above[unseen])
    return odds


def count_answers(odds: Odds, above: Matrix, right: Table, unknown: Table) -> npt.NDArray[np.int64]:
    """Count (3, M) right answers, answers, topics to be found; a topic is given at one half beside its broader one."""
    given = (odds >= 0) & (above >= 0) & ~unknown
    return np.array([(given & right).sum(axis=0), given.sum(axis=0), (right & ~unknown).sum(axis=0)])


def is_good(counts: npt.NDArray[np.int64]) -> Table:
    """Say which topics (M,) are right often enough, by their counts of :func:`count_answers`."""
    good: Table = (counts[1] >= LEAST_ANSWERS) & (counts[0] >= LEAST_PRECISION * counts[1])
    return good


def summarise(counts: npt.NDArray[np.int64]) -> dict[str, float]:
    """Give precision and recall over all topics together."""
    right, answers, wanted = counts.sum(axis=1).tolist()
    return {
        "answers": answers,
        "precision": round(right / max(answers, 1), 4),
        "topics to be found": wanted,
        "recall": round(right / max(wanted, 1), 4),
    }


@dataclass(frozen=True, slots=True)
class Narrower:
    """Hold what was trained: the topics that stay, their weights (V, M) and biases (M,), and the figures."""

    topics: list[dict[str, Any]]
    weights: Matrix
    biases: Matrix
    scores: dict[str, Any]


def train(
    shared: Path,
    scheme: dict[str, Any],
    news: Sequence[Raw],
    labels: Path,
    *,
    first: tuple[Matrix, Matrix],
    to_rows: Callable[[Sequence[Example]], sp.csr_matrix],
) -> Narrower:
    """Train the narrower topics of a scheme.

    ``first`` are the folded weights (V, K) and biases (K,) of the topics of the first level, ``to_rows`` weighs texts
    as the stage does.
    """
    broad = [topic["code"] for topic in scheme["topic"] if "broader" not in topic]
    topics = [topic for topic in scheme["topic"] if "broader" in topic]
    parent = np.array([broad.index(topic["broader"]) for topic in topics], dtype=np.intp)
    codes = [short_code(topic["code"]) for topic in topics]
    examples, wanted, against = gather(shared, scheme, topics, news)
    weights, biases = fit_weak(examples, to_rows(examples), wanted, against)

    def look(answers: Answers) -> tuple[Matrix, Matrix]:
        rows = to_rows(answers.examples)
        return rows @ weights.T + biases, (rows @ first[0] + first[1])[:, parent]

    rows = read_rows(labels)
    read = read_answers(shared, [row for row in rows if row.use != "measure"], codes)
    unseen = read_answers(shared, [row for row in rows if row.use == "measure"], codes)
    scores, above = look(read)
    counts = count_answers(
        predict_out_of_fold(scores, above, read.right, read.unknown), above, read.right, read.unknown
    )
    scale = fit_scale(scores, above, read.right, read.unknown)
    good = is_good(counts)
    new_scores, new_above = look(unseen)
    measured = count_answers(scale(new_scores, new_above), new_above, unseen.right, unseen.unknown)
    names = [topic["label_zh"] for topic in topics]
    folded = scale.own * weights.T + scale.broader * first[0][:, parent]
    shift = scale.own * biases + scale.broader * first[1][parent] + scale.shift + scale.shifts
    return Narrower(
        topics=[topic for topic, stays in zip(topics, good, strict=True) if stays],
        weights=folded[:, good],
        biases=shift[good],
        scores={
            "texts": {"weak": len(examples), "read and judged": len(read.examples), "measured": len(unseen.examples)},
            "cross-validation": summarise(counts[:, good]),
            "dev": summarise(measured[:, good]),
            "right, answers, to be found": {
                "cross-validation": {name: counts[:, at].tolist() for at, name in enumerate(names)},
                "dev": {name: measured[:, at].tolist() for at, name in enumerate(names) if measured[:, at].any()},
            },
            "left out": [name for name, stays in zip(names, good, strict=True) if not stays],
        },
    )
