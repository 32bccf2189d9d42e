"""A character n-gram model of newspaper Chinese: how likely a character is where it stands.

Cleaning asks it which of two look-alike characters belongs in a place; the splitter asks it whether a block of
text goes on in mid-sentence where another one stopped. The model is a back-off model of order 5 (absolute
discounting), pruned and quantised, in one hashed table of plain arrays: some megabytes, read in a tenth of a second.

Every probability is natural-logarithmic; a difference of 1 is one nat.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ModelError
from pipeline.hashtable import HashTable, starts_of

ORDER = 5
# Ids 0-2 are no characters: padding, the end of a paragraph (also what stands before its first character), and any
# character that the model does not know. Twelve bits an id, so that five of them fit one 64-bit key.
PAD, EDGE, UNKNOWN = 0, 1, 2
ID_BITS = 12
MAX_IDS = 1 << ID_BITS
FIRST_CHAR = 3
BLANKS = "\t\x0b\x0c\r \x85\xa0\u1680\u200b\u200c\u200d\u2060\u3000\ufeff" + "".join(map(chr, range(0x2000, 0x200B)))
FORMAT = 1
# Log-probabilities and back-off weights are stored in one byte, as steps of 0.2 nats below ZERO.
STEP, ZERO = 0.2, 1.0
# A character is looked at when the model did not expect it by this many nats: of the wrong ones put into held-out text
# 99.6 % are, of the right ones 30 %. A repair that is itself less likely than PLAUSIBLE (five windows; clean text has
# -16 in the median) is doubted: on held-out text this leaves a third of the false repairs and 95 % of the true ones.
SURPRISE = 5.0
PRECISION = 0.95  # share of true repairs that a pair's threshold was fitted to
PLAUSIBLE, DOUBT = 20.0, 0.5
_FILE = "model.npz"
_CALIBRATION = "calibration.json"

FOLDS = {
    **{ord(char): "0" for char in "123456789０１２３４５６７８９"},
    **{first + i: "a" for first in (ord("a"), ord("A"), ord("ａ"), ord("Ａ")) for i in range(26)},
    **{ord(half): full for half, full in zip(",;:?!()", "，；：？！（）", strict=True)},
}

Ids = NDArray[np.uint16]
_PADS = np.full(ORDER - 1, PAD, np.uint16)
_EDGES = np.array([PAD] * (ORDER - 2) + [EDGE], np.uint16)
_REACH = 16  # characters looked at to find four that are not blank
_JOIN_CHARS = 8  # characters of a continuation that are scored
_BRACKET_REACH = 80  # characters within which an open bracket counts
_OPENING, _CLOSING = "“《（(「", "”》）)」"
_MIRROR = str.maketrans(_OPENING + _CLOSING, _CLOSING + _OPENING)
_FINAL = ("。", "！", "？", "!", "?", "…", "”", "）", ")", "：", ":")
_INNER = ("，", ",", "、", "；", ";")
Floats = NDArray[np.float32]
_Keys = NDArray[np.uint64]


def pack(grams: NDArray[np.uint64]) -> _Keys:
    """Pack n-grams, shape (m, n) with n <= 5, into keys of shape (m,), the last id in the lowest bits."""
    keys = np.zeros(len(grams), np.uint64)
    for column in range(grams.shape[1]):
        keys = (keys << np.uint64(ID_BITS)) | grams[:, column]
    return keys


def lookup_of(alphabet: str) -> Ids:
    """Make the table from code points of the basic plane to ids, shape (65536,); characters are ids 3, 4, ….

    Digits are read as 0, Latin letters as a, half-width marks as full-width ones; blanks are PAD, to be dropped.
    """
    table = np.full(0x10000, UNKNOWN, np.uint16)
    for number, char in enumerate(alphabet):
        table[ord(char)] = FIRST_CHAR + number
    for code, folded in FOLDS.items():
        table[code] = table[ord(folded)]
    for char in BLANKS:
        table[ord(char)] = PAD
    table[ord("\n")] = EDGE
    return table


def encode(text: str, lookup: Ids) -> Ids:
    """Turn a text into ids, shape (len(text),), by a table from :func:`lookup_of`; a line feed is EDGE."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    return np.where(codes < len(lookup), lookup[np.minimum(codes, len(lookup) - 1)], UNKNOWN).astype(np.uint16)


@dataclass(frozen=True, slots=True)
class CharLM:
    """Score characters in context; made by :meth:`load`.

    ``alphabet`` holds the characters that have ids of their own, ``unigrams`` log-probabilities by id, the tables
    quantised log-probabilities of longer n-grams and back-off weights of contexts. ``calibration`` has
    what was fitted on held-out text: ``"join"`` for :meth:`join_gain`, ``"pairs"`` of look-alikes, each with its
    threshold. From these are made ``lookup`` (ids by code point) and ``others`` and ``limits`` (look-alikes by id).
    """

    alphabet: str
    unigrams: Floats
    grams: HashTable
    contexts: HashTable
    calibration: dict[str, Any] = field(default_factory=dict)
    lookup: Ids = field(init=False, repr=False)
    others: Ids = field(init=False, repr=False)
    limits: Floats = field(init=False, repr=False)

    def __post_init__(self) -> None:
        lookup = lookup_of(self.alphabet)
        pairs: dict[str, dict[str, float]] = self.calibration.get("pairs", {})
        most = max(map(len, pairs.values()), default=0)
        others, limits = np.zeros((MAX_IDS, most), np.uint16), np.zeros((MAX_IDS, most), np.float32)
        for char, found in pairs.items():
            row = lookup[ord(char)]
            others[row, : len(found)] = [lookup[ord(other)] for other in found]
            limits[row, : len(found)] = list(found.values())
        for name, value in (("lookup", lookup), ("others", others), ("limits", limits)):
            object.__setattr__(self, name, value)

    @classmethod
    def load(cls, folder: Path) -> CharLM:
        """Read a model folder; raise ModelError where a file is missing or of another format."""
        try:
            with np.load(folder / _FILE, allow_pickle=False) as arrays:
                data = {name: arrays[name] for name in arrays.files}
            calibration = json.loads((folder / _CALIBRATION).read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise ModelError(f"character model in {folder}: {error}; check the repository out again") from error
        if int(data["format"]) != FORMAT:
            raise ModelError(
                f"character model in {folder} has format {int(data['format'])}, this code reads {FORMAT}; "
                "train it again with `make train`"
            )
        return cls(
            alphabet="".join(map(chr, data["alphabet"].tolist())),
            unigrams=data["unigrams"].astype(np.float32),
            grams=HashTable(starts_of(data["gram_counts"]), data["gram_prints"], data["gram_values"]),
            contexts=HashTable(starts_of(data["context_counts"]), data["context_prints"], data["context_values"]),
            calibration=calibration,
        )

    def save(self, folder: Path) -> None:
        """Write the model's arrays and calibration into a folder."""
        np.savez_compressed(
            folder / _FILE,
            format=np.int64(FORMAT),
            alphabet=np.array([ord(char) for char in self.alphabet], np.uint32),
            unigrams=self.unigrams.astype(np.float16),
            gram_counts=self.grams.counts,
            gram_prints=self.grams.fingerprints,
            gram_values=self.grams.values,
            context_counts=self.contexts.counts,
            context_prints=self.contexts.fingerprints,
            context_values=self.contexts.values,
        )
        text = json.dumps(self.calibration, ensure_ascii=False, indent=1)
        (folder / _CALIBRATION).write_text(text + "\n", "utf-8")

    def encode(self, text: str) -> Ids:
        """Turn a text into the model's ids, shape (len(text),); blanks are PAD, a line feed is EDGE."""
        return encode(text, self.lookup)

    def char_of(self, number: int) -> str:
        """Give the character of an id from :meth:`encode` that is a character of its own."""
        return self.alphabet[number - FIRST_CHAR]

    def score(self, windows: Ids) -> Floats:
        """Give the log-probability of the last id of each window after the others: (m, 5) to (m,).

        Of the ids before it, those up to the nearest EDGE or after the nearest PAD are used.
        """
        grams = windows.astype(np.uint64)
        scores = self.unigrams[windows[:, -1]]
        spent = np.zeros(len(windows), np.float32)
        todo = np.arange(len(windows))
        longest = _context_lengths(windows)
        for order in range(ORDER, 1, -1):
            able = todo[longest[todo] >= order - 1]
            heads = pack(grams[able, ORDER - order : -1])
            found = self.grams.get((heads << np.uint64(ID_BITS)) | grams[able, -1])
            hit = found >= 0
            scores[able[hit]] = spent[able[hit]] + _expand(found[hit])
            missed = able[~hit]
            weights = self.contexts.get(heads[~hit])
            spent[missed] += np.where(weights >= 0, _expand(weights), 0.0)
            todo = np.concatenate((missed, todo[longest[todo] < order - 1]))
        scores[todo] += spent[todo]
        return scores

    def score_each(self, ids: Ids) -> Floats:
        """Give the log-probability of each id after the four before it, shape kept; before the first stands PAD."""
        if not len(ids):
            return np.empty(0, np.float32)
        return self.score(np.lib.stride_tricks.sliding_window_view(np.concatenate((_PADS, ids)), ORDER))

    def find_repairs(self, ids: Ids) -> list[tuple[int, int, float]]:
        """Find the places where a look-alike fits so much better that it must have been printed.

        Returns (place, id of the look-alike, nats above the pair's threshold), in order, the best one of a place.
        """
        base = self.score_each(ids)
        odd = np.flatnonzero(base < -SURPRISE)
        rows = [
            (odd[here], others[here], limits[here])
            for others, limits in self._look_alikes_of(ids[odd])
            if (here := np.flatnonzero(others)).size
        ]
        if not rows:
            return []
        places, others, limits = (np.concatenate(column) for column in zip(*rows, strict=True))
        totals = np.convolve(base, np.ones(ORDER, np.float32))[ORDER - 1 :]
        above = gain_of(totals[places], self.swapped(ids, places, others)) - limits
        order = np.lexsort((-above, places))
        order = order[above[order] > 0]
        first = np.flatnonzero(np.diff(places[order], prepend=-1))
        return [(int(places[i]), int(others[i]), float(above[i])) for i in order[first]]

    def _look_alikes_of(self, ids: Ids) -> Iterator[tuple[Ids, Floats]]:
        """Yield, one look-alike after the other, those of each id (PAD where there is none) and their thresholds."""
        for others, limits in zip(self.others.T, self.limits.T, strict=True):
            yield others[ids], limits[ids]

    def swapped(self, ids: Ids, places: NDArray[np.intp], others: Ids) -> Floats:
        """Score the five windows that see each place, with another id in it: shape (len(places),)."""
        padded = np.concatenate((_PADS, ids, _PADS))
        around = padded[places[:, None] + np.arange(2 * ORDER - 1)]
        around[:, ORDER - 1] = others
        windows = np.lib.stride_tricks.sliding_window_view(around, ORDER, axis=1)
        scores = self.score(windows.reshape(-1, ORDER)).reshape(-1, ORDER)
        summed: Floats = np.where(windows[:, :, -1] == PAD, 0.0, scores).sum(axis=1, dtype=np.float32)
        return summed

    def log_prob(self, text: str) -> float:
        """Give the log-probability of a text, blanks left out, as a stretch from the middle of running text."""
        ids = self.encode(text)
        return float(self.score_each(ids[ids != PAD]).sum())

    def next_log_prob(self, left: str, right: str, count: int) -> float:
        """Give the log-probability of the first ``count`` characters of ``right`` after ``left``, blanks left out."""
        return self.next_log_probs([(left, right)], count)[0]

    def next_log_probs(self, pairs: Sequence[tuple[str, str]], count: int) -> list[float]:
        """Give :meth:`next_log_prob` of each pair of texts, all scored at once."""
        if not pairs:
            return []
        windows, sizes = [], []
        for left, right in pairs:
            after = self._head(right, count)
            ids = np.concatenate((_PADS, self._tail(left), after))
            windows += [ids[end - ORDER : end] for end in range(len(ids) - len(after) + 1, len(ids) + 1)]
            sizes.append(len(after))
        if not windows:
            return [0.0] * len(pairs)
        scores = self.score(np.array(windows))
        ends = np.cumsum(sizes)
        return [float(scores[end - size : end].sum()) for size, end in zip(sizes, ends, strict=True)]

    def contrast(self, left: str, options: Sequence[str], right: str) -> list[float]:
        """Give the log-probability of each option and of the four characters after it, given the four before it."""
        before, after = self._tail(left), self._head(right, ORDER - 1)
        scores = []
        for option in options:
            ids = np.concatenate((before, self._head(option, len(option)), after))
            scores.append(float(self.score_each(ids)[len(before) :].sum()))
        return scores

    def join_gain(self, left: str, right: str) -> float:
        """Give the log-odds, in nats, that ``right`` goes on in mid-sentence where ``left`` stops.

        Against it stand ends of paragraphs, headings, and halves of other sentences, even odds taken for granted: a
        positive value says that the two belong together. Any strings are taken; an empty one gives -inf.
        """
        return self.join_gains([(left, right)])[0]

    def join_gains(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """Give the join gain of each pair of texts, all scored at once."""
        if not pairs:
            return []
        weights = self.calibration["join"]
        values = self.join_features(pairs) @ np.array(weights["weights"]) + weights["bias"]
        empty = [not (left.strip() and right.strip()) for left, right in pairs]
        return [-math.inf if none else float(value) for none, value in zip(empty, values, strict=True)]

    def join_features(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        """Describe pairs of texts for :meth:`join_gain`, shape (pairs, JOIN_FEATURES)."""
        rows: list[Ids] = []
        for left, right in pairs:
            tail, head = self._tail(left.rstrip()), self._head(right.lstrip(), _JOIN_CHARS)
            tail = np.concatenate((_PADS, tail))[-(ORDER - 1) :]
            head = np.concatenate((head, np.repeat(_PADS[:1], _JOIN_CHARS)))[:_JOIN_CHARS]
            rows += [np.concatenate((before, head)) for before in (tail, _EDGES, _PADS)]
            rows.append(np.concatenate((tail, _EDGES[-1:], head[1:])))
        windows = np.lib.stride_tricks.sliding_window_view(np.array(rows), ORDER, axis=1)
        scores = self.score(windows.reshape(-1, ORDER)).reshape(len(pairs), 4, _JOIN_CHARS)
        there = windows[::4, :, -1] != PAD
        after, fresh, loose = (np.where(there, scores[:, way], 0.0) for way in range(3))
        near = (after[:, :4] - loose[:, :4]).sum(1)
        columns = [
            (after - fresh).sum(1),
            near,
            after[:, 0],
            after[:, :2].sum(1),
            scores[:, 3, 0],
            *np.array([_shape_of(left, right) for left, right in pairs], float).T,
        ]
        return np.stack(columns, axis=1).astype(np.float64)

    def _tail(self, text: str) -> Ids:
        """Encode the last four characters of a text that are not blank."""
        ids = self.encode(text[-_REACH:])
        seen: Ids = ids[ids != PAD]
        return seen[-(ORDER - 1) :]

    def _head(self, text: str, size: int) -> Ids:
        """Encode the first characters of a text that are not blank."""
        ids = self.encode(text[: size + _REACH])
        seen: Ids = ids[ids != PAD]
        return seen[:size]


def gain_of(before: Floats, after: Floats) -> Floats:
    """Say how much better text is after a repair, in nats, from the scores of its windows; shape kept.

    Where even the repaired text is unlikely (a foreign name, a verse), the gain is cut down.
    """
    return np.asarray(after - before + DOUBT * np.minimum(0.0, after + PLAUSIBLE), np.float32)


def _shape_of(left: str, right: str) -> tuple[bool, ...]:
    """Describe how a text ends and another begins: final marks, marks inside a sentence, brackets left open."""
    left, right = left.rstrip()[-_BRACKET_REACH:], right.lstrip()[:_BRACKET_REACH]
    opened = _open_brackets(left)
    closed = _open_brackets(right[::-1].translate(_MIRROR))
    return (
        left.endswith(_FINAL),
        left.endswith(_INNER),
        right.startswith(_INNER + _FINAL),
        opened and closed,
        opened and not closed,
        closed and not opened,
    )


def _open_brackets(text: str) -> bool:
    """Say whether a bracket or quotation mark is opened in a text and not closed in it."""
    return any(text.rfind(first) > text.rfind(last) for first, last in zip(_OPENING, _CLOSING, strict=True))


def _context_lengths(windows: Ids) -> NDArray[np.int64]:
    """Count how many ids before the last one may be used: up to and with the nearest EDGE, or after the nearest PAD."""
    lengths = np.full(len(windows), ORDER - 1)
    for place in range(ORDER - 1):
        lengths[windows[:, place] == EDGE] = ORDER - 1 - place
        lengths[windows[:, place] == PAD] = ORDER - 2 - place
    return lengths


def _expand(values: NDArray[np.int16]) -> Floats:
    """Turn stored bytes back into logarithms."""
    return (ZERO - STEP * values).astype(np.float32)
