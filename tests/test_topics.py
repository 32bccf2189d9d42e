from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from pipeline.components.topics import (
    SECTION_TERM,
    Label,
    TopicModel,
    Topics,
    choose,
    classify,
    count_known,
    explain_topic,
    make_topics,
    section_evidence,
    to_probabilities,
    weigh,
)
from pipeline.errors import ConfigError
from pipeline.ngrams import codes_of, keys_of, text_of
from pipeline.text import AlignedText
from pipeline.types import Article, Context, Publication

COURT, SPORT, WEATHER = "medtop:02000000", "medtop:15000000", "medtop:17000000"
COURT_TEXT = "市中级人民法院开庭\n昨天上午，市中级人民法院公开审理这起案件，被告人当庭认罪。"
SPORT_TEXT = "我市健儿再夺两金\n在昨天的比赛中，我市选手再次夺冠，主教练说球队还有潜力。"


def key(text):
    (found,) = [k for k in keys_of(text) if text_of(int(k)) == text]
    return int(found)


def small_model():
    """A model of six n-grams and three topics, made by hand."""
    terms = {"法院": 0, "审理": 0, "比赛": 1, "夺冠": 1, "气温": 2, "多云": 2}
    keys = np.array(sorted(key(term) for term in terms), dtype=np.uint64)
    weights = np.zeros((6, 3), dtype=np.int8)
    for term, column in terms.items():
        weights[np.searchsorted(keys, key(term)), column] = 100
    labels = (
        Label(COURT, "犯罪、法律和司法", "crime, law and justice", ("法治", "法院")),
        Label(SPORT, "体育", "sport", ("体育",)),
        Label(WEATHER, "天气", "weather", ("天气",)),
    )
    return TopicModel(
        scheme="iptc-mediatopic",
        labels=labels,
        keys=keys,
        idf=np.ones(6, dtype=np.float32),
        weights=weights,
        scale=np.full(3, 0.04, dtype=np.float32),
        bias=np.full(3, -2.0, dtype=np.float32),
        title_weight=2.0,
    )


def context_of(text, *, kind="news", form="news", page_name=None, column=None, title=None):
    article = Article(1, kind, form, AlignedText.of(text), (), title=title, column=column)
    return Context(article, Publication(page_name=page_name))


def codes(text, context=None, **options):
    topics, _ = classify(text, context, small_model(), **{"min_score": 0.5, "max_topics": 3, **options})
    return [topic.code for topic in topics]


@pytest.mark.parametrize(
    ("text", "grams"),
    [
        ("法院", ["法", "院", "法院"]),
        ("法，院", ["法", "院"]),
        ("5Ｇ网", ["0", "g", "网", "0g", "g网", "0g网"]),
        ("甲乙丙", ["甲", "乙", "丙", "甲乙", "乙丙", "甲乙丙"]),
        ("", []),
        ("\ud800法", ["法"]),
        ("〇一", ["〇", "一", "〇一"]),
    ],
)  # fmt: skip
def test_keys_of_breaks_at_marks_and_folds_width_case_and_digits(text, grams):
    assert [text_of(int(k)) for k in keys_of(text)] == grams


def test_keys_of_shows_characters_beyond_the_basic_plane_as_one_code():
    assert codes_of("𠀀𠀁").tolist() == [0xFFFF, 0xFFFF]


def test_count_known_finds_rows_and_counts():
    rows, counts = count_known(keys_of("比赛，比赛，法院"), small_model().keys)
    found = {text_of(int(small_model().keys[row])): int(count) for row, count in zip(rows, counts, strict=True)}
    assert found == {"比赛": 2, "法院": 1}


def test_weigh_counts_the_headline_more_and_gives_length_one():
    model = small_model()
    _, plain = weigh("法院比赛", "", model.keys, model.idf, 2.0)
    rows, values = weigh("法院比赛", "法院", model.keys, model.idf, 2.0)
    court = [text_of(int(model.keys[row])) for row in rows].index("法院")
    assert values[court] > plain[court] and np.linalg.norm(values) == pytest.approx(1.0)  # noqa: PT018 - one fact


@pytest.mark.parametrize(("text", "code"), [(COURT_TEXT, COURT), (SPORT_TEXT, SPORT)])
def test_classify_names_the_topic_of_plain_text(text, code):
    assert codes(text) == [code]


@pytest.mark.parametrize(
    ("text", "context", "note"),
    [
        ("法院", None, "too short: 2 Chinese characters < 8"),
        ("", None, "too short: 0 Chinese characters < 8"),
        ("2023-10-15 12:30", None, "too short: 0 Chinese characters < 8"),
        ("The court heard the case in the morning.", None, "too short: 0 Chinese characters < 8"),
        ("山风吹过窗前的旧书桌与灯", None, "best 0.12 < 0.5"),
        (COURT_TEXT, context_of(COURT_TEXT, kind="ad", form="ad"), "an advertisement"),
        (COURT_TEXT, context_of(COURT_TEXT, kind="filler", form="filler"), "filler, no article"),
        (COURT_TEXT, context_of(COURT_TEXT, form="table"), "a table"),
        (COURT_TEXT, context_of(COURT_TEXT, kind="notice", form="notice"), "a notice"),
    ],
)
def test_classify_abstains_and_says_why(text, context, note):
    assert classify(text, context, small_model(), min_score=0.5, max_topics=3) == ((), note)


def test_classify_gives_weather_to_an_article_of_that_form():
    text = "今天夜间有小雪，请市民注意出行安全。"
    assert codes(text, context_of(text, kind="notice", form="weather")) == [WEATHER]


@pytest.mark.parametrize("names", [{"page_name": "法治新闻"}, {"column": "法院传真"}])
def test_classify_takes_page_name_and_column_as_evidence(names):
    text = "昨天上午，我市一起案件公开审理，比赛也在进行，市民到场观看。"
    assert codes(text, context_of(text, **names))[0] == COURT


def test_section_evidence_takes_the_longest_name():
    added = section_evidence(("法治体育法院",), small_model().labels)
    assert np.count_nonzero(added) == 1


def test_choose_orders_by_probability_and_keeps_to_the_limit():
    topics = choose(
        np.array([0.6, 0.9, 0.7], dtype=np.float32), small_model(), min_score=0.5, max_topics=2, max_narrower=0
    )
    assert [topic.code for topic in topics] == [SPORT, WEATHER]


def with_soccer():
    """The small model with a narrower topic below sport, whose weights are those of court."""
    model = small_model()
    label = Label("medtop:20001065", "足球", "soccer", (), SPORT)
    return replace(
        model,
        labels=(*model.labels, label),
        weights=np.hstack([model.weights, model.weights[:, :1]]),
        scale=np.append(model.scale, model.scale[0]),
        bias=np.append(model.bias, model.bias[0]),
    )


@pytest.mark.parametrize(
    ("scores", "limit", "found"),
    [
        ([0.1, 0.9, 0.7, 0.95], 3, [SPORT, WEATHER, "medtop:20001065"]),
        ([0.1, 0.9, 0.7, 0.95], 0, [SPORT, WEATHER]),
        ([0.9, 0.1, 0.7, 0.95], 3, [COURT, WEATHER]),
        ([0.1, 0.9, 0.7, 0.4], 3, [SPORT, WEATHER]),
    ],
)
def test_choose_gives_narrower_topics_last_and_only_beside_their_broader_one(scores, limit, found):
    probabilities = np.array(scores, dtype=np.float32)
    topics = choose(probabilities, with_soccer(), min_score=0.5, max_topics=2, max_narrower=limit)
    assert [topic.code for topic in topics] == found
    assert [topic.broader for topic in topics] == [SPORT if code == "medtop:20001065" else None for code in found]


def test_classify_abstains_where_only_a_narrower_topic_is_likely():
    model = replace(with_soccer(), bias=np.array([-29, -29, -29, 5], dtype=np.float32))
    assert classify(COURT_TEXT, None, model, min_score=0.5, max_topics=3, max_narrower=3) == ((), "best 0.00 < 0.5")


def test_explain_topic_names_the_page_that_spoke_for_a_topic():
    context = context_of(COURT_TEXT, page_name="法治新闻")
    best = explain_topic(COURT_TEXT, small_model(), context=context, terms=2, topics=1)[0]
    assert best.terms[0] == (SECTION_TERM, 1.5)


def test_explain_topic_names_the_ngrams_behind_a_decision():
    best = explain_topic(COURT_TEXT, small_model(), terms=2, topics=1)[0]
    assert (best.topic.code, {term for term, _ in best.terms}) == (COURT, {"法院", "审理"})


def test_explain_topic_adds_up_to_the_log_odds():
    best = explain_topic(COURT_TEXT, small_model(), terms=99, topics=1)[0]
    odds = np.array([sum(added for _, added in best.terms) - 2.0], dtype=np.float32)
    assert to_probabilities(odds)[0] == pytest.approx(best.topic.score, abs=1e-3)


def test_topics_writes_topics_and_note():
    doc = SimpleNamespace(text=COURT_TEXT, _=SimpleNamespace(context=None, topics=(), topics_note="old"))
    Topics(small_model(), min_score=0.5, max_topics=3, max_narrower=3)(doc)
    assert (doc._.topics[0].code, doc._.topics_note) == (COURT, None)


@pytest.mark.parametrize("options", [{"min_score": 1.5}, {"min_score": -0.1}, {"max_topics": 0}, {"max_narrower": -1}])
def test_make_topics_refuses_what_cannot_be(options):
    with pytest.raises(ConfigError, match="min_score"):
        make_topics(None, "topics", **options)


@pytest.mark.parametrize("text", ["中" * 200_000, "\ud800" * 50, "𠀀" * 50, " \n\t", "，。！" * 100, "甲\n" * 50_000])
def test_classify_never_raises_on_bad_text(text):
    assert classify(text, None, small_model(), min_score=0.5, max_topics=3)[0] == ()


@pytest.fixture(scope="module")
def shipped():
    return TopicModel.load("topics-1.1.0")


CASES = [
    ("区法院宣判一起合同诈骗案\n被告人王某因犯诈骗罪，被判处有期徒刑三年，并处罚金。", COURT),
    ("市田径队在省运会上再添三金\n昨天，省运会田径项目决赛结束，我市运动员夺得三枚金牌，教练组表示满意。", SPORT),
    ("市气象台预计，今天白天晴间多云，最高气温12℃，夜间有小雪，最低气温零下3℃，偏北风三四级。", WEATHER),
    ("市教育局公布今年中考招生计划，全市普通高中计划招生八千人，考生六月起填报志愿。", "medtop:05000000"),
    ("市委常委会召开会议，传达学习上级精神，研究部署党建工作，市委书记主持会议并讲话。", "medtop:11000000"),
    ("上半年全市规模以上工业增加值同比增长6.2%，外贸进出口总额创新高，企业订单充足。", "medtop:04000000"),
    ("凌晨，一家五金厂发生火灾，消防救援人员赶到现场扑救，三名被困工人获救，无人员伤亡。", "medtop:03000000"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code"), CASES)
def test_shipped_model_names_clear_cases(shipped, text, code):
    assert classify(text, None, shipped, min_score=0.5, max_topics=3)[0][0].code == code


def test_shipped_model_knows_the_seventeen_topics_and_narrower_ones_of_each_kind(shipped):
    first = [label.code for label in shipped.labels if label.broader is None]
    narrower = [label for label in shipped.labels if label.broader is not None]
    assert len(set(first)) == len(first) == 17
    assert len({label.code for label in narrower}) == len(narrower) >= 30
    assert {label.broader for label in narrower} <= set(first)


NARROW = [
    ("市队点球大战胜出\n足球联赛第三轮，市队门将扑出点球，前锋终场前破门，主教练称赞全队。", "medtop:20001065"),
    ("小麦开镰\n合作社的小麦丰收，农民抢收抢种，农业部门调度收割机，粮食产量创新高。", "medtop:20000210"),
    ("凌晨地震\n据台网测定，凌晨发生4.2级地震，震源深度10千米，震中附近震感明显，暂无伤亡。", "medtop:20000153"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code"), NARROW)
def test_shipped_model_names_narrower_topics_beside_their_broader_one(shipped, text, code):
    topics, _ = classify(text, None, shipped, min_score=0.5, max_topics=3, max_narrower=3)
    found = {topic.code: topic.broader for topic in topics}
    assert found.get(code) in found


def test_shipped_model_is_small(request):
    folder = request.config.rootpath / "models"
    assert sum(path.stat().st_size for name in folder.glob("topics-*") for path in name.iterdir()) < 10_000_000
