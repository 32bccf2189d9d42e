"""Give time expressions their TIMEX3 values, counted from the article's dateline, its own dates or the issue's date.

A relative expression (昨日, 15日, 今年7月) is counted from the last dateline before it (新华社北京10月15日电) or,
without one, from the publication's date. 当日, 次日 and clock times without a date are counted from the last
day that the article named. What cannot be known stays ``X``.

Spans: ends of a range that are each complete are two spans (8月29日 | 30日); ends that share a unit are one span
with an ISO 8601 interval (1至9月 is 2024-01/2024-09). Postpositions (以来, 期间, 前, 内) are outside,
hedges that make a modifier (约2小时, 9时许) inside.
"""

from __future__ import annotations

from dataclasses import replace

from spacy.language import Language
from spacy.tokens import Doc

from pipeline.components import dates, text_of
from pipeline.components.numerals import fold
from pipeline.components.time_grammar import scan
from pipeline.components.time_resolver import Resolver
from pipeline.types import Time


def find_times(text: str, *, date: str | None = None) -> list[Time]:
    """Find the time expressions of a text published on ``date`` (``YYYY-MM-DD``), in order, without overlap."""
    folded = fold(text)
    reader = Resolver(folded, dates.read_iso(date), known=date is not None)
    for expression in scan(folded):
        reader.read(expression)
    return [replace(time, text=text[time.start : time.end]) for time in reader.times]


class TimeFinder:
    """Put the time expressions of a Doc on ``doc._.times``."""

    def __call__(self, doc: Doc) -> Doc:
        """Find times; the issue's date comes from the Doc's context."""
        context = doc._.context
        date = None if context is None else context.publication.date
        doc._.times = tuple(find_times(text_of(doc), date=date))
        return doc


def make_times(nlp: Language, name: str) -> TimeFinder:
    """Make the stage ``times``."""
    del nlp, name
    return TimeFinder()
