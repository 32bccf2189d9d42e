"""Reckon with incomplete dates, weeks, lunar days and holidays, and write them as ISO 8601 and TIMEX3 values."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

_ISO_DATE = re.compile(r"(\d{4}|XXXX)-(\d{2}|XX)-(\d{2}|XX)")


@dataclass(frozen=True, slots=True)
class Partial:
    """Hold a date of which parts may be unknown."""

    year: int | None = None
    month: int | None = None
    day: int | None = None

    def exact(self) -> date | None:
        """Give the day where all parts are known and such a day exists."""
        if self.year is None or self.month is None or self.day is None:
            return None
        try:
            return date(self.year, self.month, self.day)
        except ValueError:
            return None

    def shift(self, days: int) -> Partial:
        """Go some days on; inside one month also where the year is unknown, otherwise all becomes unknown."""
        day = self.exact()
        if day is not None:
            try:
                day += timedelta(days)
            except OverflowError:
                return Partial()
            return Partial(day.year, day.month, day.day)
        if self.month is not None and self.day is not None and 1 <= self.day + days <= month_length(None, self.month):
            return Partial(self.year, self.month, self.day + days)
        return self if days == 0 else Partial()

    def iso(self) -> str:
        """Write ``YYYY-MM-DD`` with ``X`` for unknown parts, never shortened."""
        return f"{_digits(self.year, 4)}-{_digits(self.month, 2)}-{_digits(self.day, 2)}"


def of_day(day: date) -> Partial:
    """Make a Partial from a day."""
    return Partial(day.year, day.month, day.day)


def read_iso(text: str | None) -> Partial:
    """Read ``YYYY-MM-DD``; anything else is wholly unknown."""
    found = _ISO_DATE.fullmatch(text or "")
    if not found:
        return Partial()
    parts = (None if "X" in part else int(part) for part in found.groups())
    partial = Partial(*parts)
    return partial if partial.exact() is not None else Partial()


def month_length(year: int | None, month: int) -> int:
    """Count a month's days; February of an unknown year has 29."""
    return monthrange(year if year is not None and 1 <= year <= 9999 else 2000, month)[1]


def is_valid(year: int | None, month: int | None, day: int | None) -> bool:
    """Say whether the known parts can be a date."""
    if month is not None and not 1 <= month <= 12:
        return False
    if day is not None and not 1 <= day <= (31 if month is None else month_length(year, month)):
        return False
    return year is None or 1 <= year <= 9999


def _digits(value: int | None, width: int) -> str:
    return "X" * width if value is None else f"{value:0{width}d}"


def year_value(year: int | None) -> str:
    """Write a year."""
    return _digits(year, 4)


def month_value(year: int | None, month: int | None) -> str:
    """Write a month, ``2024-10``."""
    return f"{_digits(year, 4)}-{_digits(month, 2)}"


def week_value(day: date | None, weeks: int = 0) -> str:
    """Write the ISO week of a day, some weeks on."""
    if day is None:
        return "XXXX-WXX"
    year, week, _ = (day + timedelta(weeks=weeks)).isocalendar()
    return f"{year:04d}-W{week:02d}"


def add_months(year: int | None, month: int | None, months: int) -> tuple[int | None, int | None]:
    """Go some months on from a month; both parts become unknown where one is missing and they are needed."""
    if month is None:
        return (None, None)
    total = month - 1 + months
    return (None if year is None else year + total // 12, total % 12 + 1)


# First day (MMDD) of the Chinese year, its leap month (hex, 0 = none) and its months' lengths (hex bits, first month
# highest, 1 = 30 days), 1949 to 2050. Checked month by month against the packages zhdate 0.1 and lunardate 0.3.0,
# which differ in two months (1954-11, 1978-08); there the new moon by Beijing time decides, as in zhdate.
_LUNAR_FIRST = 1949
_LUNAR = """
    012971695 0217006ca 020600b55 012750ab5 0214004da 020300a5b 012430a57 02120052b 01318152a 021800e95 0208006aa
    0128615aa 021500ab5 0205004b6 0125414ae 021300a57 020200526 012131d26 020900d95 013070b55 02170056a 02060096d
    01275095d 0215004ad 020300a4d 012341a4d 021100d25 013181aa5 021800b54 020700b6a 0128612da 02160095b 02050049b
    012541497 021300a4b 0202a164b 0220006a5 0209006d4 0129615b4 021700ab6 020600957 01275092f 021500497 02040064b
    012330d4a 021000ea5 013180d65 0219005ac 020700ab6 01285126d 02160092e 020500c96 012441a95 021200d4a 020100da5
    012220b55 02090056a 01297155b 02180025d 02070092d 01265192b 021400a95 020300b4a 0123416aa 021000ad5 013190ab5
    0219004ba 020800a5b 012860a57 02160052b 020500a93 012540e95 0212006aa 020100ad5 0122209b5 0210004b6 0129614ae
    021700a4e 020600d26 012651d26 021300d53 0203005aa 012330d6a 02110096d 0131b095d 0219004ad 020800a4d 012861a4b
    021500d25 020400d52 012451b54 021200b5a 02010056d 01222095b 02100049b 013071497 021700a4b 020600aa5 0126516a5
    0214006d2 020200ada 012330ab6
""".split()  # noqa: SIM905 a table reads best in lines


def lunar_to_date(year: int, month: int, day: int) -> date | None:
    """Convert a day of the Chinese calendar, no leap month; ``None`` outside 1949–2050 or where it does not exist."""
    index = year - _LUNAR_FIRST
    if not 0 <= index < len(_LUNAR) or not 1 <= month <= 12:
        return None
    row = _LUNAR[index]
    leap, bits = int(row[4], 16), int(row[5:], 16)
    n_months = 13 if leap else 12
    place = month - 1 + (1 if leap and month > leap else 0)
    lengths = [29 + (bits >> (n_months - 1 - i) & 1) for i in range(n_months)]
    if not 1 <= day <= lengths[place]:
        return None
    first = date(year, int(row[:2]), int(row[2:4]))
    return first + timedelta(sum(lengths[:place]) + day - 1)


# Holidays on fixed days, and those of the Chinese calendar (除夕 is the day before 春节).
FIXED_HOLIDAYS = {
    "元旦": (1, 1),
    "情人节": (2, 14),
    "妇女节": (3, 8),
    "三八": (3, 8),
    "植树节": (3, 12),
    "愚人节": (4, 1),
    "劳动节": (5, 1),
    "五一": (5, 1),
    "青年节": (5, 4),
    "五四": (5, 4),
    "护士节": (5, 12),
    "儿童节": (6, 1),
    "六一": (6, 1),
    "建党节": (7, 1),
    "七一": (7, 1),
    "建军节": (8, 1),
    "八一": (8, 1),
    "教师节": (9, 10),
    "国庆": (10, 1),
    "十一": (10, 1),
    "记者节": (11, 8),
    "平安夜": (12, 24),
    "圣诞": (12, 25),
}
LUNAR_HOLIDAYS = {
    "春节": (1, 1),
    "大年初一": (1, 1),
    "元宵": (1, 15),
    "端午": (5, 5),
    "七夕": (7, 7),
    "中元": (7, 15),
    "中秋": (8, 15),
    "重阳": (9, 9),
    "腊八": (12, 8),
}
# 清明 is a solar term: day of April = floor(0.2422 y + c) - floor(y / 4), y = year mod 100; the usual formula, good for
# 1900–2099 (c = 5.59 and 4.81).
_QINGMING = {19: 5.59, 20: 4.81}


def holiday(name: str, year: int) -> date | None:
    """Give the day of a holiday in a calendar year; ``None`` where it is not known."""
    if name in FIXED_HOLIDAYS:
        return date(year, *FIXED_HOLIDAYS[name]) if 1 <= year <= 9999 else None
    if name == "除夕":
        eve = lunar_to_date(year, 1, 1)
        return eve - timedelta(1) if eve else None
    if name == "清明":
        constant = _QINGMING.get(year // 100)
        short = year % 100
        return date(year, 4, int(short * 0.2422 + constant) - short // 4) if constant else None
    if name in LUNAR_HOLIDAYS:
        return lunar_to_date(year, *LUNAR_HOLIDAYS[name])
    return None


def is_holiday(name: str) -> bool:
    """Say whether :func:`holiday` knows a name."""
    return name in FIXED_HOLIDAYS or name in LUNAR_HOLIDAYS or name in ("除夕", "清明")


def five_year_plan(number: int) -> tuple[int, int] | None:
    """Give first and last year of the n-th Five-Year Plan (1953–1957, 1958–1962, then from 1966 on without a gap)."""
    if number in (1, 2):
        return (1948 + 5 * number, 1952 + 5 * number)
    return (1951 + 5 * number, 1955 + 5 * number) if 3 <= number <= 30 else None
