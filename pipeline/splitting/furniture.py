"""Furniture: mastheads, dates of issue, page numbers, editors' and address lines, which belong to no article."""

from __future__ import annotations

import re

from pipeline.splitting.grammar import Grammar
from pipeline.text import is_han

# The longest furniture line met: address, post code and two telephone numbers.
FURNITURE_MAX = 90


def furniture_reason(key: str, paper: str, grammar: Grammar, *, edge: bool, repeated: bool) -> str | None:  # noqa: PLR0911
    """Name the kind of furniture that a line is, if any."""
    key = key.strip("·•|=_* ")
    if paper and key == paper:
        return "masthead"
    if len(key) <= 10 and grammar.papers.search(key) and grammar.papers.search(key).end() == len(key):  # type: ignore[union-attr]
        # 一线快报 inside a page heads a round-up.
        inside = not edge and grammar.roundups.search(key) is not None
        return "masthead" if edge or repeated or (len(key) <= 6 and not inside) else None
    if key and _is_page_line(key, paper, grammar):
        return "page line"
    if edge and key in grammar.sections:
        return "section"
    editors = grammar.editors.search(key)
    if (
        editors
        and not _SALUTATION.match(key)
        and _is_editors(key[editors.start() :], grammar)
        and _is_page_line(key[: editors.start()], paper, grammar)
    ):
        return "editors"
    if grammar.contacts.match(key) and (edge or re.search(r"\d{5}|@", key)):
        return "address"
    return None


# A letter to the editor opens so.
_SALUTATION = re.compile(r"(?:尊敬的)?编辑(?:部|同志|老师|先生|记者|朋友)*(?:您好|你好|同志|老师)?[：，！]?$")


def _is_page_line(key: str, paper: str, grammar: Grammar) -> bool:
    """Say whether a line is made of a date, a page number and what stands beside them; so is an empty one."""
    words = [word for word in re.split(r"[ 　|·，]+", key) if word]
    if not words or grammar.furniture_strong.fullmatch(key):
        return True
    strong = sum(grammar.furniture_strong.fullmatch(word) is not None for word in words)
    return bool(strong) and all(_is_furniture_word(word, paper, grammar) for word in words)


def _is_furniture_word(word: str, paper: str, grammar: Grammar) -> bool:
    """Say whether a word belongs in a page line; beside a date a short word is a paper's or a page's name."""
    if (
        grammar.furniture_strong.fullmatch(word)
        or grammar.furniture_weak.fullmatch(word)
        or word in grammar.sections
        or word == paper
    ):
        return True
    whole = re.fullmatch(r"(?:第?[A-Z]?\d{1,3}版|星期.|\d{4}年\d{1,2}月\d{1,2}日)*", word)
    return bool(whole) or (2 <= len(word) <= 7 and all(is_han(char) for char in word))


def _is_editors(key: str, grammar: Grammar) -> bool:
    """Say whether a line is made of editors' roles and names (责编：王丹 版式：李平)."""
    match = grammar.editors.match(key)
    if not match or len(key) > 80:
        return False
    rest = grammar.editors.sub(" ", key)
    rest = re.sub(r"(?:电话|热线|邮箱|E-?mail|QQ)：?|[（）()：:/\d@.\-—a-zA-Z 、，|]+", " ", rest)
    return all(len(word) <= 4 for word in rest.split()) and match.end() < len(key)
