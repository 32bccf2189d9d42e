"""Read numerals as newspapers set them: 1,280, ２０２４, 3亿5000万, 两千三百, 三十五点六, 二〇二四, 十几.

:data:`NUMBER` finds a numeral in folded text (see :func:`fold`), :func:`parse_number` gives its value.
"""

from __future__ import annotations

import re
from decimal import Decimal

_DIGITS = dict(zip("零〇○一二三四五六七八九", (0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9), strict=True)) | {"两": 2}
_SMALL = {"十": 10, "百": 100, "千": 1000}
_LARGE = {"万": 10**4, "亿": 10**8}
_TENS = {"廿": 20, "卅": 30}

# Full-width forms that stand for one ASCII character each, so that offsets stay.
_FOLD = str.maketrans(
    {chr(0xFF10 + i): str(i) for i in range(10)}
    | {chr(0xFF21 + i): chr(65 + i) for i in range(26)}
    | {chr(0xFF41 + i): chr(97 + i) for i in range(26)}
    | {"．": ".", "％": "%", "﹪": "%", "：": ":", "－": "-", "（": "(", "）": ")", "\u3000": " ", "○": "〇", "／": "/"}
)

# Longer than any figure that a newspaper prints in full; a longer run of digits is a serial number.
MAX_DIGITS = 15

# 千 belongs to the unit in 千瓦, 千克, 千米 …; 百 in 百帕.
_MULTIPLIER = r"(?:[十万亿]|百(?!帕|分)|千(?![瓦克卡米伏赫帕焦分]))"
_ARABIC = r"(?:\d{1,3}(?:,\d{3})++(?!\d)(?:\.\d++)?|\d++(?:\.\d++)?)"
_HAN_DIGIT = "[零〇一二两三四五六七八九]"
ARABIC_NUMBER = rf"(?:{_ARABIC}(?: ?(?:[多余几来](?=[百千万亿]))?{_MULTIPLIER}++(?:\d++(?:\.\d++)?{_MULTIPLIER}++)?)?)"
HAN_NUMBER = (
    rf"(?:(?:数(?=[十百千万亿])|[几廿卅]|{_HAN_DIGIT}|{_MULTIPLIER})"
    rf"(?:{_HAN_DIGIT}|{_MULTIPLIER}|几|[多余](?=[万亿]))*+(?:点{_HAN_DIGIT}++)?)"
)
NUMBER = rf"(?:{ARABIC_NUMBER}|{HAN_NUMBER})"
# What joins the ends of a range: 3至5, 5—10, 20~30.
CONNECTOR = r"(?: ?(?:至|到|-|—{1,2}|–|~|～|―) ?)"

_TOKEN = re.compile(r"\d+(?:\.\d+)?|.", re.DOTALL)


def fold(text: str) -> str:
    """Map full-width digits, letters and the marks of numbers to ASCII, one character for one."""
    return text.translate(_FOLD)


def parse_number(text: str) -> int | float | None:
    """Give a numeral's value; ``None`` for a vague one (几十, 数百, 三五) or one that is no number.

    余, 多 and 来 are left out of the value: 800余 is 800, 30多万 is 300000. Commas group thousands.
    """
    text = text.replace(",", "").replace(" ", "")
    if sum(char.isdigit() for char in text) > MAX_DIGITS or any(char in "几数" for char in text) or not text:
        return None
    text = text.rstrip("余多来")
    if text and all(char in _DIGITS for char in text):
        return _read_digits(text)
    whole, _, fraction = text.partition("点")
    value = _read_units(whole)
    if value is None:
        return None
    if fraction:
        digits = [_DIGITS.get(char) for char in fraction]
        if None in digits:
            return None
        value += Decimal("0." + "".join(map(str, digits)))
    return int(value) if value == value.to_integral_value() else float(value)


def _read_digits(text: str) -> int | None:
    """Read a numeral of digits only, by position; two neighbours without zero (三五个) are an estimate."""
    digits = [_DIGITS[char] for char in text]
    if len(digits) in (2, 3) and 0 not in digits:
        return None
    return int("".join(map(str, digits)))


def _read_units(text: str) -> Decimal | None:
    """Read a numeral with 十 百 千 万 亿, Arabic parts included; a last bare digit counts the next lower unit.

    ``done`` is what stands before the last 万 or 亿, ``section`` what the small units after it have made.
    """
    done, section, last_unit = Decimal(0), Decimal(0), 0
    current: Decimal | None = None
    for part in _TOKEN.findall(text):
        if part in "余多来":
            continue
        if part in _SMALL or part in _TENS:
            section += _TENS.get(part) or (Decimal(1) if current is None else current) * _SMALL[part]
            current, last_unit = None, _SMALL.get(part, 1)
        elif part in _LARGE:
            done = _close_section(done, section, current, _LARGE[part])
            section, current, last_unit = Decimal(0), None, _LARGE[part]
        elif part in "零〇":
            last_unit = 0
        elif current is not None or not (part in _DIGITS or part.isdecimal() or "." in part):
            return None
        else:
            current = Decimal(_DIGITS.get(part, part))
            last_unit = last_unit if part in _DIGITS else 0
    if current is not None and last_unit > _SMALL["十"]:
        current = current * last_unit / 10
    return done + section + (current or 0)


def _close_section(done: Decimal, section: Decimal, current: Decimal | None, unit: int) -> Decimal:
    """Multiply what stands before 万 or 亿; 亿 after 万 multiplies all (2.5万亿), 万 after 亿 only its section."""
    below = section + (current or 0)
    if below == 0 and current is None and done == 0:
        below = Decimal(1)
    return (done + below) * unit if done < unit else done + below * unit
