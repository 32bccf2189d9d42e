import json
import lzma

import numpy as np
import pytest
import scipy.sparse as sp

from pipeline.training import narrower
from pipeline.training.rawtext import Raw, head_of, held_out, read_blocks, read_raw
from pipeline.training.topic_data import Example, find_seeded, first_level, read_items, read_labels, read_scheme
from pipeline.training.topics import (
    Space,
    calibrate,
    count_ngrams,
    expected_calibration_error,
    fit_read,
    fold,
    quantise,
    to_inputs,
    to_matrix,
)

FILE = "news.txt.xz"
BLOCKS = [
    "小麦丰收\n今年我县小麦喜获丰收，合作社忙着收割。",
    "\n昨天夜里，城东一处仓库起火，消防员连夜扑救。",
    "旧闻重登\n今年我县小麦喜获丰收，合作社忙着收割。",
    "邻里之间\n社区志愿者上门看望独居老人。",
    "",
]
TOPICS = [
    {
        "code": "medtop:04000000",
        "label_en": "economy, business and finance",
        "seeds": ["小麦", "丰收", "合作社", "收割"],
    },
    {"code": "medtop:03000000", "label_en": "disaster, accident and emergency incident", "seeds": ["起火", "消防员"]},
]


@pytest.fixture
def shared(tmp_path):
    (tmp_path / "rawtext").mkdir()
    (tmp_path / "gold" / "docs").mkdir(parents=True)
    (tmp_path / "gold" / "topics").mkdir()
    with lzma.open(tmp_path / "rawtext" / FILE, "wt", encoding="utf-8") as stream:
        stream.write("\n\n".join(BLOCKS))
    (tmp_path / "gold" / "docs" / "sources.json").write_text(json.dumps([{"doc": "d1", "file": FILE, "block": 0}]))
    items = [
        {"id": 1, "file": FILE, "block": 1, "topic": TOPICS[1]["label_en"], "also": [], "split": "train"},
        {"id": 2, "file": FILE, "block": 3, "topic": None, "also": [], "split": "dev"},
    ]
    (tmp_path / "gold" / "topics" / "dev.jsonl").write_text("\n".join(map(json.dumps, items)))
    return tmp_path


def test_read_blocks_keeps_numbers_titles_and_empty_blocks(shared):
    assert [(raw.block, raw.title) for raw in read_blocks(shared, FILE)] == [
        (0, "小麦丰收"), (1, ""), (2, "旧闻重登"), (3, "邻里之间"), (4, ""),
    ]  # fmt: skip


def test_held_out_names_development_documents_and_the_measuring_half(shared):
    assert held_out(shared) == {(FILE, 0), (FILE, 3)}


def test_read_raw_leaves_out_what_measures_and_its_reprints(shared):
    assert [raw.block for raw in read_raw(shared, [FILE])] == [1]


def test_head_of_ignores_blanks():
    assert head_of("小 麦\n丰收") == head_of("小麦丰收")


def test_read_items_joins_the_training_half_and_our_labels(shared, tmp_path):
    labels = tmp_path / "labels.tsv"
    labels.write_text("# file block codes\nnews\t2\t04 14\nnews\t4\t-\n")
    items = read_items(shared, labels, TOPICS, split="train")
    assert [one.codes for one in items] == [("03",), ("04", "14"), ()]


def test_find_seeded_takes_only_what_stands_out():
    raws = [Raw(FILE, 0, *BLOCKS[0].split("\n")), Raw(FILE, 3, *BLOCKS[3].split("\n"))]
    assert [(one.title, one.codes) for one in find_seeded(raws, TOPICS)] == [("小麦丰收", ("04",))]


def test_count_ngrams_keeps_what_stands_in_enough_texts():
    keys, idf = count_ngrams(["小麦丰收"] * 8)
    assert len(keys) == 10
    assert np.allclose(idf, 0)


def test_fold_gives_the_log_odds_of_both_regressions():
    rng = np.random.default_rng(0)
    space = Space(np.arange(1, 9, dtype=np.uint64), np.ones(8, np.float32), rng.normal(size=(3, 8)).astype(np.float32))
    weak = (rng.normal(size=(2, 8)), rng.normal(size=2))
    matrix = sp.csr_matrix(rng.random((20, 8)))
    inputs = to_inputs(matrix, weak, space)
    read = fit_read(inputs, rng.random((20, 2)) > 0.5)
    weights, biases = fold(weak, read, space, (1.5, 0.1))
    assert np.allclose(matrix @ weights + biases, (inputs @ read[0].T + read[1]) * 1.5 + 0.1)


def test_fit_read_keeps_the_weak_score_of_a_topic_without_examples():
    inputs = np.random.default_rng(0).normal(size=(10, 5))
    weights, biases = fit_read(inputs, np.zeros((10, 2), dtype=bool))
    assert np.allclose(inputs @ weights.T + biases, inputs[:, :2] * 3)


def test_quantise_keeps_weights_to_a_hundredth_of_the_largest():
    weights = np.random.default_rng(0).normal(size=(50, 3))
    codes, scale = quantise(weights)
    assert np.abs(codes * scale - weights).max() <= np.abs(weights).max() / 100


def test_calibrate_finds_the_slope_of_overconfident_odds():
    rng = np.random.default_rng(0)
    odds = rng.normal(size=(4000, 1))
    slope, shift = calibrate(odds * 2, rng.random((4000, 1)) < 1 / (1 + np.exp(-odds)))
    assert (slope, shift) == (pytest.approx(0.5, abs=0.1), pytest.approx(0, abs=0.15))


def test_expected_calibration_error_of_half_right_certainties_is_a_half():
    assert expected_calibration_error(np.full(10, 1.0), np.arange(10) < 5) == pytest.approx(0.5)


def test_to_matrix_gives_rows_of_length_one():
    keys, _ = count_ngrams(["小麦丰收"] * 8)
    matrix = to_matrix([("", "小麦"), ("小麦", "小麦丰收")], keys, np.ones(len(keys), np.float32))
    assert np.allclose(np.sqrt(matrix.multiply(matrix).sum(axis=1)), 1)


def test_example_weighs_what_was_read_most():
    weights = {source: Example("", "", (), source).weight for source in ("read", "seeded", "full text", "headline")}
    assert max(weights, key=weights.__getitem__) == "read"


@pytest.mark.parametrize(
    "corpus", ["fudan", "six_class", "sogou", "toutiao", "thucnews", "chinanews", "toutiao_titles"]
)
def test_scheme_maps_every_corpus_to_codes_of_the_scheme(request, corpus):
    scheme = read_scheme(request.config.rootpath / "configs" / "topics.toml")
    codes = {topic["code"][7:9] for topic in first_level(scheme)}
    assert all(set(mapped) <= codes for mapped in scheme["mapping"][corpus].values())


def test_labels_name_codes_of_the_scheme(request):
    configs = request.config.rootpath / "configs"
    codes = {topic["code"][7:9] for topic in first_level(read_scheme(configs / "topics.toml"))}
    rows = read_labels(configs / "topics_labels.tsv")
    assert all(set(own) <= codes for _, _, own in rows)
    assert len({(file, block) for file, block, _ in rows}) == len(rows)


def test_seeds_are_terms_of_one_topic_mostly(request):
    topics = first_level(read_scheme(request.config.rootpath / "configs" / "topics.toml"))
    seeds = [seed for topic in topics for seed in topic["seeds"]]
    assert len(set(seeds)) >= len(seeds) - 3


def test_narrower_labels_name_topics_of_the_scheme_and_measure_no_text_that_trains(request):
    configs = request.config.rootpath / "configs"
    topics = [topic for topic in read_scheme(configs / "topics.toml")["topic"] if "broader" in topic]
    codes = {narrower.short_code(topic["code"]) for topic in topics}
    rows = narrower.read_rows(configs / "topics_narrower.tsv")
    assert all(row.right | row.other <= codes for row in rows)
    measured = {(row.file, row.block) for row in rows if row.use == "measure"}
    assert len(measured) == 245
    assert not measured & {(row.file, row.block) for row in rows if row.use != "measure"}


def test_narrower_topics_of_the_scheme_belong_to_its_first_level(request):
    scheme = read_scheme(request.config.rootpath / "configs" / "topics.toml")
    first = {topic["code"] for topic in first_level(scheme)}
    assert all(topic["broader"] in first for topic in scheme["topic"] if "broader" in topic)


def test_read_answers_knows_of_a_judged_text_only_what_was_judged(shared):
    rows = [
        narrower.ReadRow(FILE, 1, "judged", frozenset({"a"}), frozenset({"b"})),
        narrower.ReadRow(FILE, 3, "read", frozenset({"a"}), frozenset({"b"})),
    ]
    answers = narrower.read_answers(shared, rows, ["a", "b", "c"])
    assert answers.right.tolist() == [[True, False, False], [True, False, False]]
    assert answers.unknown.tolist() == [[False, False, True], [False, True, False]]


def test_count_seeds_counts_a_seed_of_the_headline_twice():
    assert narrower.count_seeds("小麦丰收", "小麦熟了", [["小麦", "熟"], ["雨"]]) == [3, 0]


def test_fit_scale_finds_the_scale_and_ignores_what_is_unknown():
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(3000, 2))
    right = rng.random((3000, 2)) < 1 / (1 + np.exp(-(2 * scores - 1)))
    unknown = np.zeros((3000, 2), dtype=bool)
    unknown[1500:, 1], right[1500:, 1] = True, False
    scale = narrower.fit_scale(scores, np.zeros((3000, 2)), right, unknown)
    assert (scale.own, scale.shift + scale.shifts[1]) == (pytest.approx(2, abs=0.2), pytest.approx(-1, abs=0.25))


def test_count_answers_asks_for_the_broader_topic_too():
    odds, above = np.array([[1.0, 1.0], [1.0, -1.0]]), np.array([[1.0, -1.0], [1.0, 1.0]])
    right = np.array([[True, True], [False, True]])
    counts = narrower.count_answers(odds, above, right, np.zeros((2, 2), dtype=bool))
    assert counts.tolist() == [[1, 0], [2, 0], [1, 2]]


def test_is_good_asks_for_precision_and_enough_answers():
    counts = np.array([[2, 2, 1], [3, 2, 3], [9, 9, 9]])
    assert narrower.is_good(counts).tolist() == [True, False, False]
