"""Show a page as it was split, and a configuration as it is after all defaults: lines of text for a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipeline import artefacts
from pipeline.charlm import CharLM
from pipeline.cleaning import clean
from pipeline.components import TABLE
from pipeline.config import Settings
from pipeline.errors import ModelError
from pipeline.reader import read_page, readable
from pipeline.splitting.articles import explain_lines, split_page
from pipeline.splitting.grammar import load_grammar
from pipeline.splitting.learned import Learned
from pipeline.types import Article, Layout, Page

# Terminal colours (SGR parameters) by zone role; paragraphs stay as they are.
COLOURS = {
    "title": "1;36",
    "kicker": "36",
    "subtitle": "36",
    "subhead": "1",
    "column": "35",
    "byline": "33",
    "dateline": "33",
    "credit": "33",
    "caption": "32",
    "rule": "2",
}
# Characters of a block's text that `split --why` shows.
SHOWN = 48
# Levels of nesting of a model's scores that `explain` shows: set, variant, metric; the values by label are deeper.
MAX_DEPTH = 3


def show_page(path: str, settings: Settings, *, why: bool = False, colour: bool = False) -> Iterator[str]:
    """Read and split one page, without the stages after it, and lay it out in lines.

    ``why`` lists every block with its role, confidence and evidence instead of the articles' text.
    """
    page = read_page(path, source_name=readable(Path(path).name), options=settings.reader)
    name = settings.assets.charlm
    lm = CharLM.load(artefacts.open_model(name)) if name else None
    cleaned = clean(page.text, options=settings.cleaner, lm=lm)
    grammar = load_grammar(settings.splitter.grammar)
    known = settings.assets.splitter
    learned = Learned.load(artefacts.open_model(known)) if known else None
    layout = split_page(page, cleaned=cleaned, options=settings.splitter, grammar=grammar, lm=lm, learned=learned)
    paint = _paint if colour else _plain
    yield _headline(page, layout)
    if why:
        yield from _why(page, layout, paint)
    else:
        for article in layout.articles:
            yield from _article(article, paint)
    for item in layout.remainders:
        if item.where == "residual":
            yield f"left over ({item.reason}): {page.text[item.start : item.end].strip()}"


def _paint(text: str, role: str) -> str:
    """Colour a text by its role."""
    code = COLOURS.get(role)
    return f"\x1b[{code}m{text}\x1b[0m" if code else text


def _plain(text: str, role: str) -> str:
    """Leave a text as it is."""
    del role
    return text


def _headline(page: Page, layout: Layout) -> str:
    """Describe the page in a line."""
    issue = page.publication
    parts = [page.source, issue.name, issue.date, issue.page_no and f"page {issue.page_no}", issue.page_name]
    parts += [page.encoding, f"{len(page.text)} characters", f"{len(layout.articles)} articles"]
    parts += [f"flags: {', '.join((*page.flags, *layout.flags))}" if page.flags or layout.flags else None]
    return " · ".join(part for part in parts if part)


def _article(article: Article, paint: Any) -> Iterator[str]:
    """Lay out an article: a rule with what it is, then its zones."""
    facts = [f"{article.order} {article.kind}", f"lines {article.lines[0]}–{article.lines[1]}"]
    facts += [f"confidence {article.confidence:.2f}", *article.flags]
    yield ""
    yield paint(f"── {' · '.join(facts)}", "rule")
    for zone in article.zones:
        yield f"{zone.role:>10}  {paint(article.text.text[zone.start : zone.end], zone.role)}"


def _why(page: Page, layout: Layout, paint: Any) -> Iterator[str]:
    """List the blocks: line, article, role, confidence, text, evidence."""
    yield ""
    for row in explain_lines(layout, page):
        text = " ".join(row.text.split())
        text = text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
        place = f"{row.line:>5} {row.article or '–':>4} {row.role:<10} {row.confidence:.2f}"
        yield f"{place}  {paint(text, row.role)}  {paint(' '.join(row.evidence), 'rule')}"


def show_settings(settings: Settings) -> Iterator[str]:
    """Lay out a resolved configuration, its stages with what they need and give, and its models with their scores."""
    yield f"# {settings.path}, digest {settings.digest[:12]}"
    sections = dict(settings.resolved)
    components = sections.pop("components")
    tokenizer = sections["nlp"]["tokenizer"]
    sections["nlp"] = {key: value for key, value in sections["nlp"].items() if key != "tokenizer"}
    sections["nlp.tokenizer"] = tokenizer
    sections |= {f"components.{name}": options for name, options in components.items()}
    for name, options in sections.items():
        yield ""
        yield f"[{name}]"
        yield from (f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in options.items())
    yield ""
    yield "# Stages, in order: what each needs → what it gives"
    yield f"#   segment: text → tokens ({tokenizer['method']})"
    for name in settings.stages:
        stage = TABLE[name]
        yield f"#   {name}: {', '.join(stage.requires) or 'tokens'} → {', '.join(stage.assigns)} ({stage.summary})"
    others = [name for name in TABLE if name not in settings.stages]
    yield f"#   not in use: {', '.join(others) or 'none'}"
    yield ""
    yield "# Models"
    for name in settings.models:
        yield from _model(name)


def _model(name: str) -> Iterator[str]:
    """Describe a model from its meta.json, or say that it is missing."""
    try:
        meta = artefacts.read_meta(name)
    except ModelError as error:
        yield f"#   {name}: {error}"
        return
    yield f"#   {name}: {meta['summary']} ({meta.get('bytes', 0) / 1e6:.1f} MB, {meta['licence']})"
    for key, value in _flatten(meta["scores"]):
        yield f"#     {key}: {value}"


def _flatten(scores: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """List the numbers among nested scores as ``set.metric: value``, leaving out the finest details."""
    if isinstance(scores, Mapping) and len(path) < MAX_DEPTH:
        for key, value in scores.items():
            yield from _flatten(value, (*path, str(key)))
    elif isinstance(scores, int | float | str):
        yield ".".join(path), json.dumps(scores, ensure_ascii=False)
