import json

import numpy as np
import pytest

from pipeline.artefacts import ROOT, read_meta
from pipeline.components.keywords import KeywordModel
from pipeline.components.topics import TopicModel, classify, log_odds
from pipeline.errors import ConfigError
from pipeline.keyness import NAMES
from pipeline.training import adapt, corrections, labelled
from pipeline.training.adapt import adapt_topics, adapt_trees, fit_move
from pipeline.training.corrections import Correction, merge, read_corrections, read_store, write_store
from pipeline.training.keywords import Read, prepare, tag_with

TEXT = "市运会金牌榜出炉\n市运会昨天闭幕，足球队在决赛中夺冠，金牌榜第一。门票收入捐给了乡村小学。"
RECORD = {
    "id": "晨报-2024-05-01-p02-i001",
    "text": TEXT,
    "text_sha256": "ab",
    "title": "市运会金牌榜出炉",
    "kickers": ["昨天闭幕"],
    "subtitle": None,
}
SPORT, SOCCER, MONEY = "medtop:15000000", "medtop:20001065", "medtop:04000000"


@pytest.fixture(scope="module")
def model():
    return TopicModel.load("topics-1.1.0")


@pytest.fixture
def records(tmp_path):
    path = tmp_path / "articles.jsonl"
    others = [{**RECORD, "id": f"晨报-2024-05-01-p02-i00{n}"} for n in (2, 3)]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in [RECORD, *others]), "utf-8")
    return path


def read(tmp_path, records, labels, *lines):
    path = tmp_path / "fixes.jsonl"
    path.write_text(
        "\n".join(one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in lines), "utf-8"
    )
    return read_corrections(path, [records], labels)


def fix(**values):
    return {"id": RECORD["id"], **values}


@pytest.mark.parametrize("name", ["体育", "sport", SPORT, "15000000"])
def test_read_corrections_takes_codes_and_labels_and_the_text_of_the_record(tmp_path, records, model, name):
    (one,) = read(tmp_path, records, model.labels, fix(topics=[name], keywords=["金牌榜", "市运会"]))
    assert (one.topics, one.keywords, one.text) == ((SPORT,), ("金牌榜", "市运会"), TEXT)
    assert one.title == "昨天闭幕 市运会金牌榜出炉"


def test_read_corrections_adds_the_broader_topic(tmp_path, records, model):
    labels = (*model.labels, model.labels[0]._replace(code="medtop:1", label_zh="某项", label_en="", broader=SPORT))
    (one,) = read(tmp_path, records, labels, fix(topics=["某项"]))
    assert one.topics == (SPORT, "medtop:1")


def test_read_corrections_tells_nothing_said_from_none(tmp_path, records, model):
    (one,) = read(tmp_path, records, model.labels, fix(topics=[]))
    assert (one.topics, one.keywords) == ((), None)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 1: not JSON"),
        ("[1]", "line 1: expected an object"),
        ({"topics": ["体育"]}, "no id"),
        (fix(topics=["体育"], topic=["体育"]), "unknown fields topic; allowed are id, topics, keywords"),
        (fix(), "neither topics nor keywords"),
        (fix(topics=["体育新闻"]), "did you mean 体育"),
        (fix(topics="体育"), "topics: expected a list of strings"),
        (fix(keywords=["世界杯"]), "'世界杯' does not stand in the article's text"),
        (fix(keywords=["市"]), "has 1 characters; 2 to 12 are allowed"),
        (fix(keywords=["市运会", "市运会"]), "市运会 stands there twice"),
        ({"id": "晨报-2024-05-01-p02-i009", "topics": ["体育"]}, "did you mean 晨报"),
        ("", "no corrections in it"),
    ],
)
def test_read_corrections_says_what_is_wrong_and_where(tmp_path, records, model, line, message):
    with pytest.raises(ConfigError, match=message):
        read(tmp_path, records, model.labels, line)


def test_read_corrections_names_all_wrong_lines(tmp_path, records, model):
    with pytest.raises(ConfigError) as error:
        read(tmp_path, records, model.labels, fix(topics=["体育"]), "", fix(topics=["体育"]), "{")
    assert "line 3: " in str(error.value)
    assert "line 4: not JSON" in str(error.value)


def test_merge_replaces_what_a_correction_names_and_keeps_the_rest():
    first = Correction("a", "", "", "x", (SPORT,), ("一",))
    second = Correction("a", "", "", "x", (MONEY,), None)
    assert merge([first], [second]) == [Correction("a", "", "", "x", (MONEY,), ("一",))]


def test_merge_forgets_what_was_said_of_another_text():
    first = Correction("a", "", "", "x", (SPORT,), ("一",))
    assert merge([first], [Correction("a", "", "", "y", (MONEY,), None)])[0].keywords is None


def test_store_gives_back_what_was_stored(tmp_path):
    stored = [Correction("甲", "ab", "题", TEXT, (SPORT,), None), Correction("乙", "", "", "文", None, ())]
    write_store(tmp_path / "deep" / "store.jsonl", stored)
    assert read_store(tmp_path / "deep" / "store.jsonl") == stored


def test_read_store_refuses_another_file(records):
    with pytest.raises(ConfigError, match=r"line 1: schema None, expected 'correction/1\.0'"):
        read_store(records)


def test_main_stores_nothing_where_a_line_is_wrong(tmp_path, records, capsys):
    path = tmp_path / "fixes.jsonl"
    path.write_text(json.dumps(fix(topics=["体育"])) + "\n{\n", "utf-8")
    arguments = ["--corrections", str(path), "--records", str(records), "--store", str(tmp_path / "s.jsonl")]
    assert corrections.main(arguments) == 2
    assert "line 2: not JSON" in capsys.readouterr().err
    assert not (tmp_path / "s.jsonl").exists()


def test_fit_move_moves_a_wrong_text_and_leaves_an_unlike_one():
    similar = np.array([[1.0, 0.0], [0.0, 1.0]])
    odds = np.array([-3.0, 4.0])
    moved = odds + similar @ fit_move(odds, np.array([True, True]), similar)
    assert moved[0] > 0
    assert moved[1] == pytest.approx(4.0, abs=0.4)


def test_adapt_topics_learns_a_correction_and_keeps_other_texts(model):
    text = "镇上的老茶馆\n清晨五点，茶馆的炉火已经烧旺，老街坊们围坐一桌，听掌柜讲从前的故事。"
    other = "区法院宣判一起合同诈骗案\n被告人王某因犯诈骗罪，被判处有期徒刑三年，并处罚金。"
    wanted = "medtop:12000000"
    assert wanted not in [topic.code for topic in classify(text, None, model, min_score=0.5, max_topics=3)[0]]
    moved = adapt_topics(model, [Correction("a", "", text.partition("\n")[0], text, (wanted,), None)])
    found, _ = classify(text, None, moved, min_score=0.5, max_topics=3)
    assert [topic.code for topic in found] == [wanted]
    assert np.allclose(log_odds(other, "", moved), log_odds(other, "", model), atol=0.5)


def test_adapt_topics_refuses_a_topic_that_the_model_has_not(model):
    with pytest.raises(ConfigError, match="medtop:99"):
        adapt_topics(model, [Correction("a", "", "", TEXT, ("medtop:99",), None)])


def test_adapt_trees_begin_where_the_shipped_ones_end():
    trees = KeywordModel.load("keywords-1.0.0").trees
    rng = np.random.default_rng(0)
    table = rng.normal(size=(400, len(NAMES))).astype(np.float32)
    wanted = table[:, 6] > 0.5
    more = adapt_trees(trees, table, wanted)
    before, after = trees(table), more(table)
    assert len(more.values) == len(trees.values) + adapt.TREES
    assert after[wanted].mean() - after[~wanted].mean() > before[wanted].mean() - before[~wanted].mean() + 1


def test_adapt_trees_refuses_what_teaches_nothing():
    trees = KeywordModel.load("keywords-1.0.0").trees
    with pytest.raises(ConfigError, match="nothing can be learned"):
        adapt_trees(trees, np.zeros((3, len(NAMES)), np.float32), np.zeros(3, dtype=bool))


@pytest.fixture
def models(tmp_path):
    folder = tmp_path / "models"
    folder.mkdir()
    for name in ("topics-1.1.0", "keywords-1.0.0"):
        (folder / name).symlink_to(ROOT / name)
    return folder


def test_corrections_reach_new_models_end_to_end(tmp_path, models, request, capsys):
    path = tmp_path / "articles.jsonl"
    bodies = ["县里开了展销会，稻米卖得好。", "水库修好了，下游农田不再缺水。", "合作社添了三台插秧机，春耕快了。"]
    rows = [
        {"id": f"i{n}", "text": f"合作社春耕记\n{body}" * 4, "title": "合作社春耕记"} for n, body in enumerate(bodies)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    fixes = tmp_path / "fixes.jsonl"
    fixes.write_text(
        "".join(json.dumps({"id": row["id"], "topics": ["宗教和信仰"], "keywords": ["合作社"]}) + "\n" for row in rows),
        "utf-8",
    )
    store = str(tmp_path / "store.jsonl")
    assert corrections.main(["--corrections", str(fixes), "--records", str(path), "--store", store]) == 0
    config = str(request.config.rootpath / "configs" / "fast.cfg")
    assert adapt.main(["--store", store, "--models", str(models), "--config", config]) == 0
    assert "--set components.topics.model=topics-own" in capsys.readouterr().out
    found, _ = classify(rows[1]["text"], None, TopicModel.load("topics-own", models), min_score=0.5, max_topics=3)
    assert [topic.code for topic in found] == ["medtop:12000000"]
    old, new = KeywordModel.load("keywords-1.0.0", models), KeywordModel.load("keywords-own", models)
    (example,) = prepare(
        [Read(rows[0]["text"], ("合作社",))],
        tag_with(request.config.rootpath / "configs" / "fast.cfg"),
        old.frequencies,
    )
    at = example.candidates.texts.index("合作社")
    before, after = old.trees(example.table), new.trees(example.table)
    assert after[at] - after.mean() > before[at] - before.mean()
    assert read_meta("topics-own", models)["data"]["corrections"]["articles"] == 3


def test_adapt_says_where_there_is_nothing_to_learn(tmp_path, capsys):
    assert adapt.main(["--store", str(tmp_path / "none.jsonl")]) == 2
    assert "no corrections in" in capsys.readouterr().err


SCHEME = """
scheme = "馆藏"
[[topic]]
code = "N"
label_zh = "农事"
[[topic]]
code = "N1"
broader = "N"
label_zh = "养蜂"
[[topic]]
code = "S"
label_zh = "戏曲"
label_en = "opera"
sections = ["梨园"]
"""
FARM = [
    "麦收开始，合作社的收割机下田",
    "果农给苹果树剪枝施肥",
    "村里的水稻插秧机到了",
    "大棚蔬菜运进城里的市场",
    "农技员下乡讲病虫害防治",
    "秋收之后农户晒粮入仓",
]
BEES = [
    "蜂农把蜂箱搬到槐花地",
    "养蜂合作社今年蜂蜜丰收",
    "蜂农转场追花，蜂群过冬",
    "蜂蜜卖到外地，蜂箱又添了",
    "养蜂人检查蜂箱里的蜂群",
    "荔枝花开，蜂农忙着取蜂蜜",
]
STAGE = [
    "剧团下乡唱豫剧，戏台搭在村口",
    "老戏迷看折子戏，唱腔地道",
    "青年演员登台唱京剧名段",
    "县剧团排练新编历史戏",
    "戏校学生练唱念做打",
    "古戏台修好，头一场唱昆曲",
]


@pytest.fixture
def own(tmp_path):
    (tmp_path / "mine.toml").write_text(SCHEME, "utf-8")
    rows = [
        {"text": f"{text}。{text}，{tail}。", "topics": topics}
        for texts, topics in ((FARM, ["农事"]), (BEES, ["N1"]), (STAGE, ["opera"]))
        for text in texts
        for tail in ("大家都来看", "记者到了现场")
    ]
    (tmp_path / "mine.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return tmp_path


def test_train_topics_makes_a_model_of_an_own_scheme(own, capsys):
    out = own / "models" / "mine-1.0.0"
    arguments = ["--scheme", str(own / "mine.toml"), "--labeled", str(own / "mine.jsonl"), "--out", str(out)]
    assert labelled.main(arguments) == 0
    assert "components.topics.model=mine-1.0.0" in capsys.readouterr().out
    mine = TopicModel.load("mine-1.0.0", own / "models")
    options = {"min_score": 0.5, "max_topics": 3, "max_narrower": 3}
    found = {
        text: [topic.code for topic in classify(text, None, mine, **options)[0]]
        for text in ("剧团今晚唱京剧，戏迷早早到了戏台下", "蜂农打开蜂箱，蜂蜜丰收，养蜂合作社的蜂群转场")
    }
    assert list(found.values()) == [["S"], ["N", "N1"]]
    assert read_meta("mine-1.0.0", own / "models")["scores"]["cross-validation"]["accuracy of the first"] > 0.8


@pytest.mark.parametrize(
    ("scheme", "message"),
    [
        ("topic = 1", "expected scheme ="),
        ('scheme = "a"\n[[topic]]\ncode = "A"', "label_zh is missing"),
        ('scheme = "a"\n[[topic]]\ncode = "A"\nlabel_zh = "甲"\nname = "x"', "unknown key name"),
        ('scheme = "a"\n[[topic]]\ncode = "A"\nlabel_zh = "甲"\n[[topic]]\ncode = "A"\nlabel_zh = "乙"', "twice: A"),
        ('scheme = "a"\n[[topic]]\ncode = "A"\nlabel_zh = "甲"\nbroader = "B"', "first level: A"),
        ("=", "cannot be read as TOML"),
    ],
)
def test_read_own_scheme_says_what_is_wrong(tmp_path, scheme, message):
    (tmp_path / "s.toml").write_text(scheme, "utf-8")
    with pytest.raises(ConfigError, match=message):
        labelled.read_own_scheme(tmp_path / "s.toml")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"topics": ["S"]}', "line 1: text is missing"),
        ('{"text": "文"}', "topics: expected a list"),
        ('{"text": "文", "topics": ["T"]}', "'T' is neither a code nor a label"),
        ('{"text": "文", "topics": [1]}', "expected codes or labels"),
        ('{"text": "文", "topics": ["S"]}', "fewer than 5 articles: N 0, N1 0, S 1"),
    ],
)
def test_read_labelled_says_what_is_wrong(tmp_path, line, message):
    (tmp_path / "s.toml").write_text(SCHEME, "utf-8")
    (tmp_path / "l.jsonl").write_text(line, "utf-8")
    with pytest.raises(ConfigError, match=message):
        labelled.read_labelled(tmp_path / "l.jsonl", labelled.read_own_scheme(tmp_path / "s.toml")[1])


def test_read_labelled_takes_records_and_passes_over_corrections_without_topics(own):
    labels = labelled.read_own_scheme(own / "mine.toml")[1]
    path = own / "mine.jsonl"
    record = {"text": "文", "title": "题", "kickers": ["引"], "topics": [{"code": "S", "score": 0.9}]}
    silent = {"schema": "correction/1.0", "text": "文", "topics": None}
    path.write_text(path.read_text("utf-8") + "\n".join(json.dumps(row) for row in (record, silent)), "utf-8")
    assert labelled.read_labelled(path, labels)[-1] == ("引 题", "文", ("S",))
