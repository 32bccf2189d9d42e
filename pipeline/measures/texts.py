"""Measure what is found in texts: entities, keywords, topics, words, times and quantities."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from math import log2
from pathlib import Path
from typing import Any, NamedTuple

from spacy.language import Language
from spacy.tokens import Doc

from pipeline.components.topics import TopicModel
from pipeline.measures import goldsets, metrics
from pipeline.measures.goldsets import GoldSet, present
from pipeline.measures.metrics import Statistic, match_counts
from pipeline.measures.subject import Figure, Reckoning, Subject, agree, figures_of
from pipeline.measures.words import analyse
from pipeline.text import AlignedText
from pipeline.types import Article, Context, Publication, Zone

LABELS = ("PER", "LOC", "ORG")
# Keywords that count, as the scorer beside the gold counts them.
TOP_KEYWORDS = 10
# Macro figures leave out classes with fewer items: one answer would move them by a fifth or more.
MIN_CLASS_ITEMS = 5


class GoldDoc(NamedTuple):
    """Hold a development document: its text, its annotation, and what the configuration found in it."""

    name: str
    text: str
    gold: dict[str, Any]
    entities: list[tuple[str, str]]
    keywords: list[str]


def read_gold_docs(subject: Subject) -> tuple[list[GoldDoc], dict[str, Any], GoldSet]:
    """Run the development documents through all stages as plain text, and their scorer over what came out."""
    docs, annotations, script = present(subject.shared, "gold/docs", "gold/annotations", "gold/score_gold.py")
    files = [(docs / f"{path.stem}.txt", path) for path in sorted(annotations.glob("*.json"))]
    texts = [path.read_text("utf-8") for path, _ in files]
    found = []
    for (path, notes), text, doc in zip(files, texts, subject.chain.nlp.pipe(texts), strict=True):
        entities = [(item.text, item.label) for item in doc._.entities if item.label in LABELS]
        keywords = [item.text for item in doc._.keywords]
        found.append(GoldDoc(path.stem, text, json.loads(notes.read_text("utf-8")), entities, keywords))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "predictions.jsonl"
        rows = [{"doc": d.name, "entities": d.entities, "keywords": d.keywords, "topics": []} for d in found]
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
        names = goldsets.run_script(script, ["simple", str(path)])
    return found, names, goldsets.describe("gold docs", [path for pair in files for path in pair], subject.shared)


def entity_counts(item: GoldDoc, mentions: Callable[..., Any], *, min_chars: int = 1) -> list[tuple[int, int, int]]:
    """Count (right, predicted, gold) mentions of a document by label, as its scorer does; ``may`` surfaces are skipped.

    ``min_chars`` leaves shorter surfaces out on both sides (中 and 朝 in 中朝 are places by the guide).
    """
    must = {_squeeze(entity["text"]) for entity in item.gold["entities"]}
    may = {_squeeze(text) for text in item.gold.get("may", [])} - must
    want = [pair for pair in mentions(item.text, item.gold["entities"]) if len(pair[0]) >= min_chars]
    have = [(_squeeze(text), label) for text, label in item.entities]
    have = [pair for pair in have if pair[0] not in may and len(pair[0]) >= min_chars]
    return [match_counts([p for p in have if p[1] == label], [p for p in want if p[1] == label]) for label in LABELS]


def keyword_counts(item: GoldDoc) -> tuple[int, int, int]:
    """Count (right, predicted, gold) keywords of a document among the first ten."""
    have = list(dict.fromkeys(map(_squeeze, item.keywords)))[:TOP_KEYWORDS]
    return match_counts(have, {_squeeze(text) for text in item.gold["keywords"]})


def keyword_ndcg(item: GoldDoc) -> float:
    """Compute nDCG of a document's first ten keywords; a gold keyword gains 1, whatever its place in the gold.

    After Järvelin and Kekäläinen 2002 (Cumulated gain-based evaluation of IR techniques), with discount log2(rank + 1).
    """
    have = list(dict.fromkeys(map(_squeeze, item.keywords)))[:TOP_KEYWORDS]
    want = {_squeeze(text) for text in item.gold["keywords"]}
    best = sum(1 / log2(rank + 2) for rank in range(min(TOP_KEYWORDS, len(want))))
    gained = sum(1 / log2(rank + 2) for rank, word in enumerate(have) if word in want)
    return gained / best if best else 1.0


def _squeeze(text: str) -> str:
    """Take white space out."""
    return "".join(text.split())


def _label_reckonings() -> dict[str, Reckoning]:
    """Name the figures of counts (labels, 3): all labels together, then each."""

    def over_all(statistic: Statistic) -> Reckoning:
        return Reckoning(lambda sums: statistic(sums.sum(axis=-2)))

    def of_label(place: int) -> Reckoning:
        return Reckoning(lambda sums: metrics.f1(sums[..., place, :]))

    overall = {"f1": over_all(metrics.f1), "precision": over_all(metrics.precision), "recall": over_all(metrics.recall)}
    return overall | {f"{label}_f1": of_label(place) for place, label in enumerate(LABELS)}


def measure_entities(subject: Subject) -> Iterator[Figure]:
    """Measure persons, places and organisations on modern news and on the MSRA test."""
    subject.need("entities")
    docs, names, gold = read_gold_docs(subject)
    figures = list(
        figures_of(
            "entities.gold", [entity_counts(d, names["mentions"]) for d in docs], _label_reckonings(), gold, "documents"
        )
    )
    official = names["res"]
    agree(
        figures,
        {
            "entities.gold.f1": official["entities"]["F1"],
            **{f"entities.gold.{x}_f1": official[x]["F1"] for x in LABELS},
        },
    )
    yield from figures
    longer = {"LOC_f1_without_single_characters": _label_reckonings()["LOC_f1"]}
    rows = [entity_counts(item, names["mentions"], min_chars=2) for item in docs]
    yield from figures_of("entities.gold", rows, longer, gold, "documents")


def measure_msra(subject: Subject) -> Iterator[Figure]:
    """Measure entity spans on the MSRA test: as the configuration gives them, and as its model alone gives them.

    The rules after the model follow the guide for recent news, which takes 澳大利亚悉尼 for one place and no name out
    of a title in 《》; MSRA's guide does otherwise. ``msra.model`` says how well its own was learnt.
    """
    subject.need("entities")
    sentences, gold = goldsets.read_msra(subject.shared)
    docs = list(analyse(subject, (item.text for item in sentences), "doc._.entities"))
    rows = [metrics.span_counts(_spans(doc), item.spans, LABELS) for doc, item in zip(docs, sentences, strict=True)]
    yield from figures_of("msra.test", rows, _label_reckonings(), gold, "sentences")
    if "doc.ents" in subject.assigned:
        model = [[(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents] for doc in docs]
        rows = [metrics.span_counts(have, item.spans, LABELS) for have, item in zip(model, sentences, strict=True)]
        yield from figures_of("msra.model", rows, _label_reckonings(), gold, "sentences")


def _spans(doc: Doc) -> list[tuple[int, int, str]]:
    """List a Doc's entity spans."""
    return [(item.start, item.end, item.label) for item in doc._.entities]


def measure_keywords(subject: Subject) -> Iterator[Figure]:
    """Measure the first ten keywords on the development documents."""
    subject.need("keywords")
    docs, names, gold = read_gold_docs(subject)
    reckonings = {"f1_at_10": Reckoning(metrics.f1), "precision_at_10": Reckoning(metrics.precision)}
    figures = list(figures_of("keywords.gold", [keyword_counts(item) for item in docs], reckonings, gold, "documents"))
    agree(figures, {"keywords.gold.f1_at_10": names["res"]["keywords_F1@10"]})
    yield from figures
    ranked = [(keyword_ndcg(item), 1.0) for item in docs]
    yield from figures_of("keywords.gold", ranked, {"ndcg_at_10": Reckoning(metrics.rate)}, gold, "documents")


def measure_topics(subject: Subject) -> Iterator[Figure]:
    """Measure topics on the half of the topic items that only measures.

    ``accuracy`` and the calibration error are those of the best topic whatever its probability; ``coverage`` and
    ``accuracy_answered`` those at the configured threshold.
    """
    subject.need("topics")
    items, gold = goldsets.read_topics(subject.shared)
    light = ('nlp.pipeline=["topics"]', "nlp.tokenizer.method=char", "components.topics.max_narrower=0")
    forced = _best_topics(subject.reduced(*light, "components.topics.min_score=0.0"), items)
    answers = _best_topics(subject.reduced(*light), items)
    accuracy = {"accuracy": Reckoning(metrics.rate)}
    rows = [(float(name in item.accepted), 1.0) for (name, _), item in zip(forced, items, strict=True)]
    yield from figures_of("topics.dev", rows, accuracy, gold, "articles")
    counts = Counter(item.accepted[0] for item in items)
    classes = sorted(name for name, count in counts.items() if count >= MIN_CLASS_ITEMS)
    table = [metrics.class_counts(name, item.accepted, classes) for (name, _), item in zip(forced, items, strict=True)]
    yield from figures_of("topics.dev", table, {"macro_f1": Reckoning(metrics.macro_f1)}, gold, "articles")
    given = [(float(name is not None), 1.0) for name, _ in answers]
    yield from figures_of("topics.dev", given, {"coverage": Reckoning(metrics.rate)}, gold, "articles")
    right = [
        (float(name in item.accepted), float(name is not None)) for (name, _), item in zip(answers, items, strict=True)
    ]
    yield from figures_of("topics.dev", right, {"accuracy_answered": Reckoning(metrics.rate)}, gold, "articles")
    bins = [
        metrics.calibration_counts(score, name in item.accepted)
        for (name, score), item in zip(forced, items, strict=True)
        if name is not None
    ]
    yield from figures_of("topics.dev", bins, {"ece": Reckoning(metrics.ece, "lower")}, gold, "articles")


def measure_narrower(subject: Subject) -> Iterator[Figure]:
    """Measure the narrower topics that the model knows, at the configured threshold, beside their broader topic."""
    subject.need("topics")
    items, gold = goldsets.read_narrower(subject.shared)
    nlp = subject.reduced('nlp.pipeline=["topics"]', "nlp.tokenizer.method=char")
    model = TopicModel.load(subject.settings.resolved["components"]["topics"]["model"])
    known = {label.code.rpartition(":")[2] for label in model.labels}
    rows = []
    for item, doc in zip(items, nlp.pipe(item.text for item in items), strict=True):
        have = {topic.code.rpartition(":")[2] for topic in doc._.topics if topic.broader is not None}
        rows.append(match_counts(have - item.doubtful, item.right & known))
    reckonings = {"precision": Reckoning(metrics.precision), "recall": Reckoning(metrics.recall)}
    yield from figures_of("topics.narrower", rows, reckonings, gold, "articles")


def _best_topics(nlp: Language, items: Sequence[goldsets.TopicItem]) -> list[tuple[str | None, float]]:
    """Find each article's best topic and its probability; ``(None, 0)`` where the stage abstains."""
    docs = nlp.pipe(item.text for item in items)
    return [(doc._.topics[0].label_en, doc._.topics[0].score) if doc._.topics else (None, 0.0) for doc in docs]


def measure_times(subject: Subject) -> Iterator[Figure]:
    """Measure times and quantities on the project's own cases: surfaces alone, then with type and value.

    ``times.own`` are the cases that the rules were written on, ``times.blind`` those whose gold was written afterwards,
    by the conventions alone.
    """
    subject.need("times", "quantities")
    nlp = subject.reduced('nlp.pipeline=["sentences","times","quantities"]', "nlp.tokenizer.method=char")
    for part, path, name in (
        ("own", goldsets.TIMES, "own times and quantities"),
        ("blind", goldsets.TIMES_BLIND, "blind times and quantities"),
    ):
        cases, gold = goldsets.read_times(path, name)
        tables: dict[str, list[tuple[int, int, int]]] = {}
        for case in cases:
            for figure, (have, want) in time_keys(run_with_date(nlp, case["text"], case["date"]), case).items():
                tables.setdefault(figure, []).append(match_counts(have, want))
        for figure, rows in tables.items():
            yield from figures_of(f"times.{part}", rows, {figure: Reckoning(metrics.f1)}, gold, "sentences")


def time_keys(doc: Doc, case: dict[str, Any]) -> dict[str, tuple[list[Any], list[Any]]]:
    """List by figure what a Doc has and what its gold wants, as values that can be compared."""
    return {
        figure: ([_key(item, keys) for item in _plain(doc, layer)], [_key(item, keys) for item in case[layer]])
        for layer, figures in _TIME_KEYS.items()
        for figure, keys in figures.items()
    }


_TIME_KEYS: dict[str, dict[str, tuple[str, ...]]] = {
    "times": {"time_extent_f1": ("text",), "time_value_f1": ("text", "type", "value", "mod")},
    "quantities": {"quantity_extent_f1": ("text",), "quantity_value_f1": ("text", "kind", "value", "unit")},
}


def _plain(doc: Doc, layer: str) -> list[dict[str, Any]]:
    """Turn a Doc's annotations of one layer into plain values."""
    return [asdict(item) for item in getattr(doc._, layer)]


def _key(item: dict[str, Any], keys: Sequence[str]) -> tuple[Any, ...]:
    """Pick the values that two annotations are compared by."""
    return tuple(item.get(key) for key in keys)


def run_with_date(nlp: Language, text: str, date: str | None) -> Doc:
    """Run stages over a text as the only paragraph of an article of a dated issue."""
    doc = nlp.make_doc(text)
    zones = (Zone("paragraph", 0, len(text)),)
    article = Article(order=1, kind="news", form="news", text=AlignedText.of(text), zones=zones)
    doc._.context = Context(article, Publication(date=date))
    for _, component in nlp.pipeline:
        doc = component(doc)
    return doc
