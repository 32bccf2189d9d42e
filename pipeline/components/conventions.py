"""What counts as one name: the conventions for entities that a model trained on MSRA does not know.

They follow the guide of the development gold, which adapts the MSRA guidelines to recent news. Administrative levels
that stand together are one place, 张某某 is a person, a government with its country an organisation; a place in the
name of a sports event is no entity of its own, nor is a single character such as 湘 outside a list (中美).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from pipeline.components.tagging import SURNAMES

# Two places that stand together are one when the first is an administrative unit of a higher rank than the second.
_RANKS = {
    "省": 1,
    "区": 3,
    "市": 2,
    "州": 2,
    "盟": 2,
    "县": 3,
    "旗": 3,
    "镇": 4,
    "乡": 4,
    "街道": 4,
    "村": 5,
    "社区": 5,
}
# Provinces are also named without 省 or 市 (四川成都).
_PROVINCES = frozenset(
    re.findall(
        r"\S+",
        "北京 天津 上海 重庆 河北 山西 内蒙古 辽宁 吉林 黑龙江 江苏 浙江 安徽 福建 江西 山东 河南 湖北 湖南 广东 "
        "广西 海南 四川 贵州 云南 西藏 陕西 甘肃 青海 宁夏 新疆 台湾",
    )
)
_PROVINCE, _CITY = 1, 2
# A place of two or three characters after a province is a city or county unless it ends as a hill or a bridge does.
_NO_TOWN = re.compile(r".*[山河江湖海岛湾港桥路街站园寺塔楼馆场峡谷关]$")
_EVENT = re.compile(
    r"(?:20\d\d年?|第[一二三四五六七八九十百\d]+届|世界|国际|夏季|冬季|全国)*"
    r"(?:大运会|亚运会|奥运会|冬奥会|残奥会|亚残运会|冬残奥会|运动会|世界杯|公开赛|锦标赛|世锦赛|马拉松|进博会|广交会|世博会)"
)
_SOMEBODY = re.compile(f"[{''.join(sorted(SURNAMES))}]某[某甲乙丙丁]?")
_GOVERNMENT = "政府"


# Ends of places that end no person's name of three characters or more.
_SETTLEMENTS = ("村", "镇", "乡", "县", "街道", "社区")


class Found(NamedTuple):
    """Hold a stretch of the text that names something; offsets in characters."""

    start: int
    end: int
    label: str
    source: str
    score: float | None = None
    norm: str | None = None


def apply_conventions(found: list[Found], text: str) -> list[Found]:
    """Apply all conventions to entities in order and without overlap; return such again."""
    found = with_somebody(found, text)
    found = [settle_person(item, text) for item in found]
    found = join_places(found, text)
    found = [with_government(item, text) for item in found]
    found = [item for item in found if not (item.label == "LOC" and _EVENT.match(text, item.end))]
    return listed_only(found)


def settle_person(item: Found, text: str) -> Found:
    """Make a person whose name ends as a village's does a place."""
    name = text[item.start : item.end]
    if item.label == "PER" and len(name) >= 3 and name.endswith(_SETTLEMENTS):
        return item._replace(label="LOC")
    return item


def join_places(found: list[Found], text: str) -> list[Found]:
    """Join places that stand together in falling rank (山西省 + 太原市 + 小店区): the reader takes them for one."""
    joined: list[Found] = []
    for item in found:
        last = joined[-1] if joined else None
        if (
            last is not None
            and last.label == item.label == "LOC"
            and last.end == item.start
            and 0 < rank(text[last.start : last.end]) < _rank_after(last, item, text)
        ):
            joined[-1] = last._replace(end=item.end)
        else:
            joined.append(item)
    return joined


def rank(place: str) -> int:
    """Give the rank of an administrative unit, 1 for a province, 0 for what is none."""
    if place in _PROVINCES:
        return _PROVINCE
    return _RANKS.get(place[-2:]) or _RANKS.get(place[-1:], 0)


def _rank_after(last: Found, item: Found, text: str) -> int:
    """Give the rank of a place; a short name right after a province's is a city's (四川成都)."""
    name = text[item.start : item.end]
    is_town = len(name) in {2, 3} and not _NO_TOWN.match(name)
    return rank(name) or (_CITY if is_town and text[last.start : last.end] in _PROVINCES else 0)


def with_somebody(found: list[Found], text: str) -> list[Found]:
    """Add people whose name is withheld (张某, 刘某某) in place of what was found inside."""
    people = [Found(*match.span(), "PER", "pattern") for match in _SOMEBODY.finditer(text)]
    if not people:
        return found
    merged: list[Found] = []
    for item in sorted([*found, *people], key=lambda item: (item.start, -item.end)):
        if merged and merged[-1].end > item.start:
            # A longer name that holds this one stays; a shorter one that it runs into gives way.
            if item.source == "pattern" and merged[-1].end < item.end:
                merged[-1] = item
            continue
        merged.append(item)
    return merged


def with_government(item: Found, text: str) -> Found:
    """Take the government after a place with it (朝鲜政府): an organisation."""
    if item.label == "LOC" and text.startswith(_GOVERNMENT, item.end):
        return item._replace(end=item.end + len(_GOVERNMENT), label="ORG")
    return item


def listed_only(found: list[Found]) -> list[Found]:
    """Drop places of one character that stand alone (在湘); in a list (中美) they stay."""

    def is_short(number: int) -> bool:
        return (
            0 <= number < len(found) and found[number].label == "LOC" and found[number].end - found[number].start == 1
        )

    return [
        item
        for number, item in enumerate(found)
        if not is_short(number)
        or (is_short(number - 1) and found[number - 1].end == item.start)
        or (is_short(number + 1) and found[number + 1].start == item.end)
    ]
