"""Characters and aligned text: whatever is cut, joined and repaired, every character keeps its way back to the page."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipeline.text import (
    AlignedText,
    Replacement,
    Run,
    count_visible,
    is_blank,
    is_han,
    is_punctuation,
    to_full_width,
)

few = settings(max_examples=50)
sources = st.text("晋阳湖畔水清岸绿，。 \n\u3000ab1\U00020000\ud800", max_size=40)


def repairs(text):
    """Draw repairs of a text, in order and without overlap."""
    cuts = st.lists(st.integers(0, len(text)), max_size=8).map(sorted)
    news = st.lists(st.text("和与的", max_size=3), min_size=4, max_size=4)

    def make(cuts, news):
        spans = zip(cuts[::2], cuts[1::2], strict=False)
        return [Replacement(*span, new, "rule", 0.9) for span, new in zip(spans, news, strict=False)]

    return st.builds(make, cuts, news)


@st.composite
def repaired(draw):
    """Draw a source and the same text repaired twice."""
    source = draw(sources)
    aligned = AlignedText.of(source)
    for _ in range(2):
        aligned = aligned.replace(draw(repairs(aligned.text)))
    return source, aligned


def is_sound(aligned, source):
    """Say whether the runs are in order, inside the text, and copied ones equal to the source."""
    ends = [0, *(run.end for run in aligned.runs)]
    return all(
        before <= run.start <= run.end <= len(aligned.text)
        and 0 <= run.source_start <= run.source_end <= len(source)
        and (
            run.rule is not None or aligned.text[run.start : run.end] == source[run.source_start : run.source_end] != ""
        )
        for before, run in zip(ends, aligned.runs, strict=False)
    )


@pytest.mark.parametrize(
    ("char", "expected"),
    [("汉", True), ("〇", True), ("\U00020000", True), ("、", False), ("a", False), ("１", False), ("\ud800", False)],
)
def test_is_han_knows_ideographs_of_all_planes(char, expected):
    assert is_han(char) is expected


@pytest.mark.parametrize(("char", "expected"), [("，", True), ("“", True), ("%", True), ("汉", False), (" ", False)])
def test_is_punctuation_knows_both_widths(char, expected):
    assert is_punctuation(char) is expected


@pytest.mark.parametrize("char", [" ", "\u3000", "\t", "\u200b", "\ufeff", "\u00a0", "\n"])
def test_is_blank_knows_wide_and_zero_width_space(char):
    assert is_blank(char)


def test_count_visible_leaves_blanks_out():
    assert count_visible("王 丹\u3000摄\n") == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("大家好,今天", "大家好，今天"),
        ("3,500元", "3,500元"),
        ("10:30开始:好", "10:30开始：好"),
        ("(试行)", "（试行）"),
        ("共5,全部", "共5，全部"),
        (",", "，"),
        ("a,b", "a,b"),
        ('他说:"好"', '他说："好"'),
        ("", ""),
    ],
)
def test_to_full_width_spares_numbers(text, expected):
    assert to_full_width(text) == expected


@given(st.text())
def test_to_full_width_keeps_length(text):
    assert len(to_full_width(text)) == len(text)


@given(sources)
def test_of_copies_whole_source(source):
    assert AlignedText.of(source).source_spans() == ([(0, len(source))] if source else [])


def test_of_takes_part_of_source():
    assert AlignedText.of("本报讯记者", 3, 5) == AlignedText("记者", (Run(0, 2, 3, 5),))


def test_layout_stands_for_nothing():
    assert AlignedText.layout("\n").source_spans() == []


def test_join_merges_touching_copies():
    joined = AlignedText.join([AlignedText.of("秋粮归仓", 0, 2), AlignedText.of("秋粮归仓", 2, 4)])
    assert joined.runs == (Run(0, 4, 0, 4),)


def test_join_puts_separator_in_as_layout():
    joined = AlignedText.join([AlignedText.of("标题正文", 0, 2), AlignedText.of("标题正文", 2, 4)], "\n")
    assert (joined.text, joined.runs) == ("标题\n正文", (Run(0, 2, 0, 2), Run(3, 5, 2, 4)))


@few
@given(repaired())
def test_replace_keeps_runs_sound(case):
    source, aligned = case
    assert is_sound(aligned, source)


@few
@given(repaired())
def test_replace_loses_no_source_character(case):
    source, aligned = case
    assert aligned.source_spans() == ([(0, len(source))] if source else [])


@given(st.data())
def test_replace_changes_text_like_a_string(data):
    source = data.draw(sources)
    items = data.draw(repairs(source))
    expected = source
    for item in reversed(items):
        expected = expected[: item.start] + item.new + expected[item.end :]
    assert AlignedText.of(source).replace(items).text == expected


@few
@given(repaired(), st.integers(0, 50), st.integers(0, 50))
def test_slice_cuts_like_a_string(case, start, end):
    source, aligned = case
    piece = aligned.slice(start, end)
    assert (piece.text, is_sound(piece, source)) == (aligned.text[start:end], True)


@few
@given(repaired(), st.integers(1, 20))
def test_slices_on_both_sides_of_a_cut_join_to_the_same_source(case, cut):
    source, aligned = case
    assume(cut < len(aligned))
    both = AlignedText.join([aligned.slice(0, cut), aligned.slice(cut, len(aligned))])
    assert (both.text, both.source_spans(), is_sound(both, source)) == (aligned.text, aligned.source_spans(), True)


@few
@given(repaired())
def test_strip_leaves_no_blank_at_either_end(case):
    text = case[1].strip().text
    assert not text or not (is_blank(text[0]) or is_blank(text[-1]))


@few
@given(repaired())
def test_source_at_finds_copied_characters(case):
    source, aligned = case
    places = [at for run in aligned.runs if run.rule is None for at in range(run.start, run.end)]
    assert [source[aligned.source_at(at)] for at in places] == [aligned.text[at] for at in places]


def test_replace_widens_to_a_repair_it_touches():
    once = AlignedText.of("职工 and 家属").replace([Replacement(2, 7, "和", "stray_latin")])
    twice = once.replace([Replacement(2, 4, "与家", "again", 0.7)])
    assert [run for run in twice.runs if run.rule] == [Run(2, 4, 2, 8, "again", 0.7)]


@pytest.mark.parametrize(
    "items",
    [
        [Replacement(2, 4, "", "a"), Replacement(3, 5, "", "b")],
        [Replacement(3, 2, "", "a")],
        [Replacement(0, 99, "", "a")],
    ],
)
def test_replace_refuses_overlap_and_excess(items):
    with pytest.raises(ValueError, match="give them in order, without overlap"):
        AlignedText.of("秋粮颗粒归仓").replace(items)


def test_replace_takes_many_repairs_in_linear_time():
    text = "字 " * 40_000
    aligned = AlignedText.of(text).replace([Replacement(at, at + 1, "", "space") for at in range(1, len(text), 2)])
    assert aligned.slice(20_000, 20_002).text == "字字"
