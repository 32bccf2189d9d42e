"""Name the issue a page belongs to, from its front matter, its file name and its masthead. Pure: no file is touched.

Each field of :class:`~pipeline.types.Publication` is settled on its own: front matter first (somebody wrote it on
purpose), then the path, then the masthead (which the OCR may have misread). One exception: a Chinese name in the
masthead beats a slug in the path (``fenhe-2013-05-12-p08.md`` → 汾河日报).
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import NamedTuple

from pipeline.text import is_blank, is_han
from pipeline.types import Publication

# The first Chinese-language periodical appeared in 1815; a year outside these is a misread or another number.
FIRST_YEAR, LAST_YEAR = 1815, 2100
# Mastheads stand in the first lines of a page, and editors' lines, page numbers and dates again in the last ones.
# On 40 composed pages with gold every masthead line lay within the first 5 or the last 3 printed lines.
HEAD_LINES, TAIL_LINES = 10, 6
# The longest masthead line seen has 37 characters (date, weekday, page, section, issue number).
MAX_MASTHEAD = 60
# Characters at both ends of a page that are looked at: bounds the work for pages of any size.
WINDOW = 6000
# Front matter longer than this is no front matter but a page between two rules.
MAX_FRONT_LINES = 60
# Longest name of a paper or of a page (中国县域经济报 has 7, 社会·民生 5).
MAX_NAME = 10

FRONT_KEYS = {
    "name": ("name", "paper", "paper_name", "newspaper", "publication", "报纸", "报名", "报刊", "报纸名称", "报刊名称"),
    "date": ("date", "pubdate", "publish_date", "published", "publication_date", "日期", "出版日期", "发行日期"),
    "edition": ("edition", "版别", "版本"),
    "page_no": ("page", "page_no", "page_number", "版次", "版号", "版面", "页码"),
    "page_name": ("page_name", "section", "版名", "版面名称", "版面名"),
}
# Endings of newspapers' names.
_PAPER = re.compile(r"(?:报|周刊|特刊|导刊|参考|快讯)$")
# Words that name a page (版名) and never a paper.
_SECTIONS = frozenset(
    (  # noqa: SIM905  # one text, split: a literal list would take eighty lines
        "要闻 综合 经济 国际 国内 社会 民生 文体 体育 文化 教科卫 专题 专版 县域 "
        "时政 副刊 广告 财经 科技 健康 教育 法治 法制 评论 理论 娱乐 影视 本地 "
        "本埠 本市 热线 深度 特稿 人物 读书 旅游 汽车 房产 生活 都市 城事 天下 "
        "中国 世界 视点 焦点 聚焦 关注 党建 农业 三农 乡村 生态 环保 军事 台海 "
        "港澳 艺术 收藏 家居 美食 时尚 校园 青少年 证券 金融 公告 便民 头版 封面 "
        "导读 图片 摄影 文艺 观点 声音 调查 特别报道 今日关注 市民关注 "
    ).split()
)
_NUMERALS = "零〇○一二三四五六七八九十"
_DIGITS = {char: str(value) for value, char in enumerate("〇一二三四五六七八九")} | {"零": "0", "○": "0"}
_DATE = re.compile(
    r"(?<!\d)(\d{4})年(\d{1,2})月(\d{1,2})日"
    r"|(?<!\d)(\d{4})([-./_])(\d{1,2})\5(\d{1,2})(?!\d)"
    rf"|([〇○零一二三四五六七八九]{{4}})年([{_NUMERALS}]{{1,3}})月([{_NUMERALS}]{{1,3}})日"
)
# 20241016 alone, or with a page of two digits behind it as in rmrb2024101604.
_COMPACT_DATE = re.compile(r"(?<!\d)(\d{4})(\d{2})(\d{2})(\d{2})?(?!\d)")
_WEEKDAY = re.compile(r"(?:星期|周|礼拜)([一二三四五六日天])")
_PAGE = re.compile(
    rf"第\s*([A-Z]?\s*\d{{1,3}}|[{_NUMERALS}]{{1,3}})\s*版(?![本权式])"
    r"|(?<![\dA-Z今日共总])([A-Z]?\d{1,3})\s*版(?![本权式])"
    r"|(?<![\w-])([A-Z]\d{1,2})(?![\w-])"
)
# A page number alone on its line, as a footer prints it.
_FOLIO = re.compile(r"[-—–·•\s]*(?:[-—–]\s*(\d{1,3})\s*[-—–]|([A-Z]\d{1,2})|(0\d))[-—–·•\s]*")
# What else stands in a masthead line; taken out before names are looked for.
_NOISE = re.compile(
    r"农历\S*|[甲乙丙丁戊己庚辛壬癸][子丑寅卯辰巳午未申酉戌亥]年\S*|总?第\s*\d+\s*期|今日\s*\d+\s*版|共\s*\d+\s*版"
    r"|国内统一(?:连续出版物|刊)号?\S*|CN\s*\d+-\d+|邮发代号\S*|https?://\S+|www\.\S+|责任?编辑?\s*[:：].*|版式\s*[:：].*"
    r"|(?:本版|责任|美术)编辑.*"
)
# What no masthead line has: sentences, and the jump lines that name another page.
_PROSE = re.compile(r"[。！？!?；;]|[，,].*[，,]|上接|下转|[转接]第|见第|[转见]\s*[A-Z]?\d{1,2}\s*版")
_FRONT_LINE = re.compile(r"\s*([\w\u4e00-\u9fff][\w \-]{0,30}?)\s*[:：=]\s*(.*)")
_MARKUP = re.compile(r"^[\s#>*_\-|■◆●□【\[]+|[\s#*_|■◆●□】\]]+$")


class Identified(NamedTuple):
    """Hold what :func:`identify` found; ``flags`` name contradictions (``date_conflict``, ``front_matter_date``)."""

    publication: Publication
    body_start: int
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Line:
    """Hold a line of the masthead, cleaned, with its place among the printed lines."""

    place: int
    text: str


def identify(text: str, source: str) -> Identified:
    """Settle the publication of a page from its text and its path; say where the page begins after front matter."""
    fields, body_start = split_front_matter(text)
    front, bad = from_front_matter(fields)
    path = from_path(source)
    masthead = from_masthead(text[body_start:] if body_start else text)
    flags = ["front_matter_date"] if bad else []
    dates = {item.date for item in (front, path, masthead) if item.date}
    if len(dates) > 1:
        flags.append("date_conflict")
    merged = _first_of(front, path, masthead)
    if not front.name and masthead.name and not any(map(is_han, path.name or "")):
        merged = replace(merged, name=masthead.name)
    return Identified(merged, body_start, tuple(flags))


def _first_of(*found: Publication) -> Publication:
    """Take every field from the first that knows it; the date together with its source."""
    dated = next((item for item in found if item.date), Publication())
    return Publication(
        name=next((item.name for item in found if item.name), None),
        date=dated.date,
        date_source=dated.date_source,
        edition=next((item.edition for item in found if item.edition), None),
        page_no=next((item.page_no for item in found if item.page_no), None),
        page_name=next((item.page_name for item in found if item.page_name), None),
    )


def make_date(year: str, month: str, day: str) -> str | None:
    """Write a date as ``YYYY-MM-DD``; ``None`` where there is no such day (month 13, 30 February)."""
    try:
        date = dt.date(_number(year), _number(month), _number(day))
    except ValueError:
        return None
    return date.isoformat() if FIRST_YEAR <= date.year <= LAST_YEAR else None


def _number(text: str) -> int:
    """Read a number in digits or in Chinese numerals (二〇一三, 十月, 三十一); raise ValueError for none."""
    if text.isdecimal():
        return int(text)
    digits = "".join(_DIGITS.get(char, char) for char in text)
    tens = re.fullmatch(r"(\d?)十(\d?)", digits)
    return int(tens[1] or 1) * 10 + int(tens[2] or 0) if tens else int(digits)


def find_date(text: str) -> tuple[str, int, int] | None:
    """Find the first valid date in a short text: ``(YYYY-MM-DD, start, end)``."""
    for match in _DATE.finditer(text):
        year, month, day = (part for part in match.groups() if part and part not in "-./_")
        date = make_date(year, month, day)
        if date:
            return date, match.start(), match.end()
    return None


def normalise_page_no(text: str) -> str | None:
    """Write a page number without zeros in front: ``04`` → ``4``, ``a03`` → ``A3``, 四 → ``4``; else ``None``."""
    text = unicodedata.normalize("NFKC", text).strip().upper().replace(" ", "")
    if text and all(char in _NUMERALS for char in text):
        with suppress(ValueError):
            text = str(_number(text))
    match = re.fullmatch(r"P?([A-Z]?)0*([1-9][0-9]{0,2})", text)
    return match[1] + match[2] if match else None


# ---- front matter -------------------------------------------------------------------------------------------


def split_front_matter(text: str) -> tuple[dict[str, str], int]:
    """Read ``key: value`` lines between ``---`` (or ``+++``) at the very top; return them and where the page begins.

    Only plain values are taken; lists and nested keys are skipped, nothing is evaluated. A page that merely begins with
    a Markdown rule has no front matter: ``({}, 0)``.
    """
    lines = text[: WINDOW * 2].splitlines(keepends=True)
    if not lines or lines[0].strip() not in ("---", "+++"):
        return {}, 0
    fence = lines[0].strip()
    closing = (fence, "...") if fence == "---" else (fence,)
    fields: dict[str, str] = {}
    position = len(lines[0])
    for line in lines[1 : MAX_FRONT_LINES + 1]:
        position += len(line)
        if line.strip() in closing:
            return (fields, position) if fields else ({}, 0)
        match = _FRONT_LINE.fullmatch(line.rstrip("\r\n"))
        if match and not line[0].isspace():
            fields.setdefault(re.sub(r"[\s-]+", "_", match[1].strip().lower()), _plain_value(match[2]))
        elif line.strip() and not line.lstrip().startswith(("#", "- ")) and not line[0].isspace():
            return {}, 0
    return {}, 0


def _plain_value(text: str) -> str:
    """Take the quotes and the comment off a front-matter value."""
    text = text.strip()
    quoted = re.match(r"([\"'])(.*?)\1", text)
    return quoted[2].strip() if quoted else re.sub(r"\s+#.*$", "", text).strip()


def from_front_matter(fields: Mapping[str, str]) -> tuple[Publication, bool]:
    """Read a publication from front-matter fields; the flag says that a date was given that is none."""
    given = {field: next((fields[key] for key in keys if fields.get(key)), None) for field, keys in FRONT_KEYS.items()}
    date = _any_date(given["date"]) if given["date"] else None
    page_no, page_name = _page_and_name(given["page_no"] or "")
    publication = Publication(
        name=given["name"],
        date=date,
        date_source="front_matter" if date else None,
        edition=given["edition"],
        page_no=page_no,
        page_name=given["page_name"] or page_name,
    )
    return publication, bool(given["date"]) and date is None


def _any_date(text: str) -> str | None:
    """Read a date in any of the forms of file names and mastheads."""
    text = unicodedata.normalize("NFKC", text)
    found = find_date(text)
    if found:
        return found[0]
    compact = _COMPACT_DATE.search(text)
    return make_date(*compact.groups()[:3]) if compact else None


def _page_and_name(text: str) -> tuple[str | None, str | None]:
    """Read ``04版 要闻`` or ``A03`` into a page number and, where there is one, the page's name."""
    number = normalise_page_no(text)
    if number:
        return number, None
    match = _PAGE.search(unicodedata.normalize("NFKC", text).upper())
    if not match:
        return None, None
    rest = (text[: match.start()] + " " + text[match.end() :]).strip(" :：-·")
    return normalise_page_no(next(filter(None, match.groups()))), rest or None


# ---- paths --------------------------------------------------------------------------------------------------


def from_path(source: str) -> Publication:
    """Read paper, date, page number and page name from a file's name, then from its folders.

    Without a date nothing is read but an explicit page number (``第4版``, ``p04``, ``A03``): a name such as
    ``scan_004.md`` says nothing about an issue.
    """
    *folders, name = unicodedata.normalize("NFKC", source).split("/")
    stem = re.sub(r"(?:\.(?:gz|md|txt|markdown|json|jsonl|xml|html?))+$", "", name, flags=re.IGNORECASE)
    date, page_no, rest = _cut_date(stem)
    if date is None:
        date = _date_of_folders(folders)
    explicit = _tokens_page(rest, bare=date is not None)
    words = [token for token in rest if normalise_page_no(token.strip("第版页")) is None and token not in _IGNORED]
    han = [token for token in words if any(map(is_han, token)) and len(token) <= MAX_NAME]
    paper = _paper_name(han, words, folders) if date else None
    page_name = next((token for token in han if token != paper), None) if date else None
    return Publication(
        name=paper,
        date=date,
        date_source="path" if date else None,
        page_no=page_no or explicit,
        page_name=page_name,
    )


# Parts of file names that tools put there.
_IGNORED = frozenset(
    {"page", "img", "image", "scan", "ocr", "copy", "final", "result", "output", "text", "md", "p"}
) | {
    "content",
    "list",
    "res",
}


def _cut_date(stem: str) -> tuple[str | None, str | None, list[str]]:
    """Take the date out of a stem: date, the page number glued to it, and the tokens that are left."""
    found = find_date(stem)
    page_no = None
    if found:
        date, start, end = found
    else:
        date, start, end = None, 0, 0
        for match in _COMPACT_DATE.finditer(stem):
            date = make_date(*match.groups()[:3])
            if date:
                start, end = match.span()
                page_no = normalise_page_no(match[4]) if match[4] else None
                break
    if date:
        stem = f"{stem[:start]}\0{stem[end:]}"
    # The mark keeps what stood before the date apart from what stood after it.
    tokens = [token for token in re.split(r"[-_\s.,，、()（）\[\]【】·\0]+", stem) if token]
    return date, page_no, tokens


def _date_of_folders(folders: Sequence[str]) -> str | None:
    """Find a date in the folders, also one spread over them (``2024-10/16``, ``2024/10/16``)."""
    for folder in reversed(folders):
        date = _any_date(folder)
        if date:
            return date
    spread = re.search(r"(?:^|/)(\d{4})[-/](\d{1,2})/(\d{1,2})(?:/|$)", "/".join(folders))
    return make_date(*spread.groups()) if spread else None


def _tokens_page(tokens: Sequence[str], *, bare: bool) -> str | None:
    """Find a page number among the tokens of a name; ``bare`` lets a plain number of up to three digits count."""
    for token in reversed(tokens):
        marked = re.fullmatch(
            r"第?([A-Za-z]?\d{1,3})版|第([一二三四五六七八九十]{1,3})版|[Pp](?:age)?([A-Za-z]?\d{1,3})", token
        )
        if marked:
            return normalise_page_no(next(filter(None, marked.groups())))
        if re.fullmatch(r"[A-Za-z]\d{2}", token) or (bare and re.fullmatch(r"[A-Za-z]?\d{1,3}", token)):
            number = normalise_page_no(token)
            if number:
                return number
    return None


def _paper_name(han: Sequence[str], words: Sequence[str], folders: Sequence[str]) -> str | None:
    """Choose the paper's name: a Chinese word, best one that ends like a paper's name; else a slug."""
    papers = [*(word for word in han if _PAPER.search(word)), *(f for f in reversed(folders) if _PAPER.search(f))]
    if papers:
        return papers[0]
    if han and han[0] not in _SECTIONS:
        return han[0]
    slug = [word for word in words if re.fullmatch(r"[A-Za-z]{2,}", word) and word.lower() not in _IGNORED]
    return "-".join(slug) or None


# ---- mastheads ----------------------------------------------------------------------------------------------


def from_masthead(text: str) -> Publication:
    """Read paper, date, page number and page name from the lines at the top and the bottom of a page.

    A date counts only where its line says nothing else than a masthead does and its weekday, if printed, is
    the right one: a wrong weekday means that one of the two was misread.
    """
    head, tail = _edge_lines(text)
    found = Publication()
    for line in (*head, *tail):
        found = _first_of(found, _read_line(line.text, top=line.place < 2 and line in head))
    if found.page_no is None:
        folios = (_FOLIO.fullmatch(line.text) for line in (*head[:3], *reversed(tail)))
        numbers = (normalise_page_no(next(filter(None, match.groups()))) for match in folios if match)
        found = replace(found, page_no=next((number for number in numbers if number), None))
    return _read_neighbours(found, [line.text for line in head])


def _edge_lines(text: str) -> tuple[list[_Line], list[_Line]]:
    """List the short printed lines at the two ends of a page, without Markdown signs."""
    if len(text) <= 2 * WINDOW:
        lines = list(_printed(text.splitlines()))
        head, tail = lines[:HEAD_LINES], lines[HEAD_LINES:][-TAIL_LINES:]
    else:
        # The lines that the windows cut are no whole lines.
        head = list(_printed(text[:WINDOW].splitlines()[:-1]))[:HEAD_LINES]
        tail = list(_printed(text[-WINDOW:].splitlines()[1:]))[-TAIL_LINES:]
    short = [[line for line in lines if len(line.text) <= MAX_MASTHEAD] for lines in (head, tail)]
    return short[0], short[1]


def _printed(lines: Sequence[str]) -> Iterator[_Line]:
    """Clean the lines that are not blank: full-width digits and letters to half width, no Markdown signs."""
    place = 0
    for line in lines:
        if all(map(is_blank, line)):
            continue
        # A long line is no masthead; its beginning is enough to see that.
        yield _Line(place, _MARKUP.sub("", unicodedata.normalize("NFKC", line[: MAX_MASTHEAD * 3])).strip() or line[:9])
        place += 1


def _read_line(text: str, *, top: bool) -> Publication:
    """Read one line as a masthead, if it is one."""
    if _PROSE.search(text):
        return Publication()
    dated, weekday = find_date(text), _WEEKDAY.search(text)
    page = _PAGE.search(text.upper())
    rest = _NOISE.sub(" ", _without(text, dated, weekday, page))
    words = [word for word in re.split(r"[\s:：,，|/]+", rest) if any(map(is_han, word)) or word.isalpha()]
    names = [word for word in words if _PAPER.search(word) and len(word) <= MAX_NAME]
    if len(words) > 3 or any(len(word) > MAX_NAME for word in words):
        return Publication()
    if not (page or (dated and (weekday or names or (top and not words)))):
        return Publication()
    date = dated[0] if dated and _agrees(dated[0], weekday) else None
    others = [word for word in words if word not in names]
    name = names[0] if names else None
    if name is None and dated and weekday and not page and len(others) == 1 and others[0] not in _SECTIONS:
        name, others = others[0], []
    sections = others if page or all(word in _SECTIONS for word in others) else []
    return Publication(
        name=name,
        date=date,
        date_source="masthead" if date else None,
        page_no=normalise_page_no(next(filter(None, page.groups()))) if page else None,
        page_name=sections[0] if len(sections) == 1 and len(sections[0]) > 1 else None,
    )


def _without(text: str, dated: tuple[str, int, int] | None, *matches: re.Match[str] | None) -> str:
    """Blank out what was recognised in a line."""
    spans = [match.span() for match in matches if match] + ([dated[1:]] if dated else [])
    chars = list(text)
    for start, end in spans:
        chars[start:end] = " " * (end - start)
    return "".join(chars)


def _agrees(date: str, weekday: re.Match[str] | None) -> bool:
    """Say whether a printed weekday is that of the date; true where none is printed."""
    return (
        weekday is None
        or "一二三四五六日".find(weekday[1].replace("天", "日")) == dt.date.fromisoformat(date).weekday()
    )


def _read_neighbours(found: Publication, head: list[str]) -> Publication:
    """Take a paper's or a page's name that stands alone on a line beside the line with the date or the page number."""
    anchors = [place for place, text in enumerate(head) if find_date(text) or (_PAGE.search(text.upper()))]
    near = [text for place, text in enumerate(head) if any(0 < abs(place - anchor) <= 2 for anchor in anchors)]
    if found.name is None and found.date_source:
        found = replace(found, name=next((t for t in near if _PAPER.search(t) and 3 <= len(t) <= MAX_NAME), None))
    if found.page_name is None and found.date_source:
        found = replace(found, page_name=next((text for text in near if is_section(text)), None))
    return found


def is_section(text: str) -> bool:
    """Say whether a short text names a page: 要闻, 国内新闻, 社会·民生."""
    parts = re.split(r"[·/]", text.removesuffix("新闻") or text)
    return len(text) <= MAX_NAME and all(part in _SECTIONS for part in parts)
