"""Compose newspaper pages from running text, with known layout and damage, to tune the splitter on.

Every page is drawn from a seed: articles of :mod:`pipeline.training.rawtext` get headlines, bylines, subheads and the
damage that OCR engines do (columns cut, heading depths at random, heads after their body …), and each line keeps its
role and article. Names and formulas are made up; what stands around a title is drawn by
:mod:`pipeline.training.headlines`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.training.headlines import (
    BOTH,
    SUBHEAD_MAKES,
    WORDS,
    draw_column,
    draw_kicker,
    draw_subhead,
    draw_subtitle,
)
from pipeline.training.page_words import GIVEN, SURNAMES
from pipeline.training.rawtext import Raw

_PUNCTUATION = str.maketrans("，；：？！（）", ",;:?!()")


@dataclass(slots=True)
class Label:
    """Say what a line of a composed page is: its role, and the article it belongs to (-1 = none)."""

    role: str
    article: int


@dataclass(slots=True)
class Composed:
    """Hold a composed page: its text and a label for each line that has text, by line number."""

    text: str
    labels: dict[int, Label]


@dataclass(slots=True)
class _Line:
    text: str
    role: str
    article: int
    heading: str = ""


@dataclass(slots=True)
class _Style:
    """Hold how a page sets its headings; ``depths`` gives the markup of each role."""

    depths: dict[str, str]
    noise: float
    blank_lines: bool
    punctuation: str
    marker_bold: bool


@dataclass(slots=True)
class _Story:
    number: int
    head: list[_Line] = field(default_factory=list)
    body: list[_Line] = field(default_factory=list)
    late: list[_Line] = field(default_factory=list)


def compose(
    rng: random.Random, stories: Sequence[Raw], briefs: Sequence[Raw], half: int = BOTH, *, mixed: float = 0.0
) -> Composed:
    """Compose a page of the given stories and, now and then, a round-up of briefs.

    ``half`` of the lists of headings dress the page; ``mixed`` is the share of neighbouring stories whose columns an
    engine reads in a wrong order.
    """
    style = _draw_style(rng)
    lines: list[_Line] = []
    number = 0
    if rng.random() < 0.7:
        lines += _masthead(rng)
    at = rng.randrange(len(stories)) if briefs and rng.random() < 0.35 else -1
    before: list[_Line] = []
    for place, raw in enumerate(stories):
        if place == at:
            items = _roundup(rng, briefs, number)
            number, before = 1 + max(line.article for line in items), []
            lines += items
        story = _story(rng, raw, number, half)
        number += 1
        parts = [*story.head, *_photo_inside(rng, story, stories, number), *story.late]
        if mixed and before and rng.random() < mixed:
            lines[len(lines) - len(before) :] = before = _mix(rng, before, parts)
        else:
            lines += parts
            before = parts
        number += 1
        if rng.random() < 0.2:
            lines += _small(rng, number)
            number, before = number + 1, []
    if rng.random() < 0.4:
        lines.append(_Line(f"责编 {_name(rng)} 版式 {_name(rng)}", "furniture", -1))
    return _print(rng, lines, style)


# How columns are read in a wrong order: the whole of a story inside another, two stories in turn, the head of the
# second before the rest of the first.
_ORDERS = ("inside", "inside", "inside", "in turn", "in turn", "head first")


def _mix(rng: random.Random, one: Sequence[_Line], two: Sequence[_Line]) -> list[_Line]:
    """Read the columns of two stories in a wrong order; most cuts lie between paragraphs, some inside one."""
    first, second = _cuts(one), _cuts(two)
    if not first or ((order := rng.choice(_ORDERS)) == "in turn" and not second):
        return [*one, *two]
    at = rng.choice(first)
    if order == "inside":
        return [*one[:at], *two, *one[at:]]
    if order == "in turn":
        middle = rng.choice(second)
        return [*one[:at], *two[:middle], *one[at:], *two[middle:]]
    head = next((place for place, line in enumerate(two) if line.role == "paragraph"), 0)
    return [*one[:at], *two[:head], *one[at:], *two[head:]]


def _cuts(lines: Sequence[_Line]) -> list[int]:
    """List the places between two texts of a story."""
    texts = [place for place, line in enumerate(lines) if line.role == "paragraph"]
    return [place for place in range(1, len(lines)) if texts and texts[0] < place <= texts[-1]]


# ---- the parts of a story ---------------------------------------------------------------------------------------


def _name(rng: random.Random, *, spaced: bool = False) -> str:
    given = "".join(rng.choice(GIVEN) for _ in range(rng.choice((1, 1, 2))))
    return rng.choice(SURNAMES) + (" " if spaced and len(given) == 1 else "") + given


_DECORATIONS = ("【{}】", "■{}", "{} |", "◆{}", "■ {} ■", "●{}", "［{}］", "〖{}〗", "★{}", "▲{}")


def _column(rng: random.Random, half: int) -> str:
    """Draw a standing head; half of them have no decoration."""
    name = draw_column(rng, half)
    return rng.choice(_DECORATIONS).format(name) if rng.random() < 0.5 else name


# A line of raw text that opens an agency's story; what stands above it repeats the title.
_OPENS = re.compile(r"(?:本报|新华社|新华网|中新社|中新网|人民网|海外网|央视|据|IT之家)[^，。]{0,14}(?:电|讯|消息)")


def _paragraphs(body: str) -> list[str]:
    """List the paragraphs of a document: without a title above the agency's marker, and up to the next such marker."""
    lines = [line.strip() for line in body.split("\n") if len(line.strip()) > 8]
    opens = [place for place, line in enumerate(lines) if _OPENS.match(line)]
    start = opens[0] if opens and opens[0] <= 3 else 0
    stop = next((place for place in opens if place > start), len(lines))
    kept = [line for place, line in enumerate(lines[start:stop]) if place or line[-1] in "。！？”"]
    return [line for line in kept if len(line) > 20 or line[-1] in "。！？”"]


def usable(raw: Raw) -> bool:
    """Say whether a document has the paragraphs of a story."""
    return "快讯" not in raw.title and len(_paragraphs(raw.body)) >= 2


def _story(rng: random.Random, raw: Raw, number: int, half: int) -> _Story:
    """Dress a document as an article and damage it."""
    story = _Story(number)
    paragraphs = _paragraphs(raw.body)[: rng.randint(2, 9)]
    truncated = rng.random() < 0.05 and len(paragraphs[0]) > 60
    if truncated:
        paragraphs[0] = paragraphs[0][rng.randrange(15, len(paragraphs[0]) - 20) :]
    cut_end = rng.random() < 0.05 and len(paragraphs[-1]) > 40
    if cut_end:
        paragraphs[-1] = paragraphs[-1][: rng.randrange(20, len(paragraphs[-1]) - 5)]
    title = raw.title if len(raw.title) >= 5 and rng.random() > 0.1 else ""
    head = _headline(rng, raw, title, number, half)
    byline = _bylines(rng)
    if byline[0]:
        head.append(_Line(byline[0], "byline", number))
    jump = f"（上接第{rng.randint(1, 4)}版）" if truncated and rng.random() < 0.4 else ""
    if jump and rng.random() < 0.5:
        head.append(_Line(jump, "jump", number))
        jump = ""
    opened = truncated or _OPENS.match(paragraphs[0])
    story.body = _body(rng, paragraphs, number, jump + ("" if opened else byline[1]), half)
    if byline[2] and not cut_end:
        if rng.random() < 0.4:
            story.body[-1].text += byline[2]
        else:
            story.body.append(_Line(byline[2].strip(), "credit", number))
    elif rng.random() < 0.08:
        story.body[-1].text += f"（下转第{rng.randint(2, 8)}版）"
    if title and rng.random() < 0.05 and not byline[0]:
        story.late = [line for line in head if line.role in ("kicker", "title", "subtitle")]
        head = [line for line in head if line not in story.late]
    elif head and head[0].role == "column" and rng.random() < (0.1 if title else 0.6):
        story.late = [head.pop(0)]
    story.head = head
    return story


def _headline(rng: random.Random, raw: Raw, title: str, number: int, half: int) -> list[_Line]:
    """Set column, kickers, title and subtitle of a story; a kicker comes after its title now and then."""
    head: list[_Line] = []
    column = re.match(r"【(.{3,16})】", title)
    title = re.sub(r"^【.{1,16}】", "", title)
    if column or rng.random() < 0.22:
        name = f"【{column[1]}】" if column and rng.random() < 0.6 else _column(rng, half)
        head.append(_Line(name, "column", number))
    if not title:
        return head
    kickers = [
        _Line(draw_kicker(rng, raw.body, half), "kicker", number) for _ in range(rng.choice((0, 0, 0, 0, 1, 1, 2)))
    ]
    late = bool(kickers) and rng.random() < 0.1
    head += [] if late else kickers
    at = title.find(" ") if " " in title else rng.randrange(4, max(5, len(title) - 3))
    if len(title) > 12 and rng.random() < 0.1 and 3 < at < len(title) - 3:
        head += [_Line(title[:at].strip(), "title", number), _Line(title[at:].strip(), "title", number)]
    else:
        head.append(_Line(title, "title", number))
    head += kickers if late else []
    if rng.random() < 0.15:
        head.append(_Line(draw_subtitle(rng, raw.body, half), "subtitle", number))
    return head


def _bylines(rng: random.Random) -> tuple[str, str, str]:
    """Draw where the byline stands: on a line below the title, after the marker, at the end."""
    spaced = rng.random() < 0.4
    one, two = _name(rng, spaced=spaced), _name(rng, spaced=spaced)
    draw = rng.random()
    day = f"{rng.randint(1, 12)}月{rng.randint(1, 28)}日"
    marker = rng.choice(
        ("本报讯", "本报讯", f"新华社{rng.choice(WORDS['places'])}{day}电", f"本报{rng.choice(WORDS['places'])}{day}电")
    )
    blank = rng.choice((" ", "　", ""))
    if draw < 0.12:
        lead = rng.choice(("□本报记者 {}", "本报记者 {}", "◎本报记者 {} {}", "■ 记者 {}", "○ 本报记者 {}")).format(
            one, two
        )
        return lead, "", ""
    if draw < 0.4:
        return "", f"{marker}（记者 {one}{rng.choice(('', f'、{two}', f' 通讯员 {two}'))}）{blank}", ""
    signed = rng.choice(
        (
            f"（{one}）",
            f"（{one} {two}）",
            f"（记者 {one}）",
            f"记者 {one} 通讯员 {two}",
            f"{one}  {two}",
            one,
            "据新华社电",
            "（据新华社）",
        )
    )
    if draw < 0.75:
        return "", f"{marker}{blank or ' '}" if rng.random() < 0.5 else "", signed
    return "", f"{marker}{blank or ' '}" if rng.random() < 0.4 else "", ""


# Share of the articles with subheads that have one before the first paragraph.
_FIRST_SUBHEAD = 0.25


def _body(rng: random.Random, paragraphs: Sequence[str], number: int, lead: str, half: int) -> list[_Line]:
    """Set the paragraphs with subheads, cut by column breaks; the subheads of an article are mostly of one make."""
    body: list[_Line] = []
    with_subheads = len(paragraphs) >= 3 and rng.random() < 0.4
    first = with_subheads and rng.random() < _FIRST_SUBHEAD
    make = rng.choice(SUBHEAD_MAKES)
    for place, paragraph in enumerate(paragraphs):
        if with_subheads and (rng.random() < 0.5 if place else first):
            this = rng.choice(SUBHEAD_MAKES) if rng.random() < 0.3 else make
            body.append(_Line(draw_subhead(rng, paragraph, this, len(body), half), "subhead", number))
        text = (lead if not place else "") + paragraph
        body += [_Line(part, "paragraph", number) for part in _cut(rng, text)]
    return body


def _cut(rng: random.Random, text: str) -> list[str]:
    """Cut a paragraph as a column break does, or not."""
    if len(text) < 60 or rng.random() > 0.22:
        return [text]
    at = rng.randrange(12, len(text) - 8)
    return [text[:at], text[at:]]


# ---- pieces around it --------------------------------------------------------------------------------------------


def _photo_inside(rng: random.Random, story: _Story, stories: Sequence[Raw], number: int) -> list[_Line]:
    """Put a photo with caption and credit into a story's body, or leave it alone."""
    if rng.random() > 0.12:
        return story.body
    other = rng.choice(stories)
    caption = next((line for line in other.body.split("\n")[::-1] if 25 <= len(line) <= 160), "")
    if not caption:
        return story.body
    credit = rng.choice(("{} 摄", "记者 {} 摄", "本报记者 {} 摄影报道", "{}摄")).format(_name(rng))
    photo = [_Line(caption, "caption", number), _Line(credit, "credit", number)]
    at = rng.randrange(len(story.body) + 1)
    return [*story.body[:at], *photo, *story.body[at:]]


def _roundup(rng: random.Random, briefs: Sequence[Raw], number: int) -> list[_Line]:
    """Set a heading over three to six short items with titles of their own."""
    bullet = rng.choice(("", "", "●", "▲", "■"))
    lines = [_Line(rng.choice(WORDS["roundups"]), "column", number)]
    for raw in rng.sample(list(briefs), min(len(briefs), rng.randint(3, 6))):
        lines.append(_Line(bullet + raw.title, "title", number))
        lines.append(_Line(rng.choice(("", "", "本报讯 ")) + raw.body.replace("\n", ""), "paragraph", number))
        number += 1
    return lines


def _small(rng: random.Random, number: int) -> list[_Line]:
    """Set a notice, an advertisement or a slogan."""
    phone = f"0351-{rng.randint(2000000, 8999999)}"
    pieces = (
        [
            ("遗失声明", "notice"),
            (f"{_name(rng)}不慎将身份证遗失，证号{rng.randint(10**9, 10**10)}，声明作废。", "notice"),
        ],
        [("天气预报", "notice"), ("今天白天：多云，最高气温12℃。", "notice"), ("今天夜间：晴，最低气温3℃。", "notice")],
        [(f"出售二手办公桌椅，免费上门送货，价格优惠。电话：{phone}", "notice")],
        [("讲文明 树新风 公益广告", "notice")],
    )
    return [_Line(text, role, number) for text, role in rng.choice(pieces)]


def _masthead(rng: random.Random) -> list[_Line]:
    day = f"20{rng.randint(10, 25)}年{rng.randint(1, 12)}月{rng.randint(1, 28)}日"
    return [_Line(f"第{rng.randint(1, 12)}版 {day} 星期{rng.choice('一二三四五六日')}", "furniture", -1)]


# ---- how it is set -----------------------------------------------------------------------------------------------

_HEADINGS = ("column", "kicker", "title", "subtitle", "subhead")


def _draw_style(rng: random.Random) -> _Style:
    """Draw how an engine marks headings: consistently, by depth; flat; only in part; not at all."""
    draw = rng.random()
    if draw < 0.45:
        title = rng.choice(("# ", "## "))
        depths = {"title": title, "subhead": rng.choice(("### ", "### ", "#### ", "## "))}
        depths |= {role: rng.choice(("## ", "### ", "", title)) for role in ("column", "kicker", "subtitle")}
    elif draw < 0.7:
        flat = rng.choice(("# ", "## ", "### "))
        depths = dict.fromkeys(_HEADINGS, flat)
    elif draw < 0.85:
        depths = {role: rng.choice(("# ", "## ", "### ", "**", "")) for role in _HEADINGS}
    else:
        depths = dict.fromkeys(_HEADINGS, "")
    return _Style(
        depths,
        rng.choice((0.0, 0.1, 0.25)),
        draw < 0.93,
        rng.choice(("full", "full", "half", "mixed")),
        rng.random() < 0.5,
    )


def _print(rng: random.Random, lines: Sequence[_Line], style: _Style) -> Composed:
    """Write the lines out in a style."""
    out: list[str] = []
    labels: dict[int, Label] = {}
    for line in lines:
        text = line.text
        if style.punctuation == "half" or (style.punctuation == "mixed" and rng.random() < 0.5):
            text = text.translate(_PUNCTUATION)
        if line.role in _HEADINGS:
            mark = style.depths[line.role]
            if rng.random() < style.noise:
                mark = rng.choice(("# ", "## ", "### ", "#### ", "", "**")) if any(style.depths.values()) else ""
            text = f"**{text}**" if mark == "**" else mark + text
        elif style.marker_bold and text.startswith("本报讯"):
            text = "**本报讯**" + text[3:]
        if rng.random() < 0.05 and style.blank_lines:
            out += [f"![](images/{rng.randrange(10**6)}.jpg)", ""]
        out.append(text)
        labels[len(out)] = Label(line.role, line.article)
        if style.blank_lines:
            out.append("")
    return Composed("\n".join(out), labels)
