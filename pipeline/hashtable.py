"""A hashed table from 64-bit keys to bytes, in three plain arrays: small on disk, looked up by the thousand.

An entry keeps only 16 bits of its key, so an absent key is sometimes taken for one that is there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# A key's hash is split in two: the upper bits name a bucket, 16 bits are kept to tell its entries apart. With
# about two entries a bucket, an n-gram that is not in the model is taken for one that is once in 30,000 times.
FINGERPRINT_BITS = 16
# Keys that are looked up in one step, so that memory stays flat: it takes some 60 bytes a key.
AT_ONCE = 1 << 16

_Keys = NDArray[np.uint64]


def mix(keys: _Keys) -> _Keys:
    """Scatter keys over 64 bits (the finaliser of SplitMix64; Steele, Lea and Flood 2014), shape kept."""
    # Products of whole arrays wrap around without a warning.
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))


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
        return cls(starts_of(counts), prints.astype(np.uint16), values[order])

    @property
    def counts(self) -> NDArray[np.uint8]:
        """Count the entries of each bucket, shape (buckets,): what is stored instead of ``starts``."""
        return np.diff(self.starts).astype(np.uint8)

    def get(self, keys: _Keys) -> NDArray[np.int16]:
        """Look keys of shape (m,) up; -1 where a key is absent."""
        found = np.full(len(keys), -1, np.int16)
        for start in range(0, len(keys), AT_ONCE):
            self._get(keys[start : start + AT_ONCE], found[start : start + AT_ONCE])
        return found

    def _get(self, keys: _Keys, found: NDArray[np.int16]) -> None:
        """Write the values of keys into ``found``: all entries of their buckets are compared in one step."""
        bucket_bits = int(len(self.starts) - 1).bit_length() - 1
        hashes = mix(keys)
        buckets = hashes >> np.uint64(64 - bucket_bits)
        prints = (hashes >> np.uint64(64 - bucket_bits - FINGERPRINT_BITS)).astype(np.uint16)
        firsts = self.starts[buckets].astype(np.int64)
        sizes = self.starts[buckets + np.uint64(1)] - firsts
        ends = np.cumsum(sizes)
        asked = np.repeat(np.arange(len(keys)), sizes)
        entries = np.arange(len(asked)) + np.repeat(firsts - (ends - sizes), sizes)
        hits = np.flatnonzero(self.fingerprints[entries] == prints[asked])[::-1]
        # From the last to the first: of several entries with a key's print the bucket's first one counts.
        found[asked[hits]] = self.values[entries[hits]]


def starts_of(counts: NDArray[np.integer]) -> NDArray[np.uint32]:
    """Turn the sizes of buckets into the offsets of their first entries."""
    starts = np.zeros(len(counts) + 1, np.uint32)
    np.cumsum(counts, out=starts[1:])
    return starts
