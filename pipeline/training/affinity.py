"""Train which texts belong together: rarity and vectors of bigrams, and what the likeness of two stretches is worth.

    python -m pipeline.training.affinity --shared ../shared --pages ../shared/pages/dev --out models/splitter-1.1.0

Articles of the raw text are cut into pieces; a truncated singular value decomposition of pieces by bigrams gives the
vectors, the covariance inside articles whitens them. The regression is fitted on pages of neighbouring articles
(same days, same subjects: as hard as an issue is) and measured on articles that were seen by neither.
"""

from __future__ import annotations

import argparse
import logging
import math
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.utils.extmath import randomized_svd

from pipeline import artefacts
from pipeline.splitting.affinity import FILE, FORMAT, TERMS, Affinity, Floats
from pipeline.splitting.cohesion import Cohesion, Profile, profile
from pipeline.splitting.grammar import normalise
from pipeline.training.charlm import gold_paragraphs
from pipeline.training.rawtext import Raw, read_raw

log = logging.getLogger(__name__)
FILES = ("crud-news-2023.txt.xz", "web-news-2006-2020.txt.xz", "xwlb-2012-2026.txt.xz", "people-daily.txt.xz")
SEED = 1
# Bigrams whose rarity is known, and of those the ones that have a vector; length of a vector. On held-out pages the log
# loss was 0.192 with 24,000 × 64 and with 40,000 × 96, 0.196 with 12,000 × 48, 0.217 without vectors.
KNOWN, VECTORS, SIZE = 40_000, 24_000, 64
# Articles that are read, characters read of each, pieces made of them.
ARTICLES, READ, PIECE, PIECES, LEAST = 60_000, 2_500, 350, 110_000, 120
# Articles lie in stretches of neighbours; one stretch in so many is kept for the regression, another for the measures.
STRETCH, PARTS = 60, 12
PAGES = 1_500
# Share of the mean variance that is added to every direction before whitening.
_RIDGE = 0.02


class Pairs(NamedTuple):
    """Hold pairs of stretches: what the regression reads, shape (n, TERMS), and whether both are of one article."""

    values: NDArray[np.float64]
    same: NDArray[np.bool_]


def read_articles(shared: Path, pages: Path | None) -> tuple[list[Raw], list[Raw], list[Raw]]:
    """Read the raw articles to count, to fit the regression on, to measure on; those of the gold pages are left out."""
    gold = gold_paragraphs(pages)
    parts: tuple[list[Raw], list[Raw], list[Raw]] = ([], [], [])
    kept = (raw for raw in read_raw(shared, FILES, min_chars=200) if gold.isdisjoint(raw.text.split("\n")))
    for number, raw in enumerate(kept):
        place = number // STRETCH % PARTS
        parts[place + 1 if place < 2 else 0].append(raw)
    return parts


def count_bigrams(articles: Sequence[Raw]) -> tuple[list[str], NDArray[np.float64]]:
    """List the most frequent bigrams and their rarity, ln(articles / articles with it)."""
    frequency: Counter[str] = Counter()
    for raw in articles:
        text = normalise(raw.body[:READ])
        frequency.update(frozenset().union(*(profile(text[at : at + 700]) for at in range(0, len(text), 700))))
    chosen = [item for item in frequency.most_common(KNOWN) if all(ord(char) < 0x10000 for char in item[0])]
    rarity = np.log(len(articles) / np.array([count for _, count in chosen]))
    return [bigram for bigram, _ in chosen], rarity


def weigh_pieces(
    articles: Sequence[Raw], places: dict[str, int], rarity: NDArray[np.float64]
) -> tuple[sparse.csr_matrix, NDArray[np.int64]]:
    """Cut articles into pieces: their bigrams weighted by rarity, rows of unit length, and the article of each row."""
    indices: list[int] = []
    starts, owners = [0], list[int]()
    for number, raw in enumerate(articles):
        text = normalise(raw.body[:READ])
        for at in range(0, min(len(text), 4 * PIECE), PIECE):
            known = sorted(places[b] for b in profile(text[at : at + PIECE]) if b in places)
            if len(text) - at < LEAST or len(known) < 30 or len(owners) >= PIECES:
                continue
            indices += known
            starts.append(len(indices))
            owners.append(number)
    columns = np.array(indices)
    values = rarity[columns]
    lengths = np.sqrt(np.add.reduceat(values**2, starts[:-1]))
    values = values / np.repeat(lengths, np.diff(starts))
    matrix = sparse.csr_matrix((values.astype(np.float32), columns, starts), shape=(len(owners), len(places)))
    return matrix, np.array(owners)


def whitening(points: Floats, owners: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Fit what makes the covariance inside articles round, shape (d, d), and the mean, shape (d,)."""
    counts = np.bincount(owners)
    sums = np.zeros((len(counts), points.shape[1]))
    np.add.at(sums, owners, points)
    several = counts[owners] > 1
    apart = (points - (sums / np.maximum(counts, 1)[:, None])[owners])[several]
    covariance = apart.T @ apart / len(apart)
    covariance += _RIDGE * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    return np.linalg.inv(np.linalg.cholesky(covariance)).astype(np.float32), points.mean(axis=0).astype(np.float32)


def learn(articles: Sequence[Raw]) -> tuple[list[str], NDArray[np.float64], Floats, Floats, Floats]:
    """Learn rarity and vectors: bigrams, rarity, rows, whitening and mean."""
    rng = random.Random(SEED)  # noqa: S311
    sample = rng.sample(list(articles), min(ARTICLES, len(articles)))
    bigrams, rarity = count_bigrams(sample)
    log.info("%d bigrams", len(bigrams))
    places = {bigram: place for place, bigram in enumerate(bigrams[:VECTORS])}
    matrix, owners = weigh_pieces(sample, places, rarity)
    left, strengths, right = randomized_svd(matrix, SIZE, n_iter=3, random_state=SEED)
    log.info("%d pieces, %d values", *matrix.shape[:1], matrix.nnz)
    points = (left * strengths).astype(np.float32)
    points /= np.linalg.norm(points, axis=1, keepdims=True) + 1e-9
    whiten, mean = whitening(points, owners)
    return bigrams, rarity, (right.T * rarity[: len(right.T), None]).astype(np.float32), whiten, mean


def texts_of(raw: Raw) -> list[Profile]:
    """Give the profiles of an article's paragraphs."""
    return [profile(normalise(line).strip()) for line in raw.body.split("\n") if len(line.strip()) > 15]


def compose(articles: Sequence[Raw], rng: random.Random) -> Iterator[tuple[list[Profile], list[int]]]:
    """Yield pages of neighbouring articles: the profile and the article of each paragraph."""
    texts = [texts_of(raw) for raw in articles]
    for _ in range(PAGES):
        at = rng.randrange(max(1, len(texts) - STRETCH))
        near = [number for number in range(at, min(len(texts), at + STRETCH)) if len(texts[number]) >= 2]
        page: list[Profile] = []
        owners: list[int] = []
        for number in rng.sample(near, min(6, len(near))):
            kept = texts[number][: rng.randint(1, 7)]
            page += kept
            owners += [number] * len(kept)
        yield page, owners


def pair_up(affinity: Affinity, articles: Sequence[Raw], seed: int) -> Pairs:
    """Compare what stands before and after every paragraph end of composed pages, as the splitter does."""
    rng = random.Random(seed)  # noqa: S311
    rows: list[list[float]] = []
    same: list[bool] = []
    for page, owners in compose(articles, rng):
        cohesion = Cohesion(page, affinity)
        for at in range(1, len(page)):
            left = page[max(0, at - 4) : at][::-1]
            right = page[at : at + 3]
            # Markers and credits tell the splitter of half of the articles where they begin and end.
            if rng.random() < 0.5:
                left = [text for text, own in zip(left, owners[at - 1 :: -1], strict=False) if own == owners[at - 1]]
            if rng.random() < 0.5:
                right = [text for text, own in zip(right, owners[at:], strict=False) if own == owners[at]]
            rows.append(values_of(affinity, cohesion, left, right))
            same.append(owners[at] == owners[at - 1])
    return Pairs(np.array(rows), np.array(same))


def values_of(affinity: Affinity, cohesion: Cohesion, left: Sequence[Profile], right: Sequence[Profile]) -> list[float]:
    """Give the values that the regression reads of two stretches."""
    likenesses = cohesion.likenesses(left, right, affinity)
    roots = [math.sqrt(max(0.0, value)) for value in likenesses]
    return [*likenesses, *roots, math.log1p(len(left[0])), math.log1p(len(right[0]))]


def fit(pairs: Pairs) -> NDArray[np.float64]:
    """Fit the regression; its constant is that of even odds, so that it says what the likeness alone is worth."""
    mean, spread = pairs.values.mean(axis=0), pairs.values.std(axis=0) + 1e-9
    model = LogisticRegression(C=3.0, max_iter=2000).fit((pairs.values - mean) / spread, pairs.same)
    terms = model.coef_[0] / spread
    share = pairs.same.mean()
    constant = float(model.intercept_[0]) - float(terms @ mean) - math.log(share / (1 - share))
    return np.array([*terms, constant])


def measure(terms: NDArray[np.float64], pairs: Pairs) -> dict[str, float]:
    """Measure the regression on pairs: area under the curve, log loss and accuracy with the pairs' own share."""
    share = pairs.same.mean()
    odds = pairs.values @ terms[:-1] + terms[-1] + math.log(share / (1 - share))
    chances = 1 / (1 + np.exp(-odds))
    return {
        "pairs": len(pairs.same),
        "same": round(float(share), 4),
        "auc": round(float(roc_auc_score(pairs.same, odds)), 4),
        "log_loss": round(float(log_loss(pairs.same, chances)), 4),
        "accuracy": round(float(((odds > 0) == pairs.same).mean()), 4),
        "auc_of_cosine_alone": round(float(roc_auc_score(pairs.same, pairs.values[:, 0])), 4),
    }


def save(
    folder: Path,
    learned: tuple[list[str], NDArray[np.float64], Floats, Floats, Floats],
    terms: NDArray[np.float64],
) -> None:
    """Write the model, a byte for each number of a vector."""
    bigrams, rarity, rows, whiten, mean = learned
    scale = np.abs(rows).max(axis=1) / 127 + 1e-12
    np.savez_compressed(
        folder / FILE,
        format=np.array(FORMAT),
        bigrams=np.frombuffer("".join(bigrams).encode("utf-32-le"), np.uint32),
        rarity=rarity.astype(np.float16),
        rows=np.round(rows / scale[:, None]).astype(np.int8),
        scale=scale.astype(np.float32),
        whiten=whiten,
        mean=mean,
        terms=terms,
    )


def main() -> None:
    """Learn, fit, measure and write the model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--pages", type=Path, default=None, help="folder of pages with gold to leave out")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    counted, fitted, measured = read_articles(args.shared, args.pages)
    args.out.mkdir(parents=True, exist_ok=True)
    learned = learn(counted)
    save(args.out, learned, np.zeros(TERMS + 1))
    affinity = Affinity.load(args.out)
    terms = fit(pair_up(affinity, fitted, SEED + 1))
    scores = measure(terms, pair_up(affinity, measured, SEED + 2))
    log.info("%s", scores)
    save(args.out, learned, terms)
    meta = {
        "name": "splitter",
        "version": "1.0.0",
        "summary": "rarity and vectors of character bigrams (which texts belong together), n-grams of headings",
        "labels": [],
        "data": [
            {"file": file, "sha256": artefacts.sha256_of(args.shared / "rawtext" / file)}
            for file in (*FILES, "briefs-2023-2026.txt.xz")
        ],
        "documents": {"counted": len(counted), "fitted": len(fitted), "measured": len(measured)},
        "command": (
            "python -m pipeline.training.affinity --shared SHARED --pages PAGES --out models/splitter-1.1.0; "
            "python -m pipeline.training.headforms --shared SHARED --out models/splitter-1.1.0"
        ),
        "seed": SEED,
        "libraries": {name: version(name) for name in ("numpy", "scikit-learn", "scipy")},
        "scores": scores,
        "licence": "weights: as the package; the news text stays with its publishers and is not contained",
    }
    artefacts.write_meta(args.out, meta)


if __name__ == "__main__":
    main()
