"""The decision over a page: which unit plays which part, in which article.

The units of a page are read as the output of an automaton that walks through articles (head, body, end), and the
best path is found by dynamic programming (Viterbi 1967). The score of a step is a sum of named features times their
:mod:`weights <pipeline.splitting.weights>`; the strongest are kept beside the decision, so that each boundary can be
explained.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline.splitting.blocks import Unit
from pipeline.splitting.clues import Clues, ends_article, gather, starts_article
from pipeline.splitting.cohesion import Cohesion
from pipeline.splitting.grammar import Grammar
from pipeline.splitting.learned import Learned
from pipeline.splitting.readings import AFTER_COLUMN, Features, Readings, read_heading
from pipeline.splitting.seams import Seams
from pipeline.splitting.weights import ALONE, WEIGHTS

State = str
# States: "" nothing open; "C" a column seen; "H" a kicker seen; "T" title seen; "N" a new text without title announced
# by byline or jump line; "K" a kicker of a title that comes after its body; "B" body; "D" body that a subhead
# interrupts; "E" ended. 0/1 = without / with a title; "P" = ended, title found after the body.
_START = ""
END_FEATURES = {"C": "end.head", "H": "end.head", "K": "end.late_kicker", "T": "end.title", "N": "end.title"}
END_FEATURES |= {"D0": "end.subhead", "D1": "end.subhead"}
# A page's own typography moves a decision by this much at most, in nats: depths from an engine are weak evidence.
_STYLE_LIMIT = 1.6
_STYLE_SMOOTHING = 1.5


@dataclass(slots=True)
class Step:
    """Hold what was decided for one unit.

    ``probability`` is that of its role and boundary among all readings of the page, ``boundary`` that of the boundary
    (or its absence) alone.
    """

    role: str
    new: bool
    score: float
    features: Features
    weights: Mapping[str, float]
    probability: float = 1.0
    boundary: float = 1.0

    def evidence(self) -> tuple[str, ...]:
        """Name the features that moved the decision most, with what each added in nats."""
        parts = sorted(
            ((self.weights[name] * value, name) for name, value in self.features), key=lambda item: -abs(item[0])
        )
        return tuple(f"{name}:{score:+.1f}" for score, name in parts[:4] if abs(score) >= 0.05)


@dataclass(slots=True)
class _Move:
    """Offer one reading of a unit from a state: the state it leads to, its role, its features."""

    state: State
    role: str
    features: Features
    new: bool = False


@dataclass(slots=True)
class _Path:
    """Hold the best way into a state."""

    score: float
    back: State | None = None
    step: Step | None = None


Allowed = Callable[[int, str, bool], bool]
# From state, to state, role, new article, score, features.
_Edge = tuple[State, State, str, bool, float, Features]
Trellis = list[list[_Edge]]


def decide(
    units: Sequence[Unit], cohesion: Cohesion, grammar: Grammar, seams: Seams, learned: Learned | None = None
) -> list[Step]:
    """Find the best reading of the units of a page (without furniture and self-contained pieces), in page order.

    The page is read twice: the first reading tells how this page sets titles and subheads (its heading depths,
    bold or plain lines), the second one uses that. Where depth says nothing the second reading is the first.
    """
    clues = gather(units, cohesion, seams, grammar, learned.forms if learned else None)
    weights = ALONE
    if learned is not None and learned.labeller is not None:
        weights = WEIGHTS
        for clue, opinion in zip(clues, learned.labeller.read(units, clues, cohesion), strict=True):
            clue.opinion = opinion
    learn_page(units, clues, best_path(units, clues, grammar, weights))
    trellis: Trellis = []
    steps = best_path(units, clues, grammar, weights, trellis=trellis)
    for step, odds in zip(steps, posteriors(trellis, weights), strict=True):
        step.probability = odds[step.role, step.new]
        step.boundary = sum(chance for (_, new), chance in odds.items() if new == step.new)
    return steps


def learn_page(units: Sequence[Unit], clues: Sequence[Clues], steps: Sequence[Step]) -> None:
    """Write into the clues what a first reading tells of the page: its typography, and the subheads of each article."""
    learn_styles(units, clues, steps)
    below: list[Unit] = []
    for i in range(len(units) - 1, -1, -1):
        unit, clue = units[i], clues[i]
        if unit.kind == "head":
            clue.below = len(below)
            clue.below_alike = any(is_alike(unit, other) for other in below)
        if steps[i].new:
            below = []
        elif steps[i].role == "subhead":
            below = [unit, *below[:_SUBHEADS]]


# Subheads further down an article that a heading is compared with.
_SUBHEADS = 5


def is_alike(one: Unit, two: Unit) -> bool:
    """Say whether two headings are set alike and are of one make: as many parts, about as long."""
    first, second = one.key.strip(), two.key.strip()
    return (
        (one.level, one.bold) == (two.level, two.bold)
        and first.count(" ") == second.count(" ")
        and abs(len(first) - len(second)) <= _ALIKE
    )


# Characters by which the lengths of two subheads of one article differ at most, as a rule.
_ALIKE = 4


def learn_styles(units: Sequence[Unit], clues: Sequence[Clues], steps: Sequence[Step]) -> bool:
    """Write into the clues the log-odds of title against subhead for each style of heading; false if unknown."""
    titles: Counter[tuple[int, bool]] = Counter()
    subheads: Counter[tuple[int, bool]] = Counter()
    for unit, step in zip(units, steps, strict=True):
        if unit.kind == "head" and step.role in ("title", "subhead"):
            (titles if step.role == "title" else subheads)[unit.level, unit.bold] += 1
    all_titles, all_subheads = titles.total(), subheads.total()
    if all_titles < 2 or all_subheads < 2:
        return False
    odds: dict[tuple[int, bool], float] = {}
    for style in titles | subheads:
        title = (titles[style] + _STYLE_SMOOTHING) / (all_titles + 3 * _STYLE_SMOOTHING)
        subhead = (subheads[style] + _STYLE_SMOOTHING) / (all_subheads + 3 * _STYLE_SMOOTHING)
        odds[style] = max(-_STYLE_LIMIT, min(_STYLE_LIMIT, math.log(title / subhead)))
    for unit, clue in zip(units, clues, strict=True):
        clue.style = odds.get((unit.level, unit.bold), 0.0) if unit.kind == "head" else 0.0
    return True


def best_path(
    units: Sequence[Unit],
    clues: Sequence[Clues],
    grammar: Grammar,
    weights: Mapping[str, float] = WEIGHTS,
    allowed: Allowed | None = None,
    trellis: Trellis | None = None,
) -> list[Step]:
    """Run the automaton over the units and keep the best way into every state.

    ``trellis`` takes the steps that were weighed, unit by unit; ``allowed`` restricts the roles and boundaries of
    single units (training reads a page so as its gold says). The list is empty when nothing is left.
    """
    paths: list[dict[State, _Path]] = [{_START: _Path(0.0)}]
    for number, (unit, clue) in enumerate(zip(units, clues, strict=True)):
        table: dict[State, _Path] = {}
        weighed: list[_Edge] = []
        readings = read_heading(unit, clue, grammar) if unit.kind == "head" else {}
        bounds = _bounds(clue)
        for state, path in paths[-1].items():
            for move in _moves(state, unit, clue, readings):
                if allowed is not None and not allowed(number, move.role, move.new):
                    continue
                features = [*move.features, *bounds[move.new]] if bounds else move.features
                gain = sum(weights[name] * value for name, value in features)
                weighed.append((state, move.state, move.role, move.new, gain, features))
                known = table.get(move.state)
                if known is None or path.score + gain > known.score:
                    step = Step(move.role, move.new, gain, features, weights)
                    table[move.state] = _Path(path.score + gain, state, step)
        if not table:
            return []
        paths.append(table)
        if trellis is not None:
            trellis.append(weighed)
    return _trace(paths, weights)


def _bounds(clue: Clues) -> tuple[Features, Features] | None:
    """Say what the trees say against and for a boundary before a unit."""
    if clue.opinion is None:
        return None
    new = -math.log1p(math.exp(-clue.opinion.begins))
    return [("begins.no", new - clue.opinion.begins)], [("begins.yes", new)]


def posteriors(trellis: Trellis, weights: Mapping[str, float]) -> list[dict[tuple[str, bool], float]]:
    """Give the probability of each role and boundary of each unit, over all readings (forward–backward, Baum 1972)."""
    forward: list[dict[State, float]] = [{_START: 0.0}]
    for edges in trellis:
        reached: dict[State, float] = {}
        for source, target, _, _, gain, _ in edges:
            reached[target] = _add(reached.get(target), forward[-1][source] + gain)
        forward.append(reached)
    backward = {state: weights[END_FEATURES[state]] if state in END_FEATURES else 0.0 for state in forward[-1]}
    result: list[dict[tuple[str, bool], float]] = []
    for edges, before in zip(reversed(trellis), reversed(forward[:-1]), strict=True):
        odds: dict[tuple[str, bool], float] = {}
        left: dict[State, float] = {}
        for source, target, role, new, gain, _ in edges:
            onward = gain + backward[target]
            left[source] = _add(left.get(source), onward)
            odds[role, new] = _add(odds.get((role, new)), before[source] + onward)
        total = math.log(sum(math.exp(value - max(odds.values())) for value in odds.values())) + max(odds.values())
        result.append({key: math.exp(value - total) for key, value in odds.items()})
        backward = left
    return result[::-1]


def _add(one: float | None, two: float) -> float:
    """Add two probabilities given as logarithms."""
    if one is None:
        return two
    high, low = (one, two) if one > two else (two, one)
    return high + math.log1p(math.exp(low - high))


def _trace(paths: list[dict[State, _Path]], weights: Mapping[str, float]) -> list[Step]:
    """Walk back from the best final state; an article should not end in its head."""
    last = paths[-1]
    state = max(
        last, key=lambda name: last[name].score + (weights[END_FEATURES[name]] if name in END_FEATURES else 0.0)
    )
    steps: list[Step] = []
    for table in reversed(paths[1:]):
        path = table[state]
        if path.step is not None:
            steps.append(path.step)
        state = path.back or _START
    return steps[::-1]


# ---- what can be done --------------------------------------------------------------------------------------------


def _moves(state: State, unit: Unit, clue: Clues, readings: Readings) -> list[_Move]:
    """List the readings of a unit from a state; never none."""
    if unit.kind == "head":
        moves = list(_head_moves(state, clue, readings))
        if not unit.level and not unit.column and AFTER_COLUMN not in unit.evidence:
            moves += _plain_moves(state, unit, clue)
    elif unit.kind == "byline":
        moves = list(_byline_moves(state, unit, clue))
    elif unit.kind == "jump_from":
        opens = state in ("T", "C", "H", "N")
        moves = [_Move("T" if state in ("T", "H") else "N", "jump", [], not opens)]
    elif unit.kind in ("jump_to", "source"):
        moves = [_formula_move(state, "jump" if unit.kind == "jump_to" else "credit", signed=unit.signed)]
    else:
        moves = list(_text_moves(state, unit, clue))
    if moves:
        return moves
    role, to = ("title", "T") if unit.kind == "head" else ("paragraph", "B0")
    return [_Move(to, role, [("unexpected", 1.0)], new=True)]


def _formula_move(state: State, role: str, *, signed: bool = False) -> _Move:
    """Place a line that says that the article goes on elsewhere or comes from an agency, or who signs it."""
    if state[:1] in ("B", "D", "E"):
        return _Move("E" + state[1], role, [])
    if state == "P":
        return _Move("P", role, [])
    # 本报评论员 stands below a title as a byline does; an agency at the end.
    return _Move(state or "N", role, [("formula.lead" if signed else "formula.misplaced", 1.0)], not state)


def _closing(state: State, clue: Clues) -> Features:
    """Say that the open article is over before this unit."""
    if state in ("E0", "E1", "P"):
        return [("close.signed_untitled" if state == "E0" else "close.signed", 1.0)]
    if state in ("B0", "B1"):
        # Items of a round-up have little text, and much of it is alike.
        item = ("close.item", float(clue.item))
        return [("close.bias", 1.0), _cohesion("close", clue), ("close.open", float(clue.open_before)), item]
    return []


def _cohesion(name: str, clue: Clues) -> tuple[str, float]:
    """Name the clue of cohesion, or of its lack."""
    return f"{name}.cohesion" if clue.cohesion >= 0 else f"{name}.no_cohesion", abs(clue.cohesion)


def _head_moves(state: State, clue: Clues, readings: Readings) -> Iterator[_Move]:  # noqa: C901, PLR0912
    """List the readings of a heading."""
    ready = state in ("B0", "B1", "E0", "E1", "P")
    fresh = ready or state == _START
    close = _closing(state, clue)
    if fresh or state in ("C", "H"):
        below: Features = [("title.after_column", float(state == "C")), ("title.after_kicker", float(state == "H"))]
        yield _Move("T", "title", readings["title"] + below + close, fresh)
        if state != "C":
            late: Features = [("column.after_kicker", float(state == "H"))]
            yield _Move("C", "column", readings["column"] + late + close, fresh)
        below = [("kicker.after_column", float(state == "C")), ("kicker.second", float(state == "H"))]
        yield _Move("H", "kicker", readings["kicker"] + below + close, fresh)
    if state in ("B0", "B1"):
        yield _Move("D" + state[1], "subhead", readings["subhead"])
    if fresh and "subhead_first" in readings:
        yield _Move("D0", "subhead", [*readings["subhead_first"], ("new_subhead.bias", 1.0), *close], new=True)
    if state in ("D0", "D1"):
        yield _Move(state, "subhead", [*readings["subhead"], ("subhead.second", 1.0)])
    if state in ("B0", "E0", "K"):
        over = close if state == "B0" else []
        yield _Move("P", "title", readings["late_title"] + over)
        late = [] if state == "K" else [("late_kicker.bias", 1.0)]
        yield _Move("K", "kicker", readings["kicker"] + late + over)
    if state == "P" and clue.prev_kind == "head":
        yield _Move("P", "subtitle", readings["late_subtitle"])
        for role in ("title2", "kicker_after"):
            yield _Move("P", _ROLES[role], [*readings[role], ("late_headline.more", 1.0)])
    if state == "P" and "subhead_first" in readings:
        yield _Move("D1", "subhead", [*readings["subhead_first"], ("late_body.subhead", 1.0)])
    if state == "C":
        # A standing head whose piece was taken off the page, or stands elsewhere.
        yield _Move("C", "column", [*readings["column"], ("close.lone_column", 1.0)], new=True)
    if ready and "late_column" in readings:
        stands: Features = [("late_column.not_ended", 1.0)] if state[0] == "B" else []
        # A text without any head of its own takes the lone standing head below it.
        stands.append(("late_column.untitled", float(state[1:] == "0" and not clue.apart)))
        yield _Move("P", "column", readings["late_column"] + stands)
    if state == "T":
        for role in ("subtitle", "title2", "kicker_after", "column_after_title"):
            yield _Move("T", _ROLES[role], readings[role])
    if state in ("T", "N", "C") and "subhead_first" in readings:
        after = {"N": "subhead_first.untitled", "C": "subhead_first.after_column"}
        untitled: Features = [(after[state], 1.0)] if state in after else []
        yield _Move("D1" if state == "T" else "D0", "subhead", readings["subhead_first"] + untitled)
    if state == "N":
        yield _Move("T", "title", [*readings["title"], ("title_after_byline.bias", 1.0)])


_ROLES = {"subtitle": "subtitle", "title2": "title", "kicker_after": "kicker", "column_after_title": "column"}


def _plain_moves(state: State, unit: Unit, clue: Clues) -> Iterator[_Move]:
    """Read a short plain line as text: likely only where a sentence runs on into it or out of it."""
    extra: Features = [("plain.bias", 1.0), ("plain.bold", float(unit.bold)), ("plain.fragment", clue.fragment)]
    if state in ("E0", "E1", "P", _START):
        extra.append(("plain.after_end", 1.0))
    if clue.opinion is not None and "paragraph" in clue.opinion.parts:
        extra.append(("plain.labelled", clue.opinion.parts["paragraph"]))
    extra.append(("plain.among_heads", float(clue.group[1] > 1 and clue.fragment < 1.0)))
    for move in _text_moves(state, unit, clue):
        move.features = move.features + extra
        yield move


def _text_moves(state: State, unit: Unit, clue: Clues) -> Iterator[_Move]:
    """List the readings of a text block: it goes on with the open article or begins one without a head."""
    to = "E" if ends_article(unit) else "B"
    starts = float(starts_article(unit))
    if state == "K":
        return
    if state in (_START, "C", "H", "T", "N"):
        after: Features = (
            [("body.after_column", 1.0)] if state == "C" else [("body.after_kicker", 1.0)] if state == "H" else []
        )
        yield _Move(to + ("1" if state == "T" else "0"), "paragraph", after, state == _START)
        return
    if state in ("E0", "E1"):
        going: Features = [("after_end.bias", 1.0), _cohesion("after_end", clue), ("after_end.marker", starts)]
        yield _Move(to + state[1], "paragraph", going)
    elif state == "P":
        # The headline came between the first lines of the text and the rest.
        going = [("late_body.bias", 1.0), _cohesion("late_body", clue), ("late_body.marker", starts)]
        going.append(("late_body.open", float(clue.open_before)))
        yield _Move(to + "1", "paragraph", going)
    else:
        going = [
            ("body.marker", starts * (not (state[0] == "D" and clue.below_run))),
            ("body.open", float(clue.open_before and state[0] == "B")),
        ]
        yield _Move(to + state[1], "paragraph", going)
    if state[0] == "B":
        fresh: Features = [("fresh.bias", 1.0), _cohesion("fresh", clue), ("fresh.marker", starts)]
        fresh.append(("fresh.item", float(clue.item)))
        fresh.append(("fresh.far_apart", float(clue.far_apart)))
        fresh += [("fresh.open", float(clue.open_before)), ("fresh.join", max(-1.0, min(4.0, clue.join)))]
        yield _Move(to + "0", "paragraph", fresh, new=True)
    elif state[0] in "EP":
        signed: Features = [
            ("fresh_signed.bias", 1.0),
            _cohesion("fresh_signed", clue),
            ("fresh_signed.marker", starts),
        ]
        yield _Move(to + "0", "paragraph", signed, new=True)


def _byline_moves(state: State, unit: Unit, clue: Clues) -> Iterator[_Move]:
    """List the readings of a byline line: it signs the text before it or opens the text after it."""
    credit = unit.credit
    bracketed = float(credit is not None and credit.bracketed)
    # □本报记者 王丹 stands under a title; 记者 王丹 通讯员 李平 without sign or house stands at the end as often.
    opening = float(credit is not None and credit.role and not bracketed and (credit.sign or credit.house))
    text_next = clue.next_kind in ("text", "head", "jump_from")
    if state == "K":
        return
    if state in ("T", "C", "H", "N", _START):
        to = "T" if state in ("T", "H") else "N"
        yield _Move(to, "byline", [("lead_byline.bracketed", bracketed)], state == _START)
        return
    if state[0] in "BD":
        signs: Features = [("credit.opening", opening * text_next), ("credit.open", float(clue.open_before))]
        signs.append(("credit.after_subhead", float(state[0] == "D")))
        yield _Move("E" + state[1], "credit", signs)
    else:
        late = state == "P" and clue.prev_kind == "head"
        second = "credit.second" if clue.prev_kind in ("byline", "source") else "credit.late"
        yield _Move(state, "credit", [("credit.late_headline" if late else second, 1.0)])
    if state[0] != "D":
        if state[0] == "B":
            start: Features = [("new_byline.bias", 1.0), _cohesion("new_byline", clue)]
        else:
            start = [("new_byline.signed", 1.0)]
        start += [("new_byline.bracketed", bracketed), ("new_byline.opening", opening)]
        start += [
            ("new_byline.no_text", float(not text_next)),
            ("new_byline.head_next", float(clue.next_kind == "head")),
        ]
        yield _Move("N", "byline", start, new=True)
