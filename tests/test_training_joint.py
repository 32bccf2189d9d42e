import numpy as np
import pytest

from pipeline.components.joint_decoder import ENTITY_LABELS, Named
from pipeline.components.joint_features import BREAK, PAD, Features
from pipeline.components.user_words import WordMatcher
from pipeline.training.corpora import Labelled
from pipeline.training.joint import data, lexicon, selftrain
from pipeline.training.joint.data import ABSENT, Example

MODEL = "joint-1.2.0"

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


def piece(words, found, unsure=()):
    text = "".join(words)
    doubt = np.isin(np.arange(len(text)), unsure)
    return selftrain.Piece(text, data.word_labels(words), np.zeros(len(text), np.int16), found, doubt)


@pytest.fixture
def labelled():
    found = [Named(0, 2, "PER", 0.9), Named(4, 6, "LOC", 0.9)]
    known = [piece(["王", "毅", "访问", "埃及", "。"], found)] * 5
    blank = piece(["埃及", "外长", "王", "毅", "到", "。"], [Named(0, 2, "ORG", 0.5)], unsure=[4, 6])
    odd = piece(["在", "小河", "边", "。"], [Named(1, 3, "LOC", 0.4)])
    return [*known, blank, odd]


def test_vote_gives_the_type_of_most_finds(labelled):
    assert selftrain.vote(labelled) == {"王毅": "PER", "埃及": "LOC"}


def test_settled_labels_follow_the_vote_and_leave_doubt_out(labelled):
    trusted = selftrain.vote(labelled)
    matcher = WordMatcher(list(trusted))
    settled = selftrain.settle(labelled[5], trusted, matcher)
    assert names(settled[:6]) == ["B-LOC", "E-LOC", "O", "O", "B-PER", "E-PER"]
    assert settled[6:].tolist() == [ABSENT, 0]
    assert selftrain.settle(labelled[6], trusted, matcher).tolist() == [0, ABSENT, ABSENT, 0, 0]


def test_an_entity_that_cuts_a_word_teaches_nothing():
    item = piece(["小河", "边"], [Named(0, 1, "PER", 0.9)])
    assert selftrain.settle(item, {}, WordMatcher([])).tolist() == [ABSENT, 0, 0]


@pytest.fixture(scope="module")
def teacher():
    model = selftrain.Teacher.load(MODEL)
    model.cut = list
    return model


TEXT = "外交部长王毅昨天访问埃及。"
WORDS = ["外交", "部长", "王", "毅", "昨天", "访问", "埃及", "。"]


def test_the_teacher_labels_all_tasks_of_a_bare_text(teacher):
    item = teacher.label(Example(TEXT))
    assert ("王毅", "PER") in {(TEXT[named.start : named.end], named.label) for named in item.entities}
    at = TEXT.index("访")
    assert item.words[at : at + 2].tolist() == [0, 2]
    assert [teacher.tags[tag] for tag in item.tags[at : at + 2]] == ["v", "v"]
    assert not item.unsure[at]


def test_the_teacher_keeps_the_labels_that_an_example_has(teacher):
    words, entities = data.word_labels(WORDS), data.span_labels(len(TEXT), [(10, 12, "LOC")], selftrain._IDS)
    assert (teacher.label(Example(TEXT, words=words)).words == words).all()
    # The word labels begin a word where an entity of the corpus begins, and end one where it ends.
    odd = data.span_labels(len(TEXT), [(1, 3, "ORG")], selftrain._IDS)
    labels = teacher.label(Example(TEXT, entities=odd)).words
    assert set(labels[[0, 2]].tolist()) <= {ABSENT, 2, 3}
    completed = selftrain.Labelled([], {TEXT: Example(TEXT, words, words, words)})
    filled = completed._complete(Example(TEXT, entities=entities))
    assert (filled.entities == entities).all()
    assert (filled.words == words).all()


def test_a_second_cutter_decides_where_the_model_wavers(teacher, monkeypatch):
    monkeypatch.setattr(selftrain, "VOTE", 50.0)
    monkeypatch.setattr(teacher, "cut", lambda text: [text[:3], text[3:]])
    assert teacher.label(Example("今天下雨了")).words.tolist() == data.word_labels(["今天下", "雨了"]).tolist()


def test_other_names_stand_in_for_entities():
    pool = [Example(name, entities=data.span_labels(3, [(0, 3, "LOC")], selftrain._IDS)) for name in
            ("大同市", "太原市", "临汾市", "长治市", "晋城市")]  # fmt: skip
    example = Example("大同市长到大同市。", words=data.word_labels(["大同", "市长", "到", "大同市", "。"]),
                      entities=data.span_labels(9, [(5, 8, "LOC")], selftrain._IDS))  # fmt: skip
    rng = np.random.default_rng(3)
    swapped = data.Names(pool).swap(example, 1.0, rng)
    assert swapped.text[:5] == "大同市长到"
    assert swapped.text[5:8] in {item.text for item in pool} - {"大同市"}
    assert (swapped.entities == example.entities).all()
    assert swapped.words.tolist() == [0, 2, 0, 2, 3, ABSENT, ABSENT, ABSENT, 3]
    assert data.Names(pool).swap(example, 0.0, rng).text == example.text
    assert data.Names(pool[:3]).swap(example, 1.0, rng).text == example.text
