"""Bylines, datelines, jump and credit lines: what stands at the edges of a text and is not the text.

Everything here works on one normalised line (:func:`pipeline.splitting.grammar.normalise`) and looks at no more than
``EDGE`` characters of either end, so that a line of any length costs the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pipeline.splitting.grammar import Grammar
from pipeline.types import Dateline, Person

# The longest formula at an edge: 新华社乌鲁木齐10月15日电（记者 … 通讯员 …） has 40 to 70 characters.
EDGE = 100
# A byline line names at most this many people (page-wide credits of a series name more and are set as text).
_MAX_PEOPLE = 12
_NAME_LENGTH = 4
# Names of minorities written in characters have two to six of them: 次仁, 阿依古丽, 巴特尔.
_LONG_NAME = 6
# 李家村 and 农科所 begin like names of three characters.
_PLACES = "村镇乡县局所校厂馆站"
_SEPARATORS = re.compile(r"[ 、，,/;；|·]+")
_FOREIGN = re.compile(r"[\u3400-\u9fff]{1,6}(?:[·•・][\u3400-\u9fff]{1,8})+")
_HAN_WORD = re.compile(r"[\u3007\u3400-\u4dbf\u4e00-\u9fff]+")
_SENTENCE_END = "。！？!?…”’』」）)》"
# 王先生 and 李师傅 are spoken of; nobody signs so.
_ADDRESS = re.compile(r"(?:先生|女士|小姐|师傅|大爷|大妈|大娘|大姐|大哥|阿姨|奶奶|爷爷|同志|老师|同学|某某?)$")
# 常树林等七人: more people signed than are named.
_AND_OTHERS = re.compile(r" ?等(?: ?[\d一二两三四五六七八九十百]{1,4} ?[人名位](?:职工|学生|居民|村民|读者)?)?$")
# Where a report was written stands after the names: 发自长溪县, 北京报道.
_SENT_FROM = re.compile(
    r"(?:\d{1,2}月\d{1,2}日)?发自[\u3400-\u9fff]{2,8}$"
    r"|(?<=[^者员生] )(?!摄影|编译|综合|专题)[\u3400-\u9fff]{2,4}(?=(?:综合|专题)?报道$)"
)


@dataclass(frozen=True, slots=True)
class Credit:
    """Hold a byline: its people, and whether it names a role, is bracketed, opens with a sign, credits a picture."""

    people: tuple[Person, ...]
    role: bool = False
    bracketed: bool = False
    sign: bool = False
    photo: bool = False
    agency: str | None = None
    house: bool = False
    affiliated: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """Name a stretch ``key[start:end]`` at the edge of a line."""

    role: str
    start: int
    end: int


@dataclass(slots=True)
class Edges:
    """Hold what was found at the two ends of a line; the body is ``key[start:end]``."""

    start: int
    end: int
    lead: list[Piece] = field(default_factory=list)
    tail: list[Piece] = field(default_factory=list)
    dateline: Dateline | None = None
    credits: list[Credit] = field(default_factory=list)
    end_credits: list[Credit] = field(default_factory=list)
    source: str | None = None
    jump_from: str | None = None
    jump_to: str | None = None


# 文/王丹 图/李明: the word before the slash says the part of the names after it (文/图 王丹 says both).
_SLASHED = {
    "文字": "作者",
    "撰文": "作者",
    "文": "作者",
    "图片": "摄影",
    "摄影": "摄影",
    "图": "摄影",
    "摄": "摄影",
    "图文": "作者",
    "文图": "作者",
    "供图": "摄影",
    "文并摄": "摄影",
    "采访": "记者",
    "采写": "记者",
    "整理": "整理",
    "执笔": "作者",
    "撰稿": "作者",
    "口述": "口述",
    "编译": "编译",
    "漫画": "绘图",
    "绘图": "绘图",
    "制图": "绘图",
}
_ROLE_SLASH = re.compile(f"(?:^|(?<= ))({'|'.join(sorted(_SLASHED, key=len, reverse=True))})[/｜|](?!文|图|摄)")

# Arrows that point to where a text goes on.
_ARROWS = "▲▼▶►▷→↘↓↗⇒◀◁←"
BRACKETS = f"（）()［］[]〔〕【】 {_ARROWS}"
_OPENING, _CLOSING = "（(［〔【", "）)］〕】"
_CHINESE_DIGITS = "零一二三四五六七八九"


def page_number(text: str) -> str:
    """Write a page number of a jump line as digits: 第一 is 1, 十二 is 12, A3 stays, 05 is 5."""
    if text and all(char in _CHINESE_DIGITS + "十" for char in text):
        tens, ten, units = text.rpartition("十")
        value = (_CHINESE_DIGITS.index(tens) if tens else 1) * 10 if ten else 0
        digits = "".join(str(_CHINESE_DIGITS.index(char)) for char in units)
        return str(value + int(digits or "0"))
    return re.sub(r"^([A-Z]?)0+(?=\d)", r"\1", text)


# Characters that no given name ends with: 母亲说 is a line of verse.
_NO_NAME_ENDS = frozenset("说们的了着呢吗吧")


def is_name(word: str, grammar: Grammar, *, strict: bool) -> bool:  # noqa: PLR0911
    """Say whether a word can be a person's name; ``strict`` asks for a known surname."""
    if _FOREIGN.fullmatch(word):
        return True
    if _ADDRESS.search(word):
        return False
    if 2 <= len(word) <= _LONG_NAME and word.startswith(grammar.minority) and _HAN_WORD.fullmatch(word):
        return True
    if not _HAN_WORD.fullmatch(word) or not 2 <= len(word) <= _NAME_LENGTH:
        return False
    if word.startswith(grammar.compound) and word not in grammar.compound:
        return len(word) >= 3
    if len(word) == _NAME_LENGTH or (len(word) == _NAME_LENGTH - 1 and word[-1] in _PLACES):
        return False
    if word[-1] in _NO_NAME_ENDS:
        return False
    # 市民, 体育部 and 受访者 say who somebody is, not what he is called.
    return word[0] in grammar.surnames or not (strict or word.endswith("者") or grammar.affiliations.search(word))


def split_names(text: str, grammar: Grammar, *, strict: bool) -> list[str] | None:
    """Split a run of names (王 丹 侯宇婕, 王丹、侯宇婕); ``None`` when a word cannot be one."""
    words = [word for word in _SEPARATORS.split(text.strip()) if word]
    if "·" in text or "•" in text:
        words = [word for word in re.split(r"[ 、，,/;；|]+", text.strip()) if word]
    names: list[str] = []
    words = _join_letters(words, grammar)
    at = 0
    while at < len(words):
        word = words[at]
        following = words[at + 1] if at + 1 < len(words) else ""
        if (len(word) == 1 and 1 <= len(following) <= 2 and _HAN_WORD.fullmatch(word + following)) or (
            word in grammar.compound and 1 <= len(following) <= 2
        ):
            word, at = word + following, at + 1
        at += 1
        if not is_name(word, grammar, strict=strict):
            return None
        names.append(word)
    return names if len(names) <= _MAX_PEOPLE else None


def _join_letters(words: list[str], grammar: Grammar) -> list[str]:
    """Join names set with a blank between all characters: 赵 见 深; five are parted by the surname in them."""
    joined: list[str] = []
    at = 0
    while at < len(words):
        stop = at
        while stop < len(words) and len(words[stop]) == 1:
            stop += 1
        letters = words[at:stop]
        if len(letters) == 3:
            joined.append("".join(letters))
        elif len(letters) == 5:
            cut = 2 if letters[2] in grammar.surnames else 3
            joined += ["".join(letters[:cut]), "".join(letters[cut:])]
        else:
            joined += letters
        if stop == at:
            joined.append(words[at])
            stop += 1
        at = stop
    return joined


def _strip_house(text: str, grammar: Grammar) -> tuple[str, str | None]:
    """Cut 本报, 新华社 … off the start of a byline; also give the agency."""
    text, agency = text.strip(), None
    changed = True
    while changed:
        changed = False
        for word in grammar.house:
            if text.startswith(word):
                agency = word if word.endswith(("社", "网")) and not word.startswith("本") else agency
                text, changed = text[len(word) :].strip(), True
    return text, agency


def _strip_outlet(text: str, grammar: Grammar) -> str:
    """Cut the paper that stands straight before a role word (邓志聪 本报, 江城都市报) off the end of a run."""
    text = text.rstrip(" 、，")
    word = next((word for word in grammar.house if text == word or text.endswith((f" {word}", f"、{word}"))), "")
    if word:
        return text[: len(text) - len(word)].rstrip(" 、，")
    found = grammar.outlets.search(text)
    return text[: found.start()].rstrip(" 、，") if found else text


def split_affiliation(
    text: str, grammar: Grammar, *, free: bool = False, strict: bool = True
) -> tuple[str, list[str]] | None:
    """Split 机械学院 陶 然 or 退休教师 宣玉贞 into affiliation and names; ``None`` when the form is another.

    ``free`` takes any words before the name, as after a sign that opens bylines; ``strict`` asks for a known surname.
    """
    words = _AND_OTHERS.sub("", text.strip()).replace("：", " ").replace(" | ", " ").split(" ")
    words = [word for word in words if word]
    letters = 0
    while letters < min(3, len(words)) and len(words[-1 - letters]) == 1:
        letters += 1
    if letters == 1 and len(words) > 1 and words[-2] in grammar.compound:
        letters = 2
    name = "".join(words[len(words) - max(1, letters) :])
    before = words[: len(words) - max(1, letters)]
    if not before or (letters == 1 and name == words[-1]):
        return None
    if letters > 1 and not all(map(_HAN_WORD.fullmatch, name)):
        return None
    if letters == 0 and not is_name(name, grammar, strict=strict):
        return None
    place = " ".join(before)
    if not _AFFILIATION.fullmatch(place) or len(place) < _SHORT_AFFILIATION:
        return None
    if grammar.affiliations.search(before[-1]) or (free and not is_name(before[-1], grammar, strict=True)):
        return place, [name]
    return None


def _read_affiliated(text: str, grammar: Grammar, *, free: bool) -> list[Person]:
    """Read an affiliation and the name after it, set on one line (also 记者站何绍泉, without a blank)."""
    found = split_affiliation(text, grammar, free=free)
    if found:
        return [Person(name, None) for name in found[1]]
    glued = _GLUED.fullmatch(text)
    if glued and grammar.affiliations.search(glued.group(1)) and is_name(glued.group(2), grammar, strict=True):
        role = "记者" if glued.group(1).endswith("记者站") else None
        return [Person(glued.group(2), role)]
    return []


# An affiliation is made of characters, digits and brackets; it has at least two characters.
_AFFILIATION = re.compile(r"[\u3400-\u9fffA-Z0-9（）·“” ]{2,36}")
_SHORT_AFFILIATION = 2
# Set without a blank the name has three characters, and is no part of a town.
_GLUED = re.compile(
    r"([\u3400-\u9fff0-9（）]{3,24}?[科站室处院校队厂司局所部会])"
    r"([\u3400-\u9fff]{2}[^区县市镇乡村院部局所站校厂会社长员])"
)


def names_of(text: str, grammar: Grammar) -> list[str] | None:
    """Split a run of names with known surnames; ``None`` when a word is no such name."""
    return split_names(text, grammar, strict=True) or None


def parse_credit(text: str, grammar: Grammar) -> Credit | None:
    """Read a byline line such as （记者 王 丹 通讯员 侯宇婕） or 牛利敏 郝晨光 摄影报道; ``None`` when it is none."""
    text = text.strip()
    if not 2 <= len(text) <= EDGE:
        return None
    sign, named = text[0] in grammar.byline_signs, text[0] in grammar.name_signs
    text = text.strip(grammar.byline_signs + " ")
    bracketed = len(text) > 2 and text[0] in "（(［" and text[-1] in "）)］"
    square = bracketed and text[0] == "［"
    if bracketed:
        text = text[1:-1].strip()
    if any(char in text for char in "。！？；“”《》") or not text:
        return None
    text, country = _COUNTRY.subn("", _unify(text, grammar))
    text = _AND_OTHERS.sub("", _SENT_FROM.sub("", text.replace("：", " "))).strip()
    if _ROLE_SLASH.match(text):
        return _read_slashed(text, grammar, bracketed=bracketed, sign=sign)
    # ［先锋颂］, ★走基层·水利 and 中国梦·劳动美 are standing heads: only a role or round brackets make names of them.
    set_off = sign or square
    people, role, photo, agency = _read_people(text, grammar, strict=set_off or not bracketed)
    foreign = any("·" in person.name or "•" in person.name for person in people)
    if foreign and not role and not country and (set_off or not bracketed):
        return None
    standing = not role and len(people) == 1 and (is_standing(people[0].name, grammar) and " " not in text.strip())
    if people and not standing:
        return Credit(tuple(people), role, bracketed, sign, photo, agency, text.startswith(grammar.house))
    people = []
    if not standing and (sign or bracketed):
        people = _read_affiliated(text, grammar, free=named)
        if not people and named and not square and (pen_name := read_pen_name(text, grammar)):
            people = [Person(pen_name, None)]
    return Credit(tuple(people), bracketed=bracketed, sign=sign, affiliated=True) if people else None


# [美]约翰·史密斯: the country of a foreign author.
_COUNTRY = re.compile(r"^[（［(\[〔][\u3400-\u9fff]{1,3}[）］)\]〕] ?(?=[\u3400-\u9fff])")
# 王大山/文 李小平/图: the part behind the names.
_PART_BEHIND = re.compile(
    r"(?<=[\u3400-\u9fff])(?<![文图]) ?[/｜] ?(摄影报道|摄影|供图|绘图|漫画|制图|整理|编译|文|图|摄|画|绘)(?=[ 、，]|$)"
)
_PART_BEFORE = re.compile(rf"(?:^|(?<= ))({'|'.join(sorted(_SLASHED, key=len, reverse=True))})： ?")
_LONE_PART = re.compile(r"^(文|图|摄|图文|文图) (?=[\u3400-\u9fff]{2})")
_AGENCY_PHOTO = re.compile(r"^(?:新华社|中新社|本报|资料)(?:发|供图|供稿|图片)?[（(]([^（）()]{2,20})[）)]$")


def _unify(text: str, grammar: Grammar) -> str:
    """Write 文：王丹 and 王丹/文 as other credits are: 文/王丹, 王丹 文; also take 新华社发 off （王丹 摄）."""
    photo = _AGENCY_PHOTO.match(text)
    text = photo.group(1) if photo else text
    if _PART_BEHIND.search(text) and not _ROLE_SLASH.match(text):
        return _PART_BEHIND.sub(r" \1", text)
    text = _PART_BEFORE.sub(r"\1/", text)
    lone = _LONE_PART.match(text)
    if lone and split_names(text[lone.end() :], grammar, strict=True):
        return f"{lone.group(1)}/{text[lone.end() :]}"
    return text


def read_pen_name(text: str, grammar: Grammar) -> str | None:
    """Read a pen name, which needs no surname (一丁, 海 风, 葛 小 满); ``None`` for a standing word such as 短 评."""
    words = text.strip().split()
    name = "".join(words)
    spaced = len(words) > 1 and all(len(word) == 1 for word in words)
    if not 2 <= len(name) <= 3 or not (spaced or len(words) == 1) or not _HAN_WORD.fullmatch(name):
        return None
    return None if is_standing(name, grammar) else name


def is_standing(word: str, grammar: Grammar) -> bool:
    """Say whether a word that could be a name is a standing head, a page's name, a notice's heading or a remark."""
    return bool(
        grammar.column_words.search(word)
        or grammar.roundups.search(word)
        or word in grammar.sections
        or word in grammar.no_names
        or grammar.notice_titles.fullmatch(word)
    )


def _read_slashed(text: str, grammar: Grammar, *, bracketed: bool, sign: bool) -> Credit | None:
    """Read 文/本报记者 王丹 图/李明: each slash opens a run of names; those without a role of their own take its."""
    parts = _ROLE_SLASH.split(text)
    people: list[Person] = []
    agency: str | None = None
    for word, run in zip(parts[1::2], parts[2::2], strict=True):
        found, _, _, agency = _read_people(run.strip(" 、，"), grammar, strict=False)
        if not found:
            return None
        photo = _SLASHED[word] == "摄影" and word != "文并摄"
        people += [Person(p.name, "摄影" if photo else p.role or _SLASHED[word]) for p in found]
    pictures = all(person.role == "摄影" for person in people)
    return Credit(tuple(people), role=True, bracketed=bracketed, sign=sign, photo=pictures, agency=agency)


def _read_people(text: str, grammar: Grammar, *, strict: bool) -> tuple[list[Person], bool, bool, str | None]:
    """Read role words and runs of names from left to right."""
    people: list[Person] = []
    role: str | None = None
    any_role = photo = False
    agency: str | None = None
    pattern = _role_pattern(grammar)
    at = 0
    last = ""
    pending: list[str] = []
    for match in [*pattern.finditer(text), None]:
        run, found = _strip_house(text[at : match.start() if match else len(text)], grammar)
        agency = agency or found
        if match and match.group() in grammar.roles:
            run = _strip_outlet(run, grammar)
        # 记者走基层 is a standing head: a name set straight after a role word must have a surname.
        glued = any_role and at > 0 and at < len(text) and text[at] not in " 、："
        # 漫画 人生 may be a heading; after 记者 and 作者 a word that names a person stands in any case.
        glued = glued or (last in _THINGS and " " not in run)
        names = split_names(run, grammar, strict=glued or (strict and not any_role and match is None)) if run else []
        if names is None and (any_role or match):
            affiliated = split_affiliation(run, grammar, strict=not any_role and match is None)
            names = affiliated[1] if affiliated else None
        if names is None:
            return [], False, False, None
        word = match.group() if match else ""
        if match and len(word) == 1 and not names and not pending:
            # 文 and 图 follow names; before one they are its surname (评论员 文 思).
            continue
        last = word
        at = match.end() if match else at
        if word == "报道" and strict and not any_role and not all(is_name(n, grammar, strict=True) for n in names):
            # 追踪报道 is a standing head.
            return [], False, False, None
        if match and word in grammar.suffixes and (names or pending) and not _opens_names(text, at, word, grammar):
            # 记者 王丹 文: who wrote it stays a reporter.
            given = role if word == "文" and role else grammar.suffixes[word] or role
            people += [Person(name, given) for name in [*pending, *names]]
            pending, any_role, photo = [], True, photo or given == "摄影"
            continue
        if match and strict and not any_role and names and not all(is_name(n, grammar, strict=True) for n in names):
            return [], False, False, None
        people += [Person(name, role) for name in [*pending, *names]]
        pending = []
        if match:
            role, any_role = grammar.roles.get(word, role), True
    drawn = bool(people) and all(person.role == "绘图" for person in people)
    return people, any_role, photo or drawn or any(person.role == "摄影" for person in people), agency


# Words that name a part and a thing as well; a name after them needs a known surname.
_THINGS = frozenset(("图片", "漫画", "插图", "绘图", "制图", "记录", "讲述", "口述", "整理", "翻译", "搜集"))


def _opens_names(text: str, at: int, word: str, grammar: Grammar) -> bool:
    """Say whether a word that can both follow and precede names (摄影) precedes them here."""
    rest = text[at:].strip()
    return word in grammar.roles and bool(rest) and split_names(rest, grammar, strict=True) is not None


# What names end with too (王大作): as a role it stands after a blank, at the end.
_APART = "画作绘译著"
_role_patterns: dict[int, tuple[Grammar, re.Pattern[str]]] = {}


def _role_pattern(grammar: Grammar) -> re.Pattern[str]:
    """Build the pattern of all role words of a grammar once."""
    known = _role_patterns.get(id(grammar))
    if known and known[0] is grammar:
        return known[1]
    # 文 and 图 alone are role words only as a word of their own or at the end: 王文 is a name.
    long = sorted((w for w in {**grammar.roles, **grammar.suffixes} if len(w) > 1), key=len, reverse=True)
    short = "".join(word for word in grammar.suffixes if len(word) == 1 and word not in _APART)
    parts = [re.escape(word) for word in long]
    if short:
        parts.append(f"(?:(?<= )|(?<=[\\u3400-\\u9fff]))[{short}](?= |$|/)")
    apart = "".join(word for word in grammar.suffixes if word in _APART)
    if apart:
        parts.append(f"(?<= )[{apart}](?=$)")
    pattern = re.compile("|".join(parts) or r"(?!)")
    _role_patterns.clear()
    _role_patterns[id(grammar)] = (grammar, pattern)
    return pattern


def find_edges(key: str, grammar: Grammar) -> Edges:
    """Find marker, byline and 上接 at the start of a text line, 下转, source and byline at its end."""
    edges = Edges(0, len(key))
    _read_lead(key, edges, grammar)
    _read_tail(key, edges, grammar)
    return edges


def _skip(key: str, at: int) -> int:
    while at < len(key) and key[at] == " ":
        at += 1
    return at


def _read_lead(key: str, edges: Edges, grammar: Grammar) -> None:
    at = _skip(key, 0)
    arrows = _BEFORE_JUMP.match(key, at)
    at = arrows.end() if arrows else at
    window = key[: at + 2 * EDGE]
    jump = _bracketed_or_plain(grammar.jump_from, window, at)
    if jump:
        edges.jump_from = page_number(_group(jump, "page", grammar.jump_from))
        edges.lead.append(Piece("jump", at, jump.end()))
        at = _skip(key, jump.end())
    marker = grammar.datelines.match(window, at)
    if marker:
        edges.dateline = read_dateline(marker.group(), grammar)
        edges.lead.append(Piece("dateline", at, marker.end()))
        at = _skip(key, marker.end())
    at = _read_lead_byline(key, at, edges, grammar)
    edges.start = at


_BEFORE_JUMP = re.compile(rf"[{_ARROWS} ]+(?=[（(［\[]?(?:上接|紧接))")


def _bracketed_or_plain(pattern: re.Pattern[str], window: str, at: int) -> re.Match[str] | None:
    """Match a formula in brackets or, without them, up to a blank or the end."""
    if at < len(window) and window[at] in _OPENING:
        found = pattern.match(window, _skip(window, at + 1))
        if not found:
            return None
        close = _skip(window, found.end())
        if close < len(window) and window[close] in _CLOSING:
            return re.compile(re.escape(window[at : close + 1])).match(window, at)
        return None
    return pattern.match(window, at)


def _group(match: re.Match[str], name: str, pattern: re.Pattern[str]) -> str:
    """Read a named group of the pattern inside a match that may include brackets around it."""
    inner = pattern.search(match.group())
    return (inner.groupdict().get(name) or "") if inner else ""


def read_dateline(text: str, grammar: Grammar) -> Dateline:
    """Split 新华社北京10月15日电 into marker, place and date."""
    # A blank behind it stands for what some forms ask to follow.
    tries = ((form, shown) for shown in (text, f"{text} ") for form in grammar.dateline_forms)
    for form, shown in tries:
        match = form.match(shown)
        if match and match.end() == len(text):
            found = match.groupdict()
            marker, place, date = found.get("marker"), found.get("place"), found.get("date")
            return Dateline(marker, place or None, date or None)
    return Dateline(marker=text)


def _read_lead_byline(key: str, at: int, edges: Edges, grammar: Grammar) -> int:
    """Read （记者 王丹） after a marker, or 记者 王丹报道： set without brackets."""
    if at < len(key) and key[at] in "（(":
        close = _close(key, at)
        if close:
            credit = parse_credit(key[at:close], grammar)
            if credit and (credit.role or edges.dateline):
                edges.credits.append(credit)
                edges.lead.append(Piece("byline", at, close))
                return _skip(key, close)
    elif edges.dateline and (found := _lead_names(key, at, grammar)):
        stop, credit = found
        edges.credits.append(credit)
        edges.lead.append(Piece("byline", at, stop))
        return _skip(key, stop)
    else:
        match = _LEAD_REPORT.match(key[at : at + EDGE])
        if match and not edges.dateline and not match.group().endswith("："):
            match = None
        credit = parse_credit(match.group().rstrip("：， "), grammar) if match else None
        if match and credit:
            edges.credits.append(credit)
            edges.lead.append(Piece("byline", at, at + match.end()))
            return _skip(key, at + match.end())
    return at


def _lead_names(key: str, at: int, grammar: Grammar) -> tuple[int, Credit] | None:
    """Read 记者 蓝 田 实习生 舒晓雯, set after a marker with blanks only: where it ends, and the people."""
    window = key[at : at + EDGE]
    if not _role_pattern(grammar).match(_strip_house(window, grammar)[0]):
        return None
    stops = [match.start() for match in _BLANKS.finditer(window)]
    if len(window) < EDGE:
        stops.append(len(window))
    for stop in reversed(stops[:_LEAD_WORDS]):
        credit = parse_credit(window[:stop], grammar)
        if credit and credit.role and credit.people and " " in window[:stop]:
            return at + stop, credit
    return None


_BLANKS = re.compile(r" +")
# Words of the longest credit of that form: three reporters and three correspondents, their names set with blanks.
_LEAD_WORDS = 16


# 记者骆明、通讯员尚农报道： — after a marker a comma or a blank may stand for the colon.
_LEAD_REPORT = re.compile(
    r"(?:本报)?(?:首席|见习|特约)?(?:记者|通讯员)[ ：]?[^，。：（）]{2,30}?(?:报道|摄影报道)(?:[：，]| |$)"
)


def _close(key: str, at: int) -> int:
    """Find the end of the bracket that opens at ``at``, within EDGE; 0 when it does not close."""
    for end in range(at + 1, min(len(key), at + EDGE)):
        if key[end] in "）)":
            return end + 1
        if key[end] in "（(":
            return 0
    return 0


def _read_tail(key: str, edges: Edges, grammar: Grammar) -> None:
    """Peel formulas off the end, last first, until none is left."""
    for _ in range(6):
        end = edges.end
        while end > edges.start and key[end - 1] in f" {_ARROWS}":
            end -= 1
        found = _peel(key, edges.start, end, edges, grammar)
        if found is None:
            break
        edges.tail.insert(0, Piece(found[0], found[1], edges.end))
        edges.end = found[1]
    while edges.end > edges.start and key[edges.end - 1] == " " and not edges.tail:
        edges.end -= 1


def _peel(key: str, start: int, end: int, edges: Edges, grammar: Grammar) -> tuple[str, int] | None:
    """Read one formula that ends at ``end``; its role and start."""
    low = max(start, end - EDGE)
    if end > low and key[end - 1] in _CLOSING:
        opening = max(key.rfind(char, low, end) for char in _OPENING)
        if opening < low:
            return None
        closed = opening > start and key[:opening].rstrip()[-1:] in _SENTENCE_END
        return _peel_inner(key[opening + 1 : end - 1].strip(), opening, edges, grammar, closed=closed)
    return _peel_plain(key, low, end, edges, grammar)


def _peel_inner(inner: str, at: int, edges: Edges, grammar: Grammar, *, closed: bool) -> tuple[str, int] | None:
    """Read the inside of a bracket at the end of a text; ``closed`` says that a sentence ends before it."""
    jump = grammar.jump_to.fullmatch(inner)
    if jump:
        edges.jump_to = page_number(jump.groupdict().get("page") or "")
        return "jump", at
    if grammar.photo_credits.fullmatch(inner):
        edges.source = inner
        edges.end_credits.append(Credit((), photo=True, bracketed=True))
        return "credit", at
    if grammar.credits.fullmatch(inner):
        edges.source = inner
        return "credit", at
    if closed and (grammar.signed.fullmatch(inner) or grammar.signing_bodies.fullmatch(inner)):
        edges.source = inner
        return "credit", at
    credit = parse_credit(f"（{inner}）", grammar)
    # After a full stop a name set with a blank (立 新) is one, with or without a surname.
    spaced = closed and " " in inner and read_pen_name(inner, grammar) is not None
    if credit and (credit.role or credit.affiliated or spaced or _bare(credit, grammar)):
        edges.end_credits.append(credit)
        return "credit", at
    return None


def _peel_plain(  # noqa: PLR0911
    key: str, low: int, end: int, edges: Edges, grammar: Grammar
) -> tuple[str, int] | None:
    """Read a formula without brackets: 下转第3版 anywhere at the end, others after the last full stop."""
    for match in grammar.jump_to.finditer(key, max(low, end - 30), end):
        if match.end() == end and match.group().startswith(("下转", "下接", "续转", "（下转")):
            edges.jump_to = page_number(match.groupdict().get("page") or "")
            start = match.start()
            while start > low and key[start - 1] in f" {_ARROWS}":
                start -= 1
            return "jump", start
    stop = max((key.rfind(char, low, end - 1) for char in _SENTENCE_END), default=-1)
    if stop < low:
        return None
    rest = key[stop + 1 : end].strip()
    at = stop + 1
    if not 2 <= len(rest) <= 40:
        return None
    if grammar.jump_to.fullmatch(rest):
        edges.jump_to = page_number(_group_of(grammar.jump_to, rest))
        return "jump", at
    if grammar.photo_credits.fullmatch(rest):
        edges.source = rest
        edges.end_credits.append(Credit((), photo=True))
        return "credit", at
    if grammar.credits.fullmatch(rest):
        edges.source = rest
        return "credit", at
    credit = parse_credit(rest, grammar)
    # Bare names end a text only after a blank: 万象更 may be the first half of a word that a break cut.
    apart = at < end and key[at] == " "
    if credit and (credit.role or credit.photo or (apart and _bare(credit, grammar))):
        edges.end_credits.append(credit)
        return "credit", at
    return None


def _bare(credit: Credit, grammar: Grammar) -> bool:
    return all(is_name(person.name, grammar, strict=True) for person in credit.people)


def _group_of(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.fullmatch(text)
    return (match.groupdict().get("page") or "") if match else ""
