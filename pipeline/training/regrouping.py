"""Train what decides that a run of text belongs to another article: the table of :mod:`pipeline.splitting.regrouping`.

    python -m pipeline.training.regrouping --shared ../shared --out out/regrouping.txt

Pages are composed with stories inside others and columns read in turn (:mod:`pipeline.training.pages`), and read as
the splitter reads them. Every run that could move is laid beside the gold: right where it brings a whole run to its
own article, wrong where most of it is of another; what brings a part only, or a text too many, is left out. A logistic
regression over the clues gives the weights.
"""

from __future__ import annotations

import argparse
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score

from pipeline.splitting.articles import gather_drafts, read_units
from pipeline.splitting.blocks import Unit
from pipeline.splitting.mending import lift_captions
from pipeline.splitting.notices import Draft
from pipeline.splitting.regrouping import Features, Move, candidates
from pipeline.splitting.sequence import decide
from pipeline.text import AlignedText
from pipeline.training.pages import Composed
from pipeline.training.splitter import Tools, compose_pages, load_tools
from pipeline.types import Page

log = logging.getLogger(__name__)
# Share of neighbouring stories whose columns are read in a wrong order, and the part of the pages that only measures.
MIXED, HELD = 0.4, 0.25
# Inverse strength of the penalty.
_PENALTY = 0.1
# A title says more than a text about which article a draft is.
_TITLE = 3

Owner = Callable[[Unit], int | None]
Row = tuple[Features, bool]


def rows_of(composed: Composed, tools: Tools) -> Iterator[Row]:
    """Lay every move on a composed page beside its gold."""
    page = Page("composed", "composed", composed.text, "", 0, "utf-8")

    def owner(unit: Unit) -> int | None:
        label = composed.labels.get(unit.lines[0])
        return label.article if label is not None and label.article >= 0 else None

    reading = read_units(page, AlignedText.of(composed.text), tools.grammar, tools.lm, tools.learned)
    steps = decide(reading.rest, reading.cohesion, tools.grammar, reading.seams, tools.learned)
    drafts = lift_captions(gather_drafts(reading, steps), reading.cohesion)
    news = [draft for draft in drafts if draft.kind == "news"]
    owners = [_owner_of(draft, owner) for draft in news]
    for place in range(len(news)):
        for move in candidates(news, place, reading.cohesion, reading.seams):
            target = next(i for i, draft in enumerate(news) if draft is move.target)
            right = judge(move, owners[place], owners[target], owner)
            if right is not None:
                yield move.features, right


def _owner_of(draft: Draft, owner: Owner) -> int | None:
    """Find the article that most of a draft is of."""
    counts: Counter[int] = Counter()
    for member in draft.members:
        number = owner(member.unit) if member.role in ("paragraph", "title") else None
        if number is not None:
            counts[number] += _TITLE if member.role == "title" else 1
    return counts.most_common(1)[0][0] if counts else None


def judge(move: Move, source: int | None, target: int | None, owner: Owner) -> bool | None:
    """Say whether a move is right; ``None`` where it is a part of a right one or the gold does not say."""
    run = [member.unit for member in move.source.members[move.start : move.stop] if member.role == "paragraph"]
    owners = [owner(unit) for unit in run]
    if target is None or None in owners:
        return None
    if source == target:
        return True if len(move.source.members) == move.stop - move.start else None
    good = sum(len(unit.key) for unit, number in zip(run, owners, strict=True) if number == target)
    bad = sum(len(unit.key) for unit in run) - good
    if not bad:
        texts = [member.unit for member in move.source.members if member.role == "paragraph"]
        first, last = texts.index(run[0]), texts.index(run[-1])
        beyond = [*texts[max(0, first - 1) : first], *texts[last + 1 : last + 2]]
        return None if any(owner(unit) == target for unit in beyond) else True
    return None if good > bad else False


def matrix(rows: Sequence[Row], names: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Put rows into arrays: clues, shape (rows, names), and whether each move is right."""
    clues = np.array([[features.get(name, 0.0) for name in names] for features, _ in rows], np.float32)
    return clues, np.array([right for _, right in rows])


def train(rows: Sequence[Row], held: Sequence[Row]) -> tuple[dict[str, float], dict[str, float]]:
    """Fit the regression; give the weights, and its average precision on pages it has not met."""
    names = sorted({name for features, _ in rows for name in features} - {"leading mark"})
    clues, right = matrix(rows, names)
    model = LogisticRegression(C=_PENALTY, max_iter=2000).fit(clues, right)
    weights = {name: round(float(value), 2) for name, value in zip(names, model.coef_[0], strict=True)}
    weights["bias"] = round(weights["bias"] + float(model.intercept_[0]), 2)
    unseen, wanted = matrix(held, names)
    scores = model.decision_function(unseen)
    made = scores > 0
    return weights, {
        "average_precision": float(average_precision_score(wanted, scores)),
        "precision": float(wanted[made].mean()) if made.any() else 0.0,
        "recall": float(made[wanted].mean()),
    }


def main() -> None:
    """Compose, read, fit, measure and write the table."""
    parser = argparse.ArgumentParser(description="Train the moves of runs of text between articles.")
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--pages", type=int, default=500)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    tools = load_tools()
    composed = compose_pages(arguments.shared, arguments.pages, arguments.seed, mixed=MIXED)
    pages = [list(rows_of(page, tools)) for page in composed]
    cut = int(len(pages) * HELD)
    held, rows = [[row for page in part for row in page] for part in (pages[:cut], pages[cut:])]
    weights, figures = train(rows, held)
    log.info("%d moves, %d right; held out: %s", len(rows), sum(right for _, right in rows), figures)
    arguments.out.write_text("".join(f'    "{name}": {value},\n' for name, value in weights.items()), "utf-8")


if __name__ == "__main__":
    main()
