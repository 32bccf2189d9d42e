"""Topics: IPTC Media Topics by linear models over character n-grams, calibrated, with abstention.

Works on plain text, without words or tags. The score of a topic is a sum over the n-grams of the text, so every
decision can be taken apart: see :func:`explain_topic`. Trained by :mod:`pipeline.training.topics`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from spacy.language import Language
from spacy.tokens import Doc

from pipeline.artefacts import ROOT, open_model
from pipeline.errors import ConfigError
from pipeline.ngrams import Keys, codes_of, keys_of, text_of
from pipeline.plaintext import split_title
from pipeline.types import Context, Form, Kind, Topic

Floats = npt.NDArray[np.float32]

# An article's topic is settled in its first screens; the rest of a very long text adds time, not evidence.
MAX_CHARS = 6_000
# With fewer ideographs a text is a fragment (a caption's name, a page number) or not Chinese; the model has seen
# headlines of eight characters and more.
MIN_HAN = 8
_HAN = (0x3400, 0x9FFF)
# Log-odds that a page name or column adds for its topic: one even doubt (0.5) becomes 0.82. Not more, since
# a page named after one topic carries others too.
SECTION_LOG_ODDS = 1.5
SECTION_TERM = "(page or column)"
WEATHER = "medtop:17000000"
# Forms and kinds that are no single article of one topic.
ABSTAIN: dict[Kind | Form, str] = {
    "ad": "an advertisement",
    "filler": "filler, no article",
    "notice": "a notice",
    "table": "a table",
}


class Label(NamedTuple):
    """Name a topic of the scheme, with the names of pages and columns that point to it.

    ``broader`` is the code of the topic of the first level that a narrower one belongs to.
    """

    code: str
    label_zh: str
    label_en: str
    sections: tuple[str, ...] = ()
    broader: str | None = None


class Decision(NamedTuple):
    """Say why a topic got its score: its label, its probability, and the n-grams that added most, with log-odds."""

    topic: Topic
    terms: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class TopicModel:
    """Hold the linear model.

    ``keys`` (V,) are sorted n-gram keys, ``idf`` (V,) their weights, ``weights`` (V, K) bytes to be multiplied by
    ``scale`` (K,); ``bias`` (K,) completes the log-odds. ``title_weight`` is how often a headline counts.
    """

    scheme: str
    labels: tuple[Label, ...]
    keys: Keys
    idf: Floats
    weights: npt.NDArray[np.int8]
    scale: Floats
    bias: Floats
    title_weight: float

    @classmethod
    def load(cls, name: str, root: Path = ROOT) -> TopicModel:
        """Open a model by name; raise ModelError where it is missing or damaged."""
        folder = open_model(name, root)
        described = json.loads((folder / "scheme.json").read_text("utf-8"))
        labels = read_labels(described["topics"])
        with np.load(folder / "weights.npz", allow_pickle=False) as arrays:
            return cls(
                scheme=described["scheme"],
                labels=labels,
                keys=arrays["keys"],
                idf=arrays["idf"].astype(np.float32),
                weights=arrays["weights"],
                scale=arrays["scale"].astype(np.float32),
                bias=arrays["bias"].astype(np.float32),
                title_weight=float(described["title_weight"]),
            )


def read_labels(topics: Sequence[Mapping[str, Any]]) -> tuple[Label, ...]:
    """Read the labels of a scheme from plain values."""
    return tuple(
        Label(one["code"], one["label_zh"], one["label_en"], tuple(one.get("sections", ())), one.get("broader"))
        for one in topics
    )


def count_known(keys: Keys, vocabulary: Keys) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.int64]]:
    """Find the n-grams of a text in a sorted vocabulary: give row numbers, ascending, and how often each stands."""
    if not len(keys) or not len(vocabulary):
        return np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.int64)
    found, counts = np.unique(keys, return_counts=True)
    rows = np.minimum(np.searchsorted(vocabulary, found), len(vocabulary) - 1)
    known = vocabulary[rows] == found
    return rows[known], counts[known]


def weigh(
    text: str, title: str, vocabulary: Keys, idf: Floats, title_weight: float
) -> tuple[npt.NDArray[np.intp], Floats]:
    """Turn a text into rows of the vocabulary and their tf-idf weights, of Euclidean length 1.

    ``text`` includes the headline; n-grams of the headline count ``title_weight`` times more. Term frequencies are
    damped by a logarithm.
    """
    rows, counts = count_known(keys_of(text[:MAX_CHARS]), vocabulary)
    values = counts.astype(np.float32)
    if title and title_weight and len(rows):
        title_rows, title_counts = count_known(keys_of(title[:MAX_CHARS]), vocabulary)
        at = np.searchsorted(rows, title_rows)
        at = np.minimum(at, len(rows) - 1)
        inside = rows[at] == title_rows
        values[at[inside]] += np.float32(title_weight) * title_counts[inside]
    values = (1 + np.log(np.maximum(values, 1))) * idf[rows]
    norm = float(np.linalg.norm(values))
    return rows, (values / norm if norm else values).astype(np.float32)


def log_odds(text: str, title: str, model: TopicModel) -> Floats:
    """Give the log-odds of each topic (K,)."""
    rows, values = weigh(text, title, model.keys, model.idf, model.title_weight)
    if not len(rows):
        return model.bias.copy()
    return (values @ model.weights[rows].astype(np.float32)) * model.scale + model.bias


def to_probabilities(odds: Floats) -> Floats:
    """Map log-odds to probabilities."""
    return (1 / (1 + np.exp(-np.clip(odds, -30, 30)))).astype(np.float32)


def section_evidence(names: tuple[str, ...], labels: tuple[Label, ...]) -> Floats:
    """Give the log-odds (K,) that page names and columns add: for the topic of the longest name found in each."""
    added = np.zeros(len(labels), dtype=np.float32)
    for name in names:
        hits = [(len(term), at) for at, label in enumerate(labels) for term in label.sections if term in name]
        if hits:
            added[max(hits)[1]] = SECTION_LOG_ODDS
    return added


def choose(
    probabilities: Floats, model: TopicModel, *, min_score: float, max_topics: int, max_narrower: int
) -> tuple[Topic, ...]:
    """Take the topics whose probability reaches ``min_score``: those of the first level, then narrower ones.

    Of either at most ``max_topics`` and ``max_narrower``, best first; a narrower one only beside its broader topic.
    """
    likely = [at for at in np.argsort(-probabilities, kind="stable").tolist() if probabilities[at] >= min_score]
    first = [at for at in likely if model.labels[at].broader is None][:max_topics]
    given = {model.labels[at].code for at in first}
    narrower = [at for at in likely if model.labels[at].broader in given][:max_narrower]
    return tuple(_to_topic(model, at, float(probabilities[at])) for at in (*first, *narrower))


def _to_topic(model: TopicModel, at: int, probability: float) -> Topic:
    """Make a topic from a label of the model and its probability."""
    label = model.labels[at]
    return Topic(model.scheme, label.code, label.label_zh, label.label_en, label.broader, round(probability, 4))


def headline_of(text: str, context: Context | None) -> str:
    """Give the headline: the context's, or a first line that looks like one."""
    if context is not None:
        article = context.article
        return " ".join(part for part in (*article.kickers, article.title, article.subtitle) if part)
    return split_title(text)[0]


def reason_to_abstain(context: Context | None) -> str | None:
    """Say why an article of this kind or form gets no topic, or ``None``."""
    if context is None:
        return None
    if context.article.form == "weather":
        return None
    return ABSTAIN.get(context.article.kind) or ABSTAIN.get(context.article.form)


def classify(
    text: str, context: Context | None, model: TopicModel, *, min_score: float, max_topics: int, max_narrower: int = 0
) -> tuple[tuple[Topic, ...], str | None]:
    """Give the topics of a text, or none and the reason."""
    reason = reason_to_abstain(context)
    if reason is not None:
        return (), reason
    codes = codes_of(text[:MAX_CHARS])
    han = int(np.count_nonzero((codes >= _HAN[0]) & (codes <= _HAN[1])))
    if han < MIN_HAN:
        return (), f"too short: {han} Chinese characters < {MIN_HAN}"
    probabilities = to_probabilities(log_odds(text, headline_of(text, context), model) + _evidence(context, model))
    if context is not None and context.article.form == "weather":
        probabilities[[label.code == WEATHER for label in model.labels]] = 1.0
    topics = choose(probabilities, model, min_score=min_score, max_topics=max_topics, max_narrower=max_narrower)
    best = max((float(p) for p, label in zip(probabilities, model.labels, strict=True) if not label.broader), default=0)
    return topics, None if topics else f"best {best:.2f} < {min_score}"


def _evidence(context: Context | None, model: TopicModel) -> Floats:
    """Give the log-odds (K,) that the page's name and the article's column add."""
    if context is None:
        return np.zeros(len(model.labels), dtype=np.float32)
    names = tuple(name for name in (context.publication.page_name, context.article.column) if name)
    return section_evidence(names, model.labels)


def explain_topic(
    text: str, model: TopicModel, *, context: Context | None = None, terms: int = 10, topics: int = 3
) -> list[Decision]:
    """Take the best ``topics`` apart: which n-grams of the text added most to the log-odds of each, and how much.

    What the page's name or the column adds stands first, as ``SECTION_TERM``.
    """
    title = headline_of(text, context)
    rows, values = weigh(text, title, model.keys, model.idf, model.title_weight)
    evidence = _evidence(context, model)
    probabilities = to_probabilities(log_odds(text, title, model) + evidence)
    decisions = []
    for at in np.argsort(-probabilities, kind="stable")[:topics].tolist():
        added = values * model.weights[rows, at] * model.scale[at]
        best = np.argsort(-np.abs(added), kind="stable")[:terms]
        named = [(text_of(int(model.keys[rows[i]])), round(float(added[i]), 4)) for i in best]
        if evidence[at]:
            named.insert(0, (SECTION_TERM, round(float(evidence[at]), 4)))
        decisions.append(Decision(_to_topic(model, at, float(probabilities[at])), tuple(named)))
    return decisions


class Topics:
    """Write ``doc._.topics`` and, where there are none, the reason to ``doc._.topics_note``."""

    def __init__(self, model: TopicModel, *, min_score: float, max_topics: int, max_narrower: int) -> None:
        self.model = model
        self.min_score = min_score
        self.max_topics = max_topics
        self.max_narrower = max_narrower

    def __call__(self, doc: Doc) -> Doc:
        """Classify one document."""
        context = doc._.context
        # The article's own text is the same; joining it from tokens takes as long as classifying it.
        text = doc.text if context is None else context.article.text.text
        doc._.topics, doc._.topics_note = classify(
            text,
            context,
            self.model,
            min_score=self.min_score,
            max_topics=self.max_topics,
            max_narrower=self.max_narrower,
        )
        return doc


def make_topics(
    nlp: Language,  # noqa: ARG001 - spaCy hands it to every factory
    name: str,
    *,
    model: str = "topics-1.1.0",
    min_score: float = 0.5,
    max_topics: int = 3,
    max_narrower: int = 3,
) -> Topics:
    """Make the stage; raise ConfigError for a threshold or a number of topics that cannot be."""
    if not 0 <= min_score <= 1 or max_topics < 1 or max_narrower < 0:
        raise ConfigError(
            f"[components.{name}] min_score = {min_score}, max_topics = {max_topics}, max_narrower = {max_narrower}: "
            "give a probability between 0 and 1, at least one topic, and no or more narrower ones"
        )
    return Topics(TopicModel.load(model), min_score=min_score, max_topics=max_topics, max_narrower=max_narrower)
