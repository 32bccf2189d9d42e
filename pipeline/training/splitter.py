"""Tune the weights of the splitter on composed pages with an averaged structured perceptron (Collins, EMNLP 2002).

The weights set by hand are the start; a page that is read otherwise than it was composed moves them towards the gold
reading. Signs that the grammar fixes are kept: a weight never changes its sign. The result is printed as the table of
:mod:`pipeline.splitting.weights`, to be looked through before it is taken over.
"""

from __future__ import annotations

import argparse
import logging
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline import artefacts
from pipeline.charlm import CharLM
from pipeline.splitting.blocks import Unit, make_units
from pipeline.splitting.clues import Clues, gather
from pipeline.splitting.cohesion import Cohesion
from pipeline.splitting.grammar import Grammar, load_grammar
from pipeline.splitting.notices import take_pieces
from pipeline.splitting.seams import Seams
from pipeline.splitting.sequence import Step, best_path, learn_styles
from pipeline.splitting.weights import WEIGHTS
from pipeline.text import AlignedText
from pipeline.training.pages import Composed, Label, compose
from pipeline.training.rawtext import Raw, read_raw
from pipeline.types import Page

log = logging.getLogger(__name__)
# Stories of one page come from one stretch of the corpus, so that they share days and names as stories of an issue do.
_NEIGHBOURS = 60
_RATE, _PULL = 0.02, 0.01
# What the composer calls a line, in the words of the decision.
_SAME = {"byline": "byline", "credit": "byline", "caption": "paragraph", "notice": "paragraph"}


@dataclass(slots=True)
class Sample:
    """Hold a page ready to be read: its units, their clues, and the gold role and boundary of each."""

    units: list[Unit]
    clues: list[Clues]
    gold: list[tuple[str, bool]]


def stories(shared: Path) -> tuple[list[Raw], list[Raw]]:
    """Read the stories and briefs that pages are composed of."""
    files = ("xwlb-2012-2026.txt.xz", "web-news-2006-2020.txt.xz")
    long = [raw for raw in read_raw(shared, files, min_chars=150) if "\n" in raw.body and "快讯" not in raw.title]
    briefs = read_raw(shared, ("briefs-2023-2026.txt.xz",), min_chars=40)
    return long, [raw for raw in briefs if 8 <= len(raw.title) <= 40 and len(raw.body) < 300]


def compose_pages(shared: Path, count: int, seed: int) -> Iterator[Composed]:
    """Compose pages from a seed."""
    long, briefs = stories(shared)
    rng = random.Random(seed)  # noqa: S311
    for _ in range(count):
        at = rng.randrange(len(long) - _NEIGHBOURS)
        picked = rng.sample(long[at : at + _NEIGHBOURS], rng.randint(4, 8))
        yield compose(rng, picked, rng.sample(briefs, 8))


def prepare(composed: Composed, grammar: Grammar, lm: CharLM | None = None) -> Sample | None:
    """Measure a composed page; ``None`` where its gold cannot be said in the automaton's terms."""
    page = Page("composed", "composed", composed.text, "", 0, "utf-8")
    cleaned = AlignedText.of(composed.text)
    units = make_units(page, cleaned, grammar)
    live = [unit for unit in units if unit.kind != "furniture"]
    seams, cohesion = Seams((unit.key for unit in units), lm), Cohesion([unit.profile for unit in live])
    taken = {m.unit.index for draft in take_pieces(units, grammar, seams, cohesion) for m in draft.members}
    rest = [unit for unit in live if unit.index not in taken]
    labels = [composed.labels.get(unit.lines[0], Label("furniture", -1)) for unit in rest]
    if not rest or any(label.article < 0 for label in labels):
        return None
    gold: list[tuple[str, bool]] = []
    order = [label.article for label in labels]
    for place, label in enumerate(labels):
        new = not place or order[place - 1] != label.article
        if new and label.article in order[:place]:
            return None
        gold.append((_SAME.get(label.role, label.role), new))
    clues = gather(rest, cohesion, seams, grammar.roundups)
    learn_styles(rest, clues, best_path(rest, clues, grammar))
    return Sample(rest, clues, gold)


def _role(step: Step) -> str:
    return _SAME.get(step.role, step.role)


def _features(steps: Sequence[Step]) -> Counter[str]:
    total: Counter[str] = Counter()
    for step in steps:
        for name, value in step.features:
            total[name] += value  # type: ignore[assignment]
    return total


def measure(samples: Sequence[Sample], grammar: Grammar, weights: Mapping[str, float]) -> dict[str, float]:
    """Score readings against gold: F1 of article boundaries, and the share of headings with the right role."""
    hit = found = wanted = right = heads = 0
    for sample in samples:
        steps = best_path(sample.units, sample.clues, grammar, weights)
        for step, (role, new), unit in zip(steps, sample.gold, sample.units, strict=True):
            hit, found, wanted = hit + (step.new and new), found + step.new, wanted + new
            if unit.kind == "head" or role in ("title", "kicker", "subtitle", "column", "subhead"):
                heads, right = heads + 1, right + (_role(step) == role)
    return {"boundaries": 2 * hit / max(1, found + wanted), "headings": right / max(1, heads)}


def train(samples: Sequence[Sample], grammar: Grammar, *, epochs: int, seed: int) -> dict[str, float]:
    """Run the averaged perceptron and give the averaged weights."""
    weights = dict(WEIGHTS)
    total = dict.fromkeys(weights, 0.0)
    rng, seen = random.Random(seed), 0  # noqa: S311
    order = list(samples)
    for _ in range(epochs):
        rng.shuffle(order)
        for sample in order:
            _learn(sample, grammar, weights)
            seen += 1
            for name, value in weights.items():
                total[name] += value
    return {name: round(value / max(1, seen), 2) for name, value in total.items()}


def _learn(sample: Sample, grammar: Grammar, weights: dict[str, float]) -> None:
    """Move the weights towards the gold reading of one page."""
    guess = best_path(sample.units, sample.clues, grammar, weights)
    if [(_role(step), step.new) for step in guess] == sample.gold:
        return

    def allowed(number: int, role: str, new: bool) -> bool:
        return (_SAME.get(role, role), new) == sample.gold[number]

    gold = best_path(sample.units, sample.clues, grammar, weights, allowed)
    if not gold:
        return
    difference = _features(gold)
    difference.subtract(_features(guess))
    for name, value in difference.items():
        start = WEIGHTS[name]
        moved = weights[name] + _RATE * max(-5.0, min(5.0, value)) - _PULL * (weights[name] - start)
        fixed = not name.endswith(".bias") and start != 0.0 and moved * start < 0.0
        weights[name] = 0.0 if fixed else moved


def main() -> None:
    """Compose, train, measure and log the tuned table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--grammar", type=Path, default=Path("configs/grammar.toml"))
    parser.add_argument("--charlm", default="", help="name of the language model of characters; empty = none")
    parser.add_argument("--pages", type=int, default=800)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    grammar = load_grammar(arguments.grammar)
    composed = compose_pages(arguments.shared, arguments.pages, arguments.seed)
    lm = CharLM.load(artefacts.open_model(arguments.charlm)) if arguments.charlm else None
    samples = [sample for page in composed if (sample := prepare(page, grammar, lm)) is not None]
    held = samples[: len(samples) // 4]
    log.info("%d pages usable, %d held out; by hand: %s", len(samples), len(held), measure(held, grammar, WEIGHTS))
    weights = train(samples[len(held) :], grammar, epochs=arguments.epochs, seed=arguments.seed)
    log.info("tuned: %s", measure(held, grammar, weights))
    table = "".join(f'    "{name}": {value},\n' for name, value in weights.items())
    arguments.out.write_text(table, encoding="utf-8")


if __name__ == "__main__":
    main()
