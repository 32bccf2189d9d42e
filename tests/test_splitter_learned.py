"""What the splitter has learned: which texts belong together, how headings are worded, and what mending makes of it."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from pipeline import artefacts
from pipeline.errors import ModelError
from pipeline.splitting import affinity, headforms, labeller
from pipeline.splitting.affinity import Affinity
from pipeline.splitting.articles import read_units
from pipeline.splitting.clues import gather
from pipeline.splitting.cohesion import Cohesion, profile
from pipeline.splitting.grammar import load_grammar
from pipeline.splitting.headforms import ROLES, HeadForms
from pipeline.splitting.labeller import FEATURES, OFFSETS, OUTSIDE, Labeller, Trees, describe, surround
from pipeline.splitting.learned import Learned
from pipeline.text import AlignedText
from pipeline.training.labeller import grow, save, take_over
from pipeline.types import Page

# Three matters of an invented town, two texts each; no text repeats a phrase of its neighbour on purpose.
TEXTS = {
    "farming": (
        "今年梨园挂果早，果农套上纸袋，防虫又防晒，合作社统一采购农资，亩均成本降了三成。",
        "县农技站的技术员到地头讲修剪，果树间距拉开，通风透光，来年坐果率更高。",
    ),
    "court": (
        "法院执行局查封了被执行人名下的车辆，对方仍拒不履行判决，法官依法作出拘留决定。",
        "申请执行人拿到全部欠款，案件当天执结，承办法官提醒当事人主动履行义务。",
    ),
    "sport": (
        "主队在终场前两分钟反超比分，门将扑出点球，球迷在看台上高唱队歌。",
        "联赛第十轮过后，球队积十八分排名第三，主教练说下一场客场比赛要轮换阵容。",
    ),
}


@pytest.fixture(scope="module")
def learned():
    return Learned.load(artefacts.open_model("splitter-1.1.0"))


def test_affinity_holds_texts_of_one_matter_together_more_than_texts_of_two(learned):
    profiles = {name: [profile(text) for text in texts] for name, texts in TEXTS.items()}
    cohesion = Cohesion([item for items in profiles.values() for item in items], learned.affinity)
    inside = [cohesion.log_odds(items[:1], items[1:]) for items in profiles.values()]
    across = [
        cohesion.log_odds(one[1:], two[:1])
        for name, one in profiles.items()
        for other, two in profiles.items()
        if name != other
    ]
    assert min(inside) > max(across)


def test_affinity_knows_nothing_of_a_text_without_bigrams(learned):
    assert learned.affinity.vector(frozenset()) is None
    assert learned.affinity.centre([None]) is None
    cohesion = Cohesion([frozenset(), profile(TEXTS["court"][0])], learned.affinity)
    assert isinstance(cohesion.log_odds([frozenset()], [profile(TEXTS["court"][0])]), float)


def test_cohesion_without_a_model_has_no_log_odds():
    assert Cohesion([profile(TEXTS["sport"][0])]).log_odds([profile("甲乙")], [profile("丙丁")]) is None


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("记者走乡村", "column"),
        ("百姓课堂", "column"),
        ("县长会见南河县客人", "title"),
        ("南河县三季度规模以上工业增加值同比增长6.3%", "title"),
        ("——南河县农业发展纪实", "subtitle"),
        ("全县教育工作推进会召开", "kicker"),
    ],
)
def test_headforms_reads_the_wording_of_a_heading(learned, text, role):
    said = learned.forms.read(text)
    assert max(said, key=said.get) == role


def test_headforms_says_something_of_any_text(learned):
    for text in ("", "·", "A" * 500, "\ud800"):
        said = learned.forms.read(text)
        assert set(said) == set(ROLES)
        assert all(abs(value) <= headforms.LIMIT for value in said.values())


@pytest.mark.parametrize(("module", "part"), [(affinity, Affinity), (headforms, HeadForms)])
def test_load_refuses_another_format(monkeypatch, module, part):
    monkeypatch.setattr(module, "FORMAT", 99)
    with pytest.raises(ModelError, match="this version reads 99"):
        part.load(artefacts.open_model("splitter-1.1.0"))


def test_scores_of_the_model_are_written_down():
    scores = artefacts.read_meta("splitter-1.1.0")["scores"]
    assert scores["auc"] > 0.95 > scores["auc_of_cosine_alone"]
    assert all(half["column"] > 0.8 for half in scores["headforms"].values())


# ---- the trees -------------------------------------------------------------------------------------------------------


def stump(feature, threshold, low, high, base=0.0):
    """One question in one round: up to the threshold ``low``, above it ``high``."""
    return Trees(
        np.array([feature, 0, 0], np.int32), np.array([threshold, np.inf, np.inf], np.float32),
        np.array([1, 1, 2], np.int32), np.array([2, 1, 2], np.int32), np.array([0.0, low, high], np.float32),
        np.array([[0]], np.int32), np.array([base], np.float32), 1,
    )  # fmt: skip


def test_trees_ask_their_question_and_add_the_base():
    rows = np.array([[0.0, 1.0], [0.0, 2.0], [0.0, 3.0]], np.float32)
    assert stump(1, 2.0, -1.0, 4.0, base=0.5).score(rows).tolist() == [[-0.5], [-0.5], [4.5]]


def test_grown_trees_say_what_scikit_learn_says():
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(400, 6)).astype(np.float32)
    wanted = (rows[:, 0] > 0).astype(int) + (rows[:, 1] * rows[:, 2] > 0)
    model = HistGradientBoostingClassifier(max_iter=12, max_leaf_nodes=7, random_state=0).fit(rows, wanted)
    mine = take_over(model).score(rows)
    assert np.abs(mine - model.decision_function(rows)).max() < 1e-4
    assert (mine.argmax(1) == wanted).mean() > 0.9


UNITS = [
    ("head", "城南跨河新桥昨日正式通车"),
    ("text", "昨日上午，城南跨河新桥正式通车，沿河两岸居民往来更加便捷，公交线路也同步调整。"),
    ("head", "玉露梨丰收 合作社忙采摘"),
    ("text", "金秋时节，山前村的玉露梨迎来丰收，果园里果农忙着采摘，合作社的冷库已经备好。"),
]


@pytest.fixture(scope="module")
def page():
    text = "\n\n".join(f"# {key}" if kind == "head" else key for kind, key in UNITS)
    grammar = load_grammar(Path(__file__).parent.parent / "configs" / "grammar.toml")
    reading = read_units(Page("made", "made", text, "", 0, "utf-8"), AlignedText.of(text), grammar)
    clues = gather(reading.rest, reading.cohesion, reading.seams, grammar)
    return reading.rest, clues, reading.cohesion


def test_labeller_describes_a_unit_with_its_neighbours(page):
    rows = describe(*page)
    around = surround(rows)
    assert rows.shape == (4, len(FEATURES))
    assert around.shape == (4, len(OFFSETS) * len(FEATURES))
    assert around[1, : len(FEATURES)].tolist() == rows[1].tolist()
    before, after = OFFSETS.index(-1), OFFSETS.index(1)
    assert around[1, before * len(FEATURES) :][: len(FEATURES)].tolist() == rows[0].tolist()
    assert around[3, after * len(FEATURES) :][: len(FEATURES)].tolist() == [OUTSIDE] * len(FEATURES)
    head, length = FEATURES.index("head"), FEATURES.index("length")
    assert rows[:, head].tolist() == [1, 0, 1, 0]
    assert rows[:, length].tolist() == [len(key) for _, key in UNITS]


def test_labeller_knows_the_headline_of_a_new_story(page, learned):
    found = learned.labeller.read(*page)
    assert [bool(item.parts) for item in found] == [True, False, True, False]
    assert all(max(item.parts, key=item.parts.get) == "title" for item in found if item.parts)
    assert found[2].begins > 0 > found[3].begins


def test_labeller_of_no_unit_says_nothing(learned):
    assert learned.labeller.read([], [], Cohesion([])) == []


def test_labeller_is_written_as_it_is_read(tmp_path, learned):
    save(learned.labeller, tmp_path)
    again = Labeller.load(tmp_path)
    rows = np.random.default_rng(1).normal(size=(5, len(OFFSETS) * len(FEATURES))).astype(np.float32)
    assert again.parts.score(rows).tolist() == learned.labeller.parts.score(rows).tolist()
    assert again.bounds.score(rows).tolist() == learned.labeller.bounds.score(rows).tolist()


def test_labeller_of_other_features_is_a_model_error(tmp_path, learned):
    save(learned.labeller, tmp_path)
    with np.load(tmp_path / labeller.FILE) as arrays:
        changed = {**arrays, "features": arrays["features"][:-1]}
    np.savez_compressed(tmp_path / labeller.FILE, **changed)
    with pytest.raises(ModelError, match="features"):
        Labeller.load(tmp_path)


def test_grow_asks_for_every_part():
    page = SimpleNamespace(
        units=[SimpleNamespace(kind="head")], rows=np.zeros((1, 3), np.float32), gold=[("title", True)], weight=1.0
    )
    with pytest.raises(ValueError, match="column, kicker, subtitle, subhead, paragraph"):
        grow([page])
