"""Publications from file names, front matter and mastheads."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.publication import (
    find_date,
    from_masthead,
    from_path,
    identify,
    is_section,
    make_date,
    normalise_page_no,
    split_front_matter,
)

PATHS = [
    ("并州晚报_2024-10-16_04.md", ("并州晚报", "2024-10-16", "4", None)),
    ("20230815-汾河日报-A03.md", ("汾河日报", "2023-08-15", "A3", None)),
    ("fenhe-2013-05-12-p08.md", ("fenhe", "2013-05-12", "8", None)),
    ("fenhe-2016-02-13-pA03.txt", ("fenhe", "2016-02-13", "A3", None)),
    ("太原_2024-10-16.md", ("太原", "2024-10-16", None, None)),
    ("汾河日报2024年10月16日第4版.md", ("汾河日报", "2024-10-16", "4", None)),
    ("汾河日报 2024年1月6日 03版 要闻.md", ("汾河日报", "2024-01-06", "3", "要闻")),
    ("汾河日报_２０２４-１０-１６_０４.md", ("汾河日报", "2024-10-16", "4", None)),
    ("2024.10.16_汾河日报_B02.md.gz", ("汾河日报", "2024-10-16", "B2", None)),
    ("rmrb2024101604.txt", ("rmrb", "2024-10-16", "4", None)),
    ("taiyuan-evening-news-2024-10-16-p12.md", ("taiyuan-evening-news", "2024-10-16", "12", None)),
    ("汾河日报/2024-10-16/04.md", ("汾河日报", "2024-10-16", "4", None)),
    ("汾河日报/2024-10/16/page_02.md", ("汾河日报", "2024-10-16", "2", None)),
    ("2024/10/16/a03.md", (None, "2024-10-16", "A3", None)),
    ("汾河日报_2024-13-16_04.md", (None, None, None, None)),
    ("汾河日报_2024-02-30_04.md", (None, None, None, None)),
    ("000_d603dc277f6403df.txt", (None, None, None, None)),
    ("扫描件 第4版.md", (None, None, "4", None)),
    ("page_07.md", (None, None, None, None)),
    ("0451-8888888.md", (None, None, None, None)),
    ("", (None, None, None, None)),
]


@pytest.mark.parametrize(("source", "expected"), PATHS)
def test_from_path_reads_many_shapes(source, expected):
    found = from_path(source)
    assert (found.name, found.date, found.page_no, found.page_name) == expected


MASTHEADS = [
    ("2013年10月17日 星期四 A05 专题", (None, "2013-10-17", "A5", "专题")),
    ("## 2013年1月7日　星期一　第6版　教科卫", (None, "2013-01-07", "6", "教科卫")),
    ("三晋农闻 2020年4月9日 星期四", ("三晋农闻", "2020-04-09", None, None)),
    ("# 汾河日报 2020年4月9日 星期四\n# 第4版 国际", ("汾河日报", "2020-04-09", "4", "国际")),
    ("第03版：要闻", (None, None, "3", "要闻")),
    ("A03　教科卫", (None, None, "A3", "教科卫")),
    ("国际\n双塔周报\n2023年7月23日 星期日", ("双塔周报", "2023-07-23", None, "国际")),
    ("二〇一三年十月十七日 星期四 第四版", (None, "2013-10-17", "4", None)),
    ("要闻 2013年10月17日 星期四", (None, "2013-10-17", None, "要闻")),
    ("汾河日报 2020年4月9日 星期四 农历庚子年三月十七 总第6779期 今日16版", ("汾河日报", "2020-04-09", None, None)),
    # The weekday is wrong: the date was misread.
    ("汾河日报 2020年4月9日 星期五 第4版", ("汾河日报", None, "4", None)),
    ("本报讯 2013年10月17日 星期四，全市召开安全生产会议，部署冬季工作。", (None, None, None, None)),
    ("本条例自2018年1月1日起施行", (None, None, None, None)),
    ("# 一桥飞架南北\n某单位\n2016年3月5日", (None, None, None, None)),
    ("（下转第3版）", (None, None, None, None)),
    ("（上接第一版）", (None, None, None, None)),
    ("国内统一连续出版物号 CN25-0033 总第6779期 今日16版", (None, None, None, None)),
    ("责编:秦伟 版式:孙海生 校对:薛晨光", (None, None, None, None)),
    ("中文第二版权威发布", (None, None, None, None)),
    ("", (None, None, None, None)),
    ("\ud800\n\n。\n#", (None, None, None, None)),
]


@pytest.mark.parametrize(("text", "expected"), MASTHEADS)
def test_from_masthead_reads_lines_that_are_mastheads_only(text, expected):
    found = from_masthead(text)
    assert (found.name, found.date, found.page_no, found.page_name) == expected


def test_from_masthead_reads_the_page_number_in_the_footer():
    body = "\n".join(f"这是第{place}段文字，说的是别的事情。" for place in range(40))
    assert from_masthead(f"# 标题\n{body}\n- 04 -\n").page_no == "4"


def test_from_masthead_ignores_lines_in_the_middle_of_the_page():
    body = "\n".join(f"这里有一段文字，说的是别的事情，{place}。" for place in range(40))
    assert from_masthead(f"{body}\n汾河日报 2020年4月9日 星期四\n{body}").date is None


FRONT = [
    (
        "---\n报纸: 汾河日报\n日期: 2024-10-16\n版次: 04\n版名: 要闻\n---\n# 正文",
        {"报纸": "汾河日报", "日期": "2024-10-16", "版次": "04", "版名": "要闻"},
    ),
    ('---\npaper: "Fenhe: Daily"  # the paper\ndate: 20241016\n---\n', {"paper": "Fenhe: Daily", "date": "20241016"}),
    ('+++\nname = "汾河日报"\ndate = 2024-10-16\n+++\n正文', {"name": "汾河日报", "date": "2024-10-16"}),
    ("---\ntags:\n  - a\n  - b\n# remark\npage_no: A3\n...\n", {"tags": "", "page_no": "A3"}),
    ("---\n这是一段正文\n---\n", {}),
    ("---\n\n---\n", {}),
    ("---\nname: 没有结尾", {}),
    ("# 标题\n---\nname: x\n---\n", {}),
    ("", {}),
]


@pytest.mark.parametrize(("text", "expected"), FRONT)
def test_split_front_matter_takes_plain_keys(text, expected):
    assert split_front_matter(text)[0] == expected


def test_split_front_matter_says_where_the_page_begins():
    text = "---\r\n日期: 2024-10-16\r\n---\r\n# 标题\r\n"
    assert text[split_front_matter(text)[1] :] == "# 标题\r\n"


def test_identify_prefers_front_matter_then_path_then_masthead():
    text = "---\n日期: 2024-10-16\n版面: 04版 要闻\n---\n汾河日报 2024年10月16日 星期三\n"
    found = identify(text, "bz-2024-10-16-p05.md").publication
    assert (found.name, found.date_source, found.page_no, found.page_name) == ("汾河日报", "front_matter", "4", "要闻")


def test_identify_flags_dates_that_contradict():
    found = identify("汾河日报 2024年10月17日 星期四\n", "并州晚报_2024-10-16_04.md")
    assert (found.publication.date, found.publication.date_source, found.flags) == (
        "2024-10-16",
        "path",
        ("date_conflict",),
    )


def test_identify_flags_a_date_that_is_none():
    assert identify("---\ndate: 2024-02-31\n---\n", "a.md").flags == ("front_matter_date",)


def test_identify_keeps_a_chinese_name_from_the_path():
    assert identify("汾河日报 2024年10月16日 星期三\n", "并州晚报_2024-10-16.md").publication.name == "并州晚报"


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (("2024", "2", "29"), "2024-02-29"),
        (("2023", "2", "29"), None),
        (("2024", "13", "1"), None),
        (("1700", "1", "1"), None),
        (("二〇二四", "十二", "三十一"), "2024-12-31"),
        (("二〇二四", "十", "十"), "2024-10-10"),
    ],
)
def test_make_date_knows_the_calendar(parts, expected):
    assert make_date(*parts) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("04", "4"),
        ("a03", "A3"),
        ("pA03", "A3"),
        ("Ａ０３", "A3"),
        ("四", "4"),
        ("十二", "12"),
        ("0", None),
        ("", None),
    ],
)
def test_normalise_page_no(text, expected):
    assert normalise_page_no(text) == expected


def test_find_date_skips_what_is_no_date():
    assert find_date("2024年13月1日 2024年10月1日") == ("2024-10-01", 11, 21)


@pytest.mark.parametrize(
    ("text", "expected"), [("要闻", True), ("社会·民生", True), ("国内新闻", True), ("并州晚报", False)]
)
def test_is_section(text, expected):
    assert is_section(text) == expected


def test_identify_is_linear_on_a_huge_page():
    found = identify("汾河日报 2024年10月16日 星期三\n" + "字" * 5_000_000 + "\n第4版", "a.md").publication
    assert (found.date, found.page_no) == ("2024-10-16", "4")


# Pieces that the patterns look for, in any order, and any other characters, lone surrogates among them.
PIECES = st.one_of(
    st.sampled_from(
        [
            *"第版十二〇年月日-_/. :#*○４٤²\n\ud800",
            "2024",
            "10",
            "A03",
            "p04",
            "星期三",
            "汾河日报",
            "要闻",
            "---",
            "日期",
            ".md",
        ]
    ),
    st.text(max_size=3),
)


@given(st.lists(PIECES, max_size=30).map("".join), st.lists(PIECES, max_size=8).map("".join))
def test_identify_takes_any_text_and_path(text, source):
    found, start, _ = identify(text, source)
    assert 0 <= start <= len(text)
    assert found.date is None or re.fullmatch(r"\d{4}-\d{2}-\d{2}", found.date)
    assert found.page_no is None or re.fullmatch(r"[A-Z]?[1-9][0-9]{0,2}", found.page_no)
    assert (found.date is None) == (found.date_source is None)
