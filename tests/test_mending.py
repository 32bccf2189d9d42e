from pathlib import Path

from pipeline.splitting.blocks import make_units
from pipeline.splitting.grammar import load_grammar
from pipeline.splitting.mending import fold_roundups, move_columns, move_credits, settle_columns, settle_titles
from pipeline.splitting.notices import Draft, Member
from pipeline.text import AlignedText
from pipeline.types import Page, Publication

GRAMMAR = load_grammar(Path(__file__).parent.parent / "configs" / "grammar.toml")
ITEM = "引导果农按糖度分级，四月尾果每个卖到三元，全县销售额一季度突破两亿元。"


class Worded:
    def __init__(self, *words):
        self.words = words

    def read(self, text):
        return {"column": 1.5 if text in self.words else -2.0, "kicker": 0.0, "title": -4.0, "subhead": -1.0}


def draft_of(*lines):
    """Make a draft of (role, line) pairs; the lines are read as on a page."""
    text = "\n\n".join(line for _, line in lines)
    page = Page("p", "p.md", text, "0" * 64, len(text), "utf-8", Publication())
    units = make_units(page, AlignedText.of(text), GRAMMAR)
    assert len(units) == len(lines)
    return Draft([Member(unit, role) for unit, (role, _) in zip(units, lines, strict=True)])


def roles(draft):
    return [member.role for member in draft.members]


def items(*titles, column=None, ending="（李明）"):
    drafts = [draft_of(("title", f"## {title}"), ("paragraph", f"{title}，{ITEM}{ending}")) for title in titles]
    if column is not None:
        drafts[0].members = draft_of(
            column, ("title", f"## {titles[0]}"), ("paragraph", f"{titles[0]}，{ITEM}{ending}")
        ).members
    return drafts


def test_fold_roundups_carries_any_standing_head_over_items_of_one_make():
    drafts = items("山前村果园丰收", "河口村果园丰收", "桥头村果园丰收", column=("column", "#### 县区传真"))
    fold_roundups(drafts, GRAMMAR)
    assert [draft.column for draft in drafts] == [None, "县区传真", "县区传真"]


def test_fold_roundups_makes_a_standing_head_of_a_kicker_over_such_items():
    drafts = items("山前村果园丰收", "河口村果园丰收", column=("kicker", "#### 代表之声"))
    fold_roundups(drafts, GRAMMAR)
    assert roles(drafts[0]) == ["column", "title", "paragraph"]
    assert drafts[1].column == "代表之声"


def test_fold_roundups_leaves_a_kicker_over_one_article():
    drafts = items("山前村果园丰收", "河口村果园丰收", column=("kicker", "#### 代表之声"))
    drafts[1] = draft_of(("title", "# 城南新桥通车"), ("byline", "本报记者 王丹"), ("paragraph", ITEM))
    fold_roundups(drafts, GRAMMAR)
    assert roles(drafts[0])[0] == "kicker"
    assert drafts[1].column is None


def test_fold_roundups_carries_no_name_of_one_piece():
    drafts = items("山前村果园丰收", "河口村果园丰收", column=("column", "#### 今日快评"))
    fold_roundups(drafts, GRAMMAR)
    assert drafts[1].column is None


def test_fold_roundups_goes_on_behind_a_story_that_it_interrupts():
    drafts = items("山前村果园丰收", "河口村果园丰收", column=("column", "#### 县区传真"))
    drafts.insert(1, draft_of(("paragraph", ITEM)))
    fold_roundups(drafts, GRAMMAR)
    assert drafts[2].column == "县区传真"


def test_fold_roundups_takes_a_head_over_bulleted_lines_as_their_title():
    draft = draft_of(("column", "## 「场边花絮」"), ("paragraph", f"▲{ITEM}"), ("paragraph", f"▲{ITEM}"))
    fold_roundups([draft], GRAMMAR)
    assert (roles(draft), draft.form) == (["title", "paragraph", "paragraph"], "roundup")


def test_settle_columns_reads_the_wording_of_a_line_above_a_title():
    lines = (("kicker", "### 股海观潮"), ("title", "# 无量下跌还要看两个信号"), ("paragraph", ITEM))
    worded, plain = draft_of(*lines), draft_of(*lines)
    settle_columns([worded], GRAMMAR, Worded("股海观潮"))
    settle_columns([plain], GRAMMAR, Worded())
    assert roles(worded)[0] == "column"
    assert roles(plain)[0] == "kicker"


def test_settle_columns_leaves_a_place_and_the_halves_of_a_title():
    place = draft_of(("kicker", "### 青垄县"), ("title", "# 果园丰收农民笑"), ("paragraph", ITEM))
    halves = draft_of(("title", "## 王婶的"), ("title", "## 果园丰收了"), ("paragraph", ITEM))
    settle_columns([place, halves], GRAMMAR, Worded("青垄县", "王婶的"))
    assert roles(place)[0] == "kicker"
    assert roles(halves)[0] == "title"


def test_settle_titles_makes_a_title_of_the_last_line_above_an_untitled_text():
    draft = draft_of(("kicker", "人在旅途"), ("column", "夜行绿皮车"), ("byline", "□ 米 兰"), ("paragraph", ITEM))
    settle_titles([draft])
    assert roles(draft) == ["kicker", "title", "byline", "paragraph"]


def test_move_columns_gives_a_second_standing_head_to_the_article_below():
    above = draft_of(("column", "政策解读"), ("paragraph", ITEM), ("column", "校长论坛"))
    below = draft_of(("title", "把操场还给课间"), ("paragraph", ITEM))
    for member in below.members:
        member.unit.index += 3
    move_columns([above, below])
    assert (roles(above), roles(below)) == (["column", "paragraph"], ["column", "title", "paragraph"])


def test_move_credits_gives_a_bare_name_in_brackets_to_the_article_above():
    above = draft_of(("title", "果园丰收"), ("paragraph", ITEM), ("jump", "（下转第二版）"))
    below = draft_of(("byline", "（钟 岩）"), ("paragraph", ITEM))
    move_credits([above, below])
    assert (roles(above)[-1], roles(below)) == ("credit", ["paragraph"])


def test_move_credits_leaves_a_reporter_that_opens_a_text():
    above = draft_of(("title", "果园丰收"), ("paragraph", ITEM))
    below = draft_of(("byline", "（记者 钟岩）"), ("paragraph", ITEM))
    move_credits([above, below])
    assert roles(below) == ["byline", "paragraph"]
