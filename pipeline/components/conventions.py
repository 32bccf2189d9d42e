"""What counts as one name: the conventions for entities that a model trained on MSRA does not know.

They follow the guide of the development gold, which adapts the MSRA guidelines to recent news. Administrative levels
that stand together are one place, 张某某 is a person, a government with its country an organisation; a place in the
name of a sports event is no entity of its own, nor is a single character such as 湘 outside a list (中美).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from pipeline.components import countries
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
_COUNTRIES = frozenset(countries.COUNTRIES)
# 中国 before a place is most often a word of its own or an event's.
_HOME = "中国"
# A place of two or three characters after a province is a city or county unless it ends as a hill or a bridge does.
_NO_TOWN = re.compile(r".*[山河江湖海岛湾港桥路街站园寺塔楼馆场峡谷关]$")
_SPORT = (
    "(?:[男女]子|[男女][足篮排]|足球|篮球|排球|乒乓球|羽毛球|网球|高尔夫球?|斯诺克|台球|游泳|跳水|田径|体操|举重|拳击|柔道|"
    "射击|射箭|自行车|滑雪|滑冰|短道速滑|冰球|冰壶|国际象棋|围棋|电竞)"
)
_EVENT = re.compile(
    rf"(?:20\d\d年?|第[一二三四五六七八九十百\d]+届|世界|国际|夏季|冬季|全国|{_SPORT})*"
    r"(?:大运会|亚运会|奥运会|冬奥会|残奥会|亚残运会|冬残奥会|运动会|世界杯|公开赛|锦标赛|世锦赛|马拉松|进博会|广交会|世博会|大奖赛)"
)
# After 第八届 a place begins the name of an event or a feast: 第八届中国国际进口博览会, 第三个中国农民丰收节.
_NUMBERED = re.compile(r"第[一二三四五六七八九十百\d]+[届个]$")
_OCCASION = re.compile(r"[^，。；、！？“”\s]{0,12}?(?:节|会|赛|展|论坛|周|日)(?![期程长员场])")
# Documents, books and broadcasts in 《》 name no entity, nor do the names in them; the newspaper itself does.
_TITLE = re.compile(r"《([^《》\n]{1,40})》(杂志|周刊|月刊)?")
_PAPER = re.compile(r"[^，。、；：！？\s]{1,12}?(?:日报|时报|晚报|晨报|早报|邮报|商报|电讯报|联合报|周报|报|周刊|月刊)")
# A typhoon is no entity, nor one side of talks (中方), nor what a party's doctrine is called by.
_STORM = re.compile(r"(?:台风|飓风|热带风暴)[“\"]?$")
_SIDE = re.compile(r"[中美日俄韩朝英法德台印越欧]方")
_DOCTRINE = re.compile(r"(?:新时代中国)?特色社会主义|式现代化")
# The city belongs to the usual name of its airport or station (成都双流机场).
_HUB = re.compile(r".*(?:机场|火车站|高铁站|客运站|[东西南北]站)$")
# Landforms and regions whose name is not whole without its last word (青藏高原, 台湾海峡).
_LANDFORM = re.compile(r"海峡|高原|盆地|平原|山脉|流域|三角洲|大湾区")
# The number of a motorway stands before its name (G5京昆高速公路).
_MOTORWAY = re.compile(r"[GS]\d{1,4}$")
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
    found = [with_landform(item, text) for item in found]
    found = join_places(found, text)
    found = [with_government(item, text) for item in found]
    found = [item for item in found if not is_none(item, text)]
    return listed_only(with_papers(found, text))


def is_none(item: Found, text: str) -> bool:
    """Say whether the guide takes a name for none: in an event's name, a storm, one side of talks, a doctrine."""
    name, before = text[item.start : item.end], text[max(0, item.start - 8) : item.start]
    if item.label != "PER" and (_EVENT.match(text, item.end) or _EVENT.fullmatch(name)):
        return True
    if item.label == "LOC" and _NUMBERED.search(before) and _OCCASION.match(text, item.end):
        return True
    if name in ("习近平", "中国") and _DOCTRINE.match(text, item.end):
        return True
    return _STORM.search(before) is not None or _SIDE.fullmatch(name) is not None


def with_landform(item: Found, text: str) -> Found:
    """Take the word for a landform after a place with it, and the number of a motorway before its name."""
    if item.label != "LOC":
        return item
    tail, head = _LANDFORM.match(text, item.end), None
    if text[item.start : item.end].endswith(("高速", "高速公路")):
        head = _MOTORWAY.search(text, max(0, item.start - 5), item.start)
    return item._replace(start=head.start() if head else item.start, end=tail.end() if tail else item.end)


def with_papers(found: list[Found], text: str) -> list[Found]:
    """Make newspapers and magazines in 《》 organisations; drop all that lies in such a title or runs into it."""
    titles = list(_TITLE.finditer(text))
    if not titles:
        return found
    papers = [Found(*match.span(1), "ORG", "pattern") for match in titles if match[2] or _PAPER.fullmatch(match[1])]
    kept: list[Found] = []
    number = 0
    for item in found:
        while number < len(titles) and titles[number].end() <= item.start:
            number += 1
        outside = number == len(titles) or item.end <= titles[number].start()
        # A person in a book's title stays, and a title that the model itself takes for a body's name.
        whole = not outside and item.label == "ORG" and (item.start, item.end) == titles[number].span(1)
        if outside or whole or item.label == "PER":
            kept.append(item)
        elif item.start < titles[number].start():
            # 台湾《晨报 was taken for one name: what stands before the bracket is where the paper is from.
            name = text[item.start : titles[number].start()]
            kept.append(item._replace(end=titles[number].start(), label="LOC" if is_region(name) else item.label))
    return sorted({item[:2]: item for item in [*kept, *papers]}.values())


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
            and stand_together(last, item, text)
        ):
            joined[-1] = last._replace(end=item.end)
        else:
            joined.append(item)
    return joined


def stand_together(last: Found, item: Found, text: str) -> bool:
    """Say whether two places that touch are levels of one: 山西省 + 太原市, 澳大利亚 + 悉尼, 临汾 + 尧都区."""
    first, second = text[last.start : last.end], text[item.start : item.end]
    if 0 < rank(first) < _rank_after(last, item, text):
        return True
    if _HUB.match(second):
        return not _HUB.match(first)
    if first in _COUNTRIES:
        return first != _HOME and len(second) > 1 and not _NO_TOWN.match(second)
    is_bare = rank(first) == 0 and len(first) == 2 and not _NO_TOWN.match(first)
    return is_bare and rank(second) == _RANKS["县"]


def is_region(name: str) -> bool:
    """Say whether a name is that of a country, a province or an administrative unit."""
    return name in _COUNTRIES or rank(name) > 0


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
