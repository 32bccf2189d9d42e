"""Hold the gazetteer of administrative divisions: names to codes, codes to full names, compounds taken apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

_PEOPLES = (
    "蒙古|回|藏|维吾尔|苗|彝|壮|布依|朝鲜|满|侗|瑶|白|土家|哈尼|哈萨克|傣|黎|傈僳|佤|畲|拉祜|水|东乡|纳西|景颇|柯尔克孜|土|达斡尔"
    "|仫佬|羌|布朗|撒拉|毛南|仡佬|锡伯|阿昌|普米|塔吉克|怒|乌孜别克|俄罗斯|鄂温克|德昂|保安|裕固|塔塔尔|独龙|鄂伦春|赫哲|门巴|珞巴|基诺|各"
)
# 延边朝鲜族自治州 → 延边; 积石山保安族东乡族撒拉族自治县 → 积石山; 鄂温克族自治旗 keeps its name.
_AUTONOMOUS = re.compile(rf"(?P<short>.+?)(?:(?:{_PEOPLES})族|蒙古|哈萨克|柯尔克孜)*自治[州县旗区]")
_SUFFIX = re.compile(r"(?P<short>.+?)(?:特别行政区|省|市|地区|盟|县|林区|特区|区|旗)")
_TOWN_SUFFIX = re.compile(r"(?P<short>.{2,}?)(?:街道|镇|乡|苏木)")
_PROVINCE_SHORT = {
    "内蒙古自治区": "内蒙古",
    "广西壮族自治区": "广西",
    "新疆维吾尔自治区": "新疆",
    "宁夏回族自治区": "宁夏",
    "西藏自治区": "西藏",
}
# One character for a province; only those that hardly ever stand for anything else beside another one.
PROVINCE_LETTERS = {
    "京": "110000",
    "津": "120000",
    "冀": "130000",
    "晋": "140000",
    "蒙": "150000",
    "辽": "210000",
    "沪": "310000",
    "苏": "320000",
    "浙": "330000",
    "皖": "340000",
    "闽": "350000",
    "赣": "360000",
    "鲁": "370000",
    "豫": "410000",
    "鄂": "420000",
    "湘": "430000",
    "粤": "440000",
    "桂": "450000",
    "琼": "460000",
    "渝": "500000",
    "川": "510000",
    "黔": "520000",
    "滇": "530000",
    "陕": "610000",
    "甘": "620000",
    "港": "810000",
    "澳": "820000",
}
# 北京, 天津, 上海, 重庆: provinces that are cities.
CITY_PROVINCES = frozenset(("11", "12", "31", "50"))
# Prefectures whose short name is as often something else: mountains, a district of Beijing, Sun Yat-sen.
CAREFUL_PREFECTURES = frozenset(("黄山", "白山", "朝阳", "中山"))
# 上海路派出所 says nothing about Shanghai.
_STREETS = ("路", "街", "大道", "东路", "西路", "南路", "北路")
# More levels than a Chinese address has (province, prefecture, county, town).
_MAX_LEVELS = 4


def short_name(name: str) -> str | None:
    """Cut a division's name to the form used without its kind: 太原市 → 太原; ``None`` where one character is left."""
    if name in _PROVINCE_SHORT:
        return _PROVINCE_SHORT[name]
    found = _AUTONOMOUS.fullmatch(name) or _SUFFIX.fullmatch(name)
    if found is None or len(found["short"]) < 2:
        return None
    return found["short"]


def level(code: str) -> int:
    """Give a code's level: 1 province, 2 prefecture, 3 county, 4 town."""
    if len(code) > 6:
        return 4
    return 1 if code.endswith("0000") else 2 if code.endswith("00") else 3


def stem(code: str) -> str:
    """Cut the zeros that stand for lower levels: 140100 → 1401."""
    return code[: 2 * level(code)] if level(code) < 4 else code


def is_inside(code: str, outer: str) -> bool:
    """Say whether a division lies in another one."""
    return code != outer and code.startswith(stem(outer)) and level(code) > level(outer)


class Gazetteer:
    """Look divisions up by name; built from a model folder (see :mod:`pipeline.training.places`)."""

    def __init__(self, folder: Path) -> None:
        self.names: dict[str, str] = {}
        self.full: dict[str, list[str]] = {}
        self.short: dict[str, list[str]] = {}
        self.towns_short: dict[str, list[str]] = {}
        self.former: dict[str, list[str]] = {}
        for code, name in _rows(folder / "divisions.tsv"):
            self.names[code] = name
            self.full.setdefault(name, []).append(code)
            if (short := short_name(name)) is not None:
                self.short.setdefault(short, []).append(code)
        for code, name in _rows(folder / "towns.tsv"):
            self.names[code] = name
            self.full.setdefault(name, []).append(code)
            if (found := _TOWN_SUFFIX.fullmatch(name)) is not None:
                self.towns_short.setdefault(found["short"], []).append(code)
        for code, name, _ in _rows(folder / "former.tsv"):
            self.names.setdefault(code, name)
            self.former.setdefault(name, []).append(code)
        self.longest = max(map(len, self.full), default=0)

    def full_name(self, code: str) -> str:
        """Write a division with all that it lies in: 山西省太原市小店区."""
        outer = [code[:2] + "0000", code[:4] + "00", code[:6]]
        chain = dict.fromkeys([*(item for item in outer if level(item) < level(code)), code])
        return "".join(self.names[item] for item in chain if item in self.names)

    def by_full_name(self, name: str) -> list[str]:
        """List the divisions in force that bear exactly this name."""
        return self.full.get(name, [])

    def compounds(self, text: str) -> set[str]:
        """Give the last divisions of all readings of a text as two or more levels, each inside the one before it.

        山西省太原市小店区, 浙江台州玉环坎门 and 山西小店区 are such texts; 太原 alone is not.
        """
        ends: set[str] = set()
        self._descend(text, 0, None, 0, ends)
        return ends

    def _descend(self, text: str, at: int, outer: str | None, depth: int, ends: set[str]) -> None:
        """Try every division whose name stands at a position and that lies in the one before."""
        for end in range(min(len(text), at + self.longest), at + 1, -1):
            for code in self._candidates(text[at:end], outer):
                if end == len(text):
                    if depth:
                        ends.add(code)
                elif depth + 1 < _MAX_LEVELS:
                    self._descend(text, end, code, depth + 1, ends)

    def _candidates(self, name: str, outer: str | None) -> list[str]:
        """List the divisions of a name, full or short; inside another one where one is given."""
        codes = [*self.full.get(name, []), *self.short.get(name, [])]
        if outer is None:
            return codes
        if level(outer) == 3:
            codes += self.towns_short.get(name, [])
        return [code for code in codes if is_inside(code, outer)]

    def leading(self, text: str) -> str | None:
        """Give the division that a longer name begins with (山西省科技厅, 太原理工大学): unique, province to county."""
        for end in range(min(len(text) - 1, self.longest), 1, -1):
            codes = [code for code in self.full.get(text[:end], []) if level(code) <= 3]
            if not codes and text[:end] not in CAREFUL_PREFECTURES and not text.startswith(_STREETS, end):
                codes = [code for code in self.short.get(text[:end], []) if level(code) <= 2]
            if codes:
                top = min(level(code) for code in codes)
                codes = [code for code in codes if level(code) == top]
                return codes[0] if len(codes) == 1 else None
        return None


def _rows(path: Path) -> Iterator[list[str]]:
    """Read a tab-separated table."""
    for line in path.read_text("utf-8").splitlines():
        yield line.split("\t")
