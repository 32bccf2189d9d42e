"""Find the phrases of a text that could be its keywords, from words, tags, entities and what print sets apart.

A candidate is a string of the text: a noun or a run of words that may form a noun phrase, an entity, a quoted term,
the title of a work. Bylines, datelines, credits, bare numbers and markup are none. Tags are those of the PKU set;
jieba's are close enough, and words without a tag count as nouns.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

MAX_CHARS = 12  # gold keywords have 2 to 10 characters by their guide; names of bodies run to 12
MAX_WORDS = 5
MAX_QUOTED = 12  # longer quotations are speech


def _set(words: str) -> frozenset[str]:
    """Make a set of the words of a text block."""
    return frozenset(words.split())


# Words of the newspaper itself and of reporting, which no reader would file an article under.
FORMULAE = _set(
    """
    记者 本报 本报讯 本报记者 通讯员 实习生 讯 电 日电 消息 报道 新闻 日前 近日 目前 今天 昨天 昨日 今日 明天
    当天 当日 当前 上午 下午 晚上 凌晨 中午 今年 去年 明年 近年 近年来 年来 同时 此外 其中 其他 有关 相关 情况
    方面 问题 时候 时间 地方 过程 人员 有关部门 相关部门 部门 负责人 相关负责人 有关负责人 介绍 表示 进行 开展
    举行 指出 强调 要求 提出 认为 发现 成为 通过 实现 加强 推动 推进 促进 加快 提高 提升 工作 活动 内容 方式
    方法 作用 程度 水平 目标 任务 措施 特点 基础 条件 结果 原因 现场 图片 照片 视频 来源 编辑 责编 责任编辑 摄
    图 图为 文 网 版 作者 供图 客户端 公众号 微信 微博 全文 原标题 标题 人 人们 大家 我们 你们 他们 自己 先生
    女士 同志 朋友 一些 一个 一种 这里 那里 地区 各地 全国 我国 我省 我市 我县 本市 本省 本台 领导 代表 主任
    书记 部长 副主任 局长 主席 会议 仪式 座谈会 讲话 精神 意见 通知 建设 发展 服务 管理 生活 社会 群众 单位 以来
    期间 之后 之前 以上 以下 左右 之间 万元 亿元 公里 平方米 小时 分钟 上年 同期 同比 环比 数量 总数 数据 部分
    全部 整体 总体 主要 重要 第一 首次 首个 最大 新 大 小 多 高 好
    """
)

NOUN, NAME, VERBAL, ADJECTIVE, MODIFIER, SHORT, LETTERS, NUMBER, NONE, VERBAL_NOUN = range(10)
KINDS = 10
# First letters of tags -> classes. names and vn are told apart in _WHOLE.
_CLASS_OF = {
    "n": NOUN,
    "v": VERBAL,
    "a": ADJECTIVE,
    "b": MODIFIER,
    "j": SHORT,
    "i": NOUN,
    "l": NOUN,
    "s": NOUN,
    "f": NONE,
    "g": NOUN,
    "h": MODIFIER,
    "k": NOUN,
    "x": LETTERS,
    "e": LETTERS,
    "m": NUMBER,
    "q": NONE,
    "t": MODIFIER,
}
_WHOLE = {
    **dict.fromkeys(("nr", "ns", "nt", "nz", "nrt", "nrfg"), NAME),
    **dict.fromkeys(("vd", "vshi", "vyou"), NONE),
    "nx": LETTERS,
    "vn": VERBAL_NOUN,
}
_MAY_END = frozenset({NOUN, NAME, VERBAL, VERBAL_NOUN, SHORT, LETTERS})
_QUOTED = re.compile(
    rf"[“「『\"]([^“”「」『』\"\s，。；：！？、]{{2,{MAX_QUOTED}}})[”」』\"]|《([^《》\n]{{2,{MAX_QUOTED}}})》"
)
_HAS_WORD = re.compile(r"[A-Za-z\u3007\u3400-\u9fff]")
_ONLY_DATE = re.compile(
    r"^[\d０-９一二三四五六七八九十百千万亿零〇两几第上中下前后年月日号时分点天周届个件名位次岁元%％.．·]+$"
)


class Word(NamedTuple):
    """Hold a token: its text, where it begins, and the class of its tag."""

    text: str
    start: int
    kind: int


class Area(NamedTuple):
    """Hold a stretch that candidates may stand in; ``weight`` is 2 for headlines, 1 for subheads, 0 for the body."""

    start: int
    end: int
    weight: int


@dataclass(slots=True)
class Candidate:
    """Hold a string, the places where it stands, the words it is made of and how it was found."""

    text: str
    words: Sequence[Word]
    spans: list[tuple[int, int]] = field(default_factory=list)
    quoted: bool = False
    label: str = ""

    @property
    def marked(self) -> bool:
        """Say whether something other than the words points to it: an entity or quotation marks."""
        return self.quoted or bool(self.label)


def kind_of(tag: str, text: str) -> int:
    """Sort a tag into a class; words of Latin letters are told by their characters, since taggers differ on them."""
    if not text[:1].isalnum():
        return NONE
    if text.isascii():
        return _kind_of_ascii(text)
    if not tag:
        return NOUN if len(text) > 1 else NONE
    lower = tag.lower()
    if lower in _WHOLE:
        return _WHOLE[lower]
    if lower[0] == "m" and text[-1] == "号":
        return NOUN  # 天宫二号
    date = lower[0] == "t" and _ONLY_DATE.match(text) is not None
    return NONE if date else _CLASS_OF.get(lower[0], NONE)


def _kind_of_ascii(text: str) -> int:
    """Sort a word of ASCII characters: in small letters it is the OCR's (and) or an English text's, no name."""
    if text.isdigit():
        return NUMBER
    return LETTERS if text.isalnum() and not text.islower() else NONE


def is_term(text: str) -> bool:
    """Say whether a string may be a keyword by its characters: 2 to 12, a word in it, no formula and no mere date."""
    return (
        2 <= len(text) <= MAX_CHARS
        and text not in FORMULAE
        and _HAS_WORD.search(text) is not None
        and _ONLY_DATE.match(text) is None
    )


def find_runs(words: Sequence[Word], areas: Sequence[Area]) -> list[list[Word]]:
    """Cut the words of the areas into runs that candidates may not cross: at punctuation, other classes and gaps."""
    runs: list[list[Word]] = []
    run: list[Word] = []
    area = 0
    for word in words:
        while area < len(areas) and word.start >= areas[area].end:
            area += 1
            if run:
                runs.append(run)
                run = []
        if area == len(areas):
            break
        usable = (
            word.kind != NONE and word.start >= areas[area].start and word.start + len(word.text) <= areas[area].end
        )
        if run and (not usable or run[-1].start + len(run[-1].text) != word.start):
            runs.append(run)
            run = []
        if usable:
            run.append(word)
    if run:
        runs.append(run)
    return runs


# Words that jieba or a tagger call verbs, adverbs or pronouns by turns, and that begin or end no term.
_NO_BEGIN = _set(
    """
    是 有 在 为 对 将 把 被 让 使 给 到 从 向 以 与 和 及 或 等 也 都 就 还 又 再 已 已经 正在 可以 能 能够 要
    会 应 不 没有 没 来 去 说 做 看 想 成 成为 进行 表示 通过 开展 举行 召开 介绍 指出 强调 提出 认为 发现 获得
    获 据 经 由 于 至 共 各 每 该 本 此 这 那 某 全 约 近 超 达 达到 包括 具有 作为 根据 按照 位于 来自 参加
    继续 希望 发布 发生 出现 接受 坚持 深入 一 两 三 大 小 多 高 新 好 日 月 年 记者 本报 有关 相关 主要 重要
    目前 同时 不断 全面 积极 进一步 切实 努力 同 其 之 所 举办 占 持有 采取 拥有 带来 成立 推出 采用 设立 使用
    利用 存在 造成 导致 引发 迎来 前往 走进 组织 邀请 受到 得到 做好
    时 起 称 之日 第 当 因 因为 为了 如果 随着 按 即 则 便 将于 并 而 但 且
    """
)
_NO_END = _set(
    """
    是 有 在 为 对 将 把 被 让 使 给 到 从 向 以 与 和 及 或 等 来 去 说 做 看 想 成 成为 进行 表示 通过 举行
    召开 介绍 指出 强调 提出 认为 发现 获得 达 达到 包括 具有 作为 根据 按照 位于 来自 参加 继续 希望 出现 接受
    要 会 能 可 人 者 日 月 年 时 中 上 下 前 后 内 外 方面 情况 问题 工作 过程 期间 时间 以来 记者 同志 先生
    女士 讯 电 摄 举办 占 持有 采取 拥有 带来 成立 推出 采用 设立 存在 造成 导致 引发 迎来 前往 走进 邀请 受到
    得到 做好 接到 讲解
    """
)


def collect(
    text: str, words: Sequence[Word], areas: Sequence[Area], entities: Sequence[tuple[int, int, str]]
) -> dict[str, Candidate]:
    """Collect the candidates of a text by their strings, each with its places in order.

    ``areas`` are in order and do not overlap; ``entities`` are (start, end, label). Linear in the number of words.
    """
    found: dict[str, Candidate] = {}
    for run in find_runs(words, areas):
        _collect_run(run, found)
    starts = [area.start for area in areas]

    def is_inside(start: int, end: int) -> bool:
        at = bisect_right(starts, start) - 1
        return at >= 0 and end <= areas[at].end

    for start, end, label in entities:
        if is_inside(start, end) and "\n" not in text[start:end] and is_term(text[start:end]):
            _mark(text, start, end, found).label = label
    for match in _QUOTED.finditer(text):
        start, end = match.span(1) if match.group(1) is not None else match.span(2)
        if is_inside(start, end) and is_term(text[start:end]):
            _mark(text, start, end, found).quoted = True
    for candidate in found.values():
        if candidate.marked:
            candidate.spans = sorted(set(candidate.spans))
    return found


def _collect_run(run: Sequence[Word], found: dict[str, Candidate]) -> None:
    """Add the words and phrases of one run."""
    count = len(run)
    ends = [word.kind in _MAY_END and word.text not in _NO_END for word in run]
    for first, (head, start, kind) in enumerate(run):
        if kind == NUMBER or head in _NO_BEGIN:
            continue
        string, last = head, first
        while len(string) <= MAX_CHARS:
            if ends[last] and len(string) > 1:
                candidate = found.get(string)
                if candidate is None:
                    candidate = found[string] = Candidate(string, run[first : last + 1])
                candidate.spans.append((start, start + len(string)))
            last += 1
            if last == count or last - first == MAX_WORDS:
                break
            string += run[last].text


def _mark(text: str, start: int, end: int, found: dict[str, Candidate]) -> Candidate:
    """Find or make the candidate for a stretch that was found without its words, and add the place."""
    string = text[start:end]
    candidate = found.get(string)
    if candidate is None:
        candidate = found[string] = Candidate(string, (Word(string, start, NAME),))
    candidate.spans.append((start, end))
    return candidate
