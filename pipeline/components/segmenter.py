"""Word segmentation: a spaCy tokenizer over our joint model, our pkuseg model, over jieba, or over characters.

The words of a Doc always concatenate to its text, white space included: offsets are the article's own. Our model
itself sees :func:`model_view`, a copy of the same length in the widths that it was trained on.
"""

from __future__ import annotations

import logging
import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate
from pathlib import Path
from typing import Literal

from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import registry
from spacy.vocab import Vocab

from pipeline.artefacts import open_model
from pipeline.components.joint import Analysis, JointModel
from pipeline.components.model_view import model_view, segments
from pipeline.components.pkuseg_decoder import Decoder
from pipeline.components.tagging import SPACE, is_space, to_upos
from pipeline.components.user_words import UserWord, WordMatcher, read_user_words
from pipeline.errors import ConfigError

NAME = "banmian.segmenter.v1"

# The model's lists begin with the most frequent ones. So many of them are 56 % of the different words of a development
# page and cost 20 ms at the start; to describe all words anew took 4 % of a page's time.
KNOWN_WORDS, KNOWN_CHARACTERS = 2_000, 1_000

_RUNS = re.compile(r"\s+|\S+")
# spaCy's string store takes UTF-8 only; half of a surrogate pair stands in the Doc as the replacement character.
_SURROGATE = re.compile("[\ud800-\udfff]")

Cutter = Callable[[str], list[str]]


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

    def pipe(self, texts: Iterable[str]) -> Iterator[Doc]:
        """Segment texts one after the other."""
        return map(self, texts)


class JointSegmenter:
    """Turn a text into a Doc with words, tags, UPOS and entities, by the joint model in one pass."""

    def __init__(self, vocab: Vocab, model: JointModel) -> None:
        self.vocab = vocab
        self.model = model
        # Words that every page has are in the vocabulary for good; the others are described anew for every page.
        for word in (*model.features.words[:KNOWN_WORDS], *model.features.characters[:KNOWN_CHARACTERS]):
            _ = vocab[word]

    def __call__(self, text: str) -> Doc:
        """Analyse a text of any length; lone surrogates become U+FFFD, one for one."""
        return next(self.pipe([text]))

    def pipe(self, texts: Iterable[str]) -> Iterator[Doc]:
        """Analyse texts one after the other, each as if it were alone."""
        for found in self.model.analyse(_SURROGATE.sub("\ufffd", text) for text in texts):
            yield self._to_doc(found)

    def _to_doc(self, found: Analysis) -> Doc:
        """Make the Doc of an analysed text."""
        blank = [is_space(word) for word in found.words]
        tags = [SPACE if none else tag for none, tag in zip(blank, found.tags, strict=True)]
        doc = Doc(
            self.vocab,
            words=found.words,
            spaces=[False] * len(tags),
            tags=tags,
            pos=["SPACE" if none else to_upos(tag) for none, tag in zip(blank, tags, strict=True)],
            ents=entity_tags(found),
        )
        doc._.ent_scores = tuple(item.score for item in found.entities)
        return doc


def entity_tags(found: Analysis) -> list[str]:
    """Write a text's entities as one IOB tag a word; they begin and end where words do."""
    tags = ["O"] * len(found.words)
    starts = list(accumulate(map(len, found.words), initial=0))
    for item in found.entities:
        low, high = bisect_left(starts, item.start), bisect_left(starts, item.end)
        tags[low:high] = [f"B-{item.label}", *[f"I-{item.label}"] * (high - low - 1)]
    return tags


def register() -> None:
    """Make the tokenizer known to spaCy as ``banmian.segmenter.v1``; calling it again changes nothing."""
    registry.tokenizers(NAME, func=make_segmenter)


def make_segmenter(
    *,
    method: Literal["joint", "pkuseg", "jieba", "char"] = "pkuseg",
    model: str = "pkuseg-1.0.0",
    user_dict: str = "",
) -> Callable[[Language], Segmenter | JointSegmenter]:
    """Make the tokenizer of a configuration.

    ``model`` is a name under ``models/``; ``user_dict`` the path of a word list, one word a line with an optional
    frequency and tag. With ``joint`` and ``pkuseg`` a word of the list is always one word; with ``jieba`` the
    frequency weighs it against others. Raises ConfigError and ModelError when the tokenizer is made, not per text.
    """

    def create(nlp: Language) -> Segmenter | JointSegmenter:
        words = read_user_words(Path(user_dict)) if user_dict else []
        if method == "joint":
            return JointSegmenter(nlp.vocab, JointModel.load(model, [item.word for item in words]))
        makers: dict[str, Callable[[], Cutter]] = {
            "pkuseg": lambda: pkuseg_cutter(open_model(model), words),
            "jieba": lambda: jieba_cutter(words),
            "char": lambda: cut_characters,
        }
        if method not in makers:
            raise ConfigError(f"[nlp.tokenizer] method = {method!r}: allowed are joint, {', '.join(makers)}")
        return Segmenter(nlp.vocab, makers[method]())

    return create


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
