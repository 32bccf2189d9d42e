"""Train a topic model for a scheme of your own from labelled articles, without the corpora.

    python -m pipeline.training.labelled --scheme mine.toml --labeled mine.jsonl --out models/mine-1.0.0

The scheme is a TOML file like ``configs/topics.toml``: ``scheme = "mine"``, then ``[[topic]]`` with ``code``,
``label_zh``, and, where you like, ``label_en``, ``sections`` (page names and columns that point to it) and ``broader``
(the code of a topic above). A labelled article is a line of JSON: ``{"title": "…", "text": "…", "topics": ["…"]}``,
codes or labels, the main topic first; article records and the store of `make correct` are read as they are. How rare
n-grams are in news is taken from a shipped model.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy
import scipy.sparse as sp
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold

from pipeline import artefacts
from pipeline.components.topics import Label, TopicModel, read_labels
from pipeline.errors import ConfigError, PipelineError
from pipeline.ngrams import Keys
from pipeline.training.corrections import Problems, headline_of, read_lines, read_topics
from pipeline.training.topics import (
    SEED,
    TITLE_WEIGHT,
    WEAK_C,
    Matrix,
    calibrate,
    count_ngrams,
    expected_calibration_error,
    quantise,
    to_matrix,
    write_arrays,
)

# A topic needs articles to learn from and others to be tried on.
MIN_EXAMPLES = 5
FOLDS = 8
# An n-gram that the shipped vocabulary lacks is learned when it stands in this many labelled articles.
MIN_DOCUMENTS = 3
_ALLOWED = {"code", "label_zh", "label_en", "sections", "broader", "seeds"}

Labelled = tuple[str, str, tuple[str, ...]]


def read_own_scheme(path: Path) -> tuple[str, tuple[Label, ...]]:
    """Read a scheme: its name and labels; raise ConfigError that says what is wrong with it."""
    try:
        described = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} cannot be read as TOML: {error}") from error
    name, topics = described.get("scheme"), described.get("topic")
    if not isinstance(name, str) or not name or not isinstance(topics, list) or not topics:
        raise ConfigError(f'{path}: expected scheme = "name" and at least one [[topic]] with code and label_zh')
    for number, topic in enumerate(topics, 1):
        unknown = sorted(set(topic) - _ALLOWED)
        missing = [key for key in ("code", "label_zh") if not isinstance(topic.get(key), str) or not topic[key]]
        if unknown or missing:
            raise ConfigError(
                f"{path}: [[topic]] number {number}: "
                + "; ".join([*(f"{key} is missing" for key in missing), *(f"unknown key {key}" for key in unknown)])
                + f"; allowed are {', '.join(sorted(_ALLOWED))}"
            )
    labels = read_labels([{"label_en": "", **topic} for topic in topics])
    codes = [label.code for label in labels]
    first = {label.code for label in labels if label.broader is None}
    double = sorted({code for code in codes if codes.count(code) > 1})
    lost = sorted(label.code for label in labels if label.broader is not None and label.broader not in first)
    if double or lost:
        raise ConfigError(
            f"{path}: codes that stand twice: {', '.join(double) or 'none'}; topics whose `broader` is no topic of the "
            f"first level: {', '.join(lost) or 'none'}"
        )
    return name, labels


def read_labelled(path: Path, labels: Sequence[Label]) -> list[Labelled]:
    """Read labelled articles: headline, text, codes; raise ConfigError that names every wrong line."""
    problems = Problems(path)
    articles: list[Labelled] = []
    for number, row in read_lines(path, problems):
        text, topics = row.get("text"), row.get("topics")
        if not isinstance(text, str) or not text.strip():
            problems.add(number, "text is missing or empty")
        elif topics is None and row.get("schema") == "correction/1.0":
            continue
        elif not isinstance(topics, list):
            problems.add(number, "topics: expected a list of codes or labels, [] for none")
        else:
            names = [topic.get("code") if isinstance(topic, Mapping) else topic for topic in topics]
            strings = [name for name in names if isinstance(name, str)]
            if len(strings) == len(names):
                articles.append((headline_of(row), text, read_topics(strings, labels, number, problems)))
            else:
                problems.add(
                    number, f"topics: expected codes or labels, found {json.dumps(topics, ensure_ascii=False)}"
                )
    problems.raise_any()
    counts = {label.code: sum(label.code in codes for _, _, codes in articles) for label in labels}
    few = [f"{code} {count}" for code, count in counts.items() if count < MIN_EXAMPLES]
    if few:
        raise ConfigError(
            f"{path}: topics with fewer than {MIN_EXAMPLES} articles: {', '.join(few)}; "
            "label more or take them out of the scheme"
        )
    return articles


def join_vocabulary(texts: Sequence[str], base: TopicModel) -> tuple[Keys, npt.NDArray[np.float32]]:
    """Join the shipped n-grams with those that stand in enough labelled texts: sorted keys and their weights."""
    keys, idf = count_ngrams(texts, least=MIN_DOCUMENTS)
    fresh = ~np.isin(keys, base.keys)
    joined = np.concatenate([base.keys, keys[fresh]])
    weights = np.concatenate([base.idf, np.minimum(idf[fresh], base.idf.max())]).astype(np.float32)
    order = np.argsort(joined)
    return joined[order], weights[order]


def fit(matrix: sp.csr_matrix, targets: npt.NDArray[np.bool_]) -> tuple[Matrix, Matrix]:
    """Fit one regression a topic: weights (K, V) and biases (K,); a topic that all or none have keeps its prior."""
    count = targets.shape[1]
    weights, biases = np.zeros((count, matrix.shape[1])), np.zeros(count)
    for at in range(count):
        wanted = targets[:, at]
        if wanted.any() and not wanted.all():
            model = LogisticRegression(C=WEAK_C, solver="liblinear", random_state=SEED).fit(matrix, wanted)
            weights[at], biases[at] = model.coef_[0], model.intercept_[0]
        else:
            biases[at] = 5.0 if wanted.any() else -5.0
    return weights, biases


def predict_out_of_fold(matrix: sp.csr_matrix, targets: npt.NDArray[np.bool_]) -> Matrix:
    """Give log-odds (N, K) of each article from a model that has not seen it."""
    odds = np.zeros(targets.shape)
    folds = KFold(min(FOLDS, len(targets)), shuffle=True, random_state=SEED)
    for seen, unseen in folds.split(targets):
        weights, biases = fit(matrix[seen], targets[seen])
        odds[unseen] = matrix[unseen] @ weights.T + biases
    return odds


def score(odds: Matrix, targets: npt.NDArray[np.bool_], labels: Sequence[Label]) -> dict[str, Any]:
    """Measure calibrated log-odds of unseen articles: the best topic of the first level, and each topic at one half."""
    probabilities = 1 / (1 + np.exp(-odds))
    first = [at for at, label in enumerate(labels) if label.broader is None]
    best = probabilities[:, first].argmax(axis=1)
    right = targets[:, first][np.arange(len(best)), best]
    given = probabilities >= 0.5
    hits = (given & targets).sum(axis=0)
    f1 = 2 * hits / np.maximum(given.sum(axis=0) + targets.sum(axis=0), 1)
    has_topic = targets[:, first].any(axis=1)
    return {
        "articles": len(odds),
        "accuracy of the first": round(float(right[has_topic].mean()), 4),
        "macro f1": round(float(f1.mean()), 4),
        "f1": {label.code: round(float(value), 3) for label, value in zip(labels, f1, strict=True)},
        "calibration error": round(expected_calibration_error(probabilities.ravel(), targets.ravel()), 4),
    }


def train(scheme_path: Path, labelled: Path, out: Path, *, base: str, command: str) -> dict[str, Any]:
    """Train, cross-validate and write a model; give its scores."""
    scheme, labels = read_own_scheme(scheme_path)
    articles = read_labelled(labelled, labels)
    shipped = TopicModel.load(base)
    keys, idf = join_vocabulary([text for _, text, _ in articles], shipped)
    matrix = to_matrix([(title, text) for title, text, _ in articles], keys, idf)
    used = np.unique(matrix.indices)
    keys, idf, matrix = keys[used], idf[used], matrix[:, used]
    targets = np.array([[label.code in codes for label in labels] for _, _, codes in articles])
    odds = predict_out_of_fold(matrix, targets)
    slope, shift = calibrate(odds, targets)
    weights, biases = fit(matrix, targets)
    packed, scale = quantise((weights * slope).T)
    bias = (biases * slope + shift).astype(np.float32)
    model = TopicModel(scheme, labels, keys, idf, packed, scale, bias, TITLE_WEIGHT)
    out.mkdir(parents=True, exist_ok=True)
    write_arrays(out, model)
    scores = {"cross-validation": score(odds * slope + shift, targets, labels)}
    name, _, version = out.name.rpartition("-")
    artefacts.write_meta(
        out,
        {
            "name": name or out.name,
            "version": version if name else "1",
            "summary": f"topics of the scheme {scheme!r}, linear over character n-grams, calibrated",
            "data": {
                "labelled": {"file": labelled.name, "sha256": artefacts.sha256_of(labelled), "articles": len(articles)},
                "scheme": {"file": scheme_path.name, "sha256": artefacts.sha256_of(scheme_path)},
                "weights of n-grams": base,
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
            "licence": "as the labelled articles and the scheme",
        },
    )
    return scores


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 0, or 2 for what it cannot work with."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scheme", type=Path, required=True, help="TOML file of the scheme")
    parser.add_argument("--labeled", type=Path, required=True, help="JSONL file of labelled articles")
    parser.add_argument("--out", type=Path, required=True, help="folder of the model, models/<name>-<version>")
    parser.add_argument("--base", default="topics-1.1.0", help="model that n-grams and their weights are taken from")
    options = parser.parse_args(arguments)
    given = f"--scheme {options.scheme} --labeled {options.labeled} --out {options.out}"
    command = f"python -m pipeline.training.labelled {given}"
    try:
        scores = train(options.scheme, options.labeled, options.out, base=options.base, command=command)
    except PipelineError as error:
        sys.stderr.write(f"train-topics: {error}\n")
        return 2
    found = scores["cross-validation"]
    sys.stdout.write(
        f"{options.out}: {found['articles']} articles; on articles it had not seen the first topic is right for "
        f"{found['accuracy of the first']:.0%}, macro F1 {found['macro f1']:.2f}; use it with "
        f"ARGS='--set components.topics.model={options.out.name}'\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
