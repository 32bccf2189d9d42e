"""Show a page as it was split, and a configuration as it is after all defaults: lines of text for a terminal."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

from pipeline import artefacts
from pipeline.chain import Chain
from pipeline.charlm import CharLM
from pipeline.cleaning import clean
from pipeline.components import TABLE
from pipeline.components.topics import explain_topic
from pipeline.config import Settings
from pipeline.errors import ConfigError, ModelError
from pipeline.inputs import readable
from pipeline.reader import read_page
from pipeline.splitting.articles import ExplainedLine, explain_lines, split_page
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
    "sure": "32",
    "fair": "33",
    "poor": "31",
}
# Columns of a line's text that `split --why` shows, a Han character taking two; on a terminal a part of its width.
SHOWN, LEAST_SHOWN, SHARE_SHOWN = 64, 24, 0.45
# A confidence from here on is sure, from there on fair.
SURE, FAIR = 0.9, 0.5
# Levels of nesting of a model's scores that `explain` shows: set, variant, metric; the values by label are deeper.
MAX_DEPTH = 3


def show_page(
    path: str, settings: Settings, *, why: bool = False, colour: bool = False, width: int | None = None
) -> Iterator[str]:
    """Read and split one page, without the stages after it, and lay it out in lines.

    ``why`` lists every line with its role, confidence and evidence instead of the articles' text; ``width`` is that of
    the terminal, in columns.
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
        yield from explain_split(page, layout, paint, width)
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


def explain_split(page: Page, layout: Layout, paint: Any = _plain, width: int | None = None) -> Iterator[str]:
    """List every line that has text: number, article, role, confidence, text, evidence; a rule where an article begins.

    Lines that hold nothing but markup (comments, image links, rules) have the role ``markup``.
    """
    shown = max(LEAST_SHOWN, int(width * SHARE_SHOWN)) if width else SHOWN
    yield ""
    yield paint(f"{'line':>9} {'art.':>4} {'role':<10} conf  {_fit('text', shown)}  evidence, in nats", "rule")
    articles = {article.order: article for article in layout.articles}
    for row in _with_markup(explain_lines(layout, page), page):
        begun = articles.pop(row.article or 0, None)
        if begun is not None:
            flags = "".join(f" · {flag}" for flag in begun.flags)
            yield paint(f"── {begun.order} {begun.kind} · confidence {begun.confidence:.2f}{flags}", "rule")
        lines = f"{row.line}" if row.line == row.last else f"{row.line}–{row.last}"
        sure = "sure" if row.confidence >= SURE else "fair" if row.confidence >= FAIR else "poor"
        place = f"{lines:>9} {row.article or '–':>4} {row.role:<10} {paint(f'{row.confidence:.2f}', sure)}"
        text = paint(_fit(" ".join(row.text.split()), shown), row.role)
        yield f"{place}  {text}  {paint(' '.join(row.evidence), 'rule')}".rstrip()


def _with_markup(rows: Sequence[ExplainedLine], page: Page) -> list[ExplainedLine]:
    """Add the lines that have text and are in no block: they hold nothing but markup."""
    known = {number for row in rows for number in range(row.line, row.last + 1)}
    added = [
        ExplainedLine(number, number, "markup", None, 1.0, (), line)
        for number, line in enumerate(page.text.split("\n"), 1)
        if number not in known and line.strip()
    ]
    return sorted([*rows, *added], key=lambda row: row.line)


def _fit(text: str, columns: int) -> str:
    """Cut or fill a text to a width in terminal columns."""
    widths = [
        2 if unicodedata.east_asian_width(char) in "WF" else 0 if unicodedata.combining(char) else 1 for char in text
    ]
    if sum(widths) <= columns:
        return text + " " * (columns - sum(widths))
    at = next(place for place, total in enumerate(accumulate(widths)) if total > columns - 1)
    return text[:at] + "…" + " " * (columns - 1 - sum(widths[:at]))


def explain_page(path: str, settings: Settings, *, order: int | None = None) -> Iterator[str]:
    """Lay out why the articles of a page have their topics and keywords: the terms that added most to each decision.

    ``order`` picks one article; raise ConfigError where the page has no such article or the stages are not in use.
    """
    wanted = [name for name in ("keywords", "topics") if name in settings.stages]
    if not wanted:
        raise ConfigError(f"{settings.path} has neither keywords nor topics among its stages; nothing to explain")
    page = read_page(path, source_name=readable(Path(path).name), options=settings.reader)
    chain = Chain.load(settings)
    layout, docs = chain.annotate(page)
    pairs = list(zip(layout.articles, docs, strict=True))
    if order is not None and order > len(pairs):
        raise ConfigError(f"{path} has {len(pairs)} articles, there is no number {order}")
    yield _headline(page, layout)
    for article, doc in pairs:
        if order in {None, article.order}:
            yield ""
            yield f"── {article.order} {article.kind} · {article.title or article.text.text[:SHOWN]}"
            for name in wanted:
                yield from _EXPLAINERS[name](chain.nlp.get_pipe(name), doc)


def _explain_topics(stage: Any, doc: Any) -> Iterator[str]:
    """Lay out the topics of an article, then the best one that was not given, with their n-grams."""
    given = {topic.code: topic.score for topic in doc._.topics}
    if doc._.topics_note:
        yield f"   no topic: {doc._.topics_note}"
    decisions = explain_topic(doc.text, stage.model, context=doc._.context, topics=len(stage.model.labels))
    chosen = [one for one in decisions if one.topic.code in given]
    others = [one for one in decisions if one.topic.code not in given]
    for one in [*chosen, *others[:1]]:
        state = "topic" if one.topic.code in given else "not given:"
        terms = " ".join(f"{term}{added:+.2f}" for term, added in one.terms)
        yield f"   {state} {one.topic.label_zh} {one.topic.label_en} {one.topic.score:.2f}: {terms}"


def _explain_keywords(stage: Any, doc: Any) -> Iterator[str]:
    """Lay out the keywords of an article with their scores, how often each stands and where first."""
    del stage
    for one in doc._.keywords:
        yield f"   keyword {one.text} {one.score:.2f}: {len(one.spans)} times, first at character {one.spans[0][0]}"


_EXPLAINERS: Mapping[str, Callable[[Any, Any], Iterator[str]]] = {
    "keywords": _explain_keywords,
    "topics": _explain_topics,
}


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
