"""Keywords: the phrases an article would be filed under, best first.

Candidates come from :mod:`pipeline.candidates`; three methods score them. ``ranker`` (the default) weighs frequency,
rarity, place and form with small trees learned from texts whose keywords were chosen by reading; ``tfidf`` and
``textrank`` need no learned weights. Then phrases that say the same twice are left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from spacy.attrs import IDX, LENGTH, ORTH, SPACY, TAG
from spacy.language import Language
from spacy.tokens import Doc

from pipeline.artefacts import ROOT, open_model
from pipeline.candidates import NONE, NUMBER, Area, Candidates, Words, collect, form_of
from pipeline.components import text_of
from pipeline.errors import ConfigError
from pipeline.keyness import Floats, Frequencies, Trees, describe, shorten
from pipeline.plaintext import find_formulae, merge_spans, split_title
from pipeline.types import Context, Keyword

# No article of a newspaper is longer; of a longer text the rest is left out, which bounds time and memory.
MAX_TEXT = 60_000
# Zones whose words are about the page or its people, not about the subject.
SILENT_ZONES = frozenset({"byline", "dateline", "credit", "masthead", "footer", "jump", "slogan", "image", "table"})
ZONE_WEIGHTS = {"title": 2, "kicker": 2, "subtitle": 2, "subhead": 1}
MAX_KNOWN = 200_000  # words with their tags that are remembered, some 40 MB
POOL = 60  # candidates that compete for the places
DAMPING, WINDOW, ROUNDS = 0.85, 5, 20  # TextRank (Mihalcea and Tarau 2004); 20 rounds settle the order


class Scored(NamedTuple):
    """Hold the short list of a text: its M candidates and their log-odds (M,)."""

    texts: list[str]
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


def read_words(doc: Doc, known: dict[tuple[int, int], tuple[str, int]] | None = None) -> Words:
    """Read the tokens of a document as words; ``known`` keeps what was found out about words and tags."""
    strings = doc.vocab.strings
    known = {} if known is None else known
    if len(known) > MAX_KNOWN:
        known.clear()
    # Reading the columns at once is three times as fast as reading token by token, and joining the words here
    # many times as fast as doc.text.
    table = doc.to_array([IDX, LENGTH, SPACY, ORTH, TAG])
    starts, lengths, spaces = table[:, :3].T.astype(np.int64)
    count = int(np.searchsorted(starts, MAX_TEXT))
    found = []
    for pair in zip(table[:count, 3].tolist(), table[:count, 4].tolist(), strict=True):
        word = known.get(pair)
        if word is None:
            text = strings[pair[0]]
            word = known[pair] = (text, form_of(strings[pair[1]] if pair[1] else "", text))
        found.append(word)
    ends = (starts + lengths)[:count]
    text = text_of(doc)[: int(ends[-1])] if spaces.any() else "".join([text for text, _ in found])
    return Words.of(text, starts[:count], ends, [form for _, form in found])


def short_list(
    words: Words, areas: Sequence[Area], entities: Sequence[tuple[int, int, str]], frequencies: Frequencies
) -> tuple[Candidates, Floats]:
    """Collect, shorten and describe the candidates of a text: give them and their features (M, F)."""
    candidates = shorten(collect(words, areas, entities), words, frequencies)
    return candidates, describe(candidates, words, areas, frequencies)


def score_tfidf(candidates: Candidates, frequencies: Frequencies) -> Floats:
    """Score by frequency times rarity, as log-odds with the best at 0.9."""
    return _to_odds(candidates.counts * frequencies.bits_of(candidates.keys))


def score_textrank(candidates: Candidates, words: Words) -> Floats:
    """Score by the mean rank of a candidate's words in the graph of neighbours, times the root of its frequency."""
    sums = np.concatenate([[0.0], np.cumsum(rank_words(words))])
    means = (sums[candidates.tails + 1] - sums[candidates.heads]) / candidates.parts
    return _to_odds(np.where(candidates.heads < 0, 0.0, means) * candidates.counts**0.5)


def rank_words(words: Words) -> npt.NDArray[np.float64]:
    """Rank the content words of a text (N,) by TextRank: words within a window vote for each other; others have 0."""
    content = np.flatnonzero((words.kinds != NONE) & (words.kinds != NUMBER) & (words.ends - words.starts > 1))
    ranks = np.zeros(len(words))
    if not len(content):
        return ranks
    numbers, places = np.unique(words.keys[content], return_inverse=True)
    edges = [(places[:-gap], places[gap:]) for gap in range(1, WINDOW) if len(places) > gap]
    if not edges:
        ranks[content] = 1.0
        return ranks
    one, other = (np.concatenate(ends) for ends in zip(*edges, strict=True))
    source, target = np.concatenate([one, other]), np.concatenate([other, one])
    degree = np.bincount(source, minlength=len(numbers))
    own: npt.NDArray[np.floating[Any]] = np.ones(len(numbers))
    for _ in range(ROUNDS):
        votes = own[source] / degree[source]
        own = (1 - DAMPING) + DAMPING * np.bincount(target, votes, minlength=len(numbers))
    ranks[content] = own[places]
    return ranks


def _to_odds(scores: npt.NDArray[np.floating[Any]]) -> Floats:
    """Map scores to log-odds in their order, so that one selection serves all methods."""
    values = scores.astype(np.float32)
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


def likeness(one: str, other: str) -> float:
    """Give the share of characters that two phrases have in common (Dice), from 0 to 1."""
    shared = sum((Counter(one) & Counter(other)).values())
    return 2 * shared / (len(one) + len(other))


def choose(text: str, scored: Scored, *, top_n: int, diversity: float = 0.0) -> list[tuple[str, float]]:
    """Choose at most ``top_n`` candidates, best first, each with its log-odds, passing over what was said already.

    ``diversity`` is what a candidate loses in log-odds for being all alike to one that was chosen: maximal marginal
    relevance (Carbonell and Goldstein 1998) with likeness by characters.
    """
    order = np.argsort(-scored.odds, kind="stable")[: max(POOL, 3 * top_n)].tolist()
    pool = {scored.texts[at]: float(scored.odds[at]) for at in order}
    chosen: list[tuple[str, float]] = []
    penalty = dict.fromkeys(pool, 0.0)
    while pool and len(chosen) < top_n:
        one = max(pool, key=lambda text: pool[text] - penalty[text]) if diversity else next(iter(pool))
        odds = pool.pop(one)
        if any(_repeats(text, one, before) for before, _ in chosen):
            continue
        chosen.append((one, odds))
        if diversity:
            penalty = {other: max(penalty[other], diversity * likeness(other, one)) for other in pool}
    return chosen


def find_all(text: str, string: str) -> tuple[tuple[int, int], ...]:
    """Find every place of a string in a text, without overlap."""
    spans = []
    start = text.find(string)
    while start >= 0:
        spans.append((start, start + len(string)))
        start = text.find(string, start + len(string))
    return tuple(spans)


def to_keywords(text: str, chosen: Sequence[tuple[str, float]], *, min_score: float) -> tuple[Keyword, ...]:
    """Make keywords with probabilities as scores and every place where each stands."""
    scored = [(one, round(1 / (1 + exp(-odds)), 4)) for one, odds in chosen]
    return tuple(Keyword(string, score, find_all(text, string)) for string, score in scored if score >= min_score)


def names_of(context: Context | None) -> frozenset[str]:
    """Name the people of the byline, who are no subject of the article."""
    return frozenset(person.name for person in context.article.byline.people) if context is not None else frozenset()


class Keywords:
    """Write ``doc._.keywords``."""

    def __init__(
        self, model: KeywordModel, *, method: str, top_n: int, min_score: float, diversity: float = 0.0
    ) -> None:
        self.model = model
        self.method = method
        self.top_n = top_n
        self.min_score = min_score
        self.diversity = diversity
        self._known: dict[tuple[int, int], tuple[str, int]] = {}

    def score(self, doc: Doc, words: Words) -> Scored:
        """Score the short list of a document with these words by the method."""
        context = doc._.context
        byline = names_of(context)
        entities = [(entity.start, entity.end, entity.label) for entity in doc._.entities if entity.text not in byline]
        candidates, table = short_list(words, find_areas(words.text, context), entities, self.model.frequencies)
        scorers: dict[str, Callable[[], Floats]] = {
            "tfidf": lambda: score_tfidf(candidates, self.model.frequencies),
            "textrank": lambda: score_textrank(candidates, words),
            "ranker": lambda: self.model.trees(table),
        }
        texts, odds = candidates.texts, scorers[self.method]()
        if not byline:
            return Scored(texts, odds)
        kept = [at for at, one in enumerate(texts) if not any(person in one for person in byline)]
        return Scored([texts[at] for at in kept], odds[kept])

    def __call__(self, doc: Doc) -> Doc:
        """Find the keywords of one document."""
        words = read_words(doc, self._known)
        chosen = choose(words.text, self.score(doc, words), top_n=self.top_n, diversity=self.diversity)
        whole = words.text if len(words) == len(doc) else text_of(doc)
        doc._.keywords = to_keywords(whole, chosen, min_score=self.min_score)
        return doc


METHODS = ("ranker", "tfidf", "textrank")


def make_keywords(
    nlp: Language,  # noqa: ARG001 - spaCy hands it to every factory
    name: str,
    *,
    method: str = "ranker",
    top_n: int = 10,
    min_score: float = 0.0,
    diversity: float = 0.0,
    model: str = "keywords-1.0.0",
) -> Keywords:
    """Make the stage; raise ConfigError for a method, a number or a threshold that cannot be."""
    if method not in METHODS:
        raise ConfigError(f"[components.{name}] method = {method!r}: give one of {', '.join(METHODS)}")
    if top_n < 1 or not 0 <= min_score <= 1 or diversity < 0:
        raise ConfigError(
            f"[components.{name}] top_n = {top_n}, min_score = {min_score}, diversity = {diversity}: "
            "give at least one keyword, a probability between 0 and 1, and no negative diversity"
        )
    return Keywords(KeywordModel.load(model), method=method, top_n=top_n, min_score=min_score, diversity=diversity)
