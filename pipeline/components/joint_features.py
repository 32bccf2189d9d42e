"""What the joint model sees of a text: a number for each character, and the lexicon words that each lies in.

The network is a function of two arrays: ``chars`` (one id a character) and ``words`` (for each character, in fixed
slots, the ids of the lexicon words that begin at it, hold it inside, or end with it; 0 where there is none), in the
manner of SoftLexicon (Ma et al. 2020, arXiv 1908.05969). Both are looked up with numpy, without a loop over
characters.
"""

from __future__ import annotations

from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]

# Ids of what is no character of the vocabulary.
PAD, UNKNOWN, MASK, BREAK = range(4)
SPECIALS = 4
# Lengths of the words in the lexicon, in characters.
MIN_WORD, MAX_WORD = 2, 5
# Slots of a character: one for each length of a word that begins here, then one for each length and inner place, then
# one for each length of a word that ends here.
LENGTHS = range(MIN_WORD, MAX_WORD + 1)
BEGIN_SLOTS = len(LENGTHS)
INSIDE_SLOTS = sum(length - 2 for length in LENGTHS)
SLOTS = 2 * BEGIN_SLOTS + INSIDE_SLOTS
# Base of the polynomial hash, modulo 2^64, that words are found by: an odd number without pattern. A lexicon in which
# two words collide is refused when it is made.
_BASE = np.uint64(0x9E3779B97F4A7C15)
_PLANE = 0x10000


class Features:
    """Look up characters and lexicon words. ``characters`` and ``words`` hold them in the order of their ids."""

    def __init__(self, characters: str, words: list[str]) -> None:
        self.characters = characters
        self.words = words
        self._table = np.full(_PLANE, UNKNOWN, np.int32)
        codes = np.frombuffer(characters.encode("utf-32-le"), np.uint32)
        self._table[codes] = np.arange(SPECIALS, SPECIALS + len(codes), dtype=np.int32)
        self._keys, self._ids = self._index(words)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read ``characters.txt`` and ``words.txt`` (one word a line) of a model's folder."""
        characters = (folder / "characters.txt").read_text("utf-8").rstrip("\n")
        return cls(characters, (folder / "words.txt").read_text("utf-8").splitlines())

    def save(self, folder: Path) -> None:
        """Write the two files that :meth:`load` reads."""
        (folder / "characters.txt").write_text(self.characters + "\n", "utf-8")
        (folder / "words.txt").write_text("".join(f"{word}\n" for word in self.words), "utf-8")

    @property
    def size(self) -> int:
        """Count the ids of characters, special ones included."""
        return SPECIALS + len(self.characters)

    def chars(self, text: str) -> Ints:
        """Number the characters of a text: shape (characters,)."""
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        ids = self._table[np.minimum(codes, _PLANE - 1)]
        ids[codes >= _PLANE] = UNKNOWN
        return ids

    def lexicon(self, chars: Ints) -> Ints:
        """Find the lexicon words over each character of a sequence of ids: shape (characters, SLOTS).

        Sequences that must not share words are put one after another with PAD or BREAK between them.
        """
        size = len(chars)
        slots = np.zeros((size, SLOTS), np.int32)
        at = chars.astype(np.uint64)
        known = chars >= SPECIALS
        key = at + np.uint64(1)
        whole = known.copy()
        inside = BEGIN_SLOTS
        for number, length in enumerate(LENGTHS):
            count = size - length + 1
            if count <= 0:
                break
            if length == MIN_WORD:
                key, whole = key[:count] * _BASE + at[1:], whole[:count] & known[1:]
            else:
                key, whole = key[:count] * _BASE + at[length - 1 :], whole[:count] & known[length - 1 :]
            where = np.searchsorted(self._keys, key)
            where[where == len(self._keys)] = 0
            found = np.where(whole & (self._keys[where] == key), self._ids[where], 0)
            slots[:count, number] = found
            for offset in range(1, length - 1):
                slots[offset : offset + count, inside] = found
                inside += 1
            slots[length - 1 :, BEGIN_SLOTS + INSIDE_SLOTS + number] = found
        return slots

    def _index(self, words: list[str]) -> tuple[NDArray[np.uint64], Ints]:
        """Sort the keys of the lexicon's words; word number n has id n + 1."""
        lengths = np.array([len(word) for word in words])
        keys = np.zeros(len(words), np.uint64)
        for length in LENGTHS:
            at = np.flatnonzero(lengths == length)
            ids = self.chars("".join(words[number] for number in at)).reshape(-1, length)
            lengths[at[(ids < SPECIALS).any(1)]] = 0
            key = ids[:, 0].astype(np.uint64) + np.uint64(1)
            for column in range(1, length):
                key = key * _BASE + ids[:, column].astype(np.uint64)
            keys[at] = key
        for number in np.flatnonzero((lengths < MIN_WORD) | (lengths > MAX_WORD))[:1]:
            raise ValueError(
                f"lexicon word {words[number]!r}: {MIN_WORD} to {MAX_WORD} characters of the vocabulary are wanted"
            )
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        if (keys[1:] == keys[:-1]).any():
            raise ValueError("two words of the lexicon have the same key: leave one out")
        return keys, (order + 1).astype(np.int32)
