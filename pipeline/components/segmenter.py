"""Word segmentation: a spaCy tokenizer over our pkuseg model, over jieba, or over characters.

The words of a Doc always concatenate to its text, white space included: offsets are the article's own. Our model
itself sees :func:`model_view`, a copy of the same length in the widths that it was trained on.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import registry
from spacy.vocab import Vocab

from pipeline.artefacts import open_model
from pipeline.components.pkuseg_decoder import Decoder
from pipeline.errors import ConfigError

NAME = "banmian.segmenter.v1"

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

_RUNS = re.compile(r"\s+|\S+")
# spaCy's string store takes UTF-8 only; half of a surrogate pair stands in the Doc as the replacement character.
_SURROGATE = re.compile("[\ud800-\udfff]")

Cutter = Callable[[str], list[str]]


class UserWord(NamedTuple):
    """Hold a line of a user's word list."""

    word: str
    frequency: int | None = None
    tag: str | None = None


class Segmenter:
    """Turn a text into a Doc whose words concatenate to it; ``cut`` cuts one text into words."""

    def __init__(self, vocab: Vocab, cut: Cutter) -> None:
        self.vocab = vocab
        self.cut = cut

    def __call__(self, text: str) -> Doc:
        """Segment a text of any length; lone surrogates become U+FFFD, one for one."""
        text = _SURROGATE.sub("\ufffd", text)
        words = self.cut(text)
        return Doc(self.vocab, words=words, spaces=[False] * len(words))


def register() -> None:
    """Make the tokenizer known to spaCy as ``banmian.segmenter.v1``; calling it again changes nothing."""
    registry.tokenizers(NAME, func=make_segmenter)


def make_segmenter(
    *,
    method: Literal["pkuseg", "jieba", "char"] = "pkuseg",
    model: str = "pkuseg-1.0.0",
    user_dict: str = "",
) -> Callable[[Language], Segmenter]:
    """Make the tokenizer of a configuration.

    ``model`` is a name under ``models/``; ``user_dict`` the path of a word list, one word a line with an optional
    frequency and tag. With ``pkuseg`` a word of the list is always one word; with ``jieba`` the frequency
    weighs it against others. Raises ConfigError and ModelError when the tokenizer is made, not per text.
    """

    def create(nlp: Language) -> Segmenter:
        words = read_user_words(Path(user_dict)) if user_dict else []
        makers: dict[str, Callable[[], Cutter]] = {
            "pkuseg": lambda: pkuseg_cutter(open_model(model), words),
            "jieba": lambda: jieba_cutter(words),
            "char": lambda: cut_characters,
        }
        if method not in makers:
            raise ConfigError(f"[nlp.tokenizer] method = {method!r}: allowed are {', '.join(makers)}")
        return Segmenter(nlp.vocab, makers[method]())

    return create


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


def model_view(text: str) -> str:
    """Map a text to the widths the models were trained on, one character for one."""
    return _INSIDE_NUMBER.sub(lambda match: _NUMBER_MARKS[match.group()], text).translate(_VIEW)


def segments(view: str) -> Iterator[str]:
    """Cut a run without white space at sentence ends; the pieces concatenate to it."""
    for match in _SENTENCE.finditer(view):
        piece = match.group()
        for start in range(0, len(piece), MAX_SEGMENT):
            yield piece[start : start + MAX_SEGMENT]


def pkuseg_cutter(folder: Path, words: list[UserWord]) -> Cutter:
    """Make the cutter of a pkuseg model in a folder; the library's bundled dictionary is left out (see the card)."""
    decoder = Decoder(folder)
    forced = WordMatcher([model_view(item.word) for item in words])

    def cut(text: str) -> list[str]:
        whole, pieces = _pieces(model_view(text), forced)
        lengths = decoder.word_lengths(piece for piece, is_word in zip(pieces, whole, strict=True) if not is_word)
        found: list[str] = []
        at = 0
        for piece, is_word in zip(pieces, whole, strict=True):
            for length in [len(piece)] if is_word else next(lengths):
                found.append(text[at : at + length])
                at += length
        return found

    return cut


def _pieces(view: str, forced: WordMatcher) -> tuple[list[bool], list[str]]:
    """Cut a text into pieces that concatenate to it; say of each whether it is one word (white space, a user's)."""
    whole: list[bool] = []
    pieces: list[str] = []
    for run in _RUNS.findall(view):
        if run.isspace():
            whole.append(True)
            pieces.append(run)
            continue
        for segment in segments(run):
            for piece, is_word in forced.split(segment):
                whole.append(is_word)
                pieces.append(piece)
    return whole, pieces


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


def jieba_cutter(words: list[UserWord]) -> Cutter:
    """Make the cutter of a jieba Tokenizer of our own, its dictionary read at the first text.

    The dictionary is read from the package itself: jieba's own cache lies under a fixed name in the
    shared temporary folder, where anyone may have put it.
    """
    import jieba  # noqa: PLC0415  # only this method pays for its import

    jieba.setLogLevel(logging.WARNING)
    tokenizer = jieba.Tokenizer()

    def cut(text: str) -> list[str]:
        if not tokenizer.initialized:
            tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
            tokenizer.initialized = True
            for item in words:
                tokenizer.add_word(item.word, item.frequency, item.tag)
        found: list[str] = []
        for run in _RUNS.findall(text):
            if run.isspace():
                found.append(run)
            else:
                found.extend(word for segment in segments(run) for word in tokenizer.cut(segment))
        return found

    return cut


def cut_characters(text: str) -> list[str]:
    """Cut a text into its characters, a run of white space being one."""
    return [word for run in _RUNS.findall(text) for word in ([run] if run.isspace() else run)]
