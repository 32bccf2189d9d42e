from pathlib import Path

import pytest

from pipeline.splitting.articles import SplitterOptions, split_page
from pipeline.splitting.blocks import make_units
from pipeline.splitting.grammar import load_grammar
from pipeline.splitting.standing import part_standing_heads
from pipeline.text import AlignedText
from pipeline.types import Page, Publication

GRAMMAR = load_grammar(Path(__file__).parent.parent / "configs" / "grammar.toml")
TEXT = "入冬以后，河面上的风一天比一天硬，渡口的老船工把缆绳又加了一道，说今年的水来得比往年都早。"


class Worded:
    """Say of some words that they are worded like standing heads, of all others that they are titles."""

    def __init__(self, *words):
        self.words = words

    def read(self, text):
        sides = {"kicker": -2.0, "subtitle": -4.0, "subhead": -2.0}
        named = text in self.words
        return {"column": 1.5 if named else -3.0, "title": -4.0 if named else 1.4, **sides}


def page_of(text):
    return Page("p", "p.md", text, "0" * 64, len(text), "utf-8", Publication())


def parts(text, forms=None):
    units = part_standing_heads(make_units(page_of(text), AlignedText.of(text), GRAMMAR), GRAMMAR, forms)
    assert [unit.index for unit in units] == list(range(len(units)))
    return [(unit.kind, unit.content.text) for unit in units]


CASES_PARTED = [
    ("链接：什么是渡口经济", "链接", "什么是渡口经济"),
    ("相关链接|渡口应具备哪些条件", "相关链接|", "渡口应具备哪些条件"),
    ("新春快评｜致敬风雪里的摆渡人", "新春快评｜", "致敬风雪里的摆渡人"),
    ("名词解释·渡口经济", "名词解释", "渡口经济"),
    ("数说报告·2017年渡口主要指标", "数说报告", "2017年渡口主要指标"),
    ("「名词解释」渡口银行", "「名词解释」", "渡口银行"),
    ("【法官说法】口头约定，举证责任在出借人", "【法官说法】", "口头约定，举证责任在出借人"),
    ("小贴士 ▍渡口结冰这样走", "小贴士 ▍", "渡口结冰这样走"),
    ("今晚提醒▲ 夜班女工这样走更安全", "今晚提醒▲", "夜班女工这样走更安全"),
    ("民间故事 学问大不过一碗面", "民间故事", "学问大不过一碗面"),
    ("大事记 ｜ 渡口改造十年", "大事记 ｜", "渡口改造十年"),
]


@pytest.mark.parametrize(("line", "name", "title"), CASES_PARTED)
def test_part_standing_heads_parts_a_box_from_its_title(line, name, title):
    assert parts(f"# {line}\n\n{TEXT}")[:2] == [("head", name), ("head", title)]


CASES_WHOLE = [
    "渡口变了 乡亲富了",
    "党建引领 渡口组织队伍建得强",
    "副市长：渡口管理不能靠运动",
    "走基层·“摆渡人”新观察",
    "中国梦·劳动美",
    "百姓热线 22861234",
    "名医面对面 MING YI MIAN DUI MIAN",
    "读者来信 第216期",
    "渡口的新算盘 ▶7版",
]


@pytest.mark.parametrize("line", CASES_WHOLE)
def test_part_standing_heads_leaves_titles_and_standing_heads_whole(line):
    assert parts(f"# {line}\n\n{TEXT}")[0][1] == line


def test_part_standing_heads_parts_what_is_worded_like_one():
    line = "# 乡镇新风·平乐镇：五百亩油茶林结对到户"
    assert parts(f"{line}\n\n{TEXT}", Worded("乡镇新风"))[:2] == [
        ("head", "乡镇新风"),
        ("head", "平乐镇：五百亩油茶林结对到户"),
    ]
    assert parts(f"{line}\n\n{TEXT}", Worded())[0] == ("head", line[2:])


def test_part_standing_heads_reads_a_name_behind_one():
    assert parts(f"# 每天揉腹一百下\n\n记者手记 | 读者 樊守义\n\n{TEXT}")[1:3] == [
        ("head", "记者手记 |"),
        ("byline", "读者 樊守义"),
    ]


def test_part_standing_heads_parts_titles_of_items_that_stand_together():
    items = ["渡口恢复全天摆渡 经过三天抢修，渡口昨日恢复全天摆渡，首班船六点开出。"]
    items += ["五百名船工进村宣讲 航道部门组织五百名船工进村，宣讲冬季行船的规矩。"]
    assert [kind for kind, _ in parts("\n\n".join(items))] == ["head", "text", "head", "text"]
    assert [kind for kind, _ in parts(f"{items[0]}\n\n{TEXT}")] == ["text", "text"]


def split(text):
    layout = split_page(page_of(text), cleaned=AlignedText.of(text), options=SplitterOptions(), grammar=GRAMMAR)
    return [(article.kind, article.title, article.column) for article in layout.articles]


def test_split_page_gives_a_box_its_name_and_title():
    assert split(f"# 链接：什么是渡口经济\n\n{TEXT}") == [("news", "什么是渡口经济", "链接")]


def test_split_page_writes_a_standing_head_without_its_latin_letters():
    text = f"# 名医面对面 MING YI MIAN DUI MIAN\n\n## 渡口的风吹不得\n\n本报记者 王丹\n\n{TEXT}"
    assert split(text) == [("news", "渡口的风吹不得", "名医面对面")]


def test_split_page_opens_round_brackets_of_a_standing_head():
    text = f"## 一只鸡蛋闯出新牌子\n\n（致富路上）\n\n本报记者 王丹\n\n{TEXT}"
    assert [column for _, _, column in split(text)] == ["致富路上"]


def test_split_page_gives_a_table_the_standing_head_above_it():
    text = f"## 渡口的冬天\n\n{TEXT}\n\n## ■数据 渡口客流一览\n\n|月份|人次|\n|---|---|\n|十月|三百|\n|十一月|五百|"
    assert split(text)[1:] == [("notice", "渡口客流一览", "数据")]
