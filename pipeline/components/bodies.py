"""Names of organisations as recent news prints them: media, ministries, and bodies that the model cut short or ran on.

The rules follow the guide of the development gold and the forms of such names, never a list of its names.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from spacy.tokens import Doc

from pipeline.components import text_of
from pipeline.components.conventions import Found, is_region

# Media sign by what stands after their name: 青岚网北京8月4日电, 临溪在线记者, 北屏新闻讯.
_MEDIA_NAME = (
    r"[一-龥A-Za-z]{1,6}?"
    r"(?:日报|晚报|晨报|早报|时报|商报|都市报|青年报|周报|卫视|广播电视台|电视台|在线|新闻网|新闻|网)"
)
_SIGNED = (
    r"(?=(?:客户端|全媒体|首席|见习|特约|特派|融媒体?)*(?:记者|通讯员|编辑|评论员)"
    r"|[一-龥]{0,5} ?(?:\d{1,2}月)?\d{1,2}日(?:电|讯|报道|消息)|(?:快讯|讯)(?![息问号]))"
)
_MEDIA = re.compile(rf"(?:(?<=[\s（(，。；、：“”《》·])|^)({_MEDIA_NAME}){_SIGNED}", re.MULTILINE)
_NO_MEDIA = re.compile(r"本|据|由|经|该|各|多家|互联网|官网|全网|上网")
# Bodies of the state whose names hold 和: the words of the name in one piece, with what they end in.
_STATE_BODY = re.compile(
    r"(?:国家)?(?:工业和信息化|文化和旅游|人力资源和社会保障|住房和城乡建设|发展和改革|自然资源和规划|林业和草原|"
    r"粮食和物资储备|卫生和计划生育)"
    r"(?:部|总?局|委员会|厅|委)"
)
# A party group belongs to the body only where no office follows (青岚法院党组书记: the body is 青岚法院).
_GROUP = re.compile(r"(?P<body>.*(?:局|院|厅|部|校|司|集团|会|行|社|公司|大学|中学|医院))党[组委]$")
_OFFICE = re.compile(r"(?:副?书记|成员|委员)")
# What a body publishes on is no part of its name.
_CHANNEL = re.compile(r"(?:官方)?(?:网站|客户端|官网|公众号|微信公众号|微博)$")
# Tags of words that an organisation's name is made of after the place that it begins with, and its last word.
_INNER_TAGS = frozenset(("n", "vn", "nz", "nr", "ns", "nt", "j", "b", "f", "s", "an", "v", "a", "m", "q", "Ng", "l"))
_BODY_END = re.compile(
    r".*(?:人民政府|公司|集团|委员会|常委会|指挥部|办公室|研究院|研究所|研究中心|服务中心|管理局|监管局|公安局|"
    r"派出所|交警支队|检察院|人民法院|中级法院|大学|学院|协会|学会|联合会|联盟|基金会|总工会|商会|合作社|出版社|银行|医院|兵团|支队|大队|总队|"
    r"分局|总局|分公司|实验室|博物馆)"
)
_MAX_WORDS = 8
# Words that make a run of nouns no name: 北京多家公司, 美国有关医院.
_NO_NAME = frozenset(
    ("多家", "各", "有关", "相关", "部分", "其他", "一些", "当地", "某", "该", "这", "那", "的", "和", "与", "及", "等")
)
# Kinds of bodies, which name none by themselves.
_GENERIC = frozenset(
    re.split(
        r"\s+",
        "商会 代表团 报告团 公司 集团 协会 学会 法院 检察院 医院 学校 学院 大学 银行 企业 工厂 委员会 研究所 合作社 "
        "巡回法庭",
    )
)


def with_bodies(found: list[Found], doc: Doc) -> list[Found]:
    """Mend organisations among entities in order and without overlap; return such again."""
    text = text_of(doc)
    found = [trim_body(item, text) for item in found]
    found = [grow(item, doc) if item.label == "LOC" else item for item in found]
    found = over(found, list(patterns(text)))
    found = [item for item in found if item.label != "ORG" or text[item.start : item.end] not in _GENERIC]
    return with_region(found, text)


def with_region(found: list[Found], text: str) -> list[Found]:
    """Join a country or region with the body whose name follows it at once (中国 + 最高检)."""
    joined: list[Found] = []
    for item in found:
        last = joined[-1] if joined else None
        if (
            last is not None
            and (last.label, item.label) == ("LOC", "ORG")
            and last.end == item.start
            and is_region(text[last.start : last.end])
        ):
            joined[-1] = item._replace(start=last.start)
        else:
            joined.append(item)
    return joined


def patterns(text: str) -> Iterator[Found]:
    """Find media that sign a report, and bodies of the state, by the form of their names."""
    for match in _MEDIA.finditer(text):
        if not _NO_MEDIA.match(match[1]):
            yield Found(*match.span(1), "ORG", "pattern")
    for match in _STATE_BODY.finditer(text):
        yield Found(*match.span(), "ORG", "pattern")


def over(found: list[Found], better: list[Found]) -> list[Found]:
    """Put names found by pattern among entities: they replace what lies in them or is cut by them.

    An organisation that holds such a name stays; where one runs into it, the name begins (省文化 + 文化和旅游厅).
    """
    ends = [item.end for item in found]
    starts = [item.start for item in found]
    gone: set[int] = set()
    added: list[Found] = []
    for item in sorted(better, key=lambda item: (item.start, -item.end)):
        near = range(bisect_right(ends, item.start), bisect_left(starts, item.end))
        bodies = [found[number] for number in near if found[number].label == "ORG"]
        if (added and added[-1].end > item.start) or any(
            body.start <= item.start and item.end <= body.end for body in bodies
        ):
            continue
        start = min([item.start, *(body.start for body in bodies if body.start < item.start)])
        added.append(item._replace(start=start))
        gone.update(near)
    return without_overlap([*(item for number, item in enumerate(found) if number not in gone), *added])


def without_overlap(found: list[Found]) -> list[Found]:
    """Order entities; of two that overlap the first stays."""
    kept: list[Found] = []
    for item in sorted(found, key=lambda item: (item.start, -item.end)):
        if not kept or kept[-1].end <= item.start:
            kept.append(item)
    return kept


def trim_body(item: Found, text: str) -> Found:
    """Take off what is no part of a body: its party group before an office, the channel it publishes on."""
    if item.label != "ORG":
        return item
    name = text[item.start : item.end]
    channel = _CHANNEL.search(name)
    if channel and channel.start() > 1:
        return item._replace(end=item.start + channel.start())
    group = _GROUP.fullmatch(name)
    if group and _OFFICE.match(text, item.end):
        return item._replace(end=item.start + len(group["body"]))
    return item


def grow(item: Found, doc: Doc) -> Found:
    """Make a place the beginning of an organisation whose words follow it (临汾市 + 人民政府)."""
    span = doc.char_span(item.start, item.end)
    if span is None:
        return item
    words, end = "", item.end
    for token in doc[span.end : span.end + _MAX_WORDS]:
        if token.tag_ not in _INNER_TAGS or token.text in _NO_NAME:
            break
        words += token.text
        if _BODY_END.fullmatch(words) and words not in _GENERIC:
            end = token.idx + len(token.text)
    # The score was measured for the place alone.
    return item._replace(end=end, label="ORG", score=None) if end > item.end else item
