"""Write the values of time expressions that need no other date: durations, sets, clock times, decades, plans."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from pipeline.components import dates
from pipeline.components.dates import Partial
from pipeline.components.numerals import parse_number

WEEKDAYS = {**{char: i for i, char in enumerate("一二三四五六日", 1)}, "天": 7}
EDGES = {"初": "START", "首": "START", "底": "END", "末": "END", "上": "START", "中": "MID", "下": "END"}
SEASONS = {"春": "SP", "夏": "SU", "秋": "FA", "冬": "WI"}
_EARLY, _MORNING, _NOON, _AFTERNOON, _EVENING, _NIGHT = "EARLY", "MO", "MI", "AF", "EV", "NI"
_PARTS = {
    **dict.fromkeys(("凌晨",), _EARLY),
    **dict.fromkeys(("清晨", "早晨", "早上", "早间", "上午", "早", "晨"), _MORNING),
    **dict.fromkeys(("中午", "正午"), _NOON),
    **dict.fromkeys(("午后", "下午"), _AFTERNOON),
    **dict.fromkeys(("傍晚", "晚间", "晚上", "晚"), _EVENING),
    **dict.fromkeys(("夜间", "夜里", "夜晚", "深夜", "午夜", "夜"), _NIGHT),
}
# TIMEX3 has no code of its own for the hours after midnight; they are the beginning of MO.
_PART_CODES = {_EARLY: "MO"}
_UNITS = {
    "年": "Y",
    "周年": "Y",
    "月": "M",
    "个月": "M",
    "周": "W",
    "星期": "W",
    "礼拜": "W",
    "天": "D",
    "日": "D",
    "昼夜": "D",
    "小时": "TH",
    "钟头": "TH",
    "分钟": "TM",
    "分": "TM",
    "秒": "TS",
    "秒钟": "TS",
}
_LARGER_UNITS = {"世纪": ("Y", 100), "季度": ("M", 3), "刻钟": ("TM", 15)}
_HALVES = {"Y": "P6M", "TH": "PT30M", "D": "PT12H", "TM": "PT30S"}
_HEDGES = {
    "约": "APPROX",
    "大约": "APPROX",
    "近": "LESS_THAN",
    "不到": "LESS_THAN",
    "超过": "MORE_THAN",
    "逾": "MORE_THAN",
    "至少": "EQUAL_OR_MORE",
    "最多": "EQUAL_OR_LESS",
    "左右": "APPROX",
    "上下": "APPROX",
    "以上": "EQUAL_OR_MORE",
    "余": "MORE_THAN",
    "多": "MORE_THAN",
    "来": "APPROX",
    "几": "MORE_THAN",
}

TimeType = Literal["DATE", "TIME", "DURATION", "SET"]
# Where a year comes from: written in the text, a word like 去年, or neither.
YearSource = Literal["spelled", "relative"] | None


class Year(NamedTuple):
    """Hold a year, what it was counted from, and where it comes from."""

    number: int | None = None
    anchor: str | None = None
    source: YearSource = None


@dataclass(frozen=True, slots=True)
class Meaning:
    """Hold what an expression means, before it has an id."""

    type: TimeType
    value: str | None
    mod: str | None = None
    anchor: str | None = None
    date: Partial | None = None
    year: YearSource = None
    afternoon: bool = False


def read_iso(parts: Mapping[str, str]) -> Meaning | None:
    """Read 2024-10-15 and 2024.9.30."""
    date = Partial(int(parts["y"]), int(parts["m"]), int(parts["d"]))
    return Meaning("DATE", date.iso(), date=date, year="spelled") if date.exact() else None


def read_plan(parts: Mapping[str, str]) -> Meaning | None:
    """Read “十四五”时期 as the plan's first and last year."""
    number = (10 if "tens" in parts else 0) + WEEKDAYS.get(parts.get("ones", ""), 0)
    years = dates.five_year_plan(number)
    if years is None:
        return None
    value = {"末": f"{years[1]}", "收官之年": f"{years[1]}", "开局之年": f"{years[0]}"}.get(parts["tail"])
    return Meaning("DATE", value or f"{years[0]}/{years[1]}")


def read_decade(parts: Mapping[str, str]) -> Meaning:
    """Read 90年代 and 1990年代."""
    decade = decade_digit(parts["dec"])
    # Bare 30年代 to 90年代 are the twentieth century's in news; 10年代 and 20年代 are not used for it any more.
    century = parts.get("dy") or ("19" if int(decade) >= 3 else "20")
    return Meaning("DATE", f"{century}{decade}X", mod=edge_modifier(parts.get("cedge")))


def read_set(parts: Mapping[str, str]) -> Meaning:
    """Read 每年, 每周三, 每月15日, 每天上午9时: how often, or when each time."""
    unit = parts["su"]
    part = parts.get("part") or {"晚": "晚", "晨": "晨", "早": "早"}.get(unit)
    if "swd" in parts:
        day = parts["swd"]
        return Meaning("SET", "XXXX-WXX-WE" if day == "末" else f"XXXX-WXX-{WEEKDAYS[day]}")
    if "sseason" in parts:
        return Meaning("SET", f"XXXX-{SEASONS[parts['sseason']]}")
    month, day_number = (read_small(parts.get(key)) for key in ("sm", "sd"))
    if month is not None or day_number is not None:
        value = Partial(None, month, day_number).iso()
        last = read_small(parts.get("smto"))
        tail = "" if last is None else f"/XXXX-{last:02d}"
        return Meaning("SET", value if day_number is not None else value[:7] + tail)
    if part or "h" in parts or "h2" in parts:
        clock = clock_value(parts, part, afternoon=False)
        return Meaning("SET", f"XXXX-XX-XXT{clock[0]}", mod=clock[1], date=Partial(), afternoon=clock[2])
    number = parse_number(parts["n"]) if "n" in parts and parts["n"] != "半" else 1
    unit = {"晚": "天", "晨": "天", "早": "天"}.get(unit, unit)
    if parts.get("n") == "半":
        return Meaning("SET", _HALVES.get(_UNITS.get(unit, ""), "P0.5M"))
    return Meaning("SET", duration_value(number, unit))


def read_duration(parts: Mapping[str, str]) -> Meaning:
    """Read 43分钟, 两年半, 1小时20分, 9秒83; a vague number is ``X``."""
    unit = "秒" if parts["u"].startswith("秒") else parts["u"]
    code, factor = _LARGER_UNITS.get(unit, (_UNITS.get(unit, ""), 1))
    hedge = (
        parts.get("pre")
        or parts.get("after")
        or parts.get("inf")
        or parts.get("inf2")
        or ("多" if parts.get("half") == "多" else None)
    )
    mod = _HEDGES.get(hedge or "")
    if parts["n"] == "半":
        value = f"P{50}Y" if unit == "世纪" else _HALVES.get(code, f"P0.5{code[-1]}")
        return Meaning("DURATION", value, mod)
    number = None if parts["n"] in ("多", "数") or "to" in parts else parse_number(parts["n"])
    if "cs" in parts and number is not None:
        return Meaning("DURATION", f"PT{number}.{parts['cs']}S", mod)
    value = duration_value(number, unit if factor == 1 else code.lower(), factor=factor, code=code)
    half = parts.get("mid") == "半" or parts.get("half") == "半"
    if half and number is not None:
        value = add_half(value, code)
    if "n2" in parts:
        second = parse_number(parts["n2"])
        tail = duration_value(second, parts["u2"]).removeprefix("P")
        value += tail.removeprefix("T") if "T" in value else tail
        if "n3" in parts:  # 20分30秒, but 22秒08 is 22.08 seconds
            value = f"{value[:-1]}.{parts['n3']}S" if parts["u2"] == "秒" else f"{value}{parts['n3']}S"
    return Meaning("DURATION", value, mod)


def plus(year: int | None, shift: int) -> int | None:
    """Go some years on from a year that may be unknown."""
    return None if year is None else year + shift


def read_small(text: str | None) -> int | None:
    """Read a numeral of a month, day or hour."""
    number = parse_number(text) if text else None
    return None if number is None else int(number)


def decade_digit(text: str) -> str:
    """Give the third digit of a decade's years: 90 and 九十 are 9."""
    return str(int(parse_number(text) or 0) // 10)


def edge_modifier(word: str | None) -> str | None:
    """Give the modifier of 年初, 末期, 中叶."""
    if not word:
        return None
    return {"初": "START", "前": "START", "底": "END", "末": "END", "后": "END", "中": "MID"}.get(word.lstrip("年")[:1])


def duration_value(number: float | None, unit: str, *, factor: int = 1, code: str | None = None) -> str:
    """Write a duration, ``P3M`` or ``PT43M``; a vague number is ``X``."""
    code = _UNITS.get(unit, code or "") if code is None or factor == 1 else code
    if unit in _LARGER_UNITS:
        code, factor = _LARGER_UNITS[unit]
    text = "X" if number is None else f"{number * factor:g}" if number * factor < 10**6 else str(int(number * factor))
    return f"P{code[0]}{text}{code[1]}" if len(code) == 2 else f"P{text}{code}"


def add_half(value: str, code: str) -> str:
    """Add half a unit: P2Y and a half is P2Y6M."""
    tail = _HALVES.get(code)
    if tail is None:
        return f"{value[:-1]}.5{value[-1]}"
    tail = tail.removeprefix("P")
    return value + (tail.removeprefix("T") if "T" in value else tail)


def clock_value(parts: Mapping[str, str], part: str | None, *, afternoon: bool) -> tuple[str, str | None, bool]:
    """Write part of day or clock time: the value after ``T``, its modifier, and whether it is after noon."""
    period = _PARTS.get(part) if part else None
    mod = "APPROX" if "approx" in parts else None
    hour = read_small(parts.get("h2") or parts.get("h"))
    if hour is None or hour > 24:
        code = _PART_CODES.get(period or "", period or "")
        return (code, "START" if period == _EARLY else None, False)
    minute = read_small(parts.get("mi2") or parts.get("mi")) or 0
    minute = 30 if "mhalf" in parts else {"一": 15, "三": 45}.get(parts.get("mq", ""), minute)
    late = period in (_AFTERNOON, _EVENING, _NIGHT) or (period is None and afternoon)
    value = f"{_hour24(hour, period, late=late):02d}:{min(minute, 59):02d}"
    if "hto" in parts:
        value += f"/{_hour24(read_small(parts['hto']) or 0, period, late=late):02d}:00"
    return (value, mod, late)


def _hour24(hour: int, period: str | None, *, late: bool) -> int:
    """Turn an hour of a half day into one of 24; 晚12时 is 24:00, 凌晨12时 is 0:00."""
    if period == _EARLY:
        return 0 if hour == 12 else hour
    if period in (_EVENING, _NIGHT) and hour == 12:
        return 24
    if period == _NIGHT and hour < 6:
        return hour
    if (late and hour < 12) or (period == _NOON and hour < 4):
        return hour + 12
    return hour
