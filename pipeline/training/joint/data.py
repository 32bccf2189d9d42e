"""The joint model's examples: pieces of text with a label a character for each task that their corpus speaks of."""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.components.joint import pieces
from pipeline.components.joint_decoder import ENTITY_LABELS, WORD_LABELS
from pipeline.components.joint_features import PAD, Features, Ints
from pipeline.components.model_view import model_view
from pipeline.training import corpora
from pipeline.training.corpora import Labelled, Tagged, Words

CLUENER = "ner/cluener2020/train.json.xz"
FINE_TYPES = (
    "address", "book", "company", "game", "government", "movie", "name", "organization", "position", "scene",
)  # fmt: skip
FINE_LABELS = ("O", *(f"{place}-{kind}" for kind in FINE_TYPES for place in WORD_LABELS))
# A label that a corpus does not speak of.
ABSENT = -100
# Names of fewer other names of their kind are left as they are.
MIN_POOL = 5
TASKS = ("words", "tags", "entities", "fine")
_ENTITY_IDS = {label: number for number, label in enumerate(ENTITY_LABELS)}
_FINE_IDS = {label: number for number, label in enumerate(FINE_LABELS)}

Labels = NDArray[np.int16]


class Example(NamedTuple):
    """Hold a piece: its text in model view, and the labels of each task (``None`` where the corpus has none)."""

    text: str
    words: Labels | None = None
    tags: Labels | None = None
    entities: Labels | None = None
    fine: Labels | None = None


def word_labels(words: Iterable[str]) -> Labels:
    """Label each character by its place in its word."""
    labels: list[int] = []
    for word in words:
        labels += [3] if len(word) == 1 else [0, *[1] * (len(word) - 2), 2]
    return np.array(labels, np.int16)


def span_labels(size: int, spans: Iterable[tuple[int, int, str]], ids: dict[str, int]) -> Labels:
    """Label each character by its place in its entity."""
    labels = np.zeros(size, np.int16)
    for start, end, kind in spans:
        places = "S" if end - start == 1 else "B" + "M" * (end - start - 2) + "E"
        labels[start:end] = [ids[f"{place}-{kind}"] for place in places]
    return labels


def tagged_examples(paragraphs: Iterable[Tagged], tag_ids: dict[str, int]) -> Iterator[Example]:
    """Make examples with words and tags."""
    for paragraph in paragraphs:
        words = [word for word, _ in paragraph]
        text = model_view("".join(words))
        tags = np.array([tag_ids.get(tag, ABSENT) for word, tag in paragraph for _ in word], np.int16)
        yield from _cut(Example(text, words=word_labels(words), tags=tags))


def segmented_examples(lines: Iterable[Words]) -> Iterator[Example]:
    """Make examples with words alone."""
    for words in lines:
        yield from _cut(Example(model_view("".join(words)), words=word_labels(words)))


def entity_examples(sentences: Iterable[Labelled]) -> Iterator[Example]:
    """Make examples with entities alone."""
    for item in sentences:
        labels = span_labels(len(item.text), item.spans, _ENTITY_IDS)
        yield from _cut(Example(model_view(item.text), entities=labels))


def fine_examples(root: Path) -> Iterator[Example]:
    """Make examples of the training part of CLUENER 2020, with its own ten types."""
    for line in lzma.decompress((root / CLUENER).read_bytes()).decode("utf-8").splitlines():
        item = json.loads(line)
        spans = [
            (start, end + 1, kind)
            for kind, names in item["label"].items()
            for places in names.values()
            for start, end in places
        ]
        yield from _cut(Example(model_view(item["text"]), fine=span_labels(len(item["text"]), spans, _FINE_IDS)))


def _cut(example: Example) -> Iterator[Example]:
    """Cut an example into pieces as at run time."""
    for start, end in pieces(example.text):
        labels = (None if column is None else column[start:end] for column in example[1:])
        yield Example(example.text[start:end], *labels)


def join(examples: Sequence[Example], limit: int, rng: np.random.Generator, share: float) -> list[Example]:
    """Join neighbours of one corpus, for a share of the examples, up to ``limit`` characters.

    At run time a sentence is seen with its neighbours, while a corpus of sentences has each alone.
    """
    joined: list[Example] = []
    for example in examples:
        last = joined[-1] if joined else None
        if last and len(last.text) + len(example.text) <= limit and rng.random() < share:
            columns = (
                None if a is None or b is None else np.concatenate((a, b))
                for a, b in zip(last[1:], example[1:], strict=True)
            )
            joined[-1] = Example(last.text + example.text, *columns)
        else:
            joined.append(example)
    return joined


class Names:
    """Put other names in the place of an example's (mention replacement, Dai and Adel 2020).

    They have the same type and length, places and organisations also the same last character. Names are those of
    ``examples``, each once.
    """

    def __init__(self, examples: Iterable[Example]) -> None:
        pools: dict[tuple[int, int, str], set[str]] = {}
        for example in examples:
            for start, end, label in _labelled_spans(example):
                surface = example.text[start:end]
                pools.setdefault(_pool_of(surface, label), set()).add(surface)
        self._pools = {key: sorted(pool) for key, pool in pools.items() if len(pool) >= MIN_POOL}

    def swap(self, example: Example, share: float, rng: np.random.Generator) -> Example:
        """Swap a share of the surfaces, each at all of its places; words and tags are unknown there."""
        text, others = example.text, {}
        words, tags = (None if column is None else column.copy() for column in (example.words, example.tags))
        for start, end, label in _labelled_spans(example):
            surface = example.text[start:end]
            if surface not in others:
                pool = self._pools.get(_pool_of(surface, label), ())
                others[surface] = pool[rng.integers(len(pool))] if pool and rng.random() < share else surface
            if others[surface] != surface:
                text = text[:start] + others[surface] + text[end:]
                for column in (words, tags):
                    if column is not None:
                        column[start:end] = ABSENT
        return example._replace(text=text, words=words, tags=tags)


def _pool_of(surface: str, label: int) -> tuple[int, int, str]:
    """Say which names may stand for each other: those of one type, length and, unless of persons, last character."""
    return label, len(surface), "" if ENTITY_LABELS[label].endswith("PER") else surface[-1]


def _labelled_spans(example: Example) -> Iterator[tuple[int, int, int]]:
    """List an example's entities as (start, end, label of the first character)."""
    labels = example.entities
    if labels is None:
        return
    start = 0
    for at in np.flatnonzero(labels > 0).tolist():
        label = ENTITY_LABELS[labels[at]]
        if label[0] in "BS":
            start = at
        if label[0] in "ES":
            yield start, at + 1, int(labels[start])


class Arrays(NamedTuple):
    """Hold a padded batch: characters, and the labels of each task."""

    chars: Ints
    labels: dict[str, NDArray[np.int64]]


def pad(examples: Sequence[Example], features: Features) -> Arrays:
    """Put examples side by side, shorter ones filled with PAD and ABSENT."""
    shape = (len(examples), max(len(example.text) for example in examples))
    chars = np.full(shape, PAD, np.int32)
    labels = {task: np.full(shape, ABSENT, np.int64) for task in TASKS}
    for row, example in enumerate(examples):
        chars[row, : len(example.text)] = features.chars(example.text)
        for task, column in zip(TASKS, example[1:], strict=True):
            if column is not None:
                labels[task][row, : len(column)] = column
    return Arrays(chars, labels)


def batches(examples: Sequence[Example], size: int, rng: np.random.Generator | None = None) -> Iterator[list[Example]]:
    """Group examples of like length so that a batch has about ``size`` characters; with ``rng`` in random order."""
    noise = rng.random(len(examples)) * 8 if rng else np.zeros(len(examples))
    order = sorted(range(len(examples)), key=lambda at: len(examples[at].text) + noise[at])
    groups: list[list[Example]] = [[]]
    for at in order:
        if groups[-1] and (len(groups[-1]) + 1) * len(examples[at].text) > size:
            groups.append([])
        groups[-1].append(examples[at])
    if rng:
        rng.shuffle(groups)
    yield from groups


class Corpus(NamedTuple):
    """Hold the training examples by source, and the development sides."""

    tagged: list[Example]
    segmented: list[Example]
    entities: list[Example]
    fine: list[Example]
    tags: list[str]
    tagged_dev: list[Tagged]
    entities_dev: list[Labelled]
    news: Sequence[Example] = ()


def read(root: Path) -> Corpus:
    """Read all corpora; no line of a test or development side is among the training examples."""
    tagged, tagged_dev, _ = corpora.split_tagged(root)
    tags = sorted({tag for paragraph in tagged for _, tag in paragraph})
    tag_ids = {tag: number for number, tag in enumerate(tags)}
    with_tags = {corpora.fold("".join(word for word, _ in paragraph)) for paragraph in tagged}
    lines = [words for words in corpora.split_segmentation(root).train if corpora.fold("".join(words)) not in with_tags]
    entities, entities_dev, _ = corpora.split_msra(root)
    return Corpus(
        list(tagged_examples(tagged, tag_ids)),
        list(segmented_examples(lines)),
        list(entity_examples(entities)),
        list(fine_examples(root)),
        tags,
        tagged_dev,
        entities_dev,
    )
