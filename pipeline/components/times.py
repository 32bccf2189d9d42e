"""Give time expressions their TIMEX3 values, counted from the article's dateline, its own dates or the issue's date.

A relative expression (昨日, 15日, 今年7月) is counted from the last dateline before it (新华社北京10月15日电) or,
without one, from the publication's date. 当日, 次日 and clock times without a date are counted from the last day that the
article named. What cannot be known stays ``X``.

Spans: ends of a range that are each complete are two spans (8月29日 | 30日); ends that share a unit are one span with an ISO
8601 interval (1至9月 is 2024-01/2024-09). Postpositions (以来, 期间, 前, 内) are outside, hedges that make a modifier
(约2小时, 9时许) inside.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from spacy.language import Language
from spacy.tokens import Doc

from pipeline.components import dates
from pipeline.components.dates import Partial
from pipeline.components.numerals import CONNECTOR, fold, parse_number
from pipeline.components.time_grammar import Expression, scan
from pipeline.types import Time

# A date without year, not announced as future, may lie this far ahead (notices: 停水时间：10月18日) before the
# year before is taken; likewise a bare day of the month. Set by eye on notices and news of the development pages.
MAX_DAYS_AHEAD = 45
MAX_DAYS_AHEAD_OF_BARE_DAY = 5
# How far a day or a year reaches as the antecedent of a later clock time, bare day or month, in characters.
ANTECEDENT_REACH = 200

_FUTURE_BEFORE = re.compile(
    r"(?:将(?!近)|拟|计划|预计|定于|有望|力争|争取|确保|明确|持续到|持续至|延续到|延长至|推迟到|推迟至)[^，。；！？,;!?\n]{0,8}$"
)
_FUTURE_AFTER = re.compile(r"[^，。；！？,;!?\n]{0,6}(?:将(?!近)|前(?:完成|建成|投|实现|全面|具备|竣工|通车))")
_DATELINE_AFTER = re.compile(r" ?(?:电(?![话影视力动子商梯缆器台厂])|讯(?!号|息|问))")
_RANGE = re.compile(rf"{CONNECTOR}|—|[至到]")

_YEAR_SHIFT = {"今年": 0, "本年": 0, "去年": -1, "上年": -1, "明年": 1, "来年": 1, "前年": -2, "后年": 2}
_YEAR_AFTER_LAST = {"同年": 0, "当年": 0, "次年": 1, "翌年": 1}
_MONTH_SHIFT = {"本月": 0, "这个月": 0, "上月": -1, "上个月": -1, "下月": 1, "下个月": 1}
_MONTH_AFTER_LAST = {"当月": 0, "同月": 0, "次月": 1}
_DAY_SHIFT = {
    **{"今天": 0, "今日": 0, "今晨": 0, "今早": 0, "今晚": 0, "今夜": 0, "今天晚间": 0},
    **{"昨天": -1, "昨日": -1, "昨晚": -1, "昨夜": -1, "昨晨": -1, "昨早": -1, "昨天夜里": -1},
    **{"明天": 1, "明日": 1, "明晨": 1, "明早": 1, "明晚": 1, "前天": -2, "前日": -2, "前晚": -2, "后天": 2},
}
_DAY_AFTER_LAST = {
    **{"当天": 0, "当日": 0, "同日": 0, "同一天": 0, "当晚": 0, "当夜": 0},
    **{"次日": 1, "翌日": 1, "第二天": 1, "隔天": 1, "次晨": 1},
}
_WEEK_SHIFT = {"上上": -2, "上": -1, "本": 0, "这": 0, "下": 1, "下下": 2}
_WEEKDAYS = {**{char: i for i, char in enumerate("一二三四五六日", 1)}, "天": 7}
_EDGES = {"初": "START", "首": "START", "底": "END", "末": "END", "上": "START", "中": "MID", "下": "END"}
_SEASONS = {"春": "SP", "夏": "SU", "秋": "FA", "冬": "WI"}
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
    **{
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
    },
    **{"小时": "TH", "钟头": "TH", "分钟": "TM", "分": "TM", "秒": "TS", "秒钟": "TS"},
}
_LARGER_UNITS = {"世纪": ("Y", 100), "季度": ("M", 3), "刻钟": ("TM", 15)}
_HALVES = {"Y": "P6M", "TH": "PT30M", "D": "PT12H", "TM": "PT30S"}
_HEDGES = {
    **{
        "约": "APPROX",
        "大约": "APPROX",
        "近": "LESS_THAN",
        "不到": "LESS_THAN",
        "超过": "MORE_THAN",
        "逾": "MORE_THAN",
    },
    **{"至少": "EQUAL_OR_MORE", "最多": "EQUAL_OR_LESS", "左右": "APPROX", "上下": "APPROX", "以上": "EQUAL_OR_MORE"},
    **{"余": "MORE_THAN", "多": "MORE_THAN", "来": "APPROX", "几": "MORE_THAN"},
}

TimeType = Literal["DATE", "TIME", "DURATION", "SET"]


@dataclass(frozen=True, slots=True)
class _Meaning:
    """Hold what an expression means, before it has an id."""

    type: TimeType
    value: str | None
    mod: str | None = None
    anchor: str | None = None
    date: Partial | None = None
    explicit_year: bool = False
    afternoon: bool = False


@dataclass(frozen=True, slots=True)
class _Named:
    """Remember a date that the article named: the antecedent of what comes after it."""

    date: Partial
    id: str
    end: int
    explicit_year: bool = False


def find_times(text: str, *, date: str | None = None) -> list[Time]:
    """Find the time expressions of a text published on ``date`` (``YYYY-MM-DD``), in order, without overlap."""
    folded = fold(text)
    reader = _Reader(folded, dates.read_iso(date), known=date is not None)
    for expression in scan(folded):
        reader.read(expression)
    return [replace(time, text=text[time.start : time.end]) for time in reader.times]


class _Reader:
    """Resolve expressions one after the other; what was read before is what later ones are counted from."""

    def __init__(self, text: str, reference: Partial, *, known: bool) -> None:
        self.text = text
        self.reference = reference
        self.reference_id: str | None = "publication" if known else None
        self.last: _Named | None = None
        self.last_meaning: _Meaning | None = None
        self.times: list[Time] = []

    def read(self, expression: Expression) -> None:
        """Resolve one expression and add it, unless it turns out to be none."""
        meaning = getattr(self, f"_read_{expression.rule}")(expression)
        if meaning is None:
            return
        start = expression.start
        if expression.rule == "holiday" and self._follows_year(expression):
            start = self.times.pop().start
        time_id = f"t{len(self.times) + 1}"
        span = self.text[start : expression.end]
        self.times.append(
            Time(time_id, start, expression.end, span, meaning.type, meaning.value, meaning.mod, meaning.anchor)
        )
        self.last_meaning = meaning
        if meaning.date is not None and meaning.date.month is not None:
            self.last = _Named(meaning.date, time_id, expression.end, meaning.explicit_year)
            if meaning.date.day is not None and _DATELINE_AFTER.match(self.text, expression.end):
                self.reference, self.reference_id = meaning.date, time_id
        elif meaning.date is not None and meaning.explicit_year:
            self.last = _Named(meaning.date, time_id, expression.end, explicit_year=True)

    # ---- what expressions are counted from -------------------------------------------------------------------

    def _antecedent(self, expression: Expression, *, day: bool) -> _Named | None:
        """Find the date named last, if it is near and fine enough: in this paragraph or within reach."""
        last = self.last
        if last is None or (day and last.date.day is None):
            return None
        near = expression.start - last.end <= ANTECEDENT_REACH
        return last if near or self.text.find("\n", last.end, expression.start) < 0 else None

    def _is_range_end(self, expression: Expression) -> bool:
        """Say whether only 至, 到 or a dash stands between the expression before and this one."""
        if not self.times or expression.start - self.times[-1].end > 3:
            return False
        return _RANGE.fullmatch(self.text, self.times[-1].end, expression.start) is not None

    def _is_range_start(self, expression: Expression) -> bool:
        return _RANGE.match(self.text, expression.end) is not None

    def _follows_year(self, expression: Expression) -> bool:
        return bool(
            self.times
            and self.times[-1].end == expression.start
            and self.last_meaning is not None
            and self.last_meaning.type == "DATE"
            and re.fullmatch(r"\d{4}", self.last_meaning.value or "")
        )

    def _is_future(self, expression: Expression) -> bool:
        """Say whether the words around announce something to come (将于, 预计)."""
        before = self.text[max(0, expression.start - 12) : expression.start]
        return bool(_FUTURE_BEFORE.search(before) or _FUTURE_AFTER.match(self.text, expression.end))

    # ---- the rules ---------------------------------------------------------------------------------------------

    def _read_iso(self, expression: Expression) -> _Meaning | None:
        parts = expression.parts
        date = Partial(int(parts["y"]), int(parts["m"]), int(parts["d"]))
        return _Meaning("DATE", date.iso(), date=date, explicit_year=True) if date.exact() else None

    def _read_plan(self, expression: Expression) -> _Meaning | None:
        parts = expression.parts
        number = (10 if "tens" in parts else 0) + _WEEKDAYS.get(parts.get("ones", ""), 0)
        years = dates.five_year_plan(number)
        if years is None:
            return None
        value = {"末": f"{years[1]}", "收官之年": f"{years[1]}", "开局之年": f"{years[0]}"}.get(parts["tail"])
        return _Meaning("DATE", value or f"{years[0]}/{years[1]}")

    def _read_century(self, expression: Expression) -> _Meaning:
        parts = expression.parts
        name = parts["crel"]
        anchor = None
        if name[0].isascii() or name[0] in "一二十":
            number = parse_number(name.removesuffix("世纪"))
            century = None if number is None else int(number) - 1
        else:
            year, anchor = self.reference.year, self.reference_id
            century = None if year is None else year // 100 - (0 if name.startswith("本") else 1)
        head = "XX" if century is None else f"{century:02d}"
        decade = f"{_decade(parts['dec'])}X" if "dec" in parts else "XX"
        return _Meaning("DATE", head + decade, mod=_edge(parts.get("cedge")), anchor=anchor)

    def _read_decade(self, expression: Expression) -> _Meaning:
        parts = expression.parts
        decade = _decade(parts["dec"])
        # Bare 30年代 to 90年代 are the twentieth century's in news; 10年代 and 20年代 are not used for it any more.
        century = parts.get("dy") or ("19" if int(decade) >= 3 else "20")
        return _Meaning("DATE", f"{century}{decade}X", mod=_edge(parts.get("cedge")))

    def _read_season(self, expression: Expression) -> _Meaning:
        parts = expression.parts
        year = _plus(self.reference.year, {"今": 0, "去": -1, "明": 1}[parts["srel"]])
        return _Meaning("DATE", f"{dates.year_value(year)}-{_SEASONS[parts['season'][0]]}", anchor=self.reference_id)

    def _read_reference(self, expression: Expression) -> _Meaning:
        parts = expression.parts
        value = "PRESENT_REF" if "present" in parts else "PAST_REF" if "past" in parts else "FUTURE_REF"
        return _Meaning("DATE", value, anchor=self.reference_id)

    def _read_edge(self, expression: Expression) -> _Meaning:
        word = expression.parts["edge"]
        year, month = self.reference.year, self.reference.month
        value = dates.month_value(year, month) if word[0] == "月" else dates.year_value(year)
        return _Meaning("DATE", value, mod=_EDGES[word[-1]], anchor=self.reference_id)

    def _read_holiday(self, expression: Expression) -> _Meaning | None:
        name = (expression.parts.get("hol") or expression.parts["hol2"]).removesuffix("节")
        name = {"春": "春节"}.get(name, name)
        key = next((key for key in (name, f"{name}节") if _is_holiday(key)), None)
        if key is None:
            return None
        explicit = self.last_meaning.value if self._follows_year(expression) and self.last_meaning else None
        day, anchor = None, None
        if explicit is not None:
            day = dates.holiday(key, int(explicit))
        elif (reference := self.reference.exact()) is not None:
            near = [
                dates.holiday(key, reference.year + shift) for shift in (-1, 0, 1) if 0 < reference.year + shift < 9999
            ]
            known = [item for item in near if item is not None]
            day = min(known, key=lambda item: abs((item - reference).days)) if known else None
            anchor = self.reference_id
        if day is not None:
            return _Meaning("DATE", day.isoformat(), anchor=anchor, date=dates.of_day(day))
        fixed = dates.FIXED_HOLIDAYS.get(key)
        return _Meaning("DATE", f"XXXX-{fixed[0]:02d}-{fixed[1]:02d}" if fixed else None)

    def _read_period(self, expression: Expression) -> _Meaning | None:
        parts = expression.parts
        if "week" in parts:
            shift = _WEEK_SHIFT[re.sub("个|周|星期", "", parts["week"])]
            return _Meaning("DATE", dates.week_value(self.reference.exact(), shift), anchor=self.reference_id)
        return self._read_chain(expression)

    def _read_set(self, expression: Expression) -> _Meaning:
        parts = expression.parts
        unit = parts["su"]
        part = parts.get("part") or {"晚": "晚", "晨": "晨", "早": "早"}.get(unit)
        if "swd" in parts:
            day = parts["swd"]
            return _Meaning("SET", "XXXX-WXX-WE" if day == "末" else f"XXXX-WXX-{_WEEKDAYS[day]}")
        month, day_number = (_small(parts.get(key)) for key in ("sm", "sd"))
        if month is not None or day_number is not None:
            value = Partial(None, month, day_number).iso()
            return _Meaning("SET", value if day_number is not None else value[:7])
        if part or "h" in parts or "h2" in parts:
            clock = _clock(parts, part, afternoon=False)
            return _Meaning("SET", f"XXXX-XX-XXT{clock[0]}", mod=clock[1], date=Partial(), afternoon=clock[2])
        number = parse_number(parts["n"]) if "n" in parts and parts["n"] != "半" else 1
        unit = {"晚": "天", "晨": "天", "早": "天"}.get(unit, unit)
        if parts.get("n") == "半":
            return _Meaning("SET", _HALVES.get(_UNITS.get(unit, ""), "P0.5M"))
        return _Meaning("SET", _duration(number, unit))

    def _read_duration(self, expression: Expression) -> _Meaning | None:
        parts = expression.parts
        unit = "秒" if parts["u"].startswith("秒") else parts["u"]
        code, factor = _LARGER_UNITS.get(unit, (_UNITS.get(unit, ""), 1))
        hedge = (
            parts.get("pre") or parts.get("after") or parts.get("inf") or ("多" if parts.get("half") == "多" else None)
        )
        mod = _HEDGES.get(hedge or "")
        if parts["n"] == "半":
            value = f"P{50}Y" if unit == "世纪" else _HALVES.get(code, f"P0.5{code[-1]}")
            return _Meaning("DURATION", value, mod)
        number = None if parts["n"] in ("多", "数") or "to" in parts else parse_number(parts["n"])
        if "cs" in parts and number is not None:
            return _Meaning("DURATION", f"PT{number}.{parts['cs']}S", mod)
        value = _duration(number, unit if factor == 1 else code.lower(), factor=factor, code=code)
        half = parts.get("mid") == "半" or parts.get("half") == "半"
        if half and number is not None:
            value = _add_half(value, code)
        if "n2" in parts:
            second = parse_number(parts["n2"])
            tail = _duration(second, parts["u2"]).removeprefix("P")
            value += tail.removeprefix("T") if "T" in value else tail
            value += f"{parts['n3']}S" if "n3" in parts else ""
        return _Meaning("DURATION", value, mod)

    def _read_chain(self, expression: Expression) -> _Meaning | None:
        parts = expression.parts
        year, year_anchor, explicit = self._year(expression)
        if "yrel" in parts and parts["yrel"] in _YEAR_AFTER_LAST and year is None:
            return None
        if "half" in parts or "q" in parts or "season" in parts:
            return self._subyear(expression, year, year_anchor, explicit=explicit)
        if "lm" in parts or ("lunar" in parts and "m" in parts):
            return self._lunar(expression, year)
        if "wd" in parts:
            return self._with_clock(expression, self._weekday(expression))
        if "drel" in parts or "dprel" in parts:
            return self._with_clock(expression, self._relative_day(parts.get("drel") or parts["dprel"], expression))
        if "m" in parts or "mrel" in parts:
            return self._with_clock(expression, self._month(expression, year, year_anchor, explicit=explicit))
        if "d" in parts:
            return self._with_clock(expression, self._bare_day(expression))
        if year is not None or "yrel" in parts:
            return self._year_alone(expression, year, year_anchor, explicit=explicit)
        return self._with_clock(expression, None)

    # ---- parts of a chain ----------------------------------------------------------------------------------------

    def _year(self, expression: Expression) -> tuple[int | None, str | None, bool]:
        """Give the year that a chain names, what it was counted from, and whether the text spells it out."""
        parts = expression.parts
        if "y" in parts:
            number = parse_number(parts["y"])
            year = None if number is None else int(number)
            return (year + 2000 if year is not None and len(parts["y"]) == 2 else year or None, None, True)
        word = parts.get("yrel")
        if word is None:
            return (None, None, False)
        if word in _YEAR_AFTER_LAST:
            last = self._antecedent(expression, day=False)
            if last is None or last.date.year is None:
                return (None, None, False)
            return (last.date.year + _YEAR_AFTER_LAST[word], last.id, True)
        return (_plus(self.reference.year, _YEAR_SHIFT[word]), self.reference_id, True)

    def _year_alone(self, expression: Expression, year: int | None, anchor: str | None, *, explicit: bool) -> _Meaning:
        parts = expression.parts
        value = dates.year_value(year)
        if "yto" in parts:
            value += f"/{parts['yto']}"
        mod = _edge(parts.get("yedge")) or ("MID" if "ymid" in parts else None)
        return _Meaning("DATE", value, mod, anchor, Partial(year), explicit_year=explicit)

    def _subyear(self, expression: Expression, year: int | None, anchor: str | None, *, explicit: bool) -> _Meaning:
        """Resolve halves, quarters and seasons of a year."""
        parts = expression.parts
        if year is None and not explicit:
            year, anchor = self.reference.year, self.reference_id
            quarter = _small(parts.get("q"))
            month = self.reference.month
            passed = quarter is None or month is None or 3 * quarter - 2 <= month
            if year is not None and not passed and "qpre" not in parts and not self._is_future(expression):
                year -= 1
        head = dates.year_value(year)
        if "half" in parts:
            return _Meaning("DATE", f"{head}-H{1 if parts['half'][0] == '上' else 2}", anchor=anchor)
        if "season" in parts:
            return _Meaning("DATE", f"{head}-{_SEASONS[parts['season'][0]]}", anchor=anchor)
        last = _small(parts.get("qto") or parts["q"])
        if "qpre" in parts:
            return _Meaning("DATE", f"{head}-Q1/{head}-Q{last}", anchor=anchor)
        first = _small(parts["q"])
        value = f"{head}-Q{first}" + (f"/{head}-Q{last}" if "qto" in parts else "")
        return _Meaning("DATE", value, anchor=anchor)

    def _lunar(self, expression: Expression, year: int | None) -> _Meaning:
        """Convert a day of the Chinese calendar; months and unknown days keep no value."""
        parts = expression.parts
        month = {"正月": 1, "冬月": 11, "腊月": 12}.get(parts.get("lm", "")) or _small(parts.get("m"))
        day = _small((parts.get("ld") or parts.get("d") or parts.get("lday") or "").removeprefix("初"))
        reference = self.reference.exact()
        if month is None or day is None or (reference is None and year is None):
            return _Meaning("DATE", "XXXX-XX-XX" if day else None)
        if year is not None or reference is None:
            found = dates.lunar_to_date(year or 0, month, day)
            return _Meaning("DATE", found.isoformat() if found else None, date=dates.of_day(found) if found else None)
        near = [dates.lunar_to_date(reference.year + shift, month, day) for shift in (-1, 0, 1)]
        known = [item for item in near if item is not None]
        if not known:
            return _Meaning("DATE", None)
        nearest = min(known, key=lambda item: abs((item - reference).days))
        return _Meaning("DATE", nearest.isoformat(), anchor=self.reference_id, date=dates.of_day(nearest))

    def _month(
        self, expression: Expression, year: int | None, anchor: str | None, *, explicit: bool
    ) -> _Meaning | None:
        """Resolve a month, with its day or third if any."""
        parts = expression.parts
        month, day = _small(parts.get("m")), _small(parts.get("d") or (parts.get("lday") or "").removeprefix("初"))
        if "mrel" in parts:
            year, month, anchor = self._relative_month(parts["mrel"], expression)
        elif not explicit:
            year, anchor, explicit = self._year_of_month(expression, month, day)
        if not dates.is_valid(year, month, day):
            return None
        date = Partial(year, month, day)
        value = date.iso() if day is not None else dates.month_value(year, month)
        if "mto" in parts:
            value += f"/{dates.month_value(year, _small(parts['mto']))}"
        elif "dto" in parts:
            value += f"/{Partial(year, month, _small(parts['dto'])).iso()}"
        mod = _EDGES[parts["xun"][0]] if "xun" in parts else None
        return _Meaning("DATE", value, mod, anchor, date, explicit_year=explicit)

    def _relative_month(self, word: str, expression: Expression) -> tuple[int | None, int | None, str | None]:
        if word in _MONTH_AFTER_LAST:
            last = self._antecedent(expression, day=False)
            if last is not None and last.date.month is not None:
                return (*dates.add_months(last.date.year, last.date.month, _MONTH_AFTER_LAST[word]), last.id)
        shift = _MONTH_SHIFT.get(word, _MONTH_AFTER_LAST.get(word, 0))
        return (*dates.add_months(self.reference.year, self.reference.month, shift), self.reference_id)

    def _year_of_month(
        self, expression: Expression, month: int | None, day: int | None
    ) -> tuple[int | None, str | None, bool]:
        """Choose the year of 10月15日: that of a dated neighbour, else the nearest past unless it is announced."""
        last = self._antecedent(expression, day=False)
        if last is not None and last.date.month is not None and last.explicit_year and last.date.year is not None:
            year = last.date.year
            if self._is_range_end(expression) and month is not None and month < last.date.month:
                year += 1
            return (year, last.id, True)
        reference = self.reference.exact()
        if reference is None or month is None:
            return (self.reference.year, self.reference_id, False)
        year = reference.year
        ahead = (month - reference.month) * 30 + ((day or reference.day) - reference.day)
        future = self._is_future(expression) or (self._is_range_end(expression) and ahead > 0)
        if ahead > (MAX_DAYS_AHEAD if day is not None else 0) and not future:
            year -= 1
        elif future and ahead < -180:
            year += 1
        return (year, self.reference_id, False)

    def _bare_day(self, expression: Expression) -> _Meaning | None:
        """Resolve 15日: in the month of the day named last, else the nearest past, counted from the reference."""
        parts = expression.parts
        day = _small(parts["d"])
        last = self._antecedent(expression, day=False)
        if day is None or not dates.is_valid(None, None, day):
            return None
        if (
            last is not None
            and last.date.month is not None
            and (last.date.day is not None or self._is_range_end(expression))
        ):
            year, month = last.date.year, last.date.month
            if self._is_range_end(expression) and last.date.day is not None and day < last.date.day:
                year, month = dates.add_months(year, month, 1)
            date, anchor, explicit = Partial(year, month, day), last.id, last.explicit_year
        else:
            date, anchor, explicit = self._nearest_day(expression, day), self.reference_id, False
        if not dates.is_valid(date.year, date.month, date.day):
            return None
        value = date.iso()
        if "dto" in parts:
            value += f"/{replace(date, day=_small(parts['dto'])).iso()}"
        return _Meaning("DATE", value, None, anchor, date, explicit_year=explicit)

    def _nearest_day(self, expression: Expression, day: int) -> Partial:
        reference = self.reference.exact()
        if reference is None:
            return Partial(self.reference.year, self.reference.month, day)
        ahead = day - reference.day
        shift = 0
        if self._is_future(expression):
            shift = 1 if ahead < 0 else 0
        elif ahead > MAX_DAYS_AHEAD_OF_BARE_DAY:
            shift = -1
        return Partial(*dates.add_months(reference.year, reference.month, shift), day)

    def _relative_day(self, word: str, expression: Expression) -> _Meaning:
        """Resolve 昨日 from the reference, 当日 and 次日 from the day named last."""
        if word in _DAY_SHIFT:
            date = self.reference.shift(_DAY_SHIFT[word])
            return _Meaning("DATE", date.iso(), anchor=self.reference_id, date=date)
        last = self.last if self.last is not None and self.last.date.day is not None else None
        base, anchor = (last.date, last.id) if last is not None else (self.reference, self.reference_id)
        date = base.shift(_DAY_AFTER_LAST[word])
        explicit = last is not None and last.explicit_year
        return _Meaning("DATE", date.iso(), anchor=anchor, date=date, explicit_year=explicit)

    def _weekday(self, expression: Expression) -> _Meaning:
        """Resolve 上周五 and 周三; opening hours (周一至周五) and every weekend stay general."""
        parts = expression.parts
        relation, name = parts.get("wrel"), parts["wd"]
        reference = self.reference.exact()
        if name == "末":
            week = dates.week_value(reference, _WEEK_SHIFT[relation]) if relation in _WEEK_SHIFT else "XXXX-WXX"
            return _Meaning("DATE", f"{week}-WE", anchor=self.reference_id if relation else None)
        number = _WEEKDAYS[name]
        general = relation is None and (self._is_range_start(expression) or self._is_range_end(expression))
        if reference is None or general:
            return _Meaning("DATE", f"XXXX-WXX-{number}")
        shift = number - reference.isoweekday()
        if relation is None:
            future = self._is_future(expression)
            shift += 7 if future and shift < 0 else -7 if not future and shift > 0 else 0
        else:
            shift += 7 * _WEEK_SHIFT.get(relation, 0)
        date = self.reference.shift(shift)
        return _Meaning("DATE", date.iso(), anchor=self.reference_id, date=date)

    def _with_clock(self, expression: Expression, day: _Meaning | None) -> _Meaning | None:
        """Add part of day and clock time to a day; without one, take the day named last."""
        parts = expression.parts
        part = parts.get("part")
        word = parts.get("dprel")
        if part is None and word is not None:
            part = word[-1] if word[-1] in "晨早晚夜" else "夜里" if word.endswith("夜里") else "晚间"
        has_clock = "h" in parts or "h2" in parts
        if part is None and not has_clock:
            return day
        range_end = self._is_range_end(expression) and self.last_meaning is not None
        afternoon = range_end and self.last_meaning is not None and self.last_meaning.afternoon
        clock = _clock(parts, part, afternoon=afternoon)
        if day is None:
            date, anchor, explicit = self._day_of_clock(expression, range_end=range_end)
        else:
            date, anchor, explicit = day.date or Partial(), day.anchor, day.explicit_year
        head = date.iso() if day is None or day.date is not None else (day.value or "XXXX-XX-XX")
        value = "/".join(f"{head}T{time}" for time in clock[0].split("/"))
        return _Meaning("TIME", value, clock[1], anchor, date, explicit_year=explicit, afternoon=clock[2])

    def _day_of_clock(self, expression: Expression, *, range_end: bool) -> tuple[Partial, str | None, bool]:
        if range_end and self.last_meaning is not None and self.last_meaning.date is not None:
            return (self.last_meaning.date, self.times[-1].id, self.last_meaning.explicit_year)
        last = self._antecedent(expression, day=True)
        return (last.date, last.id, last.explicit_year) if last is not None else (Partial(), None, False)


# ---- small helpers -------------------------------------------------------------------------------------------------


def _is_holiday(name: str) -> bool:
    return name in dates.FIXED_HOLIDAYS or name in dates.LUNAR_HOLIDAYS or name in ("除夕", "清明")


def _plus(year: int | None, shift: int) -> int | None:
    return None if year is None else year + shift


def _small(text: str | None) -> int | None:
    """Read a numeral of a month, day or hour."""
    number = parse_number(text) if text else None
    return None if number is None else int(number)


def _decade(text: str) -> str:
    return str(int(parse_number(text) or 0) // 10)


def _edge(word: str | None) -> str | None:
    """Give the modifier of 年初, 末期, 中叶 …"""
    if not word:
        return None
    return {"初": "START", "前": "START", "底": "END", "末": "END", "后": "END", "中": "MID"}.get(word.lstrip("年")[:1])


def _duration(number: float | None, unit: str, *, factor: int = 1, code: str | None = None) -> str:
    """Write a duration, ``P3M`` or ``PT43M``; a vague number is ``X``."""
    code = _UNITS.get(unit, code or "") if code is None or factor == 1 else code
    if unit in _LARGER_UNITS:
        code, factor = _LARGER_UNITS[unit]
    text = "X" if number is None else f"{number * factor:g}" if number * factor < 10**6 else str(int(number * factor))
    return f"P{code[0]}{text}{code[1]}" if len(code) == 2 else f"P{text}{code}"


def _add_half(value: str, code: str) -> str:
    """Add half a unit: P2Y and a half is P2Y6M."""
    tail = _HALVES.get(code)
    if tail is None:
        return f"{value[:-1]}.5{value[-1]}"
    tail = tail.removeprefix("P")
    return value + (tail.removeprefix("T") if "T" in value else tail)


def _clock(parts: dict[str, str], part: str | None, *, afternoon: bool) -> tuple[str, str | None, bool]:
    """Write part of day or clock time: the value after ``T``, its modifier, and whether it is after noon."""
    period = _PARTS.get(part) if part else None
    mod = "APPROX" if "approx" in parts else None
    hour = _small(parts.get("h2") or parts.get("h"))
    if hour is None or hour > 24:
        code = _PART_CODES.get(period or "", period or "")
        return (code, "START" if period == _EARLY else None, False)
    minute = _small(parts.get("mi2") or parts.get("mi")) or 0
    minute = 30 if "mhalf" in parts else {"一": 15, "三": 45}.get(parts.get("mq", ""), minute)
    late = period in (_AFTERNOON, _EVENING, _NIGHT) or (period is None and afternoon)
    value = f"{_hour24(hour, period, late=late):02d}:{min(minute, 59):02d}"
    if "hto" in parts:
        value += f"/{_hour24(_small(parts['hto']) or 0, period, late=late):02d}:00"
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


class TimeFinder:
    """Put the time expressions of a Doc on ``doc._.times``."""

    def __call__(self, doc: Doc) -> Doc:
        """Find times; the issue's date comes from the Doc's context."""
        context = doc._.context
        date = None if context is None else context.publication.date
        doc._.times = tuple(find_times(doc.text, date=date))
        return doc


def make_times(nlp: Language, name: str) -> TimeFinder:
    """Make the stage ``times``."""
    del nlp, name
    return TimeFinder()
