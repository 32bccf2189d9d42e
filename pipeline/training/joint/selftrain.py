"""Label text with a joint model, for the training of the next: recent news, and what each corpus leaves open.

    python -m pipeline.training.joint.selftrain --shared ../shared --corpora ../shared/corpora \
        --model models/joint-1.0.0 --out out/train/labels.jsonl

The labelled corpora are of 1998; what a model of theirs finds in recent text is wrong more often. But a name that
stands in many articles is found in most of them: what one sentence leaves open, the others settle. So each surface
takes the type that it was given in most places, also where it was left blank, and what remains doubtful teaches nothing
(self-training, Yarowsky 1995, with one vote a place). Words are those of the joint model and the pkuseg model together:
the student learns what needs both (Hinton et al. 2015), and runs alone. A corpus with words gets tags and entities in
the same way, one with entities words and tags; labels that the corpus has stay. Documents that are only measured on are
left out.
"""

from __future__ import annotations

import argparse
import itertools
import json
import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.artefacts import open_model
from pipeline.components import joint_decoder as decoder
from pipeline.components.joint import JointModel, pieces, word_tags
from pipeline.components.joint_decoder import ENTITY_LABELS, Named
from pipeline.components.model_view import model_view
from pipeline.components.segmenter import Cutter, pkuseg_cutter
from pipeline.components.user_words import WordMatcher
from pipeline.training import rawtext
from pipeline.training.joint import data
from pipeline.training.joint.data import ABSENT, Corpus, Example, Labels, span_labels, word_labels

log = logging.getLogger(__name__)

SEGMENTER = "pkuseg-1.0.0"
FILES = (*rawtext.PROSE, *rawtext.BROADCAST)
MAX_CHARS = 1_200_000
PARAGRAPH_CHARS = range(15, 400)
# What the label that pkuseg gives a character gets more, in nats: words of the development part went from .9636 to
# .9664.
VOTE = 1.0
# A label of lower probability teaches nothing.
SURE = 0.8
# A surface is trusted when it was found this often, with one type in this share of the finds.
MIN_FOUND, MIN_SHARE = 4, 0.8
# Shorter surfaces are not carried to places where they were left blank: 马, 美 are other words there.
MIN_CARRIED = 3
# An entity of lower probability whose surface is not trusted teaches nothing.
MIN_SCORE = 0.75

_IDS = {label: number for number, label in enumerate(ENTITY_LABELS)}


class Piece(NamedTuple):
    """Hold what the model says of a piece: labels of words and tags, entities, and where it is unsure of none."""

    text: str
    words: Labels
    tags: Labels
    entities: list[Named]
    unsure: NDArray[np.bool_]


class Teacher(JointModel):
    """Label the tasks that an example lacks; a second cutter has a vote on words."""

    cut: Cutter

    def label(self, example: Example) -> Piece:
        """Label a piece; words and tags of less than ``SURE`` are ABSENT, labels that the example has stay."""
        text, size, rows = example.text, np.array([len(example.text)]), np.arange(len(example.text))
        (scores,) = self._scores([text])
        path = decoder.entity_paths(scores.entities[None], size)[0]
        found = [item._replace(score=self._probability(item)) for item in decoder.spans_of(path, scores.entities)]
        unsure = (path == 0) & (np.exp(scores.entities[:, 0]) < SURE)
        if example.entities is not None:
            path = example.entities.astype(np.int64)
        if example.words is not None:
            words = sure = example.words
        else:
            scores.words[rows, word_labels(self.cut(text))] += VOTE
            best = decoder.word_paths(scores.words[None], size, path[None])[0]
            chances = np.exp(scores.words[rows, best]) / np.exp(scores.words).sum(-1)
            starts = np.concatenate(([0], np.flatnonzero(best >= decoder.E)[:-1] + 1))
            least = np.repeat(np.minimum.reduceat(chances, starts), np.diff(np.append(starts, len(text))))
            words, sure = best.astype(np.int16), np.where(least < SURE, ABSENT, best).astype(np.int16)
        tags = example.tags
        if tags is None:
            best = word_tags(scores.tags, words >= decoder.E)
            tags = np.where((np.exp(scores.tags[rows, best]) < SURE) | (sure == ABSENT), ABSENT, best).astype(np.int16)
        return Piece(text, sure, tags, found, unsure)


def paragraphs(shared: Path, *, max_chars: int) -> Iterator[str]:
    """Yield paragraphs of recent prose and broadcast news, ``max_chars`` characters a file, spread over the file."""
    for file in FILES:
        documents = list(rawtext.read_raw(shared, [file], min_chars=60))
        step = max(1, round(sum(len(raw.body) for raw in documents) / max_chars))
        for raw in itertools.islice(documents, 0, None, step):
            yield from (part for part in raw.text.split("\n") if len(part) in PARAGRAPH_CHARS)


def vote(labelled: Iterable[Piece]) -> dict[str, str]:
    """Give the type of each surface that was found often and nearly always as one type."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for item in labelled:
        for named in item.entities:
            counts[item.text[named.start : named.end]][named.label] += 1
    trusted = {}
    for surface, labels in counts.items():
        label, count = labels.most_common(1)[0]
        if count >= MIN_FOUND and count >= MIN_SHARE * labels.total():
            trusted[surface] = label
    return trusted


def settle(item: Piece, trusted: dict[str, str], matcher: WordMatcher) -> Labels:
    """Label the entities of a piece by what all pieces say; what stays doubtful is ABSENT."""
    edges = {0, *(np.flatnonzero((item.words >= decoder.E) | (item.words == ABSENT)) + 1).tolist()}
    spans, doubtful = [], []
    for start, end, label, score in item.entities:
        surface = item.text[start:end]
        if start in edges and end in edges and (score >= MIN_SCORE or surface in trusted):
            spans.append((start, end, trusted.get(surface, label)))
        else:
            doubtful.append((start, end))
    taken = np.zeros(len(item.text), bool)
    for named in item.entities:
        taken[named.start : named.end] = True
    unsure = item.unsure.copy()
    at = 0
    for part, is_name in matcher.split(item.text):
        low, high = at, at + len(part)
        at = high
        if is_name and low in edges and high in edges and not taken[low:high].any():
            spans.append((low, high, trusted[part]))
            unsure[low:high] = False
    labels = span_labels(len(item.text), spans, _IDS)
    labels[unsure] = ABSENT
    for start, end in doubtful:
        labels[start:end] = ABSENT
    return labels


class Labelled(NamedTuple):
    """Hold the self-labelled news, and what the examples of the corpora lack, by their text."""

    news: list[Example]
    corpora: dict[str, Example]

    def complete(self, corpus: Corpus) -> Corpus:
        """Fill in the tasks that the examples of the corpora lack, and add the news."""
        groups = (corpus.tagged, corpus.segmented, corpus.entities, corpus.fine)
        tagged, segmented, entities, fine = ([self._complete(example) for example in group] for group in groups)
        return corpus._replace(tagged=tagged, segmented=segmented, entities=entities, fine=fine, news=self.news)

    def _complete(self, example: Example) -> Example:
        """Fill in the tasks that an example lacks."""
        other = self.corpora.get(example.text)
        if other is None:
            return example
        return Example(example.text, *(b if a is None else a for a, b in zip(example[1:], other[1:], strict=True)))


def read(path: Path, tags: list[str]) -> Labelled:
    """Read what :func:`main` wrote; raise ValueError when its tags are not ``tags``."""
    found = Labelled([], {})
    with path.open(encoding="utf-8") as lines:
        if json.loads(next(lines)) != tags:
            raise ValueError(f"{path}: labelled by a model with other tags; label again")
        for line in lines:
            item = json.loads(line)
            columns = (np.array(item[task], np.int16) for task in ("words", "tags", "entities"))
            example = Example(item["text"], *columns)
            if item["news"]:
                found.news.append(example)
            else:
                found.corpora[example.text] = example
    return found


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Label text with a joint model, for the training of the next.")
    parser.add_argument("--shared", type=Path, required=True, help="folder that holds rawtext/ and gold/")
    parser.add_argument("--corpora", type=Path, required=True, help="folder of the corpora")
    parser.add_argument("--model", type=Path, required=True, help="folder of the joint model that labels")
    parser.add_argument("--segmenter", default=SEGMENTER, help="name of the model that has a vote on words")
    parser.add_argument("--out", type=Path, required=True, help="file to write, .jsonl")
    parser.add_argument("--max-chars", type=int, default=MAX_CHARS, help="characters to read of each file")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    teacher = Teacher.load(options.model.name, root=options.model.parent)
    teacher.cut = pkuseg_cutter(open_model(options.segmenter), [])
    views = (model_view(text) for text in paragraphs(options.shared, max_chars=options.max_chars))
    news = [teacher.label(Example(view[a:b])) for view in views for a, b in pieces(view)]
    log.info("%d pieces of news", len(news))
    corpus = data.read(options.corpora)
    examples = itertools.chain(corpus.entities, corpus.tagged, corpus.segmented, corpus.fine)
    others = [teacher.label(example) for example in examples]
    trusted = vote(news)
    carried = WordMatcher([surface for surface in trusted if len(surface) >= MIN_CARRIED])
    log.info("%d pieces of corpora, %d trusted surfaces", len(others), len(trusted))
    with options.out.open("w", encoding="utf-8") as file:
        file.write(json.dumps(teacher.tags) + "\n")
        for is_news, item in [*((True, item) for item in news), *((False, item) for item in others)]:
            line = {
                "news": is_news, "text": item.text, "words": item.words.tolist(), "tags": item.tags.tolist(),
                "entities": settle(item, trusted, carried).tolist(),
            }  # fmt: skip
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
