import time

import pytest
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from pipeline.components import register_extensions
from pipeline.components.conventions import Found
from pipeline.components.entities import (
    Entities,
    from_tags,
    people_at,
    split_at,
    trim,
    with_people,
)

register_extensions()


def make_doc(words, ents=(), tags=None):
    """Make a Doc; ``ents`` are (first word, last word, label)."""
    doc = Doc(Vocab(), words=words, spaces=[False] * len(words), tags=tags)
    doc.set_ents([Span(doc, first, last + 1, label) for first, last, label in ents])
    return doc


def names(doc):
    return [(item.text, item.label) for item in doc._.entities]


@pytest.fixture
def stage():
    return Entities(bylines=True)


def test_entities_have_ids_in_order_and_offsets_that_slice_back(stage):
    doc = stage(make_doc(["省长", "王建国", "在", "太原", "走访"], [(1, 1, "PER"), (3, 3, "LOC")]))
    found = [(item.id, doc.text[item.start : item.end], item.label, item.source) for item in doc._.entities]
    assert found == [("e1", "王建国", "PER", "ner"), ("e2", "太原", "LOC", "ner")]


TRIMMED = [
    ("，太原", "太原"),
    ("“华为”", "华为"),
    (" 王\u3000丹 ", "王\u3000丹"),
    ("太原市）", "太原市"),
    ("公司（山西）", "公司（山西）"),
    ("——", None),
    ("", None),
    ("7", None),
    ("阿卜·杜拉", "阿卜·杜拉"),
]


@pytest.mark.parametrize(("text", "name"), TRIMMED)
def test_trim_takes_blanks_and_marks_off_the_edges(text, name):
    item = trim(Found(0, len(text), "LOC", "ner"), text)
    assert (item and text[item.start : item.end]) == name


@pytest.mark.parametrize(
    ("edges", "spans"),
    [([], [(2, 9)]), ([5], [(2, 5), (5, 9)]), ([2, 9], [(2, 9)]), ([3, 4, 20], [(2, 3), (3, 4), (4, 9)])],
)
def test_split_at_cuts_at_the_borders_inside(edges, spans):
    assert [(item.start, item.end) for item in split_at(Found(2, 9, "ORG", "ner"), edges)] == spans


def test_entity_does_not_cross_a_line_feed(stage):
    doc = stage(make_doc(["走访", "太原", "\n", "山西", "农业"], [(1, 3, "LOC")]))
    assert names(doc) == [("太原", "LOC"), ("山西", "LOC")]


def test_entity_does_not_cross_a_zone(stage, make_context):
    context = make_context(("title", "走访太原"), ("paragraph", "山西农业"))
    doc = make_doc(["走访", "太原", "\n山西", "农业"], [(1, 2, "LOC")])
    doc._.context = context
    assert names(stage(doc)) == [("太原", "LOC"), ("山西", "LOC")]


def test_people_of_the_byline_are_found_however_widely_they_are_set():
    text = "记者 王 丹 通讯员 侯小宇\n据王丹、侯\u3000小宇介绍，王牡丹开了。"
    found = [(text[item.start : item.end], item.norm) for item in people_at(text, ["王丹", "侯小宇", "王"])]
    assert found == [("王 丹", "王丹"), ("侯小宇", "侯小宇"), ("王丹", "王丹"), ("侯\u3000小宇", "侯小宇")]


def test_byline_wins_over_what_it_touches_but_not_over_a_longer_organisation():
    text = "王 丹和鲁迅在鲁迅文学院"
    found = [Found(0, 1, "LOC", "ner"), Found(7, 12, "ORG", "ner")]
    people = people_at(text, ["王丹", "鲁迅"])
    kept = [(text[item.start : item.end], item.source) for item in with_people(found, people)]
    assert kept == [("王 丹", "byline"), ("鲁迅", "byline"), ("鲁迅文学院", "ner")]


@pytest.mark.parametrize(("bylines", "want"), [(True, [("王 丹", "PER")]), (False, [])])
def test_bylines_option_decides(make_context, bylines, want):
    context = make_context(("byline", "记者 王 丹"), people=[("王丹", "记者")])
    doc = make_doc(["记者", " ", "王", " ", "丹"])
    doc.set_ents([], default="outside")
    doc._.context = context
    doc = Entities(bylines=bylines)(doc)
    assert names(doc) == want
    assert [item.norm for item in doc._.entities] == ["王丹"] * len(want)


def test_name_is_carried_to_where_it_was_left_blank_at_word_edges_only(stage):
    words = ["张海生", "说", "，", "张海生", "的", "张海生态园", "和", "张海生", "态园"]
    doc = stage(make_doc(words, [(0, 0, "PER")]))
    assert [(item.start, item.source) for item in doc._.entities] == [(0, "ner"), (5, "carried"), (15, "carried")]


def test_short_names_and_places_are_not_carried(stage):
    doc = stage(make_doc(["马", "说", "马", "太原", "太原"], [(0, 0, "PER"), (3, 3, "LOC")]))
    assert [item.start for item in doc._.entities] == [0, 3]


TAGGED = [
    (["省长", "王建国", "说"], ["n", "nr", "v"], [("王建国", "PER")]),
    (["玉米", "丰收"], ["nr", "v"], []),
    (["山西", "农业", "大学", "在", "太原"], ["ns", "n", "n", "p", "ns"], [("山西农业大学", "ORG"), ("太原", "LOC")]),
    (["大学", "生活"], ["n", "n"], []),
    (["书记", "张", "海生", "说"], ["n", "q", "n", "v"], [("张海生", "PER")]),
    (["外交部", "发言人"], ["nt", "n"], [("外交部", "ORG")]),
    ([], [], []),
]


@pytest.mark.parametrize(("words", "tags", "want"), TAGGED)
def test_from_tags_reads_names_where_no_ner_ran(words, tags, want):
    doc = Doc(Vocab(), words=words, spaces=[False] * len(words), tags=tags)
    assert [(doc.text[item.start : item.end], item.label) for item in from_tags(doc)] == want


@pytest.mark.parametrize("words", [[], ["。"], ["\n"], ["\u200b", " "], ["\ufffd"], ["𠮷野家"]])
def test_entities_takes_any_doc(stage, words):
    assert stage(make_doc(words))._.entities == ()


def test_entities_time_is_linear(stage):
    def seconds(count):
        words = ["张海生", "在", "太原", "说", "，"] * count
        doc = make_doc(words, [(0, 0, "PER"), (2, 2, "LOC")])
        start = time.process_time()
        stage(doc)
        return time.process_time() - start

    assert seconds(16_000) < 24 * max(seconds(2_000), 0.02)
