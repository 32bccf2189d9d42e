import random
import re
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import PageError
from pipeline.splitting.articles import SplitterOptions, balance, explain_lines, split_page
from pipeline.splitting.grammar import load_grammar
from pipeline.text import AlignedText, Replacement, is_blank
from pipeline.types import Layout, Page, Publication

GRAMMAR = load_grammar(Path(__file__).parent.parent / "configs" / "grammar.toml")
BRIDGE = """# 城南跨河新桥昨日正式通车

本报讯（记者 王丹） 昨日上午，城南跨河新桥正式通车，沿河两岸居民往来更加便捷，公交线路也同步调整，首班车六点从桥东发出。

### 桥面加宽让出行更顺

城南新桥全长五百米，桥面比旧桥加宽一倍，设有非机动车道和人行步道，桥头还建了停车场和公交港湾。

“过去绕行老桥要半个钟头，如今过新桥只要五分钟。”家住河东的居民刘大爷说，桥头的公交站离家很近，出行更顺。

### 桥下绿地给孩子撒欢

施工方介绍，新桥桥下空间建成了绿地和球场，沿河步道与桥头公园相连，孩子们放学后可以在桥下绿地玩耍。

（李明）"""
ORCHARD = """# 玉露梨丰收 合作社忙采摘

本报讯 金秋时节，山前村的玉露梨迎来丰收，果园里果农忙着采摘、装箱，梨子个大皮薄，甜脆多汁，今年亩产预计超过四千斤。

合作社负责人赵小强说，今年果园引进了水肥一体化设备，梨树长势好，商品果率比去年高出两成，订单已经排到下个月。

据了解，山前村种植玉露梨两千多亩，合作社带动三百户果农增收，冷库建成后梨子可以错季销售，果农收入更加稳定。

（赵红梅）"""
CLINIC = """# 流动诊所开进深山村

新华社太原10月15日电（记者 孙平） 每逢周三，县医院的流动诊所便开进深山村，医生带着药品，为行动不便的老人量血压。

县医院院长介绍，流动诊所设在一辆改装的客车上，配有检验设备，医生可以当场出具化验单，需要住院的老人由救护车接回县城。

“医生上门看病，我们少跑几十里山路。”八十岁的村民周奶奶说。截至目前，流动诊所已走遍二十六个山村，看诊三千多人次。

（据新华社电）"""
THREE = f"{BRIDGE}\n\n{ORCHARD}\n\n{CLINIC}"


def page_of(text):
    return Page("p", "p.md", text, "0" * 64, len(text), "utf-8", Publication())


def split(text, cleaned=None, **options):
    page = page_of(text)
    layout = split_page(
        page, cleaned=cleaned or AlignedText.of(text), options=SplitterOptions(**options), grammar=GRAMMAR
    )
    return page, layout


def articles_of(text):
    return split(text)[1].articles


def bodies(article):
    return [
        "".join(article.text.text[z.start : z.end].split())
        for z in article.zones
        if z.role in ("paragraph", "caption", "table")
    ]


def outline(layout):
    return [
        (a.kind, a.title, a.kickers, a.subheads, tuple(p.name for p in a.byline.people), bodies(a))
        for a in layout.articles
    ]


# ---- what an article is --------------------------------------------------------------------------------------------


def test_split_page_finds_titles_people_and_datelines():
    found = [(a.title, [p.name for p in a.byline.people], a.dateline.marker) for a in articles_of(THREE)]
    assert found == [
        ("城南跨河新桥昨日正式通车", ["王丹", "李明"], "本报讯"),
        ("玉露梨丰收 合作社忙采摘", ["赵红梅"], "本报讯"),
        ("流动诊所开进深山村", ["孙平"], "新华社"),
    ]


def test_split_page_keeps_subheads_inside_the_article():
    assert articles_of(THREE)[0].subheads == ("桥面加宽让出行更顺", "桥下绿地给孩子撒欢")


def test_split_page_gives_zones_in_order_without_overlap():
    (article,) = articles_of(BRIDGE)
    roles = [zone.role for zone in article.zones]
    ends = [0, *(zone.end for zone in article.zones)]
    assert roles == [
        "title",
        "dateline",
        "byline",
        "paragraph",
        "subhead",
        "paragraph",
        "paragraph",
        "subhead",
        "paragraph",
        "credit",
    ]
    assert all(zone.start >= end for zone, end in zip(article.zones, ends, strict=False))


def test_split_page_takes_marker_and_byline_off_the_paragraph():
    article = articles_of(ORCHARD)[0]
    zone = next(zone for zone in article.zones if zone.role == "paragraph")
    assert article.text.text[zone.start : zone.end].startswith("金秋时节")


def test_split_page_ties_every_character_to_the_page():
    page, layout = split(THREE)
    for article in layout.articles:
        for run in article.text.runs:
            assert article.text.text[run.start : run.end] == page.text[run.source_start : run.source_end]


def test_split_page_joins_a_paragraph_that_a_column_cut():
    cut = BRIDGE.replace("正式通车，沿河两岸", "正式通车，沿\n\n河两岸")
    (article,) = articles_of(cut)
    assert bodies(article) == bodies(articles_of(BRIDGE)[0])
    assert "joined_across_break" in article.flags


SHORT_CUTS = ["施工方介绍，桥下绿地里还（下转第3版）", "桥下绿地还有长椅(下转第三版)"]


@pytest.mark.parametrize("line", SHORT_CUTS)
def test_split_page_reads_a_short_line_that_ends_in_a_jump_as_text(line):
    (article,) = articles_of(BRIDGE.replace("（李明）", line))
    assert (article.continued_to, article.zones[-1].role) == ("3", "jump")
    assert bodies(article)[-1].endswith(re.split("[（(]下转", line)[0])


def test_split_page_takes_a_jump_off_the_heading_that_it_was_set_with():
    (article,) = articles_of("（上接第1版）桥下绿地给孩子撒欢\n\n" + BRIDGE.split("\n\n")[-2])
    assert (article.continued_from, article.title, article.subheads) == ("1", "桥下绿地给孩子撒欢", ())


def test_split_page_leaves_the_cut_when_told():
    cut = BRIDGE.replace("正式通车，沿河两岸", "正式通车，沿\n\n河两岸")
    layout = split(cut, rejoin=False)[1]
    assert len(bodies(layout.articles[0])) == len(bodies(articles_of(BRIDGE)[0])) + 1


def test_split_page_attaches_a_title_that_stands_after_its_body():
    head, _, body = BRIDGE.partition("\n\n")
    (first, second) = articles_of(f"{body}\n\n{head}\n\n{ORCHARD}")
    assert (first.title, second.title) == ("城南跨河新桥昨日正式通车", "玉露梨丰收 合作社忙采摘")
    assert "head_after_body" in first.flags


def test_split_page_reads_kicker_title_subtitle_and_column():
    text = "【民生视点】\n\n## 多部门联合发文\n\n" + ORCHARD.replace("采摘\n", "采摘\n\n### ——山前村产业振兴见闻\n", 1)
    (article,) = articles_of(f"{text}")
    assert (article.column, article.kickers, article.title, article.subtitle) == (
        "民生视点",
        ("多部门联合发文",),
        "玉露梨丰收 合作社忙采摘",
        "——山前村产业振兴见闻",
    )


def test_split_page_flags_an_article_that_lost_its_ends():
    head, _, body = ORCHARD.partition("\n\n")
    body = body.replace("本报讯 金秋时节，山前村的玉露梨迎来丰收", "了大丰收").replace("收入更加稳定。", "收")
    text = f"{head}\n\n{body}"
    (article,) = articles_of(text.replace("\n\n（赵红梅）", ""))
    assert {"truncated_start", "truncated_end"} <= set(article.flags)


def test_split_page_begins_an_article_at_a_lead_byline():
    untitled = ORCHARD.partition("\n\n")[2].replace("本报讯 ", "")
    found = articles_of(f"{BRIDGE}\n\n□本报记者 钱多多\n\n{untitled}")
    assert [[p.name for p in a.byline.people] for a in found] == [["王丹", "李明"], ["钱多多", "赵红梅"]]


def test_split_page_reads_jump_lines():
    text = ORCHARD.replace("采摘\n", "采摘\n\n（上接第一版）\n").replace("（赵红梅）", "（下转第3版）")
    article = articles_of(text)[0]
    assert (article.continued_from, article.continued_to) == ("1", "3")


def test_split_page_takes_a_photo_out_of_a_paragraph():
    text = ORCHARD.replace(
        "梨子个大皮薄，", "梨子个大\n\n昨日，市少年宫的小选手在航模比赛中放飞自制滑翔机。\n\n记者 朱峰 摄\n\n皮薄，"
    )
    found = articles_of(text)
    assert [a.kind for a in found] == ["news", "photo"]
    assert bodies(found[0]) == bodies(articles_of(ORCHARD)[0])


def test_split_page_gives_small_pieces_their_kind():
    pieces = [
        "停水通知\n\n因管道检修，明日8时至18时城南停水，请做好准备。\n\n服务热线：96000",
        "天气预报\n\n今天白天：晴，最高气温21℃。\n\n今天夜间：多云，最低气温9℃。",
        "## 今日菜价\n\n| 品种 | 价格 |\n|---|---|\n| 土豆 | 2.60 |",
        "求购二手货车，高价回收，现款结算。电话：0351-0000000",
        "节约用水 人人有责",
    ]
    text = "\n\n".join([ORCHARD, *pieces])
    found = articles_of(text)
    assert [(a.kind, a.form, a.title) for a in found[1:]] == [
        ("notice", "notice", "停水通知"),
        ("notice", "weather", "天气预报"),
        ("notice", "table", "今日菜价"),
        ("ad", "ad", None),
        ("filler", "filler", None),
    ]
    assert bodies(found[3]) == ["品种价格", "土豆2.60"]


def test_split_page_carries_a_round_up_heading_to_its_items():
    text = (
        "## 一周要闻\n\n### 老城墙遗址公园开园\n\n老城墙遗址公园昨日开园，免费开放。"
        "\n\n### 首列旅游专列发车\n\n首列旅游专列昨日从省城发车，载客五百人。"
    )
    assert [(a.column, a.title, a.form) for a in articles_of(text)] == [
        ("一周要闻", "老城墙遗址公园开园", "brief"),
        ("一周要闻", "首列旅游专列发车", "brief"),
    ]


def test_split_page_drops_a_repeated_paragraph_into_the_residual():
    paragraph = ORCHARD.split("\n\n")[2]
    page, layout = split(ORCHARD.replace(paragraph, f"{paragraph}\n\n{paragraph}"))
    assert "repeated_paragraph" in layout.articles[0].flags
    assert [(r.where, r.reason) for r in layout.remainders if r.where == "residual"] == [
        ("residual", "repeated paragraph")
    ]
    assert balance(page, layout)["residual"] == len(re.sub(r"\s", "", paragraph))


def test_split_page_untangles_an_interleaved_column():
    parts = BRIDGE.split("\n\n")
    orchard = ORCHARD.split("\n\n")
    at = parts[-2].index("沿河步道")
    mixed = [*parts[:-2], parts[-2][:at].rstrip("，"), *orchard[:2], "，" + parts[-2][at:], parts[-1], *orchard[2:]]
    found = articles_of("\n\n".join(mixed))
    assert [bodies(a) for a in found] == [bodies(a) for a in articles_of(f"{BRIDGE}\n\n{ORCHARD}")]


def test_split_page_sets_verse_line_by_line():
    text = f"{ORCHARD}\n\n# 秋日登高\n\n○周 明\n\n一夜秋风到晋阳\n万山红叶染新霜\n登高不问来时路\n且看云开雁几行"
    poem = articles_of(text)[1]
    assert (poem.form, poem.title, len(bodies(poem))) == ("poem", "秋日登高", 4)


# ---- what must not matter ----------------------------------------------------------------------------------------


def assignments(layout):
    """Tell for every line of text which article it went to, by the article's first body characters."""
    return {x.text.strip("#* ")[:20]: x.article for x in explain_lines(layout, page_of(""))}


def test_split_page_does_not_depend_on_heading_depth():
    expected = assignments(split(THREE)[1])
    changed = total = 0
    for seed in range(12):
        rng = random.Random(seed)
        text = re.sub(r"(?m)^#+ ", lambda _, rng=rng: "#" * rng.randint(1, 6) + " ", THREE)
        found = assignments(split(text)[1])
        changed += sum(found[key] != expected[key] for key in expected)
        total += len(expected)
    assert changed < 0.01 * total


def test_split_page_reads_a_page_without_any_marks():
    plain = re.sub(r"(?m)^#+ |\*\*", "", THREE)
    assert [bodies(a) for a in articles_of(plain)] == [bodies(a) for a in articles_of(THREE)]


HALF = str.maketrans("，；：？！（）", ",;:?!()")


def test_split_page_reads_half_width_punctuation_alike():
    full, half = split(THREE)[1], split(THREE.translate(HALF))[1]
    assert [[b.translate(HALF) for b in bodies(a)] for a in full.articles] == [bodies(a) for a in half.articles]


@pytest.mark.parametrize("order", [(BRIDGE, ORCHARD, CLINIC), (CLINIC, BRIDGE, ORCHARD), (ORCHARD, CLINIC, BRIDGE)])
def test_split_page_reads_an_article_alike_wherever_it_stands(order):
    alone = sorted(str(item) for text in order for item in outline(split(text)[1]))
    assert sorted(str(item) for item in outline(split("\n\n".join(order))[1])) == alone


def test_split_page_gives_equal_results_for_equal_pages():
    assert outline(split(THREE)[1]) == outline(split(THREE)[1])


# ---- the balance ---------------------------------------------------------------------------------------------------

LINES = st.one_of(
    st.sampled_from(
        list((THREE + "\n（\n）\n【\n# \n#\n**\n****\n|a|b|\n|---|\n![x](y)\n<!-- \n-->\n<b\n>").split("\n"))
    ),
    st.text(
        alphabet="王李，。：；（）()【】■|#*“”<>!- \u3000\u200b\t\r第3版下转上接本报讯记者摄\U00020bb7\ud800",
        max_size=40,
    ),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(LINES, max_size=25), st.booleans())
def test_balance_closes_on_any_mixture_of_lines(lines, blank):
    page, layout = split(("\n\n" if blank else "\n").join(lines))
    counts = balance(page, layout)
    assert counts["in"] == sum(counts.values()) - counts["in"]
    assert counts["in"] == sum(not is_blank(char) for char in page.text)


def test_balance_closes_on_a_repaired_page():
    text = ORCHARD.replace("果农忙着", "果农 and 忙着").replace("本报讯", "本报 讯")
    at = text.index(" and ")
    gap = text.index("本报 讯") + 2
    repairs = [Replacement(gap, gap + 1, "", "space"), Replacement(at, at + 5, "和", "and")]
    page, layout = split(text, cleaned=AlignedText.of(text).replace(sorted(repairs)))
    counts = balance(page, layout)
    assert counts["residual"] == 0
    assert layout.articles[0].dateline.marker == "本报讯"


def test_balance_refuses_a_layout_that_lost_text():
    page, layout = split(ORCHARD)
    with pytest.raises(PageError, match="does not close") as raised:
        balance(page, Layout(layout.cleaned, layout.blocks, layout.articles[:0], layout.remainders))
    assert raised.value.stage == "split"


def test_split_page_has_nothing_left_over_on_a_plain_page():
    page, layout = split(THREE)
    counts = balance(page, layout)
    assert (counts["residual"], counts["in_furniture"], counts["dropped_markup"]) == (0, 0, THREE.count("#"))


# ---- awkward pages -------------------------------------------------------------------------------------------------

AWKWARD = {
    "empty": "",
    "blank": " \n\u3000\n",
    "one character": "王",
    "punctuation": "，。；\n！？\n……",
    "one long line": "昨日新桥通车，两岸往来更便捷。" * 14_000,
    "one long line without a stop": "桥" * 200_000,
    "short lines": "\n".join("桥河山水" * 2_500),
    "only headings": "\n\n".join(f"## 第{i}座新桥通车" for i in range(400)),
    "only a table": "\n".join(f"| 桥{i} | {i} |" for i in range(400)),
    "tags": "<div><p>新桥</p><table><tr><td>通车</td></div>" * 400,
    "open tags": "<" * 20_000 + "\n" + "<!--" * 5_000 + "![" * 5_000,
    "brackets": "（【“《" * 5_000 + "\n\n" + "）】”》" * 5_000,
    "signs": "#" * 5_000 + "*" * 5_000 + "|" * 5_000,
    "surrogate": "昨日\ud800新桥通车，\U0001f600\U00020bb7两岸便捷。",
    "jumps": "（下转第3版）" * 3_000,
    "names": "王丹 李明 " * 3_000,
}


@pytest.mark.parametrize("text", AWKWARD.values(), ids=AWKWARD.keys())
def test_split_page_bears_awkward_pages(text):
    start = time.perf_counter()
    page, layout = split(text)
    assert balance(page, layout)["in"] == sum(not is_blank(char) for char in text)
    assert time.perf_counter() - start < 5.0


def test_split_page_takes_time_linear_in_the_page():
    seconds = []
    for times in (20, 80):
        start = time.perf_counter()
        split("\n\n".join([THREE] * times))
        seconds.append(time.perf_counter() - start)
    assert seconds[1] < 10 * max(seconds[0], 0.02)


def test_explain_lines_says_why():
    page, layout = split(THREE)
    rows = explain_lines(layout, page)
    assert [(row.line, row.role, row.article) for row in rows[:3]] == [
        (1, "title", 1),
        (3, "paragraph", 1),
        (5, "subhead", 1),
    ]
    assert all(0.0 <= row.confidence <= 1.0 for row in rows)
    assert any(item.startswith("title.") for item in rows[0].evidence)


MERGED = """# 城南跨河新桥昨日正式通车 玉露梨丰收合作社忙采摘

本报讯 昨日上午，城南跨河新桥正式通车，沿河两岸居民往来更加便捷，公交线路也同步调整，首班车六点从桥东发出。

城南跨河新桥全长五百米，桥面比旧桥加宽一倍，设有非机动车道和人行步道，桥头还建了停车场和公交港湾。

金秋时节，山前村的玉露梨迎来丰收，果园里果农忙着采摘、装箱，梨子个大皮薄，甜脆多汁，今年亩产预计超过四千斤。

合作社负责人赵小强说，玉露梨果园引进了水肥一体化设备，梨树长势好，商品果率比去年高出两成，订单已经排到下个月。"""


def test_split_parts_two_articles_that_share_one_title_line():
    titles = [article.title for article in articles_of(MERGED)]
    assert titles == ["城南跨河新桥昨日正式通车", "玉露梨丰收合作社忙采摘"]


def test_split_reads_a_repeated_heading_as_a_standing_head():
    page = f"【河畔新风】\n\n{BRIDGE}\n\n# 河畔新风\n\n{ORCHARD}"
    assert [(article.column, article.title) for article in articles_of(page)] == [
        ("河畔新风", "城南跨河新桥昨日正式通车"),
        ("河畔新风", "玉露梨丰收 合作社忙采摘"),
    ]


def test_split_takes_a_timetable_for_one_notice():
    lines = "7月6日 19:30 女排联赛 河东体育馆\n\n7月8日 15:00 乒乓球决赛 市体育中心"
    page = f"{BRIDGE}\n\n### 赛程预告\n\n{lines}\n\n{ORCHARD}"
    notice = articles_of(page)[1]
    assert (notice.kind, notice.title, len(bodies(notice))) == ("notice", "赛程预告", 2)


def test_split_reads_a_short_first_line_and_the_next_as_one_title():
    body = CLINIC.partition("\n\n")[2]
    assert articles_of(f"# 流动诊所开进\n\n# 深山村\n\n{body}")[0].title == "流动诊所开进 深山村"
