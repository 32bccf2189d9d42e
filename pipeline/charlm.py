"""A character n-gram model of newspaper Chinese: how likely is this character here?

Cleaning asks it which of two look-alike characters belongs in a place; the splitter asks it whether a block of
text goes on in mid-sentence where another one stopped. The model is a back-off model of order 5 (absolute
discounting), pruned and quantised, in one hashed table of plain arrays: some megabytes, read in a tenth of a second.

Every probability is natural-logarithmic; a difference of 1 is one nat.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ModelError

ORDER = 5
# Ids 0-2 are no characters: padding, the end of a paragraph (also what stands before its first character), and any
# character that the model does not know. Twelve bits an id, so that five of them fit one 64-bit key.
PAD, EDGE, UNKNOWN = 0, 1, 2
ID_BITS = 12
MAX_IDS = 1 << ID_BITS
FIRST_CHAR = 3
BLANKS = "\t\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b\u200c\u200d\u2060\u3000\ufeff"
# A key's hash is split in two: the upper bits name a bucket, 16 bits are kept to tell its entries apart. With
# about two entries a bucket, an n-gram that is not in the model is taken for one that is once in 30,000 times.
FINGERPRINT_BITS = 16
FORMAT = 1
# Log-probabilities and back-off weights are stored in one byte, as steps below ZERO. A step of 0.2 nats costs less
# than 0.005 nats a character.
STEP, ZERO = 0.2, 1.0
_FILE = "model.npz"
_CALIBRATION = "calibration.json"

FOLDS = {
    **{ord(char): "0" for char in "123456789０１２３４５６７８９"},
    **{first + i: "a" for first in (ord("a"), ord("A"), ord("ａ"), ord("Ａ")) for i in range(26)},
    **{ord(half): full for half, full in zip(",;:?!()", "，；：？！（）", strict=True)},
}

Ids = NDArray[np.uint16]
Floats = NDArray[np.float32]
_Keys = NDArray[np.uint64]


def mix(keys: _Keys) -> _Keys:
    """Scatter keys over 64 bits (the finaliser of SplitMix64; Steele, Lea and Flood 2014), shape kept."""
    with np.errstate(over="ignore"):
        keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))


def pack(grams: NDArray[np.uint64]) -> _Keys:
    """Pack n-grams, shape (m, n) with n <= 5, into keys of shape (m,), the last id in the lowest bits."""
    keys = np.zeros(len(grams), np.uint64)
    for column in range(grams.shape[1]):
        keys = (keys << np.uint64(ID_BITS)) | grams[:, column]
    return keys


@dataclass(frozen=True, slots=True)
class HashTable:
    """Map 64-bit keys to one byte each, approximately: an absent key is found with a probability of about 3e-5.

    ``starts`` has one offset a bucket and one more; ``fingerprints`` and ``values`` have one element an entry.
    """

    starts: NDArray[np.uint32]
    fingerprints: NDArray[np.uint16]
    values: NDArray[np.uint8]

    @classmethod
    def build(cls, keys: _Keys, values: NDArray[np.uint8], bucket_bits: int) -> HashTable:
        """Store values of shape (m,) under distinct keys of shape (m,)."""
        hashes = mix(keys)
        order = np.argsort(hashes)
        hashes = hashes[order]
        buckets = (hashes >> np.uint64(64 - bucket_bits)).astype(np.int64)
        counts = np.bincount(buckets, minlength=1 << bucket_bits)
        prints = (hashes >> np.uint64(64 - bucket_bits - FINGERPRINT_BITS)) & np.uint64((1 << FINGERPRINT_BITS) - 1)
        return cls(_starts(counts), prints.astype(np.uint16), values[order])

    @property
    def counts(self) -> NDArray[np.uint8]:
        """Count the entries of each bucket, shape (buckets,): what is stored instead of ``starts``."""
        return np.diff(self.starts).astype(np.uint8)

    def get(self, keys: _Keys) -> NDArray[np.int16]:
        """Look keys of shape (m,) up; -1 where a key is absent."""
        bucket_bits = int(len(self.starts) - 1).bit_length() - 1
        hashes = mix(keys)
        buckets = hashes >> np.uint64(64 - bucket_bits)
        prints = (hashes >> np.uint64(64 - bucket_bits - FINGERPRINT_BITS)).astype(np.uint16)
        at = self.starts[buckets]
        ends = self.starts[buckets + np.uint64(1)]
        found = np.full(len(keys), -1, np.int16)
        todo = np.flatnonzero(at < ends)
        while len(todo):
            here = at[todo]
            hit = self.fingerprints[here] == prints[todo]
            found[todo[hit]] = self.values[here[hit]]
            todo = todo[~hit]
            at[todo] += 1
            todo = todo[at[todo] < ends[todo]]
        return found


def _starts(counts: NDArray[np.integer]) -> NDArray[np.uint32]:
    """Turn the sizes of buckets into the offsets of their first entries."""
    starts = np.zeros(len(counts) + 1, np.uint32)
    np.cumsum(counts, out=starts[1:])
    return starts


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

    ``lookup`` maps code points to ids, ``unigrams`` holds log-probabilities by id, the tables hold
    quantised log-probabilities of longer n-grams and back-off weights of contexts.
    """

    lookup: Ids
    unigrams: Floats
    grams: HashTable
    contexts: HashTable
    calibration: dict[str, Any] = field(default_factory=dict)

    def encode(self, text: str) -> Ids:
        """Turn a text into the model's ids, shape (len(text),); blanks are PAD."""
        return encode(text, self.lookup)

    def score(self, windows: Ids) -> Floats:
        """Give the log-probability of the last id of each window after the others: (m, 5) to (m,).

        Ids before an EDGE are ignored: the window starts there.
        """
        grams = windows.astype(np.uint64)
        scores = self.unigrams[windows[:, -1]]
        spent = np.zeros(len(windows), np.float32)
        todo = np.arange(len(windows))
        longest = _context_lengths(windows)
        for order in range(ORDER, 1, -1):
            able = todo[longest[todo] >= order - 1]
            if not len(able):
                continue
            heads = pack(grams[able, ORDER - order : -1])
            found = self.grams.get((heads << np.uint64(ID_BITS)) | grams[able, -1])
            hit = found >= 0
            scores[able[hit]] = spent[able[hit]] + _expand(found[hit])
            missed = able[~hit]
            weights = self.contexts.get(heads[~hit])
            spent[missed] += np.where(weights >= 0, _expand(weights), 0.0)
            todo = np.setdiff1d(todo, able[hit], assume_unique=True)
        scores[todo] += spent[todo]
        return scores


def _context_lengths(windows: Ids) -> NDArray[np.int64]:
    """Count how many ids before the last one may be used: up to and with the nearest EDGE."""
    lengths = np.full(len(windows), ORDER - 1)
    for place in range(ORDER - 1):
        lengths[windows[:, place] == EDGE] = ORDER - 1 - place
    return lengths


def _expand(values: NDArray[np.int16]) -> Floats:
    """Turn stored bytes back into logarithms."""
    return (ZERO - STEP * values).astype(np.float32)
