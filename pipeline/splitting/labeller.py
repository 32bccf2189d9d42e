"""A second opinion on each unit of a page: boosted trees over what is seen at it and around it.

The automaton weighs its clues one by one; trees weigh them together (a short line without marks below a text that ends
with a signature, on a page that marks its titles). Two of them are asked: which part a heading plays, and whether a
unit begins an article. What they say is one clue more of the automaton (gradient boosting, Friedman 2001; trained by
:mod:`pipeline.training.labeller` on pages with gold).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ModelError
from pipeline.splitting.blocks import Unit
from pipeline.splitting.clues import Clues, Opinion, cohesion_score, ends_article
from pipeline.splitting.cohesion import Cohesion
from pipeline.splitting.headforms import ROLES as FORMS
from pipeline.splitting.seams import LEADERS, opens_sentence

FILE = "labeller.npz"
FORMAT = 1
# The parts of a heading.
PARTS = ("column", "kicker", "title", "subtitle", "subhead", "paragraph")
# A unit is seen with so many on either side.
REACH = 3
# What stands beyond the ends of a page.
OUTSIDE = -9.0
# What is said at most for or against a part or a boundary, in nats.
LIMIT = 5.0
# Distances and lengths are told apart up to these.
_FAR, _LONG_TEXT, _LONG_HEAD = 9.0, 400, 40
# Rows that trees are asked about at a time, so that a page of five million characters needs no gigabytes.
_BLOCK = 2048
_KINDS = ("head", "text", "byline", "jump_from", "jump_to", "source", "table")
_SEEN = (
    "cohesion", "far_apart", "overlap_after", "overlap_before", "open_before", "has_text", "alike", "next_starts",
    "join", "fragment", "rank", "seam", "run_starts", "signed_next", "listed", "parallel", "item", "apart",
    "below_run", "repeated", "named",
)  # fmt: skip
_SIGNS = "●▲■◆□○★▍▌◎△▼►▶"
_STYLE = ("count", "text next", "text before", "opens next", "length", *FORMS)
Rows = NDArray[np.float32]


def describe(units: Sequence[Unit], clues: Sequence[Clues], cohesion: Cohesion) -> Rows:
    """Describe each unit by itself: shape (units, len(FEATURES))."""
    near = _near(units, cohesion)
    styles = _styles(units, clues)
    since, until = _distances(units)
    rows = np.full((len(units), len(FEATURES)), OUTSIDE, np.float32)
    for i, (unit, clue) in enumerate(zip(units, clues, strict=True)):
        key = unit.key.strip()
        edges = unit.edges
        row: list[float] = [unit.kind == kind for kind in _KINDS]
        row += [getattr(clue, name) for name in _SEEN]
        row += [unit.level, unit.bold, unit.hinted, unit.column, unit.signed]
        row += [min(len(key), _LONG_TEXT), key.count(" "), sum(map(key.count, "，、；,;")), sum(map(str.isdigit, key))]
        row += [any(mark in key for mark in marks) for marks in ('“”"', "？?", "！!", "：:", "《", "·")]
        row += [key[-1:] in marks for marks in ("。.", "！？!?", "：:", "）)", "，、,", '”"')]
        row += [key[:1] in marks for marks in (_SIGNS, "【［〖「[", "（(", '“"', "—-", LEADERS)]
        row += [key[:1].isdigit(), opens_sentence(key), unit.image, unit.gap, bool(_CAPTION.search(key))]
        row += [float(value) for value in near[i]]
        row += [
            edges is not None and bool(edges.lead),
            ends_article(unit),
            edges is not None and edges.jump_from is not None,
        ]
        row += [*clue.group, clue.group[1] - clue.group[0], *clue.lengths]
        row += [since[i], until[i], min(i, _FAR), min(len(units) - 1 - i, _FAR)]
        rows[i, : len(row)] = row
        if unit.kind == "head":
            rows[i, len(row) :] = [*(clue.form.get(role, 0.0) for role in FORMS), *styles[unit.level, unit.bold]]
    return rows


FEATURES = (
    *_KINDS, *_SEEN, "level", "bold", "hinted", "column", "signed", "length", "blanks", "commas", "digits",
    "quotes", "asks", "calls", "colon", "book", "dot", "stops", "ends ?", "ends :", "ends )", "ends ,", "ends ”",
    "sign", "bracket", "opens (", "opens “", "dash", "leader", "opens digit", "opens sentence", "image", "gap",
    "caption", "like last", "like next", "around", "head above", "head above last", "head below", "lead", "tail",
    "from", "place", "run", "run left", "shortest", "longest", "since", "until", "first", "last",
    *(f"form {role}" for role in FORMS), *(f"style {name}" for name in _STYLE),
)  # fmt: skip


# Words of a caption: 图为…, （左）, … 摄.
_CAPTION = re.compile(r"[图照]为|（[左右中前后上下][一二三]?）|[ 　]摄|摄影|供图|^[▲△▼]")
# A heading so long speaks of its article.
_TITLE = 6


def _near(units: Sequence[Unit], cohesion: Cohesion) -> list[list[float]]:
    """Compare each text with those before and after it, these with each other, and each with the headings near."""
    texts = [i for i, unit in enumerate(units) if unit.kind in ("text", "table")]
    found = [[0.0] * 6 for _ in units]
    heads = [i for i, unit in enumerate(units) if unit.kind == "head" and len(unit.key.strip()) >= _TITLE]
    for at, i in enumerate(texts):
        own = [units[i].profile]
        last = [units[texts[at - 1]].profile] if at else []
        after = [units[texts[at + 1]].profile] if at + 1 < len(texts) else []
        row = found[i]
        row[0] = found[texts[at - 1]][1] if at else 0.0
        row[1] = cohesion_score(cohesion, own, after)
        row[2] = cohesion_score(cohesion, last, after)
        place = bisect_left(heads, i)
        if place:
            head = units[heads[place - 1]].profile
            row[3] = cohesion.overlap(head, own)
            row[4] = cohesion.overlap(head, last) if last else 0.0
        if place < len(heads):
            row[5] = cohesion.overlap(units[heads[place]].profile, own)
    return found


def _styles(units: Sequence[Unit], clues: Sequence[Clues]) -> dict[tuple[int, bool], list[float]]:
    """Say how a page uses each style of heading, depth and bold: how often, beside what, how worded."""
    found: dict[tuple[int, bool], list[list[float]]] = {}
    for unit, clue in zip(units, clues, strict=True):
        if unit.kind == "head":
            used = [1.0, clue.next_kind == "text", clue.prev_kind == "text", clue.run_starts]
            used += [min(len(unit.key.strip()), _LONG_HEAD), *(clue.form.get(role, 0.0) for role in FORMS)]
            found.setdefault((unit.level, unit.bold), []).append(used)
    return {style: [float(len(used)), *np.mean(used, axis=0)[1:].tolist()] for style, used in found.items()}


def _distances(units: Sequence[Unit]) -> tuple[list[float], list[float]]:
    """Count the units since the last heading before each unit and until the next one after it."""
    sides = []
    for order in (units, units[::-1]):
        count, side = _FAR, []
        for unit in order:
            side.append(count)
            count = 0.0 if unit.kind == "head" else min(_FAR, count + 1)
        sides.append(side)
    return sides[0], sides[1][::-1]


def surround(rows: Rows) -> Rows:
    """Set the rows of the units around each unit beside its own: shape (units, (2 * REACH + 1) * features)."""
    edge = np.full((REACH, rows.shape[1]), OUTSIDE, np.float32)
    padded = np.vstack([edge, rows, edge])
    return np.hstack([padded[REACH + by : REACH + by + len(rows)] for by in OFFSETS])


OFFSETS = (0, *(by for step in range(1, REACH + 1) for by in (-step, step)))


@dataclass(frozen=True, slots=True)
class Trees:
    """Hold boosted trees for some classes.

    ``feature``, ``threshold``, ``left``, ``right`` and ``value`` have a place a node: what is asked, up to where the
    answer leads left, the nodes that it leads to, and what a leaf adds; a leaf leads to itself. ``roots`` has shape
    (rounds, classes), ``base`` (classes,); ``depth`` is the number of questions on the longest way.
    """

    feature: NDArray[np.int32]
    threshold: NDArray[np.float32]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    value: NDArray[np.float32]
    roots: NDArray[np.int32]
    base: NDArray[np.float32]
    depth: int

    def score(self, rows: Rows) -> NDArray[np.float64]:
        """Add up what the trees say: shape (rows, classes)."""
        blocks = [self._score(rows[start : start + _BLOCK]) for start in range(0, len(rows), _BLOCK)]
        return np.concatenate(blocks) if blocks else np.zeros((0, self.roots.shape[1]))

    def _score(self, rows: Rows) -> NDArray[np.float64]:
        at = np.broadcast_to(self.roots.reshape(-1), (len(rows), self.roots.size)).copy()
        row = np.arange(len(rows))[:, None]
        for _ in range(self.depth):
            right = rows[row, self.feature[at]] > self.threshold[at]
            at = np.where(right, self.right[at], self.left[at])
        said = self.value[at].reshape(len(rows), *self.roots.shape)
        total: NDArray[np.float64] = self.base + said.sum(axis=1, dtype=np.float64)
        return total


@dataclass(frozen=True, slots=True)
class Labeller:
    """Hold the trees of the parts and those of the boundaries."""

    parts: Trees
    bounds: Trees

    @classmethod
    def load(cls, folder: Path) -> Labeller:
        """Read the model of a folder; raise ModelError when its format is another."""
        with np.load(folder / FILE, allow_pickle=False) as arrays:
            if int(arrays["format"]) != FORMAT or arrays["features"].tolist() != list(FEATURES):
                raise ModelError(
                    f"{folder / FILE}: format {int(arrays['format'])}, or other features than ours; train it again"
                )
            return cls(*(_unpack(arrays, name) for name in ("parts", "bounds")))

    def read(self, units: Sequence[Unit], clues: Sequence[Clues], cohesion: Cohesion) -> list[Opinion]:
        """Give an opinion of each unit: ln(probability / that of a guess) of each part, log-odds of a boundary."""
        return opinions(units, surround(describe(units, clues, cohesion)), self)


def opinions(units: Sequence[Unit], rows: Rows, labeller: Labeller) -> list[Opinion]:
    """Ask a labeller about the units of a page whose rows are known."""
    if not len(rows):
        return []
    bounds = np.clip(labeller.bounds.score(rows)[:, 0], -LIMIT, LIMIT)
    heads = [i for i, unit in enumerate(units) if unit.kind == "head"]
    parts: dict[int, dict[str, float]] = {}
    if heads:
        scores = labeller.parts.score(rows[heads])
        scores -= scores.max(axis=1, keepdims=True)
        logs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True)) + np.log(len(PARTS))
        for i, row in zip(heads, np.clip(logs, -LIMIT, LIMIT).tolist(), strict=True):
            parts[i] = dict(zip(PARTS, row, strict=True))
    return [Opinion(parts.get(i, {}), float(bound)) for i, bound in enumerate(bounds)]


def _unpack(arrays: Mapping[str, NDArray[Any]], name: str) -> Trees:
    parts = {field: arrays[f"{name}.{field}"] for field in Trees.__slots__}
    return Trees(**{**parts, "depth": int(parts["depth"])})  # type: ignore[arg-type]
