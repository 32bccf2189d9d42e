"""Time expressions: the development gold, single rules, anchors, and what is no time."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.components.times import find_times, make_times

GOLD = [json.loads(line) for line in (Path(__file__).parent / "data" / "times.jsonl").read_text("utf-8").splitlines()]
DATE = "2024-10-16"


def values(text, date=DATE):
    return [(time.text, time.type, time.value) for time in find_times(text, date=date)]


@pytest.mark.parametrize("item", GOLD, ids=[item["text"][:12] for item in GOLD])
def test_find_times_meets_the_development_gold(item):
    found = [
        {"text": time.text, "type": time.type, "value": time.value, "mod": time.mod}
        for time in find_times(item["text"], date=item["date"])
    ]
    assert found == item["times"]


@pytest.mark.parametrize(
    "text",
    [
        "龙湖2019小区7号楼",
        "K149处",
        "三年级学生",
        "2017级新生",
        "拨打12345热线",
        "电话0351-4000000",
        "主队3:2取胜",
        "21:19拿下第二局",
        "按1:3配比",
        "升级到5.1.2版",
        "移动4/5G基站",
        "第3天",
        "3点建议",
        "一时间",
        "周一鸣说",
        "李国庆介绍",
        "四周三面环山",
        "每日经济新闻",
        "《今日说法》",
        "当天气转凉",
        "百年大计",
        "有一天",
        "7号线",
        "证号14010219580101001X",
        "3年级和5号楼",
        "15号文件",
        "有关部门的同志",
        "最近的车站",
        "前日本首相",
    ],
)
def test_find_times_takes_no_name_code_or_score(text):
    assert values(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10月15日，", ("10月15日", "DATE", "2024-10-15")),
        ("10月15日,", ("10月15日", "DATE", "2024-10-15")),
        ("2024年2月30日后的2024年", ("2024年", "DATE", "2024")),
        ("晚12时", ("晚12时", "TIME", "XXXX-XX-XXT24:00")),
        ("两个多小时", ("两个多小时", "DURATION", "PT2H")),
        ("2分30秒", ("2分30秒", "DURATION", "PT2M30S")),
        ("2分22秒08", ("2分22秒08", "DURATION", "PT2M22.08S")),
        ("今年前8个月", ("今年前8个月", "DATE", "2024-01/2024-08")),
        ("今明两年", ("今明两年", "DATE", "2024/2025")),
        ("今明两天", ("今明两天", "DATE", "2024-10-16/2024-10-17")),
        ("每年冬天", ("每年冬天", "SET", "XXXX-WI")),
        ("1936年秋，", ("1936年秋", "DATE", "1936-FA")),
        ("2021年春运", ("2021年", "DATE", "2021")),
        ("中午12时30分", ("中午12时30分", "TIME", "XXXX-XX-XXT12:30")),
        ("凌晨12时", ("凌晨12时", "TIME", "XXXX-XX-XXT00:00")),
        ("本周三", ("本周三", "DATE", "2024-10-16")),
        ("上周末", ("上周末", "DATE", "2024-W41-WE")),
        ("前年春天", ("前年春天", "DATE", "2022-SP")),
        ("2025年春节", ("2025年春节", "DATE", "2025-01-29")),
        ("“十三五”末", ("“十三五”末", "DATE", "2020")),
        ("每年5到8月", ("每年5到8月", "SET", "XXXX-05/XXXX-08")),
        ("每晚", ("每晚", "SET", "XXXX-XX-XXTEV")),
        ("每半年", ("每半年", "SET", "P6M")),
        ("近三个小时", ("近三个小时", "DURATION", "PT3H")),
        ("近20个月", ("20个月", "DURATION", "P20M")),
        ("前三个月", ("三个月", "DURATION", "P3M")),
        ("一年半", ("一年半", "DURATION", "P1Y6M")),
        ("半个世纪", ("半个世纪", "DURATION", "P50Y")),
        ("为期3日", ("3日", "DURATION", "P3D")),
        ("农历八月十五", ("农历八月十五", "DATE", "2024-09-17")),
        ("15日至17日", ("15日", "DATE", "2024-10-15")),
        ("15—17日", ("15—17日", "DATE", "2024-10-15/2024-10-17")),
    ],
)
def test_find_times_reads_one_expression(text, expected):
    assert expected in values(text)


def test_find_times_counts_from_the_dateline_before_the_publication():
    times = find_times("新华社北京10月14日电 昨天开幕，今日继续。", date=DATE)
    assert [(time.value, time.anchor) for time in times] == [
        ("2024-10-14", "publication"),
        ("2024-10-13", "t1"),
        ("2024-10-14", "t1"),
    ]


def test_find_times_anchors_same_day_to_the_day_named_last():
    times = find_times("10月12日，货车起火。\n\n当日下午2时03分，接到通知。", date=DATE)
    assert (times[1].value, times[1].anchor) == ("2024-10-12T14:03", "t1")


def test_find_times_passes_a_spelled_year_on_inside_the_paragraph_only():
    text = "2019年6月30日签约，7月20日开工。\n7月21日，记者到场。"
    assert [time.value for time in find_times(text, date=DATE)] == ["2019-06-30", "2019-07-20", "2024-07-21"]


@pytest.mark.parametrize(
    ("date", "text", "value"),
    [
        ("2024-12-28", "将于1月10日开工", "2025-01-10"),
        ("2025-01-05", "12月20日合龙", "2024-12-20"),
        ("2024-10-16", "10月20日停水", "2024-10-20"),
        ("2024-08-16", "12月，大雪", "2023-12"),
        ("2024-10-16", "12月，大雪", "2024-12"),
        ("2024-10-16", "预计12月完工", "2024-12"),
        (None, "10月15日", "XXXX-10-15"),
        (None, "昨日", "XXXX-XX-XX"),
        (None, "今年", "XXXX"),
        ("not a date", "今年", "XXXX"),
    ],
)
def test_find_times_chooses_the_year(date, text, value):
    assert find_times(text, date=date)[0].value == value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("本周五至周日", ["2024-10-18", "2024-10-20"]),
        ("周一至周五", ["XXXX-WXX-1", "XXXX-WXX-5"]),
        ("9月29日至2日", ["2024-09-29", "2024-10-02"]),
        ("下午2时至4时", ["XXXX-XX-XXT14:00", "XXXX-XX-XXT16:00"]),
        ("10月12日，……当日上午……13日", ["2024-10-12", "2024-10-12TMO", "2024-10-13"]),
        ("10月12日。当天下午3时", ["2024-10-12", "2024-10-12T15:00"]),
    ],
)
def test_find_times_carries_the_day_on(text, expected):
    assert [time.value for time in find_times(text, date=DATE)] == expected


def test_find_times_without_a_publication_date_has_no_anchor_of_that_name():
    assert find_times("昨日", date=None)[0].anchor is None


@given(
    st.text(alphabet="0123456789年月日号时点分半周一二十今昨当次第每上下至到—-:.,，。（）( )约近多余个天 \n\ud800𠮷")
)
def test_find_times_spans_slice_back_in_order(text):
    times = find_times(text, date=DATE)
    assert [text[time.start : time.end] for time in times] == [time.text for time in times]
    assert all(a.end <= b.start for a, b in pairwise(times))
    assert [time.id for time in times] == [f"t{number}" for number in range(1, len(times) + 1)]


def test_stage_takes_the_date_from_the_context(make_doc, make_context):
    context = make_context(("title", "十月的太原"), ("paragraph", "昨日，天晴。"), date=DATE)
    doc = make_times(None, "times")(make_doc(context.article.text.text, context=context))
    assert [(time.text, time.value) for time in doc._.times] == [("十月", "2024-10"), ("昨日", "2024-10-15")]


def test_last_year_counts_from_a_year_spelled_out_in_the_sentence():
    assert values("2022年四季度产量高于上年。上年")[1:] == [("上年", "DATE", "2021"), ("上年", "DATE", "2023")]


def test_a_month_after_one_to_come_in_the_sentence_lies_ahead_too():
    times = find_times("3月底前完成检测，5月全部加固。去年5月", date="2025-02-18")
    assert [item.value for item in times] == ["2025-03", "2025-05", "2024-05"]
