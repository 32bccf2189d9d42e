"""Standing heads on one line with a title: 链接：…, 【…】…, …｜… and the like.

Papers set the name of a box or a column in front of the title of its piece, and an engine reads both as one line.
They are parted here, so that the decision over the page sees a standing head and a title.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from pipeline.splitting.blocks import Unit, looks_like_head, split_heading, split_unit
from pipeline.splitting.bylines import find_edges, parse_credit, split_affiliation
from pipeline.splitting.cohesion import profile
from pipeline.splitting.grammar import Grammar, normalise
from pipeline.splitting.headforms import HeadForms
from pipeline.splitting.notices import Draft, Member
from pipeline.splitting.readings import AFTER_COLUMN, COLUMN_PARTED

# Names of standing heads have two to twelve characters, their titles at least four.
_NAME, _TITLE = (2, 12), 4
# What an undecorated name in front of a title has at most: 热线追问, 会场内外.
_PLAIN_NAME = 6
# By so much (in nats, of ln 5 at most) the wording must speak for a standing head where a dot parts it from the rest;
# the rest is longer than the second half of a standing head then (走基层·蹲点日记). Behind a sign that opens standing
# heads it is enough that the wording is no title's.
_WORDED, _NO_TITLE, _LONG_REST = 1.3, -2.0, 12
# A word that ends like a standing head, with nothing but a blank behind it: the rest is longer by so much, as the
# halves of a headline are not.
_UNEVEN = 3
_QUOTES, _OPENING = frozenset("“”《》‘’"), frozenset("【「『〔〖［（")
_BRACKETED = re.compile(
    "(?:" + "|".join(f"{a}[^{a}{b}]{{2,12}}{b}" for a, b in ("【】", "「」", "『』", "〔〕", "〖〗", "［］")) + ") ?"
)
_SEPARATED = re.compile(r"([^｜丨|▍┃│▲▼◆●■▶►：·]{2,12}?) ?([｜丨|▍┃│▲▼◆●■▶►]|：|·) ?(?=.)")
_BARS = "｜丨|▍┃│▲▼◆●■▶►"


def part_standing_heads(units: Sequence[Unit], grammar: Grammar, forms: HeadForms | None = None) -> list[Unit]:
    """Part the standing heads from the titles behind them, and number the units anew."""
    for place, unit in enumerate(units):
        near = [units[at] for at in (place - 1, place + 1) if 0 <= at < len(units)]
        if unit.kind == "head" and any(other.kind == "head" for other in near):
            _open_brackets(unit)
    named = Counter(_bare(unit.key, grammar) for unit in units if unit.kind == "head")
    parted: list[Unit] = []
    for unit in _part_run_in(units, grammar):
        at = _find_end(unit, named, grammar, forms) if unit.kind in ("head", "text", "byline") else 0
        if not at:
            parted.append(unit)
            continue
        parted += _part(unit, at, grammar)
    for number, unit in enumerate(parted):
        unit.index = number
    return parted


def _open_brackets(unit: Unit) -> None:
    """Take the round brackets off a standing head that is set in them, as part of a headline: （致富路上）."""
    if _ROUND.fullmatch(unit.key.strip()):
        unit.content = unit.content.strip().slice(1, len(unit.content.strip().text) - 1)
        unit.key = normalise(unit.content.text)
        unit.profile, unit.column = profile(unit.key), True
        unit.evidence.append(COLUMN_PARTED)


# （外一首）, （三题） and （上） belong to the title before them.
_ROUND = re.compile(r"（(?![上中下续完])[\u3400-\u9fff]{3,8}(?<![首则篇题章回节集辑续])）")
# A title at the start of a short item's only line, a blank behind it: so long, and its text so much longer.
_RUN_IN = re.compile(r"([^。，；！？：… ]{6,22}) ( ?)(?=\S)")
_RUN_IN_TEXT, _DATED = 20, re.compile(r"[0-9一二三四五六七八九十年月日号时分:—-]+$|^[0-9]+[.、]")


def _part_run_in(units: Sequence[Unit], grammar: Grammar) -> list[Unit]:
    """Part the titles off items whose text follows on the same line, where two such lines stand together."""
    ends = [_run_in_end(unit, grammar) for unit in units]
    parted: list[Unit] = []
    for number, unit in enumerate(units):
        around = [place for place in (number - 2, number - 1, number + 1) if 0 <= place < len(units)]
        near = [ends[place] if place != number - 2 else False for place in around]
        near += ["run_in" in units[place].evidence for place in around]
        parted += split_unit(unit, ends[number], grammar) if ends[number] and any(near) else [unit]
    return parted


def _run_in_end(unit: Unit, grammar: Grammar) -> int:
    """Find where a title at the start of a text ends, by its form alone; 0 where there is none."""
    if unit.kind != "text" or unit.edges is None or unit.edges.lead or unit.bold_run or unit.level:
        return 0
    match = _RUN_IN.match(unit.key)
    if match is None or _DATED.search(match.group(1)) or grammar.questions.match(unit.key):
        return 0
    rest = unit.key[match.end() :]
    plain = not any(char in match.group(1) for char in "（）△▲●■◆·/")
    return match.end(1) if plain and len(rest) >= _RUN_IN_TEXT and "。" in rest and "，" in rest else 0


def _bare(key: str, grammar: Grammar) -> str:
    return key.strip(" " + grammar.column_signs + "".join(grammar.column_brackets))


def _part(unit: Unit, at: int, grammar: Grammar) -> list[Unit]:
    """Cut a line behind its standing head; what follows is a title, a byline or a text of its own."""
    head, rest = split_heading(unit, at)
    head.evidence, rest.evidence = [*unit.evidence, COLUMN_PARTED], [*unit.evidence, AFTER_COLUMN]
    head.kind, head.column, head.edges, head.credit, head.bold_run = "head", True, None, None, 0
    rest.gap, rest.column, rest.bold_run = False, False, 0
    strip = len(rest.key) - len(rest.key.lstrip("：·" + _BARS + " "))
    if strip:
        rest.content = rest.content.slice(strip, len(rest.content.text))
        rest.key = normalise(rest.content.text)
        rest.profile = profile(rest.key)
    credit = parse_credit(rest.key, grammar) if len(rest.key) <= 40 else None
    found = split_affiliation(rest.key, grammar) if credit is None and len(rest.key) <= _SIGNED else None
    if credit is not None and (credit.role or credit.affiliated):
        rest.kind, rest.credit = "byline", credit
    elif found is not None and unit.kind in ("head", "byline") and not unit.level:
        rest.kind, rest.credit = "byline", parse_credit(f"（{rest.key}）", grammar)
    elif looks_like_head(rest, grammar):
        rest.kind, rest.edges = "head", None
    else:
        rest.kind, rest.edges, rest.level, rest.bold = "text", find_edges(rest.key, grammar), 0, False
    return [head, rest]


_SIGNED = 24


def _find_end(unit: Unit, named: Counter[str], grammar: Grammar, forms: HeadForms | None) -> int:
    """Find where the standing head at the start of a line ends; 0 where there is none."""
    key = unit.key
    if unit.kind == "text" and not unit.bold_run:
        return 0
    if unit.kind == "byline":
        # 记者手记 | 读者 樊守义.
        match = _SEPARATED.match(key)
        named_so = match is not None and match.group(2) in _BARS and grammar.boxes.fullmatch(match.group(1).strip())
        return match.end() if match is not None and named_so else 0
    at = _find_name(unit, named, grammar, forms)
    # 百姓热线 22861234, 读者来信 第216期 and 名医面对面 MING YI are standing heads as they are; 新算盘 ▶7版 points on.
    rest = key[at:].lstrip(" ：·" + _BARS)
    return 0 if _NO_REST.match(rest) or not _HAN.search(rest) else at


_NO_REST = re.compile(r"\d+ ?(?:版|$)|第[0-9一二三四五六七八九十]+[期版]|\d{4}年\d{1,2}月\d{1,2}日")
_HAN = re.compile(r"[\u3400-\u9fff]")


def _find_name(unit: Unit, named: Counter[str], grammar: Grammar, forms: HeadForms | None) -> int:
    """Find where the name of a standing head ends, with the sign or the blank behind it; 0 where there is none."""
    key = unit.key
    if unit.kind == "text" or (unit.bold_run and not unit.bold):
        return _bold_end(unit, grammar)
    match = _BRACKETED.match(key)
    if match:
        return match.end() if len(key) - match.end() >= _TITLE else 0
    match = _SEPARATED.match(key)
    if match and len(key) - match.end() >= _TITLE and _is_name(match, named, grammar, forms):
        return match.end() if match.group(2) not in "：·" else match.end(1)
    return _blank_end(key, named, grammar, forms)


def _bold_end(unit: Unit, grammar: Grammar) -> int:
    """Take the bold beginning of a line as a standing head when it is named like one."""
    head = unit.key[: unit.bold_run].strip(" ：·")
    return unit.bold_run if grammar.boxes.fullmatch(_bare(head, grammar)) else 0


def _is_name(match: re.Match[str], named: Counter[str], grammar: Grammar, forms: HeadForms | None) -> bool:
    """Say whether what stands before a colon, a dot or a bar is the name of a standing head."""
    word, sign = _bare(match.group(1), grammar), match.group(2)
    if not _NAME[0] <= len(word) <= _NAME[1] or " " in word:
        return False
    long = len(_bare(match.string[match.end() :], grammar)) >= _LONG_REST
    if grammar.boxes.fullmatch(word) or (named[word] > 0 and (sign != "·" or long)):
        return True
    if sign in _BARS:
        return len(word) <= _PLAIN_NAME + 2 and not any(char.isdigit() for char in word)
    if sign != "·" or forms is None or not long:
        return False
    return forms.read(word)["column"] >= _WORDED


def _blank_end(key: str, named: Counter[str], grammar: Grammar, forms: HeadForms | None) -> int:
    """Find the blank behind a plain name: of a box, of a head that the page sets elsewhere, or worded like one."""
    opened = key[:1] in grammar.column_signs and key[:1] != ""
    start = 1 if opened else 0
    at = key.find(" ", start + 1)
    word, rest = key[start:at].strip(), key[at:].strip()
    if at < 0 or not _NAME[0] <= len(word) <= _PLAIN_NAME or len(rest) < _TITLE:
        return 0
    if grammar.boxes.fullmatch(word) or named[word] > 0:
        return at
    if _QUOTES & set(word) or _OPENING & set(word):
        return 0
    if len(rest.split()[0]) >= len(word) + _UNEVEN and grammar.column_words.search(word):
        return at
    said = forms.read(word) if forms is not None and (opened or key[at : at + 2] == "  ") else None
    return at if said and said["column"] > 0 and said["title"] <= _NO_TITLE else 0


# ---- standing heads of pieces ----------------------------------------------------------------------------------------

# A standing head over a picture says so: 图片新闻, 镜头, 光影.
_OF_PICTURES = re.compile(r"图|影|镜头|瞬间|现场|视觉|画|摄")
# Such wording (log-odds, ln 5 at most) is a standing head's.
_SURELY_WORDED = 1.2
# Above a poem's title hardly anything else stands.
_POEM_WORDED = 0.8


def claim_columns(drafts: Sequence[Draft], units: Sequence[Unit], grammar: Grammar, forms: HeadForms | None) -> None:
    """Give a notice, a table or a picture the standing head straight above it (公告栏, 数据, 图片新闻)."""
    taken = {member.unit.index for draft in drafts for member in draft.members}
    place = {unit.index: number for number, unit in enumerate(units)}
    for draft in drafts:
        _rename_title(draft, grammar, forms)
        first = place[min(member.unit.index for member in draft.members)]
        above = units[first - 1] if first else None
        if above is None or above.kind != "head" or above.index in taken or draft.has("column"):
            continue
        piece = draft.kind in ("notice", "photo") or draft.form == "poem"
        if not piece or not _heads_piece(above, draft, grammar, forms):
            continue
        draft.members.insert(0, Member(above, "column", 3.0, ("column_of_piece",)))
        taken.add(above.index)


def _rename_title(draft: Draft, grammar: Grammar, forms: HeadForms | None) -> None:
    """Read the one heading of a picture as its standing head where it is named like one."""
    titles = [member for member in draft.members if member.role == "title"]
    if draft.kind == "photo" and len(titles) == 1 and "run_in" not in titles[0].unit.evidence:
        name = "".join(_bare(titles[0].unit.key, grammar).split())
        said = forms.read(name) if forms is not None and len(name) <= _PLAIN_NAME else None
        if said is not None and _OF_PICTURES.search(name) and said["column"] >= _SURELY_WORDED:
            titles[0].role = "column"


def _heads_piece(unit: Unit, draft: Draft, grammar: Grammar, forms: HeadForms | None) -> bool:
    """Say whether a heading is the standing head of the piece below it."""
    name = "".join(_bare(unit.key, grammar).split())
    if draft.kind == "photo" and not _OF_PICTURES.search(name):
        return False
    if COLUMN_PARTED in unit.evidence:
        return True
    if not draft.has("title") and draft.kind == "notice":
        return False
    if len(name) > _NAME[1]:
        return False
    said = forms.read(name) if forms is not None else None
    least = _SURELY_WORDED if draft.form != "poem" else _POEM_WORDED
    return grammar.boxes.fullmatch(name) is not None or (said is not None and said["column"] >= least)
