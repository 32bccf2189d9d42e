"""Seams: whether one block of text goes on where another broke off.

A column or page break cuts a paragraph at any character. Whether two blocks are the halves of one is judged from the
punctuation at the cut, from words that the cut would restore and that the page holds elsewhere, from how paragraphs
open, and, where one is loaded, from a language model of characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Protocol

from pipeline.splitting.lines import ends_open
from pipeline.text import is_han

# Characters looked at on either side; a model of characters sees no further.
_REACH = 40
# Log-odds of the single clues, in nats, set by hand on 40 development pages.
JOIN_OPEN, _CLOSED = 1.5, -5.0
_DANGLING, _LEADING_MARK, _WORD, _LONGER_WORD, _OPENER = 1.5, 5.0, 1.2, 1.0, -1.2
_LIMIT = 6.0
# Characters that no sentence, and hardly a heading, stops at.
_DANGLERS = frozenset(
    "的和与在将把被及从向对为以由于并或但而且让使就是其这那一二三四五六七八九十两第每各不没也都又还更，、："
)
_LEADERS = frozenset("，、。；！？）”’》】…")
_OPENERS = re.compile(
    r"(?:“|（[一二三四五六七八九十]）|[一二三四五六七八九十]{1,2}[、是要]|第[一二三四五]|\d{1,2}[.．、]|\d{1,2}月\d{1,2}日|\d{1,2}日|\d{4}年|"
    r"据|记者|近日|日前|昨[日天]|今[日天年]|目前|当前|此[外次前时]|同时|另外|另据|随[着后]|其中|其实|然而|但|不过|为[了此]|对此|如今|现在|如果|当[日天地]|截至|下一步|接下来|本报|新华社|通知|会议|他|她|"
    r"问：|答：)"
)


def opens_sentence(key: str) -> bool:
    """Say whether a line opens as paragraphs do: 据…, 记者…, a date, a number of a list."""
    return _OPENERS.match(key) is not None


class JoinModel(Protocol):
    """Ask of a language model that it can weigh a join."""

    def join_gain(self, left: str, right: str) -> float:
        """Give the log-odds in nats that ``right`` continues ``left`` in mid-sentence."""
        ...


class Seams:
    """Weigh joins on one page; ``keys`` are its normalised blocks."""

    def __init__(self, keys: Iterable[str], lm: JoinModel | None = None) -> None:
        self._lm = lm
        self._known: dict[tuple[str, str], float] = {}
        self._words: set[str] = set()
        for key in keys:
            self._words.update(map("".join, pairwise(key)))
            self._words.update(map("".join, zip(key, key[1:], key[2:], strict=False)))

    def gain(self, left: str, right: str) -> float:
        """Give the log-odds that ``right`` (normalised, stripped) continues ``left`` in mid-sentence."""
        pair = left.rstrip()[-_REACH:], right.lstrip()[:_REACH]
        known = self._known.get(pair)
        if known is None:
            known = self._known[pair] = self._gain(*pair)
        return known

    def _gain(self, left: str, right: str) -> float:
        """Weigh a join that was not asked for before on this page."""
        if not left or not right:
            return _CLOSED
        if right[0] in _LEADERS:
            return _LEADING_MARK if left[-1] not in _LEADERS else -_LEADING_MARK
        if not ends_open(left):
            return _CLOSED
        score = JOIN_OPEN + self._word(left, right)
        if left[-1] in _DANGLERS:
            score += _DANGLING
        if _OPENERS.match(right):
            score += _OPENER
        if self._lm is not None:
            score += max(-_LIMIT, min(_LIMIT, self._lm.join_gain(left, right)))
        return max(-_LIMIT, min(_LIMIT, score))

    def _word(self, left: str, right: str) -> float:
        """Score the words that the join restores, if the page holds them elsewhere."""
        pair = left[-1] + right[0]
        if not (is_han(left[-1]) and is_han(right[0])):
            return 1.0 if pair.isascii() and pair.isalnum() else 0.0
        score = _WORD if pair in self._words else 0.0
        if left[-2:] + right[0] in self._words or left[-1] + right[:2] in self._words:
            score += _LONGER_WORD
        return score
