"""Affinity: what running text teaches about which stretches of a page speak of one thing.

Two things are learned from raw news text: how rare a character bigram is, and a vector for each frequent bigram
(latent semantic analysis, Deerwester et al., JASIS 41(6), 1990; then within-class covariance normalisation, Hatch et
al., Interspeech 2006, so that what varies inside one article counts little). A logistic regression over the
likeness of two stretches, near and far, in bigrams and in vectors gives the log-odds that they belong together.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ModelError

Floats = NDArray[np.float32]
FILE = "affinity.npz"
FORMAT = 1
# Likenesses that the regression reads: bigrams of the whole stretches, of the two nearest texts; vectors of both.
LIKENESSES = 4
# Each likeness counts twice, as it is and as its square root; then the sizes of the two nearest texts, then a constant.
TERMS = 2 * LIKENESSES + 2


@dataclass(frozen=True, slots=True)
class Affinity:
    """Hold the bigrams of the raw text, most frequent first, with their rarity and their vectors.

    ``rarity`` maps a bigram to ln(documents / documents with it); ``unseen`` is that of all others. ``rows`` has one
    vector for each of the first bigrams, shape (n, d), weighted by rarity; ``whiten``, shape (d, d), and ``mean``,
    shape (d,), make what differs between articles stand out; ``terms``, shape (TERMS + 1,), are the regression's.
    """

    rarity: Mapping[str, float]
    unseen: float
    places: Mapping[str, int]
    rows: Floats
    whiten: Floats
    mean: Floats
    terms: NDArray[np.float64]

    @classmethod
    def load(cls, folder: Path) -> Affinity:
        """Read the model of a folder; raise ModelError when its format is another."""
        with np.load(folder / FILE, allow_pickle=False) as arrays:
            if int(arrays["format"]) != FORMAT:
                raise ModelError(
                    f"{folder / FILE}: format {int(arrays['format'])}, this version reads {FORMAT}; train it again"
                )
            text = arrays["bigrams"].tobytes().decode("utf-32-le")
            rarity = arrays["rarity"].astype(np.float64)
            rows = arrays["rows"].astype(np.float32) * arrays["scale"].astype(np.float32)[:, None]
            whiten, mean, terms = arrays["whiten"], arrays["mean"], arrays["terms"]
        bigrams = [text[at : at + 2] for at in range(0, len(text), 2)]
        places = {bigram: place for place, bigram in enumerate(bigrams[: len(rows)])}
        known = dict(zip(bigrams, rarity.tolist(), strict=True))
        return cls(known, UNSEEN + max(known.values()), places, rows, whiten, mean, terms)

    def vector(self, profile: Iterable[str]) -> Floats | None:
        """Give the unit vector of a text, shape (d,); ``None`` when the model knows none of its bigrams."""
        places = self.places
        known = sorted(places[bigram] for bigram in profile if bigram in places)
        if not known:
            return None
        total: Floats = self.rows[known].sum(axis=0)
        length = float(np.sqrt(total @ total))
        return total / np.float32(length) if length else None

    def centre(self, vectors: Sequence[Floats | None]) -> Floats | None:
        """Give the unit vector of a stretch of texts in the space that parts articles, shape (d,)."""
        known = [vector for vector in vectors if vector is not None]
        if not known:
            return None
        total = np.sum(known, axis=0)
        length = float(np.sqrt(total @ total))
        if not length:
            return None
        point: Floats = self.whiten @ (total / np.float32(length) - self.mean)
        return point / np.float32(np.sqrt(point @ point) or 1.0)

    def log_odds(self, likenesses: Sequence[float], sizes: tuple[int, int]) -> float:
        """Give the log-odds in nats that two stretches belong to one article.

        ``likenesses`` are the cosines LIKENESSES speaks of, ``sizes`` the numbers of bigrams of the nearest texts.
        """
        values = [*likenesses, *(math.sqrt(max(0.0, value)) for value in likenesses), *map(math.log1p, sizes), 1.0]
        return float(sum(value * term for value, term in zip(values, self.terms.tolist(), strict=True)))


# A bigram that the raw text does not hold is rarer than the rarest it holds: twice as rare.
UNSEEN = math.log(2)


def cosine(one: Floats | None, two: Floats | None) -> float:
    """Multiply two unit vectors; 0 where one is missing."""
    return float(one @ two) if one is not None and two is not None else 0.0
