from itertools import pairwise

import numpy as np
import pytest
from spacy_pkuseg.feature_extractor import FeatureExtractor

from pipeline.components.segmenter import pkuseg_cutter
from pipeline.errors import ConfigError
from pipeline.training import corpora, crf, names, segmenter

TEXT = """
全省 新建 实验室 １７３ 家 ， 投入 ２．２７亿 元 。
省长 王 建国 在 太原市 召开 会议 ， 部署 防汛 工作 。
全市 粮食 播种 面积 达 ３２０万 亩 ， 比 去年 增加 ３ 个 百分点 。
太原市 召开 防汛 工作 会议 ， 王 建国 出席 。
新建 实验室 投入 工作 。
"""
LINES = [line.split() for line in TEXT.strip().splitlines()] * 4


@pytest.fixture(scope="module")
def lexicon():
    return segmenter.count_words(LINES, 1)


def test_features_are_those_that_the_library_extracts(lexicon):
    library = FeatureExtractor()
    library.unigram = {word for line in LINES for word in line}
    library.bigram = {f"{a}*{b}" for line in LINES for a, b in pairwise(line)}
    for line in LINES[:5]:
        text = "".join(line)
        nodes = list(FeatureExtractor.normalize_text(text))
        theirs = [set(library.get_node_features(at, nodes)) - {"/"} for at in range(len(nodes))]
        assert [set(row) for row in segmenter.features(text, lexicon)] == theirs


def toy_batches(lexicon, rng):
    table = crf.FeatureTable([segmenter.CONSTANT])
    rows = table.rows(segmenter.sequences(LINES, lexicon), growing=True)
    return table, crf.batches(rows, rng, size=60)


def test_gradient_agrees_with_finite_differences(lexicon):
    rng = np.random.default_rng(0)
    _, made = toy_batches(lexicon, rng)
    batch, labels = made[0], len(segmenter.LABELS)
    scores, edges = rng.normal(size=(len(batch.labels), labels)), rng.normal(size=(labels, labels))
    _, by_scores, by_edges = crf.gradient(batch, scores, edges)
    step = 1e-5
    for values, grad in ((scores, by_scores), (edges, by_edges)):
        for _ in range(12):
            at = tuple(rng.integers(size) for size in values.shape)
            sides = []
            for sign in (1, -1):
                values[at] += sign * step
                sides.append(crf.gradient(batch, scores, edges)[0])
                values[at] -= sign * step
            assert (sides[0] - sides[1]) / (2 * step) == pytest.approx(grad[at], abs=1e-4)


def test_trained_model_is_read_by_the_library_and_cuts_alike(lexicon, tmp_path):
    rng = np.random.default_rng(0)
    table, made = toy_batches(lexicon, rng)
    passes = list(crf.train(made, features=len(table.index), labels=5, epochs=12, rng=rng))
    weights, loss = passes[-1]
    assert loss < 0.05 < passes[0][1]
    counts = np.ones(len(table.index), dtype=np.int64)
    segmenter.save(segmenter.Trained(weights, list(table.index), counts, lexicon.words), tmp_path)
    cut = pkuseg_cutter(tmp_path, [])
    assert [cut("".join(line)) for line in LINES] == LINES
    assert all(np.array_equal(crf.decode(batch, weights), batch.labels) for batch in made)


def test_most_moving_keeps_the_constant_and_the_heaviest():
    weights = crf.Crf(np.array([[0.0, 0.0], [1.0, -1.0], [0.1, 0.0], [2.0, 0.0]]), np.zeros((2, 2)))
    trained = segmenter.Trained(weights, ["$$", "a", "b", "c"], np.array([9, 1, 1, 4]), frozenset())
    assert segmenter.most_moving(trained, 2).tolist() == [True, False, False, True]


@pytest.mark.parametrize(
    ("words", "labels"),
    [(["省"], [1]), (["太原"], [0, 3]), (["太原市"], [0, 4, 3]), (["中央电视台"], [0, 4, 2, 2, 3]), ([], [])],
)
def test_labels_of_follows_the_numbers_of_the_library(words, labels):
    assert segmenter.labels_of(words) == labels


def test_score_counts_spans_and_new_words():
    found = segmenter.score([["王", "建国", "说"]], lambda _: ["王", "建", "国", "说"], {"王", "说"})
    assert found == segmenter.Score(0.5, 0.6667, 0.5714, 0.3333, 0.0)


def test_recut_learns_from_shared_sentences_only_what_they_show_often():
    later = [["不能", "提出"], ["不能", "去"], ["不能", "来"], ["还是", "去"]]
    standard = [["不", "能", "提", "出"], ["不", "能", "去"], ["不", "能", "来"], ["还是", "去"]]
    assert corpora.recut_rules(later, standard) == {"不能": ("不", "能")}
    assert corpora.recut([["不能", "提出"]], standard) == [["不能", "提出"]]


def test_bio_spans_reads_entities():
    labels = ["B-PER", "I-PER", "O", "B-LOC", "B-LOC", "I-LOC", "O", "I-ORG"]
    assert corpora.bio_spans(labels) == ((0, 2, "PER"), (3, 4, "LOC"), (4, 6, "LOC"), (7, 8, "ORG"))


@pytest.mark.parametrize(
    ("spans", "want"),
    [
        ([(0, 3, "PER")], ["章", "海平", "在", "京"]),
        ([(3, 5, "LOC")], ["章海", "平", "在京"]),
        ([], ["章海", "平", "在", "京"]),
    ],
)
def test_names_are_recut_as_the_standard_cuts_them(spans, want):
    assert names.recut(["章海", "平", "在", "京"], spans) == want


def test_verify_names_the_corpus_that_is_missing(tmp_path):
    with pytest.raises(ConfigError, match="sighan2005_pku_train"):
        corpora.verify(tmp_path)
