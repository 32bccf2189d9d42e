"""OCR repair: what is mended, by which rule, and above all what is left alone."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings

from pipeline import artefacts
from pipeline.charlm import CharLM
from pipeline.cleaning import CleanerOptions, clean
from tests.strategies import pages

EXAMPLES = Path(__file__).parent.parent / "examples" / "pages"
OPTIONS = CleanerOptions()


@pytest.fixture(scope="module")
def lm():
    return CharLM.load(artefacts.open_model("charlm-1.0.0"))


def edits(aligned, source):
    """List the repairs as (rule, what stood there, what stands there now)."""
    return [
        (run.rule, source[run.source_start : run.source_end], aligned.text[run.start : run.end])
        for run in aligned.runs
        if run.rule
    ]


MENDED = [
    ("newline", "第一行\r\n第二行", "第一行\n第二行"),
    ("newline", "第一行\r第二行\x0c第三行\u2028完", "第一行\n第二行\n第三行\n完"),
    ("control", "秋粮\x00归\u200b仓\ufeff", "秋粮归仓"),
    ("surrogate", "秋粮\ud800归仓", "秋粮\ufffd归仓"),
    ("html_entity", "&ldquo;两山&rdquo;&nbsp;之路 &#8220;好&#x201D;", "“两山” 之路 “好”"),
    ("html_entity", "研发 R&amp;D 投入&amp;mdash;增长", "研发 R&D 投入—增长"),
    ("html_entity", "甲&nbsp乙", "甲 乙"),
    ("stray_latin", "面向高校教师 and 专职人员公开招聘", "面向高校教师和专职人员公开招聘"),
    ("stray_latin", "同比分别增长3.4% and 5.1%", "同比分别增长3.4%和5.1%"),
    ("stray_latin", "市民可到现场 or 网上办理", "市民可到现场或网上办理"),
    ("space", "今年的农业生产受到 严重冲击，各地正在组织力量抢收抢种，力争把损失降到最低。", None),
    ("space", "村里的老人们都说， 这条路修得好，走起来又平又稳，下雨天再也不怕泥泞。", None),
    ("doubled", "昨天下午市里召集有关部门有关部门开会研究", "昨天下午市里召集有关部门开会研究"),
    ("look_alike", "这家医院的医护入员全年无休，为患者服务。", "这家医院的医护人员全年无休，为患者服务。"),
    ("look_alike", "河道冶理工程今年底完工，两岸的居民都很高兴。", "河道治理工程今年底完工，两岸的居民都很高兴。"),
    ("look_alike", "截至目前，末来三天全市以晴好天气为主。", "截至目前，未来三天全市以晴好天气为主。"),
]


@pytest.mark.parametrize(("rule", "text", "expected"), MENDED)
def test_clean_mends(lm, rule, text, expected):
    aligned = clean(text, options=OPTIONS, lm=lm)
    expected = text.replace(" ", "") if expected is None else expected
    assert (aligned.text, {name for name, _, _ in edits(aligned, text)}) == (expected, {rule})


KEPT = [
    "## 凝心聚力 共谋发展",
    "记者 王 丹 通讯员 侯小宇",
    "(梁 丹)",
    "这一年，全村种下核桃树两万三千棵，家家户户都有了自己的小果园。（记者 王 丹 通讯员 侯小宇）",
    "活动以“凝心聚力 共谋发展”为主题，来自全市的三百多名代表参加，现场气氛热烈。",
    "**本报讯** 10月12日,全市防汛工作会议召开,会议要求各部门把责任落到实处。",
    "本报讯 近日，城南街道的志愿者走进敬老院，为老人理发、包饺子，陪他们聊天。",
    "富强 民主 文明 和谐",
    "| 品种 | 甲 乙 | 丙 丁 |\n|---|---|---|",
    "他会唱 Rock and Roll，也会拉二胡。",
    "公司的 R and D 部门",
    "![](images/a&amp;b.jpg) <!-- 甲 and 乙 --> `甲 and 乙`",
    "http://example.org/?a=1&amp;b=2",
    "笑声哈哈哈哈哈哈哈哈，加油加油加油加油",
    "施工人员一个点位一个点位地排查",
    "给电动车充电更加方便和方便了",
    "价格&unknown;不变 & 质量更好",
    "母亲弯下腰来\n拾起一粒 又一粒\n像拾起掉在地上的日子",
    "\ue000私人区的字留着",
    "",
]


@pytest.mark.parametrize("text", KEPT)
def test_clean_leaves_alone(lm, text):
    assert edits(clean(text, options=OPTIONS, lm=lm), text) == []


def test_stray_latin_follows_what_the_page_says_elsewhere(lm):
    text = "联合国经济 and 社会理事会开会。报告由联合国经济与社会理事会发布。"
    assert clean(text, options=OPTIONS, lm=lm).text.startswith("联合国经济与社会")


def test_repairs_need_no_model():
    text = "面向教师 and 家长开放，昨天&nbsp;开始"
    assert clean(text, options=OPTIONS).text == "面向教师和家长开放，昨天 开始"


@pytest.mark.parametrize(
    ("switch", "text"),
    [
        ("characters", "秋粮\x00归仓\r\n"),
        ("html_entities", "&ldquo;好&rdquo;"),
        ("stray_latin", "教师 and 家长"),
        ("spaces", MENDED[10][1]),
        ("doubled", MENDED[12][1]),
        ("look_alikes", MENDED[13][1]),
    ],
)
def test_each_class_can_be_switched_off(lm, switch, text):
    assert clean(text, options=CleanerOptions(**{switch: False}), lm=lm).text == text


def test_least_confidence_keeps_guesses_out(lm):
    text = MENDED[13][1] + "\r\n"
    options = CleanerOptions(min_confidence=1.0)
    assert clean(text, options=options, lm=lm).text == text.replace("\r", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("大家好,今天:晴(多云)", "大家好，今天：晴（多云）"),
        ("共3,500元,10:30开始", "共3,500元，10:30开始"),
        ("a,b", "a,b"),
    ],
)
def test_width_full_widens_marks_beside_chinese(text, expected):
    assert clean(text, options=CleanerOptions(width="full")).text == expected


WRAPPED = """石桥镇的老街有一条青石板路，走上去咯噔咯噔地
响。街口的茶馆开了六十年，老板换了三代人，炉子
上的铜壶还是那一把。每天清早，卖菜的、赶集的、
上学的都从门前走过，熟人见了面要停下来说上几句
话。去年镇里修下水道，工程队想把石板撬走换成水
泥，街坊们不答应，一块一块编上号码，等管子埋好
以后又照原样铺了回去。如今外地来的客人走在上面
都要低头看一看那些被车轮磨出来的深深的辙印，听
茶馆里的老人讲一讲从前马帮经过的时候的热闹事。
"""


def test_hard_wraps_are_joined_on_a_wrapped_page():
    assert clean(WRAPPED, options=OPTIONS).text == WRAPPED[:-1].replace("\n", "") + "\n"


def test_hard_wraps_leave_other_pages_alone():
    text = WRAPPED.replace("\n", "\n\n")
    assert clean(text, options=OPTIONS).text == text


@settings(max_examples=60)
@given(pages)
def test_clean_accounts_for_every_character(lm, text):
    aligned = clean(text, options=OPTIONS, lm=lm)
    assert aligned.source_spans() == ([(0, len(text))] if text else [])
    assert all(
        text[run.source_start : run.source_end] == aligned.text[run.start : run.end]
        for run in aligned.runs
        if run.rule is None
    )


@settings(max_examples=40)
@given(pages)
def test_clean_names_a_rule_and_a_confidence(lm, text):
    runs = clean(text, options=OPTIONS, lm=lm).runs
    assert all(run.rule != "" and 0 < run.confidence <= 1 for run in runs)


def test_clean_mends_little_on_example_pages(lm):
    """Expect on every page the English word that was put in, and on none more than ten repairs."""
    counts = {}
    for path in sorted(EXAMPLES.iterdir()):
        text = path.read_bytes().decode("gb18030" if path.suffix == ".txt" else "utf-8")
        counts[path.name] = len([run for run in clean(text, options=OPTIONS, lm=lm).runs if run.rule])
    assert {name: count for name, count in counts.items() if count > 10} == {}


HARD = {
    "blanks": " " * 100_000,
    "blanks between": "字 " * 50_000,
    "comments": "<!--" * 50_000,
    "entities": "&amp;" * 20_000,
    "brackets": "![](" * 50_000,
    "quotes": "“" * 100_000,
    "roles": "（记者 " * 50_000,
    "repeats": "有关部门" * 50_000,
    "latin": "字 and " * 15_000,
    "tags": "<a" * 100_000,
    "astral": "\U00020000" * 100_000,
    "surrogates": "\ud800" * 30_000,
    "marks": "。，" * 100_000,
}


@pytest.mark.parametrize("name", HARD)
def test_clean_takes_any_page_in_linear_time(name):
    start = time.process_time()
    clean(HARD[name], options=OPTIONS)
    assert time.process_time() - start < 10  # a quadratic search takes minutes on these
