from pathlib import Path

import pytest

from pipeline.splitting.blocks import make_units
from pipeline.splitting.grammar import load_grammar
from pipeline.splitting.signatures import settle_signatures
from pipeline.text import AlignedText
from pipeline.types import Page, Publication

GRAMMAR = load_grammar(Path(__file__).parent.parent / "configs" / "grammar.toml")
TEXT = "入冬以后，河面上的风一天比一天硬，渡口的老船工把缆绳又加了一道，说今年的水来得比往年都早。"


def read(text):
    page = Page("p", "p.md", text, "0" * 64, len(text), "utf-8", Publication())
    units = settle_signatures(make_units(page, AlignedText.of(text), GRAMMAR), GRAMMAR)
    assert [unit.index for unit in units] == list(range(len(units)))
    return units


def signed(text):
    """List the lines read as bylines, each with its names."""
    return [[p.name for p in unit.credit.people] for unit in read(text) if unit.kind == "byline" and unit.credit]


CASES_SIGNED = [
    # A pen name below a title, before its text.
    (f"## 渡口的冬天\n\n北 岩\n\n{TEXT}", [["北岩"]]),
    # The same line above a title is a standing head.
    (f"{TEXT}\n\n锋 言\n\n## 渡口的冬天\n\n{TEXT}", []),
    # A standing word is no name.
    (f"## 渡口的冬天\n\n短 评\n\n{TEXT}", []),
    # Affiliations below a title and below a letter.
    (f"## 渡口的冬天\n\n机械学院 陶 然\n\n{TEXT}", [["陶然"]]),
    (f"## 渡口的冬天\n\n{TEXT}\n\n退休教师 宣玉贞\n\n## 城南新桥通车\n\n{TEXT}", [["宣玉贞"]]),
    (f"## 渡口的冬天\n\n援外医疗队队员 章 禾\n\n2月12日 晴\n\n{TEXT}", [["章禾"]]),
    (f"## 渡口的冬天\n\n汝州 孟宪章\n\n{TEXT}", [["孟宪章"]]),
    # A headline of two halves, and a couplet over a part of a story.
    (f"{TEXT}\n\n李家村 高楼起\n\n{TEXT}", []),
    (f"## 渡口的冬天\n\n补短板 强弱项\n\n{TEXT}", []),
    # A columnist between a standing head and the title.
    (f"## 西江时评\n\n岭 言\n\n### 让渡口活起来\n\n{TEXT}", [["岭言"]]),
    # A name without a surname that the page credits elsewhere.
    (
        f"## 渡口的冬天\n\n本报记者 金戈 铁马\n\n{TEXT}\n\n铁 马\n\n## 城南新桥通车\n\n{TEXT}",
        [["金戈", "铁马"], ["铁马"]],
    ),
    # A poem's author, verse below.
    ("冬渡\n\n南 溪\n\n船走了\n波纹留下来\n替它把话说完", [["南溪"]]),
    # A title of two characters that could be a name: its author stands below.
    (f"{TEXT}\n\n秋熟\n\n农机学院 孟宪章\n\n{TEXT}", [["孟宪章"]]),
]


@pytest.mark.parametrize(("text", "names"), CASES_SIGNED)
def test_settle_signatures_reads_names_by_what_stands_around(text, names):
    assert signed(text) == names


def test_settle_signatures_joins_a_name_that_a_column_cut():
    units = read(f"## 渡口的冬天\n\n本报记者 严玉\n洁 通讯员 赵知\n\n{TEXT}")
    assert [[(p.name, p.role) for p in unit.credit.people] for unit in units if unit.kind == "byline"] == [
        [("严玉洁", "记者"), ("赵知", "通讯员")]
    ]


def test_settle_signatures_joins_a_role_and_its_names():
    assert signed(f"## 渡口的冬天\n\n本报记者 严玉 通讯员\n赵知\n\n{TEXT}") == [["严玉", "赵知"]]


def test_settle_signatures_parts_a_title_from_the_name_behind_it():
    units = read(f"渡口（三题） 田 野\n\n{TEXT}")
    assert [(unit.kind, unit.content.text) for unit in units[:2]] == [("head", "渡口（三题）"), ("byline", "田 野")]


def test_settle_signatures_reads_a_pen_name_in_brackets_at_the_end():
    units = read(f"{TEXT}（街边客）\n\n## 城南新桥通车\n\n{TEXT}")
    assert [person.name for credit in units[0].edges.end_credits for person in credit.people] == ["街边客"]
    assert units[0].body.text == TEXT


def test_settle_signatures_leaves_a_remark_in_brackets_inside_a_story():
    units = read(f"{TEXT}（全场笑）\n\n{TEXT}")
    assert not units[0].edges.end_credits


def test_settle_signatures_bears_an_empty_page():
    assert settle_signatures([], GRAMMAR) == []
