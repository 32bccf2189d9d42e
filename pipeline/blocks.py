"""Page → units: lines without their markup, hard-wrapped lines joined, each with what it can be.

A unit is a line of the page, or several lines that a narrow column cut, together with the readings that its form
allows (heading, text, byline, jump line, table row, furniture …). Which reading holds is decided over the whole page in
:mod:`pipeline.articles`; only what cannot be anything else (furniture, tables, images) is settled here.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from pipeline.bylines import Credit, Edges, find_edges, parse_credit
from pipeline.cohesion import Profile, profile
from pipeline.grammar import Grammar, normalise
from pipeline.text import AlignedText, count_visible, is_blank, is_han
from pipeline.types import Page

UnitKind = Literal[
    "head", "text", "byline", "jump_from", "jump_to", "source", "table", "furniture", "slogan", "image", "verse"
]
# Longest heading line: two-line main titles of party papers reach 45 characters (中共中央…举行…), with room for two
# titles that an engine put on one line.
MAX_HEAD = 72
# A line without heading marks is a heading candidate up to this length; longer ones are text that lost its full stop.
MAX_PLAIN_HEAD = 40
_SENTENCE_STOPS = "。；"
_OPEN_ENDS = "，、；：。…"
_CLOSERS = "”’」』）】》〉\"'"
_TERMINALS = "。！？；…：!?"
_IMAGE = re.compile(r"!\[[^\]\n]{0,500}\]\([^)\n]{0,2000}\)")
_TAG = re.compile(r"</?[a-zA-Z][^<>\n]{0,300}>")
_HEADING = re.compile(r"[ \t]*(#{1,6})(?=[ \t\u3000]|[^#\s])[ \t\u3000]*")
_CELLS = re.compile(r"(?<!\\)\|")
_RULE_ROW = re.compile(r"[|:\-\s—]+")
_PAGE_RULE = re.compile(r"\s*(?:\{?\d{0,4}\}?-{3,}|={3,}|\*{3,}|_{3,}|```.*|\\newpage|\f)\s*")
_QUOTE = re.compile(r"\s*(?:>|[-*+](?=[ \t]))[ \t]*")


@dataclass(slots=True)
class Line:
    """Hold one line of the cleaned page: its text without markup, and what the markup said."""

    number: int
    content: AlignedText
    key: str
    start: int
    end: int
    level: int = 0
    bold: bool = False
    bold_run: int = 0
    gap: bool = False
    image: bool = False
    indent: bool = False
    shape: Literal["text", "table", "image"] = "text"


@dataclass(slots=True)
class Unit:
    """Hold a run of lines that belong together, with its readings."""

    index: int
    content: AlignedText
    key: str
    kind: UnitKind
    lines: tuple[int, int]
    start: int
    end: int
    level: int = 0
    bold: bool = False
    bold_run: int = 0
    gap: bool = False
    image: bool = False
    edges: Edges | None = None
    credit: Credit | None = None
    column: bool = False
    evidence: list[str] = field(default_factory=list)
    profile: Profile = frozenset()

    @property
    def body(self) -> AlignedText:
        """Give the text between the formulas at its edges."""
        return self.content.slice(self.edges.start, self.edges.end) if self.edges else self.content

    @property
    def is_heading(self) -> bool:
        """Say whether the page's markup sets the unit off as a heading."""
        return self.level > 0 or self.bold


def ends_open(key: str) -> bool:
    """Say whether a text stops inside a sentence: no full stop, question mark or the like at its end."""
    key = key.rstrip()
    while key and key[-1] in _CLOSERS:
        inner = key[:-1]
        if inner and inner[-1] in _TERMINALS:
            return False
        if key[-1] in "”’」』\"'" and key.count("“") + key.count('"') > 0 and len(key) > 2:
            # A quotation may close a sentence whose stop stands inside; without one the sentence goes on.
            return True
        key = inner.rstrip()
    return bool(key) and key[-1] not in _TERMINALS


def scan_lines(page: Page, cleaned: AlignedText) -> list[Line]:
    """Cut the cleaned page into lines and take comments, tags, image links, # and ** off them."""
    text = cleaned.text
    newlines = [match.start() for match in re.finditer("\n", page.text)]
    hidden = _hidden(text)
    lines: list[Line] = []
    gap, image, at, hide = True, False, 0, 0
    for raw in text.splitlines(keepends=True):
        start, end = at, at + len(raw)
        at = end
        while hide < len(hidden) and hidden[hide][1] <= start:
            hide += 1
        line = _make_line(cleaned, start, end, _visible(start, end, hidden, hide))
        if line is None or cleaned.source_at(line.start) < page.body_start:
            gap = gap or line is None
            if "![" in raw or "<img" in raw:
                image = True
                if lines:
                    lines[-1].image = True
            continue
        line.image, image = image, False
        line.number = bisect_right(newlines, cleaned.source_at(line.start) - 1) + 1
        line.gap = gap
        gap = False
        lines.append(line)
    return lines


def _hidden(text: str) -> list[tuple[int, int]]:
    """List the stretches that are markup wherever they stand: comments, image links, tags."""
    spans = list(_comments(text))
    for pattern in (_IMAGE, _TAG):
        spans += [match.span() for match in pattern.finditer(text)]
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _comments(text: str) -> Iterator[tuple[int, int]]:
    """Find HTML comments; one that is never closed is text."""
    at = text.find("<!--")
    while at >= 0:
        end = text.find("-->", at + 4)
        if end < 0:
            return
        yield at, end + 3
        at = text.find("<!--", end + 3)


def _visible(start: int, end: int, hidden: Sequence[tuple[int, int]], at: int) -> list[tuple[int, int]]:
    """List the stretches of a line that no hidden stretch covers."""
    pieces: list[tuple[int, int]] = []
    while at < len(hidden) and hidden[at][0] < end:
        low, high = hidden[at]
        if low > start:
            pieces.append((start, low))
        start = max(start, high)
        at += 1
    if start < end:
        pieces.append((start, end))
    return pieces


def _make_line(cleaned: AlignedText, start: int, end: int, pieces: list[tuple[int, int]]) -> Line | None:
    """Make a line of its visible pieces; ``None`` when nothing is left of it."""
    text = cleaned.text
    kept = [(low, high) for low, high in pieces if not text[low:high].isspace()]
    if not kept:
        return None
    low, high = kept[0]
    indent = text[low : low + 2] in ("\u3000\u3000", "  ") or text[low : low + 1] == "\t"
    level = 0
    if low == start or text[start:low].isspace():
        quote = _QUOTE.match(text, low, high)
        low = quote.end() if quote and quote.end() < high else low
        heading = _HEADING.match(text, low, high)
        if heading:
            level, low = len(heading.group(1)), heading.end()
    kept[0] = (low, high)
    if _PAGE_RULE.fullmatch(text[low:high].strip()) and len(kept) == 1:
        return None
    return _strip_bold(cleaned, kept, start, end, level, indent=indent)


def _strip_bold(
    cleaned: AlignedText, pieces: list[tuple[int, int]], start: int, end: int, level: int, *, indent: bool
) -> Line | None:
    """Take ** out of a line; remember whether all of it, or its beginning, stood between them."""
    text = cleaned.text
    parts: list[AlignedText] = []
    bold, inside, length, bold_run, plain = False, False, 0, 0, 0
    for low, high in pieces:
        at = low
        while at < high:
            mark = text.find("**", at, high)
            stop = high if mark < 0 else mark
            if stop > at:
                parts.append(cleaned.slice(at, stop))
                length += stop - at
                if inside:
                    bold = True
                elif count_visible(text[at:stop]):
                    plain += stop - at
            if mark < 0:
                break
            if inside and not plain:
                bold_run = length
            inside = not inside
            at = mark + 2
    content = AlignedText.join(parts)
    lead = len(content.text) - len(content.text.lstrip(" \t\r\n\f\v\u3000\xa0\u200b\ufeff"))
    content = content.strip()
    if level and content.text.endswith("#"):
        content = content.slice(0, len(content.text.rstrip("#"))).strip()
    if not content.text:
        return None
    key = normalise(content.text)
    shape: Literal["text", "table", "image"] = "text"
    if len(_CELLS.findall(content.text)) >= 3 or (
        content.text[0] == "|" and content.text[-1] == "|" and len(content.text) > 2
    ):
        shape = "table"
    whole_bold = bold and not plain
    return Line(0, content, key, start, end, level, whole_bold, max(0, bold_run - lead), indent=indent, shape=shape)


def make_units(page: Page, cleaned: AlignedText, grammar: Grammar) -> list[Unit]:
    """Turn a page into units with their readings, in page order."""
    lines = scan_lines(page, cleaned)
    units: list[Unit] = []
    items = False
    for group in _group(lines):
        unit = _make_unit(len(units), group, grammar)
        if unit.kind == "head":
            items = items and not unit.level
            items = items or (len(unit.key) <= _ROUNDUP_LENGTH and grammar.roundups.search(unit.key) is not None)
        titled = bool(units) and units[-1].kind == "head" and not grammar.roundups.search(units[-1].key)
        at = _run_in(unit, grammar, items=items and not titled)
        units += [unit] if not at else _split_unit(unit, at, grammar)
    _mark_furniture(units, page, grammar)
    return units


def _group(lines: list[Line]) -> Iterator[list[Line]]:
    """Group lines that one paragraph or verse was cut into; the others stand alone."""
    at = 0
    while at < len(lines):
        stop = at + 1
        if _is_plain(lines[at]):
            while stop < len(lines) and not lines[stop].gap and _is_plain(lines[stop]):
                stop += 1
        run = lines[at:stop]
        yield from _wrapped(run)
        at = stop


def _is_plain(line: Line) -> bool:
    return line.shape == "text" and not line.level and not line.bold


# Fewer adjacent lines than this are no evidence for a column width.
_MIN_WRAPPED = 4
# Lines of one column differ by an em or two where punctuation hangs.
_WIDTH_SLACK = 2
_MAX_COLUMN_WIDTH = 48
_VERSE_WIDTH = 20


def _wrapped(run: list[Line]) -> Iterator[list[Line]]:
    """Join the lines of a hard-wrapped column; a paragraph ends at an indent or at a short line with a full stop."""
    lengths = Counter(len(line.key) for line in run)
    width = max(lengths, default=0)
    full = sum(count for length, count in lengths.items() if length >= width - _WIDTH_SLACK)
    stops = sum(line.key.count("。") + line.key.count("，") for line in run)
    open_lines = sum(ends_open(line.key) and line.key[-1] not in "，、" for line in run)
    is_column = len(run) >= _MIN_WRAPPED and width <= _MAX_COLUMN_WIDTH and full >= 0.6 * len(run)
    if width <= 2:
        is_column = len(run) >= _MIN_WRAPPED
    elif is_column and (stops == 0 or open_lines < 0.4 * len(run)):
        is_column = False
    if not is_column:
        yield from ([line] for line in run)
        return
    group: list[Line] = []
    for line in run:
        if group and (line.indent and not group[-1].indent or _closes(group[-1], width)):
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def _closes(line: Line, width: int) -> bool:
    return len(line.key) < width - _WIDTH_SLACK and not ends_open(line.key) and width > 2


def _make_unit(index: int, group: list[Line], grammar: Grammar) -> Unit:
    """Join a group's lines and read what the unit can be."""
    first, last = group[0], group[-1]
    content = first.content if len(group) == 1 else AlignedText.join(line.content for line in group)
    key = first.key if len(group) == 1 else normalise(content.text)
    unit = Unit(
        index=index,
        content=content,
        key=key,
        kind="text",
        lines=(first.number, last.number),
        start=first.start,
        end=last.end,
        level=first.level,
        bold=first.bold,
        bold_run=first.bold_run if not first.bold else 0,
        gap=first.gap,
        image=first.image or last.image,
    )
    unit.kind = "table" if first.shape == "table" else _read_kind(unit, grammar)
    if unit.kind == "text":
        unit.edges = find_edges(key, grammar)
        if not count_visible(unit.body.text):
            _settle_formula(unit)
    unit.profile = profile(key)
    return unit


# Headings over short items (一周要闻) are short themselves.
_ROUNDUP_LENGTH = 10
# A title at the start of its paragraph has 6 to 40 characters, its text more than the title.
_RUN_IN = (6, 40)


def _run_in(unit: Unit, grammar: Grammar, *, items: bool) -> int:
    """Find where a title at the start of a paragraph ends: set bold, or parted by a blank among short items; 0 = none."""
    if unit.kind != "text" or unit.edges is None or unit.edges.lead:
        return 0
    low, high = _RUN_IN
    at = unit.bold_run if unit.bold_run else _blank_after_title(unit.key, grammar) if items else 0
    head = unit.key[:at].strip()
    if at <= 0 or not low <= len(head) <= high or len(unit.key) - at < max(12, len(head)):
        return 0
    if head[-1] in _OPEN_ENDS + "）" or "。" in head or grammar.questions.match(head) or grammar.datelines.match(head):
        return 0
    return at


def _blank_after_title(key: str, grammar: Grammar) -> int:
    """Find the blank that parts a plain title from its text: before a marker, or where the text takes the title up."""
    blanks = [i for i, char in enumerate(key[: _RUN_IN[1] + 2]) if char == " " and i >= _RUN_IN[0]]
    for at in blanks:
        if grammar.datelines.match(key, at + 1):
            return at
    scores = [(len(profile(key[:at]) & profile(key[at + 1 :])) / max(1, len(profile(key[:at]))), at) for at in blanks]
    best = max(scores, default=(0.0, 0))
    return best[1] if best[0] >= _TAKEN_UP else 0


# Share of a title's bigrams that its text takes up: titles of one-paragraph items 0.34 to 0.77.
_TAKEN_UP = 0.3


def _split_unit(unit: Unit, at: int, grammar: Grammar) -> list[Unit]:
    """Cut a unit in two at a position of its text."""
    units = []
    for number, (start, end) in enumerate(((0, at), (at, len(unit.key)))):
        content = unit.content.slice(start, end).strip()
        part = replace(unit, index=unit.index + number, content=content, key=normalise(content.text), bold_run=0)
        part.evidence, part.edges, part.credit = ["run_in"], None, None
        part.gap = unit.gap if not number else False
        part.bold, part.level = (unit.bold or not number), 0
        if number:
            part.bold, part.kind, part.edges = False, "text", find_edges(part.key, grammar)
        else:
            part.kind = "head"
        part.profile = profile(part.key)
        units.append(part)
    return units


def split_heading(unit: Unit, at: int) -> tuple[Unit, Unit]:
    """Cut a heading that holds two titles in two; both keep its index, so that order and accounts stay."""
    parts = []
    for start, end in ((0, at), (at, len(unit.key))):
        content = unit.content.slice(start, end).strip()
        key = normalise(content.text)
        parts.append(
            replace(unit, content=content, key=key, profile=profile(key), evidence=[*unit.evidence, "titles_merged"])
        )
    return parts[0], parts[1]


def _settle_formula(unit: Unit) -> None:
    """Give a line that is nothing but formulas the kind of its first one."""
    edges = unit.edges
    if edges is None:
        return
    if edges.jump_from:
        unit.kind = "jump_from"
    elif edges.jump_to:
        unit.kind = "jump_to"
    elif edges.source:
        unit.kind = "source"
    elif edges.credits or edges.end_credits:
        unit.kind, unit.credit = "byline", (edges.credits or edges.end_credits)[0]


def _read_kind(unit: Unit, grammar: Grammar) -> UnitKind:
    """Read the one kind that a unit's form speaks for most."""
    key = unit.key.strip()
    if not any(char.isalnum() for char in key):
        return "furniture"
    if is_slogan(key, grammar):
        return "slogan"
    bare = key.strip("（）() ")
    if len(key) <= MAX_HEAD:
        if grammar.jump_from.fullmatch(bare):
            return "jump_from"
        if grammar.jump_to.fullmatch(bare) and "转" in bare:
            return "jump_to"
        if grammar.photo_credits.fullmatch(bare):
            unit.credit = Credit((), photo=True)
            return "byline"
        if (
            grammar.credits.fullmatch(bare)
            and bare[-1] in "电社发讯"
            or (bare != key and grammar.credits.fullmatch(bare))
        ):
            return "source"
        unit.credit = parse_credit(key, grammar)
        bare = unit.credit is not None and not unit.credit.role and not unit.credit.bracketed
        # 简讯 could be a person called 简; as a line of its own it is a heading.
        if unit.credit and not (bare and (unit.level or grammar.roundups.search(key) or key in grammar.sections)):
            return "byline"
        unit.credit = None
    return "head" if looks_like_head(unit, grammar) else "text"


def is_slogan(key: str, grammar: Grammar) -> bool:
    """Say whether a line is made of public-service slogans only."""
    words = [word for word in re.split(r"[ ，。！、·|—-]+", key) if word]
    return 0 < len(words) <= 16 and all(word in grammar.slogans for word in words)


def looks_like_head(unit: Unit, grammar: Grammar) -> bool:
    """Say whether a unit's form allows a heading: short, no sentence inside, nothing open at its end."""
    key = unit.key.strip()
    limit = MAX_HEAD if unit.is_heading else MAX_PLAIN_HEAD
    if len(key) > limit or (grammar.questions.match(key)):
        return False
    if grammar.datelines.match(key):
        return False
    if any(char in key[:-1] for char in _SENTENCE_STOPS) and not unit.level:
        return False
    if key[-1] in _OPEN_ENDS and not (unit.is_heading and key[-1] in "：…" and len(key) <= 24):
        return False
    if not unit.is_heading:
        if key.count("，") >= 2 or (key[-1] in "？！" and "，" in key) or (key[-1] in "”" and "：“" in key):
            return False
        if re.match(r"(?:（[一二三四五六七八九十]+）|[①-⑳]|\d+[.．、])", key) and "，" in key:
            return False
    return any(is_han(char) or char.isalpha() for char in key)


# ---- furniture -------------------------------------------------------------------------------------------------
_FURNITURE_MAX = 90
_PLACE_EDGE = 6


def _mark_furniture(units: list[Unit], page: Page, grammar: Grammar) -> None:
    """Find mastheads, dates of issue, page numbers, editors' and address lines."""
    paper = normalise(page.publication.name or "").strip()
    repeats = Counter(unit.key.strip() for unit in units if len(unit.key) <= 10)
    candidates = [unit for unit in units if unit.kind in ("head", "text", "byline", "source", "furniture")]
    for place, unit in enumerate(candidates):
        edge = place < _PLACE_EDGE or place >= len(candidates) - _PLACE_EDGE
        if unit.kind == "furniture" or len(unit.key) > _FURNITURE_MAX:
            continue
        reason = _furniture_reason(unit.key.strip(), paper, grammar, edge=edge, repeated=repeats[unit.key.strip()] > 1)
        if reason:
            unit.kind = "furniture"
            unit.evidence.append(f"furniture:{reason}")


def _furniture_reason(key: str, paper: str, grammar: Grammar, *, edge: bool, repeated: bool) -> str | None:
    """Name the kind of furniture that a line is, if any."""
    key = key.strip("·•|=_* ")
    if paper and key == paper:
        return "masthead"
    if len(key) <= 10 and grammar.papers.search(key) and grammar.papers.search(key).end() == len(key):  # type: ignore[union-attr]
        return "masthead" if edge or repeated or len(key) <= 6 else None
    words = [word for word in re.split(r"[ 　|·，]+", key) if word]
    if grammar.furniture_strong.fullmatch(key):
        return "page line"
    strong = sum(grammar.furniture_strong.fullmatch(word) is not None for word in words)
    if strong and all(_is_furniture_word(word, paper, grammar) for word in words):
        return "page line"
    if edge and key in grammar.sections:
        return "section"
    if _is_editors(key, grammar):
        return "editors"
    if grammar.contacts.match(key) and (edge or re.search(r"\d{5}|@", key)):
        return "address"
    return None


def _is_furniture_word(word: str, paper: str, grammar: Grammar) -> bool:
    """Say whether a word belongs in a page line; beside a date a short word is a paper's or a page's name."""
    if (
        grammar.furniture_strong.fullmatch(word)
        or grammar.furniture_weak.fullmatch(word)
        or word in grammar.sections
        or word == paper
    ):
        return True
    whole = re.fullmatch(r"(?:第?[A-Z]?\d{1,3}版|星期.|\d{4}年\d{1,2}月\d{1,2}日)*", word)
    return bool(whole) or (2 <= len(word) <= 7 and all(is_han(char) for char in word))


def _is_editors(key: str, grammar: Grammar) -> bool:
    """Say whether a line is made of editors' roles and names (责编：王丹 版式：李平)."""
    match = grammar.editors.match(key)
    if not match or len(key) > 80:
        return False
    rest = grammar.editors.sub(" ", key)
    rest = re.sub(r"(?:电话|热线|邮箱|E-?mail|QQ)：?|[（）()：:/\d@.\-—a-zA-Z 、，|]+", " ", rest)
    return all(len(word) <= 4 for word in rest.split()) and match.end() < len(key)


def is_blank_text(text: str) -> bool:
    """Say whether a text has no visible character."""
    return all(is_blank(char) for char in text)
