"""Recognise time expressions in Chinese news: where they stand and what they are made of, not yet what they mean.

:func:`scan` walks once over a folded text (see :func:`pipeline.components.numerals.fold`). A trigger regex finds
the places where an expression may begin; there the rules are tried in the order of :data:`_RULES`. Guards stand beside
the words that they protect: 龙城2017小区, 7号楼, 2017级, 3年级, 4/5G and 3:2 are no times.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from pipeline.components.numerals import CONNECTOR, NUMBER


class Expression(NamedTuple):
    """Hold an expression before resolution: its rule, its span, and the named parts found in it."""

    rule: str
    start: int
    end: int
    parts: dict[str, str]


_HAN_DIGITS = "零〇一二三四五六七八九"
_SMALL_HAN = "[一二三四五六七八九十廿卅〇]{1,3}"
_N2 = rf"(?:\d{{1,2}}(?!\d)|{_SMALL_HAN})"

# 年: not the year of 2017年级, 三年制, 年产值. 月: not 10月龄, 8月大. 日: not 3日游. 号: not 7号楼, 15号文件.
_NOT_YEAR = r"(?![级制期均薪轮龄华糕货画纪产检]|度(?:[第前])?报告)"
_YEAR = (
    rf"(?:(?P<y>\d{{4}}|[{_HAN_DIGITS}]{{4}}|0\d(?!\d))(?:{CONNECTOR}(?P<yto>\d{{4}}))? ?年{_NOT_YEAR}(?:度(?!过|假))?"
    r"|(?P<yrel>今年|去年|明年|前年|后年|上年|来年|同年|次年|翌年|当年))"
)
_MONTH = (
    rf"(?:(?P<m>{_N2})(?:{CONNECTOR}(?P<mto>{_N2}))? ?月(?:份(?!额))?"
    r"(?![龄饼球季台坛]|大(?:[，。的]|婴)|嫂|薪|供|租|息|考)"
    r"|(?P<mrel>本月|上月|下月|上个月|下个月|这个月|当月|同月|次月|今年同月))"
)
_NOT_DAY = r"(?![游线楼院文令本元货用常]|志(?!愿)|电(?:话|动|商|力|影|视))"
_DAY = rf"(?:(?P<d>{_N2})(?:{CONNECTOR}(?P<dto>{_N2}))? ?(?P<du>日|号){_NOT_DAY})"
_DAY_REL = (
    r"(?P<drel>今天|今日(?!头条|说法|关注)|昨天|昨日|明天|明日(?!之星|黄花)|(?<![年月周天\d])前[天日](?!本)|后天|当天(?![气空然]|下(?!午))|当日(?!报)|同日|同一天|次日|翌日"
    r"|第二天|隔天)"
)
_DAY_PART_REL = (
    r"(?P<dprel>今晨|今早|今晚(?!报)|今夜|昨晚|昨夜|昨晨|昨早|明晨|明早|明晚|前晚|当晚|当夜|次晨|"
    r"今天晚间|昨天夜里)"
)
_WEEKDAY = r"(?:(?P<wrel>上上|下下|上|下|本|这|每)?个?(?P<wu>周|星期|礼拜)(?P<wd>[一二三四五六日天末]))"
_WEEK = r"(?P<week>(?:上上|下下|上|下|本|这)个?(?:周(?![边围口转岁年期末])|星期(?![一二三四五六日天])))"
_HALF = r"(?P<half>[上下]半年)"
_QUARTER = (
    r"(?:(?P<qpre>[前头])?(?<!十)第?(?P<q>[一二三四1-4])(?:(?:至|到|、|—|-)第?(?P<qto>[二三四2-4]))?季度(?!报告))"
)
# A bare 秋 only ends a clause or stands before 末 and 初 (1936年秋，); 春 of 春运 is no season.
_SEASON = r"(?P<season>[春夏秋冬](?:(?:季|天)(?!学期|攻势|赛)|(?<=年[春夏秋冬])(?=[，。、；,;]|$)))"
# 今年前8个月: the first months of a year that is named; without one, 前8个月 may be the eight before.
_FIRST_MONTHS = rf"(?:(?<=年)[前头](?P<first>{_N2}|两) ?个月)"
_YEAR_EDGE = (
    r"(?:(?P<yedge>年?(?:初(?![中级步衷三一二始夏冬春秋期心次选审赛评试])|底(?![层下线气部特片])|末(?![端班])))"
    r"|(?P<ymid>年中(?![国央心期间])))"
)
_XUN = r"(?P<xun>[上中下]旬|初(?![中级步衷始期心次选审赛评试一二三四五六七八九十])|底(?![层下线气部特片])|末(?![端班]))"
_PARENS = r"(?: ?\((?:星期|周|礼拜)[一二三四五六日天]\)(?= ?(?:[凌清早上中正午下傍晚夜深]|\d)))"
_PART_WORDS = "凌晨|清晨|早晨|早上|早间|上午|中午|正午|午后|下午|傍晚|晚间|晚上|夜间|夜里|夜晚|深夜|午夜|晚|早|晨|夜"
_PART = rf"(?P<part>{_PART_WORDS})"
# 点 and 时 make a clock time only where the grammar around them says so (see _clock_is_sure in the rule below).
_CLOCK = (
    r"(?:(?P<h2>[01]?\d|2[0-4]):(?P<mi2>[0-5]\d)(?::[0-5]\d)?(?![\d:])"
    rf"|(?P<h>{_N2})(?:{CONNECTOR}(?P<hto>{_N2}))? ?(?P<hu>时|点钟?)"
    r"(?![间代期候节段速长评名击赞缀对亮燃火建要子滴心型]|半时)"
    rf"(?:(?P<mi>[0-5]?\d|[{_HAN_DIGITS}十]{{1,3}}) ?分(?![之别析类会院公司局行]|钟前)(?:[0-5]?\d秒)?"
    r"|(?P<mhalf>半)|(?P<mq>[一三])刻|整)?)(?P<approx>许|左右|前后|多(?![钟方次名人个家项元种样角条位重点措层处]))?"
)
# Days of the Chinese calendar go without 日: 初五 after any month, 十五 only after 农历.
_LUNAR_DAY = r"初[一二三四五六七八九十]|(?(lunar)(?:二?十[一二三四五六七八九]?|廿[一二三四五六七八九]|三十)|(?!))"
_CHAIN = re.compile(
    rf"(?P<lunar>农历)?{_YEAR}?"
    rf"(?:{_HALF}|{_QUARTER}|{_SEASON}|{_FIRST_MONTHS}|(?P<lm>正月|冬月|腊月)(?P<ld>初?{_SMALL_HAN})?(?![{_HAN_DIGITS}])"
    rf"|(?<=年){_YEAR_EDGE}| ?{_DAY_REL}| ?{_DAY_PART_REL}|{_WEEKDAY}"
    rf"|(?: ?{_MONTH})?(?: ?{_DAY}|(?<=[月份]){_XUN}|(?<=月)(?P<lday>{_LUNAR_DAY}))?)"
    rf"{_PARENS}?(?: ?{_PART})?(?: ?{_CLOCK})?"
)
_EDGE_ALONE = re.compile(r"(?P<edge>年初|年底|年末|岁末|年中|月初|月底|月末|岁首)(?![三一二国央心期端])")
_PERIOD = re.compile(rf"{_HALF}|{_QUARTER}|{_WEEK}|{_WEEKDAY}")
_ISO = re.compile(r"(?P<y>\d{4})(?P<sep>[-./])(?P<m>\d{1,2})(?P=sep)(?P<d>\d{1,2})(?![\d.])")
_CENTURY = re.compile(
    r"(?P<crel>上个?世纪|本世纪|\d{1,2}世纪(?!不动产|经济)|[一二十]{1,3}世纪)(?:(?P<dec>\d0|[一二三四五六七八九]十)年代)?"
    r"(?P<cedge>初期?|末期?|中期|中叶|后期|前期)?"
)
_DECADE = re.compile(r"(?P<dy>\d{2})?(?P<dec>\d0|[一二三四五六七八九]十)年代(?P<cedge>初期?|末期?|中期|后期|前期)?")
_PLAN = re.compile(
    r"(?P<open>[“\"])?(?P<tens>十)?(?P<ones>[一二三四五六七八九])?五(?(open)[”\"])(?P<tail>时期|期间|末|以来|开局之年|收官之年)"
)
_SEASON_REL = re.compile(r"(?P<srel>[今去明])(?P<season>[春夏秋冬])(?:[季天])?")
_PAIR = re.compile(r"(?P<pair>今明|昨今|明后|去今)两(?P<pu>年|天|日)")
_REFERENCE = re.compile(
    r"(?P<present>截至目前|目前|当前|如今(?!年)|现今|眼下|此刻|现在|时下|现阶段)"
    r"|(?P<past>近日|近期|近来|最近(?![的一距])|连日(?!本)|近年|近些年|近几年|连年|前不久|不久前|此前|早前"
    rf"|(?<![\d{_HAN_DIGITS}十当次明近生节即今假末])日前|前些年|前几年|前几天|前两天)"
    r"|(?P<future>今后|日后(?!谈))"
)
_HOLIDAY_SURE = (
    "国庆节|劳动节|儿童节|妇女节|教师节|建军节|建党节|植树节|青年节|护士节|记者节|情人节|愚人节|圣诞节|元宵节|清明节|端午节|中秋节"
    "|重阳节|七夕节|腊八节|春节|元旦|除夕|中秋|端午|重阳|七夕|平安夜|大年初一"
)
_HOLIDAY_TAIL = '(?=[”"]?(?:节|长假|假期|小长假|黄金周|期间|前夕|前后|佳节|当天|当日|假日|双节|、中秋|中秋))'
_HOLIDAY = re.compile(
    rf"(?P<hol>{_HOLIDAY_SURE})(?![联月粽])"
    rf"|(?P<hol2>国庆|五一|十一|六一|七一|八一|三八|清明|元宵|腊八|五四|圣诞){_HOLIDAY_TAIL}(?:节)?"
)
_SET = re.compile(
    rf"每(?:隔)?(?:逢)?(?P<n>{NUMBER}|几|半)?个?(?:(?P<su>年|季度|月|周|星期|礼拜|天|日(?!经济|电讯|新报|商报|邮报|新闻)|小时|分钟|晚|晨|早)"
    rf"(?![级轮均])(?P<swd>[一二三四五六日天末])?(?:(?<=年)(?P<sseason>[春夏秋冬])[季天])?(?:(?P<sm>{_N2})(?:{CONNECTOR}(?P<smto>{_N2}))?月(?!份额))?"
    rf"(?:(?P<sd>{_N2})[日号])?(?:{_PART})?(?:{_CLOCK})?)"
)
_DURATION = re.compile(
    rf"(?P<pre>约|大约|近(?=[^年天日周月，。]{{1,6}}(?:小时|分钟))|不到|超过|逾|至少|最多)?"
    rf"(?P<n>{NUMBER}|半|多|数)(?P<to>{CONNECTOR}(?:{NUMBER}))?(?P<inf>[余多来几])?"
    r"(?: ?个(?P<inf2>[余多])?)?(?P<mid>半)? ?"
    rf"(?P<u>小时|钟头|分钟|分(?=\d{{1,2}}秒)|秒钟|秒(?P<cs>\d{{2}}(?!\d))?|月|天|周年?|星期|礼拜|年|世纪|季度|刻钟|昼夜|日)"
    r"(?P<half>半(?![年月天个小])|多(?![方次名人个家项元种样角条位重点措层处株头]))?"
    rf"(?:零?(?P<n2>{NUMBER})(?P<u2>分钟?|秒|个月|天)(?P<n3>\d{{1,2}})?(?(n3)秒)?)?(?P<after>左右|上下|以上)?"
)

# Where an expression may begin. One alternative a kind of beginning, each with literal first characters, for speed.
_TRIGGER = re.compile(
    rf"\d++|[{_HAN_DIGITS}十百千万廿卅两半几数多]++|[今去昨明][年天日晨早晚夜春夏秋冬]|(?:今明|昨今|明后|去今)两|前[年天日晚不些几两三头]|后[年天]|当[天日年月晚夜前]|同[年月日一]"
    r"|次[日年月晨]|翌[日年]|第[一二三四1-4]|隔天|上[上周星个月半年世午礼]|下[下周星个月半午礼]|本[周月世星]|这[周个]|每|[目日岁]|年[初底末中]|月[初底末]"
    r"|来年|周[一二三四五六日末]|星期|礼拜|春节|元[旦宵]|除夕|中[秋午]|端午|重阳|七夕|国庆|清[明晨]|劳动节|儿童节|妇女节|教师节|建[军党]节|植树节|青年节"
    r"|护士节|记者节|情人节|愚人节|圣诞|平安夜|大年|腊[月八]|正[月午]|冬月|农历|头三|凌晨|早[晨上前间]|午[后夜]|傍晚|[晚夜][间上里晚]|深夜|晚|早|如今|现[今在阶]"
    r"|眼下|此[刻前]|时下|近[日期来年些几\d一二三四五六七八九十两半]|最[近多]|连[日年]|不[久到]|[约逾]|大约|超过|至少|今后|[“\"](?=[一二三四五六七八九十]{1,2}五?[”\"])"
)
_NUMERIC = set("0123456789零〇一二三四五六七八九十百千万廿卅两半几数多")
# A numeral that continues a word, a code or another number is no beginning: K149, YB5, 0351-4000, 1.2.3.
_CONTINUES = re.compile(r"[A-Za-z0-9_.,/:+#-]")


def scan(text: str) -> Iterator[Expression]:
    """Yield the time expressions of a folded text in order, without overlap."""
    end = 0
    for trigger in _TRIGGER.finditer(text):
        if trigger.end() <= end:
            continue
        for at in _beginnings(text, max(trigger.start(), end), trigger.end()):
            found = _match_at(text, at)
            if found is not None:
                yield found
                end = found.end
                break


def _beginnings(text: str, start: int, end: int) -> Iterator[int]:
    """Give the places of a trigger where an expression may begin: its first character, a numeral in it (前|三个月)."""
    yield start
    for at in range(start + 1, end):
        if text[at] in _NUMERIC and text[at - 1] not in _NUMERIC:
            yield at


def _match_at(text: str, at: int) -> Expression | None:
    """Try the rules at one position."""
    if at and text[at] in _NUMERIC and _blocks_number(text, at):
        return None
    for rule, pattern, holds in _RULES:
        found = pattern.match(text, at)
        if found is not None and rule == "chain":
            found = _without_false_clock(text, found)
        if found is not None and found.end() > at and holds(text, found):
            parts = {name: value for name, value in found.groupdict().items() if value is not None}
            return Expression(rule, at, found.end(), parts)
    return None


def _blocks_number(text: str, at: int) -> bool:
    """Say whether what stands before a numeral makes it a part of something else."""
    before = text[at - 1]
    if before.isascii():
        if not _CONTINUES.match(before):
            return False
        # A mark joins only where a digit or letter stands before it: (10:30-11:30, 8:30, "，10月" stay free.
        joins = before.isalnum() or (at > 1 and text[at - 2].isascii() and text[at - 2].isalnum())
        if before == "-" and joins:
            return not re.match(r"\d{1,2}(?::\d\d|[月日时年])|\d{4}年", text[at : at + 5])
        return joins and before != ","
    return before == "第" or (text[at] not in "0123456789" and before in _NUMERIC)


def _always(text: str, found: re.Match[str]) -> bool:
    """Accept whatever the pattern took."""
    del text, found
    return True


_DATE_GROUPS = ("y", "yrel", "m", "mrel", "drel", "dprel", "lm", "wd")


def _is_chain(text: str, found: re.Match[str]) -> bool:
    """Refuse chains without a sure part: a bare 号, a bare 三日, a single 晚, years that are counted."""
    group = found.groupdict()
    has_date = any(group[name] for name in _DATE_GROUPS)
    clock = group["h"] or group["h2"]
    year = group["y"] or group["yrel"]
    refused = (
        (group["du"] == "号" and not has_date)
        or (group["du"] == "日" and not has_date and not _day_is_sure(text, found))
        or (group["wd"] and not group["wrel"] and not group["yrel"] and not _weekday_is_sure(text, found))
        or (group["season"] and not year)
        or (group["m"] and text[found.start() - 1 : found.start()] in _COUNTING)
        or (group["part"] in _SHORT_PARTS and not clock and not has_date and not group["du"])
        or (group["y"] and not group["m"] and _is_span_of_years(text, found))
    )
    return not refused


def _without_false_clock(text: str, found: re.Match[str]) -> re.Match[str] | None:
    """Match again without hours that are none (10月15日 3点建议)."""
    group = found.groupdict()
    if not (group["h"] or group["h2"]):
        return found
    has_date = bool(group["du"]) or any(group[name] for name in _DATE_GROUPS)
    if _clock_is_sure(text, found, has_date=has_date):
        return found
    cut = min(found.start(name) for name in ("h", "h2") if found.start(name) >= 0)
    while cut > found.start() and text[cut - 1] == " ":
        cut -= 1
    return _CHAIN.match(text, found.start(), cut) if cut > found.start() else None


def _day_is_sure(text: str, found: re.Match[str]) -> bool:
    """Say whether a bare 15日 is a day of the month: not 三日, not 10日内, not 为期3日."""
    day = found["d"]
    before, after = text[max(0, found.start() - 2) : found.start()], text[found.end("du") : found.end("du") + 2]
    if not day[0].isascii() and len(day) == 1 and not before.endswith(("至", "到", "—", "-", "、", "月")):
        return False
    if before.endswith(("为期", "历时", "长达", "连续", "为时", "用时", "这", "仅", "近", "每", "共", "达", "满")):
        return False
    return not after.startswith(("内", "以内", "之内", "龄", "后", "间", "以上"))


_WEEKDAY_BEFORE = frozenset("于在从到至逢每")
_WEEKDAY_AFTER = set("，。；、：！？）” \n,;:)至到起晚早上下中凌夜将的举开和前，—-~")


def _weekday_is_sure(text: str, found: re.Match[str]) -> bool:
    """Say whether a bare 周三 is a weekday and no name (周一鸣) and no part of 四周."""
    before, after = text[found.start() - 1 : found.start()], text[found.end() : found.end() + 1]
    if found["wu"] != "周":
        return True
    if before in set("四圆一两三几半上下每本这1234567890"):
        return False
    if found["wd"] == "末":
        return True
    return before in _WEEKDAY_BEFORE or after in _WEEKDAY_AFTER or after == ""


def _clock_is_sure(text: str, found: re.Match[str], *, has_date: bool) -> bool:
    """Say whether hour words make a clock time: with a date or day part, with minutes, or in a range."""
    group = found.groupdict()
    hour = group["h2"] or group["h"]
    anchored = has_date or group["part"] is not None or group["yrel"] is not None
    if group["h2"]:
        return anchored or bool(
            re.search(r"(?:\d:\d\d|[时点分]) ?(?:至|到|-|—|~|～) ?$", text[max(0, found.start() - 9) : found.start()])
        )
    if hour[0].isascii() and int(hour) > 24:
        return False
    if anchored or group["mi"] or group["mq"]:
        return True
    before = text[max(0, found.start() - 8) : found.start()]
    in_range = bool(re.search(r"[\d时点分半] ?(?:至|到|-|—|~|～) ?$", before))
    if group["hu"].startswith("时"):
        # 十时, 21时 and 二十一时; a single Chinese digit before 时 is a word (一时).
        return (hour[0].isascii() or len(hour) > 1) and not before.endswith(("用", "耗", "共", "第"))
    return in_range or group["mhalf"] is not None or group["hu"] == "点钟" or group["approx"] in ("许", "左右")


def _is_span_of_years(text: str, found: re.Match[str]) -> bool:
    """Say whether 1500年 counts years: 1500年历史, 近2000年, 距今1800年."""
    after = text[found.end() : found.end() + 3]
    before = text[max(0, found.start() - 2) : found.start()]
    return after.startswith(("历史", "的历史", "之久", "来", "文明", "沧桑", "树龄")) or before.endswith(
        ("近", "约", "距今", "长达", "超过", "逾", "已有", "跨越", "绵延")
    )


def _is_edge(text: str, found: re.Match[str]) -> bool:
    """Refuse 年中 in 近年中国 and 年底 after a count."""
    return text[found.start() - 1 : found.start()] not in _BEFORE_NO_EDGE


def _is_period(text: str, found: re.Match[str]) -> bool:
    """Leave bare weekdays to the chain, which looks at what stands around."""
    del text
    return found["wd"] is None or found["wrel"] is not None


def _is_iso(text: str, found: re.Match[str]) -> bool:
    """Refuse version numbers and scores that have the form of a date."""
    del text
    return 1 <= int(found["m"]) <= 12 and 1 <= int(found["d"]) <= 31


def _is_holiday(text: str, found: re.Match[str]) -> bool:
    """Refuse the end of a numeral (二十一 before 期间)."""
    name = found["hol2"]
    return not (name and name[0] in _NUMERIC and text[found.start() - 1 : found.start()] in _NUMERIC)


def _is_plan(text: str, found: re.Match[str]) -> bool:
    del text
    return bool(found["tens"] or found["ones"])


_COUNTING = frozenset("第数几每")
_SHORT_PARTS = frozenset("晚早晨夜")
_BEFORE_NO_EDGE = frozenset("近多几少新老半整")
_THIS_ONE = frozenset("这那某哪同每头新又有过当")
_MANY = frozenset("很许更最太众增")
# What must not follow a count of years, days, weeks: 三年级, 两天窗, 一周边.
_AFTER_UNIT = {
    "年": frozenset("级制代均薪轮龄货画检报月度糕"),
    "天": frozenset("气空津然下文线山河安花堂才主使水窗平桥地"),
    "周": frozenset("岁边围口转期刊末一二三四五六日天"),
    "星期": frozenset("一二三四五六日天"),
    "礼拜": frozenset("一二三四五六日天"),
}


def _is_duration(text: str, found: re.Match[str]) -> bool:
    """Refuse counts that are words (一天天, 百年大计, 三年级, 这一年) and days of the month."""
    number, unit, end = found["n"], found["u"], found.end()
    before, after = text[found.start() - 1 : found.start()], text[end : end + 2]
    refused = (
        before == "第"
        or (unit == "月" and "个" not in found.group())
        or (unit == "日" and not _day_count_is_sure(text, found))
        or after[:1] in _AFTER_UNIT.get(unit, ())
        or (number == "一" and (before in _THIS_ONE or after.startswith(_AFTER_ONE)))
        or (number in ("半", "一") and before in ("上", "下", "前"))
        or (number in ("百", "千", "万") and not after.startswith(("来", "前", "以来", "历史")))
        or (number == "多" and (unit not in ("年", "天", "日", "月", "小时") or before in _MANY))
        or (unit == "年" and after == "四季")
    )
    return not refused


_AFTER_ONE = ("一度", "一次", "一天", "一年", "到头", "之计", "天")


def _day_count_is_sure(text: str, found: re.Match[str]) -> bool:
    before, after = text[max(0, found.start() - 2) : found.start()], text[found.end() : found.end() + 2]
    return (
        before.endswith(("为期", "历时", "长达", "连续", "为时", "用时", "时长"))
        or after.startswith(("内", "以内", "之内", "以上"))
        or found["n"] in ("多", "数")
    )


_RULES: tuple[tuple[str, re.Pattern[str], Callable[[str, re.Match[str]], bool]], ...] = (
    ("iso", _ISO, _is_iso),
    ("plan", _PLAN, _is_plan),
    ("century", _CENTURY, _always),
    ("decade", _DECADE, _always),
    ("set", _SET, _always),
    ("season", _SEASON_REL, _always),
    ("pair", _PAIR, _always),
    ("chain", _CHAIN, _is_chain),
    ("period", _PERIOD, _is_period),
    ("holiday", _HOLIDAY, _is_holiday),
    ("reference", _REFERENCE, _always),
    ("edge", _EDGE_ALONE, _is_edge),
    ("duration", _DURATION, _is_duration),
)
