"""What the wording of a heading says about its part: standing head, kicker, title, subtitle or subhead.

A multinomial logistic regression over hashed character n-grams, learned from lists of what editors set around titles
and from titles of raw text. It knows nothing of the page; what it says is one clue among others.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ModelError

ROLES = ("column", "kicker", "title", "subtitle", "subhead")
FILE = "headforms.npz"
FORMAT = 1
BITS = 14
# Longest n-gram, and what is said at most for or against a part, in nats.
_ORDER, LIMIT = 3, 4.0
_DIGITS, _LATIN = re.compile(r"\d+"), re.compile(r"[A-Za-z]+")
# Headings are read up to this length; titles differ from all else long before.
_READ = 40


def features(text: str) -> Iterator[int]:
    """Yield the hashed features of a heading (normalised, without decoration): n-grams, length, marks."""
    text = _LATIN.sub("a", _DIGITS.sub("0", text.strip()))[:_READ]
    framed = f"^{text}$"
    names = [framed[at : at + size] for size in range(1, _ORDER + 1) for at in range(len(framed) - size + 1)]
    names += [f"length {min(len(text), 30) // 2}", f"parts {min(3, text.count(' '))}"]
    names += [f"has {mark}" for mark in "·，：？！—“《" if mark in text]
    for name in sorted(set(names)):
        yield zlib.crc32(name.encode("utf-8", "surrogatepass")) & ((1 << BITS) - 1)


@dataclass(frozen=True, slots=True)
class HeadForms:
    """Hold the regression: ``weights``, shape (2 ** BITS, len(ROLES)), and ``bias``, shape (len(ROLES),)."""

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]

    @classmethod
    def load(cls, folder: Path) -> HeadForms:
        """Read the model of a folder; raise ModelError when its format is another."""
        with np.load(folder / FILE, allow_pickle=False) as arrays:
            if int(arrays["format"]) != FORMAT:
                raise ModelError(
                    f"{folder / FILE}: format {int(arrays['format'])}, this version reads {FORMAT}; train it again"
                )
            return cls(arrays["weights"].astype(np.float32), arrays["bias"].astype(np.float32))

    def read(self, text: str) -> dict[str, float]:
        """Give, for every part, what the wording says for it: ln(its probability / that of a guess), at most LIMIT."""
        scores = self.weights[list(features(text))].sum(axis=0) + self.bias
        top = scores.max()
        logs = scores - top - np.log(np.exp(scores - top).sum()) + np.log(len(ROLES))
        return {role: max(-LIMIT, min(LIMIT, round(float(log), 3))) for role, log in zip(ROLES, logs, strict=True)}
