"""Self-contained pieces of a page: photos with captions, notices, weather, tables, advertisements, slogans, verse.

They are taken out before the decision over the running text, because they stand anywhere, also inside a paragraph
that a column break cut in two.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from pipeline.splitting.blocks import Unit, is_schedule, split_heading
from pipeline.splitting.bylines import Credit, parse_credit
from pipeline.splitting.cohesion import Cohesion
from pipeline.splitting.grammar import Grammar
from pipeline.splitting.lines import ends_open
from pipeline.splitting.pictures import settle_picture
from pipeline.splitting.seams import Seams
from pipeline.text import is_han
from pipeline.types import Form, Kind, Person, Role

# A caption is one short paragraph: on the development pages 30 to 220 characters.
_MAX_CAPTION = 320
_MAX_AD_LINE = 160
_MAX_WEATHER_LINE = 90
_MAX_NOTICE_LINES = 12
_MIN_VERSE_LINES = 4


# Confidence of what the grammar recognises by form alone; 99 of 100 such pieces on development pages were right.
PIECE_CONFIDENCE = 0.95


@dataclass(slots=True)
class Member:
    """Give a unit its part in an article."""

    unit: Unit
    role: Role
    score: float = 0.0
    evidence: tuple[str, ...] = ()
    probability: float = PIECE_CONFIDENCE
    boundary: float = PIECE_CONFIDENCE


@dataclass(slots=True)
class Draft:
    """Hold an article in the making: its members in page order."""

    members: list[Member]
    kind: Kind = "news"
    form: Form = "news"
    column: str | None = None
    flags: set[str] = field(default_factory=set)
    dropped: list[tuple[Unit, str]] = field(default_factory=list)
    evidence: list[str] = field(default_factory=list)
    confidence: float = 1.0

    def texts(self) -> list[Member]:
        """List the members that make up the body."""
        return [member for member in self.members if member.role in ("paragraph", "caption", "table")]

    def has(self, role: Role) -> bool:
        """Say whether a member plays a role."""
        return any(member.role == role for member in self.members)


def take_pieces(units: Sequence[Unit], grammar: Grammar, seams: Seams, cohesion: Cohesion) -> list[Draft]:
    """Find the self-contained pieces of a page; a unit is in one of them at most."""
    live = [unit for unit in units if unit.kind not in ("furniture", "image")]
    for unit in live:
        settle_picture(unit, grammar)
    free = [True] * len(live)
    drafts: list[Draft] = []
    photo = partial(_photo, seams=seams, cohesion=cohesion)
    for finder in (_weather, _draw, _table, _timetable, _figures, _notice, _slogan, *_VERSE, photo, _ad):
        at = 0
        while at < len(live):
            draft, used = finder(live, free, at, grammar) if free[at] else _NOTHING
            if draft is not None:
                drafts.append(draft)
                for place in used:
                    free[place] = False
            at += 1
    return drafts


_Found = tuple[Draft | None, Sequence[int]]
_NOTHING: _Found = (None, range(0))


def _run(live: Sequence[Unit], free: Sequence[bool], at: int, kinds: tuple[str, ...], limit: int = 10_000) -> int:
    """Give the end of the run of free units of some kinds that begins at ``at``."""
    stop = at
    while stop < len(live) and free[stop] and live[stop].kind in kinds and stop - at < limit:
        stop += 1
    return stop


def _slogan(live: Sequence[Unit], free: Sequence[bool], at: int, grammar: Grammar) -> _Found:
    """Take a run of slogan lines; a single word alone is no slogan (法治 may be the name of a page)."""
    stop = _signed_slogan(live, free, at, grammar)
    if stop:
        return Draft(
            [Member(unit, "paragraph", 4.0, ("slogan",)) for unit in live[at:stop]], "filler", "filler"
        ), range(at, stop)
    if _is_phrases(live, free, at, grammar):
        return Draft([Member(live[at], "paragraph", 2.0, ("slogan:phrases",))], "filler", "filler"), range(at, at + 1)
    stop = _run(live, free, at, ("slogan",))
    words = [word for unit in live[at:stop] for word in re.split(r"[ ，。！、·|—-]+", unit.key) if word]
    if stop == at or (len(words) < 2 and len(words[0]) < 6):
        return _NOTHING
    return Draft([Member(unit, "paragraph", 5.0, ("slogan",)) for unit in live[at:stop]], "filler", "filler"), range(
        at, stop
    )


# Lines of a public-service slogan above the line that says who put it up, and the longest of them.
_SLOGAN_LINES, _SLOGAN_LENGTH = 3, 20


def _signed_slogan(live: Sequence[Unit], free: Sequence[bool], at: int, grammar: Grammar) -> int:
    """Give the end of a slogan that is signed by who put it up (文明办 宣); 0 where none begins."""
    for place in range(at + 1, min(len(live), at + _SLOGAN_LINES + 1)):
        before, line = live[place - 1], live[place]
        if (
            before.kind not in ("head", "slogan")
            or not free[place]
            or len(before.key) > _SLOGAN_LENGTH
            or before.key[-1:] in _STOPS
        ):
            return 0
        if _is_signature(before, grammar):
            return 0
        if grammar.slogans_signed.fullmatch(line.key.strip()):
            return place + 1
        if line.kind not in ("head", "slogan"):
            return 0
    return 0


_STOPS = "。；：，"
# A slogan of phrases: two to six of two to twelve characters; two themes of slogans in it, for one is in a title too.
_PHRASES, _PHRASE, _THEMES = (2, 6), (2, 12), 2
_DUTY = re.compile(r"(?:做起|有责|光荣|靠大家)$")
_NEWS_WORDS = re.compile(r"\d|昨|今日|我[市县省区]|本[市报]|首|启动|召开|举行|获|推进|记者|万|百|千")


def _is_phrases(live: Sequence[Unit], free: Sequence[bool], at: int, grammar: Grammar) -> bool:
    """Say whether a line is a slogan in phrases parted by blanks (公共场所禁止吸烟 文明城市你我共建).

    Titles have the same form, so the line must speak of two things that slogans speak of and head no text.
    """
    key = live[at].key.strip()
    if live[at].kind != "head" or len(key) > _SLOGAN_LENGTH * 2 or _NEWS_WORDS.search(key):
        return False
    phrases = [phrase for phrase in re.split(r"[ ，！。、—-]+", key) if phrase]
    low, high = _PHRASE
    fewest = 1 if _DUTY.search(key) else _PHRASES[0]
    if not fewest <= len(phrases) <= _PHRASES[1] or any(not low <= len(phrase) <= high for phrase in phrases):
        return False
    asks = {match.group() for match in grammar.slogan_asks.finditer(key)}
    themes = {match.group() for match in grammar.slogan_themes.finditer(key)} | asks
    after = live[at + 1] if at + 1 < len(live) and free[at + 1] else None
    if len(themes) < _THEMES or (after is not None and after.kind in ("text", "byline", "source")):
        return False
    # With headings below it the line may be a kicker or a title, unless it asks something of the reader.
    return bool(asks) or after is None or after.column


def _bare(key: str, grammar: Grammar) -> str:
    """Take the decoration of a standing head off a heading."""
    return key.strip(" " + grammar.column_signs + "".join(grammar.column_brackets))


def _weather(live: Sequence[Unit], free: Sequence[bool], at: int, grammar: Grammar) -> _Found:
    """Take a weather heading and the short lines below it."""
    if live[at].kind != "head" or not grammar.weather_titles.fullmatch(_bare(live[at].key, grammar)):
        return _NOTHING
    stop = at + 1
    for place in range(at + 1, len(live)):
        line = live[place]
        # One line without a word of weather may stand among the others (advice to farmers).
        if not free[place] or line.is_heading or len(line.key) > _MAX_WEATHER_LINE or place > stop + 1:
            break
        if grammar.weather_cues.search(line.key):
            stop = place + 1
    if stop == at + 1:
        return _NOTHING
    return _titled(live, at, at + 1, stop, "notice", "weather"), range(at, stop)


# Lines of drawn numbers are short; a game's number of balls may stand alone on its line.
_MAX_DRAW_LINE, _MAX_DRAW_LINES = 120, 24


def _draw(live: Sequence[Unit], free: Sequence[bool], at: int, grammar: Grammar) -> _Found:
    """Take a heading over drawn numbers and the lines or rows below it."""
    if live[at].kind != "head" or not grammar.draws.fullmatch(close_up(_bare(live[at].key, grammar))):
        return _NOTHING
    start = at + 1
    # 彩票公告 and the like stand over the name of the game, which then is the title.
    standing = grammar.notice_columns.fullmatch(close_up(_bare(live[at].key, grammar))) is not None
    if (
        standing
        and start + 1 < len(live)
        and free[start]
        and live[start].kind == "head"
        and grammar.draws.fullmatch(live[start].key.strip())
        and grammar.draw_lines.search(live[start + 1].key)
    ):
        start += 1
    stop = start
    while stop < min(len(live), start + _MAX_DRAW_LINES) and free[stop] and _is_draw_line(live[stop], grammar):
        stop += 1
    if stop == start:
        return _NOTHING
    members = [Member(live[at], "column" if start > at + 1 else "title", 4.0, ("draw",))]
    members += [Member(unit, "title", 4.0, ("draw",)) for unit in live[at + 1 : start]]
    members += [
        Member(unit, "table" if unit.kind == "table" else "paragraph", 4.0, ("draw",)) for unit in live[start:stop]
    ]
    return Draft(members, "notice", "table", evidence=["draw"]), range(at, stop)


def _is_draw_line(unit: Unit, grammar: Grammar) -> bool:
    return unit.kind == "table" or (
        not unit.is_heading
        and unit.kind in ("head", "text")
        and len(unit.key) <= _MAX_DRAW_LINE
        and not _has_news(unit)
        and grammar.draw_lines.search(unit.key) is not None
    )


def _titled(live: Sequence[Unit], head: int, start: int, stop: int, kind: Kind, form: Form) -> Draft:
    """Make a piece of a title (or none: ``head == start``) and paragraphs."""
    members = [Member(unit, "title", 4.0, (f"{form}:title",)) for unit in live[head:start]]
    role: Role = "table" if form == "table" else "paragraph"
    members += [Member(unit, role, 4.0, (form,)) for unit in live[start:stop]]
    return Draft(members, kind, form, evidence=[form])


def _table(live: Sequence[Unit], free: Sequence[bool], at: int, grammar: Grammar) -> _Found:
    """Take a table that stands under a heading of its own, or alone; one inside an article stays there."""
    if live[at].kind != "table" or (at and free[at - 1] and live[at - 1].kind == "table"):
        return _NOTHING
    stop = _run(live, free, at, ("table",))
    if at and live[at - 1].key.startswith("附"):
        # A table with 附 before its heading belongs to the story above.
        return _NOTHING
    if stop < len(live) and free[stop] and _TABLE_NOTE.fullmatch(live[stop].key.strip()):
        stop += 1
    headed = at > 0 and free[at - 1] and live[at - 1].kind == "head" and live[at].lines[0] - live[at - 1].lines[1] <= 3
    inside = at > 0 and free[at - 1] and live[at - 1].kind == "text" and stop < len(live) and live[stop].kind == "text"
    if not headed and inside:
        return _NOTHING
    start = at - 1 if headed else at
    above = start - 1 if start else at
    noted = headed and _BRACKETED.fullmatch(live[start].key.strip()) is not None
    if noted and above < start and free[above] and live[above].kind == "head":
        # The line between heading and rows gives the day or the unit.
        start = above
    draft = _titled(live, start, start + 1 if headed else at, stop, "notice", "table")
    return _with_column(live, free, start, stop, draft, grammar) if headed else (draft, range(start, stop))


_BRACKETED = re.compile(r"（[^（）]{2,40}）")
# The line below a table that gives its unit or its source.
_TABLE_NOTE = re.compile(r"[（(]?(?:注|单位|数据来源|资料来源|来源)[：: ].{1,60}[）)]?")


# Fewer dated lines than this are no timetable.
_MIN_TIMETABLE = 2


def _timetable(live: Sequence[Unit], free: Sequence[bool], at: int, grammar: Grammar) -> _Found:
    """Take a heading with lines below it that open with a date and a time of day."""
    stop = at + 1
    while stop < len(live) and free[stop] and not live[stop].is_heading and is_schedule(live[stop].key):
        stop += 1
    if live[at].kind != "head" or live[at].column or stop - at - 1 < _MIN_TIMETABLE:
        return _NOTHING
    draft = _titled(live, at, at + 1, stop, "notice", "table")
    return _with_column(live, free, at, stop, draft, grammar)


def _notice(live: Sequence[Unit], free: Sequence[bool], at: int, grammar: Grammar) -> _Found:
    """Take a notice's heading and its text, as long as it speaks as notices do."""
    unit = live[at]
    if unit.kind == "text":
        return _untitled_notice(live, free, at, grammar)
    if unit.kind != "head" or not _is_notice_title(unit, grammar):
        return _NOTHING
    stop, lost = at + 1, _LOST.search(unit.key) is not None
    for place in range(at + 1, min(len(live), at + _MAX_NOTICE_LINES + 1)):
        line = live[place]
        signed = _is_signature(line, grammar)
        if not free[place] or not _is_notice_line(line, grammar) or (line.is_heading and not signed):
            break
        if lost and not signed and not _LOST.search(line.key[:_NOTICE_START]):
            # Losses are announced line by line; what speaks of none is the advertisement below them.
            break
        if stop == place and not signed and _is_closed(live[place - 1], line, grammar):
            break
        # A line that says nothing a notice says belongs to it when one further down does.
        first = place == at + 1 and line.kind == "text" and _SURE_TITLE.search(close_up(unit.key.strip()))
        if (
            signed
            or first
            or grammar.notice_cues.search(line.key[:_NOTICE_START])
            or (stop == place and (_goes_on(line) or line.kind == "byline"))
        ):
            stop = place + 1
        elif _is_dated(live[stop - 1], grammar):
            break
    if stop == at + 1:
        return _NOTHING
    start = at - 1 if _heads_notice(live, free, at, grammar) else at
    draft = _titled(live, start, at + 1, stop, "notice", "notice")
    draft, used = _with_column(live, free, start, stop, draft, grammar)
    further = _court_items(live, free, at, stop, grammar)
    draft.members += [Member(live[place], "paragraph", 3.0, ("notice:court",)) for place in further]
    return draft, [*used, *further]


# So many units below a court's column are searched for what a column break put further down.
_COURT_REACH = 12


def _court_items(live: Sequence[Unit], free: Sequence[bool], at: int, stop: int, grammar: Grammar) -> list[int]:
    """Find texts of a court's column that stand further down, between the paragraphs of another article."""
    if not any(grammar.court.match(unit.key) for unit in live[at + 1 : stop]):
        return []
    return [
        place
        for place in range(stop, min(len(live), stop + _COURT_REACH))
        if free[place]
        and live[place].kind == "text"
        and not _has_news(live[place])
        and grammar.court.match(live[place].key)
    ]


# Below such a heading the first text is a notice whatever it says.
_SURE_TITLE = re.compile(r"(?:启事|声明|公告|通告|公示|讣告|讣闻|鸣谢|致谢|感谢信|更正)$")
# What a notice says stands in the first lines of its paragraphs.
_NOTICE_START = 400
# Paragraphs of a notice are numbered, or set off by signs where several are under one heading.
_ITEM = re.compile(r"[△▲●○■□◆◇★☆]|[（(]?[一二三四五六七八九十\d]{1,2}[）)、.．]")


def _is_closed(last: Unit, line: Unit, grammar: Grammar) -> bool:
    """Say whether a line below a signature is another piece: a heading, or an advertisement."""
    signed = _is_signature(last, grammar) and not _LABEL.match(last.key)
    return signed and (line.kind == "head" or _ad_score(line, grammar) >= _AD_SIGNS)


# 联系电话： and the like are no signature yet.
_LABEL = re.compile(
    r".{0,4}(?:[系申招卖报]人|话|热线|方式|地址|地点|邮编|编码|网址|传真|邮箱|开户行|[账帐]号|户名|路线)[ ：]"
)


def _goes_on(unit: Unit) -> bool:
    """Say whether a line is one of a notice's numbered paragraphs."""
    return unit.kind == "text" and _ITEM.match(unit.key.strip()) is not None


def _is_dated(unit: Unit, grammar: Grammar) -> bool:
    """Say whether a line is the date under a notice, below which another piece begins."""
    key = unit.key.replace(" ", "")
    return key.endswith("日") and grammar.notice_signatures.fullmatch(key) is not None


def _heads_notice(live: Sequence[Unit], free: Sequence[bool], at: int, grammar: Grammar) -> bool:
    """Say whether the line above a notice's heading names the body that gives it: … 人民法院 / 公告."""
    if at == 0 or not free[at - 1] or live[at - 1].kind != "head" or live[at - 1].column:
        return False
    key = live[at - 1].key.strip()
    return len(close_up(live[at].key.strip())) <= _SHORT_TITLE and grammar.notice_bodies.fullmatch(key) is not None


# A heading such as 招标公告 wants the body above it for its first half.
_SHORT_TITLE = 6


def _untitled_notice(live: Sequence[Unit], free: Sequence[bool], at: int, grammar: Grammar) -> _Found:
    """Take texts that end as notices end (… 声明作废) and stand by themselves without a heading."""
    stop = at
    while stop < len(live) and free[stop] and _closes_notice(live[stop], grammar):
        stop += 1
    if stop == at or (at > 0 and ends_open(live[at - 1].key) and live[at - 1].kind == "text"):
        return _NOTHING
    return _titled(live, at, at, stop, "notice", "notice"), range(at, stop)


# A notice without a heading is a single paragraph, shorter than a caption.
_UNTITLED_NOTICE = 200


def _closes_notice(unit: Unit, grammar: Grammar) -> bool:
    return (
        unit.kind == "text"
        and len(unit.key) <= _UNTITLED_NOTICE
        and not _has_news(unit)
        and grammar.notice_closes.search(unit.key.strip()) is not None
    )


def _with_column(
    live: Sequence[Unit], free: Sequence[bool], start: int, stop: int, draft: Draft, grammar: Grammar
) -> tuple[Draft, range]:
    """Give a piece the standing head straight above it, if there is one that pieces of its kind stand under."""
    if start > 0 and free[start - 1] and live[start - 1].kind == "head":
        above = live[start - 1]
        key = close_up(_bare(above.key, grammar))
        if len(key) <= _MAX_COLUMN and grammar.notice_columns.fullmatch(key):
            draft.members.insert(0, Member(above, "column", 3.0, (f"{draft.form}:column",)))
            return draft, range(start - 1, stop)
    return draft, range(start, stop)


_MAX_COLUMN = 10


_LOST = re.compile(r"遗失|挂失|丢失|不慎|作废|被盗|灭失")


def _has_news(unit: Unit) -> bool:
    """Say whether a text has at its edges what only news has: a dateline, a jump, reporters' names."""
    return unit.edges is not None and bool(unit.edges.dateline or unit.edges.jump_from or unit.edges.end_credits)


# A list of figures: a name and a number on each of at least three lines.
_FIGURE = r"(?:[-+]?\d[\d.，,]{0,12}|[〇零一二两三四五六七八九十百千万]{1,9}(?:元|角|斤|分|吨|公斤|担))"
_FIGURE_LINE = re.compile(
    rf"[^\d。；，]{{1,18}}(?:[：:]| +)[^\d。；，]{{0,4}}{_FIGURE}[^\d。；，]{{0,8}}(?:[ 涨跌升降同比+-].{{0,16}})?"
)
_MIN_FIGURES = 3


def _figures(live: Sequence[Unit], free: Sequence[bool], at: int, grammar: Grammar) -> _Found:
    """Take a heading with plain lines below it that give a name and a figure each (文科一本：558分)."""
    stop = at + 1
    while stop < len(live) and free[stop] and _is_line(live[stop]) and _FIGURE_LINE.fullmatch(live[stop].key.strip()):
        stop += 1
    if live[at].kind != "head" or live[at].column or stop - at - 1 < _MIN_FIGURES:
        return _NOTHING
    draft = _titled(live, at, at + 1, stop, "notice", "table")
    return _with_column(live, free, at, stop, draft, grammar)


def _is_notice_line(unit: Unit, grammar: Grammar) -> bool:
    """Say whether a unit can stand in a notice: no heading, and nothing that only news has."""
    if _is_signature(unit, grammar):
        return True
    signed = unit.kind == "byline" and unit.credit is not None and not (unit.credit.role or unit.credit.photo)
    return (
        not unit.is_heading
        and (_is_line(unit) or signed)
        and not _has_news(unit)
        and not _is_notice_title(unit, grammar)
    )


def _is_signature(unit: Unit, grammar: Grammar) -> bool:
    """Say whether a line signs a notice: the body that gives it, a person to ask, a date."""
    key = unit.key.strip()
    return (
        not unit.level
        and len(key) <= 48
        and (
            grammar.notice_signatures.fullmatch(key) is not None
            or grammar.notice_signatures.fullmatch(key.replace(" ", "")) is not None
        )
    )


def close_up(key: str) -> str:
    """Take the blanks out of a heading set with one between all characters: 公 告, 简 讯."""
    parts = key.split()
    return "".join(parts) if parts and all(len(part) == 1 for part in parts) else key


def _is_line(unit: Unit) -> bool:
    """Say whether a unit can be a line of a notice or an advertisement: text, or a plain line too short to tell."""
    return unit.kind == "text" or (unit.kind == "head" and not unit.is_heading)


# A heading that says that a notice was given is a news story's: 教育局发布招生公告.
_REPORTED = re.compile(r"发布|公布|出台|印发|下发|发出|召开|举行")


def _is_notice_title(unit: Unit, grammar: Grammar) -> bool:
    """Say whether a heading is a notice's; one with another title after a blank on the same line counts too."""
    key = close_up(_bare(unit.key, grammar))
    if grammar.notice_titles.fullmatch(key):
        return "关于" in key or not _REPORTED.search(key)
    first = key.partition(" ")[0]
    return 4 <= len(first) <= 8 and grammar.notice_titles.fullmatch(first) is not None


# Free verse: lines of at most this many characters, without a number, at least five of them or four in one block.
_VERSE_LINE, _FREE_VERSE = 16, 5
# A further poem under the same heading has at least this many lines, and a title not longer than that.
_NEXT_VERSE, _POEM_TITLE = 3, 12


def _free_verse(live: Sequence[Unit], free: Sequence[bool], at: int, grammar: Grammar) -> _Found:
    """Take a run of short unpunctuated lines below a title and a poet's name: verse without a metre."""
    stop = _verse_end(live, free, at, grammar)
    solid = not any(unit.gap for unit in live[at + 1 : stop])
    stop = stop if solid else _cut_stray_line(live, at, stop)
    if stop - at < (_MIN_VERSE_LINES if solid else _FREE_VERSE):
        return _NOTHING
    members = _poem_head(live, free, at, grammar)
    if not members:
        return _NOTHING
    head = at - len({member.unit.index for member in members})
    # Poems that follow under titles of their own, without a poet's name, are of the same set: 二月（外一首）.
    several = any(member.role == "title" and grammar.verse_sets.search(member.unit.key) for member in members)
    for place in range(at, stop):
        alone = (
            several and at < place < stop - 1 and live[place].gap and live[place + 1].gap and not live[place - 1].gap
        )
        role: Role = "subhead" if alone and len(live[place].key) <= _POEM_TITLE else "paragraph"
        members.append(Member(live[place], role, 4.0, ("verse",)))
    while several and stop < len(live) and free[stop] and live[stop].kind == "head":
        end = _verse_end(live, free, stop + 1, grammar)
        if len(live[stop].key) > _POEM_TITLE or end - stop - 1 < _NEXT_VERSE:
            break
        members.append(Member(live[stop], "subhead", 4.0, ("verse",)))
        members += [Member(unit, "paragraph", 4.0, ("verse",)) for unit in live[stop + 1 : end]]
        stop = end
    if not several and stop < len(live) and free[stop] and _is_trailing_column(live, stop, grammar):
        members.append(Member(live[stop], "column", 3.0, ("verse:column_below",)))
        stop += 1
    return Draft(members, "news", "poem", evidence=["verse"]), range(head, stop)


def _cut_stray_line(live: Sequence[Unit], at: int, stop: int) -> int:
    """Leave the last line off a poem in stanzas when it stands alone: it is the heading of what follows."""
    stanzas = any(not unit.gap for unit in live[at + 1 : stop])
    follows = stop < len(live) and live[stop].kind in ("head", "text", "byline")
    return stop - 1 if stanzas and follows and stop - 1 > at and live[stop - 1].gap else stop


def _verse_end(live: Sequence[Unit], free: Sequence[bool], at: int, grammar: Grammar) -> int:
    """Give the end of the run of verse lines from ``at``; a title among them with verse below it ends the run."""
    stop = at
    while stop < len(live) and free[stop] and _is_free_line(live[stop], grammar):
        stop += 1
    return stop


def _is_trailing_column(live: Sequence[Unit], at: int, grammar: Grammar) -> bool:
    """Say whether a decorated standing head of verse stands below its poem, at the end of the page."""
    unit = live[at]
    if unit.kind != "head" or not unit.column or at + 1 < len(live):
        return False
    return grammar.verse_columns.search(_bare(unit.key, grammar)) is not None


def _poem_head(live: Sequence[Unit], free: Sequence[bool], at: int, grammar: Grammar) -> list[Member]:
    """Find the title, the poet's line and the standing head above a poem, in page order; none without a title."""
    head, members = at, []
    if head > 0 and free[head - 1] and (live[head - 1].kind == "byline" or _signs_poem(live, free, head - 1, grammar)):
        head -= 1
        members.append(Member(live[head], "byline", 4.0, ("verse",)))
    if head == 0 or not free[head - 1] or live[head - 1].kind != "head":
        return []
    head -= 1
    title, poet = (live[head], None) if members else _part_poet(live[head], grammar)
    if poet is not None:
        members.append(Member(poet, "byline", 4.0, ("verse",)))
    members.insert(0, Member(title, "title", 4.0, ("verse",)))
    above = live[head - 1] if head > 0 and free[head - 1] else None
    poetic = above is not None and len(above.key) <= _MAX_COLUMN and grammar.verse_columns.search(above.key) is not None
    if above is not None and above.kind == "head" and (poetic or _is_column(above, grammar)):
        head -= 1
        members.insert(0, Member(live[head], "column", 4.0, ("verse",)))
    return members


def _part_poet(unit: Unit, grammar: Grammar) -> tuple[Unit, Unit | None]:
    """Part a poem's title from the poet's name behind it on the same line: 粉笔（三题） 田 野."""
    for at in (i for i, char in enumerate(unit.key) if char == " "):
        credit = parse_credit(unit.key[at:].strip(), grammar)
        if at >= 2 and credit is not None and len(credit.people) == 1:
            title, poet = split_heading(unit, at)
            poet.kind, poet.credit = "byline", credit
            return title, poet
    return unit, None


def _signs_poem(live: Sequence[Unit], free: Sequence[bool], at: int, grammar: Grammar) -> bool:
    """Say whether the line above verse, with a title above it, is the poet's: a place or a school and a name."""
    unit = live[at]
    if at == 0 or not free[at - 1] or live[at - 1].kind != "head" or unit.kind != "head" or unit.is_heading:
        return False
    words = unit.key.strip().split()
    if not 2 <= len(words) <= 5 or any(not is_han(char) for char in "".join(words)):
        return False
    for first in range(1, len(words)):
        credit = parse_credit(" ".join(words[first:]), grammar)
        if credit is not None and len(credit.people) == 1:
            unit.credit = credit
            return True
    name = "".join(words)
    if len(name) <= _PEN_NAME and all(len(word) == 1 for word in words):
        unit.credit = Credit((Person(name),))
        return True
    return False


# Pen names set with blanks between their characters: 北 岩, 蓝 衣.
_PEN_NAME = 4


def _is_column(unit: Unit, grammar: Grammar) -> bool:
    return unit.column or grammar.column_words.search(close_up(unit.key.strip())) is not None


def _is_free_line(unit: Unit, grammar: Grammar) -> bool:
    key = unit.key.strip()
    return (
        not unit.is_heading
        and unit.kind in ("head", "text")
        and 2 <= len(key) <= _VERSE_LINE
        and sum(map(is_han, key)) >= 0.8 * len(key)
        and not any(char.isdigit() or char in "：（）《》“”。；" for char in key)
        and not _FIGURE_LINE.fullmatch(key)
        and not grammar.column_words.search(key)
        and not grammar.notice_columns.fullmatch(key)
        and not grammar.notice_bodies.fullmatch(key)
        and not _is_notice_title(unit, grammar)
    )


def _verse(live: Sequence[Unit], free: Sequence[bool], at: int, _: Grammar) -> _Found:
    """Take lines of equal length below a title: a poem of five or seven syllables, or lines set without blank lines."""
    stop = at
    width = _han_count(live[at].key)
    if not 4 <= width <= 9 or live[at].is_heading or live[at].kind not in ("head", "text", "byline"):
        return _NOTHING
    while stop < len(live) and free[stop] and _is_verse_line(live[stop], width):
        stop += 1
    if (
        stop - at < _MIN_VERSE_LINES
        or (stop - at) % 2
        or (width not in (5, 7) and any(u.gap for u in live[at + 1 : stop]))
    ):
        return _NOTHING
    head = at
    while head > 0 and free[head - 1] and live[head - 1].kind == "byline" and at - head < 1:
        head -= 1
    if head > 0 and free[head - 1] and live[head - 1].kind == "head":
        head -= 1
    if head == at:
        return _NOTHING
    members = [Member(u, "byline" if u.kind == "byline" else "title", 4.0, ("verse",)) for u in live[head:at]]
    members += [Member(u, "paragraph", 4.0, ("verse",)) for u in live[at:stop]]
    return Draft(members, "news", "poem", evidence=["verse"]), range(head, stop)


# A couplet on one line: two halves of four to nine characters, alike in classical verse.
_COUPLET = re.compile(r"([\u3400-\u9fff]{4,9})[，、；]([\u3400-\u9fff]{4,9})[。！？；，]")
_CLASSICAL_LINE, _FEWEST_COUPLETS = 26, 2


def _classical_verse(live: Sequence[Unit], free: Sequence[bool], at: int, grammar: Grammar) -> _Found:
    """Take verse whose lines hold two halves each: couplets of one length, or what a title calls 七律 or 清平乐."""
    named = any(grammar.tunes.match(_bare(unit.key, grammar)) for unit in live[max(0, at - 2) : at])
    if at == 0 or not (_is_tune_line(live[at]) if named else _is_couplet(live[at])):
        return _NOTHING
    members = _poem_head(live, free, at, grammar)
    if not members:
        return _NOTHING
    width, stop = len(live[at].key.strip()), at
    while stop < len(live) and free[stop] and (_is_tune_line(live[stop]) if named else _is_couplet(live[stop], width)):
        stop += 1
    if stop - at < _FEWEST_COUPLETS:
        return _NOTHING
    head = at - len({member.unit.index for member in members})
    members += [Member(unit, "paragraph", 4.0, ("verse",)) for unit in live[at:stop]]
    return Draft(members, "news", "poem", evidence=["verse"]), range(head, stop)


def _is_couplet(unit: Unit, width: int = 0) -> bool:
    key = unit.key.strip()
    found = _COUPLET.fullmatch(key) if not unit.is_heading and unit.kind in ("head", "text") else None
    if found is None or (width and len(key) != width):
        return False
    return bool(width) or len(found.group(1)) == len(found.group(2)) or len(key) <= _CLASSICAL_LINE


def _is_tune_line(unit: Unit) -> bool:
    key = unit.key.strip()
    return (
        not unit.is_heading
        and unit.kind in ("head", "text")
        and len(key) <= _CLASSICAL_LINE
        and key[-1:] in "，。！？；、"
    )


_VERSE = (_classical_verse, _verse, _free_verse)


def _han_count(key: str) -> int:
    return sum(map(is_han, key)) if len(key) <= 24 else 0


def _is_verse_line(unit: Unit, width: int) -> bool:
    return (
        not unit.is_heading
        and unit.kind in ("head", "text")
        and _han_count(unit.key) == width
        and len(unit.key.strip("，。！？；、 ")) == width
    )


# ---- photos ----------------------------------------------------------------------------------------------------


def _photo(  # noqa: PLR0911
    live: Sequence[Unit], free: Sequence[bool], at: int, grammar: Grammar, *, seams: Seams, cohesion: Cohesion
) -> _Found:
    """Take a caption with the credit of its picture, and the short heading above it."""
    unit = live[at]
    if unit.kind == "text" and unit.edges and any(credit.photo for credit in unit.edges.end_credits):
        named = any(credit.people for credit in unit.edges.end_credits)
        if len(unit.key) > _MAX_CAPTION or (not named and not unit.image and not _is_apart(live, free, at, cohesion)):
            return _NOTHING
        return _photo_draft(live, free, at, at + 1, {at}, grammar)
    if _speaks_of_picture(live, free, at, grammar):
        stop = at + 1
        while stop < len(live) and free[stop] and _NUMBERED_PICTURE.match(live[stop].key) and _can_caption(live[stop]):
            stop += 1
        captions = set(range(at, stop))
        # 本组图片由… names who made all of them.
        credit = live[stop].credit if stop < len(live) and free[stop] and live[stop].kind == "byline" else None
        stop += credit is not None and credit.photo
        return _photo_draft(live, free, at, stop, captions, grammar)
    if unit.kind != "byline" or unit.credit is None or not unit.credit.photo:
        return _NOTHING
    before = at > 0 and free[at - 1] and _can_caption(live[at - 1])
    if not unit.credit.people and before and not live[at - 1].image and not _is_apart(live, free, at - 1, cohesion):
        # 新华社发 also ends a story.
        return _NOTHING
    after = at + 1 < len(live) and free[at + 1] and _can_caption(live[at + 1])
    if before and after:
        # The credit stands below its caption more often than above; not where the text before is the second half of
        # a paragraph that another picture cut.
        before = not ends_open(live[at - 1].key) and not _resumes(live, free, at, seams, cohesion)
    if before:
        return _photo_draft(live, free, at - 1, at + 1, {at - 1}, grammar)
    if after:
        return _photo_draft(live, free, at, at + 2, {at + 1}, grammar)
    return _NOTHING


# A caption without credit that says 图为 is shorter than one with it.
_SPEAKING_CAPTION = 160


def _speaks_of_picture(live: Sequence[Unit], free: Sequence[bool], at: int, grammar: Grammar) -> bool:
    """Say whether a short text says that it is a caption (图为…, ▲…) and no picture's credit stands below it."""
    unit = live[at]
    if unit.image and unit.key[0] in _POINTERS and len(unit.key) <= _SPEAKING_CAPTION and _is_line(unit):
        return not (unit.edges and unit.edges.end_credits)
    found = grammar.captions.search(unit.key) if _can_caption(unit) and len(unit.key) <= _SPEAKING_CAPTION else None
    if found is None or ends_open(unit.key) or (found.start() and unit.key[found.start() - 1] not in "。！？；，”"):
        return False
    below = live[at + 1] if at + 1 < len(live) and free[at + 1] else None
    numbered = _NUMBERED_PICTURE.match(unit.key) is not None
    return numbered or below is None or below.kind != "byline" or below.credit is None or not below.credit.photo


# Signs that point from a caption to its picture; numbers of pictures of a group.
_POINTERS = "▲▼◀▶△▽↑↓←→"
_NUMBERED_PICTURE = re.compile(r"图[①②③④⑤⑥⑦⑧⑨一二三四五六\d]{1,2}[：:]")


def _resumes(live: Sequence[Unit], free: Sequence[bool], credit: int, seams: Seams, cohesion: Cohesion) -> bool:
    """Say whether the text before a picture's credit, and not the one after it, resumes the nearest free text above."""
    above = [
        live[place].profile
        for place in range(max(0, credit - 6), credit - 1)
        if free[place] and live[place].kind == "text"
    ]
    near = (
        cohesion.similarity(above, [live[credit - 1].profile]),
        cohesion.similarity(above, [live[credit + 1].profile]),
    )
    if near[0] > near[1] + _NEARER:
        return True
    if near[1] > near[0] + _NEARER:
        return False
    for place in range(credit - 2, max(-1, credit - 7), -1):
        if live[place].kind == "head":
            return False
        if free[place] and live[place].kind == "text":
            last = live[place].key
            if not ends_open(last):
                return False
            return seams.gain(last, live[credit - 1].key) > seams.gain(last, live[credit + 1].key) + _RESUMES
    return False


# By so much the text above the credit must go on better than the one below before the caption is looked for below.
_RESUMES = 0.5
# Cosine by which one of the two must be nearer to the texts above.
_NEARER = 0.02


# One in fifty neighbouring paragraphs of an article shares less than this with the three before it.
_APART = 0.01


def _is_apart(live: Sequence[Unit], free: Sequence[bool], at: int, cohesion: Cohesion) -> bool:
    """Say whether a text has nothing in common with the texts above it."""
    above = [live[place].profile for place in range(max(0, at - 5), at) if free[place] and live[place].kind == "text"]
    return cohesion.similarity(above, [live[at].profile]) < _APART


def _can_caption(unit: Unit) -> bool:
    edges = unit.edges
    return (
        unit.kind == "text"
        and len(unit.key) <= _MAX_CAPTION
        and (edges is None or (edges.dateline is None and edges.jump_from is None and not edges.tail))
    )


_MAX_PHOTO_TITLE = 16


def _photo_draft(
    live: Sequence[Unit], free: Sequence[bool], start: int, stop: int, captions: set[int], grammar: Grammar
) -> _Found:
    """Make a photo piece, with the one short heading straight above it as its title, and a standing head above that."""
    head = start
    members: list[Member] = []
    for role in ("title", "column"):
        above = live[head - 1] if head > 0 and free[head - 1] else None
        if above is None or above.kind != "head" or len(above.key) > _MAX_PHOTO_TITLE:
            break
        standing = grammar.picture_columns.fullmatch(_bare(above.key, grammar)) is not None
        if standing:
            members.insert(0, Member(above, "column", 2.0, ("photo:column",)))
            head -= 1
            break
        if role == "column" or above.column:
            break
        members.insert(0, Member(above, "title", 2.0, ("photo:title",)))
        head -= 1
    for place in range(start, stop):
        part: Role = "caption" if place in captions else "credit"
        members.append(Member(live[place], part, 3.0, ("photo",)))
    return Draft(members, "photo", "photo", evidence=["photo_credit"]), range(head, stop)


# ---- advertisements --------------------------------------------------------------------------------------------

# Signs that make an advertisement: of a run with a telephone number, of one without.
_AD_SIGNS, _AD_SIGNS_MUTE, _MAX_AD_LINES = 2, 3, 8


def _ad(live: Sequence[Unit], free: Sequence[bool], at: int, grammar: Grammar) -> _Found:
    """Take a run of advertisement lines with the heading above; without a telephone number it takes more signs."""
    stop, phones, signs = at, 0, 0
    while stop < min(len(live), at + _MAX_AD_LINES) and free[stop] and _is_line(live[stop]):
        score = _ad_score(live[stop], grammar)
        if score < _AD_SIGNS - bool(stop > at):
            break
        phones += bool(grammar.phone.search(live[stop].key))
        signs += score
        stop += 1
    if stop == at:
        return _NOTHING
    # The name of the house that advertises may stand below.
    if stop < len(live) and free[stop] and _is_line(live[stop]) and grammar.ad_houses.fullmatch(live[stop].key.strip()):
        stop += 1
    head = at
    if at > 0 and free[at - 1] and live[at - 1].kind == "head" and not live[at - 1].column:
        head, signs = at - 1, signs + _ad_score(live[at - 1], grammar)
    if signs < (_AD_SIGNS if phones else _AD_SIGNS_MUTE) or (not phones and any(map(_tells, live[at:stop]))):
        return _NOTHING
    return _titled(live, head, at, stop, "ad", "ad"), range(head, stop)


def _tells(unit: Unit) -> bool:
    """Say whether a text tells a story: it is longer than an advertisement's lines without a telephone number."""
    return len(unit.key) > _MAX_AD_SENTENCE


_MAX_AD_SENTENCE = 60


# What only a story says, though it gives telephone numbers and prices too.
_REPORTS = re.compile(
    r"记者|据(?:介绍|了解|悉|统计|估算)|介绍，|表示，|[^传]说[，：]|告诉|称，|透露|昨日|昨天|日前|近日"
)


def _ad_score(unit: Unit, grammar: Grammar) -> int:
    """Count the advertisement's signs in a short text without a news story's."""
    key = unit.key
    if len(key) > _MAX_AD_LINE or (unit.edges and (unit.edges.dateline or unit.edges.tail)) or _REPORTS.search(key):
        return 0
    cues = {match.group() for match in grammar.ad_cues.finditer(key)}
    return len(cues) + bool(grammar.phone.search(key))
