"""Sentence ends by punctuation, line feeds and zones.

The end marks are those of GB/T 15834-2011 (句号 问号 叹号 省略号), in either width; closing quotes and brackets
belong to the sentence before them. A zone of the article (title, byline, paragraph) always ends a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from spacy.attrs import IDX, SENT_START
from spacy.language import Language
from spacy.tokens import Doc

from pipeline.components import text_of

# One or more end marks and what closes after them. ASCII "." is left out: it is a decimal point far more often.
_END = re.compile(r"(?:[。！？!?｡]|……|⋯⋯)+[”’」』）)】》\"']*|\n+")
# Marks at which an overlong sentence may be cut, weakest evidence last.
_SOFT_MARKS = ("；", ";", "，", ",", "、", " ")


def find_sentences(text: str, *, breaks: Sequence[int] = (), max_chars: int = 400) -> list[tuple[int, int]]:
    """Split text into sentences; return (start, end) offsets that cover all of it.

    ``breaks`` are offsets that always end a sentence; a sentence longer than ``max_chars`` is cut after its last clause
    mark before the limit, or at the limit.
    """
    ends = sorted({match.end() for match in _END.finditer(text)} | {at for at in breaks if 0 < at < len(text)})
    if not ends or ends[-1] != len(text):
        ends.append(len(text))
    spans: list[tuple[int, int]] = []
    start = 0
    for end in ends:
        while end - start > max_chars:
            cut = _soft_cut(text, start, start + max_chars)
            spans.append((start, cut))
            start = cut
        if end > start:
            spans.append((start, end))
            start = end
    return spans


def _soft_cut(text: str, start: int, limit: int) -> int:
    """Find the place to cut an overlong sentence in its second half, else at the limit."""
    half = (start + limit) // 2
    for mark in _SOFT_MARKS:
        at = text.rfind(mark, half, limit)
        if at >= 0:
            return at + 1
    return limit


class Sentences:
    """Set the sentence starts of a Doc."""

    def __init__(self, *, max_chars: int) -> None:
        self.max_chars = max_chars

    def __call__(self, doc: Doc) -> Doc:
        """Mark each token that begins a sentence; a token that spans a border stays with the sentence before."""
        context = doc._.context
        breaks = [at for zone in context.article.zones for at in (zone.start, zone.end)] if context else []
        starts = [start for start, _ in find_sentences(text_of(doc), breaks=breaks, max_chars=self.max_chars)]
        # The first token at or after each start.
        firsts = np.searchsorted(doc.to_array([IDX]).astype(np.int64), starts)
        begins = np.full((len(doc), 1), -1, np.int64)
        begins[firsts[firsts < len(doc)]] = 1
        # Setting token.is_sent_start looks at the whole Doc each time: a minute for 33,000 tokens.
        return doc.from_array([SENT_START], begins.astype(np.uint64))  # type: ignore[arg-type]


def make_sentences(nlp: Language, name: str, *, max_chars: int = 400) -> Sentences:
    """Make the stage; ``max_chars`` bounds a sentence, in characters."""
    del nlp, name
    return Sentences(max_chars=max_chars)
