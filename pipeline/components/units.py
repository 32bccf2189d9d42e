"""List the units and classifiers that make a numeral a quantity, with the words that they must not be taken from.

Codes are UCUM where it has one; 亩 (``mu``), 斤 (``jin``), 里 (``li``), ``pp`` (percentage points) and 级 (wind
force, magnitude) are our own. Money is in ISO 4217. A classifier is its own unit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

MEASURES = {
    **dict.fromkeys(("公里", "千米", "km", "KM"), "km"),
    **dict.fromkeys(("米", "m"), "m"),
    **dict.fromkeys(("厘米", "公分", "cm"), "cm"),
    **dict.fromkeys(("毫米", "mm"), "mm"),
    **dict.fromkeys(("微米",), "um"),
    **dict.fromkeys(("纳米", "nm"), "nm"),
    **dict.fromkeys(("英里",), "[mi_i]"),
    **dict.fromkeys(("海里",), "[nmi_i]"),
    **dict.fromkeys(("英尺",), "[ft_i]"),
    **dict.fromkeys(("英寸",), "[in_i]"),
    **dict.fromkeys(("光年",), "[ly]"),
    **dict.fromkeys(("华里", "里地"), "li"),
    **dict.fromkeys(("平方公里", "平方千米", "km²", "k㎡"), "km2"),
    **dict.fromkeys(("平方米", "平米", "㎡", "m²", "m2"), "m2"),
    **dict.fromkeys(("平方厘米",), "cm2"),
    **dict.fromkeys(("公顷",), "har"),
    **dict.fromkeys(("亩",), "mu"),
    **dict.fromkeys(("英亩",), "[acr_us]"),
    **dict.fromkeys(("立方米", "m³", "m3"), "m3"),
    **dict.fromkeys(("立方厘米",), "cm3"),
    **dict.fromkeys(("升", "L"), "L"),
    **dict.fromkeys(("毫升", "ml", "mL", "ML"), "mL"),
    **dict.fromkeys(("吨", "t"), "t"),
    **dict.fromkeys(("公斤", "千克", "kg", "KG", "Kg"), "kg"),
    **dict.fromkeys(("克", "g"), "g"),
    **dict.fromkeys(("毫克", "mg"), "mg"),
    **dict.fromkeys(("微克", "μg", "ug"), "ug"),
    **dict.fromkeys(("斤", "市斤"), "jin"),
    **dict.fromkeys(("磅",), "[lb_av]"),
    **dict.fromkeys(("盎司",), "[oz_av]"),
    **dict.fromkeys(("克拉",), "[car_m]"),
    **dict.fromkeys(("桶原油",), "[bbl_us]"),
    **dict.fromkeys(("℃", "摄氏度", "°C"), "Cel"),
    **dict.fromkeys(("华氏度", "℉"), "[degF]"),
    **dict.fromkeys(("千瓦时", "度电", "kWh"), "kW.h"),
    **dict.fromkeys(("兆瓦时",), "MW.h"),
    **dict.fromkeys(("千瓦", "kW"), "kW"),
    **dict.fromkeys(("兆瓦", "MW"), "MW"),
    **dict.fromkeys(("吉瓦", "GW"), "GW"),
    **dict.fromkeys(("瓦",), "W"),
    **dict.fromkeys(("千伏", "kV"), "kV"),
    **dict.fromkeys(("伏特",), "V"),
    **dict.fromkeys(("安培",), "A"),
    **dict.fromkeys(("马力",), "[HP]"),
    **dict.fromkeys(("焦耳",), "J"),
    **dict.fromkeys(("千卡", "大卡"), "kcal"),
    **dict.fromkeys(("赫兹", "Hz"), "Hz"),
    **dict.fromkeys(("兆赫", "MHz"), "MHz"),
    **dict.fromkeys(("吉赫", "GHz"), "GHz"),
    **dict.fromkeys(("分贝",), "dB"),
    **dict.fromkeys(("百帕",), "hPa"),
    **dict.fromkeys(("毫米汞柱",), "mm[Hg]"),
    **dict.fromkeys(("岁", "周岁"), "a"),
    **dict.fromkeys(("TB",), "TBy"),
    **dict.fromkeys(("GB",), "GBy"),
    **dict.fromkeys(("MB",), "MBy"),
    **dict.fromkeys(("mg/L", "毫克/升"), "mg/L"),
    **dict.fromkeys(("微克/立方米", "μg/m³"), "ug/m3"),
    **dict.fromkeys(("毫克/立方米", "mg/m³"), "mg/m3"),
    **dict.fromkeys(("公里/小时", "公里每小时", "千米/小时", "千米每小时", "km/h"), "km/h"),
    **dict.fromkeys(("米/秒", "米每秒", "m/s"), "m/s"),
    **dict.fromkeys(("立方米/秒", "立方米每秒"), "m3/s"),
    **dict.fromkeys(("公斤/亩", "斤/亩"), None),
    **dict.fromkeys(("公里/升",), "km/L"),
}

MONEY = {
    **dict.fromkeys(("元", "元人民币", "块钱", "圆"), "CNY"),
    **dict.fromkeys(("美元", "美金"), "USD"),
    **dict.fromkeys(("欧元",), "EUR"),
    **dict.fromkeys(("港元", "港币", "元港币"), "HKD"),
    **dict.fromkeys(("澳门元",), "MOP"),
    **dict.fromkeys(("新台币", "台币", "元新台币", "新台币元"), "TWD"),
    **dict.fromkeys(("日元", "日圆"), "JPY"),
    **dict.fromkeys(("英镑",), "GBP"),
    **dict.fromkeys(("卢布",), "RUB"),
    **dict.fromkeys(("韩元", "韩圆"), "KRW"),
    **dict.fromkeys(("澳元", "澳大利亚元"), "AUD"),
    **dict.fromkeys(("加元", "加拿大元"), "CAD"),
    **dict.fromkeys(("新加坡元", "新元"), "SGD"),
    **dict.fromkeys(("瑞士法郎", "瑞郎"), "CHF"),
    **dict.fromkeys(("卢比", "印度卢比"), "INR"),
    **dict.fromkeys(("泰铢",), "THB"),
    **dict.fromkeys(("越南盾",), "VND"),
    **dict.fromkeys(("马来西亚林吉特", "林吉特"), "MYR"),
    **dict.fromkeys(("迪拉姆",), "AED"),
    **dict.fromkeys(("雷亚尔",), "BRL"),
    **dict.fromkeys(("兰特",), "ZAR"),
    **dict.fromkeys(("坚戈",), "KZT"),
}
# Coins count a part of 元.
COINS = {"角": 0.1, "角钱": 0.1, "毛钱": 0.1, "分钱": 0.01}
CURRENCY_SIGNS = {"¥": "CNY", "￥": "CNY", "$": "USD", "＄": "USD", "€": "EUR", "£": "GBP"}

# Classifiers of more than one character come first by length. Each is written with what must not follow it.
_CLASSIFIERS = {
    **dict.fromkeys(
        ("人次", "车次", "架次", "户次", "班次", "场次", "件次", "辆次", "台次", "人份", "剂次", "例次", "趟次"), ""
    ),
    **dict.fromkeys(("标准箱", "平方", "部门", "方阵", "把手"), ""),
    "个": "体人别性展",
    "名": "称单字牌额列为誉下",
    "位": "于置移居列次数",
    "人": "民均工才",
    "家": "庭具电长属畜禽园渠庄村湾坪沟峪河口",
    "项": "",
    "件": "",
    "条": "件约",
    "辆": "",
    "台": "山县风湾州账儿",
    "套": "",
    "座": "",
    "所": "有以在长属需谓得",
    "支": "持付出撑援",
    "只": "有是能要不",
    "头": "道堡",
    "匹": "配",
    "棵": "",
    "株": "洲",
    "艘": "",
    "架": "构",
    "部": "分委署长位件级队落",
    "册": "",
    "本": "地市省县报科院线身人次来月年周",
    "篇": "",
    "份": "额量子",
    "张": "家",
    "幅": "度",
    "场": "地所景馆面合镇",
    "次": "日年要序品生月",
    "起": "来点步飞伏重诉草源义火到始见床立码初",
    "例": "如子外",
    "户": "籍口外县型",
    "口": "岸号径子泉",
    "间": "隔接距歇断",
    "处": "理于置罚分境方级长暑州",
    "片": "区段面",
    "栋": "",
    "幢": "",
    "扇": "",
    "块": "钱",
    "把": "关握手",
    "颗": "",
    "粒": "",
    "双": "方向边重语休",
    "对": "于接口比此外方手话象应面待",
    "批": "准次发评复示",
    "类": "似别",
    "种": "植子业粮田地族菜树苗下",
    "门": "峡头店口诊票户源楼",
    "节": "气日目点能约水育省假",
    "群": "众体",
    "队": "员伍长列",
    "组": "织成长合建",
    "箱": "",
    "袋": "",
    "瓶": "",
    "桶": "",
    "盒": "",
    "道": "路德桥江岭沟教理歉孚县里外口",
    "股": "份东市权票",
    "根": "据本源",
    "枚": "",
    "副": "",
    "尊": "",
    "则": "",
    "封": "闭",
    "首": "",
    "笔": "",
    "宗": "",
    "桩": "",
    "盏": "",
    "幕": "",
    "倍": "",
    "票": "",
    "层": "面级次",
    "针": "对",
    "剂": "量",
    "趟": "",
    "班": "子",
    "顶": "",
    "眼": "",
    "孔": "",
    "眼井": "",
    "床": "位铺上单头",
    "字": "母型眼头架节号样",
    "站": "",
    "届": "",
    "期": "间",
    "代": "表理",
    "轮": "车摩渡流番",
    "章": "",
    "款": "",
    "号": "",
    "版": "",
    "天": "然津",
    "年": "",
    "集": "",
    "卷": "",
    "局": "",
    "季": "度",
    "阶段": "",
    "批次": "",
    "梯队": "",
    "方队": "",
    "名次": "",
    "楼": "",
    "车间": "",
}
# Units that only an ordinal takes (第3期); as counts they are times, parts of names or rare.
_ORDINAL_ONLY = frozenset("届期代轮章款号版天年集卷局季楼站") | {"阶段", "批次", "梯队", "方队", "名次", "车间"}
# Not ordinals: 第一人民医院, 第一家庭.
COUNT_UNITS = {unit: after for unit, after in _CLASSIFIERS.items() if unit not in _ORDINAL_ONLY}
ORDINAL_UNITS = {
    unit: _CLASSIFIERS[unit]
    for unit in (*_ORDINAL_ONLY, *"个名位家项件条台座所支只部本篇份张场次起例处块批类种门节组首层班", "人次", "方阵")
}
# Chinese numeral and classifier that are words (四处奔走), or names of kinds (二本, 三轮车).
COUNT_WORDS = frozenset(
    (
        "四处",
        "两口",
        "二本",
        "三本",
        "一本",
        "二层",
        "两人转",
        "二人",
        "三门",
        "八股",
        "百家",
        "九章",
        "八字",
        "十字",
        "四字",
    )
)
# 首个, 首批 …: the first of its kind.
FIRST_UNITS = "个次届批家座条例台套支部艘架枚期轮场款只颗列单笔"


def _longest_first(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word)))


def _guarded(units: dict[str, str]) -> str:
    """Write an alternation of units, each with the characters that must not follow it."""
    ordered = sorted(units.items(), key=lambda item: (-len(item[0]), item[0]))
    return "|".join(re.escape(unit) + (f"(?![{after}])" if after else "") for unit, after in ordered)


def _latin_bounded(units: dict[str, str | None]) -> str:
    """Write an alternation of units; after a Latin one no letter or digit may follow (5G, 4K, 33mm)."""
    ordered = sorted(units, key=lambda unit: (-len(unit), unit))
    return "|".join(re.escape(unit) + ("(?![A-Za-z0-9])" if unit[-1].isascii() else "") for unit in ordered)


MEASURE = _latin_bounded(MEASURES)
CURRENCY = rf"(?:{_longest_first(MONEY)})(?![旦宵素件帅首老代朝凶])"
COIN = _longest_first(COINS)
CLASSIFIER = _guarded(COUNT_UNITS)
ORDINAL_CLASSIFIER = _guarded(ORDINAL_UNITS)
