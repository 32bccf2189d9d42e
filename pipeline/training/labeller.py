"""Grow the trees of the splitter's second opinion on pages with gold.

The trees are those of scikit-learn's histogram gradient boosting, taken over as plain arrays. A page that the weights
of the automaton learn from is described by trees that have not met it (cross-fitting, as in stacked generalisation,
Wolpert 1992): trees know the pages they grew on too well, and would be trusted too much.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from pipeline.splitting.blocks import Unit
from pipeline.splitting.labeller import FEATURES, FILE, FORMAT, PARTS, Labeller, Rows, Trees
from pipeline.training.goldpages import Gold

SEED = 0
# Of a few tries in cross-validation (docs/decisions/03-splitting.md): 60 rounds at .12, leaves 6 and 8, penalty 20 and
# windows of two units were no better.
ROUNDS, RATE, LEAVES, LEAF_UNITS, PENALTY, SHARE_OF_FEATURES = 100, 0.08, 12, 15, 5.0, 0.15
# Weight of a unit of another form of a page (no marks, single articles): whole pages as they are come first.
OTHERS = 0.25


class Page(Protocol):
    """Hold a page to learn from: its units, what is seen at them, and the gold part and boundary of each."""

    units: list[Unit]
    rows: Rows
    gold: list[Gold]
    weight: float


def grow(pages: Sequence[Page], others: Sequence[Page] = ()) -> Labeller:
    """Grow the trees on all units whose gold is clear, those of ``others`` with the weight OTHERS.

    Raises ValueError when a part of a heading never occurs.
    """
    heads: list[_Case] = []
    bounds: list[_Case] = []
    for weight, group in ((1.0, pages), (OTHERS, others)):
        for page in group:
            for row, unit, (role, new) in zip(page.rows, page.units, page.gold, strict=True):
                if unit.kind == "head" and role in PARTS:
                    heads.append((row, PARTS.index(role), weight * page.weight))
                if new is not None:
                    bounds.append((row, int(new), weight * page.weight))
    missing = set(range(len(PARTS))) - {part for _, part, _ in heads}
    if missing:
        names = ", ".join(PARTS[part] for part in sorted(missing))
        raise ValueError(f"no heading of these pages is a {names}; read more pages with gold")
    return Labeller(_fit(heads), _fit(bounds))


_Case = tuple[Rows, int, float]


def _fit(cases: Sequence[_Case]) -> Trees:
    """Boost trees."""
    rows, wanted, weights = (np.array(part) for part in zip(*cases, strict=True))
    model = HistGradientBoostingClassifier(
        max_iter=ROUNDS, learning_rate=RATE, max_leaf_nodes=LEAVES, min_samples_leaf=LEAF_UNITS,
        l2_regularization=PENALTY, max_features=SHARE_OF_FEATURES, early_stopping=False, random_state=SEED,
    ).fit(rows, wanted, sample_weight=weights)  # fmt: skip
    return take_over(model)


def take_over(model: HistGradientBoostingClassifier) -> Trees:
    """Lay the trees of a fitted model out as arrays."""
    # scikit-learn has no public way to a tree of this kind; the fields are checked by a test that compares both.
    rounds = model._predictors  # noqa: SLF001
    base = np.asarray(model._baseline_prediction, np.float32).reshape(-1)  # noqa: SLF001
    nodes = [tree.nodes for trees in rounds for tree in trees]
    starts = np.cumsum([0, *map(len, nodes)])
    joined = np.concatenate(nodes)
    offsets = np.repeat(starts[:-1], [len(part) for part in nodes])
    leaf = joined["is_leaf"].astype(bool)
    own = np.arange(len(joined))
    return Trees(
        feature=np.where(leaf, 0, joined["feature_idx"]).astype(np.int32),
        threshold=np.where(leaf, np.inf, joined["num_threshold"]).astype(np.float32),
        left=np.where(leaf, own, joined["left"] + offsets).astype(np.int32),
        right=np.where(leaf, own, joined["right"] + offsets).astype(np.int32),
        value=joined["value"].astype(np.float32),
        roots=starts[:-1].reshape(len(rounds), -1).astype(np.int32),
        base=base,
        depth=int(joined["depth"].max()),
    )


def save(labeller: Labeller, folder: Path) -> None:
    """Write a labeller into the folder of a model."""
    arrays = {
        f"{name}.{field}": np.asarray(getattr(trees, field))
        for name, trees in (("parts", labeller.parts), ("bounds", labeller.bounds))
        for field in Trees.__slots__
    }
    np.savez_compressed(folder / FILE, format=np.array(FORMAT), features=np.array(FEATURES), **arrays)  # type: ignore[arg-type]
