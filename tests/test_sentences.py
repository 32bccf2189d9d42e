"""Sentence ends by punctuation, zones and length."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.components.sentences import find_sentences, make_sentences

CASES = {
    "end marks": ("雨停了。路通了！车呢？", ["雨停了。", "路通了！", "车呢？"]),
    "closing quote stays": ("他说：“修好了。”大家散去。", ["他说：“修好了。”", "大家散去。"]),
    "half-width marks": ("修好了!谁修的?老张。", ["修好了!", "谁修的?", "老张。"]),
    "ellipsis": ("雨还在下……路断了。", ["雨还在下……", "路断了。"]),
    "run of marks is one end": ("真的吗？！当然。", ["真的吗？！", "当然。"]),
    "decimal point is no end": ("增长3.5个百分点。", ["增长3.5个百分点。"]),
    "line feed ends": ("标题一行\n正文。", ["标题一行\n", "正文。"]),
    "no mark at the end": ("正文。没完", ["正文。", "没完"]),
    "nothing": ("", []),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES.keys())
def test_find_sentences_splits_at(text, expected):
    assert [text[start:end] for start, end in find_sentences(text)] == expected


def test_find_sentences_cuts_the_overlong_at_a_clause_mark():
    text = "一二三四五六，七八九十"
    assert [text[a:b] for a, b in find_sentences(text, max_chars=8)] == ["一二三四五六，", "七八九十"]


def test_find_sentences_cuts_at_the_limit_where_there_is_no_mark():
    assert find_sentences("字" * 25, max_chars=10) == [(0, 10), (10, 20), (20, 25)]


@given(st.text(alphabet="省长。！”，\n 3.x"), st.lists(st.integers(0, 30)), st.integers(1, 12))
def test_find_sentences_covers_the_text_in_order(text, breaks, limit):
    spans = find_sentences(text, breaks=breaks, max_chars=limit)
    assert "".join(text[start:end] for start, end in spans) == text
    assert all(0 < end - start <= limit for start, end in spans)


def test_sentences_stage_starts_a_sentence_at_each_zone(make_doc, make_context):
    context = make_context(("title", "雨停路通"), ("paragraph", "路通了。车来了。"))
    doc = make_doc(["雨停", "路通", "\n", "路", "通了", "。", "车", "来了", "。"], context=context)
    doc = make_sentences(None, "sentences")(doc)
    assert [sent.text.strip() for sent in doc.sents if sent.text.strip()] == ["雨停路通", "路通了。", "车来了。"]


def test_sentences_stage_keeps_a_token_across_a_border_whole(make_doc):
    doc = make_sentences(None, "sentences")(make_doc(["完了。下", "一句", "。"]))
    assert [sent.text for sent in doc.sents] == ["完了。下", "一句。"]
