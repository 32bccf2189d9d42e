"""Names on lines of their own: which short line is an author's, and which a heading.

The form of a line alone does not tell 北 岩 below a poem's title from 锋 言 above a comment, nor 机械学院 陶 然 below a
letter from a headline of two parts. What stands around it does, and the names that the page credits elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from pipeline.splitting.blocks import Unit, split_heading
from pipeline.splitting.bylines import (
    Credit,
    Piece,
    is_standing,
    names_of,
    parse_credit,
    read_pen_name,
    split_affiliation,
)
from pipeline.splitting.cohesion import profile
from pipeline.splitting.grammar import Grammar, normalise
from pipeline.text import AlignedText
from pipeline.types import Person

# A line of verse, and as many of them below a name as show that verse follows.
_VERSE_LINE, _VERSE_LINES = 18, 3
# A signature with its affiliation is a short line: 驻大寨镇金桂村第一书记 凌 霄 has 14, unions and institutes up to 30.
_SIGNATURE = 36
# A title that has its author's name at its end has at least so many characters of its own.
_TITLE = 3
# The second half of a byline that a narrow column cut begins with the rest of a name, or with all of one.
_REST_OF_NAME = re.compile(r"[\u3400-\u9fff](?= |$)")
_LETTERS_AT_END = re.compile(r" (?:[\u3400-\u9fff] ){1,2}[\u3400-\u9fff]$")
_NAME_IN_BRACKETS = re.compile(r"(?<=[。！？”…])（([\u3400-\u9fff]{3})）$")


def settle_signatures(units: Sequence[Unit], grammar: Grammar) -> list[Unit]:
    """Read the lines of a page that may be an author's name by what stands around them, and join broken bylines."""
    settled = _part_titles(_join_broken(units, grammar), grammar)
    known = _credited(settled)
    live = [unit for unit in settled if unit.kind not in ("furniture", "image")]
    for place, unit in enumerate(live):
        if unit.kind == "head":
            credit = _read_signature(live, place, known, grammar)
            if credit is not None:
                unit.kind, unit.credit, unit.column = "byline", credit, False
                unit.evidence.append("signature")
        elif unit.kind == "byline" and _is_short_title(live, place, grammar):
            unit.kind, unit.credit = "head", None
            unit.evidence.append("no_signature")
        elif unit.kind == "text":
            _read_bracketed(live, place, grammar)
    for number, unit in enumerate(settled):
        unit.index = number
    return settled


def _credited(units: Sequence[Unit]) -> frozenset[str]:
    """List the names that the page credits with a role."""
    found: set[str] = set()
    for unit in units:
        signed = [unit.credit] if unit.credit else []
        signed += [*unit.edges.credits, *unit.edges.end_credits] if unit.edges else []
        found |= {person.name for credit in signed if credit.role for person in credit.people}
    return frozenset(found)


# ---- headings that are names -----------------------------------------------------------------------------------------


def _read_signature(live: Sequence[Unit], place: int, known: frozenset[str], grammar: Grammar) -> Credit | None:
    """Read a heading as the name of an author: below a title, or at the end of a text."""
    unit = live[place]
    key = unit.key.strip()
    if len(key) > _SIGNATURE or grammar.roundups.search(key):
        return None
    before = live[place - 1] if place else None
    if before is None or (unit.level and (before.kind != "head" or unit.level <= before.level)):
        return None
    name = read_pen_name(key, grammar)
    below, ends = _stands_below_title(live, place, grammar), _ends_text(live, place)
    if name is not None:
        spaced = " " in key
        below = below or (spaced and _stands_above_title(live, place, grammar))
        if (name in known and (below or before.kind in ("text", "head"))) or (spaced and below):
            return Credit((Person(name, None),))
        return None
    found = split_affiliation(key, grammar) or (_with_place(key, grammar) if below else None)
    subhead = found is not None and _stands_below_title(live, place, grammar, subhead=True)
    if found is not None and (below or ends or subhead) and not unit.column:
        return Credit(tuple(Person(name, None) for name in found[1]), affiliated=True)
    return None


def _with_place(key: str, grammar: Grammar) -> tuple[str, list[str]] | None:
    """Read 汝州 孟宪章: a place of two to four characters and a name, as poets sign."""
    place, blank, name = key.partition(" ")
    # 补短板 强弱项: halves of one length are a couplet.
    apart = blank and 2 <= len(place) <= 4 and place.isalpha() and len(place) != len(name)
    names = names_of(name, grammar) if apart else None
    return (place, names) if names and len(names) == 1 else None


def _stands_below_title(live: Sequence[Unit], place: int, grammar: Grammar, *, subhead: bool = False) -> bool:
    """Say whether a line stands between a title and its text (or its first subhead); a standing head is no title."""
    before = live[place - 1] if place else None
    if before is None or before.kind != "head":
        return False
    lone = place < 2 or live[place - 2].kind != "head"
    if lone and (before.column or is_standing(before.key.strip(), grammar)):
        return False
    following = live[place + 1 : place + 1 + _VERSE_LINES]
    if not following:
        return False
    if following[0].kind in ("text", "jump_from"):
        return True
    if subhead and len(following) > 1 and following[0].kind == "head" and following[1].kind == "text":
        return not following[0].level or following[0].level > before.level
    return len(following) == _VERSE_LINES and all(_is_verse_line(unit) for unit in following)


def _stands_above_title(live: Sequence[Unit], place: int, grammar: Grammar) -> bool:
    """Say whether a line stands between a standing head and a title: columnists sign above the title, too."""
    before, following = live[place - 1], live[place + 1 : place + 3]
    if before.kind != "head" or not (before.column or is_standing(before.key.strip(), grammar)):
        return False
    return [unit.kind for unit in following] in (["head", "text"], ["head", "head"]) and following[0].is_heading


def _is_verse_line(unit: Unit) -> bool:
    return unit.kind in ("head", "text", "verse") and not unit.is_heading and len(unit.key) <= _VERSE_LINE


def _ends_text(live: Sequence[Unit], place: int) -> bool:
    """Say whether a line stands at the end of a text: what follows begins something else."""
    before, after = live[place - 1], live[place + 1] if place + 1 < len(live) else None
    # A short last line such as 灯能不能晚关半小时？ can be read as a heading by its form.
    if before.kind != "text" and (before.kind != "head" or before.is_heading):
        return False
    if before.key.rstrip()[-1:] not in _STOPS:
        return False
    if after is None or after.kind in ("head", "byline", "slogan", "table"):
        return True
    if after.kind == "text" and after.edges is not None and after.edges.lead:
        return True
    # Inside a story, at the end of a box: only a long affiliation tells it from a headline of two halves.
    place_of = live[place].key.strip().rpartition(" ")[0]
    return after.kind == "text" and not live[place].is_heading and len(place_of) >= _LONG_AFFILIATION


# 江南律师事务所, 82级中文系.
_LONG_AFFILIATION = 6
_STOPS = "。！？”…）』」；"


def _is_short_title(live: Sequence[Unit], place: int, grammar: Grammar) -> bool:
    """Say whether a bare name of two or three characters is a title (秋熟, 简复).

    An author's line stands below it, or one that signs the text before it stands above.
    """
    unit = live[place]
    credit = unit.credit
    bare = credit is not None and not (credit.role or credit.sign or credit.bracketed or credit.affiliated)
    if credit is None or not bare or len(credit.people) != 1 or " " in unit.key.strip():
        return False
    before, after = live[place - 1] if place else None, live[place + 1] if place + 1 < len(live) else None
    if after is None or before is None or before.kind == "head":
        return False
    if before.kind == "text" and after.kind in ("byline", "head"):
        key = after.key.strip()
        affiliated = split_affiliation(key, grammar) or _with_place(key, grammar)
        return affiliated is not None and len(key) <= _SIGNATURE
    signs = before.kind == "byline" and place > 1 and live[place - 2].kind == "text"
    return signs and after.kind == "text" and not unit.is_heading


def _read_bracketed(live: Sequence[Unit], place: int, grammar: Grammar) -> None:
    """Read （街边客） at the end of a text's last paragraph as the name of its author."""
    unit, after = live[place], live[place + 1] if place + 1 < len(live) else None
    edges = unit.edges
    goes_on = after is not None and after.kind == "text" and not (after.edges and after.edges.lead)
    if edges is None or edges.tail or goes_on:
        return
    found = _NAME_IN_BRACKETS.search(unit.key, 0, edges.end)
    name = read_pen_name(found.group(1), grammar) if found else None
    if found is None or name is None:
        return
    edges.end_credits.append(Credit((Person(name, None),), bracketed=True))
    edges.tail.append(Piece("credit", found.start(), edges.end))
    edges.end = found.start()


# ---- lines that hold more or less than a name ------------------------------------------------------------------------


def _join_broken(units: Sequence[Unit], grammar: Grammar) -> list[Unit]:
    """Join a byline that a narrow column cut: within a name (严玉 / 洁 通讯员 赵先知), or before its names."""
    joined: list[Unit] = []
    for unit in units:
        last = joined[-1] if joined else None
        if last is not None and not unit.gap and last.lines[1] + 1 == unit.lines[0]:
            credit, blank = _read_both(last, unit, grammar)
            if credit is not None:
                content = AlignedText.join([last.content, unit.content], " " if blank else "")
                key = normalise(content.text)
                lines = (last.lines[0], unit.lines[1])
                joined[-1] = replace(
                    last, content=content, key=key, kind="byline", credit=credit, lines=lines, end=unit.end
                )
                joined[-1].edges, joined[-1].profile = None, profile(key)
                continue
        joined.append(unit)
    return joined


def _read_both(last: Unit, unit: Unit, grammar: Grammar) -> tuple[Credit | None, bool]:
    """Read two lines as one byline, ``None`` when each stands for itself; also whether a blank parts them."""
    key, rest = last.key.strip(), unit.key.strip()
    if last.kind not in ("byline", "head", "text") or unit.kind not in ("byline", "head", "text"):
        return None, False
    if len(key) > _SIGNATURE or len(rest) > _SIGNATURE:
        return None, False
    opens = key.startswith(("（", "(")) and not key.endswith(("）", ")"))
    if last.kind == "byline" and last.credit is not None and last.credit.role and _REST_OF_NAME.match(rest):
        return parse_credit(key + rest, grammar), False
    if opens or key.endswith((*grammar.roles, "、")):
        for blank in (True, False):
            credit = parse_credit(key + (" " if blank else "") + rest, grammar)
            if credit is not None and credit.role:
                return credit, blank
    return None, False


def _part_titles(units: Sequence[Unit], grammar: Grammar) -> list[Unit]:
    """Part a title from its author's name at the end of the line, set with blanks inside: 粉笔（三题） 田 野."""
    parted: list[Unit] = []
    for number, unit in enumerate(units):
        found = _LETTERS_AT_END.search(unit.key) if unit.kind == "head" else None
        after = units[number + 1] if number + 1 < len(units) else None
        if found is None or after is None or after.kind not in ("text", "head") or after.is_heading:
            parted.append(unit)
            continue
        title, name = unit.key[: found.start()].strip(), read_pen_name(found.group(), grammar)
        if split_affiliation(unit.key, grammar):
            name = None
        if name is None or len(title) < _TITLE or len(title.split()[-1]) == 1:
            parted.append(unit)
            continue
        head, byline = split_heading(unit, found.start())
        byline.kind, byline.credit, byline.level, byline.bold = "byline", Credit((Person(name, None),)), 0, False
        byline.gap = False
        head.evidence, byline.evidence = [*unit.evidence, "name_parted"], ["signature"]
        parted += [head, byline]
    return parted
