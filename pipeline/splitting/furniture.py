"""Furniture: mastheads, dates of issue, page numbers, editors' and address lines, which belong to no article."""

from __future__ import annotations

import re

from pipeline.splitting.grammar import Grammar
from pipeline.text import is_han

# The longest furniture line met: address, post code and two telephone numbers.
FURNITURE_MAX = 120
# A line of words each of which a page line may hold has this many at most: a masthead with the weather has fifteen.
_MAX_WORDS = 24
# A word beside a date that no list knows is a name of a paper, a page or its English name, not longer than this.
_MAX_NAME = 7
# An editors' line names people of up to four characters: 欧阳震华.
_MAX_PERSON = 4
# Letters that a paper's name in pinyin or English has at least: RENMIN RIBAO 11, WENHUI BAO 9.
_MIN_LATIN = 8


# Roles are set with a blank between their two characters to fill a line: 责 编, 版 式.
_SPACED_ROLE = re.compile(r"(责|编|美|校|版|主|监|组|排) (编|辑|对|式|制|版)(?=[ ：:/])")
# What a paper puts above advertisements.
_LABELS = frozenset({"广告", "·广告·", "广 告", "（广告）"})


def furniture_reason(key: str, paper: str, grammar: Grammar, *, edge: bool, repeated: bool) -> str | None:  # noqa: PLR0911
    """Name the kind of furniture that a line is, if any."""
    key = _SPACED_ROLE.sub(r"\1\2", key.strip("·•|=_* —□■"))
    if key in _LABELS:
        return "label"
    if paper and key.replace(" ", "") == paper:
        return "masthead"
    if len(key) <= 10 and grammar.papers.search(key) and grammar.papers.search(key).end() == len(key):  # type: ignore[union-attr]
        # 一线快报 inside a page heads a round-up.
        inside = not edge and grammar.roundups.search(key) is not None
        return "masthead" if edge or repeated or (len(key) <= 6 and not inside) else None
    if key and is_page_line(key, paper, grammar, edge=edge):
        return "page line"
    if edge and key in grammar.sections:
        return "section"
    if edge and grammar.organs.fullmatch(key):
        return "masthead"
    editors = grammar.editors.search(key)
    if (
        editors
        and not _SALUTATION.match(key)
        and _is_editors(key[editors.start() :], grammar)
        and (
            is_page_line(key[: editors.start()], paper, grammar)
            or not _EDITORS_EXTRA.sub(" ", key[: editors.start()]).strip()
        )
    ):
        return "editors"
    named = re.match(rf"(?:{re.escape(paper)}|本报|.{{2,8}}{grammar.papers.pattern})社? ?", key) if paper else None
    of_paper = named is not None and re.match(r"(?:社?地址|社址|电话|新闻热线|广告)", key[named.end() :]) is not None
    if (of_paper or grammar.contacts.match(key)) and (edge or re.search(r"\d{5}|@", key)):
        return "address"
    return None


def is_latin_name(key: str) -> bool:
    """Say whether a line is a paper's or a page's name in pinyin or English: capitals alone (HUAXIA RIBAO)."""
    letters = [char for char in key if char.isalpha()]
    return len(letters) >= _MIN_LATIN and all("A" <= char <= "Z" for char in letters) and len(key) <= 48


# A letter to the editor opens so.
_SALUTATION = re.compile(r"(?:尊敬的)?编辑(?:部|同志|老师|先生|记者|朋友)*(?:您好|你好|同志|老师)?[：，！]?$")


def is_page_line(key: str, paper: str, grammar: Grammar, *, edge: bool = True) -> bool:
    """Say whether a line is made of a date, a page number and what stands beside them; so is an empty one.

    Away from the page's edges a bare number beside words is no page number (36 小时 生死救援).
    """
    words = [word for word in re.split(r"[ 　|·•，/（）()■●◆▲▼◀▶◄►│┃｜丨▍▌]+", key) if word]
    if not words or grammar.furniture_strong.fullmatch(key):
        return True
    if len(words) > _MAX_WORDS:
        return False
    if sum(_NUMBER.fullmatch(word) is not None for word in words) > 1:
        # Numbers in a row are drawn ones, or a table's.
        return False
    if not edge and len(words) > 1 and not any(_DATED.search(word) for word in words):
        return False
    strong = sum(grammar.furniture_strong.fullmatch(word) is not None for word in words)
    return bool(strong) and all(_is_furniture_word(word, paper, grammar, dated=strong > 1) for word in words)


# What a page line has besides a bare number: a date, 第3版, an issue's number.
_DATED = re.compile(r"\d{4}[年.\-/]|年.{1,3}月|[版期号]")
_NUMBER = re.compile(r"\d{1,3}")


def _is_furniture_word(word: str, paper: str, grammar: Grammar, *, dated: bool) -> bool:
    """Say whether a word belongs in a page line; beside a date a short word is a paper's or a page's name."""
    if (
        grammar.furniture_strong.fullmatch(word)
        or grammar.furniture_weak.fullmatch(word)
        or word in grammar.sections
        or word == paper
        or (dated and grammar.skies.fullmatch(word))
    ):
        return True
    whole = re.fullmatch(r"(?:第?[A-Z]?\d{1,3}版|星期.|\d{4}年\d{1,2}月\d{1,2}日)*", word)
    return bool(whole) or (2 <= len(word) <= _MAX_NAME and all(is_han(char) for char in word))


# What an editors' line holds beside roles and names.
_EDITORS_EXTRA = re.compile(
    r"(?:新闻|本版|编辑部|读者|报料|联系)?(?:电话|热线|邮箱|信箱|传真|投稿|微信|微博|来信|网址|E-?mail|QQ群?)：?"
    r"|[（）()：:/\d@.\-—_×*xXa-zA-Z 、，|｜]+"
)


def _is_editors(key: str, grammar: Grammar) -> bool:
    """Say whether a line is made of editors' roles and names (责编：王丹 版式：李平)."""
    match = grammar.editors.match(key)
    if not match or len(key) > FURNITURE_MAX:
        return False
    rest = _EDITORS_EXTRA.sub(" ", grammar.editors.sub(" ", key))
    return all(len(word) <= _MAX_PERSON for word in rest.split()) and match.end() < len(key)
