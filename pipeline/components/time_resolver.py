"""Resolve time expressions against the issue's date, the article's dateline and the dates named before them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from pipeline.components import dates
from pipeline.components.dates import Partial
from pipeline.components.numerals import CONNECTOR, parse_number
from pipeline.components.time_grammar import Expression
from pipeline.components.time_values import (
    EDGES,
    SEASONS,
    WEEKDAYS,
    Meaning,
    Year,
    YearSource,
    clock_value,
    decade_digit,
    edge_modifier,
    plus,
    read_decade,
    read_duration,
    read_iso,
    read_plan,
    read_set,
    read_small,
)
from pipeline.components.time_words import (
    DAY_AFTER_LAST,
    DAY_SHIFT,
    MONTH_AFTER_LAST,
    MONTH_SHIFT,
    PAIR_SHIFT,
    WEEK_SHIFT,
    YEAR_AFTER_LAST,
    YEAR_SHIFT,
)
from pipeline.types import Time

# A month or day without year, not announced as future, may lie this far ahead (notices: 停水时间：10月18日) before the
# year before is taken: news says 去年12月 for the far one. Likewise a bare day of the month. Set by eye on pages.
MAX_DAYS_AHEAD = 60
MAX_DAYS_AHEAD_OF_BARE_DAY = 5
# An announced month that lies further back than this in the reference's year is next year's (in December: 将于1月).
HALF_YEAR = 180
# How far a day or a year reaches as the antecedent of a later clock time, bare day or month, in characters.
ANTECEDENT_REACH = 200
# The same within one paragraph; a limit keeps the search linear in the text.
PARAGRAPH_REACH = 1000

_FUTURE_BEFORE = re.compile(
    r"(?:将(?!近)|拟|计划|预计|定于|有望|力争|争取|确保|明确|持续到|持续至|延续到|延长至|推迟到|推迟至)[^，。；！？,;!?\n]{0,8}$"
)
_FUTURE_AFTER = re.compile(r"[^，。；！？,;!?\n]{0,6}(?:将(?!近)|前(?:完成|建成|投|实现|全面|具备|竣工|通车))")
_DATELINE_AFTER = re.compile(r" ?(?:电(?![话影视力动子商梯缆器台厂])|讯(?!号|息|问))")
_RANGE = re.compile(rf"{CONNECTOR}|—|[至到]")
_SENTENCE_END = re.compile(r"[。！？!?\n]")
_PARAGRAPH_END = re.compile(r"\n")


@dataclass(frozen=True, slots=True)
class _Named:
    """Remember a date that the article named: the antecedent of what comes after it."""

    date: Partial
    id: str
    end: int
    year: YearSource = None
    names_month: bool = False  # 10月12日 gives a later 13日 its month, 昨天 does not


class Resolver:
    """Resolve expressions one after the other; what was read before is what later ones are counted from."""

    def __init__(self, text: str, reference: Partial, *, known: bool) -> None:
        self.text = text
        self.reference = reference
        self.reference_id: str | None = "publication" if known else None
        self.last: _Named | None = None
        self.last_meaning: Meaning | None = None
        self.times: list[Time] = []

    def read(self, expression: Expression) -> None:
        """Resolve one expression and add it, unless it turns out to be none."""
        meaning = self._meaning(expression)
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
            names_month = bool({"m", "d"} & expression.parts.keys()) or (
                self.last is not None and self.last.names_month and meaning.anchor == self.last.id
            )
            self.last = _Named(meaning.date, time_id, expression.end, meaning.year, names_month)
            if meaning.date.day is not None and _DATELINE_AFTER.match(self.text, expression.end):
                self.reference, self.reference_id = meaning.date, time_id
        elif meaning.date is not None and meaning.year is not None:
            self.last = _Named(meaning.date, time_id, expression.end, year="spelled")

    def _meaning(self, expression: Expression) -> Meaning | None:
        """Read an expression by its rule: by its parts alone, or with what was read before."""
        alone = _ALONE.get(expression.rule)
        return alone(expression.parts) if alone is not None else _READERS[expression.rule](self, expression)

    # ---- what expressions are counted from -------------------------------------------------------------------

    def _antecedent(self, expression: Expression, *, day: bool) -> _Named | None:
        """Find the date named last, if it is near and fine enough: in this paragraph or within reach."""
        last = self.last
        if last is None or (day and last.date.day is None):
            return None
        distance = expression.start - last.end
        if distance <= ANTECEDENT_REACH:
            return last
        if distance > PARAGRAPH_REACH:
            return None
        return last if self.text.find("\n", last.end, expression.start) < 0 else None

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
        return bool(
            _FUTURE_BEFORE.search(before)
            or _FUTURE_AFTER.match(self.text, expression.end)
            or self._follows_future(expression)
        )

    def _follows_future(self, expression: Expression) -> bool:
        """Say whether the sentence named a month to come before (3月底前完成，5月开园)."""
        last, reference = self.last, self.reference
        if last is None or not last.names_month or None in (last.date.year, last.date.month, reference.month):
            return False
        later = (last.date.year or 0, last.date.month or 0) > (reference.year or 0, reference.month or 0)
        return later and _SENTENCE_END.search(self.text, last.end, expression.start) is None

    # ---- the rules ---------------------------------------------------------------------------------------------

    def _read_century(self, expression: Expression) -> Meaning:
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
        decade = f"{decade_digit(parts['dec'])}X" if "dec" in parts else "XX"
        return Meaning("DATE", head + decade, mod=edge_modifier(parts.get("cedge")), anchor=anchor)

    def _read_season(self, expression: Expression) -> Meaning:
        parts = expression.parts
        year = plus(self.reference.year, {"今": 0, "去": -1, "明": 1}[parts["srel"]])
        return Meaning("DATE", f"{dates.year_value(year)}-{SEASONS[parts['season'][0]]}", anchor=self.reference_id)

    def _read_pair(self, expression: Expression) -> Meaning:
        """Read 今明两年 and 今明两天: two neighbours as one interval."""
        shift = PAIR_SHIFT[expression.parts["pair"]]
        if expression.parts["pu"] == "年":
            first = plus(self.reference.year, shift)
            value = f"{dates.year_value(first)}/{dates.year_value(plus(first, 1))}"
        else:
            value = f"{self.reference.shift(shift).iso()}/{self.reference.shift(shift + 1).iso()}"
        return Meaning("DATE", value, anchor=self.reference_id)

    def _read_reference(self, expression: Expression) -> Meaning:
        parts = expression.parts
        value = "PRESENT_REF" if "present" in parts else "PAST_REF" if "past" in parts else "FUTURE_REF"
        return Meaning("DATE", value, anchor=self.reference_id)

    def _read_edge(self, expression: Expression) -> Meaning:
        word = expression.parts["edge"]
        year, month = self.reference.year, self.reference.month
        value = dates.month_value(year, month) if word[0] == "月" else dates.year_value(year)
        return Meaning("DATE", value, mod=EDGES[word[-1]], anchor=self.reference_id)

    def _read_holiday(self, expression: Expression) -> Meaning | None:
        name = (expression.parts.get("hol") or expression.parts["hol2"]).removesuffix("节")
        name = {"春": "春节"}.get(name, name)
        key = next((key for key in (name, f"{name}节") if dates.is_holiday(key)), None)
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
            return Meaning("DATE", day.isoformat(), anchor=anchor, date=dates.of_day(day))
        fixed = dates.FIXED_HOLIDAYS.get(key)
        return Meaning("DATE", f"XXXX-{fixed[0]:02d}-{fixed[1]:02d}" if fixed else None)

    def _read_period(self, expression: Expression) -> Meaning | None:
        parts = expression.parts
        if "week" in parts:
            shift = WEEK_SHIFT[re.sub("个|周|星期", "", parts["week"])]
            return Meaning("DATE", dates.week_value(self.reference.exact(), shift), anchor=self.reference_id)
        return self._read_chain(expression)

    def _read_chain(self, expression: Expression) -> Meaning | None:
        """Read a chain of year, month, day, part of day and clock time, any of them missing."""
        parts = expression.parts
        year = self._year(expression)
        if parts.get("yrel") in YEAR_AFTER_LAST and year.number is None:
            return None
        if parts.keys() & {"half", "q", "season", "first"}:
            return self._subyear(expression, year)
        if "lm" in parts or ("lunar" in parts and "m" in parts):
            return self._lunar(expression, year.number)
        if parts.keys() & {"wd", "drel", "dprel", "m", "mrel", "d"}:
            day = self._day(expression, year)
            return None if day is None else self._with_clock(expression, day)
        return self._year_alone(expression, year) if year.source is not None else self._with_clock(expression, None)

    def _day(self, expression: Expression, year: Year) -> Meaning | None:
        """Read the day or month of a chain; ``None`` where there is no such day."""
        parts = expression.parts
        if "wd" in parts:
            return self._weekday(expression)
        if "drel" in parts or "dprel" in parts:
            return self._relative_day(parts.get("drel") or parts["dprel"])
        if "m" in parts or "mrel" in parts:
            return self._month(expression, year)
        return self._bare_day(expression)

    # ---- parts of a chain ----------------------------------------------------------------------------------------

    def _year(self, expression: Expression) -> Year:
        """Read the year that a chain names: 2024年, 08年, 去年, 次年."""
        parts = expression.parts
        if "y" in parts:
            number = parse_number(parts["y"])
            year = None if number is None else int(number)
            return Year(year + 2000 if year is not None and len(parts["y"]) == 2 else year or None, None, "spelled")
        word = parts.get("yrel")
        if word is None:
            return Year()
        if word == "上年" and self._counts_from_named_year(expression):
            last = self._antecedent(expression, day=False)
            return Year(plus(last.date.year, -1), last.id, last.year) if last is not None else Year()
        if word in YEAR_AFTER_LAST:
            last = self._antecedent(expression, day=False)
            if last is None or last.date.year is None:
                return Year()
            return Year(last.date.year + YEAR_AFTER_LAST[word], last.id, last.year)
        return Year(plus(self.reference.year, YEAR_SHIFT[word]), self.reference_id, "relative")

    def _counts_from_named_year(self, expression: Expression) -> bool:
        """Say whether a year spelled out in the sentence is what 上年 counts from (2023年…，比上年增长)."""
        last = self._antecedent(expression, day=False)
        return (
            last is not None
            and last.year == "spelled"
            and last.date.year is not None
            and _SENTENCE_END.search(self.text, last.end, expression.start) is None
        )

    def _year_alone(self, expression: Expression, year: Year) -> Meaning:
        parts = expression.parts
        value = dates.year_value(year.number)
        if "yto" in parts:
            value += f"/{parts['yto']}"
        mod = edge_modifier(parts.get("yedge")) or ("MID" if "ymid" in parts else None)
        return Meaning("DATE", value, mod, year.anchor, Partial(year.number), year=year.source)

    def _subyear(self, expression: Expression, year: Year) -> Meaning:
        """Resolve halves, quarters and seasons of a year."""
        parts = expression.parts
        number, anchor = year.number, year.anchor
        if year.source is None:
            number, anchor = self.reference.year, self.reference_id
            if number is not None and "q" in parts and self._is_quarter_of_last_year(expression):
                number -= 1
        head = dates.year_value(number)
        if "half" in parts:
            return _part_of_year(f"{head}-H{1 if parts['half'][0] == '上' else 2}", anchor, year)
        if "season" in parts:
            return _part_of_year(f"{head}-{SEASONS[parts['season'][0]]}", anchor, year)
        if "first" in parts:
            return _part_of_year(f"{head}-01/{head}-{read_small(parts['first']) or 0:02d}", anchor, year)
        last = read_small(parts.get("qto") or parts["q"])
        if "qpre" in parts:
            return _part_of_year(f"{head}-Q1/{head}-Q{last}", anchor, year)
        first = read_small(parts["q"])
        value = f"{head}-Q{first}" + (f"/{head}-Q{last}" if "qto" in parts else "")
        return _part_of_year(value, anchor, year)

    def _is_quarter_of_last_year(self, expression: Expression) -> bool:
        """Say whether a bare quarter has not begun yet in the year of the reference and is not announced."""
        quarter, month = read_small(expression.parts["q"]), self.reference.month
        if "qpre" in expression.parts or quarter is None or month is None:
            return False
        return 3 * quarter - 2 > month and not self._is_future(expression)

    def _lunar(self, expression: Expression, year: int | None) -> Meaning:
        """Convert a day of the Chinese calendar; months and unknown days keep no value."""
        parts = expression.parts
        month = {"正月": 1, "冬月": 11, "腊月": 12}.get(parts.get("lm", "")) or read_small(parts.get("m"))
        day = read_small((parts.get("ld") or parts.get("d") or parts.get("lday") or "").removeprefix("初"))
        reference = self.reference.exact()
        if month is None or day is None or (reference is None and year is None):
            return Meaning("DATE", "XXXX-XX-XX" if day else None)
        if year is not None or reference is None:
            found = dates.lunar_to_date(year or 0, month, day)
            return Meaning("DATE", found.isoformat() if found else None, date=dates.of_day(found) if found else None)
        near = [dates.lunar_to_date(reference.year + shift, month, day) for shift in (-1, 0, 1)]
        known = [item for item in near if item is not None]
        if not known:
            return Meaning("DATE", None)
        nearest = min(known, key=lambda item: abs((item - reference).days))
        return Meaning("DATE", nearest.isoformat(), anchor=self.reference_id, date=dates.of_day(nearest))

    def _month(self, expression: Expression, year: Year) -> Meaning | None:
        """Resolve a month, with its day or third if any."""
        parts = expression.parts
        month, day = (
            read_small(parts.get("m")),
            read_small(parts.get("d") or (parts.get("lday") or "").removeprefix("初")),
        )
        if "mrel" in parts:
            year, month = self._relative_month(parts["mrel"], expression)
        elif year.source is None:
            year = self._year_of_month(expression, month, day)
        if not dates.is_valid(year.number, month, day):
            return None
        date = Partial(year.number, month, day)
        value = date.iso() if day is not None else dates.month_value(date.year, month)
        if "mto" in parts:
            value += f"/{dates.month_value(date.year, read_small(parts['mto']))}"
        elif "dto" in parts:
            value += f"/{replace(date, day=read_small(parts['dto'])).iso()}"
        mod = EDGES[parts["xun"][0]] if "xun" in parts else None
        return Meaning("DATE", value, mod, year.anchor, date, year=year.source)

    def _relative_month(self, word: str, expression: Expression) -> tuple[Year, int | None]:
        """Resolve 上月 from the reference, 次月 from the month named last."""
        last = self._antecedent(expression, day=False) if word in MONTH_AFTER_LAST else None
        if last is not None and last.date.month is not None:
            year, month = dates.add_months(last.date.year, last.date.month, MONTH_AFTER_LAST[word])
            return (Year(year, last.id, last.year), month)
        shift = MONTH_SHIFT.get(word, MONTH_AFTER_LAST.get(word, 0))
        year, month = dates.add_months(self.reference.year, self.reference.month, shift)
        return (Year(year, self.reference_id), month)

    def _year_of_month(self, expression: Expression, month: int | None, day: int | None) -> Year:
        """Choose the year of 10月15日: that of a dated neighbour, else the nearest past unless it is announced."""
        last = self._antecedent(expression, day=False)
        range_end = self._is_range_end(expression)
        if last is not None and last.date.month is not None and self._passes_its_year_on(last, expression):
            turns = range_end and month is not None and month < last.date.month
            return Year(plus(last.date.year, int(turns)), last.id, last.year)
        reference = self.reference.exact()
        if reference is None or month is None:
            return Year(self.reference.year, self.reference_id)
        ahead = (month - reference.month) * 30 + ((day or reference.day) - reference.day)
        future = self._is_future(expression) or (range_end and ahead > 0)
        shift = 0
        if ahead > MAX_DAYS_AHEAD and not future:
            shift = -1
        elif future and ahead < -HALF_YEAR:
            shift = 1
        return Year(reference.year + shift, self.reference_id)

    def _passes_its_year_on(self, last: _Named, expression: Expression) -> bool:
        """Say whether a date names the year of the next: spelled out in this paragraph, or 去年 in this sentence."""
        if last.date.year is None or last.year is None or expression.start - last.end > ANTECEDENT_REACH:
            return False
        end = _PARAGRAPH_END if last.year == "spelled" else _SENTENCE_END
        return end.search(self.text, last.end, expression.start) is None

    def _bare_day(self, expression: Expression) -> Meaning | None:
        """Resolve 15日: in the month of the day named last, else the nearest past, counted from the reference."""
        parts = expression.parts
        day = read_small(parts["d"])
        if day is None or not dates.is_valid(None, None, day):
            return None
        last = self._antecedent(expression, day=not self._is_range_end(expression))
        anchor: str | None
        source: YearSource = None
        if last is not None and last.date.month is not None and (last.names_month or self._is_range_end(expression)):
            date, anchor, source = self._day_after(last, expression, day), last.id, last.year
        else:
            date, anchor = self._nearest_day(expression, day), self.reference_id
        if not dates.is_valid(date.year, date.month, date.day):
            return None
        value = date.iso()
        if "dto" in parts:
            value += f"/{replace(date, day=read_small(parts['dto'])).iso()}"
        return Meaning("DATE", value, None, anchor, date, year=source)

    def _day_after(self, last: _Named, expression: Expression, day: int) -> Partial:
        """Give a day of the month that was named last; the end of a range may lie in the next (29日至2日)."""
        year, month = last.date.year, last.date.month
        if self._is_range_end(expression) and last.date.day is not None and day < last.date.day:
            year, month = dates.add_months(year, month, 1)
        return Partial(year, month, day)

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

    def _relative_day(self, word: str) -> Meaning:
        """Resolve 昨日 from the reference, 当日 and 次日 from the day named last."""
        if word in DAY_SHIFT:
            date = self.reference.shift(DAY_SHIFT[word])
            return Meaning("DATE", date.iso(), anchor=self.reference_id, date=date)
        last = self.last if self.last is not None and self.last.date.day is not None else None
        base, anchor = (last.date, last.id) if last is not None else (self.reference, self.reference_id)
        date = base.shift(DAY_AFTER_LAST[word])
        return Meaning("DATE", date.iso(), anchor=anchor, date=date, year=last.year if last is not None else None)

    def _weekday(self, expression: Expression) -> Meaning:
        """Resolve 上周五 and 周三; opening hours (周一至周五) and every weekend stay general."""
        parts = expression.parts
        relation, name = parts.get("wrel"), parts["wd"]
        reference = self.reference.exact()
        if name == "末":
            week = dates.week_value(reference, WEEK_SHIFT[relation]) if relation in WEEK_SHIFT else "XXXX-WXX"
            return Meaning("DATE", f"{week}-WE", anchor=self.reference_id if relation else None)
        number = WEEKDAYS[name]
        if relation is None and self._is_range_end(expression):
            return self._end_of_weekdays(number)
        if reference is None or (relation is None and self._is_range_start(expression)):
            return Meaning("DATE", f"XXXX-WXX-{number}")
        shift = number - reference.isoweekday()
        if relation is None:
            future = self._is_future(expression)
            shift += 7 if future and shift < 0 else -7 if not future and shift > 0 else 0
        else:
            shift += 7 * WEEK_SHIFT.get(relation, 0)
        date = self.reference.shift(shift)
        return Meaning("DATE", date.iso(), anchor=self.reference_id, date=date)

    def _end_of_weekdays(self, number: int) -> Meaning:
        """Resolve the end of a range: general after a general day (周一至周五), else the next such day."""
        first = self.last_meaning.date.exact() if self.last_meaning and self.last_meaning.date else None
        if first is None:
            return Meaning("DATE", f"XXXX-WXX-{number}")
        last = dates.of_day(first).shift((number - first.isoweekday()) % 7)
        return Meaning("DATE", last.iso(), anchor=self.times[-1].id, date=last)

    def _with_clock(self, expression: Expression, day: Meaning | None) -> Meaning | None:
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
        clock = clock_value(parts, part, afternoon=afternoon)
        if day is None:
            date, anchor, source = self._day_of_clock(expression, range_end=range_end)
        else:
            date, anchor, source = day.date or Partial(), day.anchor, day.year
        head = date.iso() if day is None or day.date is not None else (day.value or "XXXX-XX-XX")
        value = "/".join(f"{head}T{time}" for time in clock[0].split("/"))
        return Meaning("TIME", value, clock[1], anchor, date, year=source, afternoon=clock[2])

    def _day_of_clock(self, expression: Expression, *, range_end: bool) -> tuple[Partial, str | None, YearSource]:
        if range_end and self.last_meaning is not None and self.last_meaning.date is not None:
            return (self.last_meaning.date, self.times[-1].id, self.last_meaning.year)
        last = self._antecedent(expression, day=True)
        return (last.date, last.id, last.year) if last is not None else (Partial(), None, None)


def _part_of_year(value: str, anchor: str | None, year: Year) -> Meaning:
    """Make a half, a quarter, a season of a year; a year spelled out is what 上年 after it counts from."""
    spelled = year.source == "spelled"
    return Meaning("DATE", value, None, anchor, Partial(year.number) if spelled else None, year=year.source)


_ALONE: dict[str, Callable[[Mapping[str, str]], Meaning | None]] = {
    "iso": read_iso,
    "plan": read_plan,
    "decade": read_decade,
    "set": read_set,
    "duration": read_duration,
}
# Rules that count from other dates; private to this module, so the methods are named here.
_READERS: dict[str, Callable[[Resolver, Expression], Meaning | None]] = {
    "century": Resolver._read_century,  # noqa: SLF001
    "season": Resolver._read_season,  # noqa: SLF001
    "pair": Resolver._read_pair,  # noqa: SLF001
    "chain": Resolver._read_chain,  # noqa: SLF001
    "period": Resolver._read_period,  # noqa: SLF001
    "holiday": Resolver._read_holiday,  # noqa: SLF001
    "reference": Resolver._read_reference,  # noqa: SLF001
    "edge": Resolver._read_edge,  # noqa: SLF001
}
