"""Find money, percentages, measures, counts and ordinals, with plain values and standard units.

Spans: the numeral, its 余 or 多, and the unit (800余平方米); hedges around it (约, 近, 以上, 左右) are outside,
since a quantity has no modifier. A range whose ends share a unit (3至5米) is one span, and so is a vague numeral
(数十台); their value is ``None``. A fraction is a percentage (三分之一 is 33.3333).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from spacy.language import Language
from spacy.tokens import Doc

from pipeline.components import text_of, units
from pipeline.components.numerals import CONNECTOR, NUMBER, fold, parse_number
from pipeline.types import Quantity, Time

Kind = Literal["money", "percent", "measure", "count", "ordinal"]

# A congress or committee numbers its terms (十五届); 2024届 is a year's graduates.
MAX_SESSION = 200
# Decimals kept of a fraction that does not come out even (三分之一).
FRACTION_DIGITS = 4

_AFTER_NUMBER = re.compile(
    rf"(?P<to>{CONNECTOR}(?P<n2>{NUMBER}))?(?P<infix>[余多来几])? ?(?:"
    rf"(?P<pp>个百分点|百分点)|(?P<percent>%(?![A-Za-z0-9]))|(?P<permille>‰)"
    rf"|(?P<cheng>成)(?![立功果为都年本员绩交长品套千熟就效因片型语名体堆份群语])(?P<half>[一二三四五六七八九](?!成))?"
    rf"|(?P<currency>{units.CURRENCY})|(?P<measure>{units.MEASURE})|(?P<coin>{units.COIN})"
    rf"|(?P<magnitude>级)(?=(?:以上|左右|强|的)?(?:地震|大风|阵风|风|台风|余震|震))"
    rf"|(?P<grade>级)|(?P<degree>度(?![假过量]))|(?P<count>{units.CLASSIFIER})|(?P<session>届)(?![时会])"
    r")?"
)
_START = re.compile(
    rf"(?P<ordinal>第(?P<on>{NUMBER})(?P<ounit>{units.ORDINAL_CLASSIFIER})?)"
    rf"|(?P<fraction>(?P<below>{NUMBER}|百|千|万)分之(?P<above>{NUMBER}))"
    rf"|(?P<slash>(?<![\d/.])(?P<top>\d{{1,3}})/(?P<bottom>\d{{1,4}})(?![\d/A-Za-z年月]))"
    rf"|(?P<sign>[¥￥$＄€£]) ?(?P<sn>{NUMBER})(?P<sinfix>[余多])?"
    rf"|首(?P<first>[{units.FIRST_UNITS}])(?![层级府席])"
    rf"|(?P<n>{NUMBER})"
)
# What before a numeral makes it a part of a code, an ordinal or a longer number.
_CONTINUES = re.compile(r"[A-Za-z0-9_.,/:+#第*]")
_BELOW_ZERO = re.compile(r"零下 ?$|(?<![\w%℃)\]])[-−]$")
_HEAT = re.compile(r"(?:零下|零上|气温|体温|温度|升温|降温|高温|低温|回升至?|降至|达到?|高达|最高|最低) ?$")
_RANK = re.compile(r"(?:位居|名列|位列|排名|排|列|获|获得|得|居|位于)(?:全国|全省|全市|世界|全球)?$")
_FORCE = re.compile(r"(?:风力|阵风|风速|震级|[东南西北]风)(?:达|为|可达|达到)?$")
# 一 before a classifier is an article; 二 there is an ordinal or a part of a word (二次, 二级), a count is 两.
_NO_COUNT = frozenset("一二")
# 长三角, 四角, 八角: numerals that make 角 a corner.
_CORNERS = frozenset("三四八")
_AFTER_CORNER = frozenset("大星场形")  # 五角大楼
_ALONE = frozenset("百千万亿十")
_HEDGED = re.compile(r"[上近逾超约达数成余过]$")
_HAN_NUMERALS = set("零〇一二两三四五六七八九十百千万亿几数廿卅")


def find_quantities(text: str, *, times: Sequence[Time] = ()) -> list[Quantity]:
    """Find quantities outside the given time spans, in order, without overlap."""
    folded = fold(text)
    found: list[Quantity] = []
    spans = iter([(time.start, time.end) for time in times])
    start, end = next(spans, (len(text), len(text)))
    for quantity in _scan(folded):
        while end <= quantity.start and end < len(text):
            start, end = next(spans, (len(text), len(text)))
        if quantity.end <= start:
            found.append(_with_text(quantity, text))
    return found


def _with_text(quantity: Quantity, text: str) -> Quantity:
    piece = text[quantity.start : quantity.end]
    return Quantity(quantity.start, quantity.end, piece, quantity.kind, quantity.value, quantity.unit)


def _scan(text: str) -> Iterator[Quantity]:
    """Yield the quantities of a folded text; their ``text`` is set by the caller."""
    at = 0
    while (begin := _START.search(text, at)) is not None:
        quantity = _read(text, begin)
        at = begin.end()
        if quantity is not None:
            yield quantity
            at = max(at, quantity.end)


def _read(text: str, begin: re.Match[str]) -> Quantity | None:
    """Read what begins at a match of :data:`_START`."""
    if begin["ordinal"]:
        return _read_ordinal(text, begin)
    if begin["first"]:
        return Quantity(begin.start(), begin.end(), "", "ordinal", 1, begin["first"])
    if begin["fraction"] or begin["slash"]:
        return _read_fraction(begin)
    if begin["sign"]:
        return _read_price(begin)
    return _read_number(text, begin)


def _read_ordinal(text: str, begin: re.Match[str]) -> Quantity | None:
    """Read 第三代 and a rank at the end of a clause (名列第三); 第二医院 and 第一时间 are names and words."""
    value = parse_number(begin["on"])
    if value is None:
        return None
    unit = begin["ounit"]
    if unit is None:
        after = text[begin.end() : begin.end() + 1]
        if not (after == "" or after in "，。；、！？,;!?)\n") or not _RANK.search(text, 0, begin.start()):
            return None
    return Quantity(begin.start(), begin.end(), "", "ordinal", value, unit)


def _read_fraction(begin: re.Match[str]) -> Quantity | None:
    """Read 百分之三十五点六, 三分之一 and 1/3 as percentages."""
    below, above = begin["below"] or begin["bottom"], begin["above"] or begin["top"]
    bottom, top = parse_number(below), parse_number(above)
    if not bottom or (begin["slash"] and (top is None or top >= bottom or bottom > 100)):
        return None
    value = None if top is None else _plain(100 * top / bottom)
    return Quantity(begin.start(), begin.end(), "", "percent", value, "%")


def _read_price(begin: re.Match[str]) -> Quantity | None:
    value = parse_number(begin["sn"])
    unit = units.CURRENCY_SIGNS[begin["sign"]]
    return None if value is None else Quantity(begin.start(), begin.end(), "", "money", value, unit)


def _read_number(text: str, begin: re.Match[str]) -> Quantity | None:
    """Read a numeral with what stands after it."""
    number, start = begin["n"], begin.start()
    after = _AFTER_NUMBER.match(text, begin.end())
    if after is None or after.lastgroup is None or _is_part_of_code(text, start):
        return None
    if number in _ALONE and number != "十" and after["infix"] is None and not _HEDGED.search(text[start - 1 : start]):
        return None
    if after["infix"] == "几" and number[-1] not in "十百千":
        return None
    value = None if after["to"] or after["infix"] == "几" else parse_number(number)
    found = _by_unit(text, begin, after, value)
    if found is None:
        return None
    kind, value, unit = found
    if value is not None and (below := _BELOW_ZERO.search(text, max(0, start - 3), start)) is not None:
        start, value = below.start(), -value
    return Quantity(start, after.end(), "", kind, value, unit)


def _is_part_of_code(text: str, start: int) -> bool:
    """Say whether a numeral continues a code, an ordinal or a longer numeral: K149, 0351-400, 第, 1.2.3."""
    before = text[start - 1 : start]
    if before == "-":
        return start > 1 and text[start - 2].isascii() and text[start - 2].isalnum()
    if before in (",", ":", "/", "+"):
        return start > 1 and text[start - 2].isascii() and text[start - 2].isdigit()
    return bool(before) and (_CONTINUES.match(before) is not None or before in _HAN_NUMERALS)


def _by_unit(
    text: str, begin: re.Match[str], after: re.Match[str], value: float | None
) -> tuple[Kind, float | None, str | None] | None:
    """Give kind, value and unit by what stands after the numeral; ``None`` where it makes no quantity."""
    if after["pp"] or after["percent"] or after["permille"]:
        return ("percent", _scaled(value, 0.1) if after["permille"] else value, "pp" if after["pp"] else "%")
    if after["cheng"]:
        return _tenths(begin["n"], value, after["half"])
    if after["currency"] or after["coin"]:
        return _money(text, begin, after, value)
    if after["measure"]:
        return ("measure", value, units.MEASURES[after["measure"]])
    if after["session"]:
        return ("ordinal", value, "届") if value is not None and 1 < value < MAX_SESSION else None
    return _by_classifier(text, begin, after, value)


def _money(
    text: str, begin: re.Match[str], after: re.Match[str], value: float | None
) -> tuple[Kind, float | None, str | None] | None:
    """Read 元, foreign money, and coins as parts of 元."""
    if after["coin"] == "角" and (begin["n"] in _CORNERS or text[after.end() : after.end() + 1] in _AFTER_CORNER):
        return None
    if after["coin"]:
        return ("money", _scaled(value, units.COINS[after["coin"]]), "CNY")
    return ("money", value, units.MONEY[after["currency"]]) if _is_money(text, begin) else None


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else _plain(value * factor)


def _by_classifier(
    text: str, begin: re.Match[str], after: re.Match[str], value: float | None
) -> tuple[Kind, float | None, str | None] | None:
    """Read degrees, grades and classifiers, which are units only in some company."""
    if after["degree"]:
        return ("measure", value, "Cel") if _HEAT.search(text, max(0, begin.start() - 6), begin.start()) else None
    if after["magnitude"]:
        return ("measure", value, "级")
    if after["count"]:
        return ("count", value, after["count"]) if _is_count(text, begin, after) else None
    if after["grade"]:
        return ("measure", value, "级") if _FORCE.search(text, max(0, begin.start() - 6), begin.start()) else None
    return None


def _tenths(number: str, value: float | None, half: str | None) -> tuple[Kind, float | None, str | None] | None:
    """Read 八成 as 80 % and 七成五 as 75 %; 六七成 has no single value."""
    if value is None:
        return ("percent", None, "%") if set(number) <= _HAN_NUMERALS and "十" not in number else None
    if not 1 <= value <= 10:
        return None
    return ("percent", _plain(value * 10 + (parse_number(half) or 0 if half else 0)), "%")


def _is_money(text: str, begin: re.Match[str]) -> bool:
    """Refuse 二元结构 and “五元”评价: Chinese numerals before 元 that name a kind."""
    number = begin["n"]
    if text[begin.start() - 1 : begin.start()] in set("“‘") and not number[0].isascii():
        return False
    if text.startswith("元", begin.end()) and number in ("一", "二", "三", "几"):
        return text[begin.end() + 1 : begin.end() + 2] in "，。；、)！ 一左钱"
    return True


def _is_count(text: str, begin: re.Match[str], after: re.Match[str]) -> bool:
    """Refuse 一 and 二 with a classifier, words (四处) and slogans in quotation marks (“四个面向”)."""
    number, start = begin["n"], begin.start()
    if number[0].isascii():
        return True
    if set(number) <= _NO_COUNT and after["infix"] is None and after["count"] != "倍":
        return False
    if number + after["count"] in units.COUNT_WORDS:
        return False
    return not (start > 0 and text[start - 1] in "“‘《\"'这那哪每某")


def _plain(value: float) -> float:
    """Round to a few decimals and write whole numbers as integers."""
    rounded = round(value, FRACTION_DIGITS)
    return int(rounded) if rounded == int(rounded) else rounded


class QuantityFinder:
    """Put the quantities of a Doc on ``doc._.quantities``."""

    def __call__(self, doc: Doc) -> Doc:
        """Find quantities outside the Doc's time expressions."""
        doc._.quantities = tuple(find_quantities(text_of(doc), times=doc._.times))
        return doc


def make_quantities(nlp: Language, name: str) -> QuantityFinder:
    """Make the stage ``quantities``."""
    del nlp, name
    return QuantityFinder()
