"""What a reading in page order cannot see: round-ups, repeats, stray captions, two titles on one line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import takewhile

from pipeline.splitting.blocks import Unit, split_heading
from pipeline.splitting.clues import cohesion_score, starts_article
from pipeline.splitting.cohesion import Cohesion, Profile
from pipeline.splitting.grammar import Grammar
from pipeline.splitting.headforms import HeadForms
from pipeline.splitting.lines import ends_open
from pipeline.splitting.notices import Draft, Member
from pipeline.splitting.readings import COLUMN_PARTED
from pipeline.splitting.regrouping import regroup
from pipeline.splitting.seams import Seams
from pipeline.types import Role

# An item of a round-up: one or two paragraphs, one of them cut by a column, together not longer than 420 characters
_ITEM_TEXTS, _ITEM_CHARS = 3, 420
# A paragraph that repeats another has this share of its bigrams; shorter ones repeat by chance (formulas, list items).
_REPEAT_SHARE, _REPEAT_CHARS, _REPEAT_REACH = 0.88, 24, 8
# Two titles on one line: how much better the parts must fit their own texts than the other's (sum of shares).
_MERGED_MARGIN, _MERGED_SECOND, _MERGED_REACH, _MERGED_PART = 0.5, 0.15, 6, 5


def mend(
    drafts: list[Draft], cohesion: Cohesion, grammar: Grammar, seams: Seams, forms: HeadForms | None = None
) -> list[Draft]:
    """Mend the drafts of a page, in page order; ``forms`` says what the wording of headings speaks for."""
    drafts = lift_captions(drafts, cohesion)
    move_credits(drafts)
    regroup(drafts, cohesion, seams)
    drafts = [draft for draft in drafts if draft.members]
    drafts = [part for draft in drafts for part in part_article(draft, cohesion)]
    part_titles(drafts, cohesion, grammar)
    settle_subtitles(drafts, grammar)
    settle_titles(drafts)
    settle_columns(drafts, grammar, forms)
    move_columns(drafts)
    fold_roundups(drafts, grammar)
    settle_columns(drafts, grammar, forms)
    drop_repeats(drafts)
    return drafts


def _profiles(members: Sequence[Member]) -> list[Profile]:
    return [member.unit.profile for member in members]


# ---- names at the wrong article --------------------------------------------------------------------------------------


def move_credits(drafts: Sequence[Draft]) -> None:
    """Give a bare name in brackets at the beginning of an article to the one above: such a name signs a text."""
    above: Draft | None = None
    for draft in drafts:
        if draft.kind != "news":
            continue
        first = draft.members[0] if draft.members else None
        credit = first.unit.credit if first is not None and first.role == "byline" else None
        if first is not None and credit is not None and credit.bracketed and not credit.role and len(draft.members) > 1:
            ends = above.members[-1].role if above is not None and above.texts() else None
            if above is not None and ends in ("paragraph", "jump"):
                draft.members.remove(first)
                first.role = "credit"
                above.members.append(first)
        above = draft


# ---- captions without a credit ---------------------------------------------------------------------------------------


def lift_captions(drafts: list[Draft], cohesion: Cohesion) -> list[Draft]:
    """Make a photo piece of a short text beside an image that has nothing to do with the article around it."""
    result: list[Draft] = []
    for draft in drafts:
        result.append(draft)
        if draft.kind != "news":
            continue
        for member in [m for m in draft.members if m.role == "paragraph" and m.unit.image]:
            if _is_stray_caption(draft, member, cohesion):
                draft.members.remove(member)
                evidence = (*member.evidence, "image_near")
                result.append(
                    Draft([Member(member.unit, "caption", 0.0, evidence)], "photo", "photo", evidence=["image_near"])
                )
    result.sort(key=lambda draft: min(member.unit.index for member in draft.members))
    return result


# A caption is a whole short paragraph; one in a hundred neighbouring paragraphs of an article shares as little as this.
_CAPTION_CHARS, _CAPTION_COSINE = (20, 240), 0.012


def _is_stray_caption(draft: Draft, member: Member, cohesion: Cohesion) -> bool:
    """Say whether a paragraph beside an image is a caption of its own."""
    unit = member.unit
    texts = draft.texts()
    place = texts.index(member)
    low, high = _CAPTION_CHARS
    if (
        len(texts) < 3
        or not low <= len(unit.key) <= high
        or ends_open(unit.key)
        or (unit.edges and (unit.edges.lead or unit.edges.tail))
    ):
        return False
    around = texts[max(0, place - 3) : place] + texts[place + 1 : place + 4]
    if place == 0 and draft.has("title"):
        return False
    return cohesion.similarity(_profiles(around), [unit.profile]) < _CAPTION_COSINE


# ---- two titles on one line --------------------------------------------------------------------------------------


def part_titles(drafts: Sequence[Draft], cohesion: Cohesion, grammar: Grammar) -> None:
    """Give the second of two titles on one line to the untitled article that it speaks of most."""
    for number, draft in enumerate(drafts):
        for place in [i for i, member in enumerate(draft.members) if member.role == "title"]:
            found = [
                (*fit, order, other)
                for order, other in enumerate(_untitled_near(drafts, number, cohesion))
                if (fit := _two_titles(draft, place, other, cohesion, grammar)) is not None
            ]
            if found:
                _, at, _, other = max(found, key=lambda item: (item[0], -item[2]))
                _part_title(draft, place, other, at)


# A title of two matters is at least this long; so much better its parts must fit the two halves of the text. The
# better they fit, the more the halves may have in common (log-odds).
_TWO_MATTERS, _TWO_FIT, _TWO_WEIGHT, _TWO_SCORE = 18, 0.45, 4.0, 2.8
# Texts of an article that are looked through, so that a long one costs no more.
_TWO_REACH = 16


def part_article(draft: Draft, cohesion: Cohesion) -> list[Draft]:
    """Part an article whose title speaks of two matters, one after the other, where its text leaves the first one."""
    titles = [place for place, member in enumerate(draft.members) if member.role == "title"]
    texts = [place for place, member in enumerate(draft.members) if member.role == "paragraph"][:_TWO_REACH]
    if draft.kind != "news" or len(titles) != 1 or len(texts) < 2 or titles[0] > texts[0]:
        return [draft]
    member = draft.members[titles[0]]
    best: tuple[float, int, int] | None = None
    if len(member.unit.key) >= _TWO_MATTERS:
        profiles = [draft.members[place].unit.profile for place in texts]
        for number in range(1, len(texts)):
            apart = cohesion_score(cohesion, profiles[max(0, number - 4) : number][::-1], profiles[number : number + 3])
            found = _fit_halves(member.unit, profiles[:number], profiles[number:], cohesion) if apart < 0 else None
            score = _TWO_WEIGHT * found[0] - apart if found is not None else 0.0
            if found is not None and score > _TWO_SCORE and (best is None or score > best[0]):
                best = (score, found[1], number)
    if best is None:
        return [draft]
    _, at, number = best
    first, second = split_heading(member.unit, at)
    cut = texts[number]
    while draft.members[cut - 1].role == "subhead":
        cut -= 1
    evidence = (*member.evidence, "titles_merged")
    draft.members[titles[0]] = Member(first, "title", member.score, evidence)
    rest = Draft([Member(second, "title", 1.0, evidence), *draft.members[cut:]])
    del draft.members[cut:]
    return [draft, rest]


def _fit_halves(
    unit: Unit, before: Sequence[Profile], after: Sequence[Profile], cohesion: Cohesion
) -> tuple[float, int] | None:
    """Find the blank that parts a title so that each half fits its own text: how well, and where."""
    best: tuple[float, int] | None = None
    for at in (i for i, char in enumerate(unit.key) if char == " "):
        if min(at, len(unit.key) - at - 1) < _MERGED_PART:
            continue
        first, second = split_heading(unit, at)
        own, other = _lean(first, before, after, cohesion), _lean(second, after, before, cohesion)
        fit = _weigh_halves(first, own, second, other)
        if min(own, other) > _TWO_FIT / 4 and fit > _TWO_FIT and (best is None or fit > best[0]):
            best = (fit, at)
    return best


def _lean(unit: Unit, near: Sequence[Profile], far: Sequence[Profile], cohesion: Cohesion) -> float:
    """Give by how much more of a heading stands in the first texts than in the others (-1 to 1)."""
    return cohesion.overlap(unit.profile, near) - cohesion.overlap(unit.profile, far)


def _weigh_halves(first: Unit, own: float, second: Unit, other: float) -> float:
    """Add up how well the halves of a title fit their texts, each by its length (-2 to 2)."""
    sizes = len(first.profile), len(second.profile)
    return 2 * (sizes[0] * own + sizes[1] * other) / max(1, sum(sizes))


def _untitled_near(drafts: Sequence[Draft], number: int, cohesion: Cohesion) -> Iterator[Draft]:
    """List the news stories near an article without a title, or with one that fits nothing; those after it first."""
    order = [*range(number + 1, min(len(drafts), number + _MERGED_REACH)), *range(number - 1, max(-1, number - 3), -1)]
    for place in order:
        draft = drafts[place]
        if draft.kind != "news" or not draft.texts():
            continue
        titles = [member.unit for member in draft.members if member.role == "title"]
        texts = _profiles(draft.texts()[:4])
        if not titles or (len(titles) == 1 and cohesion.overlap(titles[0].profile, texts) < _NO_OVERLAP):
            yield draft


# One title in twenty shares so little with its own text (development pages).
_NO_OVERLAP = 0.06


def _two_titles(
    draft: Draft, place: int, other: Draft, cohesion: Cohesion, grammar: Grammar
) -> tuple[float, int] | None:
    """Find the blank after which a title fits the other article's text and not its own: how well, and where."""
    unit = draft.members[place].unit
    own, foreign = _profiles(draft.texts()[:3]), _profiles(other.texts()[:3])
    best: tuple[float, int] | None = None
    for at in (i for i, char in enumerate(unit.key) if char == " "):
        if min(at, len(unit.key) - at - 1) < _MERGED_PART - 1:
            continue
        first, second = split_heading(unit, at)
        other_fit = _lean(second, foreign, own, cohesion)
        if other_fit < _MERGED_SECOND:
            continue
        if draft.kind == "notice" and grammar.notice_titles.fullmatch(first.key):
            fit = other_fit + 0.3
        else:
            fit = _weigh_halves(first, _lean(first, own, foreign, cohesion), second, other_fit)
        if fit > _MERGED_MARGIN and (best is None or fit > best[0]):
            best = (fit, at)
    return best


def _part_title(draft: Draft, place: int, other: Draft, at: int) -> None:
    """Part a title at a blank and set its second half above the other article."""
    member = draft.members[place]
    first, second = split_heading(member.unit, at)
    draft.members[place] = Member(first, "title", member.score, (*member.evidence, "titles_merged"))
    for item in other.members:
        if item.role == "title":
            item.role = "kicker"
    head = next((i for i, item in enumerate(other.members) if item.role not in ("column", "kicker")), 0)
    other.members.insert(head, Member(second, "title", 1.0, ("titles_merged",)))


# ---- subtitle or subhead -----------------------------------------------------------------------------------------


_SUBHEAD_LENGTH = 14


def settle_subtitles(drafts: Sequence[Draft], grammar: Grammar) -> None:
    """Read a heading between title and text as a subhead where the article has more of its make further down."""
    for draft in drafts:
        roles = [member.role for member in draft.members]
        subheads = [member.unit for member in draft.members if member.role == "subhead"]
        below = [member for member in draft.members if member.role == "subtitle"]
        dashed = [member for member in below if grammar.subtitle_starts.match(member.unit.key)]
        for member in below if dashed else []:
            if member not in dashed:
                # With a subtitle in its place, another line below the title is a kicker that an engine put late.
                member.role = "kicker"
        for place, member in enumerate(draft.members[:-1]):
            unit = member.unit
            if member.role != "subtitle" or grammar.subtitle_starts.match(unit.key) or roles[place + 1] != "paragraph":
                continue
            following = draft.members[place + 1].unit
            titles = [item.unit for item in draft.members[:place] if item.role == "title"]
            alike = sum(_style(other) == _style(unit) for other in subheads)
            apart = all(_style(title) != _style(unit) for title in titles)
            led = following.edges is not None and bool(following.edges.lead)
            if (alike and apart) or (not led and len(subheads) >= 2 and len(unit.key) <= _SUBHEAD_LENGTH):
                member.role = "subhead"


def _style(unit: Unit) -> tuple[int, bool]:
    return unit.level, unit.bold


# ---- standing head or kicker -------------------------------------------------------------------------------------


# Standing heads without decoration are short, and their wording speaks for one clearly (log-odds, ln 5 at most).
_PLAIN_COLUMN, _WORDED_COLUMN, _CLEARLY = 8, 0.8, 0.5
# Names of places with their suffix have so many characters at most.
_PLACE = 4


def settle_columns(drafts: Sequence[Draft], grammar: Grammar, forms: HeadForms | None) -> None:
    """Read a short line above a title as a standing head where its wording is that of one (股海观潮, 江城旧事)."""
    for draft in drafts:
        if draft.kind != "news" or draft.has("column"):
            continue
        heads = [member for member in draft.members if member.role in ("kicker", "title")]
        # Below another kicker a line is the second of them; below the title an engine put the standing head late.
        titled = any(member.role == "title" for member in heads[1:])
        halves = len(heads) > 1 and heads[0].role == "title" and _style(heads[0].unit) == _style(heads[1].unit)
        if titled and not halves and _is_worded(heads[0].unit, grammar, forms):
            heads[0].role = "column"
        elif [member.role for member in heads] == ["title", "kicker"] and _is_worded(heads[1].unit, grammar, forms):
            heads[1].role = "column"


def settle_titles(drafts: Sequence[Draft]) -> None:
    """Read the last of several lines above an untitled text as its title where it is set off as nothing else."""
    for draft in drafts:
        if draft.kind != "news" or draft.has("title"):
            continue
        head = list(takewhile(lambda member: member.role in ("kicker", "column"), draft.members))
        if len(head) > 1 and draft.texts() and head[-1].role == "column" and not head[-1].unit.column:
            head[-1].role = "title"


def _is_worded(unit: Unit, grammar: Grammar, forms: HeadForms | None) -> bool:
    """Say whether the wording of a short line is that of a standing head."""
    key = _bare(unit.key, grammar)
    key = "".join(key.split()) if _is_spaced(key) else key
    # 青垄县 above a title says where.
    if not 2 <= len(key) <= _PLAIN_COLUMN or " " in key or (len(key) <= _PLACE and key[-1] in "省市州县区旗乡镇村"):
        return False
    said = forms.read(key) if forms is not None else {}
    worded = bool(said) and said["column"] >= _WORDED_COLUMN and said["column"] >= said["kicker"] + _CLEARLY
    return worded or grammar.boxes.fullmatch(key) is not None


def move_columns(drafts: Sequence[Draft]) -> None:
    """Give a standing head at the end of an article to the article that needs it.

    That is the piece straight above it, where another was taken out between, or the article below, where its own
    article has one already.
    """
    owner = {member.unit.index: draft for draft in drafts for member in draft.members}
    for number, draft in enumerate(drafts):
        last = draft.members[-1] if draft.members else None
        if last is None or last.role != "column" or draft.kind != "news" or not draft.texts():
            continue
        above = owner.get(last.unit.index - 1)
        below = next((item for item in drafts[number + 1 :] if item.kind == "news" and item.members), None)
        if above is not None and above is not draft and above.kind == "news" and not above.has("column"):
            draft.members.remove(last)
            above.members.append(last)
        elif below is not None and sum(member.role == "column" for member in draft.members) > 1:
            head = below.members[0]
            if head.role in ("title", "kicker") and head.unit.index > last.unit.index and not below.has("column"):
                draft.members.remove(last)
                below.members.insert(0, last)


def _is_spaced(key: str) -> bool:
    parts = key.split()
    return len(parts) > 1 and all(len(part) == 1 for part in parts)


def _bare(key: str, grammar: Grammar) -> str:
    return key.strip(" " + grammar.column_signs + "".join(grammar.column_brackets))


# ---- round-ups ---------------------------------------------------------------------------------------------------


def fold_roundups(drafts: Sequence[Draft], grammar: Grammar) -> None:
    """Carry a round-up's heading on to all its items; one of untitled items takes it as its title.

    A standing head of any other name is carried on while the articles below are items of one make.
    """
    heading: str | None = None
    first: Draft | None = None
    for draft in drafts:
        if draft.kind != "news":
            first = None
            continue
        head = next((m for m in draft.members if m.role == "column"), None)
        roundup = head is not None and _is_roundup(head.unit, grammar)
        if head is not None and not draft.has("title") and draft.texts() and (roundup or _is_listed(draft)):
            head.role, draft.form, heading, first = "title", "roundup", None, None
        elif head is not None and roundup:
            heading, first = _bare(head.unit.key, grammar), None
            draft.form = "brief" if _is_item(draft, own_head=True) else draft.form
        elif heading is not None and _is_item(draft, own_head=False):
            _add_item(draft, heading)
        elif (name := head or _kicker_as_column(draft)) is not None:
            heading, first = None, draft if _opens_series(draft, name, grammar) else None
        elif first is not None and _is_like(draft, first):
            column = next(member for member in first.members if member.role in ("column", "kicker"))
            column.role, first.form = "column", "brief"
            draft.column, draft.form = _bare(column.unit.key, grammar), "brief"
        elif draft.has("title"):
            # What has no title goes on with a story that the round-up interrupts.
            heading = first = None


def _add_item(draft: Draft, heading: str) -> None:
    """Make an article an item of the round-up of that name."""
    draft.column, draft.form = heading, "brief"
    for member in draft.members:
        # Items have a title and nothing else above their text: another line is its second half.
        if member.role in ("kicker", "subtitle"):
            member.role = "title"


_BULLETS = frozenset("▲△●○◆◇■□★☆▪·•◎※")


def _is_listed(draft: Draft) -> bool:
    """Say whether all texts of an article open with a bullet: items without titles."""
    texts = [member.unit.key.strip() for member in draft.texts()]
    return len(texts) > 1 and all(text[:1] in _BULLETS for text in texts)


# Standing heads of these names stand over one piece.
_ONE_PIECE = re.compile(
    r"(?:评|论|谈|言|议|说|话|手记|日记|札记|笔记|随笔|访谈|对话|人物|故事|特写|速写|调查|暗访|解释|链接|背景|阅读|小说|散文|诗歌?|"
    r"纪实|纪事|见闻|榜样|好人|风采|专访|解读|点评|编后|社论|报道|追踪|追问|释义|贴士|[①-⑳]|之[一二三四五六七八九十])$"
)
# Items of a series are short and alike: one or two paragraphs, so many characters.
_SERIES_TEXTS, _SERIES_CHARS = 2, 260


def _kicker_as_column(draft: Draft) -> Member | None:
    """Find the one short kicker of an article that may be the standing head of several."""
    kickers = [member for member in draft.members if member.role == "kicker"]
    if len(kickers) != 1 or draft.members[0] is not kickers[0]:
        return None
    key = kickers[0].unit.key.strip()
    return kickers[0] if len(key) <= _PLAIN_COLUMN and " " not in key else None


def _opens_series(draft: Draft, column: Member, grammar: Grammar) -> bool:
    """Say whether an article below a standing head can be the first of several short items under it."""
    name = _bare(column.unit.key, grammar)
    if _ONE_PIECE.search(name) or COLUMN_PARTED in column.unit.evidence:
        return False
    return _is_short_item(draft, kicker=column.role == "kicker")


def _is_like(draft: Draft, first: Draft) -> bool:
    """Say whether a short article is an item of the same make as the first one: its title set alike, signed alike."""
    if draft.has("column") or not _is_short_item(draft):
        return False
    titles = [next(m.unit for m in item.members if m.role == "title") for item in (first, draft)]
    signed = [_is_signed(item) for item in (first, draft)]
    marked = [starts_article(item.texts()[0].unit) for item in (first, draft)]
    # A kicker alone is no standing head: only titles set alike, and set off from it, make one of it.
    styled = _style(titles[0]) == _style(titles[1])
    strict = not first.has("column")
    if strict and _style(next(m.unit for m in first.members if m.role == "kicker")) == _style(titles[0]):
        return False
    return (styled or (all(signed) and not strict)) and signed[0] == signed[1] and marked[0] == marked[1]


def _is_signed(draft: Draft) -> bool:
    """Say whether an article ends with a name or a source."""
    edges = draft.texts()[-1].unit.edges
    return draft.has("credit") or (edges is not None and bool(edges.tail))


def _is_short_item(draft: Draft, *, kicker: bool = False) -> bool:
    """Say whether an article is a title and a short text, without a byline line, kicker or subhead of its own."""
    texts = draft.texts()
    barred: tuple[Role, ...] = ("subtitle", "subhead", "jump", "byline", *(() if kicker else ("kicker",)))
    if not texts or len(texts) > _SERIES_TEXTS or any(draft.has(role) for role in barred):
        return False
    return draft.has("title") and sum(len(member.unit.key) for member in texts) <= _SERIES_CHARS


def _is_roundup(unit: Unit, grammar: Grammar) -> bool:
    key = _bare(unit.key, grammar)
    return len(key) <= 10 and grammar.roundups.search(key) is not None


def _is_item(draft: Draft, *, own_head: bool) -> bool:
    """Say whether an article can be an item of a round-up: a title, little text, no head or byline line of its own."""
    texts = draft.texts()
    if not texts or len(texts) > _ITEM_TEXTS or sum(len(member.unit.key) for member in texts) > _ITEM_CHARS:
        return False
    barred: tuple[Role, ...]
    barred = ("subhead", "jump") if own_head else ("column", "subhead", "jump", "byline")
    return draft.has("title") and not any(draft.has(role) for role in barred)


# ---- repeated paragraphs -----------------------------------------------------------------------------------------


def drop_repeats(drafts: Sequence[Draft]) -> None:
    """Take out of an article a paragraph that stands in it a second time, as an engine repeats a block."""
    for draft in drafts:
        if draft.kind != "news":
            continue
        seen: list[Unit] = []
        kept: list[Member] = []
        for member in draft.members:
            if member.role == "paragraph" and any(_repeats(member.unit, unit) for unit in seen[-_REPEAT_REACH:]):
                draft.dropped.append((member.unit, "repeated paragraph"))
                draft.flags.add("repeated_paragraph")
                continue
            if member.role == "paragraph":
                seen.append(member.unit)
            kept.append(member)
        draft.members = kept


def _repeats(unit: Unit, earlier: Unit) -> bool:
    """Say whether a paragraph is another one over again, a few characters read differently."""
    if len(unit.key) < _REPEAT_CHARS or abs(len(unit.key) - len(earlier.key)) > 0.1 * len(earlier.key) + 2:
        return False
    shared = len(unit.profile & earlier.profile)
    return shared >= _REPEAT_SHARE * max(1, len(unit.profile), len(earlier.profile))
