"""Quantities: the development gold, what is none, and spans outside the times."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.components.quantities import find_quantities, make_quantities
from pipeline.components.times import find_times

GOLD = [json.loads(line) for line in (Path(__file__).parent / "data" / "times.jsonl").read_text("utf-8").splitlines()]


def quantities(text):
    return [(item.text, item.kind, item.value, item.unit) for item in find_quantities(text, times=find_times(text))]


@pytest.mark.parametrize("item", GOLD, ids=[item["text"][:12] for item in GOLD])
def test_find_quantities_meets_the_development_gold(item):
    times = find_times(item["text"], date=item["date"])
    found = [
        {"text": it.text, "kind": it.kind, "value": it.value, "unit": it.unit}
        for it in find_quantities(item["text"], times=times)
    ]
    assert found == item["quantities"]


@pytest.mark.parametrize(
    "text",
    [
        "S50太临高速K149处",
        "YB5系列电机",
        "龙湖2019小区7号楼",
        "拨打12345热线",
        "“五元”评价制度",
        "“四个面向”",
        "一个好消息",
        "一起努力",
        "四处奔走",
        "五台山和三门峡",
        "二元结构",
        "第二医院",
        "第一时间",
        "2024届毕业生",
        "成功率高，三成立足",
        "5G网络",
        "千家万户",
        "长三角一体化",
        "五角大楼",
        "三伏天",
        "上一届冠军",
        "唯一一个",
        "两位数增长",
        "二次创业",
        "3:2获胜",
        "学习十二分努力",
    ],
)
def test_find_quantities_takes_no_name_word_or_code(text):
    assert quantities(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("投入2.27亿元", ("2.27亿元", "money", 227_000_000, "CNY")),
        ("￥99.5", ("￥99.5", "money", 99.5, "CNY")),
        ("五角", ("五角", "money", 0.5, "CNY")),
        ("３３吨", ("３３吨", "measure", 33, "t")),
        ("零下12℃", ("零下12℃", "measure", -12, "Cel")),
        ("气温38度", ("38度", "measure", 38, "Cel")),
        ("阵风8级", ("8级", "measure", 8, "级")),
        ("六七成", ("六七成", "percent", None, "%")),
        ("七成五", ("七成五", "percent", 75, "%")),
        ("千分之三", ("千分之三", "percent", 0.3, "%")),
        ("5‰", ("5‰", "percent", 0.5, "%")),
        ("近1/3的土地", ("1/3", "percent", 33.3333, "%")),
        ("20%至30%", ("20%", "percent", 20, "%")),
        ("30万至50万元", ("30万至50万元", "money", None, "CNY")),
        ("100 km/h", ("100 km/h", "measure", 100, "km/h")),
        ("十二届全国人大", ("十二届", "ordinal", 12, "届")),
        ("首批", ("首批", "ordinal", 1, "批")),
        ("位居全国第二。", ("第二", "ordinal", 2, None)),
        ("百余人", ("百余人", "count", 100, "人")),
        ("十几名", ("十几名", "count", None, "名")),
        ("增长1倍", ("1倍", "count", 1, "倍")),
    ],
)
def test_find_quantities_reads_one_quantity(text, expected):
    assert quantities(text) == [expected] or expected in quantities(text)


def test_find_quantities_leaves_time_expressions_alone():
    assert quantities("10月15日用了43分钟，33吨") == [("33吨", "measure", 33, "t")]


@given(st.text(alphabet="0123456789.,%元吨个名第首百分之万亿千十一两三成半余多至—-零下℃级度届月日年 。“\n\ud800𠮷"))
def test_find_quantities_spans_slice_back_in_order(text):
    times = find_times(text)
    items = find_quantities(text, times=times)
    assert [text[item.start : item.end] for item in items] == [item.text for item in items]
    spans = sorted([(item.start, item.end) for item in (*items, *times)])
    assert all(a[1] <= b[0] for a, b in pairwise(spans))


def test_stage_puts_quantities_beside_the_times(make_doc):
    doc = make_doc("今年投入3亿元")
    doc._.times = tuple(find_times(doc.text, date="2024-10-16"))
    assert [item.text for item in make_quantities(None, "quantities")(doc)._.quantities] == ["3亿元"]
