"""The character model: its table, its probabilities, its judgement of look-alikes and joins."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import artefacts
from pipeline.charlm import EDGE, PAD, UNKNOWN, CharLM, encode, lookup_of, pack
from pipeline.errors import ModelError
from pipeline.hashtable import HashTable
from pipeline.lookalikes import ALIKE, KINDRED, confusions
from pipeline.training import charlm as training
from pipeline.training import lookalikes
from pipeline.training.rawtext import Raw

SENTENCES = [
    "全市秋粮收获已经过半，农民在田里忙着收割。",
    "全市秋粮播种全面展开，农民在田里忙着播种。",
    "医院为老人免费检查身体，老人十分高兴。",
    "学校为学生免费检查视力，学生十分高兴。",
] * 5


@pytest.fixture(scope="module")
def lm():
    return CharLM.load(artefacts.open_model("charlm-1.0.0"))


@pytest.fixture(scope="module")
def small():
    """Train a model on a few sentences, by the functions that train the real one, with nothing pruned."""
    text = "\n" + "\n".join(SENTENCES) + "\n"
    codes = np.array([ord(char) for char in text])
    alphabet = training.alphabet_of(np.bincount(codes, minlength=0x10000), "0a")
    full = training.estimate(encode(text, lookup_of(alphabet)))
    chosen = training.prune(full, 10_000)
    grams, contexts = training.tables_of(chosen, training.back_offs(full, chosen))
    return CharLM(alphabet, full[0].log_probs.astype(np.float32), grams, contexts)


def test_table_finds_what_was_stored_and_little_else():
    keys = np.arange(1, 20_001, dtype=np.uint64)
    table = HashTable.build(keys, (keys % np.uint64(200)).astype(np.uint8), bucket_bits=12)
    assert (table.get(keys) == (keys % np.uint64(200)).astype(int)).mean() > 0.999
    assert (table.get(keys + np.uint64(1 << 40)) >= 0).mean() < 0.002


def test_table_takes_no_keys():
    table = HashTable.build(np.empty(0, np.uint64), np.empty(0, np.uint8), bucket_bits=4)
    assert table.get(np.array([1], np.uint64)).tolist() == [-1]


def test_pack_keeps_order_of_ids():
    assert pack(np.array([[3, 5], [5, 3]], np.uint64)).tolist() == [(3 << 12) + 5, (5 << 12) + 3]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("9", "0"), ("７", "0"), ("Q", "a"), ("ｚ", "a"), (",", "，"), ("(", "（")],
)
def test_encode_folds_width_digits_and_letters(text, expected):
    lookup = lookup_of("0a，（")
    assert encode(text, lookup).tolist() == encode(expected, lookup).tolist() != [UNKNOWN]


def test_encode_knows_edges_blanks_and_strangers():
    assert encode("\n \u3000麤\U00020000\ud800", lookup_of("国")).tolist() == [EDGE, PAD, PAD, *[UNKNOWN] * 3]


def test_training_gives_probabilities_that_sum_to_one(small):
    ids = range(1, len(small.alphabet) + 3)
    context = small.encode("农民在田")
    windows = np.array([[*context, number] for number in ids], np.uint16)
    assert np.exp(small.score(windows)).sum() == pytest.approx(1, abs=0.1)  # values are rounded to 0.2 nats


def test_training_prefers_what_was_seen(small):
    assert small.next_log_prob("农民在田里忙着", "收", 1) > small.next_log_prob("农民在田里忙着", "高", 1) + 2


def test_context_does_not_reach_over_an_edge(small):
    assert small.next_log_prob("田里\n", "医", 1) == small.next_log_prob("收割\n", "医", 1)


def test_pruning_keeps_the_number_asked_for():
    ids = encode("\n" + "\n".join(SENTENCES) + "\n", lookup_of("".join(sorted(set("".join(SENTENCES))))))
    chosen = training.prune(training.estimate(ids), 30)
    assert 30 <= sum(len(grams.keys) for grams in chosen[1:]) <= 60  # ties with the last one are kept


def test_saved_model_is_read_back(small, tmp_path):
    small.save(tmp_path)
    assert CharLM.load(tmp_path).log_prob("农民在田里忙着") == pytest.approx(small.log_prob("农民在田里忙着"), abs=0.05)


def test_load_names_missing_file(tmp_path):
    with pytest.raises(ModelError, match=r"model\.npz.*check the repository out again"):
        CharLM.load(tmp_path)


def test_load_refuses_other_format(small, tmp_path, monkeypatch):
    monkeypatch.setattr("pipeline.charlm.FORMAT", 99)
    small.save(tmp_path)
    monkeypatch.undo()
    with pytest.raises(ModelError, match="format 99, this code reads 1"):
        CharLM.load(tmp_path)


@pytest.mark.parametrize(
    ("left", "options", "right"),
    [
        ("高校教师", ("和", "的", "在"), "专职人员均可报名"),
        ("请拨打当地", ("的", "和", "了"), "服务热线"),
    ],
)
def test_contrast_chooses_what_fits_both_sides(lm, left, options, right):
    scores = lm.contrast(left, options, right)
    assert scores.index(max(scores)) == 0


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("今年以来，全县新建高标准农", "田十二万亩，亩均增收两百多元。"),
        ("记者从市卫生健康委获悉，目前全", "市已有三十家医院开通网上预约挂号服务。"),
        ("“孩子放学以后有人", "管了，我们上班也安心。”家长周女士说。"),
    ],
)
def test_join_gain_is_positive_inside_a_sentence(lm, left, right):
    assert lm.join_gain(left, right) > 0


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("全县的秋粮收购工作到月底结束。", "本报讯 昨天上午，市图书馆的少儿阅览室重新开放。"),
        ("我市举办首届社区运动会", "本报讯 昨天上午，市图书馆的少儿阅览室重新开放。"),
        ("今年以来，全县新建高标准农", "本报讯 昨天上午，市图书馆的少儿阅览室重新开放。"),
    ],
)
def test_join_gain_is_negative_between_articles(lm, left, right):
    assert lm.join_gain(left, right) < 0


@pytest.mark.parametrize(("left", "right"), [("", "正文"), ("正文", ""), (" \n", "正文"), ("", "")])
def test_join_gain_of_nothing_is_minus_infinity(lm, left, right):
    assert lm.join_gain(left, right) == -math.inf


def test_join_gains_score_pairs_as_one_by_one(lm):
    pairs = [("全市农", "民增收"), ("收割完毕。", "医院开诊"), ("x", "y")]
    assert lm.join_gains(pairs) == pytest.approx([lm.join_gain(*pair) for pair in pairs], abs=1e-4)


def test_join_gains_of_no_pairs_is_empty(lm):
    assert lm.join_gains([]) == []


@settings(max_examples=40)
@given(st.text(max_size=60), st.text(max_size=60))
def test_scores_are_finite_for_any_text(lm, left, right):
    assert math.isfinite(lm.log_prob(left + right))
    assert not math.isnan(lm.join_gain(left, right))


def test_find_repairs_mends_a_wrong_stroke(lm):
    ids = lm.encode("全市招聘专业技术入员二十名")
    assert [(at, lm.char_of(other)) for at, other, _ in lm.find_repairs(ids)] == [(8, "人")]


def test_find_repairs_takes_no_text(lm):
    assert lm.find_repairs(lm.encode("")) == []


def test_confusions_go_both_ways():
    others = confusions()
    assert all(char in others[other] for char, found in others.items() for other in found)


def test_groups_hold_different_characters():
    assert [group for group in ALIKE + KINDRED if len(set(group)) != len(group) or len(group) < 2] == []


def test_kept_pairs_are_alike_or_kindred(lm):
    others = confusions()
    assert {char for char, found in lm.calibration["pairs"].items() if not set(found) <= set(others[char])} == set()


def test_held_out_scores_are_in_meta():
    scores = artefacts.read_meta("charlm-1.0.0")["scores"]
    assert (scores["look_alikes"]["precision"] > 0.95, scores["join"]["auc"] > 0.97) == (True, True)


def test_make_pairs_makes_joined_and_parted_ones():
    documents = [
        Raw(
            "a",
            number,
            f"标题{number}",
            f"第{number}篇的第一段写了二十多个字，说的是秋收的事情。\n第{number}篇的第二段也写了二十多个字，说的是冬种的事情。",
        )
        for number in range(6)
    ]
    pairs = training.make_pairs(documents, np.random.default_rng(1), 5)
    assert (len(pairs), sum(pair.joined for pair in pairs), all(pair.left and pair.right for pair in pairs)) == (
        45,
        5,
        True,
    )


def test_threshold_needs_precision():
    swaps = lookalikes.Swaps(
        char=np.zeros(200, np.uint16),
        other=np.zeros(200, np.uint16),
        wrong=np.full(200, 8.2, np.float32),
        right=np.full(200, 12.0, np.float32),
        odd=np.ones(200, np.bool_),
        best=np.ones(200, np.bool_),
    )
    rows = np.arange(200)
    assert lookalikes.fit_threshold(swaps, rows, rows, lookalikes.DAMAGE) == 8.5
    assert lookalikes.fit_threshold(swaps, rows, rows[:5], lookalikes.DAMAGE) is None
