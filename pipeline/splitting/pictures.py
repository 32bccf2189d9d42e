"""Credits of pictures that a byline's grammar does not read: photographers of other papers, painters, carvers."""

from __future__ import annotations

import re
from dataclasses import replace

from pipeline.splitting.blocks import Unit
from pipeline.splitting.bylines import BRACKETS, Credit, Edges, Piece, parse_credit
from pipeline.splitting.grammar import Grammar

# The longest credit that follows a caption's last full stop: a paper's name, 记者 and two names.
_MAX_CREDIT = 30
_STOPS = "。！？”）"
# How works of art are signed: 汪德明 画, 郑石安 作.
_MADE = r"(?:画|作|绘|刻|书|漫画|绘画|制图|绘图|手绘|摄制)"
_ART = re.compile(
    rf"(?P<names>\S{{1,4}}(?:[ 、]\S{{1,4}}){{0,3}}) ?/?{_MADE}|(?:图|漫画|绘图|制图|摄)[/：] ?(?P<after>\S.{{1,20}})"
)
# The name of a work with its kind in brackets, and who made it: 春汛（木刻） 郑石安 作.
_WORK = re.compile(
    r"(?P<work>[^。，；]{1,16}（(?:[^（）]{0,4}(?:木刻|版画|国画|油画|水彩|水粉|速写|素描|漫画|剪纸|书法|篆刻|摄影|年画|雕塑|连环画|农民画|写生|插图))）)"
    r" ?(?P<credit>.{2,16})"
)


def settle_picture(unit: Unit, grammar: Grammar) -> None:
    """Give a unit the picture's credit that it is or ends with, where the grammar of bylines has found none."""
    if unit.kind == "head" and not unit.is_heading:
        work = _WORK.fullmatch(unit.key.strip())
        credit = picture_credit(work.group("credit"), grammar) if work else picture_credit(unit.key, grammar)
        if credit is None:
            return
        if work is None:
            unit.kind, unit.credit = "byline", credit
            return
        at, end = work.start("credit"), len(unit.key.rstrip())
        unit.kind = "text"
        unit.edges = Edges(0, at, tail=[Piece("credit", at, end)], end_credits=[credit])
    elif unit.kind == "byline" and unit.credit is not None and not unit.credit.photo:
        if _SIGNED_PICTURE.match(unit.key.strip(BRACKETS)) and all(p.role == "摄影" for p in unit.credit.people):
            unit.credit = replace(unit.credit, photo=True)
    elif unit.kind == "text" and unit.edges is not None and not unit.edges.end_credits and not unit.edges.lead:
        key = unit.key.rstrip()
        at = max(key.rfind(char, max(0, len(key) - _MAX_CREDIT), len(key) - 1) for char in _STOPS) + 1
        credit = _without_house(key[at:].strip(), grammar) if at else None
        if credit is not None and at <= unit.edges.end:
            unit.edges.tail.insert(0, Piece("credit", at, len(key)))
            unit.edges.end_credits.append(credit)
            unit.edges.end = at


# 图/本报记者 李辉 names photographers alone.
_SIGNED_PICTURE = re.compile(r"(?:图|摄|摄影|图片|照片|供图)[/：]")


def picture_credit(key: str, grammar: Grammar) -> Credit | None:
    """Read a line of its own that names who made a picture; None for any other line."""
    key = key.strip().strip(BRACKETS)
    if not 2 < len(key) <= _MAX_CREDIT:
        return None
    found = _ART.fullmatch(key)
    if found is None:
        return _without_house(key, grammar)
    made = found.group("names") is not None
    credit = parse_credit(f"{found.group('names') or found.group('after')} 摄", grammar)
    if credit is None or not credit.people:
        return None
    people = tuple(replace(person, role=None) for person in credit.people) if made else credit.people
    return replace(credit, people=people, photo=True)


def _without_house(key: str, grammar: Grammar) -> Credit | None:
    """Read a photographer's line that opens with words no list knows (学生记者 石榴 摄)."""
    words = key.strip(BRACKETS).split()
    if not words or not words[-1].endswith(("摄", "摄影", "供图", "摄影报道")):
        return None
    for first in range(len(words)):
        credit = parse_credit(" ".join(words[first:]), grammar)
        if credit is not None and credit.photo and credit.people:
            return credit
    return None
