"""Read pages with gold records, as the pages' scorer has them, as samples to learn the weights of the splitter from.

A page's gold names articles and their text, not lines. Each unit is laid beside it: a text belongs to the article
whose paragraphs hold most of it, a heading to the nearest article that has it as title, kicker, subtitle, standing
head or subhead. What stays unclear (a line of two titles, a column come between) is left open: any reading of it
agrees with the gold.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.splitting.assembly import column_core
from pipeline.splitting.blocks import Unit
from pipeline.splitting.grammar import Grammar

# Characters of the pieces by which a text is compared with paragraphs, and the share of them that has to be found.
_GRAM, _SHARE = 4, 0.6
# Longest heading of a round-up.
_ROUNDUP = 10
# A heading that is a part of a title has at least this many characters.
_PART = 3
# Fields of the gold and the role of a line that they hold.
_FIELDS = {"title": "title", "kickers": "kicker", "subtitle": "subtitle", "column": "column", "subheads": "subhead"}

# Units that are no text and hold no heading.
_LINES = ("byline", "jump_from", "jump_to", "source")

# Development pages that nobody looks at while rules are written: those with the smallest SHA-256 of the name.
HELD_PAGES = 20

# Role and whether an article begins; ``None`` leaves open.
Gold = tuple[str | None, bool | None]


@dataclass(frozen=True, slots=True)
class _Article:
    """Hold an article of the gold: its headings with their roles, the pieces of its text, the names of its byline."""

    heads: Mapping[str, tuple[str, ...]]
    grams: frozenset[str]
    names: tuple[str, ...]


def page_files(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """List the pages of a folder with their gold, in order of name."""
    for path in sorted(folder.glob("*.gold.json")):
        gold = json.loads(path.read_text("utf-8"))
        yield path.with_name(gold["page"]), gold


def held_out_pages(names: Iterable[str], count: int = HELD_PAGES) -> set[str]:
    """Choose the pages to hold out: those whose UTF-8 name has the smallest SHA-256."""
    return set(sorted(names, key=lambda name: hashlib.sha256(name.encode()).hexdigest())[:count])


def label(units: Sequence[Unit], gold: Mapping[str, Any], grammar: Grammar) -> list[Gold]:
    """Give the role and boundary of each unit by a page's gold, in page order; what is unclear stays open."""
    articles = [_read(item) for item in gold["articles"]]
    places: list[int | None] = [None] * len(units)
    roles: list[str | None] = [None] * len(units)
    for at, unit in enumerate(units):
        if unit.kind not in (*_LINES, "head") and (found := _of_text(_norm(unit.key), articles)) is not None:
            places[at], roles[at] = found, "paragraph"
    for at, unit in enumerate(units):
        if places[at] is None:
            place, role = _of_line(unit, _near(places, at), articles, grammar)
            if role is None and unit.kind == "head" and (place := _of_text(_norm(unit.key), articles)) is not None:
                role = "paragraph"
            if role is not None:
                places[at], roles[at] = place, role
    return list(_boundaries(places, roles))


def _norm(text: str | None) -> str:
    return re.sub(r"[\s|*]+", "", unicodedata.normalize("NFKC", text or "")).replace("“", '"').replace("”", '"')


def _read(item: Mapping[str, Any]) -> _Article:
    heads = {}
    for name, role in _FIELDS.items():
        value = item.get(name) or []
        texts = (
            [value] if isinstance(value, str) else [part["text"] if isinstance(part, dict) else part for part in value]
        )
        heads[role] = tuple(_norm(text) for text in texts)
    grams = {gram for text in item["paragraphs"] for gram in _grams(_norm(text))}
    names = tuple(_norm(person["name"]) for person in item.get("authors") or ())
    return _Article(heads, frozenset(grams), names)


def _grams(text: str) -> Iterator[str]:
    yield from (text[at : at + _GRAM] for at in range(len(text) - _GRAM + 1))


def _of_text(text: str, articles: Sequence[_Article]) -> int | None:
    """Find the article whose paragraphs hold most of a text."""
    grams = list(_grams(text))
    if not grams:
        return None
    shares = [sum(gram in article.grams for gram in grams) / len(grams) for article in articles]
    best = max(range(len(shares)), key=shares.__getitem__, default=None)
    if best is None or shares[best] < _SHARE:
        return None
    return best if not any(text in head for head in articles[best].heads["title"]) else None


def _near(places: Sequence[int | None], at: int) -> list[int]:
    """List the articles around a unit, the nearest first, those after it before those at the same distance."""
    found: dict[int, None] = {}
    for distance in range(1, len(places)):
        for place in (at + distance, at - distance):
            if 0 <= place < len(places) and (article := places[place]) is not None:
                found.setdefault(article)
    return list(found)


def _of_line(
    unit: Unit, near: Sequence[int], articles: Sequence[_Article], grammar: Grammar
) -> tuple[int | None, str | None]:
    """Find the article that a heading or a formula line belongs to, and its role; (None, None) where it stays open."""
    order = [*near, *(number for number in range(len(articles)) if number not in near)]
    if unit.kind in _LINES and unit.kind != "byline":
        return None, None
    text = _norm(unit.key)
    if unit.kind == "byline":
        place = next((n for n in order if any(name and name in text for name in articles[n].names)), None)
        return place, "byline" if place is not None else None
    start, end = column_core(unit.key, grammar)
    core = _norm(unit.key[start:end])
    # The decision reads a round-up's heading as a standing head; it becomes the title of untitled items later.
    roundup = len(core) <= _ROUNDUP and grammar.roundups.search(unit.key[start:end]) is not None
    for number in order:
        for role, heads in articles[number].heads.items():
            if text in heads or core in heads:
                return number, "column" if roundup and role == "title" else role
    for number in order:
        if len(text) >= _PART and any(text in head for head in articles[number].heads["title"]):
            return number, "title"
    return None, None


def _boundaries(places: Sequence[int | None], roles: Sequence[str | None]) -> Iterator[Gold]:
    """Say where articles begin: sure where two neighbours are known, open where an article is come back to."""
    seen: set[int] = set()
    last: int | None = None
    gap = False
    for at, (place, role) in enumerate(zip(places, roles, strict=True)):
        if place is None:
            following = next((other for other in places[at:] if other is not None), None)
            yield role, False if at and last is not None and following == last else (True if not at else None)
            gap = True
            continue
        if not at:
            new: bool | None = True
        elif place == last:
            new = False
        elif place in seen:
            new = None
        else:
            new = None if gap else True
        yield role, new
        seen.add(place)
        last, gap = place, False
