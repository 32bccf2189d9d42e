"""Seams: whether one block of text goes on where another broke off.

A column or page break cuts a paragraph at any character. Whether two blocks are the halves of one is judged from the
punctuation at the cut, from words that the cut would restore and that the page holds elsewhere, from how paragraphs
open, and, where one is loaded, from a language model of characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Protocol

from pipeline.splitting.lines import ends_open
from pipeline.text import is_han

# Characters looked at on either side; a model of characters sees no further.
_REACH = 40
# Joins that the model weighs at once: more take memory and no less time.
_BATCH = 1024
# Log-odds of the single clues, in nats, set by hand on 40 development pages.
JOIN_OPEN, _CLOSED = 1.5, -5.0
_DANGLING, _LEADING_MARK, _WORD, _LONGER_WORD, _OPENER = 1.5, 5.0, 1.2, 1.0, -1.2
_LIMIT = 6.0
# Characters that no sentence, and hardly a heading, stops at.
_DANGLERS = frozenset(
    "的和与在将把被及从向对为以由于并或但而且让使就是其这那一二三四五六七八九十两第每各不没也都又还更，、："
)
LEADERS = frozenset("，、。；！？）”’》】…")
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

    def join_gains(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """Give the log-odds in nats that the right text of each pair continues the left one in mid-sentence."""
        ...


def _near(left: str, right: str) -> tuple[str, str]:
    """Give the ends of two texts that meet at a seam."""
    return left.rstrip()[-_REACH:], right.lstrip()[:_REACH]


def _is_open(left: str, right: str) -> bool:
    """Say whether the model has a say at a seam: the left text stops inside a sentence, the right one goes on."""
    return bool(left and right) and right[0] not in LEADERS and ends_open(left)


class Seams:
    """Weigh joins on one page; ``keys`` are its normalised blocks."""

    def __init__(self, keys: Iterable[str], lm: JoinModel | None = None) -> None:
        self._lm = lm
        self._known: dict[tuple[str, str], float] = {}
        self._words: set[str] = set()
        for key in keys:
            self._words.update(map("".join, pairwise(key)))
            self._words.update(map("".join, zip(key, key[1:], key[2:], strict=False)))
        self._gains: dict[tuple[str, str], float] = {}

    def prepare(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Ask the language model of many joins at once, which takes a tenth of the time; :meth:`gain` remembers."""
        if self._lm is None:
            return
        near = (_near(*pair) for pair in pairs)
        wanted = list(dict.fromkeys(pair for pair in near if _is_open(*pair) and pair not in self._gains))
        for at in range(0, len(wanted), _BATCH):
            batch = wanted[at : at + _BATCH]
            self._gains.update(zip(batch, self._lm.join_gains(batch), strict=True))

    def gain(self, left: str, right: str) -> float:
        """Give the log-odds that ``right`` (normalised, stripped) continues ``left`` in mid-sentence."""
        pair = _near(left, right)
        known = self._known.get(pair)
        if known is None:
            known = self._known[pair] = self._gain(*pair)
        return known

    def _gain(self, left: str, right: str) -> float:
        """Weigh a join that was not asked for before on this page."""
        if not left or not right:
            return _CLOSED
        if right[0] in LEADERS:
            return _LEADING_MARK if left[-1] not in LEADERS else -_LEADING_MARK
        if not ends_open(left):
            return _CLOSED
        score = JOIN_OPEN + self._word(left, right)
        if left[-1] in _DANGLERS:
            score += _DANGLING
        if _OPENERS.match(right):
            score += _OPENER
        if self._lm is not None:
            if (left, right) not in self._gains:
                self.prepare([(left, right)])
            score += max(-_LIMIT, min(_LIMIT, self._gains[left, right]))
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
