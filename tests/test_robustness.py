"""What must not matter does not: depths, marks, width, order, length; and what is no newspaper page breaks nothing.

Cleaning, publication and splitting together, on pages of our own. ``make evaluate`` measures the first three on more.
"""

import itertools
import json
import re
import time
from pathlib import Path

import pytest
from pages_score import piece_of, read_gold, score
from strategies import CREDITS, HEADS, NEWS, OTHER

from pipeline.chain import Chain
from pipeline.config import HOME, load
from pipeline.measures.robustness import BARE, moved, moved_by_depths, moved_by_width, owners, remove_marks
from pipeline.reader import Input, make_page, read_page
from pipeline.splitting.articles import MAX_TITLE, balance
from pipeline.text import is_blank

HERE = Path(__file__).parent
PAGES = {
    path.name: path
    for folder in (HERE / "pages", HERE / "issue", HERE.parent / "examples" / "pages")
    for path in sorted(folder.iterdir())
    if path.suffix in {".md", ".txt"}
}
GOLD = {path.name.removesuffix(".gold.json"): path for path in sorted((HERE / "pages" / "gold").glob("*.gold.json"))}


@pytest.fixture(scope="module")
def chain():
    return Chain.load(load(HOME / "news.cfg", BARE))


@pytest.fixture(scope="module")
def pages(chain):
    return {name: read_page(path, source_name=name, options=chain.settings.reader) for name, path in PAGES.items()}


@pytest.fixture(scope="module")
def page_of(chain):
    """Read a text as a page, publication and all."""

    def make(text, name="p.md"):
        return make_page(Input(name, name), text.encode("utf-8", "replace"), options=chain.settings.reader)

    return make


def bodies(layout):
    return [
        (article.title, [article.text.text[z.start : z.end] for z in article.zones if z.role == "paragraph"])
        for article in layout.articles
    ]


# ---- what must not matter --------------------------------------------------------------------------------------------


def test_heading_depths_move_less_than_one_character_in_a_hundred(chain, pages):
    counts = [moved_by_depths(chain, page) for page in pages.values()]
    changed, total = map(sum, zip(*counts, strict=True))
    assert total > 50_000
    assert changed < 0.01 * total


def test_pages_without_any_marks_keep_their_articles(chain, pages, page_of):
    scored = []
    for name, path in GOLD.items():
        layout = chain.split(page_of(remove_marks(pages[name].text), name))
        scored.append((read_gold(path), list(map(piece_of, layout.articles))))
    assert score(scored).f1 >= 0.9


@pytest.mark.parametrize("name", PAGES)
def test_width_of_punctuation_moves_nothing(chain, pages, name):
    assert moved_by_width(chain, pages[name])[0] == 0


def independent_articles(chain, pages):
    """Cut whole titled articles of whole pages out of the page text, one of a page."""
    found = []
    for page in pages.values():
        lines = page.text.split("\n")
        for article in chain.split(page).articles:
            first, last = article.lines
            alone = article.kind == "news" and article.form == "news" and article.zones[0].role == "title"
            if (
                alone
                and not article.flags
                and article.confidence > 0.8
                and not article.column
                and len(article.text) > 300
            ):
                found.append("\n".join(lines[first - 1 : last]))
                break
    return found


def test_order_of_two_articles_changes_nothing_inside_either(chain, pages, page_of):
    texts = independent_articles(chain, pages)
    assert len(texts) >= 4
    for one, two in itertools.combinations(texts[:6], 2):
        there, back = (bodies(chain.split(page_of(f"{a}\n\n{b}"))) for a, b in ((one, two), (two, one)))
        assert sorted(map(str, there)) == sorted(map(str, back))


def test_moved_counts_what_left_its_article():
    assert moved([0, 1, 1, 1, 2, 2], [0, 2, 2, 2, 1, 1]) == (0, 5)
    assert moved([1, 1, 1, 2, 2], [1, 1, 1, 1, 0]) == (2, 5)


# ---- length ----------------------------------------------------------------------------------------------------------


def seconds_of(chain, page):
    start = time.process_time()
    layout = chain.split(page)
    balance(page, layout)
    return time.process_time() - start


def test_time_grows_with_the_page_and_no_faster(chain, pages, page_of):
    text = "\n\n".join(page.text for page in pages.values())
    small, large = page_of(text), page_of("\n\n".join([text] * 6))
    seconds_of(chain, small)
    # The machine may be busy: the best of two counts.
    one = min(seconds_of(chain, small) for _ in range(2))
    assert min(seconds_of(chain, large) for _ in range(2)) < 1.5 * 6 * one


# A line of each is searched by every pattern of cleaning, publication and splitting.
REPEATED = [
    *("#", "*", "|", "-", "—", "_", "=", ">", "<", "<!--", "-->", "![", "](", "（", "）", "(【", "“", "”", "《"),
    *("1", "1.", "0351-", "2024年", "1月1日", "第1版", " ", "　", "\t", "王 ", "王 丹 ", "王丹、", "记者 ", "本报记者"),
    *(
        "（记者",
        "（下转第3版",
        "上接",
        "新华社",
        "据新华社",
        "摄",
        "责编：",
        "电话：",
        "社会主义 ",
        "□",
        "&amp;",
        "&",
        "and ",
    ),
    *(
        "A1 ",
        "。",
        "，",
        "……",
        "：",
        "℃",
        "|-",
        "`",
        "[",
        "3版 ",
        "星期一 ",
        "公告",
        "<td>",
        "\u2028",
        "\x0b",
        "图/",
        "图",
        "文/图",
    ),
]
# A quadratic search takes half a minute of 12,000 characters; the slowest of these takes two seconds of 20,000.
CASES = [(piece, 20_000) for piece in REPEATED] + [("#", 120_000), ("图", 120_000), ("（【", 120_000), ("1", 120_000)]


@pytest.mark.parametrize(("piece", "length"), CASES)
def test_no_repetition_blows_a_pattern_up(chain, page_of, piece, length):
    start = time.process_time()
    page = page_of("本报讯（" + piece * (length // len(piece)))
    assert balance(page, chain.split(page))["in"] == sum(not is_blank(char) for char in page.text)
    assert time.process_time() - start < 12


# ---- what is no newspaper page ---------------------------------------------------------------------------------------

RIVER = "沿河步道昨日贯通，市民从桥东走到桥西只要二十分钟，途中有六处休息亭和三处饮水点。"
# Paragraphs that do not repeat one another, which the splitter would notice.
WALKS = [
    f"{place}步道{day}贯通，{who}从桥{one}走到桥{two}只要{number}分钟，{thing}有六处。"
    for (place, day), (who, number), (one, two, thing) in itertools.product(
        (("沿河", "昨日"), ("环湖", "今晨"), ("登山", "上周末"), ("古城", "节前")),
        (("市民", "二十"), ("游客", "三十五"), ("孩子们", "四十八")),
        (("东", "西", "凉亭"), ("头", "尾", "饮水点"), ("南", "北", "观景台")),
    )
]
VERTICAL = "\n".join("沿河步道昨日贯通市民从桥东走到桥西只要二十分钟途中有六处休息亭和三处饮水点晚间路灯亮到十一点")
ODD = {
    "only headings": "\n\n".join(f"## {head}" for head in ("沿河步道贯通", "新桥通车", "梨园丰收", "书院开课") * 30),
    "only a table": "| 品种 | 价格 |\n|---|---|\n"
    + "\n".join(f"| 菜{number} | {number}.50 |" for number in range(200)),
    "only advertisements": "\n\n".join(
        f"出售二手家具，价格优惠，免费送货。电话：0351-{number}" for number in range(7000000, 7000040)
    ),
    "one character a line": "\n".join("河桥步道亭水山石" * 1250),
    "one character a paragraph": "\n\n".join("河桥步道亭水山石" * 1250),
    "soup of tags": f"<div><p>{RIVER}<br></div><table><tr><td>{RIVER}<td>{RIVER}</table></b><span style='x'>{RIVER}<"
    * 40,
    "quotes that never close": "\n\n".join(f"“{walk}（{walk[:9]}《{walk[9:]}" for walk in WALKS),
    "brackets that never open": "\n\n".join(f"{walk}”{walk[:9]}）{walk[9:]}》】" for walk in WALKS),
    "many languages": "\n\n".join(
        f"{walk}\n\nThe river walk opened.\n\nНабережная открыта.\n\n川沿いの道が開通した。"
        "\n\n강변길이 열렸다.\n\nافتتح الممشى"
        for walk in WALKS[:20]
    ),
    "vertical text": VERTICAL,
    "vertical text below a heading": f"## 沿河步道贯通\n\n{VERTICAL}",
    "numbers": "\n".join(str(number) for number in range(3000)),
    "lines of a newspaper in any order": "\n\n".join((HEADS + NEWS + CREDITS + OTHER) * 8),
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD.keys())
def test_odd_pages_lose_no_character(chain, page_of, text):
    page = page_of(text)
    result = chain.process(page)
    account = json.loads(result.page_record)["balance"]
    assert account["in"] == sum(not is_blank(char) for char in page.text)
    assert account["in"] == sum(value for key, value in account.items() if key != "in")
    assert account["residual"] <= 0.05 * account["in"]


DOUBTS = {
    "only headings": "doubt.no_text",
    "one character a line": "doubt.short_lines",
    "one character a paragraph": "doubt.short_lines",
    "vertical text": "doubt.short_lines",
    "vertical text below a heading": "doubt.short_lines",
    "numbers": "doubt.short_lines",
    "quotes that never close": "doubt.unpaired",
    "brackets that never open": "doubt.unpaired",
}


@pytest.mark.parametrize(("name", "doubt"), DOUBTS.items(), ids=DOUBTS.keys())
def test_odd_pages_say_how_unsure_they_are_and_why(chain, page_of, name, doubt):
    articles = chain.split(page_of(ODD[name])).articles
    assert [article.order for article in articles if "low_confidence" not in article.flags] == []
    assert doubt in max(articles, key=lambda article: len(article.text.text)).evidence


def test_a_text_of_many_languages_is_not_sure_of_its_articles(chain, page_of):
    layout = chain.split(page_of(ODD["many languages"]))
    assert sum(article.confidence for article in layout.articles) < 0.9 * len(layout.articles)


def test_a_page_of_tags_is_flagged(chain, page_of):
    assert "much_markup" in chain.split(page_of("<div class='a'><p>桥</p></div>\n" * 50)).flags
    assert "much_markup" not in chain.split(page_of(ODD["only a table"])).flags


def test_newspaper_pages_raise_no_doubts(chain, pages):
    articles = [article for page in pages.values() for article in chain.split(page).articles if article.kind == "news"]
    doubtful = [article.title for article in articles if any(item.startswith("doubt.") for item in article.evidence)]
    assert len(doubtful) <= 0.03 * len(articles)


@pytest.mark.parametrize("name", ["vertical text", "vertical text below a heading"])
def test_vertical_text_is_read_as_running_text(chain, page_of, name):
    layout = chain.split(page_of(ODD[name]))
    assert any("沿河步道昨日贯通市民从桥东" in article.text.text for article in layout.articles)


OVERLONG = {
    "one character a heading": "\n\n".join(f"# {char}" for char in "".join(WALKS)),
}


@pytest.mark.parametrize("text", OVERLONG.values(), ids=OVERLONG.keys())
def test_a_title_longer_than_any_headline_is_text(chain, page_of, text):
    page = page_of(text)
    layout = chain.split(page)
    account = balance(page, layout)
    assert account["residual"] <= 0.05 * account["in"]
    assert "overlong_title" in layout.flags
    long_ones = [article for article in layout.articles if "doubt.overlong_title" in article.evidence]
    assert long_ones
    for article in layout.articles:
        assert sum(not is_blank(char) for char in article.title or "") <= MAX_TITLE
    for article in long_ones:
        assert "low_confidence" in article.flags
        assert any(zone.role == "paragraph" for zone in article.zones)


def test_a_heading_as_long_as_an_article_is_no_title(chain, page_of):
    layout = chain.split(page_of(f"# {''.join(WALKS)}"))
    assert [article.title for article in layout.articles] == [None]
    assert layout.articles[0].text.text == "".join(WALKS)


def test_a_title_as_long_as_headlines_get_stays(chain, page_of):
    head = "沿河步道贯通　市民从桥东走到桥西只要二十分钟　途中有六处休息亭和三处饮水点　路灯亮到十一点"
    layout = chain.split(page_of(f"# {head}\n\n本报讯 {RIVER}"))
    assert layout.articles[0].title.split() == head.split()
    assert "overlong_title" not in layout.flags


@pytest.mark.parametrize("kind", ["ad", "notice"])
def test_pages_of_one_kind_are_of_that_kind(chain, page_of, kind):
    text = ODD["only advertisements" if kind == "ad" else "only a table"]
    assert {article.kind for article in chain.split(page_of(text)).articles} == {kind}


def test_owners_leaves_heading_marks_out(chain, page_of):
    page = page_of(f"## 沿河步道贯通\n\n{RIVER}")
    assert len(owners(page, chain.split(page))) == len(re.sub("#", "", page.text))
