"""Draft → Article: headline, zones, paragraphs rejoined across column breaks, credits, flags."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.splitting.blocks import Unit
from pipeline.splitting.bylines import BRACKETS, Credit, page_number
from pipeline.splitting.grammar import Grammar, normalise
from pipeline.splitting.lines import ends_open
from pipeline.splitting.notices import Draft, Member
from pipeline.splitting.readings import TRANSLATED
from pipeline.splitting.seams import Seams
from pipeline.text import AlignedText, count_visible
from pipeline.types import Article, Byline, Dateline, Person, Role, Zone

_CELL = re.compile(r"(?<!\\)\|")
_RULE_ROW = re.compile(r"[|:\-\s—]+")
# Particles, suffixes and marks with which no sentence begins: an article that does has lost its start.
_NO_SENTENCE_STARTS = tuple("了的着们得性化者和及、，。；：！？,;:!?）)”’》】")
# Flag of an article below the least confidence.
LOW_CONFIDENCE = "low_confidence"
# Within an article a text after one that stops inside a sentence goes on with it unless the clues speak against.
_JOIN_FLOOR = -1.0


@dataclass(slots=True)
class _Zoned:
    """Hold one zone before it is placed: its role, text, and whether it stands on the line of the one before."""

    role: Role
    text: AlignedText
    inline: bool = False


@dataclass(slots=True)
class _Parts:
    """Gather what the members of a draft give."""

    head: list[_Zoned] = field(default_factory=list)
    body: list[_Zoned] = field(default_factory=list)
    credits: list[Credit] = field(default_factory=list)
    bylines: list[str] = field(default_factory=list)
    dateline: Dateline | None = None
    agency: str | None = None
    jump_from: str | None = None
    jump_to: str | None = None
    joined: bool = False
    broken: bool = False


def column_core(key: str, grammar: Grammar) -> tuple[int, int]:
    """Find a standing head's name inside its decoration (【】, ■, a stray bar): start and end in the line."""
    start, end = 0, len(key)
    signs = grammar.column_signs + " "
    changed = True
    while changed and start < end:
        changed = False
        while start < end and key[start] in signs:
            start, changed = start + 1, True
        while end > start and key[end - 1] in signs:
            end, changed = end - 1, True
        for pair in grammar.column_brackets:
            if end - start > 2 and key[start] == pair[0] and key[end - 1] == pair[1]:
                start, end, changed = start + 1, end - 1, True
        latin = TRANSLATED.search(key, start, end)
        if latin and latin.start() > start + 1:
            end, changed = latin.start(), True
    return (start, end) if end > start else (0, len(key))


def assemble(order: int, draft: Draft, grammar: Grammar, seams: Seams | None, min_confidence: float) -> Article:
    """Make the article of a draft."""
    parts = _Parts()
    for member in draft.members:
        _place(member, draft, parts, grammar, seams)
    zones, text = _lay_out([*parts.head, *parts.body])
    named: dict[str, list[str]] = {}
    for zone in zones:
        named.setdefault(zone.role, []).append(" ".join(text.text[zone.start : zone.end].split()))
    people = _people(parts.credits)
    title = " ".join(named["title"]) if "title" in named else None
    column = named["column"][0] if "column" in named else draft.column
    flags = _flags(draft, parts, title, min_confidence)
    if draft.kind == "news" and draft.form == "news" and _is_interview(draft):
        draft.form = "qa"
    units = [member.unit for member in draft.members]
    return Article(
        order=order,
        kind=draft.kind,
        form=draft.form,
        text=text,
        zones=tuple(zones),
        title=title,
        kickers=tuple(named.get("kicker", ())),
        subtitle=" ".join(named["subtitle"]) if "subtitle" in named else None,
        subheads=tuple(named.get("subhead", ())),
        column=column,
        byline=Byline(" ".join(parts.bylines) or None, people, parts.agency),
        dateline=parts.dateline or Dateline(),
        continued_from=parts.jump_from,
        continued_to=parts.jump_to,
        lines=(min(unit.lines[0] for unit in units), max(unit.lines[1] for unit in units)),
        confidence=round(draft.confidence, 3),
        evidence=tuple(dict.fromkeys([*draft.evidence, *(draft.members[0].evidence if draft.members else ())])),
        flags=tuple(sorted(flags)),
    )


def _is_interview(draft: Draft) -> bool:
    """Say whether at least two paragraphs open with question or answer."""
    asked = sum(re.match(r"(?:记者|问|答|主持人|网友)[：:]", m.unit.key) is not None for m in draft.texts())
    return asked >= 2


def _people(signed: Sequence[Credit]) -> tuple[Person, ...]:
    """List the people of all bylines, each once; a role known in one place holds in all."""
    people: dict[str, Person] = {}
    for credit in signed:
        for person in credit.people:
            known = people.get(person.name)
            if known is None or (known.role is None and person.role):
                people[person.name] = person
    return tuple(people.values())


def _flags(draft: Draft, parts: _Parts, title: str | None, min_confidence: float) -> set[str]:
    """Name what is unusual about an article."""
    flags = set(draft.flags)
    texts = [member for member in draft.texts() if member.role == "paragraph"]
    if not texts and draft.kind == "news" and not draft.texts():
        flags.add("orphan_title")
    if title is None and draft.kind == "news":
        flags.add("untitled")
    if parts.joined:
        flags.add("joined_across_break")
    if any(item.startswith("late_title") for member in draft.members for item in member.evidence):
        flags.add("head_after_body")
    if texts and draft.kind == "news" and draft.form != "poem":
        first, last = texts[0].unit, texts[-1].unit
        if parts.dateline is None and first.body.text.strip()[:1] in _NO_SENTENCE_STARTS:
            flags.add("truncated_start")
        if ends_open(last.body.text) and len(last.key) > 12:
            flags.add("truncated_end")
    if draft.confidence < min_confidence:
        flags.add(LOW_CONFIDENCE)
    return flags


def _place(member: Member, draft: Draft, parts: _Parts, grammar: Grammar, seams: Seams | None) -> None:
    """Turn one member into zones."""
    unit, role = member.unit, member.role
    if role in ("column", "kicker", "title", "subtitle"):
        parts.head.append(_Zoned(role, _heading_text(unit, role, grammar)))
    elif role == "subhead":
        parts.body.append(_Zoned("subhead", unit.content))
    elif role in ("byline", "credit"):
        _place_byline(member, parts)
    elif role == "jump":
        _place_jump(unit, parts, grammar)
    elif role == "table":
        _place_row(unit, parts)
    else:
        _place_text(member, draft, parts, seams)


def _heading_text(unit: Unit, role: Role, grammar: Grammar) -> AlignedText:
    """Give a heading without the decoration of standing heads."""
    if role == "subtitle":
        return unit.content
    start, end = column_core(unit.key, grammar)
    return unit.content.slice(start, end).strip()


def _place_byline(member: Member, parts: _Parts) -> None:
    """Place a line of its own that names people or a source."""
    unit = member.unit
    if unit.credit is not None:
        parts.credits.append(unit.credit)
        parts.agency = parts.agency or unit.credit.agency
    elif unit.edges is not None:
        parts.credits += [*unit.edges.credits, *unit.edges.end_credits]
    if unit.edges is not None:
        # 本报讯 记者 王丹 on a line of its own.
        parts.dateline = parts.dateline or unit.edges.dateline
    if unit.kind == "source":
        parts.agency = parts.agency or unit.key.strip("（）() ")
    parts.bylines.append(unit.content.text)
    zone = _Zoned(member.role, unit.content)
    (parts.body if member.role == "credit" or parts.body else parts.head).append(zone)


def _place_jump(unit: Unit, parts: _Parts, grammar: Grammar) -> None:
    """Place a line that is nothing but a jump."""
    key = unit.key.strip(BRACKETS)
    for pattern, name in ((grammar.jump_from, "from"), (grammar.jump_to, "to")):
        match = pattern.match(key)
        if match:
            number = page_number(match.groupdict().get("page") or "")
            if name == "from":
                parts.jump_from = number
            else:
                parts.jump_to = number
            break
    target = parts.body if parts.body or parts.jump_to else parts.head
    target.append(_Zoned("jump", unit.content))


def _place_row(unit: Unit, parts: _Parts) -> None:
    """Place a table row, its cells joined by a blank; a rule between rows is markup."""
    if _RULE_ROW.fullmatch(unit.key):
        return
    text = unit.content
    cuts = [0, *(index for match in _CELL.finditer(text.text) for index in match.span()), len(text.text)]
    cells = [text.slice(cuts[i], cuts[i + 1]).strip() for i in range(0, len(cuts), 2)]
    row = AlignedText.join([cell for cell in cells if cell.text], " ")
    if row.text:
        parts.body.append(_Zoned("table", row))


def _place_text(member: Member, draft: Draft, parts: _Parts, seams: Seams | None) -> None:
    """Place a text unit: formulas at its start, its body (joined to the paragraph before if cut from it), its end."""
    unit = member.unit
    role: Role = member.role if member.role == "caption" else "paragraph"
    if unit.edges is None:
        parts.body.append(_Zoned(role, unit.content))
        return
    edges = unit.edges
    inline = False
    cuts = [piece.start for piece in edges.lead] + [edges.start]
    for number, piece in enumerate(edges.lead):
        text = unit.content.slice(piece.start, cuts[number + 1])
        lead: Role = piece.role  # type: ignore[assignment]
        parts.body.append(_Zoned(lead, text, inline))
        inline = True
        if piece.role == "byline":
            parts.bylines.append(text.text.strip())
    parts.dateline = parts.dateline or edges.dateline
    parts.jump_from = parts.jump_from or edges.jump_from
    parts.jump_to = edges.jump_to or parts.jump_to
    parts.credits += [*edges.credits, *edges.end_credits]
    if edges.source:
        parts.agency = parts.agency or edges.source
    body = unit.body
    trimmed = body.strip() if not edges.tail else body
    if count_visible(trimmed.text):
        if not edges.lead and seams is not None and _continues(parts, unit, draft, seams):
            last = parts.body[-1]
            last.text = AlignedText.join([last.text, trimmed])
            parts.joined = True
        else:
            parts.body.append(_Zoned(role, trimmed, inline))
    for piece in edges.tail:
        tail: Role = piece.role  # type: ignore[assignment]
        text = unit.content.slice(piece.start, piece.end)
        parts.body.append(_Zoned(tail, text, inline=True))
        if piece.role == "credit":
            parts.bylines.append(text.text.strip())


def _continues(parts: _Parts, unit: Unit, draft: Draft, seams: Seams) -> bool:
    """Say whether a text goes on with the paragraph before it: that one stops inside a sentence."""
    if (
        not parts.body
        or parts.body[-1].role != "paragraph"
        or draft.form in ("poem", "filler", "notice", "weather", "table", "ad")
    ):
        return False
    last = parts.body[-1].text.text
    return seams.gain(normalise(last[-60:]), normalise(unit.body.text[:60])) > _JOIN_FLOOR


def _lay_out(parts: Sequence[_Zoned]) -> tuple[list[Zone], AlignedText]:
    """Join the zones, a line feed between those that stand on lines of their own."""
    pieces: list[AlignedText] = []
    zones: list[Zone] = []
    at = 0
    for part in parts:
        if not part.text.text:
            continue
        if pieces and not part.inline:
            pieces.append(AlignedText.layout("\n"))
            at += 1
        pieces.append(part.text)
        zones.append(Zone(part.role, at, at + len(part.text.text)))
        at += len(part.text.text)
    return zones, AlignedText.join(pieces)
