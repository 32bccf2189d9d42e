"""Records of one article's parts on several pages → the article as a whole: its text, zones, sources and repairs.

The text runs on from page to page; the lines that only lead from one to the other (下转, 上接, the headline that a
continuation repeats) stand behind it as zones ``jump``, so that no character is lost and no sentence is cut. What the
stages find (words, names, keywords …) is not put together here: they run again over the whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.continuations import continues
from pipeline.records import SCORE_DIGITS
from pipeline.splitting.cohesion import profile
from pipeline.splitting.seams import JoinModel
from pipeline.text import AlignedText
from pipeline.types import Article, Byline, Context, Dateline, Person, Publication, Role, Zone

Record = dict[str, Any]
# Flag of a joined record, and those that joining settles: what was cut is whole, what had no title has one.
JOINED = "joined_across_pages"
_SETTLED_HEAD, _SETTLED_TAIL = {"truncated_end"}, {"truncated_start", "untitled", "orphan_title"}
_HEADLINE = ("column", "kicker", "title", "subtitle")
_TEXT = ("paragraph", "caption", "table", "subhead")
# A headline over a continuation that shares this much of its bigrams with the article's is that headline again, whole
# or shortened; one that does not is a subhead of the part below it. A title shares 0 to 3 % with other articles' text.
_SAME_HEADLINE = 0.3
# Of an article that goes on, a broken sentence goes on too unless the clues speak against it, as across columns.
_JOIN_FLOOR = -1.0


@dataclass(slots=True)
class _Piece:
    """Hold a zone to be placed: its role, and the stretches (part, start, end) of text that it is made of."""

    role: Role
    stretches: list[tuple[int, int, int]]


@dataclass(frozen=True, slots=True)
class _Placed:
    """Say where a stretch of a part's text stands in the whole."""

    part: int
    start: int
    end: int
    at: int


def join_records(
    parts: Sequence[Record], *, probability: float, evidence: Iterable[str] = (), lm: JoinModel | None = None
) -> tuple[Record, Context]:
    """Make the whole of an article's parts, in order: its record up to ``split``, and its context for the stages.

    ``probability`` is that of the links between the parts, ``evidence`` what spoke for them. The record keeps id, page
    and place of the first part; ``source.further`` holds the other pages.
    """
    pieces = _arrange(parts, lm)
    text, zones, placed = _lay_out(pieces, parts)
    first, last = parts[0], parts[-1]
    named = {role: [] for role in (*_HEADLINE, "subhead")}  # type: dict[str, list[str]]
    for zone in zones:
        if zone.role in named:
            named[zone.role].append(" ".join(text[zone.start : zone.end].split()))
    dateline = next((part["dateline"] for part in parts if any(part["dateline"].values())), first["dateline"])
    record: Record = {
        **first,
        "title": next((part["title"] for part in parts if part["title"] is not None), None),
        "kickers": named["kicker"],
        "subtitle": " ".join(named["subtitle"]) or None,
        "subheads": named["subhead"],
        "column": next((part["column"] for part in parts if part["column"] is not None), None),
        "byline": _byline(parts),
        "dateline": dateline,
        "continued_to": last["continued_to"],
        "text": text,
        "n_chars": len(text),
        "text_sha256": hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
        "zones": [{"role": zone.role, "start": zone.start, "end": zone.end} for zone in zones],
        "source": _source(parts, placed),
        "edits": sorted(
            (edit for number, part in enumerate(parts) for edit in _edits(part["edits"], number, placed)),
            key=lambda edit: (edit["start"], edit["end"]),
        ),
        "split": _split(parts, probability, evidence),
    }
    return record, _context(record)


def _arrange(parts: Sequence[Record], lm: JoinModel | None) -> list[_Piece]:
    """Put the zones of all parts in order: headline, text, credits, and the lines that lead from page to page."""
    headline: list[_Piece] = []
    body: list[_Piece] = []
    credits_: list[_Piece] = []
    jumps: list[_Piece] = []
    for number, part in enumerate(parts):
        roles = [zone["role"] for zone in part["zones"]]
        texts = [place for place, role in enumerate(roles) if role in _TEXT]
        begins, ends = (texts[0], texts[-1]) if texts else (len(roles), -1)
        fresh = True
        for place, zone in enumerate(part["zones"]):
            piece = _Piece(zone["role"], [(number, zone["start"], zone["end"])])
            if piece.role == "jump" and (number or place > begins):
                jumps.append(piece)
            elif piece.role in _HEADLINE and (number == 0 or not _titled(parts[:number])):
                headline.append(piece)
            elif piece.role in _HEADLINE:
                same = piece.role != "title" or _repeats(_text(piece, parts), parts[:number])
                piece.role = "jump" if same else "subhead"
                (jumps if same else body).append(piece)
                fresh = fresh and same
            elif piece.role in ("credit", "byline") and place > ends >= 0:
                credits_.append(piece)
            else:
                if number and fresh and _goes_on(body, piece, parts, lm):
                    body[-1].stretches += piece.stretches
                elif number == 0 and place < begins:
                    headline.append(piece)
                else:
                    body.append(piece)
                fresh = False
    return [*headline, *body, *credits_, *jumps]


def _titled(parts: Iterable[Record]) -> bool:
    """Say whether one of the parts has a title."""
    return any(part["title"] is not None for part in parts)


def _text(piece: _Piece, parts: Sequence[Record]) -> str:
    """Give the text of a piece."""
    return "".join(parts[part]["text"][start:end] for part, start, end in piece.stretches)


def _repeats(title: str, before: Iterable[Record]) -> bool:
    """Say whether a headline is that of the earlier parts again, whole or shortened."""
    own = profile(title)
    headlines = [[part["title"] or "", *part["kickers"], part["subtitle"] or ""] for part in before]
    known = profile("\n".join(line for lines in headlines for line in lines))
    return not own or len(own & known) >= _SAME_HEADLINE * len(own)


def _goes_on(body: Sequence[_Piece], piece: _Piece, parts: Sequence[Record], lm: JoinModel | None) -> bool:
    """Say whether a paragraph goes on with the sentence that the page before broke off."""
    if not body or body[-1].role != "paragraph" or piece.role != "paragraph":
        return False
    gain = continues(_text(body[-1], parts), _text(piece, parts), lm)
    return gain is not None and gain > _JOIN_FLOOR


def _lay_out(pieces: Sequence[_Piece], parts: Sequence[Record]) -> tuple[str, list[Zone], list[_Placed]]:
    """Join the pieces: on one line what stood on one line, else with a line feed between."""
    texts: list[str] = []
    zones: list[Zone] = []
    placed: list[_Placed] = []
    at = 0
    for piece in pieces:
        part, start, _ = piece.stretches[0]
        if placed and not (placed[-1].part == part and placed[-1].end == start):
            texts.append("\n")
            at += 1
        begin = at
        for part, start, end in piece.stretches:
            texts.append(parts[part]["text"][start:end])
            placed.append(_Placed(part, start, end, at))
            at += end - start
        zones.append(Zone(piece.role, begin, at))
    return "".join(texts), zones, placed


def _source(parts: Sequence[Record], placed: Sequence[_Placed]) -> Record:
    """Say where the parts stand on their pages; the first part's page is the record's own."""
    maps = [_map(part["source"]["map"], number, placed) for number, part in enumerate(parts)]
    further = [
        {key: part[key] for key in ("id", "page_id", "page")} | part["source"] | {"map": runs}
        for part, runs in zip(parts[1:], maps[1:], strict=True)
    ]
    for item in further:
        del item["further"]
    return {**parts[0]["source"], "map": maps[0], "further": further}


def _map(runs: Iterable[Sequence[int]], part: int, placed: Iterable[_Placed]) -> list[list[int]]:
    """Move a part's copied stretches to where they stand in the whole."""
    stretches = [item for item in placed if item.part == part]
    moved = []
    for start, end, source in runs:
        for item in stretches:
            low, high = max(start, item.start), min(end, item.end)
            if low < high:
                shift = item.at - item.start
                moved.append([low + shift, high + shift, source + low - start])
    return sorted(moved)


def _edits(edits: Iterable[Record], part: int, placed: Iterable[_Placed]) -> list[Record]:
    """Move a part's repairs; a deletion at the end of a line stays with that line."""
    stretches = [item for item in placed if item.part == part]
    moved = []
    for edit in edits:
        start, end = edit["start"], edit["end"]
        home = next(
            (item for item in stretches if item.start <= start and max(end, start + 1) <= item.end),
            next((item for item in stretches if item.start <= start and end <= item.end), None),
        )
        if home is not None:
            shift = home.at - home.start
            moved.append({**edit, "start": start + shift, "end": end + shift})
    return moved


def _byline(parts: Sequence[Record]) -> Record:
    """Put the bylines together: each person once, a role known in one part holds in all."""
    people: dict[str, Record] = {}
    for part in parts:
        for person in part["byline"]["people"]:
            known = people.get(person["name"])
            if known is None or (known["role"] is None and person["role"]):
                people[person["name"]] = person
    texts = [part["byline"]["text"] for part in parts if part["byline"]["text"]]
    agency = next((part["byline"]["agency"] for part in parts if part["byline"]["agency"]), None)
    return {"text": " ".join(texts) or None, "people": list(people.values()), "agency": agency}


def _split(parts: Sequence[Record], probability: float, evidence: Iterable[str]) -> Record:
    """Say how sure the whole is: that each part is right, and that they belong together."""
    confidence, flags = probability, {JOINED}
    for number, part in enumerate(parts):
        confidence *= part["split"]["confidence"]
        settled: set[str] = set()
        if number < len(parts) - 1:
            settled |= _SETTLED_HEAD
        if number and _titled(parts):
            settled |= _SETTLED_TAIL
        if number == 0 and _titled(parts):
            settled |= {"untitled"}
        flags |= set(part["split"]["flags"]) - settled
    first = parts[0]["split"]["evidence"]
    found = [*first, *(f"join.{item}" for item in evidence)]
    return {"confidence": round(confidence, SCORE_DIGITS), "evidence": found, "flags": sorted(flags)}


def _context(record: Record) -> Context:
    """Make what the stages are told about the whole."""
    byline = record["byline"]
    article = Article(
        order=record["order"],
        kind=record["kind"],
        form=record["form"],
        text=AlignedText(record["text"]),
        zones=tuple(Zone(**zone) for zone in record["zones"]),
        title=record["title"],
        kickers=tuple(record["kickers"]),
        subtitle=record["subtitle"],
        subheads=tuple(record["subheads"]),
        column=record["column"],
        byline=Byline(byline["text"], tuple(Person(**item) for item in byline["people"]), byline["agency"]),
        dateline=Dateline(**record["dateline"]),
        continued_from=record["continued_from"],
        continued_to=record["continued_to"],
        confidence=record["split"]["confidence"],
        flags=tuple(record["split"]["flags"]),
    )
    return Context(article, Publication(**record["page"]["publication"]))
