"""Bytes → text: by byte-order mark, else by the first encoding that fits and looks like Chinese print. Pure.

Nothing is guessed beyond that and no byte is replaced; why there is no guessing library is in docs/decisions/31.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence

from pipeline.errors import ConfigError

# Byte-order marks; the UTF-32 ones come first because the UTF-16 ones are their beginnings.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    ("\ufeff".encode("gb18030"), "gb18030"),
)
# Almost any even run of high bytes decodes as GB18030, Big5 or UTF-16. Of the characters above ASCII, the share that
# are symbols or frequent ideographs was, on 40 composed pages, in the true encoding at least 0.99 (simplified
# characters, GB 2312 rows 1–55), 0.64 (traditional ones in the same rows) and 0.98 (those in Big5's rows for frequent
# ones), and in a wrong one at most 0.43. See docs/decisions/31-reader.md.
MIN_FREQUENT = 0.5
# Text has next to no private-use characters; Big5 read as GB18030 has 5 % and more of them even in single lines.
MAX_PRIVATE = 0.01
# Lines of 12 ideographs were told apart without a mistake, shorter ones not: Big5 and UTF-16 need as many.
MIN_EVIDENCE = 12
_PRIVATE = re.compile(r"[\ue000-\uf8ff]")
_ASCII = re.compile(r"[\x00-\x7f]+")
# The charset that tells frequent ideographs from rare ones by their row, and the first bytes of the rows that count.
_ROWS = (("gb2312", 0xA1, 0xD7), ("big5", 0xA1, 0xC6))


class DecodingError(ValueError):
    """Say why bytes are no text that is known."""


def decode(data: bytes, encodings: Sequence[str]) -> tuple[str, str]:
    """Decode bytes by their byte-order mark, else by the first of the encodings that fits.

    Returns the text without the mark and the encoding's name (``utf-8-sig`` for UTF-8 with a mark). Any encoding but
    UTF-8 fits only where the result looks like Chinese print, as nearly any bytes decode. Raises DecodingError with
    what was found, and ConfigError for an encoding that Python does not know.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                text = data[len(mark) :].decode(encoding)
            except UnicodeDecodeError as error:
                raise DecodingError(f"has the byte-order mark of {encoding} but {_what(error)}") from error
            return _without_nul(text), "utf-8-sig" if encoding == "utf-8" else encoding
    tried: list[str] = []
    cause: Exception | None = None
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError as error:
            cause = cause if tried else error
            tried.append(f"not {encoding} ({_what(error)})")
            continue
        except LookupError:
            raise ConfigError(f"reader.encodings: {encoding!r} is no encoding that Python knows") from None
        doubt = _doubt(text, encoding.lower())
        if not doubt:
            return text, encoding
        tried.append(f"not {encoding} ({doubt})")
    raise DecodingError(
        f"is no text in the encodings allowed: {'; '.join(tried)}. Convert the file to UTF-8"
    ) from cause


def _what(error: UnicodeDecodeError) -> str:
    """Say which byte did not decode."""
    return f"byte {error.object[error.start]:#04x} at offset {error.start}: {error.reason}"


def _doubt(text: str, encoding: str) -> str:
    """Say what speaks against an encoding in which bytes do decode; nothing for the right one."""
    nul = text.find("\0")
    if nul >= 0:
        return f"NUL character at offset {nul}"
    if encoding.startswith("utf-8"):
        return ""
    # Blanks, line feeds and digits show themselves in UTF-16 by the NUL beside them.
    wide = encoding.startswith("utf-16") and _ASCII.search(text) is not None
    short = len(_ASCII.sub("", text)) < MIN_EVIDENCE
    if short and not wide and not encoding.startswith("gb"):
        return "too little text to tell it from others"
    fits = plausible(text, _ROWS[:1] if short else _ROWS)
    return "" if fits else "it would decode, but to characters that Chinese print does not use"


def _without_nul(text: str) -> str:
    """Refuse a text with a NUL: it is a binary file."""
    place = text.find("\0")
    if place >= 0:
        raise DecodingError(f"holds a NUL character at offset {place}: a binary file")
    return text


def plausible(text: str, rows: Sequence[tuple[str, int, int]] = _ROWS[:1]) -> bool:
    """Say whether decoded text looks like Chinese print: frequent characters of one of a charset, few private ones."""
    above = _ASCII.sub("", text)
    if not above:
        return True
    frequent = max(_share(above, *row) for row in rows)
    return frequent >= MIN_FREQUENT and len(_PRIVATE.findall(text)) <= MAX_PRIVATE * len(text)


def _share(text: str, charset: str, first: int, last: int) -> float:
    """Compute the share of characters in some rows of a charset of two bytes a character."""
    rows = text.encode(charset, "ignore")[::2]
    return sum(first <= row <= last for row in rows) / len(text)
