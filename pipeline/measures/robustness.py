"""Disturb pages in ways that must not matter, and measure how much the articles change.

A heading's depth is what engines agree on least, marks are lost in plain text, and punctuation comes in either width:
none of it is the newspaper's, so none of it should decide which article a line belongs to.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from pipeline import config
from pipeline.chain import Chain
from pipeline.measures import goldsets, metrics
from pipeline.measures.goldsets import present
from pipeline.measures.pages import load_predictions, page_counts
from pipeline.measures.subject import Figure, Reckoning, Subject, figures_of
from pipeline.reader import read_page
from pipeline.text import to_full_width
from pipeline.training import goldpages
from pipeline.types import Layout, Page

# The splitter alone is looked at: records need no stage for it.
BARE = ("nlp.pipeline=[]", "nlp.tokenizer.method=char")
# Draws of depths a page; each moves other lines.
DRAWS = 3
_MARK = re.compile(r"^([ \t]*)(#{1,6})(?=[ \t\u3000]|[^#\s])", re.MULTILINE)
_BOLD = re.compile(r"\*\*")
# What a page's text is written in and no part of it: brackets and commas in there keep their width.
_MARKUP = re.compile(
    r"(!\[[^\]\n]{0,500}\]\([^)\n]{0,2000}\)|<!--(?:(?!-->)[^<]){0,500}-->|</?[a-zA-Z][^<>\n]{0,300}>|^[ \t|:-]+$)",
    re.MULTILINE,
)
_HALF = str.maketrans("，；：？！（）", ",;:?!()")


def randomise_depths(text: str, seed: int) -> str:
    """Give every heading a depth drawn from one to six."""
    rng = random.Random(seed)  # noqa: S311 - a draw, no secret
    return _MARK.sub(lambda match: match[1] + "#" * rng.randint(1, 6), text)


def remove_marks(text: str) -> str:
    """Take ``#`` and ``**`` away."""
    return _BOLD.sub("", _MARK.sub(r"\1", text))


def narrow(text: str) -> str:
    """Make punctuation half-width, one character for one."""
    return _outside_markup(text, lambda piece: piece.translate(_HALF))


def widen(text: str) -> str:
    """Make punctuation full-width, one character for one, but for marks inside numbers."""
    return _outside_markup(text, to_full_width)


def _outside_markup(text: str, change: Callable[[str], str]) -> str:
    """Change a page's text and leave image links, comments and tags as they are."""
    pieces = _MARKUP.split(text)
    return "".join(piece if place % 2 else change(piece) for place, piece in enumerate(pieces))


def owners(page: Page, layout: Layout) -> list[int]:
    """Give for each character of a page, heading marks left out, the order of its article (0 = none)."""
    owner = [0] * len(page.text)
    for article in layout.articles:
        for start, end in article.text.source_spans():
            owner[start:end] = [article.order] * (end - start)
    marks = {at for match in _MARK.finditer(page.text) for at in range(match.start(2), match.end(2))}
    return [order for at, order in enumerate(owner) if at not in marks]


def moved(one: Sequence[int], two: Sequence[int]) -> tuple[int, int]:
    """Count the characters that are in another article in a second reading of a page, and all characters.

    Articles are paired one to one by the characters that they share, the largest share first.
    """
    pairs = Counter(zip(one, two, strict=True))
    pairs.pop((0, 0), None)
    kept, left, right = 0, set(), set()
    for (mine, yours), count in pairs.most_common():
        if mine and yours and mine not in left and yours not in right:
            left.add(mine)
            right.add(yours)
            kept += count
    return pairs.total() - kept, pairs.total()


def measure_robustness(subject: Subject) -> Iterator[Figure]:
    """Measure what random depths, lost marks and the width of punctuation change on the pages with gold."""
    folder, script = present(subject.shared, "pages/dev", "pages/score_pages.py")
    scorer = goldsets.load_module(script, "score_pages")
    golds = {gold["page"]: gold for gold in scorer.load_gold(str(folder))}
    chain = Chain.load(config.load(subject.path, [*subject.overrides, *BARE]))
    held = goldpages.held_out_pages(golds)
    for part, names in (("seen40", sorted(golds.keys() - held)), ("held20", sorted(held))):
        files = [folder / name for name in names] + [folder / f"{name}.gold.json" for name in names]
        gold = goldsets.describe(f"pages {part}", files, subject.shared)
        pages = [read_page(folder / name, source_name=name, options=subject.settings.reader) for name in names]
        prefix = f"robustness.{part}"
        depths = [moved_by_depths(chain, page) for page in pages]
        yield from figures_of(prefix, depths, {"moved_by_depths": Reckoning(metrics.rate, "lower")}, gold, "pages")
        width = [moved_by_width(chain, page) for page in pages]
        yield from figures_of(prefix, width, {"moved_by_width": Reckoning(metrics.rate, "lower")}, gold, "pages")
        rows = _without_marks(chain, scorer, pages, golds)
        yield from figures_of(prefix, rows, {"article_f1_without_marks": Reckoning(metrics.f1)}, gold, "pages")


def moved_by_depths(chain: Chain, page: Page) -> tuple[int, int]:
    """Count the characters that random heading depths move to another article, over several draws, and all."""
    known = owners(page, chain.split(page))
    counts = [0, 0]
    for seed in range(DRAWS):
        other = replace(page, text=randomise_depths(page.text, seed))
        changed, total = moved(known, owners(other, chain.split(other)))
        counts[0] += changed
        counts[1] += total
    return counts[0], counts[1]


def moved_by_width(chain: Chain, page: Page) -> tuple[int, int]:
    """Count the characters that are in other articles with half-width than with full-width punctuation, and all."""
    found = []
    for change in (narrow, widen):
        other = replace(page, text=change(page.text))
        found.append(owners(other, chain.split(other)))
    return moved(*found)


def _without_marks(
    chain: Chain, scorer: Any, pages: Sequence[Page], golds: dict[str, dict[str, Any]]
) -> list[tuple[float, ...]]:
    """Count right, predicted and gold articles of pages that lost all their marks."""
    results = [chain.process(replace(page, text=remove_marks(page.text))) for page in pages]
    predicted = load_predictions(scorer, results)
    return [page_counts(scorer, golds[page.source], predicted)["articles"] for page in pages]
