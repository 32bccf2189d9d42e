"""Units → articles: the page's layout, every character accounted for.

:func:`split_page` takes self-contained pieces off the page, decides over the rest as a whole, mends what the columns of
print tore apart, and assembles the articles with their zones. :func:`balance` proves that nothing is lost.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipeline.charlm import CharLM
from pipeline.errors import PageError
from pipeline.splitting.assembly import assemble, column_core
from pipeline.splitting.blocks import Unit, make_units
from pipeline.splitting.cohesion import Cohesion
from pipeline.splitting.grammar import Grammar
from pipeline.splitting.learned import Learned
from pipeline.splitting.mending import mend
from pipeline.splitting.notices import Draft, Member, take_pieces
from pipeline.splitting.seams import Seams
from pipeline.splitting.sequence import Step, decide
from pipeline.splitting.signatures import settle_signatures
from pipeline.splitting.standing import claim_columns, part_standing_heads
from pipeline.text import AlignedText, count_visible, is_blank
from pipeline.types import Article, Block, Layout, Page, Remainder, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitterOptions:
    """Say how pages are split.

    ``grammar`` names the grammar file; ``rejoin`` joins paragraphs that a column break cut; ``min_confidence`` is the
    confidence below which an article is flagged ``low_confidence``.
    """

    grammar: str = "grammar.toml"
    rejoin: bool = True
    min_confidence: float = 0.5


def split_page(
    page: Page,
    *,
    cleaned: AlignedText,
    options: SplitterOptions,
    grammar: Grammar,
    lm: CharLM | None = None,
    learned: Learned | None = None,
) -> Layout:
    """Split a page into articles; raise PageError when its characters cannot all be accounted for."""
    reading = read_units(page, cleaned, grammar, lm, learned)
    units, seams, cohesion = reading.units, reading.seams, reading.cohesion
    forms = learned.forms if learned else None
    steps = decide(reading.rest, cohesion, grammar, seams, learned)
    drafts = gather_drafts(reading, steps)
    drafts = mend(drafts, cohesion, grammar, seams, forms)
    _set_confidence(drafts)
    overlong = _unhead(drafts)
    articles = tuple(
        assemble(order, draft, grammar, seams if options.rejoin else None, options.min_confidence)
        for order, draft in enumerate(drafts, 1)
    )
    blocks = _blocks(units, drafts)
    layout = Layout(cleaned, blocks, articles, ())
    dropped = {id(unit): reason for draft in drafts for unit, reason in draft.dropped}
    remainders = _remainders(page, articles, units, dropped)
    flags = [*_page_flags(articles, units), *(["much_markup"] if _is_mostly_markup(page, remainders) else [])]
    if overlong:
        flags.append(OVERLONG_TITLE)
    layout = Layout(cleaned, blocks, articles, remainders, tuple(flags))
    balance(page, layout)
    return layout


@dataclass(frozen=True, slots=True)
class Reading:
    """Hold the units of a page, what they are compared with, the pieces taken off, and the units left to decide on."""

    units: list[Unit]
    seams: Seams
    cohesion: Cohesion
    pieces: list[Draft]
    rest: list[Unit]


def read_units(
    page: Page, cleaned: AlignedText, grammar: Grammar, lm: CharLM | None = None, learned: Learned | None = None
) -> Reading:
    """Cut a page into units and take the self-contained pieces off."""
    forms = learned.forms if learned else None
    units = part_standing_heads(make_units(page, cleaned, grammar), grammar, forms)
    units = settle_signatures(units, grammar)
    for unit in units:
        unit.column = unit.column or (unit.kind == "head" and column_core(unit.key, grammar) != (0, len(unit.key)))
    seams = Seams((unit.key for unit in units), lm)
    seams.prepare(neighbours(units))
    live = [unit for unit in units if unit.kind != "furniture"]
    cohesion = Cohesion([unit.profile for unit in live], learned.affinity if learned else None)
    pieces = take_pieces(units, grammar, seams, cohesion)
    claim_columns(pieces, [unit for unit in units if unit.kind not in ("furniture", "image")], grammar, forms)
    taken = {member.unit.index for draft in pieces for member in draft.members}
    return Reading(units, seams, cohesion, pieces, [unit for unit in live if unit.index not in taken])


def gather_drafts(reading: Reading, steps: Sequence[Step]) -> list[Draft]:
    """Gather the articles that the decision found and the pieces of a page, in page order."""
    drafts = [*reading.pieces, *_drafts(reading.rest, steps)]
    drafts.sort(key=lambda draft: min(member.unit.index for member in draft.members))
    return drafts


def neighbours(units: Iterable[Unit]) -> Iterator[tuple[str, str]]:
    """List the texts that a break may have parted: each with the next one, over what stands between."""
    last = line = ""
    for unit in units:
        if unit.kind not in ("text", "head"):
            continue
        own = unit.key[unit.edges.start : unit.edges.end] if unit.edges else unit.key
        yield last, own
        if line:
            yield line, own
        line = own if unit.kind == "head" else ""
        last = own if unit.kind == "text" else last


def _drafts(units: Sequence[Unit], steps: Sequence[Step]) -> list[Draft]:
    """Gather the units of each article that the decision found."""
    drafts: list[Draft] = []
    for unit, step in zip(units, steps, strict=True):
        if step.new or not drafts:
            drafts.append(Draft([]))
        drafts[-1].members.append(Member(unit, step.role, step.score, step.evidence(), step.probability, step.boundary))  # type: ignore[arg-type]
    return drafts


def _set_confidence(drafts: Sequence[Draft]) -> None:
    """Give each article the probability that it begins and ends where it does; less where it is no article in form."""
    begins = [draft.members[0].boundary for draft in drafts]
    for draft, start, end in zip(drafts, begins, [*begins[1:], 1.0], strict=False):
        doubts = find_doubts(draft)
        draft.confidence = start * end * DOUBT ** len(doubts)
        draft.evidence += doubts


# The likeliest reading of what is no newspaper page may have no rival and be wrong all the same: one doubt is enough
# for the flag low_confidence.
DOUBT = 0.45
# Lines of so few characters, so many of them: regulated verse has five a line.
_SHORT_LINE, _MANY_LINES = 5, 20
# A line of vertical text that an engine took for a paragraph.
_SINGLE = 2
_HAN = re.compile("[\u3400-\u9fff]")
# Texts of which more than half have a bracket without its partner: a column break leaves two such halves.
_MANY_TEXTS = 4


def find_doubts(draft: Draft) -> list[str]:
    """Name what hardly any article has: no text, an endless title, tiny lines, unpaired brackets, no Chinese."""
    if draft.kind != "news":
        return []
    doubts = []
    if _overlong(draft):
        doubts.append(f"doubt.{OVERLONG_TITLE}")
    texts = draft.texts()
    if not texts:
        doubts.append("doubt.no_text")
    lines = sum(member.unit.lines[1] - member.unit.lines[0] + 1 for member in draft.members)
    few = all(len(member.unit.key.strip()) <= _SINGLE for member in draft.members)
    if few or (lines >= _MANY_LINES and sum(len(member.unit.key) for member in draft.members) < _SHORT_LINE * lines):
        doubts.append("doubt.short_lines")
    unpaired = sum(any(member.unit.key.count(a) != member.unit.key.count(b) for a, b in _BRACKETS) for member in texts)
    if len(texts) >= _MANY_TEXTS and 2 * unpaired > len(texts):
        doubts.append("doubt.unpaired")
    foreign = sum(_HAN.search(member.unit.key) is None for member in draft.members)
    if 2 * foreign > len(draft.members):
        doubts.append("doubt.no_chinese")
    return doubts


# The longest headline of the 60 development pages has 42 characters by their gold, and 51 as we split them; what is
# longer than four of them is vertical print read across, or text that was set as a heading.
MAX_TITLE = 200
OVERLONG_TITLE = "overlong_title"


def _overlong(draft: Draft) -> set[Role]:
    """Name the roles, title or subtitle, that have more characters in an article than any headline has."""
    sizes: Counter[Role] = Counter()
    for member in draft.members:
        sizes[member.role] += len(member.unit.key)
    return {role for role in ("title", "subtitle") if sizes[role] > MAX_TITLE}


def _unhead(drafts: Iterable[Draft]) -> bool:
    """Make paragraphs of overlong titles; say whether there were any."""
    found = False
    for draft in drafts:
        roles = _overlong(draft)
        for member in draft.members if roles else ():
            if member.role in roles:
                member.role = "paragraph"
                member.evidence = (*member.evidence, OVERLONG_TITLE)
                found = True
    return found


_BRACKETS = (("“", "”"), ("（", "）"), ("《", "》"), ("【", "】"))


def _blocks(units: Sequence[Unit], drafts: Sequence[Draft]) -> tuple[Block, ...]:
    """Describe every unit as a block with the role it got."""
    part = {member.unit.index: (order, member) for order, draft in enumerate(drafts, 1) for member in draft.members}
    blocks = []
    for unit in units:
        order, member = part.get(unit.index, (None, None))
        role: Role = member.role if member else "masthead" if unit.kind == "furniture" else "unknown"
        evidence = (*unit.evidence, *(member.evidence if member else ()))
        confidence = 1.0 if member is None else round(member.probability, 3)
        blocks.append(
            Block(
                unit.index, role, unit.start, unit.end, unit.lines, unit.level, unit.bold, confidence, evidence, order
            )
        )
    return tuple(blocks)


def _page_flags(articles: Sequence[Article], units: Sequence[Unit]) -> tuple[str, ...]:
    """Name what is unusual about a page as a whole."""
    flags = []
    if not articles:
        flags.append("no_articles")
    if units and not any(unit.level for unit in units):
        flags.append("no_headings")
    return tuple(flags)


# Share of a page's characters that are markup, above which it is no page of text: a table set in HTML has two fifths.
_MUCH_MARKUP = 0.6


def _is_mostly_markup(page: Page, remainders: Iterable[Remainder]) -> bool:
    """Say whether more of a page is markup than text."""
    markup = sum(item.end - item.start for item in remainders if item.where == "markup" and item.end > page.body_start)
    return markup > _MUCH_MARKUP * max(1, count_visible(page.text[page.body_start :]))


# ---- the balance -------------------------------------------------------------------------------------------------


def _covered(page: Page, texts: Iterable[AlignedText]) -> bytearray:
    """Count, for every character of the page, the articles that hold it (2 stands for more than one)."""
    mask = bytearray(len(page.text))
    for text in texts:
        for start, end in text.source_spans():
            piece = mask[start:end]
            mask[start:end] = bytearray(2 if value else 1 for value in piece) if any(piece) else b"\x01" * (end - start)
    return mask


def _remainders(
    page: Page, articles: Sequence[Article], units: Sequence[Unit], dropped: Mapping[int, str]
) -> tuple[Remainder, ...]:
    """Account for every visible character that no article holds."""
    mask = _covered(page, (article.text for article in articles))
    reasons: list[tuple[str, str]] = [("markup", "markup"), ("markup", "front matter")]
    owner = bytearray(len(page.text))
    owner[: page.body_start] = b"\x01" * page.body_start
    for unit in units:
        reason = ("residual", "unassigned") if unit.kind != "furniture" else ("furniture", _reason(unit))
        if unit.kind in ("head", "table", "text"):
            reason = ("markup", "decoration")
        if id(unit) in dropped:
            reason = ("residual", dropped[id(unit)])
        if reason not in reasons:
            reasons.append(reason)
        code = reasons.index(reason)
        for start, end in unit.content.source_spans():
            owner[start:end] = bytes([code]) * (end - start)
    remainders: list[Remainder] = []
    text = page.text
    at = mask.find(0)
    while 0 <= at < len(text):
        if mask[at] or is_blank(text[at]):
            at = mask.find(0, at + 1)
            continue
        stop = last = at
        while stop < len(text) and not mask[stop] and (is_blank(text[stop]) or owner[stop] == owner[at]):
            last = stop if not is_blank(text[stop]) else last
            stop += 1
        where, why = reasons[owner[at]]
        remainders.append(Remainder(at, last + 1, where, why))  # type: ignore[arg-type]
        at = stop
    return tuple(remainders)


def _reason(unit: Unit) -> str:
    """Say what kind of furniture a unit is."""
    return next((item.partition(":")[2] for item in unit.evidence if item.startswith("furniture:")), "ornament")


# Runs of characters that are not blank (pipeline.text.is_blank).
_VISIBLE = re.compile(r"[^\s\u200b-\u200d\u2060\ufeff]+")


def balance(page: Page, layout: Layout) -> dict[str, int]:
    """Count the page's visible characters by what became of them; raise PageError when they do not add up.

    Keys: ``in`` and its parts ``in_articles``, ``in_furniture``, ``dropped_markup``, ``residual``.
    """
    mask = _covered(page, (article.text for article in layout.articles))
    where = {"furniture": "in_furniture", "markup": "dropped_markup", "residual": "residual"}
    counts = {"in": 0, "in_articles": 0, "in_furniture": 0, "dropped_markup": 0, "residual": 0}
    twice = 0
    for start, end in (match.span() for match in _VISIBLE.finditer(page.text)):
        counts["in"] += end - start
        counts["in_articles"] += end - start - mask.count(0, start, end)
        twice += mask.count(2, start, end)
    for item in layout.remainders:
        twice += mask.count(0, item.start, item.end) < item.end - item.start
        counts[where[item.where]] += count_visible(page.text[item.start : item.end])
    parts = sum(count for key, count in counts.items() if key != "in")
    if parts != counts["in"] or twice:
        raise PageError(
            f"{page.source}: the balance does not close: {counts}, {twice} characters counted twice; "
            "please report the page",
            stage="split",
        )
    return counts


# ---- explanation ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ExplainedLine:
    """Hold one row of ``split --why``: where a line, or a run of lines up to ``last``, went and what spoke for it."""

    line: int
    last: int
    role: str
    article: int | None
    confidence: float
    evidence: tuple[str, ...]
    text: str


def explain_lines(layout: Layout, page: Page) -> list[ExplainedLine]:
    """List the blocks of a split page with role, article, confidence and evidence, in page order."""
    del page  # kept in the signature: the text shown is the cleaned one, tied to the page by the blocks' lines
    return [
        ExplainedLine(
            *block.lines,
            block.role,
            block.article,
            block.confidence,
            block.evidence,
            layout.cleaned.text[block.start : block.end].strip(),
        )
        for block in layout.blocks
    ]
