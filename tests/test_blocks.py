from pathlib import Path

import pytest

from pipeline.splitting.blocks import make_units
from pipeline.splitting.grammar import load_grammar
from pipeline.splitting.lines import ends_open, scan_lines
from pipeline.text import AlignedText
from pipeline.types import Page, Publication

GRAMMAR = load_grammar(Path(__file__).parent.parent / "configs" / "grammar.toml")


def page_of(text, name=None, body_start=0):
    return Page("p", "p.md", text, "0" * 64, len(text), "utf-8", Publication(name), body_start)


def units_of(text, name=None):
    return make_units(page_of(text, name), AlignedText.of(text), GRAMMAR)


CASES_MARKUP = [
    ("# 新桥通车", "新桥通车", 1, False),
    ("### **新桥通车**", "新桥通车", 3, True),
    ("**新桥通车**", "新桥通车", 0, True),
    ("##新桥通车 ##", "新桥通车", 2, False),
    ("- 新桥通车", "新桥通车", 0, False),
    ("<p>新桥<b>通车</b></p>", "新桥通车", 0, False),
    ("![图](a.jpg) 新桥通车", "新桥通车", 0, False),
    ("<!-- 第一栏 -->新桥通车", "新桥通车", 0, False),
    ("　　新桥通车", "新桥通车", 0, False),
]


@pytest.mark.parametrize(("line", "text", "level", "bold"), CASES_MARKUP)
def test_scan_lines_takes_markup_off(line, text, level, bold):
    (found,) = scan_lines(page_of(line), AlignedText.of(line))
    assert (found.content.text, found.level, found.bold) == (text, level, bold)


def test_scan_lines_reads_the_rows_of_an_html_table():
    text = "<html><table><tr><td>品种</td><td>价格</td></tr><tr><td>土豆</td><td>2.60</td></tr></table></html>"
    found = scan_lines(page_of(text), AlignedText.of(text))
    assert [(line.content.text, line.shape) for line in found] == [("品种 价格", "table"), ("土豆 2.60", "table")]


def test_scan_lines_numbers_lines_of_the_file_and_skips_front_matter():
    text = "---\npaper: 某报\n---\n\n# 新桥通车\n\n昨日通车。"
    found = scan_lines(page_of(text, body_start=text.index("\n\n#") + 1), AlignedText.of(text))
    assert [(line.number, line.content.text) for line in found] == [(5, "新桥通车"), (7, "昨日通车。")]


CASES_KIND = [
    ("# 新桥昨日通车 两岸往来更便捷", "head"),
    ("昨日上午，跨河新桥正式通车，两岸往来更便捷。", "text"),
    ("（记者 王丹）", "byline"),
    ("王小明  李 红", "byline"),
    ("据新华社电", "source"),
    ("综合新华社、央视报道", "source"),
    ("据《松岭日报》报道", "source"),
    ("（原载《松岭文艺》2011年第3期）", "source"),
    ("本报评论员", "source"),
    ("（作者为松岭大学教授）", "source"),
    ("中共松岭县委党校课题组", "source"),
    ("作者：王大山", "byline"),
    ("（下转第3版）", "jump_to"),
    ("↘下转5版", "jump_to"),
    ("▲上接第1版", "jump_from"),
    ("编辑老师：", "text"),
    ("（上接第一版）", "jump_from"),
    ("| 品种 | 价格 |", "table"),
    ("富强 民主 文明 和谐", "slogan"),
    ("讲文明 树新风", "slogan"),
    ("第4版 2020年3月14日 星期六", "furniture"),
    ("责编：王丹 版式：李红", "furniture"),
    ("社址：某市某路5号 邮编：030002", "furniture"),
    ("- 04 -", "furniture"),
    ("＊＊＊", "furniture"),
    ("记者：下一步有什么打算？", "text"),
    ("（三）坚持依靠群众，抓好落实；", "text"),
    ("本报讯 新桥通车", "text"),
]


@pytest.mark.parametrize(("line", "kind"), CASES_KIND)
def test_make_units_reads_the_kind_of_a_line(line, kind):
    assert units_of(line)[0].kind == kind


def test_make_units_reads_a_round_up_inside_a_page_that_is_named_like_a_paper():
    text = "昨日新桥通车，两岸往来更便捷。\n\n" * 8
    units = units_of(f"{text}# 一线快报\n\n{text}")
    assert [unit.kind for unit in units if unit.level] == ["head"]


def test_make_units_knows_the_paper_inside_a_page():
    text = "昨日新桥通车，\n\n河东周末\n\n两岸往来更便捷。"
    assert [unit.kind for unit in units_of(text, "河东周末")] == ["text", "furniture", "text"]


def test_make_units_joins_a_hard_wrapped_column():
    lines = [
        "昨日上午，跨河新桥正式通车，沿",
        "河两岸的居民往来更加便捷，商户",
        "也对今后的生意充满信心。有关部",
        "门表示，下一步还将完善道路照明",
        "和排水设施。",
    ]
    assert [unit.content.text for unit in units_of("\n".join(lines))] == ["".join(lines)]


def test_make_units_joins_vertical_text():
    assert [unit.content.text for unit in units_of("\n".join("昨日新桥通车，两岸便捷。"))] == [
        "昨日新桥通车，两岸便捷。"
    ]


def test_make_units_parts_a_bold_title_from_its_paragraph():
    units = units_of("**城南新桥昨日通车** 城南新桥昨日正式通车，两岸居民往来更加便捷。")
    assert [(unit.kind, unit.content.text[:8]) for unit in units] == [
        ("head", "城南新桥昨日通车"),
        ("text", "城南新桥昨日正式"),
    ]


def test_make_units_parts_a_plain_title_in_a_round_up():
    text = "简讯\n\n城南新桥昨日通车 城南新桥昨日正式通车，两岸居民往来更加便捷。"
    assert [unit.content.text[:8] for unit in units_of(text)] == ["简讯", "城南新桥昨日通车", "城南新桥昨日正式"]


CASES_OPEN = [
    ("新桥昨日通", True),
    ("新桥昨日通车。", False),
    ("他说：“新桥通车了。”", False),
    ("他喜欢“新桥”", True),
    ("通车了吗？", False),
    ("桥长五百米（含引", True),
    ("桥名待定……", False),
    ("", False),
]


@pytest.mark.parametrize(("text", "is_open"), CASES_OPEN)
def test_ends_open_tells_a_cut_sentence(text, is_open):
    assert ends_open(text) is is_open
