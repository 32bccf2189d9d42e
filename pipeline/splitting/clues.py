"""What is seen at one unit of a page before anything is decided: its clues.

Clues are measured once a page: how well the texts on both sides hang together, how much of a heading stands in the text
after and before it, whether a block goes on where the one before broke off, how a run of headings is set.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.splitting.blocks import Unit
from pipeline.splitting.cohesion import Cohesion, Profile
from pipeline.splitting.grammar import Grammar
from pipeline.splitting.headforms import HeadForms
from pipeline.splitting.lines import ends_open
from pipeline.splitting.seams import JOIN_OPEN, Seams, opens_sentence

# Log-odds that two stretches belong to one article, from the cosine of their rare bigrams. On 40 development pages the
# cosine was 0.049–0.107 between neighbouring stretches of one article (quartiles) and 0.004–0.019 across a boundary.
_COSINE_EVEN, _COSINE_SLOPE, _COSINE_DROP, _COHESION_MIN, _COHESION_MAX = 0.028, 80.0, 2.4, -3.0, 3.0
# The same for the share of a heading's bigrams found in a text: a title and its own text 0.34–0.77, a title and
# the text before it 0.00–0.03.
_OVERLAP_EVEN, _OVERLAP_SLOPE, _OVERLAP_DROP, _OVERLAP_MAX = 0.10, 8.0, 25.0, 4.0
# Blocks of text that are compared on either side.
_BEFORE, _AFTER = 4, 3
# A title that stands after its body is compared with more of it: titles share most with the lead.
_FAR_BEFORE, _FAR_AFTER = 8, 6
# Where near stretches have as little in common as this, longer ones are compared as well.
_FAR_BELOW = -2.0


@dataclass(frozen=True, slots=True)
class Opinion:
    """Hold what the trees say of a unit, in nats: for each part of a heading (none else), for a boundary before it."""

    parts: Mapping[str, float]
    begins: float


@dataclass(slots=True)
class Clues:
    """Hold what is seen at one unit before anything is decided."""

    before: tuple[Profile, ...] = ()
    after: tuple[Profile, ...] = ()
    cohesion: float = 0.0
    far_apart: bool = False
    overlap_after: float = 0.0
    overlap_before: float = 0.0
    open_before: bool = False
    has_text: bool = True
    alike: bool = False
    prev_kind: str = ""
    next_kind: str = ""
    next_starts: bool = False
    join: float = 0.0
    fragment: float = 0.0
    rank: int = 0
    style: float = 0.0
    seam: float = 0.0
    run_next: str = ""
    run_starts: bool = False
    signed_next: bool = False
    listed: bool = False
    parallel: bool = False
    item: bool = False
    group: tuple[int, int] = (0, 1)
    lengths: tuple[int, int] = (0, 0)
    gap: bool = False
    form: Mapping[str, float] = field(default_factory=dict)
    below: int = 0
    below_alike: bool = False
    apart: bool = False
    above: str = ""
    below_run: bool = False
    repeated: bool = False
    named: bool = False
    opinion: Opinion | None = None


def gather(
    units: Sequence[Unit], cohesion: Cohesion, seams: Seams, grammar: Grammar, forms: HeadForms | None = None
) -> list[Clues]:
    """Measure the clues of every unit; ``forms`` says what the wording of headings speaks for.

    A plain line that is a piece of running text beyond doubt becomes one (``unit.kind``).
    """
    clues = [Clues() for _ in units]
    _weigh_lines(units, clues, seams)
    groups = _head_groups(units)
    spans = _other_lengths(units, groups)
    varied = len({unit.level for unit in units if unit.kind == "head" and unit.level}) > 1
    for i, clue in enumerate(clues):
        clue.group, clue.lengths = groups[i], spans[i]
        _look_around(units, i, clue)
        _compare(units, i, clue, cohesion)
        if units[i].kind == "head":
            if forms is not None:
                clue.form = forms.read(_undecorated(units[i].key, grammar))
            clue.listed = _is_listed(units, i)
            if groups[i][0]:
                clue.alike = varied and 0 < units[i].level == units[i - 1].level
                clue.above = units[i - 1].key.strip()
                clue.seam = max(0.0, seams.gain(units[i - 1].key, units[i].key) - JOIN_OPEN)
    _note_repeats(units, clues, grammar)
    for i in item_units(units, grammar.roundups):
        clues[i].item = True
    for i in parallel_heads(units, clues):
        clues[i].parallel = True
    return clues


def _note_repeats(units: Sequence[Unit], clues: Sequence[Clues], grammar: Grammar) -> None:
    """Note the headings that the page repeats, and among them those that it sets off as standing heads elsewhere."""
    heads = [(i, _undecorated(unit.key, grammar)) for i, unit in enumerate(units) if unit.kind == "head"]
    counts = Counter(key for _, key in heads)
    named = {key for i, key in heads if units[i].column}
    for i, key in heads:
        clues[i].repeated = counts[key] > 1
        clues[i].named = counts[key] > 1 and key in named


def _undecorated(key: str, grammar: Grammar) -> str:
    """Take the decoration of a standing head off a heading."""
    return key.strip(" " + grammar.column_signs + "".join(grammar.column_brackets)) or key


# A plain line with such log-odds of being a piece of text is not read as a heading any more.
_SURELY_TEXT = 4.5


def _weigh_lines(units: Sequence[Unit], clues: Sequence[Clues], seams: Seams) -> None:
    """Weigh whether each unit goes on with the text before it, and whether a plain line is a piece of text."""
    marked = sum(unit.kind == "head" and unit.level > 0 for unit in units) >= _MARKED_PAGE
    last: Unit | None = None
    for i, (unit, clue) in enumerate(zip(units, clues, strict=True)):
        clue.prev_kind = units[i - 1].kind if i else ""
        clue.open_before = last is not None and ends_open(last.key) and not ends_article(last)
        if unit.kind in ("text", "head") and clue.open_before and last is not None:
            clue.join = seams.gain(_body_key(last), _body_key(unit))
        if unit.kind == "head" and not unit.is_heading:
            following = units[i + 1] if i + 1 < len(units) else None
            if following is not None and (following.kind not in ("text", "head") or following.is_heading):
                following = None
            clue.fragment = _fragment_score(unit, clue, following, seams, marked=marked)
            if clue.fragment >= _SURELY_TEXT and not unit.column:
                unit.kind = "text"
        if unit.kind in ("text", "table"):
            last = unit


def _look_around(units: Sequence[Unit], i: int, clue: Clues) -> None:
    """Note the kinds of the units beside a unit, and after its run of headings."""
    clue.prev_kind = units[i - 1].kind if i else ""
    # Two headings and more above a text are a headline, and the last of them may be a subhead.
    clue.below_run = clue.prev_kind == "head" and i > 1 and units[i - 2].kind in ("head", "byline")
    # A photo, a notice or an advertisement that stood here was taken out.
    clue.apart = i > 0 and units[i].index - units[i - 1].index > 1
    clue.next_kind = units[i + 1].kind if i + 1 < len(units) else ""
    clue.rank = _rank(units, i, clue.group)
    beyond = i - clue.group[0] + clue.group[1]
    clue.run_next = units[beyond].kind if beyond < len(units) else ""
    clue.signed_next = beyond < len(units) and units[beyond].signed
    clue.run_starts = beyond < len(units) and starts_article(units[beyond])
    reach = range(i + 1, min(len(units), i + 1 + _NEXT_TEXT))
    text = next((units[place] for place in reach if units[place].kind in ("text", "table")), None)
    clue.has_text, clue.next_starts = text is not None, text is not None and starts_article(text)


# A heading's text stands within so many units of it, kickers, byline and subhead between them.
_NEXT_TEXT = 12


def _compare(units: Sequence[Unit], i: int, clue: Clues, cohesion: Cohesion) -> None:
    """Compare the texts on both sides of a unit, and a heading with both."""
    unit = units[i]
    clue.before = tuple(_texts(units, i - 1, -1, _BEFORE))
    # Where a sentence breaks off before a heading, what follows soon may be the rest of it: only the first text counts.
    clue.after = tuple(_texts(units, i, 1, 1 if clue.open_before and unit.kind == "head" else _AFTER))
    clue.cohesion = cohesion_score(cohesion, clue.before, clue.after)
    if unit.kind == "text" and clue.cohesion <= _FAR_BELOW:
        far = tuple(_texts(units, i - 1, -1, _FAR_BEFORE)), tuple(_texts(units, i, 1, _FAR_AFTER))
        clue.far_apart = cohesion_score(cohesion, *far) <= _FAR_BELOW
    if unit.kind == "head":
        clue.overlap_after = cohesion.overlap(unit.profile, clue.after)
        clue.overlap_before = cohesion.overlap(unit.profile, _texts(units, i - 1, -1, _FAR_BEFORE))


# Subheads of one article are of one make: as many parts, about as long.
_ALIKE = 3
_PARALLEL_REACH = 7


def parallel_heads(units: Sequence[Unit], clues: Sequence[Clues]) -> list[int]:
    """List the headings that stand alone and have one of their make nearby, with nothing but text in between."""
    found: set[int] = set()
    last = -1
    for i, unit in enumerate(units):
        if unit.kind in ("byline", "jump_from", "source") or (unit.kind == "text" and starts_article(unit)):
            last = -1
        elif unit.kind == "head":
            single = clues[i].group[1] == 1
            if single and last >= 0 and i - last <= _PARALLEL_REACH and _alike(units[last].key, unit.key):
                found |= {last, i}
            last = i if single else -1
    return sorted(found)


# An item of a round-up: a heading and little text.
_ROUNDUP_LENGTH, _ITEM_CHARS = 10, 400


# Signs around a heading: ■乡村短波■.
_DECORATION = re.compile(r"^\W+|\W+$")


def item_units(units: Sequence[Unit], roundups: re.Pattern[str]) -> Iterator[int]:
    """Find the headings and texts of the items below a round-up's heading, as long as each has little text."""
    inside, chars = False, 0
    for i, unit in enumerate(units):
        if unit.kind == "head":
            key = _DECORATION.sub("", unit.key.strip())
            if len(key) <= _ROUNDUP_LENGTH and roundups.search(key):
                inside, chars = True, 0
            elif inside and ((unit.column and not _opens_with_sign(unit)) or chars > _ITEM_CHARS):
                inside = False
            elif inside:
                yield i
                chars = 0
        elif unit.kind == "text":
            chars += len(unit.key)
            if inside and chars <= _ITEM_CHARS:
                yield i
        elif unit.kind in ("byline", "jump_from"):
            inside = False


def _alike(one: str, two: str) -> bool:
    one, two = one.strip(), two.strip()
    return one.count(" ") == two.count(" ") and abs(len(one) - len(two)) <= _ALIKE


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
# A verb of saying with a comma after it belongs to running text.
_REPORTS = re.compile(r"(?:介绍|表示|说|指出|认为|强调|称|告诉记者|了解到)，")


def _body_key(unit: Unit) -> str:
    return unit.key[unit.edges.start : unit.edges.end] if unit.edges else unit.key


# A headline has no more lines than this on either side of one of them.
_RUN_REACH = 6


def _rank(units: Sequence[Unit], i: int, group: tuple[int, int]) -> int:
    """Compare a heading's depth with others' in its run: 1 = set larger than all, -1 = smaller than the largest."""
    if group[1] < 2:
        return 0
    start, stop = i - min(group[0], _RUN_REACH), i + min(group[1] - group[0], _RUN_REACH)
    sizes = [unit.level or 7 for unit in units[start:stop]]
    own = units[i].level or 7
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
    score += (2.6 if marked else 1.2) * ("，" in key) + 0.6 * ("、" in key)
    if len(key) > _SHORT_TITLE and opens_sentence(key):
        score += 1.2
    if _REPORTS.search(key):
        score += 2.0
    if clue.join and clue.prev_kind == "text":
        score += max(-1.0, min(4.0, clue.join))
    if following is not None:
        score += (
            max(-1.5, min(5.0, seams.gain(key, _body_key(following)) - 1.0)) if not starts_article(following) else -2.0
        )
    return score


def cohesion_score(cohesion: Cohesion, left: Sequence[Profile], right: Sequence[Profile]) -> float:
    """Give the log-odds that two stretches of text belong together; 0 where one is too short to tell."""
    if not left or not right:
        return 0.0
    learned = cohesion.log_odds(left, right)
    if learned is not None:
        return max(-_LEARNED_MAX, min(_LEARNED_MAX, learned))
    score = (cohesion.similarity(left, right) - _COSINE_EVEN) * _COSINE_SLOPE
    if score < 0:
        score *= _COSINE_DROP
    # A stretch of few bigrams cannot share many: its silence says less.
    size = min(sum(map(len, left)), sum(map(len, right)))
    trust = min(1.0, size / _ENOUGH_BOTH)
    return max(_COHESION_MIN, min(_COHESION_MAX, score)) * (trust if score < 0 else 1.0)


_ENOUGH_BOTH = 90
# The model's log-odds are calibrated; beyond this they rest on few pages.
_LEARNED_MAX = 4.0


def overlap_score(overlap: float) -> float:
    """Give the log-odds that a heading belongs to a text, from the share of its bigrams found there."""
    slope = _OVERLAP_SLOPE if overlap > _OVERLAP_EVEN else _OVERLAP_DROP
    return min(_OVERLAP_MAX, (overlap - _OVERLAP_EVEN) * slope)


def starts_article(unit: Unit) -> bool:
    """Say whether a text opens with a marker, a dateline or 上接."""
    return unit.edges is not None and (unit.edges.dateline is not None or unit.edges.jump_from is not None)


def ends_article(unit: Unit) -> bool:
    """Say whether a text ends with a credit or 下转."""
    edges = unit.edges
    return edges is not None and bool(edges.tail)


# Units walked over in search of texts, so that a page of headings only takes linear time.
_STEPS = 40


def _texts(units: Sequence[Unit], at: int, way: int, count: int) -> Iterator[Profile]:
    """Walk over the texts on one side, up to a sign that an article begins or ends there."""
    seen, steps = 0, 0
    while 0 <= at < len(units) and seen < count and steps < _STEPS:
        steps += 1
        unit = units[at]
        if unit.kind in ("text", "table"):
            if way > 0 and seen and starts_article(unit):
                return
            if way < 0 and seen and ends_article(unit):
                return
            yield unit.profile
            seen += 1
            if way < 0 and _has_title_above(units, at):
                yield units[at - 1].profile
            if (way < 0 and starts_article(unit)) or (way > 0 and ends_article(unit)):
                return
        elif seen and unit.kind in ("byline", "jump_from", "jump_to", "source"):
            return
        at += way


def _has_title_above(units: Sequence[Unit], at: int) -> bool:
    """Say whether a heading long enough to be a title stands straight above: it speaks of the whole article."""
    return at > 0 and units[at - 1].kind == "head" and len(units[at - 1].key) > _SHORT_TITLE


def _other_lengths(units: Sequence[Unit], groups: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Give, for each heading, the least and the greatest length of the other lines of its run; (0, 0) without any."""
    spans = [(0, 0)] * len(units)
    for i, (place, size) in enumerate(groups):
        reach = range(i - min(place, _RUN_REACH), i + min(size - place, _RUN_REACH))
        others = [len(units[j].key.strip()) for j in reach if j != i]
        if others and units[i].kind == "head":
            spans[i] = (min(others), max(others))
    return spans


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
