"""Train the topic model: weak labels first, then latent dimensions and what was read; one linear model in the end.

    python -m pipeline.training.topics --shared ../shared --out models/topics-1.1.0

1. N-grams of unlabelled news that stand in enough documents are the vocabulary; their latent dimensions (truncated
   SVD) say which n-grams keep the same company.
2. One logistic regression a topic on many examples with weak labels (corpora, seeds).
3. One a topic on the few that were read, with the weak scores and the latent dimensions as its inputs. All of it is
   linear, so it folds into one weight per n-gram and topic.
4. Log-odds are calibrated out of fold. Narrower topics are added (:mod:`pipeline.training.narrower`). The ``dev`` half
   of the topic items is touched once, to measure.
"""

from __future__ import annotations

import argparse
import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy
import scipy.sparse as sp
import sklearn
from sklearn.decomposition import TruncatedSVD
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold

from pipeline.artefacts import sha256_of, write_meta
from pipeline.components.topics import TopicModel, log_odds, read_labels, to_probabilities, weigh
from pipeline.ngrams import Keys, keys_of
from pipeline.training import narrower
from pipeline.training.corrections import read_store
from pipeline.training.rawtext import Raw, head_of
from pipeline.training.topic_data import (
    Example,
    find_seeded,
    first_level,
    read_corpora,
    read_items,
    read_scheme,
    sample_news,
)

Matrix = npt.NDArray[np.float64]

SEED = 1
# Documents drawn of the two large sources, about as many characters of each; the others are taken whole.
NEWS = {"crud-news-2023.txt.xz": 22_000, "xwlb-2012-2026.txt.xz": 18_000, "briefs-2023-2026.txt.xz": 3_000}
NEWS_CHARS = 1_000  # characters of a document that the latent dimensions see
MIN_DOCUMENTS = 30  # documents an n-gram must stand in: 164,000 n-grams, 3.4 MB packed
CHUNK = 5_000  # documents counted at a time
TITLE_WEIGHT = 2.0
# Chosen by cross-validation on what was read (docs/decisions/23-topics.md).
DIMENSIONS = 200
WEAK_C = 3.0
READ_C = 1.0
LATENT_SCALE = 6.0
WEAK_SCALE = 1 / 3
FOLDS = 8
ECE_BINS = 10


@dataclass(frozen=True, slots=True)
class Space:
    """Hold the features: sorted n-gram keys (V,), their idf (V,) and the latent dimensions (D, V)."""

    keys: Keys
    idf: npt.NDArray[np.float32]
    latent: npt.NDArray[np.float32]


def count_ngrams(texts: Sequence[str], *, least: int = MIN_DOCUMENTS) -> tuple[Keys, npt.NDArray[np.float32]]:
    """Keep the n-grams that stand in ``least`` texts; give sorted keys and inverse document frequencies."""
    parts, counts = [], []
    for start in range(0, len(texts), CHUNK):
        whole = np.concatenate([np.unique(keys_of(text)) for text in texts[start : start + CHUNK]])
        keys, count = np.unique(whole, return_counts=True)
        parts.append(keys[count > 1])
        counts.append(count[count > 1])
    keys, place = np.unique(np.concatenate(parts), return_inverse=True)
    total = np.bincount(place, np.concatenate(counts))
    kept = total >= min(least, len(texts) / 4)
    return keys[kept], np.log((len(texts) + 1) / (total[kept] + 1)).astype(np.float32)


def to_matrix(pairs: Sequence[tuple[str, str]], keys: Keys, idf: npt.NDArray[np.float32]) -> sp.csr_matrix:
    """Weigh (headline, text) pairs as the stage does; give rows of length 1, one a pair."""
    rows, values, ends = [], [], [0]
    for title, text in pairs:
        row, value = weigh(text, title, keys, idf, TITLE_WEIGHT)
        rows.append(row)
        values.append(value)
        ends.append(ends[-1] + len(row))
    return sp.csr_matrix((np.concatenate(values), np.concatenate(rows), ends), shape=(len(pairs), len(keys)))


def fit_space(news: Sequence[Raw], *, dimensions: int) -> Space:
    """Fit vocabulary, weights and latent dimensions on unlabelled news."""
    pairs = [(raw.title, raw.text[:NEWS_CHARS]) for raw in news]
    keys, idf = count_ngrams([text for _, text in pairs])
    svd = TruncatedSVD(dimensions, n_iter=3, n_oversamples=20, random_state=SEED)
    svd.fit(to_matrix(pairs, keys, idf))
    return Space(keys, idf, svd.components_.astype(np.float32))


def fit_weak(examples: Sequence[Example], matrix: sp.csr_matrix, codes: Sequence[str]) -> tuple[Matrix, Matrix]:
    """Fit one regression a topic on weak labels; give weights (K, V) and biases (K,).

    Rare topics are weighted up, by the root of what balance would ask for and five times at most.
    """
    weights, biases = np.zeros((len(codes), matrix.shape[1])), np.zeros(len(codes))
    base = np.array([one.weight for one in examples])
    for at, code in enumerate(codes):
        use = np.array([code not in one.ambiguous for one in examples])
        wanted = np.array([code in one.codes for one in examples])[use]
        weight = base[use].copy()
        weight[wanted] *= min(5.0, float(np.sqrt(weight[~wanted].sum() / weight[wanted].sum() / 3 + 1)))
        model = LogisticRegression(C=WEAK_C, solver="liblinear", tol=1e-2, random_state=SEED)
        model.fit(matrix[use], wanted, weight)
        weights[at], biases[at] = model.coef_[0], model.intercept_[0]
    return weights, biases


def to_inputs(matrix: sp.csr_matrix, weak: tuple[Matrix, Matrix], space: Space) -> Matrix:
    """Give the inputs of the second regression (N, K + D): weak scores and latent dimensions."""
    scores = matrix @ weak[0].T + weak[1]
    return np.hstack([scores * WEAK_SCALE, (matrix @ space.latent.T) * LATENT_SCALE])


def to_targets(examples: Sequence[Example], codes: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Give the table (N, K) of which topics each example has."""
    return np.array([[code in one.codes for code in codes] for one in examples])


def fit_read(inputs: Matrix, targets: npt.NDArray[np.bool_]) -> tuple[Matrix, Matrix]:
    """Fit one regression a topic on what was read; give weights (K, K + D) and biases (K,).

    A topic without an example keeps its weak score.
    """
    count = targets.shape[1]
    weights, biases = np.zeros((count, inputs.shape[1])), np.zeros(count)
    for at in range(count):
        if not targets[:, at].any():
            weights[at, at] = 1 / WEAK_SCALE
            continue
        model = LogisticRegression(C=READ_C, max_iter=2_000).fit(inputs, targets[:, at])
        weights[at], biases[at] = model.coef_[0], model.intercept_[0]
    return weights, biases


def predict_out_of_fold(inputs: Matrix, targets: npt.NDArray[np.bool_]) -> Matrix:
    """Give log-odds (N, K) of each example from a model that has not seen it."""
    odds = np.zeros(targets.shape)
    for seen, unseen in KFold(FOLDS, shuffle=True, random_state=SEED).split(inputs):
        weights, biases = fit_read(inputs[seen], targets[seen])
        odds[unseen] = inputs[unseen] @ weights.T + biases
    return odds


def calibrate(odds: Matrix, targets: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Fit slope and shift of the log-odds, common to all topics, out of fold (Platt 1999)."""
    model = LogisticRegression(C=1e6).fit(odds.reshape(-1, 1), targets.reshape(-1))
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def fold(
    weak: tuple[Matrix, Matrix], read: tuple[Matrix, Matrix], space: Space, line: tuple[float, float]
) -> tuple[Matrix, Matrix]:
    """Fold both regressions and the calibration into weights (V, K) of n-grams and biases (K,)."""
    count = len(weak[1])
    from_weak, from_latent = read[0][:, :count] * WEAK_SCALE, read[0][:, count:] * LATENT_SCALE
    weights = from_weak @ weak[0] + from_latent @ space.latent
    biases = from_weak @ weak[1] + read[1]
    return (weights * line[0]).T, biases * line[0] + line[1]


def quantise(weights: Matrix) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Round weights (V, K) to bytes with one scale a topic."""
    scale = np.abs(weights).max(axis=0) / 127
    return np.round(weights / scale).astype(np.int8), scale.astype(np.float32)


def expected_calibration_error(probabilities: Matrix, right: npt.NDArray[np.bool_]) -> float:
    """Average the gap between confidence and accuracy over ten bins, weighted by their size (Naeini et al. 2015)."""
    bins = np.minimum((probabilities * ECE_BINS).astype(int), ECE_BINS - 1)
    gaps = [
        abs(probabilities[bins == b].mean() - right[bins == b].mean()) * (bins == b).mean() for b in set(bins.tolist())
    ]
    return float(sum(gaps))


def measure(model: TopicModel, examples: Sequence[Example], *, threshold: float) -> dict[str, Any]:
    """Score a model on read examples; those without a topic count as wrong when answered.

    ``accuracy``: the best topic is the main one or one that is also right, no abstention, over examples with a topic.
    ``macro_f1``: of the best topic, over topics that are the main one of at least five examples; a best
    topic that is also right counts as the main one.
    """
    broad = [at for at, label in enumerate(model.labels) if label.broader is None]
    codes = [model.labels[at].code[7:9] for at in broad]
    best, confidence, gold, right = [], [], [], []
    tables: list[tuple[float, bool]] = []
    for one in examples:
        probabilities = to_probabilities(log_odds(one.text, one.title, model))[broad]
        at = int(probabilities.argmax())
        confidence.append(float(probabilities[at]))
        right.append(codes[at] in one.codes)
        gold.append(one.codes[0] if one.codes else "")
        best.append(gold[-1] if right[-1] else codes[at])
        tables += [(float(p), code in one.codes) for p, code in zip(probabilities, codes, strict=True)]
    named = np.array([bool(code) for code in gold])
    answered = np.array(confidence) >= threshold
    f1 = {}
    for code in codes:
        hits = sum(g == b == code for g, b in zip(gold, best, strict=True))
        if gold.count(code) >= 5:
            f1[code] = 2 * hits / (gold.count(code) + best.count(code))
    hit = np.array(right)
    return {
        "items": len(examples),
        "accuracy": round(float(hit[named].mean()), 4),
        "macro_f1": round(float(np.mean(list(f1.values()))), 4),
        "f1": {code: round(value, 3) for code, value in f1.items()},
        "coverage": round(float(answered.mean()), 4),
        "accuracy_answered": round(float(hit[answered].mean()), 4),
        "ece_best": round(expected_calibration_error(np.array(confidence), hit), 4),
        "ece_all": round(
            expected_calibration_error(np.array([p for p, _ in tables]), np.array([y for _, y in tables])), 4
        ),
    }


def write_arrays(out: Path, model: TopicModel, *, credit: str | None = None) -> None:
    """Write ``weights.npz`` and ``scheme.json`` of a model."""
    np.savez_compressed(
        out / "weights.npz",
        keys=model.keys,
        idf=model.idf.astype(np.float16),
        weights=model.weights,
        scale=model.scale,
        bias=model.bias,
    )
    described = {
        "scheme": model.scheme,
        "title_weight": model.title_weight,
        **({"credit": credit} if credit else {}),
        "topics": [label._asdict() for label in model.labels],
    }
    (out / "scheme.json").write_text(json.dumps(described, ensure_ascii=False, indent=1) + "\n", "utf-8")


def train(
    shared: Path,
    out: Path,
    *,
    scheme_path: Path,
    labels_path: Path,
    narrower_path: Path,
    store: Path | None,
    command: str,
) -> dict[str, Any]:
    """Train, measure and write the model; give its scores. ``store`` holds corrections to learn from as well."""
    scheme = read_scheme(scheme_path)
    topics = first_level(scheme)
    codes = [topic["code"][7:9] for topic in topics]
    items = [one for one in read_items(shared, labels_path, topics, split="train") if one.codes]
    items += corrected(store, codes)
    heads = {head_of(one.text) for one in items}
    news = [raw for raw in sample_news(shared, seed=SEED, limits=NEWS) if head_of(raw.text) not in heads]
    space = fit_space(news, dimensions=DIMENSIONS)

    def to_rows(examples: Sequence[Example]) -> sp.csr_matrix:
        return to_matrix([(one.title, one.text) for one in examples], space.keys, space.idf)

    weakly = [*find_seeded(news, topics), *read_corpora(shared, scheme["mapping"], seed=SEED)]
    weak = fit_weak(weakly, to_rows(weakly), codes)
    inputs = to_inputs(to_rows(items), weak, space)
    targets = to_targets(items, codes)
    odds = predict_out_of_fold(inputs, targets)
    line = calibrate(odds, targets)
    first = fold(weak, fit_read(inputs, targets), space, line)
    below = narrower.train(shared, scheme, news, narrower_path, first=first, to_rows=to_rows)
    packed, scale = quantise(np.hstack([first[0], below.weights]))
    model = TopicModel(
        scheme=scheme["scheme"],
        labels=read_labels([*topics, *below.topics]),
        keys=space.keys,
        idf=space.idf.astype(np.float16).astype(np.float32),
        weights=packed,
        scale=scale,
        bias=np.concatenate([first[1], below.biases]).astype(np.float32),
        title_weight=TITLE_WEIGHT,
    )
    out.mkdir(parents=True, exist_ok=True)
    write_arrays(out, model, credit="IPTC Media Topics NewsCodes, © IPTC, CC BY 4.0")
    unseen = read_items(shared, labels_path, topics, split="dev")
    best = odds.argmax(axis=1)
    scores = {
        "cross_validation": {
            "items": len(items),
            "accuracy": round(float(targets[np.arange(len(items)), best].mean()), 4),
            "calibration": [round(value, 3) for value in line],
        },
        "dev": {str(t): measure(model, unseen, threshold=t) for t in (0.4, 0.5, 0.6)},
        "narrower": below.scores,
    }
    describe(out, items, weakly, news, scores, command, inputs=(scheme_path, labels_path, narrower_path))
    return scores


def corrected(store: Path | None, codes: Sequence[str]) -> list[Example]:
    """Read the corrections that name topics of the first level, as texts that were read."""
    stored = read_store(store) if store is not None else []
    found = []
    for one in stored:
        own = tuple(dict.fromkeys(code[7:9] for code in one.topics or ()))
        kept = tuple(code for code in own if code in codes)
        if kept:
            found.append(Example(one.title, one.text, kept, "read"))
    return found


def describe(
    out: Path,
    items: Sequence[Example],
    weakly: Sequence[Example],
    news: Sequence[Raw],
    scores: dict[str, Any],
    command: str,
    *,
    inputs: Sequence[Path],
) -> None:
    """Write meta.json."""
    sources: dict[str, int] = {}
    for one in (*items, *weakly):
        sources[one.source] = sources.get(one.source, 0) + 1
    write_meta(
        out,
        {
            "name": "topics",
            "version": "1.1.0",
            "summary": "IPTC Media Topics, 17 top-level concepts and narrower ones, linear over n-grams, calibrated",
            "data": {
                "examples": sources,
                "inputs": {path.name: sha256_of(path) for path in inputs},
                "unlabelled documents": len(news),
                "corpora": "Fudan, six-class news, Sogou, Toutiao, THUCNews titles, chinanews titles (research use)",
                "unlabelled": "rawtext; the text belongs to its publishers, the model keeps n-gram weights only",
                "scheme": "IPTC Media Topics NewsCodes, © IPTC, CC BY 4.0",
            },
            "command": command,
            "seed": SEED,
            "libraries": {
                "python": platform.python_version(),
                "numpy": np.__version__,
                "scipy": scipy.__version__,
                "scikit-learn": sklearn.__version__,
            },
            "scores": scores,
            "licence": "weights: as the project; labels of topics: CC BY 4.0 (IPTC)",
        },
    )


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--out", type=Path, default=Path("models/topics-1.1.0"))
    parser.add_argument("--scheme", type=Path, default=Path("configs/topics.toml"))
    parser.add_argument("--labels", type=Path, default=Path("configs/topics_labels.tsv"))
    parser.add_argument("--narrower", type=Path, default=Path("configs/topics_narrower.tsv"))
    parser.add_argument("--corrections", type=Path, help="store of `make correct` to learn from as well")
    options = parser.parse_args()
    command = f"python -m pipeline.training.topics --shared {options.shared} --out {options.out}"
    if options.corrections:
        command += f" --corrections {options.corrections}"
    train(
        options.shared,
        options.out,
        scheme_path=options.scheme,
        labels_path=options.labels,
        narrower_path=options.narrower,
        store=options.corrections,
        command=command,
    )


if __name__ == "__main__":
    main()
