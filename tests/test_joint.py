import itertools

import numpy as np
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st

from pipeline.components import joint_decoder as decoder
from pipeline.components import register_extensions
from pipeline.components.joint import PIECE, JointModel, pieces
from pipeline.components.joint_features import BEGIN_SLOTS, INSIDE_SLOTS, LENGTHS, SLOTS, SPECIALS, UNKNOWN, Features
from pipeline.components.segmenter import make_segmenter
from pipeline.errors import ModelError

MODEL = "joint-1.2.0"
CHARACTERS = "省市政府科技厅长太原大学，。（）"
WORDS = ["省政府", "政府", "科技厅", "厅长", "太原", "太原大学", "大学", "科技"]
TEXTS = st.text(st.sampled_from(CHARACTERS + "x𠮷\n "), max_size=40)
ARTICLE = (
    "本报讯（记者　王丹）10月15日，省科技厅厅长刘建国在太原介绍，全省新建实验室173家，投入2.27亿元。“这是第一步。”\n"
    "刘建国来到山西大学，与校长赵永清座谈；随后前往太谷县。"
)


@pytest.fixture(scope="module")
def features():
    return Features(CHARACTERS, WORDS)


@pytest.fixture(scope="module")
def model():
    return JointModel.load(MODEL)


def naive_slots(text, at):
    """Look up by plain search what `Features.lexicon` computes for one character."""
    slots = [0] * SLOTS
    inside = BEGIN_SLOTS
    for column, length in enumerate(LENGTHS):
        for offset in range(length):
            low = at - offset
            word = text[max(low, 0) : low + length]
            found = WORDS.index(word) + 1 if low >= 0 and word in WORDS else 0
            if offset == 0:
                slots[column] = found
            elif offset == length - 1:
                slots[BEGIN_SLOTS + INSIDE_SLOTS + column] = found
            else:
                slots[inside + offset - 1] = found
        inside += length - 2
    return slots


@given(TEXTS)
def test_lexicon_finds_what_a_plain_search_finds(features, text):
    slots = features.lexicon(features.chars(text))
    assert slots.tolist() == [naive_slots(text, at) for at in range(len(text))]


def test_characters_outside_the_vocabulary_are_unknown(features):
    ids = features.chars("省x𠮷\ud800").tolist()
    assert ids == [SPECIALS, UNKNOWN, UNKNOWN, UNKNOWN]


def test_features_are_the_same_after_saving(features, tmp_path):
    features.save(tmp_path)
    again = Features.load(tmp_path)
    assert (again.characters, again.words) == (CHARACTERS, WORDS)


@pytest.mark.parametrize("word", ["省", "省政府科技厅", "省x"])
def test_lexicon_refuses_a_word_that_it_could_never_find(word):
    with pytest.raises(ValueError, match=f"lexicon word '{word}'"):
        Features(CHARACTERS, [word])


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(1, 4), min_size=1, max_size=3))
def test_best_path_is_the_best_of_all_allowed_ones(seed, lengths):
    scores = np.random.default_rng(seed).normal(size=(len(lengths), max(lengths), 4)).astype(np.float32)
    none = np.zeros(scores.shape[:2], np.int64)
    paths = decoder.word_paths(scores, np.array(lengths), none)
    for row, length in enumerate(lengths):
        allowed = [path for path in itertools.product(range(4), repeat=length) if is_word_path(path)]
        best = max(allowed, key=lambda path: sum(scores[row, at, label] for at, label in enumerate(path)))
        assert tuple(paths[row, :length]) == best


def is_word_path(path):
    ended = True
    for label in path:
        if ended != (label in (decoder.B, decoder.S)):
            return False
        ended = label in (decoder.E, decoder.S)
    return ended


@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
def test_words_begin_and_end_where_entities_do(seed, length):
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(1, length, len(decoder.ENTITY_LABELS))).astype(np.float32)
    entities = decoder.entity_paths(scores, np.array([length]))
    words = decoder.word_paths(rng.normal(size=(1, length, 4)).astype(np.float32), np.array([length]), entities)[0]
    spans = decoder.spans_of(entities[0], scores[0])
    assert is_word_path(words)
    for span in spans:
        assert words[span.start] in (decoder.B, decoder.S)
        assert words[span.end - 1] in (decoder.E, decoder.S)
    assert all(a.end <= b.start for a, b in itertools.pairwise(spans))


@given(st.text(st.sampled_from("省。，；”x \n"), max_size=700))
def test_pieces_are_short_and_cover_all_but_line_feeds(text):
    spans = list(pieces(text))
    assert "".join(text[start:end] for start, end in spans) == text.replace("\n", "")
    assert all(0 < end - start <= PIECE for start, end in spans)


def test_model_finds_words_tags_and_entities(model):
    found = model(ARTICLE)
    assert "".join(found.words) == ARTICLE
    assert len(found.tags) == len(found.words)
    names = {(ARTICLE[item.start : item.end], item.label) for item in found.entities}
    assert names >= {("刘建国", "PER"), ("太原", "LOC"), ("山西大学", "ORG"), ("赵永清", "PER"), ("太谷县", "LOC")}
    assert all(0 < item.score < 1 for item in found.entities)


def test_entities_of_low_probability_are_left_out(model):
    names = model(ARTICLE).entities
    middle = sorted(item.score for item in names)[len(names) // 2]
    strict = JointModel(
        model.features, model.network, model.tags, calibration=model.calibration, min_probability=middle
    )
    found = strict(ARTICLE)
    assert found.entities == [item for item in names if item.score >= middle]
    assert 0 < len(found.entities) < len(names)
    assert found.words == model(ARTICLE).words


def test_a_line_is_read_the_same_whatever_stands_around_it(model):
    lines = ARTICLE.split("\n")
    whole = model("\n".join(lines * 40))
    parts = [model(line) for line in lines]
    assert [word for word in whole.words if word != "\n"] == [w for part in parts * 40 for w in part.words]
    assert [item.score for item in whole.entities] == [item.score for part in parts * 40 for item in part.entities]


def test_a_line_without_end_is_read_in_pieces(model):
    text = "省科技厅厅长刘建国在太原介绍全省新建实验室" * 3_000
    found = model(text)
    assert "".join(found.words) == text
    assert max(map(len, found.words)) < 20


@pytest.mark.parametrize("text", ["", "\n\n", " ", "省", "\u200b\ufeff", "𠮷野家在\ue000开张", "王　丹　摄"])
def test_model_takes_any_text(model, text):
    found = model(text)
    assert "".join(found.words) == text


def test_user_words_are_words_and_break_entities_that_they_cut():
    model = JointModel.load(MODEL, ["太原介绍", "全省新建", "１７３家"])
    found = model(ARTICLE)
    assert {"太原介绍", "全省新建", "173家"} <= set(found.words)
    assert "太原" not in {ARTICLE[item.start : item.end] for item in found.entities}
    assert "".join(found.words) == ARTICLE


def test_doc_carries_tags_entities_and_their_scores():
    register_extensions()
    nlp = spacy.blank("zh")
    doc = make_segmenter(method="joint", model=MODEL)(nlp)(ARTICLE)
    assert doc.text == ARTICLE
    assert len(doc._.ent_scores) == len(doc.ents)
    assert {token.pos_ for token in doc} >= {"NOUN", "VERB", "PROPN", "PUNCT", "SPACE"}


def test_another_kind_of_model_is_refused():
    with pytest.raises(ModelError, match=r"'pkuseg-1\.0\.0' is no joint model"):
        JointModel.load("pkuseg-1.0.0")
