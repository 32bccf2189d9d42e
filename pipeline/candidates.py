"""Find the phrases of a text that could be its keywords, from words, tags, entities and what print sets apart.

A candidate is a string of the text: a noun or a run of words that may form a noun phrase, an entity, a quoted term,
the title of a work. Bylines, datelines, credits, bare numbers and markup are none. Tags are those of the PKU set;
jieba's are close enough, and words without a tag count as nouns.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.substrings import Keys, Places, Substrings, find_keys

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


Flags = npt.NDArray[np.bool_]
LABELS = ("PER", "LOC", "ORG")


class Area(NamedTuple):
    """Hold a stretch that candidates may stand in; ``weight`` is 2 for headlines, 1 for subheads, 0 for the body."""

    start: int
    end: int
    weight: int


# What is known of a word apart from its place, in one number: the class of its tag, and two bits.
_MAY_BEGIN_BIT, _MAY_END_BIT = 16, 32


@dataclass(frozen=True, slots=True)
class Words:
    """Hold the N words of a text as columns, in order: places, classes of tags, and what may begin or end a term.

    ``keys`` are equal for equal words.
    """

    text: str
    starts: Places
    ends: Places
    kinds: Places
    may_begin: Flags
    may_end: Flags
    substrings: Substrings
    keys: Keys

    @classmethod
    def of(cls, text: str, starts: Places, ends: Places, forms: Sequence[int]) -> Words:
        """Lay words out; ``forms`` has what :func:`form_of` says of each."""
        table = np.array(forms, dtype=np.int64)
        substrings = Substrings(text)
        return cls(
            text=text,
            starts=starts,
            ends=ends,
            kinds=table & (_MAY_BEGIN_BIT - 1),
            may_begin=(table & _MAY_BEGIN_BIT) > 0,
            may_end=(table & _MAY_END_BIT) > 0,
            substrings=substrings,
            keys=substrings.keys(starts, ends),
        )

    def __len__(self) -> int:
        """Count the words."""
        return len(self.starts)


@dataclass(frozen=True, slots=True)
class Candidates:
    """Hold the M different candidates of a text as columns (M,).

    ``starts`` and ``ends`` are one place of each, ``counts``, ``firsts`` and ``lasts`` say how often it stands, where
    first and where last, ``found`` orders them as they were found. ``heads`` and ``tails`` number the first and the
    last of its words, -1 where only an entity or quotation marks point to it; ``parts`` counts them. ``longer`` is how
    often the most frequent candidate stands that is one word longer. ``labels`` are places in LABELS, -1 for others;
    ``marked`` says whether something other than the words points to it: an entity or quotation marks.
    """

    text: str
    keys: Keys
    starts: Places
    ends: Places
    counts: Places
    firsts: Places
    lasts: Places
    found: Places
    heads: Places
    tails: Places
    parts: Places
    longer: Places
    labels: Places
    quoted: Flags
    marked: Flags

    def __len__(self) -> int:
        """Count the candidates."""
        return len(self.keys)

    @property
    def texts(self) -> list[str]:
        """Give the strings."""
        return [self.text[start:end] for start, end in zip(self.starts.tolist(), self.ends.tolist(), strict=True)]

    def take(self, places: npt.NDArray[np.integer]) -> Candidates:
        """Give some of the candidates, in the order of ``places``."""
        columns = {item.name: getattr(self, item.name) for item in fields(self) if item.name != "text"}
        return Candidates(text=self.text, **{name: column[places] for name, column in columns.items()})


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


def form_of(tag: str, text: str) -> int:
    """Say what is known of a word by tag and characters: its class, and whether a term may begin or end in it."""
    kind = NONE if text in _BREAKS else kind_of(tag, text)
    may_begin = kind not in {NONE, NUMBER} and text not in _NO_BEGIN and not (kind == MODIFIER and text in FORMULAE)
    may_end = kind in _MAY_END and text not in _NO_END
    return kind | may_begin * _MAY_BEGIN_BIT | may_end * _MAY_END_BIT


def is_term(text: str) -> bool:
    """Say whether a string may be a keyword by its characters: 2 to 12, a word in it, no formula and no mere date."""
    return (
        2 <= len(text) <= MAX_CHARS
        and text not in FORMULAE
        and _HAS_WORD.search(text) is not None
        and _ONLY_DATE.match(text) is None
    )


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


# What neither begins nor ends a term stands inside none: function words, verbs of holding, reporting and causing.
_BREAKS = _NO_BEGIN & _NO_END


def locate(starts: Places, ends: Places, areas: Sequence[Area]) -> tuple[Places, Flags]:
    """Number the areas that stretches (N,) lie in, and say which lie inside one whole; areas are in order."""
    if not areas:
        return np.zeros(len(starts), dtype=np.int64), np.zeros(len(starts), dtype=np.bool_)
    borders = np.array([(area.start, area.end) for area in areas], dtype=np.int64)
    at = np.searchsorted(borders[:, 0], starts, side="right") - 1
    return at, (at >= 0) & (ends <= borders[at, 1])


def find_phrases(words: Words, areas: Sequence[Area]) -> tuple[Places, Places]:
    """Find the words and runs of up to MAX_WORDS words that may be terms: numbers of first and last words, in order.

    Runs cross no punctuation, no word of another class, no gap and no border of an area.
    """
    area, inside = locate(words.starts, words.ends, areas)
    usable = inside & (words.kinds != NONE)
    linked = np.zeros(len(words), dtype=np.bool_)  # to the next word
    linked[:-1] = usable[:-1] & usable[1:] & (words.ends[:-1] == words.starts[1:]) & (area[:-1] == area[1:])
    first = last = np.flatnonzero(usable & words.may_begin)
    heads, tails = [], []
    for _ in range(MAX_WORDS):
        length = words.ends[last] - words.starts[first]
        fit = length <= MAX_CHARS
        first, last = first[fit], last[fit]
        whole = words.may_end[last] & (length[fit] > 1)
        heads.append(first[whole])
        tails.append(last[whole])
        more = linked[last]
        first, last = first[more], last[more] + 1
    head, tail = np.concatenate(heads), np.concatenate(tails)
    order = np.argsort(head * MAX_WORDS + (tail - head))
    return head[order], tail[order]


class Mark(NamedTuple):
    """Hold a place that an entity (``label``) or quotation marks point to."""

    start: int
    end: int
    label: str = ""
    quoted: bool = False


def find_marks(text: str, areas: Sequence[Area], entities: Sequence[tuple[int, int, str]]) -> list[Mark]:
    """List the entities, quoted terms and titles of works that lie in the areas and may be terms."""
    starts = [area.start for area in areas]

    def fits(start: int, end: int) -> bool:
        at = bisect_right(starts, start) - 1
        return at >= 0 and end <= areas[at].end and "\n" not in text[start:end] and is_term(text[start:end])

    marks = [Mark(start, end, label=label) for start, end, label in entities if fits(start, end)]
    for match in _QUOTED.finditer(text):
        start, end = match.span(1) if match.group(1) is not None else match.span(2)
        if fits(start, end):
            marks.append(Mark(start, end, quoted=True))
    return marks


def cuts_entity(starts: Places, ends: Places, entities: Sequence[tuple[int, int, str]], length: int) -> Flags:
    """Say which stretches (N,) begin or end inside an entity and go on beyond it (复信世界 of 世界卫生组织)."""
    begins, stops = np.zeros(length + 1, dtype=np.int64), np.zeros(length + 1, dtype=np.int64)
    for start, end, _ in entities:
        if end <= length:
            begins[start + 1 : end], stops[start + 1 : end] = start + 1, end  # 0 says that no entity is there
    return ((stops[starts] > 0) & (ends > stops[starts])) | ((begins[ends] > 0) & (starts < begins[ends] - 1))


def collect(words: Words, areas: Sequence[Area], entities: Sequence[tuple[int, int, str]]) -> Candidates:
    """Collect the candidates of a text, in the order of their keys.

    ``areas`` are in order and do not overlap; ``entities`` are (start, end, label). Linear in the number of words, but
    for sorting.
    """
    heads, tails = find_phrases(words, areas)
    marks = find_marks(words.text, areas, entities)
    whole = ~cuts_entity(words.starts[heads], words.ends[tails], entities, len(words.text))
    heads, tails = heads[whole], tails[whole]
    starts, ends = words.starts[heads], words.ends[tails]
    marked = np.array([mark[:2] for mark in marks], dtype=np.int64).reshape(len(marks), 2)
    # A place that the words give already, or two marks, counts once.
    places = starts * (MAX_CHARS + 1) + (ends - starts)
    named = marked[:, 0] * (MAX_CHARS + 1) + (marked[:, 1] - marked[:, 0])
    _, once = np.unique(named, return_index=True)
    fresh = np.sort(once[~np.isin(named[once], places, assume_unique=True)])
    starts, ends = np.concatenate([starts, marked[fresh, 0]]), np.concatenate([ends, marked[fresh, 1]])
    unworded = np.full(len(fresh), -1)
    heads, tails = np.concatenate([heads, unworded]), np.concatenate([tails, unworded])

    keys = words.substrings.keys(starts, ends)
    order = np.lexsort((starts, keys))
    sorted_keys, sorted_starts = keys[order], starts[order]
    borders = np.flatnonzero(np.concatenate([[True], sorted_keys[1:] != sorted_keys[:-1]])[: len(keys)])
    counts = np.diff(np.append(borders, len(keys)))
    found = np.minimum.reduceat(order, borders) if len(borders) else borders
    own = sorted_keys[borders]
    at, _ = find_keys(words.substrings.keys(marked[:, 0], marked[:, 1]), own)
    labels, quoted, pointed = np.full(len(own), -1), np.zeros(len(own), np.bool_), np.zeros(len(own), np.bool_)
    for place, mark in zip(at.tolist(), marks, strict=True):
        if mark.label:
            labels[place] = LABELS.index(mark.label) if mark.label in LABELS else -1
        quoted[place] |= mark.quoted
        pointed[place] = True
    return Candidates(
        text=words.text,
        keys=own,
        starts=starts[found],
        ends=ends[found],
        counts=counts,
        firsts=sorted_starts[borders],
        lasts=sorted_starts[borders + counts - 1],
        found=found,
        heads=heads[found],
        tails=tails[found],
        parts=tails[found] - heads[found] + 1,
        longer=_count_longer(words, own, counts, heads[found], tails[found]),
        labels=labels,
        quoted=quoted,
        marked=pointed,
    )


def _count_longer(words: Words, keys: Keys, counts: Places, heads: Places, tails: Places) -> Places:
    """Count, for each candidate, how often the most frequent one stands that has one word more at either end."""
    longer = np.zeros(len(keys), dtype=np.int64)
    phrases = np.flatnonzero(tails > heads)
    head, tail = heads[phrases], tails[phrases]
    for starts, ends in (
        (words.ends[head], words.ends[tail]),
        (words.starts[head], words.starts[tail]),
    ):
        places, there = find_keys(words.substrings.keys(starts, ends), keys)
        np.maximum.at(longer, places[there], counts[phrases][there])
    return longer
