"""One battery over every stage of THE TABLE: a new row is tested by standing there."""

import copy
import gc
import time

import pytest

from pipeline.chain import make_nlp
from pipeline.components import EXTENSIONS, SEGMENTERS, TABLE, resolve
from pipeline.config import HOME, _check_call, load

TEXTS = {
    "empty": "",
    "one character": "省",
    "one letter": "x",
    "punctuation only": "，。！？……——（）《》“”",
    "digits only": "20241015 3.14 ２０２４",
    "blanks": " \t\u3000\n\n \u200b ",
    "astral characters": "𠮷野家𪚥在𝔘𝔫𝔦𝔠𝔬𝔡𝔢里开张😀，省长王𠀀𠀁出席。",
    "private use": "省政府\ue000\uf8ff召开会议",
    "control characters": "省政府\x00\x07召开\x1b会议",
    "lone surrogates": "省政府\ud800召开\udfff会议",
    "english": "The quick brown fox jumps over the lazy dog and runs to Beijing.",
    "half-width": "10月15日,省政府新闻办举行发布会(第二场),3.5万人参加:80%满意!",
    "one sentence": "本报讯 10月15日，省科技厅厅长刘建国在太原介绍，全省新建实验室173家，投入2.27亿元。",
}
LONG = "记者从市农业农村局获悉，今年全市粮食播种面积达320万亩，比去年增加3个百分点。" * 5200
# A stage may take this many times as long for eight times the text; a quadratic one takes sixty-four times.
LINEAR = 24

CONFIGS = {"news": "news.cfg", "fast": "fast.cfg"}


@pytest.fixture(scope="session", params=list(CONFIGS))
def nlp(request):
    return make_nlp(load(HOME / CONFIGS[request.param]))


def annotations(doc):
    return {
        "ents": [(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents],
        "tags": [(token.idx, token.tag_, token.pos_) for token in doc],
        **{name: getattr(doc._, name) for name in EXTENSIONS if name != "context"},
    }


def spans(doc):
    for name in ("entities", "times", "quantities"):
        for item in getattr(doc._, name):
            yield name, item.start, item.end, item.text
    for item in doc._.keywords:
        for start, end in item.spans:
            yield "keywords", start, end, item.text


def run(nlp, text):
    doc = nlp.tokenizer(text)
    for _, component in nlp.pipeline:
        doc = component(doc)
    return doc


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_chain_takes_any_text_and_its_spans_slice_back(nlp, text):
    doc = run(nlp, text)
    # spaCy's strings are UTF-8: half of a surrogate pair stands in a Doc as U+FFFD, one for one.
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert doc.text == text
    assert [span for span in spans(doc) if text[span[1] : span[2]] != span[3] or not span[3]] == []


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_chain_gives_equal_annotations_for_equal_text(nlp, text):
    assert annotations(run(nlp, text)) == annotations(run(nlp, text))


def test_stage_leaves_words_and_context_alone(nlp, make_context):
    context = make_context(("title", "王建国走访太原"), ("paragraph", "10月15日，厅长王建国在太原市走访了3家企业。"))
    before = copy.deepcopy(context)
    doc = nlp.tokenizer(context.article.text.text)
    doc._.context = context
    words = [token.text for token in doc]
    for name, component in nlp.pipeline:
        doc = component(doc)
        assert [token.text for token in doc] == words, name
        assert doc._.context == before, name


def test_stage_time_grows_with_the_text_and_not_faster(nlp):
    def seconds(text):
        doc, spent = nlp.tokenizer(text), {}
        for name, component in nlp.pipeline:
            start = time.process_time()
            doc = component(doc)
            spent[name] = time.process_time() - start
        return spent

    seconds(LONG[:1000])
    # A collection of what other tests left takes a quarter of a second, and would fall on one stage.
    gc.disable()
    try:
        short, long = seconds(LONG[:25_000]), seconds(LONG[:200_000])
    finally:
        gc.enable()
    slow = {name: (short[name], long[name]) for name in long if long[name] > max(0.2, LINEAR * short[name])}
    assert slow == {}


@pytest.mark.parametrize("name", TABLE)
def test_table_row_has_a_factory_whose_defaults_are_its_own(name):
    options = _check_call(resolve(TABLE[name].factory), {}, name, TABLE[name].defaults)
    assert set(TABLE[name].defaults) <= set(options)


def test_table_is_frozen():
    assert set(TABLE) == {
        "sentences",
        "tok2vec",
        "tagger",
        "jieba_tagger",
        "ner",
        "entities",
        "times",
        "quantities",
        "places",
        "people",
        "keywords",
        "topics",
    }
    assert set(SEGMENTERS) == {"joint", "pkuseg", "jieba", "char"}
