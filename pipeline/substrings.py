"""Number the substrings of a text: equal strings have equal 64-bit keys, so that numpy can group and look them up.

The key of a string is the sum of its characters' code points times the powers of one odd number, modulo 2^64. Prefix
sums give the key of any substring in three operations (Karp and Rabin 1987). Two different strings of a dozen
characters share a key with a probability of about 2^-64.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]

# The golden ratio in 64 bits, odd, and its inverse modulo 2^64.
_BASE = 0x9E3779B97F4A7C15
_INVERSE = pow(_BASE, -1, 1 << 64)
_ENCODING = f"utf-32-{'le' if sys.byteorder == 'little' else 'be'}"


@lru_cache(maxsize=4)
def _powers(count: int) -> tuple[Keys, Keys]:
    """Give the first ``count`` powers of the base and of its inverse."""
    tables = []
    for factor in (_BASE, _INVERSE):
        table = np.full(count, factor, dtype=np.uint64)
        table[0] = 1
        tables.append(np.cumprod(table))
    return tables[0], tables[1]


def _codes(text: str) -> Keys:
    """Give the code points of a text; lone surrogates count like any other."""
    return np.frombuffer(text.encode(_ENCODING, "surrogatepass"), dtype=np.uint32).astype(np.uint64)


class Substrings:
    """Give the keys of the substrings of one text."""

    def __init__(self, text: str) -> None:
        # Sizes are rounded up to powers of two, so that few tables of powers are made and kept.
        up, self._down = _powers(1 << max(10, len(text).bit_length()))
        self._sums = np.zeros(len(text) + 1, dtype=np.uint64)
        np.cumsum(_codes(text) * up[: len(text)], out=self._sums[1:])

    def keys(self, starts: Places, ends: Places) -> Keys:
        """Give the keys (N,) of ``text[start:end]`` for places (N,) inside the text."""
        found: Keys = (self._sums[ends] - self._sums[starts]) * self._down[starts]
        return found


def keys_of(strings: Sequence[str]) -> Keys:
    """Give the keys (N,) of some strings."""
    lengths = np.array([len(one) for one in strings], dtype=np.int64)
    codes = _codes("".join(strings))
    starts = np.cumsum(lengths) - lengths
    longest = int(lengths.max(initial=0))
    up, _ = _powers(1 << max(10, longest.bit_length()))
    keys = np.zeros(len(strings), dtype=np.uint64)
    for place in range(longest):
        long_enough = np.flatnonzero(lengths > place)
        keys[long_enough] += codes[starts[long_enough] + place] * up[place]
    return keys


def find_keys(keys: Keys, table: Keys) -> tuple[Places, npt.NDArray[np.bool_]]:
    """Look keys (N,) up in a sorted table: give their places (N,) and whether each is there (N,)."""
    if not len(table):
        return np.zeros(len(keys), dtype=np.int64), np.zeros(len(keys), dtype=np.bool_)
    places = np.minimum(np.searchsorted(table, keys), len(table) - 1)
    return places, table[places] == keys
