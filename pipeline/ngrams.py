"""Turn text into character n-grams as numbers, fast enough to need no segmentation.

An n-gram of up to four characters is packed into one unsigned 64-bit key, 16 bits a character, the last one lowest.
Characters that are no ideograph, letter or digit break n-grams; letters are lower-cased and every digit counts as 0.
"""

from __future__ import annotations

import sys
import unicodedata

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.uint64]
MAX_ORDER = 4
_BITS = 16
_OTHER_PLANES = 0xFFFF  # stands for every character beyond the basic plane; U+FFFF itself is no character


def _make_table() -> npt.NDArray[np.uint64]:
    """Map each 16-bit code to the code it counts as, 0 for those that break n-grams."""
    table = np.zeros(1 << _BITS, dtype=np.uint64)
    for code in range(1 << _BITS):
        char = chr(code)
        category = unicodedata.category(char)
        if category[0] == "L":
            lower = char.lower()
            table[code] = ord(lower) if len(lower) == 1 else code
        elif category == "Nd":
            table[code] = ord("0")
    # Full-width letters count as the plain ones; 〇 is a letter-like number in Chinese text.
    for code in (*range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B)):
        table[code] = ord(chr(code - 0xFEE0).lower())
    table[0x3007] = 0x3007
    table[_OTHER_PLANES] = _OTHER_PLANES
    return table


_TABLE = _make_table()


def codes_of(text: str) -> Keys:
    """Give one number a character: 0 where it breaks n-grams. Lone surrogates break them too."""
    order = "le" if sys.byteorder == "little" else "be"
    codes = np.frombuffer(text.encode(f"utf-32-{order}", "surrogatepass"), dtype=np.uint32)
    return _TABLE[np.minimum(codes, _OTHER_PLANES)]


def keys_of(text: str, *, orders: int = MAX_ORDER) -> Keys:
    """Give the keys of all n-grams of one to ``orders`` characters, in no fixed order of places."""
    codes = codes_of(text)
    grams = codes
    found = [codes[codes > 0]]
    whole = codes > 0
    for order in range(2, orders + 1):
        if len(codes) < order:
            break
        grams = (grams[:-1] << np.uint64(_BITS)) | codes[order - 1 :]
        whole = whole[:-1] & (codes[order - 1 :] > 0)
        found.append(grams[whole])
    return np.concatenate(found)


def text_of(key: int) -> str:
    """Give the characters of a key; characters beyond the basic plane show as ``?``."""
    chars = []
    while key:
        code = key & 0xFFFF
        chars.append("?" if code == _OTHER_PLANES else chr(code))
        key >>= _BITS
    return "".join(reversed(chars))
