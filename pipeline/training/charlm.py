"""Train the character model that repairs OCR errors and joins what column breaks cut.

    python -m pipeline.training.charlm --shared ../shared --pages ../shared/pages/dev --out models/charlm-1.0.0

Counts character n-grams up to order 5 over the raw news text, estimates a back-off model by absolute discounting, keeps
the n-grams that change the model most, and then fits, on documents that were left out of the counts, when a repair and
when a join is to be believed. ``--pages`` names a folder of pages with gold: raw documents that share a paragraph with
one of them are left out too, so that figures measured on these pages are honest.
"""

from __future__ import annotations

import argparse
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from pipeline import artefacts
from pipeline.charlm import (
    EDGE,
    FIRST_CHAR,
    FOLDS,
    ID_BITS,
    MAX_IDS,
    ORDER,
    PAD,
    STEP,
    UNKNOWN,
    ZERO,
    CharLM,
    encode,
    lookup_of,
)
from pipeline.hashtable import HashTable
from pipeline.lookalikes import confusions
from pipeline.training.lookalikes import DAMAGE, KINDRED_DAMAGE, fit_pairs, measure_pairs, swap_all
from pipeline.training.rawtext import BRIEFS, BROADCAST, PROSE, Raw, held_out, read_blocks, read_raw, topic_items

FILES = (*PROSE, *BROADCAST, *BRIEFS, "gov-reports.txt.xz")
# Of a hundred parts of the documents: two to fit thresholds on, one to choose by, the rest to count.
PARTS, FIT_PARTS, DEV_PARTS = 100, (0, 1), (2,)
# A shared paragraph of this many characters makes two documents one; shorter ones are formulas.
SHARED_PARAGRAPH = 20
# N-grams seen less often than this are not considered at all (index = order), so that counting fits 4 GB of memory.
CUTOFFS = (0, 1, 2, 2, 3, 4)
KEPT = 2_400_000  # n-grams of orders 2-5 that are kept; about 9 MB on disk with their contexts
DISCOUNT = 0.7
GRAM_BUCKET_BITS, CONTEXT_BUCKET_BITS = 20, 19

SEED, FIT_PAIRS, TEST_PAIRS = 7, 6000, 3000
PAIR_CHARS = 20  # shorter paragraphs are not cut

_Keys = NDArray[np.uint64]
_Ints = NDArray[np.int64]
_Floats = NDArray[np.float64]


class Split(NamedTuple):
    """Hold the documents by use."""

    counted: list[Raw]
    fit: list[Raw]
    dev: list[Raw]


def part_of(raw: Raw) -> int:
    """Draw a document's part by its text, so that it does not depend on the order of files."""
    return zlib.crc32(raw.body.encode()) % PARTS


def gold_paragraphs(pages: Path | None) -> set[str]:
    """Collect the paragraphs of the pages with gold in a folder."""
    found: set[str] = set()
    for path in sorted(pages.glob("*.gold.json")) if pages else ():
        for article in json.loads(path.read_text("utf-8"))["articles"]:
            found.update(text for text in article["paragraphs"] if len(text) >= SHARED_PARAGRAPH)
    return found


def split_documents(shared: Path, pages: Path | None) -> Split:
    """Read the raw text, leave out what measures anything, and part the rest."""
    topics = {(item["file"], item["block"]) for item in topic_items(shared)}
    on_pages = gold_paragraphs(pages)
    split = Split([], [], [])
    for raw in read_raw(shared, FILES):
        if (raw.file, raw.block) in topics or any(line in on_pages for line in raw.text.split("\n")):
            continue
        part = part_of(raw)
        (split.fit if part in FIT_PARTS else split.dev if part in DEV_PARTS else split.counted).append(raw)
    return split


def lines_to_count(split: Split) -> Iterator[str]:
    """Yield each distinct line to count once, without those that held-out documents share."""
    seen = {hash(line) for raw in (*split.fit, *split.dev) for line in raw.text.split("\n")}
    for raw in split.counted:
        for line in raw.text.split("\n"):
            key = hash(line)
            if line and key not in seen:
                seen.add(key)
                yield line


def alphabet_of(char_counts: _Ints, wanted: str) -> str:
    """Choose the characters that the model knows: all of ``wanted`` and the most frequent others."""
    folded = lookup_of("")
    chars = dict.fromkeys(wanted)
    for code in np.argsort(-char_counts, kind="stable").tolist():
        char = chr(code)
        if len(chars) == MAX_IDS - FIRST_CHAR or not char_counts[code]:
            break
        if folded[code] == UNKNOWN and code not in FOLDS:
            chars.setdefault(char)
    return "".join(sorted(chars))


class Grams(NamedTuple):
    """Hold the n-grams of one order, sorted by key: keys, counts and, once estimated, natural log-probabilities."""

    keys: _Keys
    counts: _Ints
    log_probs: _Floats


def count_grams(ids: NDArray[np.uint16], order: int, cutoff: int) -> tuple[_Keys, _Ints]:
    """Count the n-grams that do not span the edge of a paragraph; keys sorted, those under the cutoff left out."""
    size = len(ids) - order + 1
    keys = np.zeros(size, np.uint64)
    inside = np.ones(size, bool)
    for place in range(order):
        column = ids[place : place + size]
        keys <<= np.uint64(ID_BITS)
        keys |= column
        if 0 < place < order - 1:
            inside &= column != EDGE
    keys = keys[inside]
    keys.sort()
    firsts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
    counts = np.diff(firsts, append=len(keys))
    often = counts >= cutoff
    return keys[firsts[often]], counts[often]


def estimate(ids: NDArray[np.uint16]) -> list[Grams]:
    """Estimate an interpolated model with absolute discounting; the list's index is the order less one.

    p(w|h) = (c(hw) - D) / c(h) + g(h) p(w|h'), with g(h) what the kept n-grams leave over.
    """
    uses = np.bincount(ids[ids != PAD], minlength=MAX_IDS).astype(np.int64)
    smoothed = (uses + 0.5) / (uses.sum() + 0.5 * MAX_IDS)
    orders = [Grams(np.arange(MAX_IDS, dtype=np.uint64), uses, np.log(smoothed))]
    for order in range(2, ORDER + 1):
        keys, counts = count_grams(ids, order, CUTOFFS[order])
        lower = orders[-1]
        heads = np.searchsorted(lower.keys, keys >> np.uint64(ID_BITS))
        share = (counts - DISCOUNT) / lower.counts[heads]
        left = 1.0 - np.bincount(heads, share, minlength=len(lower.keys))
        probs = share + np.maximum(left, 1e-6)[heads] * np.exp(lower_log_probs(lower, keys, order))
        orders.append(Grams(keys, counts, np.log(probs)))
    return orders


def lower_log_probs(lower: Grams, keys: _Keys, order: int) -> _Floats:
    """Look up, for n-grams of an order, the log-probability of their last character by the order below."""
    tails = keys & np.uint64((1 << ID_BITS * (order - 1)) - 1)
    return lower.log_probs[np.searchsorted(lower.keys, tails)]


def prune(orders: Sequence[Grams], kept: int) -> list[Grams]:
    """Keep the n-grams of orders 2-5 whose loss would cost the most log-probability (Seymore and Rosenfeld 1996)."""
    gains = [
        grams.counts * abs(grams.log_probs - lower_log_probs(low, grams.keys, order))
        for order, (low, grams) in enumerate(pairwise(orders), start=2)
    ]
    least = np.partition(np.concatenate(gains), -kept)[-kept] if sum(map(len, gains)) > kept else 0.0
    chosen = [
        Grams(grams.keys[gain >= least], grams.counts[gain >= least], grams.log_probs[gain >= least])
        for grams, gain in zip(orders[1:], gains, strict=True)
    ]
    return [orders[0], *chosen]


def back_offs(full: Sequence[Grams], chosen: Sequence[Grams]) -> tuple[_Keys, _Floats]:
    """Work out the back-off weight of each context of the chosen n-grams: keys (m,), natural logarithms (m,)."""
    keys, weights = [], []
    for order, (low, grams) in enumerate(zip(full[:-1], chosen[1:], strict=True), start=2):
        heads, place = np.unique(grams.keys >> np.uint64(ID_BITS), return_inverse=True)
        above = np.bincount(place, np.exp(grams.log_probs))
        below = np.bincount(place, np.exp(lower_log_probs(low, grams.keys, order)))
        keys.append(heads)
        weights.append(np.log(np.clip(1 - above, 1e-4, 1)) - np.log(np.clip(1 - below, 1e-4, 1)))
    return np.concatenate(keys), np.concatenate(weights)


def quantise(log_values: _Floats) -> NDArray[np.uint8]:
    """Round logarithms to steps of STEP nats below ZERO; shape kept."""
    return np.clip(np.rint((ZERO - log_values) / STEP), 0, 255).astype(np.uint8)


def tables_of(chosen: Sequence[Grams], heads: tuple[_Keys, _Floats]) -> tuple[HashTable, HashTable]:
    """Store the chosen n-grams and the back-off weights of their contexts."""
    keys = np.concatenate([grams.keys for grams in chosen[1:]])
    log_probs = np.concatenate([grams.log_probs for grams in chosen[1:]])
    return (
        HashTable.build(keys, quantise(log_probs), GRAM_BUCKET_BITS),
        HashTable.build(heads[0], quantise(heads[1]), CONTEXT_BUCKET_BITS),
    )


class Pair(NamedTuple):
    """Hold two texts, whether the second continues the first, and how they were made."""

    left: str
    right: str
    joined: bool
    kind: str


def make_pairs(documents: Sequence[Raw], rng: np.random.Generator, count: int) -> list[Pair]:
    """Make pairs of every kind, ``count`` of each: what a page sets one after the other, joined and not."""
    bodies = [
        lines for raw in documents if (lines := [line for line in raw.body.split("\n") if len(line) >= PAIR_CHARS])
    ]
    titles = [raw.title for raw in documents if raw.title]
    pairs: list[Pair] = []
    for _ in range(count):
        lines, others = (bodies[index] for index in rng.integers(len(bodies), size=2))
        place = int(rng.integers(len(lines)))
        line, other = lines[place], others[int(rng.integers(len(others)))]
        cut, other_cut = (int(rng.integers(4, len(text) - 4)) for text in (line, other))
        title = titles[int(rng.integers(len(titles)))]
        pairs.append(Pair(line[:cut], line[cut:], joined=True, kind="cut"))
        rows = {
            "end+next": (lines[place - 1], line) if place else (line, others[0]),
            "end+start": (line, other),
            "end+title": (line, title),
            "title+start": (title, line),
            "cut+start": (line[:cut], other),
            "cut+title": (line[:cut], title),
            "end+cut": (line, other[other_cut:]),
            "cut+cut": (line[:cut], other[other_cut:]),
        }
        pairs += [Pair(first, second, joined=False, kind=kind) for kind, (first, second) in rows.items()]
    return pairs


def fit_join(lm: CharLM, pairs: Sequence[Pair]) -> dict[str, object]:
    """Fit the logistic function of :meth:`CharLM.join_gain`, joined and not joined pairs with equal total weight."""
    features = lm.join_features([(pair.left, pair.right) for pair in pairs])
    scale = features.std(axis=0) + 1e-9
    model = LogisticRegression(C=1.0, class_weight="balanced", max_iter=2000)
    model.fit(features / scale, [pair.joined for pair in pairs])
    return {"weights": (model.coef_[0] / scale).tolist(), "bias": float(model.intercept_[0])}


def measure_join(lm: CharLM, pairs: Sequence[Pair]) -> dict[str, float]:
    """Measure the area under the ROC curve and the accuracy at 0, in all and for each kind of pair."""
    gains = np.array(lm.join_gains([(pair.left, pair.right) for pair in pairs]))
    kinds = np.array([pair.kind for pair in pairs])
    joined = kinds == "cut"
    scores = {"auc": float(roc_auc_score(joined, gains)), "recall": float((gains[joined] > 0).mean())}
    for kind in dict.fromkeys(kinds[~joined].tolist()):
        of_kind = joined | (kinds == kind)
        scores[f"auc {kind}"] = float(roc_auc_score(joined[of_kind], gains[of_kind]))
        scores[f"rejected {kind}"] = float((gains[kinds == kind] <= 0).mean())
    return scores


def build(split: Split) -> CharLM:
    """Count, estimate and prune a model; calibration is left empty."""
    text = "\n".join(["", *lines_to_count(split), ""])
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    char_counts = np.bincount(codes[codes < 0x10000], minlength=0x10000)
    del codes
    alphabet = alphabet_of(char_counts, "0a" + "".join(confusions()))
    ids = encode(text, lookup_of(alphabet))
    del text
    full = estimate(ids[ids != PAD])
    chosen = prune(full, KEPT)
    grams, contexts = tables_of(chosen, back_offs(full, chosen))
    unigrams = full[0].log_probs.astype(np.float16).astype(np.float32)
    return CharLM(alphabet, unigrams, grams, contexts)


def nats_per_character(lm: CharLM, documents: Iterable[Raw]) -> float:
    """Measure the mean negative log-probability of a character, ends of paragraphs included."""
    ids = lm.encode("\n".join(["", *(raw.body for raw in documents), ""]))
    ids = ids[ids != PAD]
    return float(-lm.score_each(ids)[1:].mean())


def main() -> None:
    """Train, calibrate, measure and write the model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--pages", type=Path, default=None, help="folder of pages with gold to leave out")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--calibrate", action="store_true", help="keep the n-grams of --out and fit thresholds only")
    args = parser.parse_args()
    split = split_documents(args.shared, args.pages)
    args.out.mkdir(parents=True, exist_ok=True)
    lm = CharLM.load(args.out) if args.calibrate else build(split)
    lm = replace(lm, calibration=calibrate(lm, split.fit))
    lm.save(args.out)
    artefacts.write_meta(args.out, describe(lm, split, args))


def calibrate(lm: CharLM, documents: Sequence[Raw]) -> dict[str, Any]:
    """Fit on documents that were not counted when a join and when a repair is to be believed."""
    rng = np.random.default_rng(SEED)
    swaps = swap_all(lm, documents, confusions())
    return {"join": fit_join(lm, make_pairs(documents, rng, FIT_PAIRS)), "pairs": fit_pairs(swaps, lm.alphabet)}


def left_out(shared: Path) -> list[Raw]:
    """Read the documents that the gold is taken from: neither counted, nor fitted on, nor looked at."""
    places = held_out(shared) | {(item["file"], item["block"]) for item in topic_items(shared)}
    blocks = {file: read_blocks(shared, str(file)) for file in sorted({str(file) for file, _ in places})}
    return [blocks[str(file)][int(str(block))] for file, block in sorted(places, key=str)]


def measure(lm: CharLM, documents: Sequence[Raw]) -> dict[str, Any]:
    """Measure the model on documents: how well it foresees them, what it repairs in them, what it joins."""
    pairs = make_pairs(documents, np.random.default_rng(SEED + 1), TEST_PAIRS)
    repairs = measure_pairs(lm, swap_all(lm, documents, confusions()))
    return {
        "documents": len(documents),
        "characters": sum(len(raw.text) for raw in documents),
        "nats_per_character": round(nats_per_character(lm, documents), 4),
        "look_alikes": {name: round(value, 4) for name, value in repairs.items()},
        "join": {name: round(value, 4) for name, value in measure_join(lm, pairs).items()},
    }


def describe(lm: CharLM, split: Split, args: argparse.Namespace) -> dict[str, object]:
    """Write down what the model is, what it was made of and how good it is.

    ``scores`` are on documents that nobody looked at, ``scores_dev`` on those that options were chosen by.
    """
    return {
        "name": "charlm",
        "version": "1.0.0",
        "summary": "character n-grams of order 5, pruned, for OCR repair and for joins across column breaks",
        "labels": [],
        "data": [{"file": file, "sha256": artefacts.sha256_of(args.shared / "rawtext" / file)} for file in FILES],
        "documents": {"counted": len(split.counted), "fitted": len(split.fit), "dev": len(split.dev)},
        "paragraphs_of_pages_left_out": len(gold_paragraphs(args.pages)),
        "orders": ORDER,
        "pruning": {"cutoffs": CUTOFFS[2:], "kept": len(lm.grams.values), "contexts": len(lm.contexts.values)},
        "damage_assumed": {"alike": DAMAGE, "kindred": KINDRED_DAMAGE},
        "command": "python -m pipeline.training.charlm --shared SHARED --pages PAGES --out models/charlm-1.0.0",
        "seed": SEED,
        "libraries": {name: version(name) for name in ("numpy", "scikit-learn")},
        "scores": measure(lm, left_out(args.shared)),
        "scores_dev": measure(lm, split.dev),
        "licence": "weights: as the package; the news text stays with its publishers and is not contained",
    }


if __name__ == "__main__":
    main()
