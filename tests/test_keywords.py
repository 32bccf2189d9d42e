import time
from collections import Counter

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingClassifier
from spacy.tokens import Doc
from spacy.vocab import Vocab

from pipeline.candidates import (
    FORMULAE,
    LABELS,
    LETTERS,
    MODIFIER,
    NAME,
    NONE,
    NOUN,
    NUMBER,
    VERBAL,
    VERBAL_NOUN,
    Area,
    Words,
    collect,
    form_of,
    is_term,
    kind_of,
)
from pipeline.components import EXTENSIONS
from pipeline.components.keywords import (
    METHODS,
    KeywordModel,
    Keywords,
    Scored,
    choose,
    find_all,
    find_areas,
    make_keywords,
    rank_words,
    read_words,
    score_textrank,
    score_tfidf,
)
from pipeline.components.topics import make_topics
from pipeline.errors import ConfigError
from pipeline.keyness import NAMES, Frequencies, Trees, describe, shorten
from pipeline.plaintext import find_formulae, merge_spans, split_title
from pipeline.substrings import Substrings, keys_of
from pipeline.text import AlignedText
from pipeline.training.frequencies import average_rates, pack, strings_of
from pipeline.training.keywords import lay_out
from pipeline.types import Article, Byline, Context, Entity, Person, Zone

TAGGED = (
    "县/n 农业/n 技术/n 推广/vn 中心/n 举办/v 培训班/n ，/w 农业/n 技术/n 推广/vn 人员/n "
    "讲解/v 小麦/n 条锈病/n 防治/vn ，/w 小麦/n 条锈病/n 是/v 主要/b 病害/n 。/w"
)


def words_of(tagged):
    pairs = [pair.rpartition("/")[::2] for pair in tagged.split()]
    ends = np.cumsum([len(text) for text, _ in pairs])
    starts = ends - [len(text) for text, _ in pairs]
    return Words.of("".join(text for text, _ in pairs), starts, ends, [form_of(tag, text) for text, tag in pairs])


def collected(tagged, entities=(), areas=None):
    words = words_of(tagged)
    return collect(words, areas or [Area(0, len(words.text), 0)], entities)


def pick(candidates, *texts):
    """Take the candidates with these texts, in this order."""
    return candidates.take(np.array([candidates.texts.index(text) for text in texts]))


@pytest.fixture(scope="module")
def vocab():
    for name, default in EXTENSIONS.items():
        if not Doc.has_extension(name):
            Doc.set_extension(name, default=default)
    return Vocab()


def make_doc(vocab, tagged, context=None, entities=()):
    pairs = [pair.rpartition("/") for pair in tagged.split()]
    texts = [text.replace("␤", "\n") for text, _, _ in pairs]
    doc = Doc(vocab, words=texts, spaces=[False] * len(texts), tags=[tag for _, _, tag in pairs])
    doc._.context, doc._.entities = context, entities
    return doc


FREQUENCIES = Frequencies.of(
    {"农业": 3.0, "技术": 3.0, "农业技术": 8.0, "小麦": 8.0, "中心": 2.0, "培训班": 8.0, "病害": 10.0}
)


def plain_model():
    """A model without trees: every candidate is as good as any other."""
    shape = (1, 7)
    trees = Trees(
        features=np.zeros(shape, dtype=np.intp),
        thresholds=np.full(shape, np.inf, dtype=np.float32),
        masks=np.full(shape, 255, dtype=np.uint8),
        values=np.zeros((1, 8), dtype=np.float32),
        bias=0.0,
    )
    return KeywordModel(FREQUENCIES, trees)


@pytest.mark.parametrize(
    ("tag", "text", "kind"),
    [
        ("n", "小麦", NOUN),
        ("NR", "张三", NAME),
        ("nrt", "约翰", NAME),
        ("vn", "防治", VERBAL_NOUN),
        ("v", "防治", VERBAL),
        ("w", "，", NONE),
        ("x", "、", NONE),
        ("eng", "AI", LETTERS),
        ("eng", "5G", LETTERS),
        ("eng", "and", NONE),
        ("m", "2023", NUMBER),
        ("t", "今天", MODIFIER),
        ("t", "十月", NONE),
        ("m", "二号", NOUN),
        ("", "小麦", NOUN),
        ("", "麦", NONE),
        ("u", "的", NONE),
        ("x", "###", NONE),
    ],
)  # fmt: skip
def test_kind_of_sorts_tags_of_both_sets(tag, text, kind):
    assert kind_of(tag, text) == kind


@pytest.mark.parametrize(
    ("text", "fit"),
    [
        ("小麦条锈病", True),
        ("麦", False),
        ("本报讯", False),
        ("2023年10月", False),
        ("100", False),
        ("A股", True),
        ("很" * 13, False),
    ],
)
def test_is_term_refuses_formulae_dates_and_lengths(text, fit):
    assert is_term(text) == fit


def test_collect_finds_words_and_phrases():
    assert {"农业技术推广", "小麦条锈病", "培训班", "条锈病"} <= set(collected(TAGGED).texts)


def test_collect_crosses_no_mark_and_ends_in_no_verb_of_report():
    assert not {"培训班农业", "条锈病是", "推广人员讲解"} & set(collected(TAGGED).texts)


def test_collect_counts_places_and_gives_the_first_and_the_last():
    one = pick(collected(TAGGED), "小麦条锈病")
    assert (one.counts[0], one.firsts[0], one.lasts[0]) == (2, 25, 33)


def test_collect_counts_a_place_once_that_words_and_an_entity_give():
    one = pick(collected(TAGGED, entities=[(25, 30, "ORG"), (25, 30, "ORG")]), "小麦条锈病")
    assert (one.counts[0], one.parts[0], LABELS[one.labels[0]]) == (2, 2, "ORG")


def test_collect_adds_entities_quotations_and_works():
    tagged = "他/r 在/p “/w 田间/s 课堂/n ”/w 讲/v 《/w 麦田/n 的/u 事/n 》/w ，/w 王小麦/nr 来/v 了/u"
    found = collected(tagged, entities=[(16, 19, "PER")])
    some = pick(found, "田间课堂", "麦田的事", "王小麦")
    assert (some.quoted.tolist(), some.labels.tolist()) == ([True, True, False], [-1, -1, LABELS.index("PER")])


def test_collect_keeps_to_the_areas():
    assert "培训班" not in collected(TAGGED, areas=[Area(0, 9, 0), Area(14, 43, 0)]).texts


def test_collect_counts_the_most_frequent_phrase_around():
    assert pick(collected(TAGGED), "条锈病").longer[0] == 2


def test_shorten_leaves_formulae_out_and_keeps_the_limit():
    short = shorten(collected(TAGGED), words_of(TAGGED), FREQUENCIES, limit=5)
    assert len(short) == 5
    assert not set(short.texts) & FORMULAE


def test_describe_gives_one_finite_row_a_candidate():
    found = collected(TAGGED)
    table = describe(found, words_of(TAGGED), [Area(0, 99, 2)], FREQUENCIES)
    assert table.shape == (len(found), len(NAMES))
    assert np.isfinite(table).all()


def test_describe_knows_frequency_and_headline():
    row = describe(pick(collected(TAGGED), "小麦条锈病"), words_of(TAGGED), [Area(0, 99, 2)], FREQUENCIES)[0]
    named = dict(zip(NAMES, row.tolist(), strict=True))
    assert (named["log tf"], named["in title"], named["unseen"], named["parts"]) == (pytest.approx(np.log(2)), 1, 1, 2)


def test_describe_knows_the_words_inside():
    row = describe(pick(collected(TAGGED), "农业技术推广"), words_of(TAGGED), [], FREQUENCIES)[0]
    named = dict(zip(NAMES, row.tolist(), strict=True))
    assert (named["least bits"], named["most bits"], named["mean bits"]) == (3.0, 16.0, pytest.approx(22 / 3))
    assert named["most log tf"] == pytest.approx(np.log(2))


@pytest.mark.parametrize(
    ("text", "formula"),
    [
        ("本报讯（记者 王小明 通讯员 李大山）昨天", ["本报讯", "（记者 王小明 通讯员 李大山）"]),
        ("新华社北京10月15日电 记者获悉", ["新华社北京10月15日电"]),
        ("村里的路修好了。记者看到，", []),
        ("本报记者 王小明\n昨天", ["本报记者 王小明"]),
        ("来源：市气象台\n今天", ["来源：市气象台"]),
    ],
)
def test_find_formulae_finds_bylines_and_datelines(text, formula):
    assert [text[start:end] for start, end in find_formulae(text)] == formula


def test_split_title_takes_a_short_first_line_only():
    assert [split_title(text)[0] for text in ("小麦丰收\n今年好。", "今年好。\n小麦丰收", "小麦丰收")] == [
        "小麦丰收",
        "",
        "",
    ]


def test_merge_spans_joins_what_touches():
    assert merge_spans([(5, 8), (0, 2), (2, 4), (6, 7)]) == [(0, 4), (5, 8)]


def test_find_areas_leaves_out_silent_zones_and_formulae():
    text = "小麦丰收\n本报记者 王小明\n本报讯（记者 王小明）今年丰收"
    zones = (Zone("title", 0, 4), Zone("byline", 5, 13), Zone("paragraph", 14, len(text)))
    article = Article(1, "news", "news", AlignedText.of(text), zones)
    areas = find_areas(text, Context(article))
    assert [(text[area.start : area.end], area.weight) for area in areas] == [("小麦丰收", 2), ("今年丰收", 0)]


def scored(*texts):
    """Score texts in falling order."""
    return Scored(list(texts), -np.arange(len(texts), dtype=np.float32))


def test_choose_drops_parts_that_never_stand_alone():
    order = scored("小麦条锈病", "条锈病", "小麦", "农业技术", "技术")
    assert [one for one, _ in choose(words_of(TAGGED).text, order, top_n=5)] == ["小麦条锈病", "农业技术"]


def test_choose_keeps_a_part_that_also_stands_alone():
    order = scored("科技成果转化", "科技成果")
    assert [one for one, _ in choose("科技成果转化了，科技成果展出。", order, top_n=5)] == ["科技成果转化", "科技成果"]


def test_find_all_finds_places_without_overlap():
    assert find_all("花花花花，花花", "花花") == ((0, 2), (2, 4), (5, 7))


def test_rank_words_prefers_the_word_with_more_neighbours():
    words = words_of("小麦/n 病害/n 小麦/n 虫害/n 小麦/n 丰收/vn")
    start = int(words.starts[np.argmax(rank_words(words))])
    assert words.text[start : start + 2] == "小麦"


def test_score_textrank_weighs_a_phrase_by_the_mean_of_its_words():
    words = words_of(TAGGED)
    ranks = rank_words(words)
    found = pick(collected(TAGGED), "小麦条锈病", "培训班")
    mean = (ranks[13] + ranks[14]) / 2 * 2**0.5
    share = 1 / (1 + np.exp(-score_textrank(found, words)))
    assert share[1] / share[0] == pytest.approx(ranks[6] / mean, rel=1e-4)


def test_score_tfidf_prefers_frequent_and_rare():
    common, rare = score_tfidf(pick(collected(TAGGED), "农业", "小麦条锈病"), FREQUENCIES)
    assert rare > common


@pytest.mark.parametrize("method", METHODS)
def test_keywords_gives_exact_spans_by_every_method(vocab, method):
    doc = Keywords(plain_model(), method=method, top_n=5, min_score=0.0)(make_doc(vocab, TAGGED))
    assert doc._.keywords
    assert all(doc.text[start:end] == one.text for one in doc._.keywords for start, end in one.spans)


def test_keywords_leaves_people_of_the_byline_out(vocab):
    doc = make_doc(vocab, "王小明/nr 讲解/v 小麦/n 条锈病/n 防治/vn")
    article = Article(1, "news", "news", AlignedText.of(doc.text), (Zone("paragraph", 0, len(doc.text)),))
    byline = Byline(people=(Person("王小明", "记者"),))
    doc._.entities = (Entity("e1", 0, 3, "王小明", "PER"),)
    doc._.context = Context(
        Article(1, "news", "news", article.text, article.zones, byline=byline),
    )
    texts = [one.text for one in Keywords(plain_model(), method="tfidf", top_n=9, min_score=0.0)(doc)._.keywords]
    assert texts
    assert not any("王小明" in text for text in texts)


def test_keywords_obeys_top_n_and_min_score(vocab):
    few = Keywords(plain_model(), method="tfidf", top_n=2, min_score=0.0)(make_doc(vocab, TAGGED))
    none = Keywords(plain_model(), method="ranker", top_n=2, min_score=0.6)(make_doc(vocab, TAGGED))
    assert (len(few._.keywords), none._.keywords) == (2, ())


@pytest.mark.parametrize("tagged", ["", "天/n", "2023/m 年/q", "，/w 。/w", "###/x and/eng", "␤/w", "的/u " * 50])
def test_keywords_are_none_where_there_is_nothing(vocab, tagged):
    doc = Keywords(plain_model(), method="ranker", top_n=5, min_score=0.0)(make_doc(vocab, tagged))
    assert doc._.keywords == ()


def test_keywords_takes_a_long_text(vocab):
    doc = make_doc(vocab, "小麦/n 条锈病/n 防治/vn ，/w " * 10_000)
    assert Keywords(plain_model(), method="ranker", top_n=5, min_score=0.0)(doc)._.keywords


def test_read_words_gives_words_places_and_kinds(vocab):
    words = read_words(make_doc(vocab, "小麦/n 丰收/v 了/u"))
    assert (words.text, words.starts.tolist(), words.kinds.tolist()) == ("小麦丰收了", [0, 2, 4], [NOUN, VERBAL, NONE])


def test_read_words_keeps_places_where_tokens_have_spaces(vocab):
    doc = Doc(vocab, words=["小麦", "AI"], spaces=[True, False], tags=["n", "eng"])
    words = read_words(doc)
    assert [words.text[start:end] for start, end in zip(words.starts, words.ends, strict=True)] == ["小麦", "AI"]


def test_read_words_forgets_what_it_knows_when_that_is_too_much(vocab, monkeypatch):
    monkeypatch.setattr("pipeline.components.keywords.MAX_KNOWN", 2)
    known = {}
    for tagged in ("小麦/n 丰收/v 了/u", "麦田/n"):
        read_words(make_doc(vocab, tagged), known)
    assert len(known) == 1


@pytest.mark.parametrize("options", [{"method": "best"}, {"top_n": 0}, {"min_score": 2.0}])
def test_make_keywords_refuses_what_cannot_be(options):
    with pytest.raises(ConfigError, match=next(iter(options))):
        make_keywords(None, "keywords", **options)


def test_trees_score_as_scikit_learn_does():
    rng = np.random.default_rng(0)
    table = rng.normal(size=(400, 6)).astype(np.float32)
    wanted = table[:, 0] * table[:, 1] > 0.2
    model = GradientBoostingClassifier(n_estimators=20, max_leaf_nodes=8, random_state=0).fit(table, wanted)
    prior = wanted.mean()
    trees = lay_out(
        [one.tree_ for one in model.estimators_[:, 0]], model.learning_rate, float(np.log(prior / (1 - prior)))
    )
    assert np.allclose(trees(table), model.decision_function(table), atol=1e-4)


def test_strings_of_joins_content_words_only():
    assert strings_of(["农业", "技术", "的", "推广"], {"农业": "n", "技术": "n", "的": "uj", "推广": "v"}) == {
        "农业", "技术", "农业技术", "的", "推广",
    }  # fmt: skip


def test_pack_and_load_give_the_bits_back(tmp_path):
    packed = pack({"小麦": 0.25, "技术": 0.5})
    np.savez(tmp_path / "f.npz", strings=packed["strings"], steps=packed["steps"])
    assert Frequencies.load(tmp_path / "f.npz").bits_of(keys_of(["技术", "小麦", "麦"])).tolist() == [1.0, 2.0, 16.0]


def test_average_rates_weighs_genres_alike():
    rates = average_rates([(Counter({"大运会": 90}), 100), (Counter({"大运会": 2}), 1000)])
    assert rates["大运会"] == pytest.approx((0.9 + 0.002) / 2)


@pytest.fixture(scope="module")
def shipped():
    return make_keywords(None, "keywords", top_n=5)


def test_shipped_model_finds_the_phrase_a_text_is_about(vocab, shipped):
    doc = shipped(make_doc(vocab, TAGGED))
    assert "小麦条锈病" in [one.text for one in doc._.keywords]


@pytest.mark.parametrize("text", ["小麦条锈病小麦", "𠀀a\ud800b𠀀a", "一" * 3000])
def test_substrings_give_equal_strings_equal_keys(text):
    ends = np.array([len(text), 2, 2])
    keys = Substrings(text).keys(ends - 2, ends)
    assert keys.tolist() == keys_of([text[-2:], text[:2], text[:2]]).tolist()
    assert (keys[0] == keys[1]) == (text[-2:] == text[:2])


def test_keys_of_tells_a_quarter_of_a_million_strings_apart():
    strings = [
        f"{first}{second}麦" for first in map(chr, range(0x4E00, 0x5000)) for second in map(chr, range(0x4E00, 0x5000))
    ]
    assert len(np.unique(keys_of(strings))) == len(strings)


def test_collect_takes_no_phrase_that_cuts_an_entity():
    tagged = "他/r 复信/n 世界/n 卫生/n 组织/n 总干事/n"
    cut = {"复信世界", "复信世界卫生", "卫生组织总干事"}
    assert cut <= set(collected(tagged).texts)
    found = set(collected(tagged, entities=[(3, 9, "ORG")]).texts)
    assert not cut & found
    assert {"世界卫生组织", "卫生组织", "世界卫生组织总干事"} <= found


def test_choose_with_diversity_prefers_what_says_something_new():
    order = Scored(["小麦病害", "小麦虫害", "培训班"], np.array([2.0, 1.5, 1.0], dtype=np.float32))
    text = "小麦病害，小麦虫害，培训班"
    plain = [one for one, _ in choose(text, order, top_n=2)]
    diverse = [one for one, _ in choose(text, order, top_n=2, diversity=2.0)]
    assert (plain, diverse) == (["小麦病害", "小麦虫害"], ["小麦病害", "培训班"])


# What a librarian would not file an article under, one text a rule: the tagged text, and strings that no keyword may
# hold.
UNWANTED = [
    ("本报讯/n （/w 记者/n 王小明/nr 通讯员/n 李大山/nr ）/w 小麦/n 丰收/vn", ["本报讯", "记者", "通讯员"]),
    ("本报讯/n （/w 记者/n 王小明/nr 通讯员/n 李大山/nr ）/w 小麦/n 丰收/vn", ["王小明", "李大山"]),
    ("有关/vn 部门/n 负责人/n 介绍/v ，/w 近日/t 小麦/n 丰收/vn", ["有关部门", "负责人介绍", "近日"]),
    ("##/x 小麦/n and/x 丰收/vn ■/x ◆/x |/x |/x http/eng", ["and", "#", "■", "◆", "|", "http"]),
    ("2023/m 年/q 10/m 月/q ，/w 3/m 万/m 亩/q 小麦/n 丰收/vn", ["2023", "10", "3万", "万亩"]),
    ("小麦/n 条锈病/n 防治/vn ，/w 小麦/n 条锈病/n 是/v 病害/n", ["锈病是", "病害是"]),
]  # fmt: skip


@pytest.mark.parametrize(("tagged", "strings"), UNWANTED)
@pytest.mark.parametrize("method", METHODS)
def test_keywords_hold_no_formulae_bylines_debris_or_numbers(vocab, shipped, tagged, strings, method):
    stage = Keywords(shipped.model, method=method, top_n=50, min_score=0.0)
    found = [one.text for one in stage(make_doc(vocab, tagged))._.keywords]
    assert found
    assert not [one for one in found for string in strings if string in one]


@pytest.mark.parametrize("method", METHODS)
def test_keywords_are_no_fragments_of_one_another_unless_both_stand_alone(vocab, shipped, method):
    tagged = (
        f"{TAGGED} 科技/n 成果/n 转化/vn 快/a ，/w 科技/n 成果/n 多/a ，/w 县/n 农业/n 技术/n 推广/vn 中心/n 快/a 。/w"
    )
    doc = Keywords(shipped.model, method=method, top_n=50, min_score=0.0)(make_doc(vocab, tagged))
    found = [one.text for one in doc._.keywords]
    inside = [(one, other) for one in found for other in found if one != other and one in other]
    assert all(doc.text.count(one) > doc.text.count(other) for one, other in inside)


BAD = {
    "three characters": "丰/v 收/v 了/u",
    "only numbers": "2023/m ，/w 10/m ，/w 15.6/m %/m",
    "an ad": "热线/n ：/w 4008/m ，/w 全场/n 五/m 折/q ，/w 欲购/v 从速/d ！/w",
    "a poem": "山风/n 吹/v 过/u 窗/n ␤/w 旧/a 书桌/n 与/c 灯/n ␤/w 夜/n 里/f 雨/n 声/n",
    "English text": "The/eng court/eng heard/eng the/eng case/eng in/eng London/eng ./w",
}


@pytest.mark.parametrize("tagged", BAD.values(), ids=BAD.keys())
@pytest.mark.parametrize("method", METHODS)
def test_keywords_of_bad_input_are_sensible_or_none(vocab, shipped, tagged, method):
    doc = Keywords(shipped.model, method=method, top_n=10, min_score=0.0)(make_doc(vocab, tagged))
    assert all(doc.text[start:end] == one.text for one in doc._.keywords for start, end in one.spans)
    assert not [one.text for one in doc._.keywords if one.text.islower() or one.text.isdigit()]


def test_time_of_keywords_and_topics_grows_no_faster_than_the_text(vocab, shipped):
    topics = make_topics(None, "topics")
    rng = np.random.default_rng(0)
    known = [f"{chr(0x4E00 + int(a))}{chr(0x5000 + int(b))}/n" for a, b in rng.integers(0, 900, (4000, 2))]
    seconds = []
    for size in (8_000, 64_000):
        words = [known[at] if at % 7 else "，/w" for at in rng.integers(0, 4000, size)]
        doc = make_doc(vocab, " ".join(words))
        begin = time.process_time()
        topics(shipped(doc))
        seconds.append(time.process_time() - begin)
    exponent = np.log(seconds[1] / seconds[0]) / np.log(8)
    assert exponent < 1.2
