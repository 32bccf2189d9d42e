"""Train what the wording of a heading says.

    python -m pipeline.training.headforms --shared ../shared --out models/splitter-1.1.0

Titles are those of the raw text and of written headlines; the other parts are drawn by
:mod:`pipeline.training.headlines`. Each half of its lists is measured with a model trained on the other half; the
model that is kept has seen both.
"""

from __future__ import annotations

import argparse
import logging
import random
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from pipeline import artefacts
from pipeline.splitting.grammar import normalise
from pipeline.splitting.headforms import BITS, FILE, FORMAT, ROLES, HeadForms, features
from pipeline.training.headlines import (
    BOTH,
    SUBHEAD_MAKES,
    WRITTEN,
    WRITTEN_SHARE,
    draw_column,
    draw_kicker,
    draw_subhead,
    draw_subtitle,
    pick,
)
from pipeline.training.rawtext import Raw, read_raw

log = logging.getLogger(__name__)
FILES = ("web-news-2006-2020.txt.xz", "xwlb-2012-2026.txt.xz", "briefs-2023-2026.txt.xz")
SEED, EACH = 1, 6_000
# Inverse strength of the penalty; 0.1 and 1.0 gave the same accuracy on the other half within 0.01.
_PENALTY = 0.3


def titles_of(shared: Path) -> list[Raw]:
    """Read the documents with titles of newspaper length."""
    return [raw for raw in read_raw(shared, FILES, min_chars=40) if 6 <= len(raw.title) <= 40]


def draw(rng: random.Random, raws: Sequence[Raw], half: int) -> list[tuple[str, str]]:
    """Draw as many headings of every part, with their parts."""
    drawn: list[tuple[str, str]] = []
    for _ in range(EACH):
        raw = rng.choice(raws)
        title = re.sub(r"^[【（].{1,16}[】）]", "", raw.title) or raw.title
        if rng.random() < WRITTEN_SHARE:
            title = pick(rng, WRITTEN["titles"], half)
        drawn.append((title, "title"))
        drawn.append((draw_column(rng, half), "column"))
        drawn.append((draw_kicker(rng, raw.body, half), "kicker"))
        drawn.append((draw_subtitle(rng, raw.body, half), "subtitle"))
        drawn.append((draw_subhead(rng, raw.body, rng.choice(SUBHEAD_MAKES), rng.randrange(9), half), "subhead"))
    return [(normalise(text), role) for text, role in drawn]


def train(drawn: Sequence[tuple[str, str]]) -> HeadForms:
    """Fit the regression."""
    rows = [list(features(text)) for text, _ in drawn]
    starts = np.cumsum([0, *map(len, rows)])
    columns = np.concatenate([np.array(row, np.int64) for row in rows])
    matrix = sparse.csr_matrix((np.ones(len(columns), np.float32), columns, starts), shape=(len(rows), 1 << BITS))
    model = LogisticRegression(C=_PENALTY, max_iter=300).fit(matrix, [ROLES.index(role) for _, role in drawn])
    return HeadForms(model.coef_.T.astype(np.float16).astype(np.float32), model.intercept_.astype(np.float32))


def measure(forms: HeadForms, drawn: Sequence[tuple[str, str]]) -> dict[str, float]:
    """Measure the share of headings whose likeliest part is right, for every part."""
    hits = dict.fromkeys(ROLES, 0)
    for text, role in drawn:
        said = forms.read(text)
        hits[role] += max(said, key=lambda name: said[name]) == role
    return {role: round(hits[role] * len(ROLES) / len(drawn), 4) for role in ROLES}


def save(forms: HeadForms, folder: Path) -> None:
    """Write the model."""
    weights = forms.weights.astype(np.float16)
    np.savez_compressed(folder / FILE, format=np.array(FORMAT), weights=weights, bias=forms.bias)


def main() -> None:
    """Train on each half, measure on the other, train on both, write, and enter the scores into meta.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    raws = titles_of(args.shared)
    rng = random.Random(SEED)  # noqa: S311
    halves = [draw(rng, raws, half) for half in (0, 1)]
    scores = {f"half {1 - half}": measure(train(halves[half]), halves[1 - half]) for half in (0, 1)}
    log.info("%s", scores)
    save(train(draw(rng, raws, BOTH)), args.out)
    meta = artefacts.read_meta(args.out.name, args.out.parent)
    artefacts.write_meta(args.out, {**meta, "scores": {**meta["scores"], "headforms": scores}})


if __name__ == "__main__":
    main()
