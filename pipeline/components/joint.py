"""Words, tags and entities in one pass: the joint character model, read by onnxruntime.

A text is cut at line ends and sentence ends into pieces of at most 128 characters, as many whole sentences in one as
there is room for, so that a sentence is seen with its neighbours; each piece is independent of the others. The network
gives each character the probabilities of the labels, :mod:`pipeline.components.joint_decoder` the best sequence.
"""

from __future__ import annotations

import json
import math
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from pipeline.artefacts import ROOT, open_model
from pipeline.components import joint_decoder as decoder
from pipeline.components.joint_decoder import Named
from pipeline.components.joint_features import BREAK, Features, Ints
from pipeline.components.model_view import are_blank, model_view, segments
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


@dataclass(slots=True, eq=False)
class _Text:
    """Hold what is known of a text: which characters end words, their tags, entities, and how many pieces are left."""

    text: str
    view: str = field(init=False)
    ends: NDArray[np.bool_] = field(init=False)
    tag_ids: NDArray[np.int64] = field(init=False)
    named: list[Named] = field(default_factory=list)
    left: int = 0

    def __post_init__(self) -> None:
        self.view = model_view(self.text)
        self.ends = np.ones(len(self.text), bool)
        self.tag_ids = np.zeros(len(self.text), np.int64)


class _Piece(NamedTuple):
    """Name a piece of a text."""

    text: _Text
    start: int
    end: int


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
            raise ModelError(f"model {name!r} is no joint model: it has no {NETWORK}; name one such as 'joint-1.2.0'")
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
        return next(self.analyse([text]))

    def analyse(self, texts: Iterable[str]) -> Iterator[Analysis]:
        """Analyse texts one after the other, each as if it were alone; pieces of several texts are decoded together."""
        waiting: deque[_Text] = deque()
        group: list[_Piece] = []
        for text in texts:
            one = _Text(text)
            waiting.append(one)
            for start, end in pieces(one.view):
                group.append(_Piece(one, start, end))
                one.left += 1
                if len(group) == PIECES:
                    self._decode(group)
                    group = []
            while waiting and not waiting[0].left:
                yield self._finish(waiting.popleft())
        if group:
            self._decode(group)
        yield from map(self._finish, waiting)

    def _decode(self, group: Sequence[_Piece]) -> None:
        """Find word ends, tags and entities of some pieces and write them into their texts."""
        scored = self._scores([piece.text.view[piece.start : piece.end] for piece in group])
        lengths = np.array([piece.end - piece.start for piece in group])
        entity_paths = decoder.entity_paths(_stack([scores.entities for scores in scored]), lengths)
        word_paths = decoder.word_paths(_stack([scores.words for scores in scored]), lengths, entity_paths)
        for (text, start, end), scores, entity_path, word_path in zip(
            group, scored, entity_paths, word_paths, strict=True
        ):
            last = word_path[: end - start] >= decoder.E
            text.ends[start:end] = last
            text.tag_ids[start:end] = word_tags(scores.tags, last)
            text.named += [
                Named(item.start + start, item.end + start, item.label, self._probability(item))
                for item in decoder.spans_of(entity_path[: end - start], scores.entities)
            ]
            text.left -= 1

    def _finish(self, done: _Text) -> Analysis:
        """Read a text's words, tags and entities off what its pieces gave."""
        text, view, ends, tag_ids, named = done.text, done.view, done.ends, done.tag_ids, done.named
        named = sorted(item for item in named if item.score >= self.min_probability)
        if self.forced.words:
            _force(view, self.forced, ends, tag_ids, named)
        blank = are_blank(view)
        ends[:-1] &= ~(blank[:-1] & blank[1:])
        cuts = (np.flatnonzero(ends) + 1).tolist()
        starts = [0, *cuts][: len(cuts)]
        words = [text[start:end] for start, end in zip(starts, cuts, strict=True)]
        tags = [
            "" if word.isspace() else self.tags[tag] for word, tag in zip(words, tag_ids[starts].tolist(), strict=True)
        ]
        return Analysis(words, tags, named)

    def _probability(self, item: Named) -> float:
        """Turn an entity's score into the probability that it is right, by its type."""
        slope, shift = self.calibration.get(item.label, (1.0, 0.0))
        odds = math.log(max(item.score, _LEAST) / max(1 - item.score, _LEAST))
        return round(1 / (1 + math.exp(-(slope * odds + shift))), 4)

    def _scores(self, texts: Sequence[str]) -> list[Scores]:
        """Score pieces; white space inside one is a word by itself and no part of an entity."""
        # A line feed is a BREAK as all white space is, so that pieces share no lexicon words.
        whole = "\n".join(texts)
        chars = self.features.chars(whole)
        blank = are_blank(whole)
        chars[blank] = BREAK
        slots = self.features.lexicon(chars)
        scored = []
        at = 0
        for text in texts:
            here = slice(at, at + len(text))
            at += len(text) + 1
            scores = self.network(chars[None, here], slots[None, here])
            if blank[here].any():
                scores.entities[blank[here], 1:] = -1e4
                scores.words[blank[here], : decoder.S] = -1e4
            scored.append(scores)
        return scored


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
