import numpy as np
import pytest

from pipeline.components.joint_decoder import ENTITY_LABELS, Named
from pipeline.components.joint_features import BREAK, PAD, Features
from pipeline.components.user_words import WordMatcher
from pipeline.training.corpora import Labelled
from pipeline.training.joint import data, lexicon, selftrain
from pipeline.training.joint.data import ABSENT, Example

TEXTS = ["省长到太原。太原下雨。", "市长到大同。大同下雪。", "省长到大同。", "市长到太原。"] * 10


def names(labels):
    return [ENTITY_LABELS[label] for label in labels]


def test_words_are_labelled_by_place():
    assert data.word_labels(["省", "政府", "新闻办", "办公大楼"]).tolist() == [3, 0, 2, 0, 1, 2, 0, 1, 1, 2]


def test_entities_are_labelled_by_place():
    item = Labelled("王丹在京拜访山西大学", ((0, 2, "PER"), (3, 4, "LOC"), (6, 10, "ORG")))
    (example,) = data.entity_examples([item])
    expected = "B-PER E-PER O S-LOC O O B-ORG M-ORG M-ORG E-ORG"
    assert names(example.entities) == expected.split()
    assert example.words is None


def test_a_long_paragraph_is_cut_with_its_labels():
    tagged = [("今天", "t"), ("下雨", "v"), ("。", "w")] * 60
    examples = list(data.tagged_examples([tagged], {"t": 0, "v": 1}))
    assert len(examples) > 1
    assert "".join(example.text for example in examples) == "今天下雨。" * 60
    assert all(len(example.text) == len(example.words) == len(example.tags) for example in examples)
    assert set(np.concatenate([example.tags for example in examples]).tolist()) == {0, 1, ABSENT}


def test_neighbours_are_joined_up_to_the_limit():
    examples = [Example("省长", entities=np.zeros(2, np.int16)) for _ in range(7)]
    joined = data.join(examples, 6, np.random.default_rng(0), 1.0)
    assert [example.text for example in joined] == ["省长省长省长", "省长省长省长", "省长"]
    assert [len(example.entities) for example in joined] == [6, 6, 2]


def test_padding_has_no_labels():
    features = Features("省长到", ["省长"])
    arrays = data.pad([Example("省长到", words=data.word_labels(["省长", "到"])), Example("到")], features)
    assert arrays.chars[1].tolist() == [arrays.chars[0, 2], PAD, PAD]
    assert arrays.labels["words"].tolist() == [[0, 2, 3], [ABSENT] * 3]
    assert (arrays.labels["entities"] == ABSENT).all()


def test_batches_hold_each_example_once():
    examples = [Example("省" * size) for size in range(1, 60)]
    groups = list(data.batches(examples, 200, np.random.default_rng(1)))
    assert sorted(len(example.text) for group in groups for example in group) == list(range(1, 60))
    assert all(len(group) * max(len(item.text) for item in group) <= 260 for group in groups)


def test_lexicon_holds_words_and_pairs_that_repeat(monkeypatch):
    monkeypatch.setattr(lexicon, "MIN_WORD_COUNT", 10)
    monkeypatch.setattr(lexicon, "MIN_PAIR_COUNT", 15)
    cuts = {text: ["省长" if text[0] == "省" else "市长", "到", *text[3:]] for text in TEXTS}
    found = lexicon.count_lexicon(TEXTS, cuts.__getitem__, "省市长到太原大同下雨雪")
    assert set(found) == {"省长", "市长", "省长到", "市长到", "到太", "太原", "到大", "大同"}


def test_vectors_of_words_in_like_places_are_alike():
    features = Features("省市长到太原大同下雨雪。", ["省长", "市长", "太原", "大同", "下雨", "下雪"])
    stream = lexicon.number(TEXTS, features)
    assert (stream == BREAK).sum() == len(TEXTS)
    vectors = lexicon.word_vectors(stream, features, 4)
    assert not vectors[0].any()
    alike = vectors @ vectors.T / lexicon.NORM**2
    assert alike[1, 2] > 0.9  # both stand at the beginning of a text, before 到
    assert alike[1, 5] < 0.5


@pytest.fixture
def analysed():
    found = [Named(0, 2, "PER", 0.9), Named(4, 6, "LOC", 0.9)]
    known = [selftrain.Analysed("王毅访问埃及。", ["王", "毅", "访问", "埃及", "。"], found)] * 5
    blank = selftrain.Analysed("埃及外长王毅到。", ["埃及", "外长", "王", "毅", "到", "。"], [Named(0, 2, "ORG", 0.5)])
    odd = selftrain.Analysed("在小河边。", ["在", "小河", "边", "。"], [Named(1, 3, "LOC", 0.4)])
    return [*known, blank, odd]


def test_vote_gives_the_type_of_most_finds(analysed):
    assert selftrain.vote(analysed) == {"王毅": "PER", "埃及": "LOC"}


def test_settled_labels_follow_the_vote_and_leave_doubt_out(analysed, monkeypatch):
    monkeypatch.setattr(selftrain, "MIN_CARRIED", 2)
    trusted = selftrain.vote(analysed)
    matcher = WordMatcher(list(trusted))
    settled = selftrain.settle(analysed[5], trusted, matcher)
    assert names(settled) == ["B-LOC", "E-LOC", "O", "O", "B-PER", "E-PER", "O", "O"]
    assert selftrain.settle(analysed[6], trusted, matcher).tolist() == [0, ABSENT, ABSENT, 0, 0]
