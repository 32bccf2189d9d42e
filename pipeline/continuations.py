"""Which article of an issue goes on in which: 下转 and 上接 matched by page numbers, title words, subject and sentence.

A jump line names a page, not an article, and a front page sends two or three stories to one page. So every pair of an
article that goes on (下转) and one that was begun elsewhere (上接), on the pages that they name, is scored, and pairs
are taken while they are clearly better than all others; what stays ambiguous is not joined.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from pipeline.splitting.cohesion import Cohesion, Profile, profile
from pipeline.splitting.grammar import normalise
from pipeline.splitting.lines import ends_open
from pipeline.splitting.seams import JoinModel, Seams

Record = dict[str, Any]
# Weights of the clues, in nats, and what a pair has before any (its page numbers agree in both directions, or one of
# them is not known). Fitted on pages composed from news text: docs/decisions/34-continuations.md.
AGREED, HALF_KNOWN = -3.0, -5.0
TITLE, SUBJECT, SENTENCE, FRAGMENT = 2.3, 90.0, 0.5, -0.8
# The cosine of texts counts up to here, the log-odds of a join up to there: neither may decide alone.
_MOST_SUBJECT, _MOST_SENTENCE = 0.12, 4.0
# Characters at the cut that the language model is shown.
_REACH = 60
# Characters of a text's start that hold its opening: where a fragment shows.
_BODY = ("paragraph", "caption", "table")
_HEADLINE = ("title", "kicker", "subtitle")
_QUOTED = re.compile(r"《[^《》]{1,40}》|“[^“”]{1,40}”")


@dataclass(frozen=True, slots=True, kw_only=True)
class AssemblyOptions:
    """Say whether articles are joined across the pages of an issue.

    ``join`` matches 下转 and 上接; ``min_confidence`` is the probability below which two are left apart and flagged.
    """

    join: bool = True
    min_confidence: float = 0.8


@dataclass(frozen=True, slots=True)
class Stub:
    """Hold what is kept of an article that a jump line cuts off: where it stands, where it leads, what it speaks of.

    ``goes_to`` and ``comes_from`` are the page numbers of 下转 and 上接; ``title`` holds the bigrams of headline and
    jump line, ``body`` those of the text; ``first`` and ``last`` are the characters at the two cuts; ``fragment`` says
    that the text begins inside a sentence.
    """

    id: str
    source: str
    paper: str | None
    date: str
    page_no: str | None
    goes_to: str | None
    comes_from: str | None
    title: Profile
    body: Profile
    first: str
    last: str
    fragment: bool


@dataclass(frozen=True, slots=True)
class Link:
    """Say that one article goes on in another, with the probability and the clues in nats."""

    head: str
    tail: str
    probability: float
    evidence: tuple[str, ...]


def make_stub(record: Record) -> Stub:
    """Make the stub of an article's record; its issue's date must be known."""
    text, publication = record["text"], record["page"]["publication"]
    zones = [(zone["role"], text[zone["start"] : zone["end"]]) for zone in record["zones"]]
    body = [piece for role, piece in zones if role in _BODY]
    quoted = [match for role, piece in zones if role == "jump" for match in _QUOTED.findall(piece)]
    headline = [piece for role, piece in zones if role in _HEADLINE]
    return Stub(
        id=record["id"],
        source=record["page"]["source"],
        paper=publication["name"],
        date=publication["date"],
        page_no=publication["page_no"],
        goes_to=record["continued_to"],
        comes_from=record["continued_from"],
        title=profile("\n".join([*headline, *quoted])),
        body=profile("\n".join([*headline, *body])),
        first=body[0][:_REACH] if body else "",
        last=body[-1][-_REACH:] if body else "",
        fragment="truncated_start" in record["split"]["flags"],
    )


def find_links(
    stubs: Sequence[Stub], others: Iterable[Profile], options: AssemblyOptions, lm: JoinModel | None = None
) -> tuple[list[Link], set[str]]:
    """Match the stubs of one date; return the links and the ids of those that could not be told apart.

    ``others`` are the bigrams of further articles of the issue: what all of them hold says little. The order of
    ``stubs`` changes nothing.
    """
    known = {stub.id: stub for stub in sorted(stubs, key=lambda stub: stub.id)}
    cohesion = Cohesion([*(stub.body for stub in known.values()), *others])
    pairs: dict[_Pair, dict[str, float]] = {}
    for head, tail in product(known.values(), known.values()):
        base = _numbers(head, tail)
        if base is not None:
            pairs[head.id, tail.id] = {"numbers": base, **_clues(head, tail, cohesion, lm)}
    links: list[Link] = []
    while True:
        best = max(((_probability(pair, pairs), pair) for pair in pairs), default=None)
        if best is None or best[0] < options.min_confidence:
            return links, {item for pair in pairs for item in pair}
        probability, (head_id, tail_id) = best
        evidence = tuple(f"{name}:{value:+.1f}" for name, value in pairs[head_id, tail_id].items() if value)
        links.append(Link(head_id, tail_id, probability, evidence))
        pairs = {pair: clues for pair, clues in pairs.items() if pair[0] != head_id and pair[1] != tail_id}
        # A middle part has no headline of its own: where it goes on, that of the first part may stand again.
        known[tail_id] = replace(known[tail_id], title=known[tail_id].title | known[head_id].title)
        for pair in pairs:
            if pair[0] == tail_id:
                pairs[pair] |= _clues(known[tail_id], known[pair[1]], cohesion, lm)


_Pair = tuple[str, str]


def _probability(pair: _Pair, pairs: Mapping[_Pair, Mapping[str, float]]) -> float:
    """Give the chance of a pair against all others that share an article with it, and against none."""
    rivals = [clues for other, clues in pairs.items() if other[0] == pair[0] or other[1] == pair[1]]
    return math.exp(sum(pairs[pair].values())) / (1.0 + math.fsum(math.exp(sum(clues.values())) for clues in rivals))


def _numbers(head: Stub, tail: Stub) -> float | None:
    """Weigh the page numbers of a pair; ``None`` where one of them speaks against it, or the issues differ."""
    if head.goes_to is None or tail.comes_from is None or head.source == tail.source or not _one_issue(head, tail):
        return None
    there = _agree(head.goes_to, head.page_no, tail.page_no)
    back = _agree(tail.comes_from, tail.page_no, head.page_no)
    if there is False or back is False:
        return None
    return AGREED if there and back else HALF_KNOWN


def _agree(named: str, own: str | None, other: str | None) -> bool | None:
    """Say whether a jump line on page ``own`` that names a page means page ``other``; ``None`` if it has no number.

    On page A1, 下转3版 means A3 and no page of section B.
    """
    if other is None:
        return None
    section = re.match(r"\D*", named if re.match(r"\D", named) else own or "")
    letters, digits = re.fullmatch(r"(\D*)(.*)", other).groups()  # type: ignore[union-attr]
    wanted = section.group() if section else ""
    return digits == re.sub(r"^\D*", "", named) and (not letters or not wanted or letters == wanted)


def _one_issue(one: Stub, two: Stub) -> bool:
    """Say whether two pages of one date are of one paper.

    By its name; or, where a masthead gave the name of one page only, by file names that differ in their numbers alone.
    """
    if one.paper is not None and one.paper == two.paper:
        return True
    if one.paper and two.paper and not (one.paper.isascii() or two.paper.isascii()):
        return False
    return file_shape(one.source) == file_shape(two.source)


def file_shape(source: str) -> str:
    """Give a file's name without its numbers."""
    return re.sub(r"[A-Za-z]?\d+", "0", source)


def _clues(head: Stub, tail: Stub, cohesion: Cohesion, lm: JoinModel | None) -> dict[str, float]:
    """Weigh what two articles say."""
    clues = {"title": 0.0, "subject": 0.0, "sentence": 0.0, "fragment": 0.0}
    if tail.title and head.title:
        clues["title"] = TITLE * cohesion.overlap(tail.title, [head.title])
    clues["subject"] = SUBJECT * min(_MOST_SUBJECT, cohesion.similarity([head.body], [tail.body]))
    clues["sentence"], clues["fragment"] = _sentence(head, tail, lm)
    return clues


def _sentence(head: Stub, tail: Stub, lm: JoinModel | None) -> tuple[float, float]:
    """Weigh the two sides of the cut: a broken sentence must go on, a whole one must not be followed by a fragment."""
    if not head.last or not tail.first:
        return 0.0, 0.0
    gain = continues(head.last, tail.first, lm)
    if gain is None:
        return 0.0, FRAGMENT * tail.fragment
    return SENTENCE * max(-_MOST_SENTENCE, min(_MOST_SENTENCE, gain)), 0.0


def continues(left: str, right: str, lm: JoinModel | None) -> float | None:
    """Give the log-odds that a text goes on with a sentence that another broke off; ``None`` where none was broken."""
    left, right = normalise(left).strip(), normalise(right).strip()
    return Seams([left, right], lm).gain(left, right) if ends_open(left) else None
