"""The splitter on whole pages of many manners, against gold written by hand: nothing lost, and no rate below its floor.

The pages are those of ``examples/pages`` and ``tests/pages``; the gold was written by reading them, never from what the
splitter gives. ``floors.json`` holds for each page and for all together the least rates that may be measured.
"""

import json
from dataclasses import asdict, fields
from pathlib import Path

import pytest
from pages_score import Piece, Score, likeness, lost, pair, piece_of, read_gold, score, squeeze

from pipeline.chain import Chain
from pipeline.config import HOME, load
from pipeline.reader import read_page
from pipeline.splitting.articles import balance

HERE = Path(__file__).parent / "pages"
FOLDERS = (HERE, HERE.parent.parent / "examples" / "pages")
GOLD = {path.name.removesuffix(".gold.json"): path for path in sorted((HERE / "gold").glob("*.gold.json"))}
PAGES = {path.name: path for folder in FOLDERS for path in folder.iterdir() if path.suffix in {".md", ".txt"}}
FLOORS = json.loads((HERE / "floors.json").read_text(encoding="utf-8"))
RATES = [field.name for field in fields(Score)]


@pytest.fixture(scope="module")
def layouts():
    """Split every page once: name → (page, layout). The stages after the splitter are not loaded."""
    chain = Chain.load(load(HOME / "news.cfg", ["nlp.pipeline=[]", "nlp.tokenizer.method=char"]))
    pages = {
        name: read_page(PAGES[name], source_name=name, options=chain.settings.reader) for name in GOLD if name in PAGES
    }
    return {name: (page, chain.split(page)) for name, page in pages.items()}


@pytest.fixture(scope="module")
def pieces(layouts):
    """Pair the gold of every page with what was made of it: name → (gold, made)."""
    return {
        name: (read_gold(GOLD[name]), list(map(piece_of, layout.articles))) for name, (_, layout) in layouts.items()
    }


def test_pages_gold_and_floors_name_the_same_pages():
    assert set(PAGES) == set(GOLD) == set(FLOORS) - {"all"}


@pytest.mark.parametrize("name", GOLD)
def test_split_accounts_for_every_character(layouts, name):
    page, layout = layouts[name]
    counts = balance(page, layout)
    assert counts["in"] == sum(not char.isspace() for char in page.text)


@pytest.mark.parametrize("name", GOLD)
def test_split_loses_no_text_of_an_article(layouts, name):
    layout = layouts[name][1]
    assert lost(read_gold(GOLD[name]), [article.text.text for article in layout.articles]) == []


@pytest.mark.parametrize("name", GOLD)
def test_split_keeps_the_floors_of_a_page(pieces, name):
    rates = asdict(score([pieces[name]]))
    assert [rate for rate in RATES if rates[rate] < FLOORS[name][rate]] == [], rates


def test_split_keeps_the_floors_of_all_pages_together(pieces):
    rates = asdict(score(pieces.values()))
    assert [rate for rate in RATES if rates[rate] < FLOORS["all"][rate]] == [], rates


# ---- the scorer itself ---------------------------------------------------------------------------------------------

RIVER = Piece(
    "news", "河滩上办起露天课堂", ("孩子们搬着小板凳在河滩上听讲。", "老师把矿石标本一块一块摆在木板上，让大家轮流摸。")
)
BAKER = Piece(
    "news", "面包房凌晨四点开门", ("面包师傅每天夜里两点起身和面。", "头一炉面包出炉的时候，街上还没有行人。")
)
ADVERT = Piece("ad", "", ("低价转让八成新缝纫机三台，电话面议，非诚勿扰。",))
JOINED = Piece("news", RIVER.title, RIVER.paragraphs + BAKER.paragraphs)
RATED = {
    "gold against itself": ([RIVER, BAKER], [BAKER, RIVER], Score(1.0, 1.0, 1.0, 1.0)),
    "an advertisement may be left out": ([RIVER, ADVERT], [RIVER], Score(1.0, 1.0, 1.0, 1.0)),
    "an advertisement may be reported": ([RIVER, ADVERT], [RIVER, ADVERT], Score(1.0, 1.0, 1.0, 1.0)),
    "nothing made": ([RIVER, BAKER], [], Score(0.0, 0.0, 0.0, 0.0)),
    "one article missed": ([RIVER, BAKER], [RIVER], Score(2 / 3, 0.5, 0.5, 0.5)),
    "two articles joined": ([RIVER, BAKER], [JOINED], Score(0.0, 0.5, 0.5, 0.5)),
    "an article too many": ([RIVER], [RIVER, BAKER], Score(2 / 3, 1.0, 1.0, 1.0)),
    "title wrong": ([RIVER], [Piece("news", "", RIVER.paragraphs)], Score(1.0, 0.0, 1.0, 1.0)),
    "paragraphs joined": ([RIVER], [Piece("news", RIVER.title, (RIVER.body,))], Score(1.0, 1.0, 0.0, 1.0)),
    "kind wrong": ([RIVER], [Piece("photo", RIVER.title, RIVER.paragraphs)], Score(1.0, 1.0, 1.0, 0.0)),
}


@pytest.mark.parametrize(("gold", "made", "expected"), RATED.values(), ids=RATED.keys())
def test_score_rates(gold, made, expected):
    assert asdict(score([(gold, made)])) == pytest.approx(asdict(expected))


def test_squeeze_makes_widths_and_blanks_equal():
    assert squeeze("（ 上午 9:30 ）“好”") == squeeze('(上午9：30)"好"')


def test_likeness_ignores_the_order_of_columns():
    first, second = RIVER.paragraphs
    assert likeness(first + second, second + first) == pytest.approx(1.0)


def test_likeness_uses_a_repeated_run_once():
    assert likeness(RIVER.body * 2, RIVER.body) == pytest.approx(0.5)


def test_pair_gives_each_article_one_partner():
    assert {i: j for i, (j, _) in pair([RIVER, BAKER], [BAKER, JOINED]).items()} == {1: 0, 0: 1}


def test_lost_names_what_no_record_holds():
    assert lost([RIVER, BAKER], [RIVER.body, BAKER.paragraphs[0]]) == [BAKER.paragraphs[1]]
