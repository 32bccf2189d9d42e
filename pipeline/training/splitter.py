"""Tune the weights of the splitter on pages with gold: a conditional random field (Lafferty et al., ICML 2001).

    python -m pipeline.training.splitter --shared ../shared --out out/weights.txt --model models/splitter-1.1.0

The automaton of :mod:`pipeline.splitting.sequence` gives every reading of a page a score that is linear in the weights;
they are moved so that the readings that agree with the gold become likely. The weights set by hand are the prior
(``splitter_prior.toml``): leaving them costs, and a sign that the grammar fixes is kept. The result is written as the
table of :mod:`pipeline.splitting.weights`, to be looked through before it is taken over. The trees whose opinion is
one of the clues (:mod:`pipeline.training.labeller`) grow on the same pages and go into the folder of the model.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import random
import re
import tomllib
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize

from pipeline import artefacts
from pipeline.charlm import CharLM
from pipeline.cleaning import CleanerOptions, clean
from pipeline.config import ReaderOptions
from pipeline.reader import read_page
from pipeline.splitting.articles import Reading, read_units
from pipeline.splitting.blocks import Unit
from pipeline.splitting.clues import Clues, gather
from pipeline.splitting.grammar import Grammar, load_grammar
from pipeline.splitting.labeller import Rows, describe, opinions, surround
from pipeline.splitting.learned import Learned
from pipeline.splitting.sequence import END_FEATURES, Step, Trellis, best_path, learn_page
from pipeline.splitting.weights import ALONE, WEIGHTS
from pipeline.text import AlignedText
from pipeline.training import goldpages
from pipeline.training.goldpages import Gold, held_out_pages
from pipeline.training.headlines import BOTH
from pipeline.training.labeller import grow, save
from pipeline.training.pages import Composed, Label, compose, usable
from pipeline.training.rawtext import Raw, read_raw
from pipeline.types import Page

log = logging.getLogger(__name__)
# Stories of one page come from one stretch of the corpus, so that they share days and names as stories of an issue do.
_NEIGHBOURS = 60
# Shares of pages from each file of stories, in order of name: crud-news has no titles, web-news is newspaper prose.
_SHARES = (0.1, 0.55, 0.35)
# What was known of the weights before.
PRIOR: Mapping[str, float] = tomllib.loads(Path(__file__).with_name("splitter_prior.toml").read_text("utf-8"))[
    "weights"
]
CHARLM, SPLITTER = "charlm-1.0.0", "splitter-1.1.0"
# What a development page counts, in written ones: its texts are real, and there are few.
DEV_SHARE = 3.0
# Parts of the pages with gold, by turns, that weights are measured on.
FOLDS = 5
# What the composer calls a line, in the words of the decision.
_SAME = {"byline": "byline", "credit": "byline", "caption": "paragraph", "notice": "paragraph"}
_HEADLINES = ("column", "kicker", "title", "subtitle", "subhead")
_STATES = ("", "C", "H", "T", "N", "K", "B0", "B1", "D0", "D1", "E0", "E1", "P")


@dataclass(slots=True)
class Sample:
    """Hold a page ready to be read: its units, their clues, the gold role and boundary of each, what trees see.

    ``weight`` says what it counts when trees grow, ``number`` with which other pages it is left out: its own other
    forms, those of the same writer.
    """

    units: list[Unit]
    clues: list[Clues]
    gold: list[Gold]
    rows: Rows
    number: int = 0
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Tools:
    """Hold what pages are read with."""

    grammar: Grammar
    lm: CharLM | None = None
    learned: Learned | None = None


def stories(shared: Path) -> tuple[list[Raw], list[Raw]]:
    """Read the stories and briefs that pages are composed of."""
    files = ("xwlb-2012-2026.txt.xz", "web-news-2006-2020.txt.xz", "crud-news-2023.txt.xz")
    long = [raw for raw in read_raw(shared, files, min_chars=150) if usable(raw)]
    briefs = read_raw(shared, ("briefs-2023-2026.txt.xz",), min_chars=40)
    return long, [raw for raw in briefs if 8 <= len(raw.title) <= 40 and len(raw.body) < 300]


def compose_pages(shared: Path, count: int, seed: int, half: int = BOTH, *, mixed: float = 0.0) -> Iterator[Composed]:
    """Compose pages from a seed: most from files whose documents have titles, a few from the one without."""
    long, briefs = stories(shared)
    by_file = [[raw for raw in long if raw.file == file] for file in sorted({raw.file for raw in long})]
    rng = random.Random(seed)  # noqa: S311
    for _ in range(count):
        documents = rng.choices(by_file, _SHARES)[0]
        at = rng.randrange(len(documents) - _NEIGHBOURS)
        picked = rng.sample(documents[at : at + _NEIGHBOURS], rng.randint(4, 8))
        yield compose(rng, picked, rng.sample(briefs, 8), half, mixed=mixed)


def prepare(composed: Composed, tools: Tools, *, bounds_only: bool = False) -> Sample | None:
    """Measure a composed page; ``None`` where its gold cannot be said in the automaton's terms.

    With ``bounds_only`` the parts of headings stay open and only boundaries teach: headlines are dressed by chance.
    """
    grammar, learned = tools.grammar, tools.learned
    page = Page("composed", "composed", composed.text, "", 0, "utf-8")
    reading = read_units(page, AlignedText.of(composed.text), grammar, tools.lm, learned)
    rest = reading.rest
    labels = [composed.labels.get(unit.lines[0], Label("furniture", -1)) for unit in rest]
    if not rest or any(label.article < 0 for label in labels):
        return None
    gold: list[Gold] = []
    order = [label.article for label in labels]
    for place, label in enumerate(labels):
        new = not place or order[place - 1] != label.article
        if new and label.article in order[:place]:
            return None
        role = _SAME.get(label.role, label.role)
        gold.append((None if bounds_only and role in _HEADLINES else role, new))
    return _sample(reading, gold, tools)


def _sample(reading: Reading, gold: list[Gold], tools: Tools) -> Sample:
    """Measure the clues of the units of a page."""
    forms = tools.learned.forms if tools.learned else None
    clues = gather(reading.rest, reading.cohesion, reading.seams, tools.grammar, forms)
    return Sample(reading.rest, clues, gold, surround(describe(reading.rest, clues, reading.cohesion)))


def give_opinions(
    samples: Sequence[Sample], gold: Sequence[Sample], forms: Sequence[Sample], folds: int = FOLDS
) -> None:
    """Write into the clues what trees say that grew on the pages with gold outside a page's fold, by turns."""
    for fold in range(folds):
        rest, others = ([sample for sample in group if sample.number % folds != fold] for group in (gold, forms))
        labeller = grow(rest, others)
        for sample in samples:
            if sample.number % folds == fold:
                for clue, opinion in zip(sample.clues, opinions(sample.units, sample.rows, labeller), strict=True):
                    clue.opinion = opinion


def learn_pages(samples: Sequence[Sample], grammar: Grammar, weights: Mapping[str, float]) -> None:
    """Write into the clues what a first reading tells of each page."""
    for sample in samples:
        learn_page(sample.units, sample.clues, best_path(sample.units, sample.clues, grammar, weights))


def read_gold(folder: Path, tools: Tools, *, leave_out: Collection[str] = ()) -> list[Sample]:
    """Measure the pages of a folder that have gold beside them, without those named in ``leave_out``.

    They are numbered in order, or by who wrote them where the folder says so.
    """
    samples: list[Sample] = []
    hands = read_hands(folder)
    for path, gold in goldpages.page_files(folder):
        if path.name not in leave_out:
            page = read_page(path, source_name=path.name, options=ReaderOptions())
            sample, _ = _measure_page(page, gold, tools)
            sample.number = hands.get(path.name, len(samples))
            samples.append(sample)
    return samples


def read_hands(folder: Path) -> dict[str, int]:
    """Read who wrote the pages of a folder, by number; empty where no file ``hands.tsv`` says so."""
    path = folder / "hands.tsv"
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    return {name: int(hand) for name, hand in (line.split("\t") for line in lines if not line.startswith("#"))}


def read_forms(folder: Path, tools: Tools, *, leave_out: Collection[str] = ()) -> Iterator[Sample]:
    """Measure other forms of the same pages: without marks, and single articles of them.

    Trees that grew on whole pages alone rely on marks, and on there being other articles around.
    """
    hands, count = read_hands(folder), 0
    for path, gold in goldpages.page_files(folder):
        if path.name in leave_out:
            continue
        page = read_page(path, source_name=path.name, options=ReaderOptions())
        rng = random.Random(zlib.crc32(path.name.encode()))  # noqa: S311
        number, count = hands.get(path.name, count), count + 1
        for text in (page.text, _MARK.sub("", page.text)):
            if not page.body_start:
                sample, reading = _measure_page(replace(page, text=text), gold, tools)
                sample.number = number
                if text != page.text:
                    yield sample
                for size in (1, rng.choice((2, 3))):
                    cut = _cut(sample, size, rng)
                    if cut is not None:
                        part = replace(reading, rest=sample.units[cut.start : cut.stop])
                        labels = [(sample.gold[cut.start][0], True), *sample.gold[cut.start + 1 : cut.stop]]
                        yield replace(_sample(part, labels, tools), number=number)


# The marks of a heading or of bold text.
_MARK = re.compile(r"(?m)^(?:#+ +|\*\*(?=.*\*\*$))|(?<=[^\s*])\*\*$")


def _cut(sample: Sample, count: int, rng: random.Random) -> range | None:
    """Draw neighbouring articles whose ends the gold knows; ``None`` where a page has none."""
    starts = [i for i, (_, new) in enumerate(sample.gold) if new] + [len(sample.gold)]
    spans = [range(*ends) for ends in zip(starts, starts[count:], strict=False)]
    known = [span for span in spans if all(new is not None for _, new in sample.gold[span.start : span.stop])]
    return rng.choice(known) if known else None


def _measure_page(page: Page, gold: Mapping[str, Any], tools: Tools) -> tuple[Sample, Reading]:
    """Measure a page and lay its gold beside it."""
    cleaned = clean(page.text, options=CleanerOptions(), lm=tools.lm)
    reading = read_units(page, cleaned, tools.grammar, tools.lm, tools.learned)
    return _sample(reading, goldpages.label(reading.rest, gold, tools.grammar), tools), reading


def agrees(role: str, new: bool, gold: Gold) -> bool:
    """Say whether a reading of a unit agrees with its gold, where that says something."""
    return gold[0] in (None, _SAME.get(role, role)) and gold[1] in (None, new)


def _role(step: Step) -> str:
    return _SAME.get(step.role, step.role)


def measure(samples: Sequence[Sample], grammar: Grammar, weights: Mapping[str, float]) -> dict[str, float]:
    """Score readings against gold: F1 of article boundaries, and the share of headings with the right role."""
    return _figures([(sample, best_path(sample.units, sample.clues, grammar, weights)) for sample in samples])


def _figures(read: Sequence[tuple[Sample, Sequence[Step]]]) -> dict[str, float]:
    """Compare readings with the gold where that says something."""
    hit = found = wanted = right = heads = 0
    for sample, steps in read:
        for step, (role, new), unit in zip(steps, sample.gold, sample.units, strict=True):
            if new is not None:
                hit, found, wanted = hit + (step.new and new), found + step.new, wanted + new
            if role is not None and (unit.kind == "head" or role in _HEADLINES):
                heads, right = heads + 1, right + (_role(step) == role)
    return {"boundaries": 2 * hit / max(1, found + wanted), "headings": right / max(1, heads)}


# ---- the likelihood ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Layer:
    """Hold the steps of one place on all pages: where they lead from and to (page * states + state), their features.

    ``gold`` marks the steps that the pages were composed with.
    """

    source: NDArray[np.int64]
    target: NDArray[np.int64]
    features: sparse.csr_matrix
    gold: NDArray[np.bool_]


def build_layers(samples: Sequence[Sample], grammar: Grammar, names: Sequence[str]) -> tuple[list[_Layer], int]:
    """Lay the readings of all pages out by place; pages whose gold no path can follow are left out.

    The last layer of a page leads to its end; shorter pages wait there. Returns the layers and the number of pages.
    """
    column = {name: number for number, name in enumerate(names)}
    pages: list[Trellis] = []
    golds: list[list[Gold]] = []
    for sample in samples:
        trellis: Trellis = []
        best_path(sample.units, sample.clues, grammar, dict.fromkeys(names, 0.0), trellis=trellis)
        if _can_follow(trellis, sample.gold):
            pages.append(trellis)
            golds.append(sample.gold)
    layers = []
    for place in range(max(map(len, pages)) + 1):
        rows: list[tuple[int, int, bool, Sequence[tuple[str, float]]]] = []
        for number, (trellis, gold) in enumerate(zip(pages, golds, strict=True)):
            base = number * len(_STATES)
            if place < len(trellis):
                for source, target, role, new, _, features in trellis[place]:
                    right = agrees(role, new, gold[place])
                    rows.append((base + _STATES.index(source), base + _STATES.index(target), right, features))
            elif place == len(trellis):
                for state in sorted({edge[1] for edge in trellis[-1]}):
                    end = [(END_FEATURES[state], 1.0)] if state in END_FEATURES else []
                    rows.append((base + _STATES.index(state), base, True, end))
            else:
                rows.append((base, base, True, []))
        layers.append(_layer(rows, column))
    return layers, len(pages)


def _layer(rows: Sequence[tuple[int, int, bool, Sequence[tuple[str, float]]]], column: Mapping[str, int]) -> _Layer:
    """Put the steps of one place into arrays."""
    entries = [(row, column[name], value) for row, item in enumerate(rows) for name, value in item[3] if value]
    where, what, values = (np.array(part) for part in zip(*entries, strict=True)) if entries else ([], [], [])
    matrix = sparse.csr_matrix((values, (where, what)), shape=(len(rows), len(column)))
    source, target, gold = (np.array(part) for part in zip(*[row[:3] for row in rows], strict=True))
    return _Layer(source, target, matrix, gold)


def _can_follow(trellis: Trellis, gold: Sequence[Gold]) -> bool:
    """Say whether a path of the automaton reads a page as it was composed."""
    states = {""}
    for edges, (role, new) in zip(trellis, gold, strict=True):
        states = {e[1] for e in edges if e[0] in states and agrees(e[2], e[3], (role, new))}
    return bool(states)


def _expect(
    layers: Sequence[_Layer], gains: Sequence[NDArray[np.float64]], pages: int, *, gold: bool
) -> tuple[float, NDArray[np.float64]]:
    """Sum the log-likelihood of all (or the gold) readings over the pages, and the expected features."""
    size = pages * len(_STATES)
    of_page = np.arange(size) // len(_STATES)
    now: NDArray[np.float64] = np.zeros(size)
    now[:: len(_STATES)] = 1.0
    forward, weights, logs = [], [], 0.0
    for layer, gain in zip(layers, gains, strict=True):
        top = np.full(pages, -np.inf)
        np.maximum.at(top, of_page[layer.source], gain)
        weight = np.exp(gain - top[of_page[layer.source]]) * (layer.gold if gold else 1.0)
        forward.append(now)
        weights.append(weight)
        now = np.bincount(layer.target, now[layer.source] * weight, minlength=size).astype(np.float64)
        total = np.maximum(np.add.reduceat(now, np.arange(0, size, len(_STATES))), 1e-300)
        logs += float(np.log(total).sum() + top.sum())
        now = now / total[of_page]
    back: NDArray[np.float64] = np.ones(size)
    expected = np.zeros(layers[0].features.shape[1])
    for layer, weight, before in zip(reversed(layers), reversed(weights), reversed(forward), strict=True):
        flow = before[layer.source] * weight * back[layer.target]
        total = np.maximum(np.bincount(of_page[layer.source], flow, minlength=pages), 1e-300)
        expected += layer.features.T @ (flow / total[of_page[layer.source]])
        back = np.bincount(layer.source, weight * back[layer.target], minlength=size).astype(np.float64)
        scale = np.maximum(np.maximum.reduceat(back, np.arange(0, size, len(_STATES))), 1e-300)
        back = back / scale[of_page]
    return logs, expected


def train(
    parts: Sequence[tuple[Sequence[Sample], float]],
    grammar: Grammar,
    *,
    prior: Mapping[str, float] = PRIOR,
    pull: float,
    steps: int,
) -> dict[str, float]:
    """Maximise the likelihood of the gold readings, less ``pull`` times half the squared distance from the prior.

    ``parts`` are lists of pages, each with the weight that one page of it has.
    """
    names = list(prior)
    start = np.array([prior[name] for name in names])
    built = [(*build_layers(samples, grammar, names), weight) for samples, weight in parts if samples]
    log.info("%s pages can be read as they were composed", [pages for _, pages, _ in built])

    def loss(values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        distance = values - start
        total, slope = 0.5 * pull * float(distance @ distance), pull * distance
        for layers, pages, weight in built:
            gains = [layer.features @ values for layer in layers]
            every, expected = _expect(layers, gains, pages, gold=False)
            right, wanted = _expect(layers, gains, pages, gold=True)
            total, slope = total + weight * (every - right), slope + weight * (expected - wanted)
        return total, slope

    free = [name.endswith(".bias") or value == 0.0 for name, value in prior.items()]
    bounds = [
        (None, None) if unbound else (0.0, None) if value > 0 else (None, 0.0)
        for unbound, value in zip(free, start, strict=True)
    ]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": steps})
    log.info("loss %.1f after %d steps", found.fun, found.nit)
    return {name: round(float(value), 2) for name, value in zip(names, found.x, strict=True)}


def load_tools(
    grammar: Path = Path("configs/grammar.toml"), charlm: str = CHARLM, splitter: str = SPLITTER, *, trees: bool = True
) -> Tools:
    """Load what pages are read with; an empty name leaves a model out, ``trees=False`` the trees that are to grow."""
    lm = CharLM.load(artefacts.open_model(charlm)) if charlm else None
    learned = Learned.load(artefacts.open_model(splitter), trees=trees) if splitter else None
    return Tools(load_grammar(grammar), lm, learned)


def cross_validate(
    parts: Sequence[tuple[Sequence[Sample], float]], grammar: Grammar, *, pull: float, steps: int
) -> dict[str, float]:
    """Measure pages with gold by weights learned without their fold; the last part, composed pages, only teaches."""
    read: list[tuple[Sample, dict[str, float]]] = []
    *gold, composed = parts
    for fold in range(FOLDS):
        rest = [([sample for sample in part if sample.number % FOLDS != fold], weight) for part, weight in gold]
        weights = train([*rest, composed], grammar, pull=pull, steps=steps)
        read += [(sample, weights) for part, _ in gold for sample in part if sample.number % FOLDS == fold]
    return _figures([(sample, best_path(sample.units, sample.clues, grammar, weights)) for sample, weights in read])


def main() -> None:
    """Compose, read the pages with gold, train, measure and write the tuned table."""
    parser = argparse.ArgumentParser(description="Tune the weights of the splitter on pages with gold.")
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--written", type=Path, default=Path("tests/pages/written"), help="our own pages with gold")
    parser.add_argument("--grammar", type=Path, default=Path("configs/grammar.toml"))
    parser.add_argument("--charlm", default=CHARLM, help="language model of characters; empty = none")
    parser.add_argument("--splitter", default=SPLITTER, help="what the splitter has learned; empty = nothing")
    parser.add_argument("--pages", type=int, default=60, help="composed pages; they teach boundaries only")
    parser.add_argument("--share", type=float, default=5.0, help="what a page with gold counts, in composed pages")
    parser.add_argument("--pull", type=float, default=50.0)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True, help="table of weights to write")
    parser.add_argument("--model", type=Path, required=True, help="folder of the splitter's model, for the trees")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    tools = load_tools(arguments.grammar, arguments.charlm, arguments.splitter, trees=False)
    folder = arguments.shared / "pages" / "dev"
    held = held_out_pages([path.name for path, _ in goldpages.page_files(folder)])
    dev = read_gold(folder, tools, leave_out=held)
    gold = [*dev, *read_gold(arguments.written, tools)]
    for page in dev:
        page.weight = DEV_SHARE
    forms = [*read_forms(folder, tools, leave_out=held), *read_forms(arguments.written, tools)]
    drawn = compose_pages(arguments.shared, arguments.pages, arguments.seed)
    composed = [made for one in drawn if (made := prepare(one, tools, bounds_only=True)) is not None]
    for number, one_page in enumerate(composed):
        one_page.number = number
    log.info("%d pages with gold, %d other forms of them, %d composed", len(gold), len(forms), len(composed))
    how = {"pull": arguments.pull, "steps": arguments.steps}
    parts = [(dev, arguments.share * DEV_SHARE), (gold[len(dev) :], arguments.share), (composed, 1.0)]
    learn_pages([*gold, *composed], tools.grammar, ALONE)
    figures = cross_validate(parts, tools.grammar, **how)
    log.info("without trees, cross-validated: %s", figures)
    alone = train(parts, tools.grammar, **how)
    give_opinions([*gold, *composed], gold, forms)
    learn_pages([*gold, *composed], tools.grammar, WEIGHTS)
    figures = cross_validate(parts, tools.grammar, **how)
    log.info("cross-validated: %s; with the weights of now: %s", figures, measure(gold, tools.grammar, WEIGHTS))
    weights = train(parts, tools.grammar, **how)
    log.info("tuned, on what it was tuned on: %s", measure(gold, tools.grammar, weights))
    table = "".join(f'    "{name}": ({alone[name]:.2f}, {value:.2f}),\n' for name, value in weights.items())
    arguments.out.write_text(table, encoding="utf-8")
    save(grow(gold, forms), arguments.model)
    read = [*_files(folder, held), *_files(arguments.written, ())]
    learned_on = {"pages": len(read), "sha256": _fingerprint(read)}
    scores = {name: round(value, 4) for name, value in figures.items()}
    meta = artefacts.read_meta(arguments.model.name, arguments.model.parent)
    labeller = {"labeller": {**learned_on, "cross_validated": scores}}
    artefacts.write_meta(arguments.model, {**meta, "scores": {**meta["scores"], **labeller}})


def _files(folder: Path, leave_out: Collection[str]) -> list[Path]:
    """List the pages of a folder that are read."""
    return [path for path, _ in goldpages.page_files(folder) if path.name not in leave_out]


def _fingerprint(paths: Sequence[Path]) -> str:
    """Name pages by their bytes (SHA-256)."""
    return hashlib.sha256(b"".join(sorted(hashlib.sha256(path.read_bytes()).digest() for path in paths))).hexdigest()


if __name__ == "__main__":
    main()
