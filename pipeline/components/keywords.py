"""Keywords: the phrases an article would be filed under, best first.

Candidates come from :mod:`pipeline.candidates`; three methods score them. ``ranker`` (the default) weighs frequency,
rarity, place and form with small trees learned from texts whose keywords were chosen by reading; ``tfidf`` and
``textrank`` need no learned weights. Then phrases that say the same twice are left out.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from spacy.attrs import IDX, ORTH, TAG
from spacy.language import Language
from spacy.tokens import Doc

from pipeline.artefacts import ROOT, open_model
from pipeline.candidates import NONE, NUMBER, Area, Candidate, Word, collect, kind_of
from pipeline.errors import ConfigError
from pipeline.keyness import (
    UNSEEN_BITS,
    Floats,
    Frequencies,
    Trees,
    count_longer,
    describe,
    shorten,
)
from pipeline.plaintext import find_formulae, merge_spans, split_title
from pipeline.types import Context, Keyword

# No article of a newspaper is longer; of a longer text the rest is left out, which bounds time and memory.
MAX_TEXT = 60_000
# Zones whose words are about the page or its people, not about the subject.
SILENT_ZONES = frozenset({"byline", "dateline", "credit", "masthead", "footer", "jump", "slogan", "image", "table"})
ZONE_WEIGHTS = {"title": 2, "kicker": 2, "subtitle": 2, "subhead": 1}
POOL = 60  # candidates that compete for the places
DAMPING, WINDOW, ROUNDS = 0.85, 5, 20  # TextRank (Mihalcea and Tarau 2004); 20 rounds settle the order


class Scored(NamedTuple):
    """Hold the short list of a text and the log-odds (N,) of its candidates."""

    candidates: list[Candidate]
    odds: Floats


@dataclass(frozen=True, slots=True)
class KeywordModel:
    """Hold the background frequencies and the ranker."""

    frequencies: Frequencies
    trees: Trees

    @classmethod
    def load(cls, name: str, root: Path = ROOT) -> KeywordModel:
        """Open a model by name; raise ModelError where it is missing or damaged."""
        folder = open_model(name, root)
        return cls(Frequencies.load(folder / "frequencies.npz"), Trees.load(folder / "ranker.npz"))


def find_areas(text: str, context: Context | None) -> list[Area]:
    """Say where candidates may stand: the zones of the article, or the text with its headline, without formulae."""
    if context is not None and context.article.zones:
        zones = [
            (zone.start, min(zone.end, MAX_TEXT), ZONE_WEIGHTS.get(zone.role, 0))
            for zone in context.article.zones
            if zone.role not in SILENT_ZONES
        ]
    else:
        title, rest = split_title(text)
        at = len(text) - len(rest) if title else 0
        zones = [(0, at, 2), (at, min(len(text), MAX_TEXT), 0)]
    areas: list[Area] = []
    formulae = merge_spans(find_formulae(text[:MAX_TEXT]))
    number = 0
    for start, end, weight in zones:
        at = start
        while number < len(formulae) and formulae[number][1] <= at:
            number += 1
        for low, high in formulae[number:]:
            if low >= end:
                break
            if low > at:
                areas.append(Area(at, low, weight))
            at = max(at, high)
        if at < end:
            areas.append(Area(at, end, weight))
    return areas


def read_words(doc: Doc) -> list[Word]:
    """Read the tokens of a document as words with the class of their tags."""
    strings = doc.vocab.strings
    known: dict[tuple[int, int], tuple[str, int]] = {}
    words = []
    # Reading the three columns at once is three times as fast as reading token by token.
    for form, tag, start in doc.to_array([ORTH, TAG, IDX]).tolist():
        if start >= MAX_TEXT:
            break
        found = known.get((form, tag))
        if found is None:
            text = strings[form]
            found = known[form, tag] = (text, kind_of(strings[tag] if tag else "", text))
        words.append(Word(found[0], start, found[1]))
    return words


def short_list(
    text: str,
    words: Sequence[Word],
    areas: Sequence[Area],
    entities: Sequence[tuple[int, int, str]],
    frequencies: Frequencies,
) -> tuple[list[Candidate], Floats]:
    """Collect, shorten and describe the candidates of a text: give them and their features (N, F)."""
    found = collect(text[:MAX_TEXT], words, areas, entities)
    candidates = shorten(found, frequencies)

    starts = [area.start for area in areas]

    def weight_of(start: int) -> int:
        at = bisect_right(starts, start) - 1
        return areas[at].weight if at >= 0 else 0

    return candidates, describe(candidates, words, count_longer(found), weight_of, frequencies)


def score_tfidf(candidates: Sequence[Candidate], frequencies: Frequencies) -> Floats:
    """Score by frequency times rarity, as log-odds with the best at 0.9."""
    bits = frequencies.bits.get
    return _to_odds([len(one.spans) * bits(one.text, UNSEEN_BITS) for one in candidates])


def score_textrank(candidates: Sequence[Candidate], words: Sequence[Word]) -> Floats:
    """Score by the mean rank of a candidate's words in the graph of neighbours, times the root of its frequency."""
    ranks = rank_words(words)
    means = [sum(ranks.get(word.text, 0.0) for word in one.words) / len(one.words) for one in candidates]
    return _to_odds([mean * len(one.spans) ** 0.5 for mean, one in zip(means, candidates, strict=True)])


def rank_words(words: Sequence[Word]) -> dict[str, float]:
    """Rank content words by TextRank: words within a window vote for each other."""
    content = [word.text for word in words if word.kind not in {NONE, NUMBER} and len(word.text) > 1]
    numbers = {text: at for at, text in enumerate(dict.fromkeys(content))}
    if not numbers:
        return {}
    places = np.array([numbers[text] for text in content])
    edges = [(places[:-gap], places[gap:]) for gap in range(1, WINDOW) if len(places) > gap]
    if not edges:
        return dict.fromkeys(numbers, 1.0)
    one, other = (np.concatenate(ends) for ends in zip(*edges, strict=True))
    source, target = np.concatenate([one, other]), np.concatenate([other, one])
    degree = np.bincount(source, minlength=len(numbers))
    ranks: npt.NDArray[np.floating[Any]] = np.ones(len(numbers))
    for _ in range(ROUNDS):
        votes = ranks[source] / degree[source]
        ranks = (1 - DAMPING) + DAMPING * np.bincount(target, votes, minlength=len(numbers))
    return dict(zip(numbers, ranks.tolist(), strict=True))


def _to_odds(scores: Sequence[float]) -> Floats:
    """Map scores to log-odds in their order, so that one selection serves all methods."""
    values = np.array(scores, dtype=np.float32)
    if not len(values):
        return values
    share = 0.9 * values / max(float(values.max()), 1e-9)
    odds: Floats = np.log(np.maximum(share, np.float32(1e-6)) / (1 - share))
    return odds


def stands_alone(text: str, part: str, whole: str) -> bool:
    """Say whether a part of a phrase also stands in a text without that phrase."""
    return text.count(part) > text.count(whole) * whole.count(part)


def _repeats(text: str, one: str, chosen: str) -> bool:
    """Say whether a phrase and a chosen one are part and whole, and the part never stands without the whole.

    Asking for two or three places of its own changed F1 by less than .004, overlaps forbidden altogether cost .01.
    """
    part, whole = (one, chosen) if len(one) < len(chosen) else (chosen, one)
    return part in whole and not stands_alone(text, part, whole)


def choose(text: str, scored: Scored, *, top_n: int) -> list[tuple[Candidate, float]]:
    """Choose at most ``top_n`` candidates, best first, each with its log-odds, passing over what was said already."""
    chosen: list[tuple[Candidate, float]] = []
    for at in np.argsort(-scored.odds, kind="stable")[: max(POOL, 3 * top_n)].tolist():
        one = scored.candidates[at]
        if not any(_repeats(text, one.text, before.text) for before, _ in chosen):
            chosen.append((one, float(scored.odds[at])))
            if len(chosen) == top_n:
                break
    return chosen


def find_all(text: str, string: str) -> tuple[tuple[int, int], ...]:
    """Find every place of a string in a text, without overlap."""
    spans = []
    start = text.find(string)
    while start >= 0:
        spans.append((start, start + len(string)))
        start = text.find(string, start + len(string))
    return tuple(spans)


def to_keywords(text: str, chosen: Sequence[tuple[Candidate, float]], *, min_score: float) -> tuple[Keyword, ...]:
    """Make keywords with probabilities as scores and every place where each stands."""
    scored = [(one.text, round(1 / (1 + exp(-odds)), 4)) for one, odds in chosen]
    return tuple(Keyword(string, score, find_all(text, string)) for string, score in scored if score >= min_score)


def names_of(context: Context | None) -> frozenset[str]:
    """Name the people of the byline, who are no subject of the article."""
    return frozenset(person.name for person in context.article.byline.people) if context is not None else frozenset()


class Keywords:
    """Write ``doc._.keywords``."""

    def __init__(self, model: KeywordModel, *, method: str, top_n: int, min_score: float) -> None:
        self.model = model
        self.method = method
        self.top_n = top_n
        self.min_score = min_score

    def score(self, doc: Doc, text: str) -> Scored:
        """Score the short list of a document with this text by the method."""
        context, words = doc._.context, read_words(doc)
        byline = names_of(context)
        entities = [(entity.start, entity.end, entity.label) for entity in doc._.entities if entity.text not in byline]
        candidates, table = short_list(text, words, find_areas(text, context), entities, self.model.frequencies)
        scorers: dict[str, Callable[[], Floats]] = {
            "tfidf": lambda: score_tfidf(candidates, self.model.frequencies),
            "textrank": lambda: score_textrank(candidates, words),
            "ranker": lambda: self.model.trees(table),
        }
        odds = scorers[self.method]()
        kept = [at for at, one in enumerate(candidates) if not any(person in one.text for person in byline)]
        return Scored([candidates[at] for at in kept], odds[kept])

    def __call__(self, doc: Doc) -> Doc:
        """Find the keywords of one document."""
        text = doc.text
        chosen = choose(text[:MAX_TEXT], self.score(doc, text), top_n=self.top_n)
        doc._.keywords = to_keywords(text, chosen, min_score=self.min_score)
        return doc


METHODS = ("ranker", "tfidf", "textrank")


def make_keywords(
    nlp: Language,  # noqa: ARG001 - spaCy hands it to every factory
    name: str,
    *,
    method: str = "ranker",
    top_n: int = 10,
    min_score: float = 0.0,
    model: str = "keywords-1.0.0",
) -> Keywords:
    """Make the stage; raise ConfigError for a method, a number or a threshold that cannot be."""
    if method not in METHODS:
        raise ConfigError(f"[components.{name}] method = {method!r}: give one of {', '.join(METHODS)}")
    if top_n < 1 or not 0 <= min_score <= 1:
        raise ConfigError(
            f"[components.{name}] top_n = {top_n}, min_score = {min_score}: "
            "give at least one keyword and a probability between 0 and 1"
        )
    return Keywords(KeywordModel.load(model), method=method, top_n=top_n, min_score=min_score)
