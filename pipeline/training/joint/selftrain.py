"""Label recent news with the joint model itself, for a second round of training.

    python -m pipeline.training.joint.selftrain --shared ../shared --model models/joint-1.0.0 --out out/train/news.jsonl

The labelled corpora are of 1998; what the first round finds in recent text is wrong more often. But a name that stands
in many articles is found in most of them: what one sentence leaves open, the others settle. So each surface takes the
type that it was given in most places, also where it was left blank, and what remains doubtful teaches nothing
(self-training, Yarowsky 1995, with one vote a place). Documents that are only measured on are left out.
"""

from __future__ import annotations

import argparse
import itertools
import json
import logging
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pipeline.components.joint import JointModel, pieces
from pipeline.components.joint_decoder import ENTITY_LABELS, Named
from pipeline.components.model_view import model_view
from pipeline.components.user_words import WordMatcher
from pipeline.training import rawtext
from pipeline.training.joint.data import ABSENT, Example, Labels, span_labels

log = logging.getLogger(__name__)

FILES = (*rawtext.PROSE, *rawtext.BROADCAST)
MAX_CHARS = 600_000
PARAGRAPH_CHARS = range(15, 400)
# A surface is trusted when it was found this often, with one type in this share of the finds.
MIN_FOUND, MIN_SHARE = 4, 0.8
# Shorter surfaces are not carried to places where they were left blank: 马, 美 are other words there.
MIN_CARRIED = 3
# An entity of lower probability whose surface is not trusted teaches nothing.
MIN_SCORE = 0.75

_IDS = {label: number for number, label in enumerate(ENTITY_LABELS)}


class Analysed(NamedTuple):
    """Hold a paragraph with what the model found in it."""

    text: str
    words: list[str]
    entities: list[Named]


def paragraphs(shared: Path, *, max_chars: int) -> Iterator[str]:
    """Yield paragraphs of recent prose and broadcast news, ``max_chars`` characters a file, spread over the file."""
    for file in FILES:
        documents = list(rawtext.read_raw(shared, [file], min_chars=60))
        step = max(1, round(sum(len(raw.body) for raw in documents) / max_chars))
        for raw in itertools.islice(documents, 0, None, step):
            yield from (part for part in raw.text.split("\n") if len(part) in PARAGRAPH_CHARS)


def vote(analysed: list[Analysed]) -> dict[str, str]:
    """Give the type of each surface that was found often and nearly always as one type."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for item in analysed:
        for named in item.entities:
            counts[item.text[named.start : named.end]][named.label] += 1
    trusted = {}
    for surface, labels in counts.items():
        label, count = labels.most_common(1)[0]
        if count >= MIN_FOUND and count >= MIN_SHARE * labels.total():
            trusted[surface] = label
    return trusted


def settle(item: Analysed, trusted: dict[str, str], matcher: WordMatcher) -> Labels:
    """Label a paragraph by what all paragraphs say; what stays doubtful is ABSENT."""
    spans = [
        (named.start, named.end, trusted.get(item.text[named.start : named.end], named.label))
        for named in item.entities
    ]
    doubtful = [
        (named.start, named.end)
        for named in item.entities
        if named.score < MIN_SCORE and item.text[named.start : named.end] not in trusted
    ]
    taken = np.zeros(len(item.text), bool)
    for start, end, _ in spans:
        taken[start:end] = True
    edges = {0, *itertools.accumulate(map(len, item.words))}
    at = 0
    for piece, is_name in matcher.split(item.text):
        low, high = at, at + len(piece)
        at = high
        if is_name and low in edges and high in edges and not taken[low:high].any():
            spans.append((low, high, trusted[piece]))
    labels = span_labels(len(item.text), spans, _IDS)
    for start, end in doubtful:
        labels[start:end] = ABSENT
    return labels


def read(path: Path) -> list[Example]:
    """Read the examples that :func:`main` wrote."""
    examples = []
    for line in path.read_text("utf-8").splitlines():
        item = json.loads(line)
        labels = np.array(item["entities"], np.int16)
        examples += [Example(item["text"][a:b], entities=labels[a:b]) for a, b in pieces(item["text"])]
    return examples


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Label recent news with the joint model for a second round.")
    parser.add_argument("--shared", type=Path, required=True, help="folder that holds rawtext/ and gold/")
    parser.add_argument("--model", type=Path, required=True, help="folder of the first round's model")
    parser.add_argument("--out", type=Path, required=True, help="file to write, .jsonl")
    parser.add_argument("--max-chars", type=int, default=MAX_CHARS, help="characters to read of each file")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    model = JointModel.load(options.model.name, root=options.model.parent)
    analysed = []
    for text in paragraphs(options.shared, max_chars=options.max_chars):
        view = model_view(text)
        found = model(view)
        analysed.append(Analysed(view, found.words, found.entities))
    trusted = vote(analysed)
    carried = WordMatcher([surface for surface in trusted if len(surface) >= MIN_CARRIED])
    log.info("%d paragraphs, %d trusted surfaces", len(analysed), len(trusted))
    with options.out.open("w", encoding="utf-8") as file:
        for item in analysed:
            labels = settle(item, trusted, carried).tolist()
            file.write(json.dumps({"text": item.text, "entities": labels}, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
