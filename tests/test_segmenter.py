import jieba
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.vocab import Vocab

from pipeline.artefacts import open_model
from pipeline.components.model_view import MAX_SEGMENT, model_view, segments
from pipeline.components.segmenter import (
    NAME,
    Segmenter,
    cut_characters,
    jieba_cutter,
    make_segmenter,
    pkuseg_cutter,
    register,
)
from pipeline.components.user_words import UserWord, WordMatcher, read_user_words
from pipeline.errors import ConfigError, ModelError

MODEL = "pkuseg-1.0.0"
TEXTS = st.text(
    st.one_of(
        st.sampled_from("全省新建实验室173家，投入2.27亿元。（记者 王　丹）\n\r\t\u200b\ufeff,.:%𠮷😀"),
        st.characters(),
    ),
    max_size=80,
)


@pytest.fixture(scope="module")
def cutters():
    return {"pkuseg": pkuseg_cutter(open_model(MODEL), []), "jieba": jieba_cutter([]), "char": cut_characters}


@pytest.fixture(scope="module")
def pkuseg(cutters):
    return cutters["pkuseg"]


@settings(max_examples=150, deadline=None)
@given(TEXTS)
def test_words_concatenate_to_the_text_whatever_it_is(cutters, text):
    text = "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in text)
    assert {name: "".join(cut(text)) for name, cut in cutters.items()} == dict.fromkeys(cutters, text)


@pytest.mark.parametrize("method", ["pkuseg", "jieba", "char"])
@pytest.mark.parametrize(
    "text", ["", " ", "\n\n", "。", "省", "省政府\ud800召开\udfff会议", "𠮷野家𪚥", "\u200b\ufeff"]
)
def test_doc_holds_the_text_with_half_surrogates_replaced(cutters, method, text):
    doc = Segmenter(Vocab(), cutters[method])(text)
    assert doc.text == text.replace("\ud800", "\ufffd").replace("\udfff", "\ufffd")


SENTENCES = [
    ("全省新建实验室173家", ["全省", "新建", "实验室", "173", "家"]),
    ("投入2.27亿元", ["投入", "2.27亿", "元"]),
    ("增长2,300万元", ["增长", "2,300万", "元"]),
    ("上午10:30开始", ["上午", "10:30", "开始"]),
    ("（记者刘建国）", ["（", "记者", "刘", "建国", "）"]),
    ("今天下午,我省召开会议", ["今天", "下午", ",", "我省", "召开", "会议"]),
    ("省长 王 平", ["省长", " ", "王", " ", "平"]),
]


@pytest.mark.parametrize(("text", "words"), SENTENCES)
def test_pkuseg_cuts_as_the_pku_standard_does(pkuseg, text, words):
    assert pkuseg(text) == words


def test_pkuseg_cuts_half_width_text_where_it_cuts_full_width(pkuseg):
    half = "据介绍,今年1-9月,全市(含县)完成投资35.6亿元;同比增长12%:其中工业占八成!"
    full = "据介绍，今年１－９月，全市（含县）完成投资３５．６亿元；同比增长１２％：其中工业占八成！"
    assert list(map(len, pkuseg(half))) == list(map(len, pkuseg(full)))


def test_pkuseg_result_of_a_sentence_does_not_depend_on_its_neighbours(pkuseg):
    one, two = "记者从市农业农村局获悉，今年粮食丰收。", "全市播种面积达320万亩。"
    assert pkuseg(one + two) == pkuseg(one) + pkuseg(two)


@given(st.text(max_size=60))
def test_model_view_keeps_every_position(text):
    assert len(model_view(text)) == len(text)


@given(st.text(st.sampled_from("省市。！”）a，"), min_size=1, max_size=60))
def test_segments_concatenate(text):
    assert "".join(segments(text)) == text


def test_segments_are_bounded_without_sentence_ends():
    assert max(map(len, segments("省" * (3 * MAX_SEGMENT + 1)))) == MAX_SEGMENT


def test_user_word_stays_whole_and_leaves_longer_ones_alone(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("# own words\n晋创谷\n山西转型综改示范区 10 ns\n山西 3\n", "utf-8")
    register()
    for method in ("pkuseg", "jieba"):
        options = {"@tokenizers": NAME, "method": method, "user_dict": str(path)}
        nlp = spacy.blank("zh", config={"nlp": {"tokenizer": options}})
        words = [token.text for token in nlp.make_doc("记者走进晋创谷，了解山西转型综改示范区。")]
        assert {"晋创谷", "山西转型综改示范区"} <= set(words), method


@pytest.mark.parametrize(
    ("words", "text", "pieces"),
    [
        (["中国", "中国人民银行"], "中国人民大学", [("中国", True), ("人民大学", False)]),
        (["中国", "中国人民银行"], "在中国人民银行", [("在", False), ("中国人民银行", True)]),
        (["省", "省市"], "省省市", [("省", True), ("省市", True)]),
        ([], "省市", [("省市", False)]),
        (["省"], "", []),
    ],
)
def test_word_matcher_takes_leftmost_then_longest(words, text, pieces):
    assert list(WordMatcher(words).split(text)) == pieces


def test_read_user_words_reads_frequency_and_tag(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("\ufeff晋创谷\n\n# 注\n龙城 5\n汾河 7 ns\n", "utf-8")
    assert read_user_words(path) == [UserWord("晋创谷"), UserWord("龙城", 5), UserWord("汾河", 7, "ns")]


@pytest.mark.parametrize("line", ["汾河 many", "汾河 -3", "汾河 5 ns more", "汾河 １２"])
def test_read_user_words_names_file_and_line_of_a_bad_line(tmp_path, line):
    path = tmp_path / "words.txt"
    path.write_text(f"晋创谷\n{line}\n", "utf-8")
    with pytest.raises(ConfigError, match=r"words\.txt, line 2"):
        read_user_words(path)


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_read_user_words_refuses_what_is_no_text(tmp_path, content):
    path = tmp_path / "words.txt"
    if content:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"words\.txt"):
        read_user_words(path)


def test_missing_model_is_named():
    with pytest.raises(ModelError, match="nowhere-9"):
        make_segmenter(model="nowhere-9")(spacy.blank("zh"))


def test_unknown_method_is_refused_with_what_is_allowed():
    with pytest.raises(ConfigError, match="pkuseg, jieba, char"):
        make_segmenter(method="thulac")(spacy.blank("zh"))


def test_jieba_leaves_the_global_tokenizer_alone():
    jieba_cutter([UserWord("晋创谷走笔", 9)])("晋创谷走笔")
    assert not jieba.dt.initialized
