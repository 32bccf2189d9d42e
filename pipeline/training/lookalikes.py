"""Fit when a repair of a look-alike is to be believed, on clean documents that the model has not counted.

Every character is swapped with each of its look-alikes; one scoring tells both what a false repair would gain and,
reversed, what a true one would.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.charlm import FIRST_CHAR, MAX_IDS, ORDER, PAD, PRECISION, SURPRISE, CharLM, gain_of
from pipeline.lookalikes import ALIKE, confusions
from pipeline.training.rawtext import Raw

CHUNK = 200_000  # places scored at once, about 200 MB
# Look-alikes: the share of characters misread for which precision is asked, and when a pair is dropped. The share is
# that of a poor page; on a better one there are fewer repairs, and the false ones stay as few as measured.
DAMAGE, KINDRED_DAMAGE, MIN_RECALL, MIN_PLACES = 0.003, 0.00003, 0.3, 20
FALSE_PRIOR, PRIOR_WEIGHT = 5e-5, 0.1
THRESHOLDS = np.arange(6.0, 14.1, 0.5)


class Swaps(NamedTuple):
    """Hold what swapping look-alikes in clean text gains: one row a place and a look-alike of the character there.

    ``wrong`` is the gain if the look-alike were taken for a repair (a false one), ``right`` the gain of the
    repair if the look-alike had been read; ``odd`` says whether the character is looked at, ``best`` whether this
    look-alike is the best of its place. ``char`` and ``other`` are ids.
    """

    char: NDArray[np.uint16]
    other: NDArray[np.uint16]
    wrong: NDArray[np.float32]
    right: NDArray[np.float32]
    odd: NDArray[np.bool_]
    best: NDArray[np.bool_]


def swap_table(lm: CharLM, groups: Mapping[str, str]) -> NDArray[np.uint16]:
    """List the look-alikes of each id, shape (MAX_IDS, most), filled up with PAD."""
    table = np.zeros((MAX_IDS, max(map(len, groups.values()))), np.uint16)
    for char, others in groups.items():
        table[lm.lookup[ord(char)], : len(others)] = [lm.lookup[ord(other)] for other in others]
    return table


def swap_all(lm: CharLM, documents: Sequence[Raw], groups: Mapping[str, str]) -> Swaps:
    """Swap every character of the documents that has look-alikes with each of them."""
    ids = lm.encode("\n".join(["", *(raw.text for raw in documents), ""]))
    ids = ids[ids != PAD]
    base = lm.score_each(ids)
    totals = np.convolve(base, np.ones(ORDER, np.float32))[ORDER - 1 :]
    others = swap_table(lm, groups)[ids]
    columns = []
    for column in others.T:
        places = np.flatnonzero(column)
        chunks = np.array_split(places, len(places) // CHUNK + 1)
        columns.append((places, np.concatenate([lm.swapped(ids, chunk, column[chunk]) for chunk in chunks])))
    places = np.concatenate([column[0] for column in columns])
    after = np.concatenate([column[1] for column in columns])
    other = np.concatenate([others[column[0], number] for number, column in enumerate(columns)])
    before = totals[places]
    highest = np.full(len(ids), -np.inf, np.float32)
    np.maximum.at(highest, places, after)
    return Swaps(
        ids[places],
        other,
        gain_of(before, after),
        gain_of(after, before),
        base[places] < -SURPRISE,
        after == highest[places],
    )


def fit_pairs(swaps: Swaps, alphabet: str) -> dict[str, dict[str, float]]:
    """Choose for each ordered pair (character read, character printed) the least threshold that is precise enough.

    With a share of the printed characters misread (DAMAGE), PRECISION of the repairs above the threshold must be true.
    The rate of false ones is smoothed towards FALSE_PRIOR, for pairs of which the sample shows few places.
    """
    rows, none = rows_by_pair(swaps), np.empty(0, np.intp)
    ids = {char: FIRST_CHAR + number for number, char in enumerate(alphabet)}
    alike = confusions(ALIKE)
    pairs: dict[str, dict[str, float]] = {}
    for char, others in confusions().items():
        for other in others:
            damage = DAMAGE if other in alike.get(char, "") else KINDRED_DAMAGE
            false_rows, true_rows = (rows.get(key, none) for key in ((ids[char], ids[other]), (ids[other], ids[char])))
            limit = fit_threshold(swaps, false_rows, true_rows, damage)
            if limit is not None:
                pairs.setdefault(char, {})[other] = limit
    return pairs


def fit_threshold(
    swaps: Swaps, false_rows: NDArray[np.intp], true_rows: NDArray[np.intp], damage: float
) -> float | None:
    """Find the least of THRESHOLDS that makes a pair precise enough; ``None`` if none does or little is repaired."""
    if len(true_rows) < MIN_PLACES:
        return None
    right = (swaps.right[true_rows][:, None] > THRESHOLDS).sum(0)
    looked = false_rows[swaps.odd[false_rows] & swaps.best[false_rows]]
    wrong = (swaps.wrong[looked][:, None] > THRESHOLDS).sum(0)
    expected = len(false_rows) * (wrong + PRIOR_WEIGHT) / (len(false_rows) + PRIOR_WEIGHT / FALSE_PRIOR)
    fit = damage * right >= PRECISION * (damage * right + expected)
    fit &= right >= MIN_RECALL * len(true_rows)
    return float(THRESHOLDS[np.argmax(fit)]) if fit.any() else None


def rows_by_pair(swaps: Swaps) -> dict[tuple[int, int], NDArray[np.intp]]:
    """Group the rows by character and look-alike."""
    keys = swaps.char.astype(np.int64) * MAX_IDS + swaps.other
    order = np.argsort(keys, kind="stable")
    firsts = np.flatnonzero(np.diff(keys[order], prepend=-1))
    return {(int(keys[rows[0]]) // MAX_IDS, int(keys[rows[0]]) % MAX_IDS): rows for rows in np.split(order, firsts[1:])}


def measure_pairs(lm: CharLM, swaps: Swaps) -> dict[str, float]:
    """Measure the repairs of look-alikes on text that thresholds were not fitted on.

    ``recall`` is over the places where a character of a kept pair may be misread, ``precision`` what follows if a share
    DAMAGE of those that are ALIKE is.
    """
    limits = np.full((MAX_IDS, MAX_IDS), np.inf, np.float32)
    alike = np.zeros((MAX_IDS, MAX_IDS), bool)
    for char, found in lm.calibration["pairs"].items():
        for other, limit in found.items():
            pair = lm.lookup[ord(char)], lm.lookup[ord(other)]
            limits[pair] = limit
            alike[pair] = other in confusions(ALIKE).get(char, "")
    forth, back = (swaps.char, swaps.other), (swaps.other, swaps.char)
    wrong = swaps.odd & swaps.best & (swaps.wrong > limits[forth])
    able, right = np.isfinite(limits[back]), swaps.right > limits[back]
    true_alike = DAMAGE * float((right & alike[back]).sum())
    return {
        "pairs": int(np.isfinite(limits).sum()),
        "pairs_alike": int(alike.sum()),
        "false_repairs": int(wrong.sum()),
        "false_repairs_alike": int((wrong & alike[forth]).sum()),
        "recall": float(right.sum() / max(1, able.sum())),
        "recall_alike": float((right & alike[back]).sum() / max(1, (able & alike[back]).sum())),
        "precision": true_alike / (true_alike + float(wrong.sum())),
    }
