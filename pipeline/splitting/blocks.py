"""Page → units: lines without their markup, hard-wrapped lines joined, each with what it can be.

A unit is a line of the page, or several lines that a narrow column cut, together with the readings that its form
allows (heading, text, byline, jump line, table row, furniture …). Which reading holds is decided over the whole page in
:mod:`pipeline.splitting.articles`; only what cannot be anything else (furniture, tables, images) is settled here.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Literal

from pipeline.splitting.bylines import BRACKETS, Credit, Edges, find_edges, parse_credit
from pipeline.splitting.cohesion import Profile, profile
from pipeline.splitting.furniture import FURNITURE_MAX, furniture_reason, is_latin_name
from pipeline.splitting.grammar import Grammar, normalise
from pipeline.splitting.lines import Line, group_lines, scan_lines
from pipeline.text import AlignedText, Replacement, count_visible, is_han
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
    hinted: bool = False
    signed: bool = False
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


def make_units(page: Page, cleaned: AlignedText, grammar: Grammar) -> list[Unit]:
    """Turn a page into units with their readings, in page order."""
    lines = scan_lines(page, cleaned)
    units: list[Unit] = []
    hints = _edge_regions(page)
    items = False
    for group in group_lines(lines):
        unit = _make_unit(len(units), group, grammar)
        unit.hinted = _lies_in(unit, cleaned, hints) if hints else False
        if unit.kind == "head":
            items = items and not unit.level
            items = items or (len(unit.key) <= _ROUNDUP_LENGTH and grammar.roundups.search(unit.key) is not None)
        titled = bool(units) and units[-1].kind == "head" and not grammar.roundups.search(units[-1].key)
        at = _run_in(unit, grammar, items=items and not titled)
        jump = _jump_before_head(unit, grammar)
        units += _split_jump(unit, jump) if jump else split_unit(unit, at, grammar) if at else [unit]
    _mark_furniture(units, page, grammar)
    return units


# What engines call a page's edges, without case and signs: MinerU, PaddleOCR, marker, PAGE.
_EDGE_LABELS = frozenset({"header", "footer", "pageheader", "pagefooter", "pagenumber", "number", "discarded"})


def _edge_regions(page: Page) -> list[tuple[int, int]]:
    """List the stretches of the page that its OCR engine saw at the edges; a hint, as engines take heads for it too."""
    regions = page.origin.regions if page.origin else ()
    return [(item.start, item.end) for item in regions if re.sub(r"[\W_]", "", item.label).lower() in _EDGE_LABELS]


def _lies_in(unit: Unit, cleaned: AlignedText, regions: list[tuple[int, int]]) -> bool:
    """Say whether a unit begins in one of some stretches of the page, which are in order."""
    at = cleaned.source_at(unit.start)
    place = bisect_right(regions, (at, len(cleaned.text) * 2)) - 1
    return place >= 0 and regions[place][0] <= at < regions[place][1]


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
    if first.shape != "table" and _is_spaced_word(key, grammar):
        blanks = [Replacement(at, at + 1, "", SPACED_HEADING) for at, char in enumerate(key) if char == " "]
        unit.content = content.replace(blanks)
        unit.key = key = normalise(unit.content.text)
    unit.kind = "table" if first.shape == "table" else _read_kind(unit, grammar)
    if unit.kind == "text":
        unit.edges = find_edges(key, grammar)
        if not count_visible(unit.body.text):
            _settle_formula(unit)
    unit.profile = profile(key)
    return unit


# Rule of the repair that closes a spaced standing word up.
SPACED_HEADING = "spaced_heading"


def _is_spaced_word(key: str, grammar: Grammar) -> bool:
    """Say whether a line is a standing word with blanks between all its characters: 公 告, 简 讯, 社 论."""
    parts = key.split()
    if not 2 <= len(parts) <= 5 or any(len(part) > 1 for part in parts):
        return False
    closed = "".join(parts)
    return bool(
        grammar.roundups.search(closed)
        or grammar.column_words.search(closed)
        or grammar.notice_titles.fullmatch(closed)
        or grammar.weather_titles.fullmatch(closed)
        or closed in grammar.sections
    )


# A weather report may stand behind its heading on one line: 天气预报 今天白天晴…
_WEATHER_TITLE, _WEATHER_CUES = (
    re.compile(r"[【〖［]?([^【】〖〗［］\s]{2,12}?)(?:[】〗］：:]| |(?=今[天日晚夜明]))+"),
    2,
)
# Characters of a text in which a notice says so.
_NOTICE_CHARS = 200
# Headings over short items (一周要闻) are short themselves.
_ROUNDUP_LENGTH = 10
# A title at the start of its paragraph has 6 to 40 characters, its text more than the title.
_RUN_IN = (6, 40)
_PICTURE_TITLE = 2


def _run_in(unit: Unit, grammar: Grammar, *, items: bool) -> int:
    """Find where a title at the start of a paragraph ends: set bold, or before a blank among short items; 0 = none."""
    if unit.kind != "text" or unit.edges is None or unit.edges.lead:
        return 0
    low, high = _RUN_IN
    notice = grammar.notice_run_in.match(unit.key)
    if notice and grammar.notice_cues.search(unit.key[notice.end() : notice.end() + _NOTICE_CHARS]):
        return notice.end()
    weather = _WEATHER_TITLE.match(unit.key)
    if weather and grammar.weather_titles.fullmatch(weather.group(1)):
        rest = unit.key[weather.end() :]
        return weather.end() if len(grammar.weather_cues.findall(rest[:_NOTICE_CHARS])) >= _WEATHER_CUES else 0
    at = unit.bold_run or (_blank_after_title(unit.key, grammar) if items else 0)
    head = unit.key[:at].strip()
    if any(credit.photo for credit in unit.edges.end_credits):
        # Titles of pictures are set bold before their captions and may be a word.
        low = _PICTURE_TITLE
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


def split_unit(unit: Unit, at: int, grammar: Grammar) -> list[Unit]:
    """Cut a unit in two at a position of its text."""
    units = []
    for number, (start, end) in enumerate(((0, at), (at, len(unit.key)))):
        content = unit.content.slice(start, end).strip()
        if not number and content.text[-1:] in "：:":
            content = content.slice(0, len(content.text) - 1).strip()
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


def _jump_before_head(unit: Unit, grammar: Grammar) -> int:
    """Find where 上接第1版 at the start of a heading ends; 0 = the heading has none."""
    if unit.kind != "head":
        return 0
    lead = find_edges(unit.key, grammar).lead
    return lead[0].end if lead and lead[0].role == "jump" and lead[0].end < len(unit.key) else 0


def _split_jump(unit: Unit, at: int) -> list[Unit]:
    """Cut a jump line off the heading that it was set on one line with."""
    jump, head = (unit.content.slice(start, end).strip() for start, end in ((0, at), (at, len(unit.key))))
    keys = normalise(jump.text), normalise(head.text)
    first = replace(unit, content=jump, key=keys[0], kind="jump_from", level=0, bold=False, profile=profile(keys[0]))
    rest = replace(unit, index=unit.index + 1, content=head, key=keys[1], gap=False, profile=profile(keys[1]))
    first.evidence, rest.evidence = ["jump"], ["after_jump"]
    return [first, rest]


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


def _read_kind(unit: Unit, grammar: Grammar) -> UnitKind:  # noqa: PLR0911
    """Read the one kind that a unit's form speaks for most."""
    key = unit.key.strip()
    if not any(char.isalnum() for char in key):
        return "furniture"
    if is_slogan(key, grammar):
        return "slogan"
    bare = key.strip(BRACKETS)
    if len(key) <= MAX_HEAD:
        if grammar.jump_from.fullmatch(bare):
            return "jump_from"
        if grammar.jump_to.fullmatch(bare) and ("转" in bare or "下接" in bare):
            return "jump_to"
        if grammar.photo_credits.fullmatch(bare):
            unit.credit = Credit((), photo=True)
            return "byline"
        if (grammar.credits.fullmatch(bare) and (bare[-1] in "电社发讯" or _TOLD.match(bare))) or (
            bare != key and grammar.credits.fullmatch(bare)
        ):
            return "source"
        unit.credit = parse_credit(key, grammar)
        if (
            grammar.signed.fullmatch(bare)
            and (bare != key or not unit.level)
            and not (unit.credit and unit.credit.role)
        ):
            unit.credit, unit.signed = None, True
            return "source"
        nameless = unit.credit is not None and not unit.credit.role and not unit.credit.bracketed
        # 简讯 could be a person called 简; as a line of its own it is a heading.
        if unit.credit and not (nameless and (unit.level or grammar.roundups.search(key) or key in grammar.sections)):
            return "byline"
        unit.credit = None
    return "head" if looks_like_head(unit, grammar) else "text"


# 综合新华社、央视报道 on a line of its own.
_TOLD = re.compile(r"(?:本报)?(?:据|综合).*(?:报道|消息)$")


def is_slogan(key: str, grammar: Grammar) -> bool:
    """Say whether a line is made of public-service slogans only."""
    words = [word for word in re.split(r"[ ，。！、·|—-]+", key) if word]
    if grammar.slogan_lines.fullmatch(key):
        return True
    return 0 < len(words) <= 16 and all(word in grammar.slogans for word in words)


# A line of a timetable: a date or a day with a time (7月6日 19:30 …), or a time and what then is (19:35 中甲 …).
SCHEDULE = re.compile(
    r"(?:\d{1,2}月\d{1,2}日|周[一二三四五六日]|星期[一二三四五六日天]|[今明次当]日|[今明]晚) ?(?:[上下]午|晚上?)? ?"
    r"\d{1,2}[：:时]\d{0,2}"
    r"|\d{1,2}[：:]\d{2}(?:[-—～~至]\d{1,2}[：:]\d{2})? \S"
    r"|(?:[上下]午|晚上|凌晨|中午)(?:\d{1,2}|[一二三四五六七八九十]{1,3})[时点：](?:半|\d{1,2}分?)? \S"
)
# Times of the day in one line that make it a timetable's (a cinema's, a bus line's).
_TIMES, _MANY_TIMES, _MAX_SCHEDULE = re.compile(r"\d{1,2}[：:]\d{2}"), 2, 80


def is_schedule(key: str) -> bool:
    """Say whether a line is one of a timetable: it opens with a day and a time, or gives several times."""
    if SCHEDULE.match(key):
        return True
    return len(key) <= _MAX_SCHEDULE and "。" not in key and len(_TIMES.findall(key)) >= _MANY_TIMES


# A line of a chronicle: a date, a blank and what happened then.
_CHRONICLE = re.compile(r"(?:\d{4}年(?:\d{1,2}月)?(?:\d{1,2}日)?|\d{1,2}月\d{1,2}日)[：: ] ?\S{8,}")


# Longest line of a title that goes on in the next line, or that asks in two parts (借条上没写利息，能不能要？).
_HALF_TITLE = 24


def looks_like_head(unit: Unit, grammar: Grammar) -> bool:  # noqa: PLR0911
    """Say whether a unit's form allows a heading: short, no sentence inside, nothing open at its end."""
    key = unit.key.strip()
    limit = MAX_HEAD if unit.is_heading else MAX_PLAIN_HEAD
    if len(key) > limit or (grammar.questions.match(key)):
        return False
    if grammar.datelines.match(key):
        return False
    if "转" in key[-20:] and find_edges(key, grammar).jump_to:
        return False
    if any(char in key[:-1] for char in _SENTENCE_STOPS) and not unit.level:
        return False
    # A title that an engine cut in two lines can end with any mark but a full stop.
    half = len(key) <= _HALF_TITLE and (unit.level > 0 or (unit.bold and key[-1] in "：…"))
    if key[-1] in _OPEN_ENDS and not (half and key[-1] != "。"):
        return False
    if not unit.is_heading:
        if is_schedule(key) or _CHRONICLE.match(key):
            return False
        asking = key[-1] in "？！" and "，" in key and len(key) > _HALF_TITLE
        if key.count("，") >= 2 or asking or (key[-1] == "”" and "：“" in key):
            return False
        if re.match(r"(?:（[一二三四五六七八九十]+）|[①-⑳]|\d+[.．、])", key) and "，" in key:
            return False
    return any(is_han(char) or char.isalpha() for char in key)


# Lines from the top or the foot of a page where a bare name can be that of the paper or the page.
_PLACE_EDGE = 6


def _mark_furniture(units: list[Unit], page: Page, grammar: Grammar) -> None:
    """Find mastheads, dates of issue, page numbers, editors' and address lines."""
    paper = normalise(page.publication.name or "").strip()
    repeats = Counter(unit.key.strip() for unit in units if len(unit.key) <= 10)
    candidates = [
        unit
        for unit in units
        if unit.kind in ("head", "text", "byline", "source", "furniture")
        # A masthead set with bars between its parts looks like a row.
        or (unit.kind == "table" and "|" in unit.key and not unit.key.startswith("|"))
    ]
    _mark_guides(candidates, grammar)
    for place, unit in enumerate(candidates):
        edge = place < _PLACE_EDGE or place >= len(candidates) - _PLACE_EDGE or unit.hinted
        if unit.kind == "furniture" or len(unit.key) > FURNITURE_MAX or _is_signing_date(candidates, place, grammar):
            continue
        reason = furniture_reason(unit.key.strip(), paper, grammar, edge=edge, repeated=repeats[unit.key.strip()] > 1)
        if reason == "address" and place and _CALLS.search(candidates[place - 1].key[-_CALL_REACH:]):
            # Where to send what the text above asks for.
            continue
        if reason:
            unit.kind = "furniture"
            unit.evidence.append(f"furniture:{reason}")
    _mark_page_names(candidates)


# What a call for contributions says at its end.
_CALLS, _CALL_REACH = re.compile(r"来稿|投稿|征集|征文|应聘|报名"), 90


def _mark_page_names(units: list[Unit]) -> None:
    """Find the page's own name (副刊, 华南新闻) and a paper's Latin one: short lines among the furniture at the top."""
    top = units[:_PLACE_EDGE]
    for place, unit in enumerate(top):
        before = place == 0 or units[place - 1].kind == "furniture"
        after = place + 1 < len(units) and units[place + 1].kind == "furniture"
        if unit.kind != "head":
            continue
        key = unit.key.strip()
        reason = None
        if is_latin_name(key) and (before or after):
            reason = "masthead"
        elif before and after and 2 <= len(key) <= _PAGE_NAME and all(is_han(char) or char in "· " for char in key):
            reason = "section"
        if reason:
            unit.kind = "furniture"
            unit.evidence.append(f"furniture:{reason}")


# Names of pages: 要闻, 今日关注, 北京新闻·城事.
_PAGE_NAME = 8


# Titles in a box that points to other pages; a whole box on one line is longer.
_GUIDE_LENGTH, _GUIDE_LINE, _GUIDE_TITLE = 45, 240, 4


def _mark_guides(units: list[Unit], grammar: Grammar) -> None:
    """Find boxes that point to other pages (导读): a heading over lines that end with a page number, or two of them."""
    lines = [_points_on(unit, grammar) for unit in units]
    for place, unit in enumerate(units):
        key = unit.key.strip(" " + grammar.column_signs + "".join(grammar.column_brackets))
        head = grammar.guides.fullmatch(key) is not None
        start = grammar.guides.match(key)
        if start and not head and len(key) <= _GUIDE_LINE and _is_guide_line(key[start.end() :], grammar):
            stop = place + 1
        else:
            stop = place + head
            while stop < len(units) and lines[stop]:
                stop += 1
            if stop <= place + 1:
                continue
        for item in units[place:stop]:
            item.kind = "furniture"
            item.evidence.append("furniture:guide")


def _points_on(unit: Unit, grammar: Grammar) -> bool:
    """Say whether a short line ends with the number of another page, and is no jump line of a story."""
    key = unit.key.strip()
    if len(key) <= _GUIDE_LENGTH and unit.kind in ("head", "text") and grammar.guide_starts.match(key):
        return "。" not in key
    found = grammar.guide_lines.search(key) if len(key) <= _GUIDE_LENGTH and unit.kind in ("head", "text") else None
    return (
        found is not None
        and found.start() >= _GUIDE_TITLE
        and "。" not in key
        and not grammar.jump_to.match(key.strip(BRACKETS))
        and grammar.guide_signs.search(key[max(0, found.start() - 1) :]) is not None
    )


def _is_guide_line(key: str, grammar: Grammar) -> bool:
    """Say whether what follows 导读 on its line is titles with page numbers: at least one, and one at the end."""
    return (
        "。" not in key
        and grammar.guide_lines.search(key) is not None
        and grammar.guide_signs.search(key[-8:]) is not None
    )


def _is_signing_date(units: list[Unit], place: int, grammar: Grammar) -> bool:
    """Say whether a date alone on its line dates what stands above it and not the issue."""
    key = units[place].key.strip().replace(" ", "")
    if not place or not grammar.notice_signatures.fullmatch(key) or not key.endswith("日"):
        return False
    before = units[place - 1]
    if before.kind == "furniture":
        return False
    # The date of the issue stands above all text, or among the editors' lines at the foot.
    return any(unit.kind == "text" for unit in units[:place])
