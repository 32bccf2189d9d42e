"""What the splitter has learned: which texts belong together, how headings are worded, and what mending makes of it."""

import pytest

from pipeline import artefacts
from pipeline.errors import ModelError
from pipeline.splitting import affinity, headforms
from pipeline.splitting.affinity import Affinity
from pipeline.splitting.cohesion import Cohesion, profile
from pipeline.splitting.headforms import ROLES, HeadForms
from pipeline.splitting.learned import Learned

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
