"""What the models see of a text: widths as in their training text, and the pieces that they read one by one."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

# What the models saw: full-width forms, one dot for foreign names, one dash. One character for one, so offsets stay.
_VIEW: dict[int, int | str] = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
_VIEW |= {ord(char): "·" for char in "•・‧･∙"} | {ord(char): "—" for char in "–―─"}
_VIEW |= {ord("〇"): "○", ord('"'): "”", ord("'"): "’"}
_VIEW |= {ord(char): " " for char in "\u200b\u200c\u200d\u2060\ufeff"}

# Inside a number the training text has these marks: 2,300 is one word as 2．300 is, 10:30 was set with a ratio sign.
_INSIDE_NUMBER = re.compile("(?<=[0-9０-９])[,:：](?=[0-9０-９])")
_NUMBER_MARKS = {",": "．", ":": "∶", "：": "∶"}

# A sentence end with the closing marks after it. Segments between sentence ends and white space are independent of
# each other, so that a text cut anywhere else gives the same words, and memory does not grow with the text.
_SENTENCE = re.compile(r"[^。！？；]*[。！？；]+[”’』」）》]*|[^。！？；]+")
# Text without any sentence end is cut after this many characters.
MAX_SEGMENT = 2_000

# The characters that ``str.isspace`` holds for all lie before U+3001; one more place stands for all characters after.
_BLANK = np.array([chr(code).isspace() for code in range(0x3002)])


def are_blank(text: str) -> NDArray[np.bool_]:
    """Say of each character whether it is white space: shape (characters,)."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    return _BLANK[np.minimum(codes, len(_BLANK) - 1)]


def model_view(text: str) -> str:
    """Map a text to the widths the models were trained on, one character for one."""
    return _INSIDE_NUMBER.sub(lambda match: _NUMBER_MARKS[match.group()], text).translate(_VIEW)


def segments(view: str) -> Iterator[str]:
    """Cut a run without white space at sentence ends; the pieces concatenate to it."""
    for match in _SENTENCE.finditer(view):
        piece = match.group()
        for start in range(0, len(piece), MAX_SEGMENT):
            yield piece[start : start + MAX_SEGMENT]
