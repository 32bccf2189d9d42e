"""Organisations in recent news: media, bodies of the state, what belongs to a name and what does not."""

import pytest
import spacy
from spacy.tokens import Doc

from pipeline.components.bodies import over, patterns, trim_body, with_bodies
from pipeline.components.conventions import Found


def read(found, text):
    return [(text[item.start : item.end], item.label) for item in found]


@pytest.fixture(scope="module")
def vocab():
    return spacy.blank("zh").vocab


MEDIA = [
    ("青岚网北京8月4日电", ["青岚网"]),
    ("临溪在线记者 王丹", ["临溪在线"]),
    ("（北屏新闻记者 王丹）", ["北屏新闻"]),
    ("青岚日报客户端记者", ["青岚日报"]),
    ("本网讯", []),
    ("互联网记者", []),
    ("他上网报道", []),
    ("渔网3月5日收起", []),
    ("省文化和旅游厅发布", ["文化和旅游厅"]),
    ("国家发展和改革委员会", ["国家发展和改革委员会"]),
    ("发展和改革任务", []),
]


@pytest.mark.parametrize(("text", "names"), MEDIA)
def test_patterns(text, names):
    assert read(patterns(text), text) == [(name, "ORG") for name in names]


TRIMMED = [
    ("青岚法院党组书记", "青岚法院党组", "青岚法院"),
    ("青岚法院党组决定", "青岚法院党组", "青岚法院党组"),
    ("石坪镇党委书记", "石坪镇党委", "石坪镇党委"),
    ("省水利厅网站消息", "省水利厅网站", "省水利厅"),
]


@pytest.mark.parametrize(("text", "name", "kept"), TRIMMED)
def test_trim_body(text, name, kept):
    item = trim_body(Found(0, len(name), "ORG", "ner"), text)
    assert text[item.start : item.end] == kept


@pytest.mark.parametrize(
    ("words", "tags", "names"),
    [
        (["临汾市", "人民", "政府", "发布"], ["ns", "n", "n", "v"], [("临汾市人民政府", "ORG")]),
        (["北京", "星海", "文化", "公司"], ["ns", "nz", "n", "n"], [("北京星海文化公司", "ORG")]),
        (["北京", "多家", "公司"], ["ns", "n", "n"], [("北京", "LOC")]),
        (["北京", "公司"], ["ns", "n"], [("北京", "LOC")]),
        (["北京", "的", "大学"], ["ns", "u", "n"], [("北京", "LOC")]),
    ],
)
def test_a_place_grows_to_the_body_whose_words_follow(vocab, words, tags, names):
    doc = Doc(vocab, words=words, spaces=[False] * len(words), tags=tags)
    assert read(with_bodies([Found(0, len(words[0]), "LOC", "ner")], doc), doc.text) == names


def test_a_region_belongs_to_the_body_after_it_and_a_kind_of_body_is_no_name(vocab):
    doc = Doc(vocab, words=["中国", "最高检", "、", "商会"], spaces=[False] * 4)
    found = [Found(0, 2, "LOC", "ner"), Found(2, 5, "ORG", "ner"), Found(6, 8, "ORG", "ner")]
    assert read(with_bodies(found, doc), doc.text) == [("中国最高检", "ORG")]


def test_over_replaces_what_a_pattern_cuts_and_keeps_what_holds_it():
    text = "省文化和旅游厅网"
    name = Found(1, 7, "ORG", "pattern")
    assert read(over([Found(0, 3, "ORG", "ner"), Found(4, 7, "ORG", "ner")], [name]), text) == [
        ("省文化和旅游厅", "ORG")
    ]
    assert over([Found(0, 8, "ORG", "ner")], [name]) == [Found(0, 8, "ORG", "ner")]
