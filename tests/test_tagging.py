import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc
from spacy.vocab import Vocab

from pipeline.components.tagging import (
    SPACE,
    JiebaTagger,
    norm,
    prefix,
    set_upos,
    shape,
    suffix,
    tag_by_form,
    to_upos,
    use_word_features,
)


def make_doc(*words, tags=None, vocab=None):
    return Doc(Vocab() if vocab is None else vocab, words=list(words), spaces=[False] * len(words), tags=tags)


@pytest.fixture(scope="module")
def jieba_tagger():
    return JiebaTagger()


UPOS = [
    ("n", "NOUN"),
    ("nr", "PROPN"),
    ("Ng", "NOUN"),
    ("vn", "NOUN"),
    ("vvn", "VERB"),
    ("w", "PUNCT"),
    ("", "X"),
    ("?", "X"),
]


@pytest.mark.parametrize(("tag", "upos"), UPOS)
def test_to_upos_maps_tags_and_falls_back_on_the_first_letter(tag, upos):
    assert to_upos(tag) == upos


def test_set_upos_gives_white_space_its_own_tag():
    doc = set_upos(make_doc("太原", " ", "\u200b", "召开", tags=["ns", "n", "v", "v"]))
    assert [(token.tag_, token.pos_) for token in doc] == [
        ("ns", "PROPN"),
        (SPACE, "SPACE"),
        (SPACE, "SPACE"),
        ("v", "VERB"),
    ]


FEATURES = [
    ("1998年", "０年", "０", "年", "dddh"),
    ("２０２６年", "０年", "０", "年", "dddh"),
    ("GDP", "ＧＤＰ", "Ａ", "Ａ", "xxx"),
    (",", "，", "，", "，", "，"),
    ("习近平总书记", "习近平总书记", "习", "记", "hhh"),
]


@pytest.mark.parametrize(("word", "normal", "first", "last", "form"), FEATURES)
def test_word_features_see_no_widths_and_no_numbers(word, normal, first, last, form):
    assert (norm(word), prefix(word), suffix(word), shape(word)) == (normal, first, last, form)


@given(st.text(max_size=30))
def test_word_features_take_any_word(word):
    assert all(isinstance(feature(word), str) for feature in (norm, prefix, suffix, shape))


def test_use_word_features_reaches_the_tokens():
    vocab = Vocab()
    use_word_features(vocab)
    token = make_doc("1998年", vocab=vocab)[0]
    assert (token.norm_, token.prefix_, token.suffix_, token.shape_) == ("０年", "０", "年", "dddh")


def test_jieba_tagger_tags_words_as_they_were_cut(jieba_tagger):
    doc = jieba_tagger(make_doc("太原", "召开", "会议", "，", "173", "家", " "))
    assert [token.tag_ for token in doc] == ["ns", "v", "n", "w", "m", "q", SPACE]


@pytest.mark.parametrize(
    ("word", "tag"),
    [
        ("2.27亿", "m"),
        ("，", "w"),
        (",", "w"),
        ("10月", "t"),
        ("GDP", "eng"),
        ("王晓晓", "nr"),
        ("晋创谷", "n"),
        ("Ω", "x"),
        ("😀", "w"),
    ],
)
def test_tag_by_form_goes_by_what_a_word_is_made_of(word, tag):
    assert tag_by_form(word) == tag


def test_jieba_tagger_takes_an_empty_doc(jieba_tagger):
    assert len(jieba_tagger(make_doc())) == 0
