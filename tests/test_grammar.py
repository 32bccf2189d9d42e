import re
from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from pipeline.splitting.bylines import find_edges, page_number, parse_credit, split_names
from pipeline.splitting.grammar import load_grammar, normalise

SHIPPED = Path(__file__).parent.parent / "configs" / "grammar.toml"
GRAMMAR = load_grammar(SHIPPED)


@pytest.fixture
def grammar_file(tmp_path):
    """Give a function that writes the shipped grammar with one line changed."""

    def write(old, new):
        text = SHIPPED.read_text("utf-8")
        assert old in text
        path = tmp_path / "grammar.toml"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return path

    return write


def test_normalise_keeps_the_length_and_maps_width():
    text = "(记者\u3000王丹),第３版:Ａ1;"
    assert normalise(text) == "（记者 王丹），第3版：A1；"
    assert len(normalise(text)) == len(text)


CASES_CREDIT = [
    ("(李 明)", [("李明", None)]),
    ("（记者 王丹、赵小强）", [("王丹", "记者"), ("赵小强", "记者")]),
    ("记者 王 丹 通讯员 李小明", [("王丹", "记者"), ("李小明", "通讯员")]),
    ("□本报记者 赵 磊", [("赵磊", "记者")]),
    ("■ 记者 赵磊 钱多多", [("赵磊", "记者"), ("钱多多", "记者")]),
    ("孙小平  周 明  吴大力", [("孙小平", None), ("周明", None), ("吴大力", None)]),
    ("郑小红 冯大伟 摄影报道", [("郑小红", "摄影"), ("冯大伟", "摄影")]),
    ("新华社记者 陈平 摄", [("陈平", "摄影")]),
    ("杨光摄", [("杨光", "摄影")]),
    ("记者 朱峰 文/图", [("朱峰", "记者")]),
    ("本报记者 欧阳 静", [("欧阳静", "记者")]),
    ("记者 买买提·艾力", [("买买提·艾力", "记者")]),
    ("松岭都市报记者 申 屠 发自河口县", [("申屠", "记者")]),
    ("记者 王丹 省城报道", [("王丹", "记者")]),
    ("■ 校报记者 方 圆 学生记者 石 榴 李小雨", [("方圆", "记者"), ("石榴", "记者"), ("李小雨", "记者")]),
    ("本报通讯员 邓小川 本报记者 林若", [("邓小川", "通讯员"), ("林若", "记者")]),
    ("采访/本报记者 林静 整理/蔡凡", [("林静", "记者"), ("蔡凡", "整理")]),
    ("文/本报记者 黄蕾 摄/顾恒", [("黄蕾", "记者"), ("顾恒", "摄影")]),
    ("图/本报记者 李 辉", [("李辉", "摄影")]),
    ("口述 王大山 整理 李小平", [("王大山", "口述"), ("李小平", "整理")]),
    ("本报记者 田禾 泽仁 文/图", [("田禾", "记者"), ("泽仁", "记者")]),
    ("记者 阿依古丽", [("阿依古丽", "记者")]),
    ("主持律师：正言律师事务所 秋 实", [("秋实", "主持人")]),
    ("市民 老潘 摄", [("老潘", "摄影")]),
    ("汪德 画", [("汪德", "绘图")]),
    ("■松岭二小校长 彭 泽", [("彭泽", None)]),
    ("□松岭观察 古 方", [("古方", None)]),
    ("（农科所 乔 桂）", [("乔桂", None)]),
    ("（市医院内科权红梅）", [("权红梅", None)]),
    ("（河口记者站何绍泉）", [("何绍泉", "记者")]),
    ("伏山乡 民办教师 常树林等七人", None),
    ("（伏山乡 民办教师 常树林等七人）", [("常树林", None)]),
    ("□ 一丁", [("一丁", None)]),
    ("⊙ 海 风", [("海风", None)]),
    ("·宋 海 河·", [("宋海河", None)]),
    ("王大山/文 李小平/图", [("王大山", "作者"), ("李小平", "摄影")]),
    ("□记者 王大山/文 李小平/摄", [("王大山", "记者"), ("李小平", "摄影")]),
    ("文：王大山 图：李小平", [("王大山", "作者"), ("李小平", "摄影")]),
    ("图文：王大山", [("王大山", "作者")]),
    ("文 王大山", [("王大山", "作者")]),
    ("见习记者王大山 通讯员李小平 文/图", [("王大山", "记者"), ("李小平", "通讯员")]),
    ("新华社发（王大山 摄）", [("王大山", "摄影")]),
    ("作者：王大山", [("王大山", "作者")]),
    ("[美]约翰·史密斯", [("约翰·史密斯", None)]),
    ("约翰·史密斯", None),
    ("受访者供图", None),
    ("（陈女士）", None),
    ("（王师傅）", None),
    ("（体育部）", None),
    ("（全文）", None),
    ("漫画 人生", None),
    ("◆时评◆", None),
    ("追踪报道", None),
    ("王大山报道", [("王大山", None)]),
    ("■ 读者来信", None),
    ("简讯", None),
    ("记者走基层", None),
    ("■ 记者走基层 ■", None),
    ("春风满城", None),
    ("张家村修了新路。", None),
    ("", None),
    ("（）", None),
]


@pytest.mark.parametrize(("line", "people"), CASES_CREDIT)
def test_parse_credit_reads_people_and_roles(line, people):
    credit = parse_credit(normalise(line), GRAMMAR)
    assert (None if credit is None else [(p.name, p.role) for p in credit.people]) == people


CASES_EDGES = [
    ("本报讯(记者 王丹) 昨日，新桥通车。", "昨日，新桥通车。", "本报讯", None, None),
    ("新华社太原10月15日电　昨日，新桥通车。", "昨日，新桥通车。", "新华社", None, None),
    ("本报太原4月5日电昨日，新桥通车。", "昨日，新桥通车。", "本报", None, None),
    ("（上接第一版）新桥通车。", "新桥通车。", None, "1", None),
    ("[上接A3版]新桥通车。", "新桥通车。", None, "A3", None),
    ("新桥昨日通车。（下转第5版）", "新桥昨日通车。", None, None, "5"),
    ("新桥昨日下转第十二版", "新桥昨日", None, None, "12"),
    ("新桥通车。据新华社电", "新桥通车。", None, None, None),
    ("新桥通车。（记者 王丹 通讯员 李明）", "新桥通车。", None, None, None),
    ("另据法新社7月31日电，新桥通车。", "另据法新社7月31日电，新桥通车。", None, None, None),
    ("新桥通车。万象更", "新桥通车。万象更", None, None, None),
    ("他说（笑）", "他说（笑）", None, None, None),
    ("本报讯 记者 蓝 田 实习生 舒雯 昨日，新桥通车。", "昨日，新桥通车。", "本报讯", None, None),
    ("本报讯 记者获悉，新桥通车。", "记者获悉，新桥通车。", "本报讯", None, None),
    ("本报松岭五月十三日电 记者 阎生报道：新桥通车。", "新桥通车。", "本报", None, None),
    ("据新华社太原五月十三日电 （记者 林舟）新桥通车。", "新桥通车。", "新华社", None, None),
    ("新桥通车。（体育部）", "新桥通车。", None, None, None),
    ("新桥通车。（松岭局供稿）", "新桥通车。", None, None, None),
    ("新桥通车。（立 新）", "新桥通车。", None, None, None),
    ("新桥通车。（完）", "新桥通车。（完）", None, None, None),
    ("▲上接第1版 新桥通车。", "新桥通车。", None, "1", None),
    ("新桥昨日通车。▶▶下转A05版", "新桥昨日通车。", None, None, "A5"),
    ("新桥昨日通车。（下转第二版·要闻）▶", "新桥昨日通车。", None, None, "2"),
    ("新桥昨日通车。（下接第三版）", "新桥昨日通车。", None, None, "3"),
    ("站在前排的是王局长（中）", "站在前排的是王局长（中）", None, None, None),
]


@pytest.mark.parametrize(("line", "body", "marker", "jump_from", "jump_to"), CASES_EDGES)
def test_find_edges_cuts_formulas_off_a_text(line, body, marker, jump_from, jump_to):
    key = normalise(line)
    edges = find_edges(key, GRAMMAR)
    found = (
        key[edges.start : edges.end].strip(),
        edges.dateline and edges.dateline.marker,
        edges.jump_from,
        edges.jump_to,
    )
    assert found == (normalise(body), marker, jump_from, jump_to)


@pytest.mark.parametrize(
    "text", ["", " ", "（", "）", "（（（（", "本报讯", "（本报讯）" * 2000, "王" * 200_000, "，" * 50]
)
def test_find_edges_bears_any_line(text):
    edges = find_edges(normalise(text), GRAMMAR)
    assert 0 <= edges.start <= len(text)


@pytest.mark.parametrize(
    ("text", "number"), [("一", "1"), ("十", "10"), ("十二", "12"), ("05", "5"), ("A03", "A3"), ("3", "3")]
)
def test_page_number_writes_digits(text, number):
    assert page_number(text) == number


def test_split_names_refuses_a_word_that_is_no_name():
    assert split_names("王丹 欢迎", GRAMMAR, strict=True) is None


BROKEN = [
    ("[weather]", "[wether]", "wether"),
    ('phone = "', 'telephone = "', "telephone"),
    ('cues = ["声明作废"', 'cues = ["(声明作废"', "notices.cues"),
    ("%agency%", "%agncy%", "agncy"),
    ('compound = ["欧阳"', 'compound = [1, "欧阳"', "names.compound"),
    ("[jumps]", "[jumps", "TOML"),
]


@pytest.mark.parametrize(("old", "new", "named"), BROKEN)
def test_load_grammar_names_file_and_key_of_an_error(grammar_file, old, new, named):
    path = grammar_file(old, new)
    with pytest.raises(ConfigError, match=re.escape(named)) as raised:
        load_grammar(path)
    assert str(path) in str(raised.value)


def test_load_grammar_refuses_a_missing_file(tmp_path):
    with pytest.raises(ConfigError, match="nowhere"):
        load_grammar(tmp_path / "nowhere.toml")


def test_load_grammar_takes_a_house_of_ones_own(grammar_file):
    grammar = load_grammar(grammar_file('"记者" = "记者"', '"记者" = "记者"\n"报道员" = "记者"'))
    credit = parse_credit("报道员 王丹", grammar)
    assert credit is not None
    assert credit.people[0].role == "记者"
