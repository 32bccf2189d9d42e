"""Recognise offices and professions beside a person's name: 省科技厅党组书记、厅长刘俊义; 王建国教授.

The words are our own list. Words of address (先生, 女士), relations (居民, 村民) and the roles of a byline (记者,
通讯员) are no offices.
"""

from __future__ import annotations

import re
from typing import NamedTuple

# Party and state, education and health, business and law, arts and sport.
_HEAD_WORDS = (
    "总书记 书记 主席 总理 委员长 部长 省长 市长 县长 区长 州长 镇长 乡长 村长 盟长 旗长 厅长 局长 处长 科长 "
    "股长 司长 署长 关长 秘书长 秘书 主任 委员 常委 政委 政治委员 司令员 司令 军长 师长 旅长 团长 营长 连长 "
    "排长 班长 参谋长 指导员 教导员 检察长 检察官 法官 审判长 庭长 党组成员 班子成员 巡视员 "
    "调研员 专员 督学 督导员 网格员 楼长 "
    "单元长 组长 支书 会计 总统 首相 国王 女王 天皇 总督 外长 防长 财长 国务卿 大臣 议长 议员 大使 领事 公使 "
    "参赞 特使 特派员 发言人 负责人 领导人 总干事 干事 站长 所长 支队长 大队长 中队长 总队长 分队长 队长 警长 "
    "民警 辅警 交警 消防员 校长 院长 园长 系主任 教授 副教授 讲师 教师 班主任 辅导员 研究员 副研究员 院士 "
    "博士后 工程师 总工程师 农艺师 技师 技术员 会计师 经济师 分析师 设计师 规划师 主任医师 医师 医生 药师 "
    "护士长 护士 护师 馆长 董事长 监事长 理事长 会长 社长 台长 行长 总裁 总经理 经理 厂长 矿长 店长 场长 段长 "
    "董事 监事 首席执行官 首席经济学家 首席科学家 经济学家 科学家 总监 总会计师 创始人 合伙人 主管 律师 "
    "公证员 仲裁员 司机 驾驶员 列车长 机长 乘务长 乘务员 讲解员 主编 总编辑 总编 导演 编剧 制片人 作家 诗人 "
    "画家 书法家 作曲家 歌唱家 艺术家 演员 歌手 主持人 主教练 教练 领队 裁判长 裁判 传承人 "
)
_MODIFIER_WORDS = (
    "党组 党委 党总支 党支部 支部 团委 纪委 工会 政协 人大 国家 中共中央 常务 第一 副 正 代 代理 执行 名誉 "
    "荣誉 原 前 时任 现任 新任 总 首席 高级 特级 特聘 客座 资深 助理 新闻 村委会 居委会 社区 车间 办公室 技术 "
    "财务 艺术 二级 一级 三级 四级 联合 行政 业务 市场 销售 项目 生产 队 讲座 终身 外交 国防 财政 最高 "
)
# Words after a name that are an office there; others (代表, 裁判) are verbs as often.
_AFTER_NAME = (
    "总书记|委员长|副?主席|副?总理|副?书记|副?部长|副?省长|副?市长|副?县长|副?区长|副?厅长|副?局长|副?处长|副?主任(?!医)|副?主任医师|副?教授|副?研究员|院士"
    "|副?校长|副?院长|副?会长|董事长|副?总经理|总裁|秘书长|律师|医生|医师|法官|检察官|工程师|总统|首相|外长|大使|导演|教练|队长|博士"
)


def _words(words: str) -> str:
    """Write an alternation of words, longest first."""
    return "|".join(sorted(words.split(), key=lambda word: (-len(word), word)))


_TITLE = re.compile(rf"(?P<title>(?:{_words(_MODIFIER_WORDS)}){{0,4}}(?:{_words(_HEAD_WORDS)}))$")
_HEAD_AT_END = re.compile(rf"(?:{_words(_HEAD_WORDS)})$")
_AFTER = re.compile(rf" ?(?P<title>{_AFTER_NAME})(?![\u4e00-\u9fff]?(?:们|级|助理|办公|团|席))")
# Words that stand between a body and an office that is not held in it (科技厅聘请专家).
_NO_TITLE = re.compile(r"聘请|任命|担任|[由是的在向对为被让说了与和及等]")
# An office that the model took for no organisation: 省科技厅, 市农业农村局, at the beginning of its clause.
_LOCAL_BODY = re.compile(
    r"(?:^|据|由|经|从|对|向|请|问|是|日前|近日|时任|现任)(?P<org>(?:省|市|区|县|州|国家)[\u4e00-\u9fff]{1,12}?"
    r"(?:厅|局|委|办|院|部|会|中心|支队|大队|总队|党校|政府|法院|检察院|银行))$"
)
# What ends the stretch before a name in which offices are looked for.
_CLAUSE = re.compile(r"[，。；：！？,;:!?\n“”\"《》（）()【】|]")
# Characters before a name in which its offices are looked for, and the longest office; longer ones were not seen.
WINDOW = 48
MAX_TITLE = 14


class Office(NamedTuple):
    """Hold an office by its name and, where it is known, the body it is held in."""

    title: str
    org: str | None


def offices_before(text: str, start: int, orgs: list[tuple[int, int, str]]) -> list[Office]:
    """Read the offices that stand directly before ``start``, in reading order.

    ``orgs`` are the organisations that end in the window before, as (start, end, name), in order.
    """
    low = max(0, start - WINDOW)
    window = text[low:start].rstrip(" \u3000")
    end = low + len(window)
    low += max((mark.end() for mark in _CLAUSE.finditer(window)), default=0)
    found: list[Office] = []
    while end > low:
        begin = max(text.rfind("、", low, end) + 1, low)
        office = _read_office(text, begin, end, orgs)
        if office is None:
            break
        found.append(office)
        end = begin - 1
    return found[::-1]


def _read_office(text: str, begin: int, end: int, orgs: list[tuple[int, int, str]]) -> Office | None:
    """Read one office that fills the end of a stretch."""
    stretch = text[begin:end]
    if _HEAD_AT_END.search(stretch) is None:
        return None
    for org_start, org_end, name in reversed(orgs):
        if begin <= org_start and org_end < end:
            title = text[org_end:end].lstrip(" 的")
            if title and len(title) <= MAX_TITLE and _NO_TITLE.search(title) is None:
                return Office(title, name)
            break
    found = _TITLE.search(stretch)
    if found is None:
        return None
    body = _LOCAL_BODY.search(stretch[: found.start()])
    return Office(found["title"], body["org"] if body else None)


def office_after(text: str, end: int) -> str | None:
    """Read the office that directly follows a name (王建国教授)."""
    found = _AFTER.match(text, end)
    return found["title"] if found else None
