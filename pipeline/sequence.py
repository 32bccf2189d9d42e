"""The decision over a page: which unit plays which part, in which article.

The units of a page are read as the output of an automaton that walks through articles (head, body, end), and the
cheapest path is found by dynamic programming (Viterbi 1967). Every step has a score in nats, the sum of the
evidence for it; the evidence is kept beside the decision, so that each boundary can be explained.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.blocks import Unit, ends_open
from pipeline.cohesion import Cohesion, Profile
from pipeline.grammar import Grammar
from pipeline.seams import Seams, opens_sentence

# Log-odds that two stretches belong to one article, from the cosine of their rare bigrams. On 40 development pages the
# cosine was 0.049–0.107 between neighbouring stretches of one article (quartiles) and 0.004–0.019 across a boundary.
_COSINE_EVEN, _COSINE_SLOPE, _COSINE_DROP, _COHESION_MIN, _COHESION_MAX = 0.028, 80.0, 2.4, -3.0, 3.0
# The same for the share of a heading's bigrams found in a text: a title and its own text 0.34–0.77, a title and
# the text before it 0.00–0.03.
_OVERLAP_EVEN, _OVERLAP_SLOPE, _OVERLAP_DROP, _OVERLAP_MAX = 0.10, 8.0, 25.0, 4.0
# Blocks of text that are compared on either side.
_BEFORE, _AFTER = 4, 3
# A title that stands after its body is compared with more of it: titles share most with the lead.
_FAR_BEFORE = 8
_UNLIKELY = -30.0

State = str
# States: "" nothing open; "C" a column seen; "H" a kicker seen; "T" title seen; "N" a new text without title announced by
# byline or jump line; "K" a kicker of a title that comes after its body; "B" body; "D" body that a subhead interrupts; "E" ended. 0/1 = without / with a title; "P" = ended, title
# found after the body.
_START = ""


@dataclass(slots=True)
class Step:
    """Hold what was decided for one unit."""

    role: str
    new: bool
    score: float
    evidence: tuple[str, ...]


@dataclass(slots=True)
class Clues:
    """Hold what is seen at one unit before anything is decided."""

    before: tuple[Profile, ...] = ()
    after: tuple[Profile, ...] = ()
    cohesion: float = 0.0
    overlap_after: float = 0.0
    overlap_before: float = 0.0
    open_before: bool = False
    next_text: int = -1
    prev_kind: str = ""
    next_kind: str = ""
    next_starts: bool = False
    join: float | None = None
    fragment: float = 0.0
    rank: int = 0
    style: float = 0.0
    seam: float = 0.0
    run_next: str = ""
    run_starts: bool = False
    listed: bool = False
    group: tuple[int, int] = (0, 1)
    gap: bool = False


@dataclass(slots=True)
class Path:
    """Hold the best way into a state."""

    score: float
    back: State | None = None
    step: Step | None = None


@dataclass(slots=True)
class Move:
    """Offer one reading of a unit from a state: the state it leads to, its role, its score and why."""

    state: State
    role: str
    score: float
    new: bool = False
    why: list[str] = field(default_factory=list)


def decide(units: Sequence[Unit], cohesion: Cohesion, grammar: Grammar, seams: Seams) -> list[Step]:
    """Find the best reading of the units of a page (without furniture and self-contained pieces), in page order.

    The page is read twice: the first reading tells how this page sets titles and subheads (its heading depths,
    bold or plain lines), the second one uses that. Where depth says nothing the second reading is the first.
    """
    clues = gather(units, cohesion, seams)
    steps = _best_path(units, clues, grammar, {})
    styles = _learn_styles(units, steps)
    return _best_path(units, clues, grammar, styles) if styles else steps


_Style = tuple[int, bool]


def _style(unit: Unit) -> _Style:
    return unit.level, unit.bold


# A page's own typography moves a decision by this much at most, in nats: depths from an engine are weak evidence.
_STYLE_LIMIT = 1.6
_STYLE_SMOOTHING = 1.5


def _learn_styles(units: Sequence[Unit], steps: Sequence[Step]) -> dict[_Style, float]:
    """Learn, from a first reading, the log-odds of title against subhead for each style of heading on the page."""
    titles: Counter[_Style] = Counter()
    subheads: Counter[_Style] = Counter()
    for unit, step in zip(units, steps, strict=True):
        if unit.kind == "head" and step.role == "title":
            titles[_style(unit)] += 1
        elif unit.kind == "head" and step.role == "subhead":
            subheads[_style(unit)] += 1
    all_titles, all_subheads = titles.total(), subheads.total()
    if all_titles < 2 or all_subheads < 2:
        return {}
    odds: dict[_Style, float] = {}
    for style in titles | subheads:
        title = (titles[style] + _STYLE_SMOOTHING) / (all_titles + 3 * _STYLE_SMOOTHING)
        subhead = (subheads[style] + _STYLE_SMOOTHING) / (all_subheads + 3 * _STYLE_SMOOTHING)
        odds[style] = max(-_STYLE_LIMIT, min(_STYLE_LIMIT, math.log(title / subhead)))
    return odds


def _best_path(
    units: Sequence[Unit], clues: Sequence[Clues], grammar: Grammar, styles: Mapping[_Style, float]
) -> list[Step]:
    """Run the automaton over the units and keep the best way into every state."""
    paths: list[dict[State, Path]] = [{_START: Path(0.0)}]
    for unit, clue in zip(units, clues, strict=True):
        clue.style = styles.get(_style(unit), 0.0) if unit.kind == "head" else 0.0
        table: dict[State, Path] = {}
        for state, path in paths[-1].items():
            for move in list(_moves(state, unit, clue, grammar)) or [_last_resort(unit)]:
                score = path.score + move.score
                known = table.get(move.state)
                if known is None or score > known.score:
                    table[move.state] = Path(score, state, Step(move.role, move.new, move.score, tuple(move.why)))
        paths.append(table)
    return _trace(paths)


def _trace(paths: list[dict[State, Path]]) -> list[Step]:
    """Walk back from the best final state; an article must not end in its head."""
    unfinished = {"C": -4.0, "H": -4.0, "K": -8.0, "T": -3.0, "N": -3.0, "D0": -6.0, "D1": -6.0}
    last = paths[-1]
    state: State | None = max(last, key=lambda name: last[name].score + unfinished.get(name, 0.0))
    steps: list[Step] = []
    for table in reversed(paths[1:]):
        path = table[state or ""]
        if path.step is not None:
            steps.append(path.step)
        state = path.back
    return steps[::-1]


# ---- what is seen ------------------------------------------------------------------------------------------------


def gather(units: Sequence[Unit], cohesion: Cohesion, seams: Seams) -> list[Clues]:
    """Measure the clues of every unit."""
    clues = [Clues() for _ in units]
    groups = _head_groups(units)
    marked = sum(unit.kind == "head" and unit.level > 0 for unit in units) >= _MARKED_PAGE
    last_text: Unit | None = None
    for i, unit in enumerate(units):
        clue = clues[i]
        clue.before = tuple(_texts(units, i - 1, -1, _BEFORE))
        clue.after = tuple(_texts(units, i, 1, _AFTER))
        clue.cohesion = cohesion_score(cohesion, clue.before, clue.after)
        clue.prev_kind = units[i - 1].kind if i else ""
        clue.next_kind = units[i + 1].kind if i + 1 < len(units) else ""
        clue.group = groups[i]
        clue.rank = _rank(units, i, groups[i])
        beyond = i - groups[i][0] + groups[i][1]
        clue.run_next = units[beyond].kind if beyond < len(units) else ""
        clue.run_starts = beyond < len(units) and _starts_article(units[beyond])
        clue.listed = unit.kind == "head" and _is_listed(units, i)
        if unit.kind == "head" and groups[i][0]:
            clue.seam = max(0.0, seams.gain(units[i - 1].key, unit.key) - 1.5)
        clue.open_before = last_text is not None and ends_open(last_text.key) and not _ends_article(last_text)
        if unit.kind == "head":
            clue.overlap_after = cohesion.overlap(unit.profile, clue.after)
            clue.overlap_before = cohesion.overlap(unit.profile, _texts(units, i - 1, -1, _FAR_BEFORE))
        if unit.kind in ("text", "head") and clue.open_before and last_text is not None:
            clue.join = seams.gain(_body_key(last_text), _body_key(unit))
        if unit.kind == "head" and not unit.is_heading:
            following = units[i + 1] if i + 1 < len(units) and units[i + 1].kind in ("text", "head") else None
            clue.fragment = _fragment_score(unit, clue, following, seams, marked=marked)
        if unit.kind == "text" or (unit.kind == "table"):
            last_text = unit
    following_text = -1
    for i in range(len(units) - 1, -1, -1):
        clues[i].next_text = following_text
        clues[i].next_starts = following_text >= 0 and _starts_article(units[following_text])
        if units[i].kind in ("text", "table"):
            following_text = i
    return clues


def _is_listed(units: Sequence[Unit], i: int) -> bool:
    """Say whether a heading's opening sign is a bullet: headings near it open with a sign too and close without."""
    if not _opens_with_sign(units[i]):
        return False
    return any(_opens_with_sign(unit) for unit in [*units[max(0, i - 4) : i], *units[i + 1 : i + 5]])


def _opens_with_sign(unit: Unit) -> bool:
    key = unit.key.strip()
    return unit.kind == "head" and not key[0].isalnum() and key[0] not in "“‘《（【「『［〖—-│|" and key[-1] != key[0]


# A page with this many marked headings sets its titles so; a plain line there is less often one.
_MARKED_PAGE = 3
# A plain title rarely has more characters without a blank or a colon.
_PLAIN_TITLE = 22
_SHORT_TITLE = 15


def _body_key(unit: Unit) -> str:
    return unit.key[unit.edges.start : unit.edges.end] if unit.edges else unit.key


def _rank(units: Sequence[Unit], i: int, group: tuple[int, int]) -> int:
    """Compare a heading's depth with its neighbours' in the run: 1 = set larger than all, -1 = smaller than the largest."""
    if group[1] < 2:
        return 0
    run = units[i - group[0] : i - group[0] + group[1]]
    sizes = [unit.level or 7 for unit in run]
    own = sizes[group[0]]
    if min(sizes) == max(sizes):
        return 0
    return (1 if sizes.count(own) == 1 else 0) if own == min(sizes) else -1


def _fragment_score(unit: Unit, clue: Clues, following: Unit | None, seams: Seams, *, marked: bool) -> float:
    """Score that a short plain line is a piece of running text that a break cut off, not a heading."""
    key = unit.key.strip()
    score = 0.8 if marked else 0.0
    if any(key.count(left) != key.count(right) for left, right in ("“”", "（）", "《》")):
        score += 5.0
    if " " not in key and "：" not in key:
        score += 0.12 * max(0, len(key) - _PLAIN_TITLE)
    score += (2.0 if marked else 1.2) * ("，" in key) + 0.6 * ("、" in key)
    if len(key) > _SHORT_TITLE and opens_sentence(key):
        score += 1.2
    if clue.join is not None and clue.prev_kind == "text":
        score += max(-1.0, min(4.0, clue.join))
    if following is not None:
        score += (
            max(-1.5, min(5.0, seams.gain(key, _body_key(following)) - 1.0)) if not _starts_article(following) else -2.0
        )
    return score


def cohesion_score(cohesion: Cohesion, left: Sequence[Profile], right: Sequence[Profile]) -> float:
    """Give the log-odds that two stretches of text belong together; 0 where one is too short to tell."""
    if not left or not right:
        return 0.0
    score = (cohesion.similarity(left, right) - _COSINE_EVEN) * _COSINE_SLOPE
    if score < 0:
        score *= _COSINE_DROP
    # A stretch of few bigrams cannot share many: its silence says less.
    size = min(sum(map(len, left)), sum(map(len, right)))
    trust = min(1.0, size / _ENOUGH_BOTH)
    return max(_COHESION_MIN, min(_COHESION_MAX, score)) * (trust if score < 0 else 1.0)


_ENOUGH_BOTH = 90


def overlap_score(overlap: float) -> float:
    """Give the log-odds that a heading belongs to a text, from the share of its bigrams found there."""
    slope = _OVERLAP_SLOPE if overlap > _OVERLAP_EVEN else _OVERLAP_DROP
    return min(_OVERLAP_MAX, (overlap - _OVERLAP_EVEN) * slope)


def _starts_article(unit: Unit) -> bool:
    return unit.edges is not None and (unit.edges.dateline is not None or unit.edges.jump_from is not None)


def _ends_article(unit: Unit) -> bool:
    edges = unit.edges
    return edges is not None and bool(edges.tail)


def _texts(units: Sequence[Unit], at: int, way: int, count: int) -> Iterator[Profile]:
    """Walk over the texts on one side, up to a sign that an article begins or ends there."""
    seen = 0
    while 0 <= at < len(units) and seen < count:
        unit = units[at]
        if unit.kind in ("text", "table"):
            if way > 0 and seen and _starts_article(unit):
                return
            if way < 0 and seen and _ends_article(unit):
                return
            yield unit.profile
            seen += 1
            if way < 0 and _has_title_above(units, at):
                yield units[at - 1].profile
            if (way < 0 and _starts_article(unit)) or (way > 0 and _ends_article(unit)):
                return
        elif seen and unit.kind in ("byline", "jump_from", "jump_to", "source"):
            return
        at += way


def _has_title_above(units: Sequence[Unit], at: int) -> bool:
    """Say whether a heading long enough to be a title stands straight above: it speaks of the whole article."""
    return at > 0 and units[at - 1].kind == "head" and len(units[at - 1].key) > _SHORT_TITLE


def _head_groups(units: Sequence[Unit]) -> list[tuple[int, int]]:
    """Give, for each unit, its place in its run of headings and the length of the run."""
    groups = [(0, 1)] * len(units)
    at = 0
    while at < len(units):
        stop = at + 1
        if units[at].kind == "head":
            while stop < len(units) and units[stop].kind == "head":
                stop += 1
            for i in range(at, stop):
                groups[i] = (i - at, stop - at)
        at = stop
    return groups


# ---- what can be done --------------------------------------------------------------------------------------------


def _moves(state: State, unit: Unit, clue: Clues, grammar: Grammar) -> Iterator[Move]:
    """List the readings of a unit from a state."""
    if unit.kind == "head":
        yield from _head_moves(state, unit, clue, grammar)
        if not unit.level:
            yield from _text_moves(state, unit, clue, penalty=_plain_head_penalty(state, unit, clue))
    elif unit.kind in ("text", "table"):
        yield from _text_moves(state, unit, clue, penalty=0.0)
    elif unit.kind == "byline":
        yield from _byline_moves(state, unit, clue)
    elif unit.kind == "jump_from":
        opens = state in ("T", "C", "H")
        yield Move("T" if state in ("T", "H") else "N", "jump", 0.0, not opens and state != "N", ["jump_from"])
    elif unit.kind in ("jump_to", "source"):
        role = "jump" if unit.kind == "jump_to" else "credit"
        if state[:1] in "BDE" and state:
            yield Move("E" + state[1], role, 0.0, new=False, why=[unit.kind])
        elif state == "P":
            yield Move("P", role, 0.0, new=False, why=[unit.kind])
        else:
            yield Move(state or "N", role, -2.0, not state, [unit.kind])
    else:
        yield from _text_moves(state, unit, clue, penalty=0.0)


def _last_resort(unit: Unit) -> Move:
    """Begin an article with a unit that no reading fits, so that a path always exists."""
    if unit.kind == "head":
        return Move("T", "title", _UNLIKELY, new=True, why=["unexpected"])
    return Move("B0", "paragraph", _UNLIKELY, new=True, why=["unexpected"])


def _plain_head_penalty(state: State, unit: Unit, clue: Clues) -> float:
    """Score reading a short plain line as text: likely only where a sentence runs on into it or out of it."""
    score = -4.0 - (2.0 if unit.bold else 0.0) + clue.fragment
    if state in ("E0", "E1", "P", ""):
        score -= 2.5
    return score


def _is_open(state: State) -> bool:
    return state in ("B0", "B1", "E0", "E1", "P")


def _head_moves(state: State, unit: Unit, clue: Clues, grammar: Grammar) -> Iterator[Move]:
    """List the readings of a heading."""
    fresh = _is_open(state) or state == _START
    close, why = _closing_score(state, clue)
    if state in (_START, "C", "H") or fresh:
        title, told = _title_score(unit, clue, grammar)
        yield Move("T", "title", title + close, fresh, ["heading", *told, *why])
        column = _column_score(unit, clue, grammar)
        if state != "C":
            yield Move("C", "column", column + close, fresh, ["column", *why])
        if state != "C" or clue.group[0] + 1 < clue.group[1]:
            yield Move("H", "kicker", _kicker_score(unit, clue, grammar) + close, fresh, ["kicker", *why])
    if state in ("B0", "B1"):
        yield Move("D" + state[1], "subhead", _subhead_score(unit, clue, grammar), new=False, why=["subhead"])
    if state in ("D0", "D1"):
        yield Move(state, "subhead", _subhead_score(unit, clue, grammar) - 5.0, new=False, why=["subhead"])
    if state in ("B0", "E0", "K"):
        score, told = _after_body_score(unit, clue, grammar)
        # The article ends here too; after a kicker that has been counted.
        over = close if state == "B0" else 0.0
        yield Move("P", "title", score + over, new=False, why=["head_after_body", *told])
        if clue.group[0] + 1 < clue.group[1]:
            late = _kicker_score(unit, clue, grammar) - (1.0 if state != "K" else 0.0)
            yield Move("K", "kicker", late + over, new=False, why=["head_after_body", "kicker"])
    if state == "P" and grammar.subtitle_starts.match(unit.key.strip()) and clue.prev_kind == "head":
        yield Move("P", "subtitle", 2.0, new=False, why=["head_after_body", "subtitle"])
    if state in ("B0", "B1", "E0", "E1", "P"):
        yield Move("P", "column", _column_after_score(state, unit, clue, grammar), new=False, why=["column_after_body"])
    if state in ("T", "N"):
        yield from _after_title_moves(state, unit, clue, grammar)


def _closing_score(state: State, clue: Clues) -> tuple[float, list[str]]:
    """Score that the open article is over before this unit."""
    if state in ("E0", "E1", "P"):
        return -0.5 if state == "E0" else 0.0, ["byline_end"]
    if state in ("B0", "B1"):
        score = -clue.cohesion - 0.5
        if clue.open_before:
            score -= 1.0
        return score, [f"cohesion:{-clue.cohesion:+.1f}"]
    return 0.0, []


def _length_score(length: int) -> float:
    """Score a heading's length as a title: main titles have 8 to 30 characters, subheads 4 to 12."""
    if length < 5:
        return -2.0
    if length < 8:
        return -0.8
    if length < 11:
        return -0.2
    return 0.8 if length >= 14 else 0.3


# Bigrams of text that a title can be measured against; fewer say little.
_ENOUGH = 60


def _title_score(unit: Unit, clue: Clues, grammar: Grammar) -> tuple[float, list[str]]:
    """Score a heading as the title of the text after it."""
    key = unit.key.strip()
    trust = min(1.0, sum(map(len, clue.after)) / _ENOUGH)
    fit = overlap_score(clue.overlap_after)
    score = _length_score(len(key)) + trust * fit * (0.65 if fit > 0 else 1.0)
    score -= 0.7 * max(0.0, overlap_score(clue.overlap_before - 0.5 * clue.overlap_after))
    why = [f"overlap:{clue.overlap_after:.2f}"]
    if clue.run_starts:
        score += 2.0
        why.append("marker_next")
    if clue.run_next in ("byline", "jump_from"):
        score += 1.0
        why.append("byline_next")
    if clue.next_text < 0:
        score -= 2.0
    if is_column_form(unit, grammar) and not clue.listed:
        score -= 4.0
    elif grammar.column_words.search(key) and len(key) <= _COLUMN_LENGTH:
        score -= 1.5
    if grammar.roundups.search(key) and len(key) <= _ROUNDUP_LENGTH:
        score -= 3.0
    if grammar.subtitle_starts.match(key):
        score -= 5.0
    if grammar.kicker_ends.search(key):
        score -= 0.5
    return score + 0.5 * clue.rank + 0.7 * clue.style - 0.5 * max(0.0, clue.fragment), why


def is_column_form(unit: Unit, grammar: Grammar) -> bool:
    """Say whether a heading is set off as a standing head: 【…】, ■…, …｜."""
    key = unit.key.strip()
    for pair in grammar.column_brackets:
        if key.startswith(pair[0]) and key.endswith(pair[1]) and key.count(pair[0]) == 1:
            return True
    return len(key) > 2 and (key[0] in grammar.column_signs or key[-1] in grammar.column_signs)


# Standing heads are short: 走基层, 高质量发展调研行; headings over short items shorter: 一周要闻.
_COLUMN_LENGTH, _ROUNDUP_LENGTH = 14, 8


def _column_score(unit: Unit, clue: Clues, grammar: Grammar) -> float:
    """Score a heading as a standing head above the title."""
    key = unit.key.strip()
    score = -3.2
    if (is_column_form(unit, grammar) and not clue.listed) or (
        grammar.roundups.search(key) and len(key) <= _ROUNDUP_LENGTH
    ):
        score += 5.2
    elif grammar.column_words.search(key) and len(key) <= _COLUMN_LENGTH:
        score += 3.8
    if len(key) > 22:
        score -= 2.0
    score -= 0.5 * max(0.0, clue.fragment)
    if grammar.subtitle_starts.match(key):
        score -= 5.0
    return score - 0.4 * max(0.0, overlap_score(clue.overlap_after))


def _kicker_score(unit: Unit, clue: Clues, grammar: Grammar) -> float:
    """Score a heading as the line that introduces the title below it."""
    key = unit.key.strip()
    if clue.group[0] + 1 >= clue.group[1]:
        return _UNLIKELY
    score = -0.3
    if is_column_form(unit, grammar) and not clue.listed:
        score -= 3.0
    if grammar.roundups.search(key) and len(key) <= _ROUNDUP_LENGTH:
        score -= 3.0
    elif grammar.column_words.search(key) and len(key) <= _COLUMN_LENGTH:
        score -= 1.0
    if len(key) > 24:
        score -= 1.0
    score -= 0.5 * max(0.0, clue.fragment)
    if grammar.kicker_ends.search(key):
        score += 0.7
    if grammar.subtitle_starts.match(key):
        score -= 4.0
    return score - 0.5 * max(0.0, overlap_score(clue.overlap_after)) - 0.4 * clue.rank


def _subhead_score(unit: Unit, clue: Clues, grammar: Grammar) -> float:
    """Score a heading as a subhead inside the open article."""
    key = unit.key.strip()
    score = 0.5
    if len(key) > 14:
        score -= 0.12 * (len(key) - 14)
    if is_column_form(unit, grammar) and not clue.listed:
        score -= 3.5
    if grammar.subtitle_starts.match(key):
        score -= 3.0
    if clue.next_kind != "text":
        score -= 2.5
    if clue.next_starts:
        score -= 4.0
    if clue.next_text < 0:
        score -= 4.0
    if grammar.roundups.search(key) and len(key) <= _ROUNDUP_LENGTH:
        score -= 3.0
    return (
        score + (0.3 if clue.cohesion > 0 else 0.8) * clue.cohesion - 0.5 * clue.style - 0.5 * max(0.0, clue.fragment)
    )


def _after_body_score(unit: Unit, clue: Clues, grammar: Grammar) -> tuple[float, list[str]]:
    """Score a heading as the title of the untitled text before it."""
    score = -2.5 + _length_score(len(unit.key.strip())) + 0.9 * overlap_score(clue.overlap_before)
    score -= 0.6 * max(0.0, overlap_score(clue.overlap_after - 0.5 * clue.overlap_before))
    if is_column_form(unit, grammar) and not clue.listed:
        score -= 4.0
    if clue.next_kind in ("head", ""):
        score += 1.0
    score -= 0.5 * max(0.0, clue.fragment)
    return score, [f"overlap:{clue.overlap_before:.2f}"]


def _column_after_score(state: State, unit: Unit, clue: Clues, grammar: Grammar) -> float:
    """Score a heading as the standing head of the text before it."""
    score = _column_score(unit, clue, grammar) - 2.5
    if clue.next_kind in ("head", ""):
        score += 0.5
    if state in ("B0", "B1"):
        score -= 1.0
    return score


def _after_title_moves(state: State, unit: Unit, clue: Clues, grammar: Grammar) -> Iterator[Move]:
    """List the readings of a heading that follows a title: subtitle, second line of the title, kicker, subhead."""
    key = unit.key.strip()
    dash = grammar.subtitle_starts.match(key) is not None
    last = clue.group[0] + 1 >= clue.group[1]
    if state == "T":
        yield Move("T", "subtitle", 2.5 if dash else -1.3, why=["after_title"])
        line_two = -2.6 + 0.65 * overlap_score(clue.overlap_after) + clue.seam - (3.0 if dash else 0.0)
        yield Move("T", "title2", line_two, why=[f"overlap:{clue.overlap_after:.2f}"])
        late = -2.2 + (0.8 if grammar.kicker_ends.search(key) else 0.0)
        late += 0.5 if not unit.is_heading and last else 0.0
        yield Move("T", "kicker", late - (4.0 if dash else 0.0), why=["kicker_after_title"])
        column = _column_score(unit, clue, grammar) - 1.5
        yield Move("T", "column", column, why=["column_after_title"])
        if last and clue.next_kind == "text":
            # In newspapers a subhead straight after the title is rarer than a subtitle; on pages where subheads are many it wins.
            yield Move("D1", "subhead", -1.3 - (4.0 if dash or clue.next_starts else 0.0), why=["subhead"])
    elif last and clue.next_kind == "text":
        yield Move("D0", "subhead", -0.5 - (4.0 if dash else 0.0), why=["subhead"])
        yield Move("T", "title", _title_score(unit, clue, grammar)[0] - 1.5, why=["title_after_byline"])


def _text_moves(state: State, unit: Unit, clue: Clues, *, penalty: float) -> Iterator[Move]:
    """List the readings of a text block: it goes on with the open article or begins one without a head."""
    ended = _ends_article(unit)
    starts = _starts_article(unit)
    if state == "K":
        return
    if state in ("", "C", "H", "T", "N"):
        titled = state == "T"
        score = {"": 0.0, "C": -1.0, "H": -3.5, "T": 0.0, "N": 0.0}[state]
        yield Move(
            ("E" if ended else "B") + ("1" if titled else "0"), "paragraph", score + penalty, state == "", ["body"]
        )
        return
    flag = "1" if state == "P" else state[1]
    going, why = _going_on_score(state, unit, clue, starts=starts)
    if state != "P":
        yield Move(("E" if ended else "B") + flag, "paragraph", going + penalty, new=False, why=why)
    if state in ("D0", "D1"):
        return
    fresh = -3.6 - 1.0 * clue.cohesion + (5.0 if starts else 0.0)
    if state in ("E0", "E1", "P"):
        fresh = -0.8 - 0.5 * clue.cohesion + (2.0 if starts else 0.0)
    elif clue.open_before:
        fresh -= 2.0
    if clue.join is not None and state in ("B0", "B1"):
        fresh -= max(-1.0, min(4.0, clue.join))
    yield Move(
        ("E" if ended else "B") + "0",
        "paragraph",
        fresh + penalty,
        new=True,
        why=["no_heading", f"cohesion:{-clue.cohesion:+.1f}"],
    )


def _going_on_score(state: State, unit: Unit, clue: Clues, *, starts: bool) -> tuple[float, list[str]]:
    """Score that a text goes on with the open article."""
    if state in ("E0", "E1"):
        return -5.0 + 0.6 * clue.cohesion - (4.0 if starts else 0.0), ["after_end"]
    score = 0.0
    if starts:
        score -= 3.0
    if state in ("B0", "B1") and clue.open_before:
        score += 1.0
    return score, ["body"]


def _byline_moves(state: State, unit: Unit, clue: Clues) -> Iterator[Move]:
    """List the readings of a byline line: it signs the text before it or opens the text after it."""
    credit = unit.credit
    # □本报记者 王丹 stands under a title; 记者 王丹 通讯员 李平 without sign or house stands at the end as often.
    opening = credit is not None and credit.role and not credit.bracketed and (credit.sign or credit.house)
    if state == "K":
        return
    if state in ("T", "C", "H", "N", ""):
        fresh = state == ""
        yield Move(
            "T" if state in ("T", "H") else "N",
            "byline",
            0.0 if not (credit and credit.bracketed) else -1.5,
            fresh,
            ["byline"],
        )
        return
    if state[0] in "BD":
        signs = 0.0 if state[0] == "B" else -6.0
        if opening and clue.next_kind in ("text", "head", "jump_from"):
            signs -= 1.5
        if clue.open_before:
            signs -= 1.0
        yield Move("E" + state[1], "credit", signs, new=False, why=["byline_end"])
    if state == "P" or state[0] == "E":
        two = -2.0 if clue.prev_kind in ("byline", "source") else -4.0
        yield Move("P" if state == "P" else state, "credit", two, new=False, why=["byline_end"])
    if state[0] not in "D":
        cost = -0.5 if state[0] in "EP" else -3.5 - clue.cohesion
        if credit is not None and credit.bracketed:
            cost -= 4.0
        elif opening:
            cost += 3.0
        if clue.next_kind not in ("text", "head", "jump_from"):
            cost -= 6.0
        yield Move("N", "byline", cost, new=True, why=["byline_start", f"cohesion:{-clue.cohesion:+.1f}"])
