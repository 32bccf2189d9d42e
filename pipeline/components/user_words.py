"""Words of a user: read from a file, and found in a text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pipeline.errors import ConfigError


class UserWord(NamedTuple):
    """Hold a line of a user's word list."""

    word: str
    frequency: int | None = None
    tag: str | None = None


def read_user_words(path: Path) -> list[UserWord]:
    """Read a word list: ``word``, ``word frequency`` or ``word frequency tag`` a line; ``#`` begins a comment line.

    Raises ConfigError that names the file and the line.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"user_dict {path} cannot be read as UTF-8 text: {error}") from error
    words: list[UserWord] = []
    for number, line in enumerate(text.splitlines(), start=1):
        fields = line.split()
        if not fields or fields[0].startswith("#"):
            continue
        if len(fields) > 3 or (len(fields) > 1 and not (fields[1].isascii() and fields[1].isdigit())):
            raise ConfigError(
                f"user_dict {path}, line {number}: {line.strip()!r}; "
                "a line is a word, then at most a whole number (frequency) and a tag, separated by blanks"
            )
        frequency = int(fields[1]) if len(fields) > 1 else None
        words.append(UserWord(fields[0], frequency, fields[2] if len(fields) > 2 else None))
    return words


class WordMatcher:
    """Find the words of a list in a text: leftmost, then longest.

    The matcher inside spacy-pkuseg walks on along a longer word and returns what it walked over, so that with
    中国 and 中国人民银行 in the list it made one word of 中国人民 in 中国人民大学.
    """

    def __init__(self, words: list[str]) -> None:
        self.words = frozenset(words)
        lengths: dict[str, set[int]] = {}
        for word in words:
            lengths.setdefault(word[0], set()).add(len(word))
        self.lengths = {first: sorted(sizes, reverse=True) for first, sizes in lengths.items()}

    def split(self, text: str) -> Iterator[tuple[str, bool]]:
        """Cut a text into pieces that concatenate to it, each with whether it is a word of the list."""
        start = at = 0
        while self.words and at < len(text):
            word = next((w for n in self.lengths.get(text[at], ()) if (w := text[at : at + n]) in self.words), None)
            if word is None:
                at += 1
                continue
            if start < at:
                yield text[start:at], False
            yield word, True
            start = at = at + len(word)
        if start < len(text):
            yield text[start:], False
