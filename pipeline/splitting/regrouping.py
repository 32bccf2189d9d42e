"""Give runs of text back to the article that they belong to, where columns or boxes came between.

A reading in page order parts a page into stretches. An engine that reads a box before the rest of the story around it,
or two columns in turn, leaves texts of one article inside another. Every run of texts of an article is weighed against
the articles near by: what it shares with each, how the sentences at the cuts go on, how it is placed. The weights are
those of a logistic regression (:mod:`pipeline.training.regrouping`). The likeliest move is made first, then
all are weighed again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

from pipeline.splitting.blocks import Unit
from pipeline.splitting.clues import cohesion_score
from pipeline.splitting.cohesion import Cohesion, Profile
from pipeline.splitting.lines import ends_open
from pipeline.splitting.notices import Draft
from pipeline.splitting.seams import LEADERS, Seams

# Articles before and after that a run may belong to; texts of an article that are looked at; longest run that may end
# before the article does.
_REACH, _SEARCH, _RUN = 3, 40, 10
# Texts of an article near a run that it is compared with, and texts of the run.
_NEAR, _FIRST = 4, 3
# A join is worth this much at most, in nats.
_JOIN = 4.0

# What is weighed, in nats.
WEIGHTS: Mapping[str, float] = {
    "between": -0.4,
    "bias": -3.11,
    "distance 1": 0.96,
    "distance 2": -0.1,
    "distance 3": -0.87,
    "from the start": 0.75,
    "goes back": 0.39,
    "headed": -0.37,
    "here +": -1.0,
    "here -": -0.47,
    "join around": 0.26,
    "join here": -0.35,
    "join there": 0.26,
    "leaves open": -0.08,
    "left": -0.19,
    "left open": -0.42,
    "nothing before": -0.4,
    "signed before": 0.11,
    "signed there": -0.71,
    "size": 0.05,
    "stops open": -0.34,
    "subhead": -0.08,
    "there +": 0.43,
    "there -": 1.0,
    "title here": -0.24,
    "title there": 0.87,
    "titles": 0.22,
    "to the end": 1.0,
    "whole": 1.31,
}
# A text that opens with a comma after a whole sentence goes on elsewhere; composed pages have too few of them.
LEADING_MARK = 4.0
_SCORES: Mapping[str, float] = {**WEIGHTS, "leading mark": LEADING_MARK}
# Least log-odds of a move. On 188 pages with gold, read with trees that had not met them, article F1 is .832 (written)
# and .961 (development) with 0, .844 and .961 with 1.0, .841 and .966 with 1.5 and 2.0, .834 and .959 without moves:
# composed pages, which the table is learned from, are torn more often than others.
LEAST = 1.5

Features = dict[str, float]


@dataclass(frozen=True, slots=True)
class Move:
    """Hold a run of members of an article, the article that it may go to, and what speaks for it."""

    source: Draft
    start: int
    stop: int
    target: Draft
    features: Features

    @property
    def score(self) -> float:
        """Give the log-odds that the run belongs there."""
        return sum(_SCORES[name] * value for name, value in self.features.items())


def regroup(drafts: Sequence[Draft], cohesion: Cohesion, seams: Seams) -> None:
    """Move runs of text between the news stories of a page, in page order, as long as a move is likely."""
    news = [draft for draft in drafts if draft.kind == "news" and draft.members]
    places = {id(draft): place for place, draft in enumerate(news)}
    best: dict[int, Move] = {}
    # The likeliest moves first; an entry counts as long as it is still its article's best.
    heap: list[tuple[float, int]] = []

    def weigh(place: int) -> None:
        move = _best(news, place, cohesion, seams)
        best.pop(place, None)
        if move is not None:
            best[place] = move
            heappush(heap, (-move.score, place))

    for place in range(len(news)):
        weigh(place)
    for _ in range(len(news)):
        while heap and (heap[0][1] not in best or -best[heap[0][1]].score != heap[0][0]):
            heappop(heap)
        if not heap:
            return
        move = best[heappop(heap)[1]]
        _apply(move)
        ends = places[id(move.source)], places[id(move.target)]
        for place in range(max(0, min(ends) - _REACH), min(len(news), max(ends) + _REACH + 1)):
            weigh(place)


def _best(news: Sequence[Draft], place: int, cohesion: Cohesion, seams: Seams) -> Move | None:
    """Find the likeliest move of a run of one article; ``None`` where none is likely enough."""
    moves = candidates(news, place, cohesion, seams)
    best = max(moves, key=lambda move: move.score, default=None)
    return best if best is not None and best.score > LEAST else None


def _apply(move: Move) -> None:
    """Move a run into its article, at its place on the page."""
    run = move.source.members[move.start : move.stop]
    del move.source.members[move.start : move.stop]
    at = next((i for i, member in enumerate(move.target.members) if member.unit.index > run[0].unit.index), None)
    at = len(move.target.members) if at is None else at
    move.target.members[at:at] = run
    for draft in (move.source, move.target):
        draft.flags.add("interleaved")


def candidates(news: Sequence[Draft], place: int, cohesion: Cohesion, seams: Seams) -> Iterator[Move]:
    """List the runs of one article that lean to an article near by, with it."""
    source = news[place]
    texts = [i for i, member in enumerate(source.members) if member.role == "paragraph"][:_SEARCH]
    units = [source.members[i].unit for i in texts]
    for number in range(max(0, place - _REACH), min(len(news), place + _REACH + 1)):
        target = news[number]
        if target is source or not target.texts():
            continue
        leans = _leans(source, target, units, cohesion, seams)
        for first, last in _runs(units, leans):
            start, stop = _bounds(source, texts, first, last)
            rest = [*source.members[:start], *source.members[stop:]]
            if rest and not any(member.role == "paragraph" for member in rest):
                continue
            other = _Side(target, *_where(target, source.members[start].unit))
            if other.after and _starts(other.after[0]):
                continue
            features = _weigh(_Side(source, start, stop), other, cohesion, seams)
            features[f"distance {abs(number - place)}"] = 1.0
            features["goes back"] = float(number < place)
            yield Move(source, start, stop, target, features)


# Least difference of cosines by which the texts of a run lean to the other article: the first text of about four in
# five right runs has it (75 on 60 composed pages); without it splitting took 1.4 times as long. A sentence that goes
# on there counts as well.
_LEAN = -0.1
# A text that holds so much more of its own article's title than of the other's stays, in shares of the titles' weight
# (written pages read the same with 0.15).
_HOLDS = 0.05


def _leans(source: Draft, target: Draft, units: Sequence[Unit], cohesion: Cohesion, seams: Seams) -> list[bool]:
    """Say of each text of an article whether it can belong to the other."""
    there = [member.unit for member in target.texts()]
    pulls = cohesion.pulls([unit.profile for unit in units], [unit.profile for unit in there[:_SEARCH]])
    here, other = _title(source), _title(target)
    leans = [
        pull > _LEAN and _overlap(here, unit, cohesion) < _overlap(other, unit, cohesion) + _HOLDS
        for pull, unit in zip(pulls, units, strict=True)
    ]
    for place, unit in enumerate(units):
        if not leans[place] and not _starts(unit):
            end = _end([other for other in there if other.index < unit.index])
            leans[place] = _is_open(end) and _join(end, unit, seams) > 0
    return leans


def _runs(units: Sequence[Unit], leans: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """List the runs of texts, first and beyond the last, that lean to another article and begin none."""
    for first, unit in enumerate(units):
        if not leans[first] or _starts(unit):
            continue
        for last in range(first + 1, len(units) + 1):
            if last > first + 1 and (not leans[last - 1] or _starts(units[last - 1])):
                break
            if last <= first + _RUN or last == len(units):
                yield first, last


def _bounds(source: Draft, texts: Sequence[int], first: int, last: int) -> tuple[int, int]:
    """Give the members of a run of texts, with the subheads above it and, at the end, the signature below it."""
    start = texts[first]
    while start and source.members[start - 1].role == "subhead":
        start -= 1
    return start, len(source.members) if last == len(texts) else texts[last - 1] + 1


def _where(target: Draft, unit: Unit) -> tuple[int, int]:
    """Find the place in an article's members where a unit of the page would stand."""
    at = next((i for i, member in enumerate(target.members) if member.unit.index > unit.index), len(target.members))
    return at, at


class _Side:
    """Hold what stands of an article before and after a place in it, and in between."""

    def __init__(self, draft: Draft, start: int, stop: int) -> None:
        self.before = [m.unit for m in draft.members[:start] if m.role == "paragraph"]
        self.after = [m.unit for m in draft.members[stop:] if m.role == "paragraph"]
        self.run = [m.unit for m in draft.members[start:stop] if m.role == "paragraph"]
        self.titles = [m.unit.profile for m in draft.members if m.role == "title"]
        last = draft.members[start - 1] if start else None
        self.signed = last is not None and (last.role in ("credit", "jump") or _is_signed(last.unit))
        self.headed = any(m.role in ("title", "kicker", "column", "byline") for m in draft.members[:start])
        self.subheaded = bool(draft.members[start:stop]) and draft.members[start].role == "subhead"

    def context(self) -> list[Profile]:
        """List the texts nearest to the place, nearest first, and the title."""
        near = self.before[-_NEAR:][::-1] or self.after[:_NEAR]
        return [unit.profile for unit in near] + self.titles


def _weigh(own: _Side, other: _Side, cohesion: Cohesion, seams: Seams) -> Features:
    """Measure what speaks for a run to belong to another article."""
    run = own.run
    first = [unit.profile for unit in run[:_FIRST]]
    last = [unit.profile for unit in run[-_FIRST:]][::-1]
    there = _likeness(other, first, last, cohesion)
    features = {"bias": 1.0, "there +": max(0.0, there), "there -": min(0.0, there)}
    if own.before or own.after:
        here = _likeness(own, first, last, cohesion)
        features |= {"here +": max(0.0, here), "here -": min(0.0, here)}
    else:
        features["whole"] = 1.0
    if own.titles:
        features["title here"] = cohesion.overlap(own.titles[0], first)
    if other.titles:
        features["title there"] = cohesion.overlap(other.titles[0], first)
    features["titles"] = float(bool(own.titles)) - float(bool(other.titles))
    left, right = _end(own.before), _start(own.after)
    features["join around"] = _join(left, right, seams) - _join(_end(other.before), _start(other.after), seams)
    mended = [_join(_end(other.before), run[0], seams), _join(run[-1], _start(other.after), seams)]
    torn = [_join(left, run[0], seams), _join(run[-1], right, seams)]
    marked = _body_key(run[0]).lstrip()[:1] in LEADERS and not _is_open(left) and _is_open(_end(other.before))
    if marked:
        features["leading mark"] = 1.0
    features["join there"], features["join here"] = sum(mended), sum(torn)
    features["stops open"] = float(_is_open(_end(other.before)) and not other.after)
    features["left open"] = float(_is_open(run[-1]) and not other.after) - float(_is_open(run[-1]) and not own.after)
    features["leaves open"] = float(_is_open(left) and not own.after)
    features["signed before"] = float(own.signed)
    features["signed there"] = float(other.signed and not other.after)
    features["to the end"] = float(not own.after)
    features["from the start"] = float(not own.before)
    features["headed"] = float(own.headed and not own.before)
    features["between"] = float(bool(other.after))
    features["nothing before"] = float(not other.before)
    features["subhead"] = float(own.subheaded)
    features["size"] = math.log1p(sum(len(unit.key) for unit in run) / 50)
    features["left"] = math.log1p(sum(len(unit.key) for unit in [*own.before, *own.after]) / 50)
    return features


def _title(draft: Draft) -> Profile | None:
    return next((member.unit.profile for member in draft.members if member.role == "title"), None)


def _overlap(title: Profile | None, unit: Unit, cohesion: Cohesion) -> float:
    return cohesion.overlap(title, [unit.profile]) if title else 0.0


def _likeness(side: _Side, first: Sequence[Profile], last: Sequence[Profile], cohesion: Cohesion) -> float:
    """Give the log-odds that a run belongs to an article, by its texts nearest to the run and its title."""
    texts = first if side.before or not side.after else last
    return cohesion.remember((*side.context(), None, *texts), lambda: cohesion_score(cohesion, side.context(), texts))


def _starts(unit: Unit) -> bool:
    return unit.edges is not None and bool(unit.edges.lead)


def _is_signed(unit: Unit) -> bool:
    return unit.edges is not None and bool(unit.edges.tail)


def _end(units: Sequence[Unit]) -> Unit | None:
    return units[-1] if units else None


def _start(units: Sequence[Unit]) -> Unit | None:
    return units[0] if units else None


def _is_open(unit: Unit | None) -> bool:
    return unit is not None and ends_open(_body_key(unit)) and not _is_signed(unit)


def _join(left: Unit | None, right: Unit | None, seams: Seams) -> float:
    """Weigh that a sentence that breaks off goes on in another text; 0 after a whole sentence."""
    if left is None or right is None:
        return 0.0
    gain = seams.gain(_body_key(left), _body_key(right))
    return max(-_JOIN, min(_JOIN, gain)) if _is_open(left) or gain > 0 else 0.0


def _body_key(unit: Unit) -> str:
    return unit.key[unit.edges.start : unit.edges.end] if unit.edges else unit.key
