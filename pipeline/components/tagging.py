"""Part-of-speech tags of the PKU set with UPOS beside them: by our neural tagger, or from jieba's dictionary.

Tagger, ner and the word vectors they share are one trained spaCy pipeline. It is loaded once for an ``nlp`` and its
parts are handed out one by one, so that a configuration can order them among the other stages.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import spacy
from spacy.attrs import NORM, PREFIX, SHAPE, SUFFIX
from spacy.language import Language
from spacy.tokens import Doc
from spacy.vectors import Vectors
from spacy.vocab import Vocab
from thinc.api import use_ops

from pipeline.artefacts import open_model
from pipeline.components.model_view import model_view
from pipeline.errors import ModelError
from pipeline.text import is_blank, is_han, is_punctuation

# The PKU set (Yu et al. 2003) and its sub-tags that jieba adds, to Universal POS. A sub-tag not named here
# takes the UPOS of its first letter; what is left takes X.
UPOS = {
    "a": "ADJ",
    "ad": "ADV",
    "ag": "ADJ",
    "an": "NOUN",
    "b": "ADJ",
    "c": "CCONJ",
    "d": "ADV",
    "df": "ADV",
    "dg": "ADV",
    "e": "INTJ",
    "eng": "X",
    "f": "ADP",
    "g": "X",
    "h": "PART",
    "i": "NOUN",
    "j": "NOUN",
    "k": "PART",
    "l": "NOUN",
    "m": "NUM",
    "mg": "NUM",
    "mq": "NUM",
    "n": "NOUN",
    "ng": "NOUN",
    "nr": "PROPN",
    "nrt": "PROPN",
    "nrfg": "PROPN",
    "ns": "PROPN",
    "nt": "PROPN",
    "nx": "X",
    "nz": "PROPN",
    "o": "INTJ",
    "p": "ADP",
    "q": "NOUN",
    "r": "PRON",
    "s": "NOUN",
    "t": "NOUN",
    "tg": "NOUN",
    "u": "PART",
    "v": "VERB",
    "vd": "ADV",
    "vg": "VERB",
    "vn": "NOUN",
    "w": "PUNCT",
    "x": "X",
    "y": "PART",
    "yg": "PART",
    "z": "ADJ",
    "zg": "ADJ",
}
SPACE = "_SP"
# Surnames of one character: the hundred most frequent (Ministry of Public Security, report on names of 2020: 86 % of
# all people) and more that news names often. A dictionary's "person" that begins otherwise is mostly a common word.
SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔"
    "谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向汤阎葛康邢安常牛尚"
    "习温俞聂柴柯裴詹阮卓岳齐梅庄辛祝左涂谷祁舒耿牟尤骆费曲欧苗项霍柳栗樊窦焦宁蓝翟倪冀褚晏桂闻鲍娄仇茅阳宗"
)

_DIGITS = re.compile("[０-９]+")
_LETTERS = re.compile("[Ａ-Ｚａ-ｚ]")
_NUMBER = re.compile(
    "(?=.*[０-９一二三四五六七八九十百千万亿两○零几])[０-９．，％一二三四五六七八九十百千万亿两○零几多余第]+"
)
_TIME = re.compile("[０-９○一二三四五六七八九十]+(?:年|月|日|时|点|分)")
_loaded: WeakKeyDictionary[Language, dict[str, Language]] = WeakKeyDictionary()


def to_upos(tag: str) -> str:
    """Map a PKU tag to Universal POS."""
    small = tag.lower()
    return UPOS.get(small) or UPOS.get(small[:1], "X")


def norm(word: str) -> str:
    """Give a word in model view with every number as one digit, so that 1998年 and 2026年 are one word."""
    return _DIGITS.sub("０", model_view(word))


def prefix(word: str) -> str:
    """Give the first character in model view, digits and letters each as one."""
    return _LETTERS.sub("Ａ", norm(word[:1]))


def suffix(word: str) -> str:
    """Give the last character in model view, digits and letters each as one."""
    return _LETTERS.sub("Ａ", norm(word[-1:]))


def shape(word: str) -> str:
    """Give the kinds of a word's characters: ``h`` Han, ``d`` digit, ``x`` letter, ``s`` space, else the character.

    Runs are cut after three of a kind.
    """
    kinds = [_kind(char) for char in word[:12]]
    return "".join(kind for at, kind in enumerate(kinds) if at < 3 or kinds[at - 3 : at] != [kind] * 3)


def _kind(char: str) -> str:
    """Give the kind of one character."""
    if is_han(char):
        return "h"
    if char.isdigit():
        return "d"
    if char.isalpha():
        return "x"
    return "s" if is_blank(char) else model_view(char)


# Words whose features are remembered from page to page (some 10 MB).
_REMEMBERED = 50_000


def use_word_features(vocab: Vocab) -> None:
    """Make a vocabulary compute NORM, PREFIX, SUFFIX and SHAPE for Chinese words, as the models were trained.

    spaCy's own suffix is a word's last three characters, which for most Chinese words is the whole word.
    """
    # Only these four: every new word of a page pays for each getter, and spaCy's other twenty are read by no stage.
    vocab.lex_attr_getters = {  # type: ignore[attr-defined]
        key: lru_cache(_REMEMBERED)(getter)
        for key, getter in ((NORM, norm), (PREFIX, prefix), (SUFFIX, suffix), (SHAPE, shape))
    }


def trained_pipeline(nlp: Language, model: str) -> Language:
    """Load the trained pipeline of a model once for an ``nlp``, on its vocabulary."""
    loaded = _loaded.setdefault(nlp, {})
    if model not in loaded:
        folder = open_model(model) / "spacy"
        use_word_features(nlp.vocab)
        nlp.vocab.vectors = read_vectors(folder / "vocab", nlp.vocab)
        # numpy's own matrix product took a third of the time of thinc's default, blis, on matrices of this size.
        with use_ops("numpy", use_blis=False):
            loaded[model] = spacy.load(folder, vocab=nlp.vocab, exclude=["vocab", "tokenizer"])
    return loaded[model]


def read_vectors(folder: Path, vocab: Vocab) -> Vectors:
    """Read a model's static vectors; they are kept in half precision and used in single."""
    vectors = Vectors(strings=vocab.strings).from_disk(folder)
    vectors.data = vectors.data.astype("float32")
    return vectors


def trained_folder(nlp: Language) -> Path | None:
    """Find the folder of the model whose trained ner an ``nlp`` has, ``None`` where it has none."""
    models = [
        model for model, source in _loaded.get(nlp, {}).items() if "ner" in nlp.pipe_names and source.has_pipe("ner")
    ]
    return open_model(models[-1]) if models else None


def trained_pipe(nlp: Language, model: str, name: str) -> Any:
    """Take one component out of a model's trained pipeline."""
    source = trained_pipeline(nlp, model)
    if name not in source.pipe_names:
        raise ModelError(f"model {model!r} has no {name!r}; it has {', '.join(source.pipe_names)}")
    return source.get_pipe(name)


def make_tok2vec(nlp: Language, name: str, *, model: str) -> Callable[[Doc], Doc]:  # noqa: ARG001
    """Give the word vectors in context that tagger and ner share; they lie in ``doc.tensor``."""
    pipe: Callable[[Doc], Doc] = trained_pipe(nlp, model, "tok2vec")
    return pipe


def make_tagger(nlp: Language, name: str, *, model: str) -> Tagger:  # noqa: ARG001
    """Give the neural tagger of a model, with UPOS beside its tags."""
    return Tagger(trained_pipe(nlp, model, "tagger"))


class Tagger:
    """Tag tokens with a trained tagger and set their UPOS; white space gets ``_SP`` and SPACE."""

    def __init__(self, pipe: Any) -> None:
        self.trained = pipe

    def __call__(self, doc: Doc) -> Doc:
        """Tag one Doc."""
        return set_upos(self.trained(doc)) if len(doc) else doc

    def pipe(self, docs: Iterable[Doc], *, batch_size: int = 64) -> Iterator[Doc]:
        """Tag many Docs in batches."""
        for doc in self.trained.pipe(docs, batch_size=batch_size):
            yield set_upos(doc)


def set_upos(doc: Doc) -> Doc:
    """Set the UPOS of every token from its tag; punctuation and digits by what they are."""
    for token in doc:
        if is_space(token.text):
            token.tag_, token.pos_ = SPACE, "SPACE"
        else:
            token.pos_ = to_upos(token.tag_)
    return doc


def is_space(text: str) -> bool:
    """Say whether a token is white space only, zero-width characters included."""
    return all(map(is_blank, text))


def make_jieba_tagger(nlp: Language, name: str) -> JiebaTagger:  # noqa: ARG001
    """Make the tagger that looks words up in jieba's dictionary."""
    return JiebaTagger()


class JiebaTagger:
    """Tag each token by jieba's dictionary, without segmenting anew; a word it lacks is tagged by its form."""

    def __init__(self) -> None:
        self.tags: dict[str, str] = {}

    def __call__(self, doc: Doc) -> Doc:
        """Tag one Doc."""
        if not self.tags:
            self.tags = read_jieba_tags()
        for token in doc:
            token.tag_ = self.tags.get(token.text) or tag_by_form(token.text)
        return set_upos(doc)


def read_jieba_tags() -> dict[str, str]:
    """Read the tag of every word of jieba's dictionary (349,046 words)."""
    import jieba  # noqa: PLC0415  # only this stage pays for its import

    jieba.setLogLevel(logging.WARNING)
    with jieba.get_module_res("dict.txt") as file:
        rows = (line.decode("utf-8").split() for line in file)
        return {row[0]: sys.intern(row[2]) for row in rows}


def tag_by_form(word: str) -> str:
    """Tag a word that the dictionary lacks: number, time, letters, punctuation, else ``n``."""
    view = model_view(word)
    if _NUMBER.fullmatch(view):
        return "m"
    if all(map(is_punctuation, word)):
        return "w"
    if not any(map(is_han, word)):
        return "eng" if word.isascii() else "x"
    if _TIME.fullmatch(view):
        return "t"
    # A word that jieba made up itself (its dictionary lacks it) and that begins like a name is mostly one.
    return "nr" if len(word) in {2, 3} and word[0] in SURNAMES else "n"
