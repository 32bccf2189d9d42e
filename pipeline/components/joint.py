"""Words, tags and entities in one pass: the joint character model, read by onnxruntime.

A text is cut at line ends and sentence ends into pieces of at most 128 characters, as many whole sentences in one as
there is room for, so that a sentence is seen with its neighbours; each piece is independent of the others. The network
gives each character the probabilities of the labels, :mod:`pipeline.components.joint_decoder` the best sequence.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from pipeline.artefacts import ROOT, open_model
from pipeline.components import joint_decoder as decoder
from pipeline.components.joint_decoder import Named
from pipeline.components.joint_features import BREAK, Features, Ints
from pipeline.components.model_view import model_view, segments
from pipeline.components.user_words import WordMatcher
from pipeline.errors import ModelError

NETWORK = "network.onnx"
LABELS = "labels.json"
CALIBRATION = "calibration.json"
# Longest piece, in characters: the network knows so many places.
PIECE = 128
# Pieces whose labels are decoded side by side; memory stays flat in the length of a text.
PIECES = 64
# Where a sentence longer than a piece is cut, best first: at a clause mark, else anywhere.
_CLAUSE = re.compile(r"[，、：,:]")

# An entity of lower probability is left out: F1 is greatest when what is less likely than half of it is (Lipton et al.
# 2014). With probabilities fitted on one half of the development sentences the other half went from .918 to .922.
MIN_PROBABILITY = 0.45
# Probabilities nearer to 0 or 1 than this are taken for it.
_LEAST = 1e-4

Floats = NDArray[np.float32]


class Analysis(NamedTuple):
    """Hold a text's words, the tag of each, and the entities in characters of the text."""

    words: list[str]
    tags: list[str]
    entities: list[Named]


class Scores(NamedTuple):
    """Hold log-probabilities of labels, each of shape (characters, labels)."""

    words: Floats
    tags: Floats
    entities: Floats


class Network:
    """Run the exported network on a piece of text."""

    def __init__(self, folder: Path) -> None:
        import onnxruntime  # noqa: PLC0415  # only this method pays for its import

        options = onnxruntime.SessionOptions()
        # One thread: batches run in processes, and sums must not depend on the number of threads.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self.session = onnxruntime.InferenceSession(
                str(folder / NETWORK), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise ModelError(
                f"{folder / NETWORK} cannot be read by onnxruntime {onnxruntime.__version__}: {error}"
            ) from error

    def __call__(self, chars: Ints, words: Ints) -> Scores:
        """Score one piece: ``chars`` (1, characters), ``words`` (1, characters, SLOTS).

        One at a time: the activations' 8-bit scale is that of a whole input, so that pieces read together would change
        each other's scores; and it is quicker, since all stays in the cache and nothing is padded.
        """
        words_, tags, entities = self.session.run(["words", "tags", "entities"], {"chars": chars, "lexicon": words})
        return Scores(words_[0], tags[0], entities[0])


class JointModel:
    """Analyse texts.

    Entities of less than ``min_probability`` are left out; ``user_words`` are always one word, leftmost and longest
    first.
    """

    def __init__(
        self,
        features: Features,
        network: Network,
        tags: list[str],
        *,
        calibration: Mapping[str, tuple[float, float]] | None = None,
        min_probability: float = 0.0,
        user_words: Iterable[str] = (),
    ) -> None:
        self.features = features
        self.network = network
        self.tags = tags
        self.calibration = calibration or {}
        self.min_probability = min_probability
        self.forced = WordMatcher([model_view(word) for word in user_words])

    @classmethod
    def load(cls, name: str, user_words: Iterable[str] = (), *, root: Path = ROOT) -> Self:
        """Read a model under ``models/`` (or ``root``); raise ModelError for one that is missing or damaged."""
        folder = open_model(name, root)
        if not (folder / NETWORK).is_file():
            raise ModelError(f"model {name!r} is no joint model: it has no {NETWORK}; name one such as 'joint-1.1.0'")
        tags = json.loads((folder / LABELS).read_text("utf-8"))["tags"]
        calibration = json.loads((folder / CALIBRATION).read_text("utf-8"))
        return cls(
            Features.load(folder),
            Network(folder),
            tags,
            calibration=calibration,
            min_probability=MIN_PROBABILITY,
            user_words=user_words,
        )

    def __call__(self, text: str) -> Analysis:
        """Cut a text of any length into words that concatenate to it, with tags and entities."""
        view = model_view(text)
        spans = list(pieces(view))
        ends = np.ones(len(text), bool)
        tag_ids = np.zeros(len(text), np.int64)
        named: list[Named] = []
        for at in range(0, len(spans), PIECES):
            group = spans[at : at + PIECES]
            scored = [self._scores(view[start:end]) for start, end in group]
            lengths = np.array([end - start for start, end in group])
            entity_paths = decoder.entity_paths(_stack([scores.entities for scores in scored]), lengths)
            word_paths = decoder.word_paths(_stack([scores.words for scores in scored]), lengths, entity_paths)
            for row, ((start, end), scores) in enumerate(zip(group, scored, strict=True)):
                last = word_paths[row, : end - start] >= decoder.E
                ends[start:end] = last
                tag_ids[start:end] = word_tags(scores.tags, last)
                named += [
                    Named(item.start + start, item.end + start, item.label, self._probability(item))
                    for item in decoder.spans_of(entity_paths[row, : end - start], scores.entities)
                ]
        named = sorted(item for item in named if item.score >= self.min_probability)
        if self.forced.words:
            _force(view, self.forced, ends, tag_ids, named)
        blank = np.array([char.isspace() for char in view], bool)
        ends[:-1] &= ~(blank[:-1] & blank[1:])
        cuts = (np.flatnonzero(ends) + 1).tolist()
        starts = [0, *cuts][: len(cuts)]
        words = [text[start:end] for start, end in zip(starts, cuts, strict=True)]
        tags = ["" if word.isspace() else self.tags[tag_ids[start]] for start, word in zip(starts, words, strict=True)]
        return Analysis(words, tags, named)

    def _probability(self, item: Named) -> float:
        """Turn an entity's score into the probability that it is right, by its type."""
        slope, shift = self.calibration.get(item.label, (1.0, 0.0))
        odds = math.log(max(item.score, _LEAST) / max(1 - item.score, _LEAST))
        return round(1 / (1 + math.exp(-(slope * odds + shift))), 4)

    def _scores(self, text: str) -> Scores:
        """Score a piece; white space inside it is a word by itself and no part of an entity."""
        chars = self.features.chars(text)
        blank = np.array([char.isspace() for char in text], bool)
        chars[blank] = BREAK
        scores = self.network(chars[None], self.features.lexicon(chars)[None])
        if blank.any():
            scores.entities[blank, 1:] = -1e4
            scores.words[blank, : decoder.S] = -1e4
        return scores


def _stack(scores: list[Floats]) -> Floats:
    """Put the scores of pieces into one array (pieces, characters, labels), shorter ones filled with zeros."""
    stacked = np.zeros((len(scores), max(map(len, scores)), scores[0].shape[1]), np.float32)
    for row, item in enumerate(scores):
        stacked[row, : len(item)] = item
    return stacked


def word_tags(scores: Floats, last: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Give each character the tag that is best for its word: the greatest sum of log-probabilities."""
    starts = np.concatenate(([0], np.flatnonzero(last)[:-1] + 1))
    best = np.add.reduceat(scores, starts, axis=0).argmax(1)
    return np.repeat(best, np.diff(np.append(starts, len(last))))


def _force(
    view: str, matcher: WordMatcher, ends: NDArray[np.bool_], tag_ids: NDArray[np.int64], named: list[Named]
) -> None:
    """Make one word of each user's word; entities that its edges cut go."""
    at = 0
    for piece, is_word in matcher.split(view):
        low, high = at, at + len(piece)
        at = high
        if not is_word:
            continue
        ends[low : high - 1] = False
        ends[high - 1] = True
        if low:
            ends[low - 1] = True
        tag_ids[low:high] = tag_ids[high - 1]
        named[:] = [item for item in named if not (low < item.start < high or low < item.end < high)]


def pieces(view: str) -> Iterator[tuple[int, int]]:
    """Cut a text in model view into pieces of at most PIECE characters, given as (start, end); line feeds stay out."""
    at = 0
    for line in view.split("\n"):
        start, size = at, 0
        for part in _parts(line):
            if size + len(part) > PIECE and size:
                yield start, start + size
                start, size = start + size, 0
            size += len(part)
        if size:
            yield start, start + size
        at += len(line) + 1


def _parts(line: str) -> Iterator[str]:
    """Cut a line into sentences; those longer than a piece at the last clause mark that leaves one, or anywhere."""
    for sentence in segments(line):
        rest = sentence
        while len(rest) > PIECE:
            marks = [match.end() for match in _CLAUSE.finditer(rest, 0, PIECE)]
            cut = marks[-1] if marks else PIECE
            yield rest[:cut]
            rest = rest[cut:]
        yield rest
