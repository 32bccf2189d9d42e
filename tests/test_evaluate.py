"""Evaluation: the arithmetic of the figures, the reading of gold sets, the table. No corpora are needed."""

import json
import lzma
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import evaluate, gate
from pipeline.errors import ConfigError, PipelineError
from pipeline.measures import goldsets, metrics, pages, texts, words
from pipeline.measures.subject import Figure, Reckoning, Subject, agree, figures_of
from pipeline.text import AlignedText
from pipeline.training import goldpages
from pipeline.types import Layout

RATES = {
    "f1": (metrics.f1, (2, 4, 6), 0.4),
    "f1 of two empty sides": (metrics.f1, (0, 0, 0), 1.0),
    "f1 with nothing predicted": (metrics.f1, (0, 0, 3), 0.0),
    "precision": (metrics.precision, (2, 4, 6), 0.5),
    "recall": (metrics.recall, (2, 4, 6), 1 / 3),
    "rate": (metrics.rate, (3, 4), 0.75),
    "rate of nothing": (metrics.rate, (0, 0), 1.0),
    "macro f1 weighs classes alike": (metrics.macro_f1, [(1, 1, 1), (0, 9, 9)], 0.5),
    "ece of a sure and wrong answer": (metrics.ece, [(1, 0.9, 0), (0, 0, 0)], 0.9),
    "ece offsets inside a bin only": (metrics.ece, [(2, 1.0, 1), (1, 0.8, 1)], 0.2 / 3),
    "ece of nothing": (metrics.ece, [(0, 0, 0)], 0.0),
}


@pytest.mark.parametrize(("statistic", "sums", "expected"), RATES.values(), ids=RATES.keys())
def test_statistic_of_sums(statistic, sums, expected):
    assert float(statistic(np.asarray(sums, dtype=float))) == pytest.approx(expected)


def test_estimate_value_is_that_of_the_sums_not_the_mean_of_rates():
    assert metrics.estimate([(1, 1), (0, 3)], metrics.rate).value == 0.25


def test_estimate_repeats_itself():
    counts = [(i % 3, 3) for i in range(40)]
    assert metrics.estimate(counts, metrics.rate) == metrics.estimate(counts, metrics.rate)


def test_estimate_interval_has_the_width_of_a_binomial():
    counts = [(i % 2, 1) for i in range(400)]
    value, low, high = metrics.estimate(counts, metrics.rate)
    # The normal approximation of a rate of 0.5 over 400 cases: 0.5 ± 1.96 · 0.025.
    assert (value, low, high) == (0.5, pytest.approx(0.451, abs=0.006), pytest.approx(0.549, abs=0.006))


def test_estimate_of_equal_cases_has_no_width():
    assert metrics.estimate([(1, 2, 2)] * 9, metrics.f1) == (0.5, 0.5, 0.5)


def test_estimate_of_one_case_has_no_interval():
    assert metrics.estimate([(1, 2)], metrics.rate) == (0.5, None, None)


def test_estimate_refuses_no_cases():
    with pytest.raises(ValueError, match="at least one case"):
        metrics.estimate([], metrics.rate)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=30))
def test_estimate_interval_lies_inside_zero_and_one(rows):
    counts = [(min(row), row[1], row[2]) for row in rows]
    value, low, high = metrics.estimate(counts, metrics.f1, resamples=50)
    assert 0 <= low <= high <= 1
    assert 0 <= value <= 1


def test_match_counts_of_multisets():
    assert metrics.match_counts(["a", "a", "b"], ["a", "b", "b", "c"]) == (2, 3, 4)


SEGMENTED = {
    "all right": ("暴雨 过后", "暴雨 过后", (2, 2, 2, 1, 1)),
    "one word cut": ("暴 雨 过后", "暴雨 过后", (1, 3, 2, 0, 1)),
    "two words joined": ("暴雨过后", "暴雨 过后", (0, 1, 2, 0, 1)),
    "same words at other places": ("看 看看", "看看 看", (0, 2, 2, 0, 2)),
}


@pytest.mark.parametrize(("predicted", "gold", "expected"), SEGMENTED.values(), ids=SEGMENTED.keys())
def test_segmentation_counts(predicted, gold, expected):
    assert metrics.segmentation_counts(predicted.split(), gold.split(), frozenset({"过后"})) == expected


def test_segmentation_counts_refuse_other_text():
    with pytest.raises(ValueError, match="cannot be compared"):
        metrics.segmentation_counts(["a"], ["b"], frozenset())


def test_span_counts_want_borders_and_label():
    gold = [(0, 2, "PER"), (3, 5, "LOC"), (6, 9, "ORG")]
    predicted = [(0, 2, "PER"), (3, 5, "ORG"), (6, 8, "ORG")]
    assert metrics.span_counts(predicted, gold, ("PER", "LOC", "ORG")) == [(1, 1, 1), (0, 0, 1), (0, 2, 1)]


CLASSES = {
    "main topic": ("a", ("a", "b"), [(1, 1, 1), (0, 0, 0)]),
    "also right": ("b", ("a", "b"), [(0, 0, 0), (1, 1, 1)]),
    "wrong": ("b", ("a",), [(0, 0, 1), (0, 1, 0)]),
    "abstained": (None, ("a",), [(0, 0, 1), (0, 0, 0)]),
}


@pytest.mark.parametrize(("predicted", "accepted", "expected"), CLASSES.values(), ids=CLASSES.keys())
def test_class_counts(predicted, accepted, expected):
    assert metrics.class_counts(predicted, accepted, ("a", "b")) == expected


@pytest.mark.parametrize(("confidence", "place"), [(0.0, 0), (0.49, 4), (0.5, 5), (1.0, 9)])
def test_calibration_counts_choose_the_bin(confidence, place):
    rows = metrics.calibration_counts(confidence, right=True)
    assert [number for number, row in enumerate(rows) if row[0]] == [place]


def test_parse_bmes_reads_spans_and_a_last_sentence_without_blank_line():
    lines = ["王 B-NR\n", "丹 E-NR\n", "在 O\n", "晋 S-NS\n", "\n", "省 B-NT\n", "水 M-NT\n", "厅 E-NT\n"]
    first, second = goldsets.parse_bmes(lines)
    assert (first.text, first.spans) == ("王丹在晋", ((0, 2, "PER"), (3, 4, "LOC")))
    assert (second.text, second.spans) == ("省水厅", ((0, 3, "ORG"),))


def test_describe_changes_with_name_and_content(tmp_path):
    prints = set()
    for name, content in (("a.txt", "1"), ("a.txt", "2"), ("b.txt", "2")):
        folder = tmp_path / f"{len(prints)}"
        folder.mkdir()
        (folder / name).write_text(content)
        prints.add(goldsets.describe("x", folder.iterdir(), folder).fingerprint)
    assert len(prints) == 3


def test_describe_does_not_depend_on_order_or_place(tmp_path):
    files = []
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        for name in ("a", "b"):
            (tmp_path / folder / name).write_text(name)
        files.append([tmp_path / folder / name for name in ("a", "b")])
    one = goldsets.describe("s", files[0], tmp_path / "x")
    two = goldsets.describe("s", reversed(files[1]), tmp_path / "y")
    assert one == two


def test_held_out_pages_depend_on_the_names_alone():
    names = [f"并州晚报_2024-10-{day:02d}_04.md" for day in range(1, 31)]
    held = goldpages.held_out_pages(names, 5)
    assert len(held) == 5
    assert held == goldpages.held_out_pages(reversed(names), 5)


def test_present_names_what_is_missing(tmp_path):
    with pytest.raises(goldsets.AbsentError, match=r"no .*gold"):
        goldsets.present(tmp_path, "gold")
    with pytest.raises(goldsets.AbsentError, match="SHARED="):
        goldsets.present(tmp_path / "nowhere", "gold")


def test_read_topics_skips_items_without_topic_and_those_of_the_other_half(tmp_path):
    (tmp_path / "gold" / "topics").mkdir(parents=True)
    (tmp_path / "rawtext").mkdir()
    rows = [
        {"id": 1, "file": "a.xz", "block": 0, "topic": "sport", "also": ["health"], "split": "dev"},
        {"id": 2, "file": "a.xz", "block": 1, "topic": None, "also": [], "split": "dev"},
        {"id": 3, "file": "a.xz", "block": 1, "topic": "health", "also": [], "split": "train"},
    ]
    (tmp_path / "gold/topics/dev.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "rawtext/a.xz").write_bytes(lzma.compress("题\n正文。\n\n\n无题".encode()))
    items, _ = goldsets.read_topics(tmp_path)
    assert items == [(1, "题\n正文。", ("sport", "health"))]


def test_run_script_leaves_arguments_and_output_alone(tmp_path, capsys):
    script = tmp_path / "s.py"
    script.write_text("import sys\nfound = sys.argv[1:]\nprint('noise')\n")
    before = list(sys.argv)
    assert goldsets.run_script(script, ["a"])["found"] == ["a"]
    assert (sys.argv, capsys.readouterr().out) == (before, "")


# ---- what is counted ------------------------------------------------------------------------------------------


def gold_doc(entities, keywords=(), *, may=(), gold=(), gold_keywords=()):
    notes = {
        "entities": [{"text": text, "label": label, "where": "all"} for text, label in gold],
        "may": list(may),
        "keywords": list(gold_keywords),
    }
    return texts.GoldDoc("d", "", notes, list(entities), list(keywords))


def mentions(_text, entities):
    return [("".join(item["text"].split()), item["label"]) for item in entities]


ENTITIES = {
    "right": ([("王丹", "PER")], [("王丹", "PER")], [(1, 1, 1), (0, 0, 0), (0, 0, 0)]),
    "spaces do not count": ([("王 丹", "PER")], [("王丹", "PER")], [(1, 1, 1), (0, 0, 0), (0, 0, 0)]),
    "wrong label": ([("王丹", "LOC")], [("王丹", "PER")], [(0, 0, 1), (0, 1, 0), (0, 0, 0)]),
    "found twice": ([("省委", "ORG")] * 2, [("省委", "ORG")], [(0, 0, 0), (0, 0, 0), (1, 2, 1)]),
}


@pytest.mark.parametrize(("found", "gold", "expected"), ENTITIES.values(), ids=ENTITIES.keys())
def test_entity_counts(found, gold, expected):
    assert texts.entity_counts(gold_doc(found, gold=gold), mentions) == expected


def test_entity_counts_skip_surfaces_that_may_be_marked():
    item = gold_doc([("半岛", "LOC")], may=["半岛"], gold=[("朝鲜", "LOC")])
    assert texts.entity_counts(item, mentions)[1] == (0, 0, 1)


def test_entity_counts_leave_short_surfaces_out_on_both_sides():
    item = gold_doc([("中", "LOC"), ("朝鲜", "LOC")], gold=[("中", "LOC"), ("朝", "LOC"), ("朝鲜", "LOC")])
    assert texts.entity_counts(item, mentions, min_chars=2)[1] == (1, 1, 1)


def test_keyword_counts_take_the_first_ten_different_ones():
    found = [f"词{number}" for number in range(12)]
    item = gold_doc([], ["词0", *found], gold_keywords=["词0", "词9", "词10"])
    assert texts.keyword_counts(item) == (2, 10, 3)


class Scorer:
    """Stand for the pages' scorer: one article of two required ones is paired, with a wrong kind."""

    OPTIONAL = ("ad",)
    norm = staticmethod("".join)

    @staticmethod
    def records_for(predicted, page):
        return predicted[page]

    @staticmethod
    def score(golds, predicted):
        unknown = predicted[golds[0]["page"]][0]["kind"] == "?"
        part = {"tp": 1, "pred": 1, "gold": 2}
        fields = ("articles", "kickers", "subtitle", "column", "authors")
        return {
            **dict.fromkeys(fields, part),
            "subheads": None,
            "characters_assigned": 0.25,
            "lost_characters": 3,
            "title_exact": 0.5,
            "kind_accuracy": 0.0 if unknown else 1.0,
            "kind_confusions": {"news->?": 1} if unknown else {},
            "paragraphs_exact": 2 / 3,
            "wrongly_joined": 1,
            "wrongly_split": 0,
        }, []


def test_page_counts_turn_rates_into_sums():
    articles = [("news", ["雨停", "路通了"]), ("photo", ["图为"]), ("ad", ["招租招租招租"])]
    gold = {"page": "a.md", "articles": [{"kind": kind, "paragraphs": texts_} for kind, texts_ in articles]}
    counts = pages.page_counts(Scorer, gold, {"a.md": [{"kind": "news"}]})
    assert "subheads_f1" not in counts
    assert {name: counts[name] for name in ("articles", "characters_assigned", "characters_lost", "title_exact")} == {
        "articles": (1, 1, 2),
        "characters_assigned": (1.75, 7),
        "characters_lost": (3, 7),
        "title_exact": (1.0, 2),
    }
    assert (counts["kind_accuracy"], counts["paragraphs_exact"]) == ((1.0, 1), (2.0, 3))


def test_own_counts_want_title_and_body_of_a_whole_article(make_context):
    lines = [("title", "雨停路通"), ("byline", "记者 王丹"), ("paragraph", "路 通了｡"), ("credit", "据新华社")]
    article = make_context(*lines, people=[("王丹", "记者")]).article
    layout = Layout(AlignedText(""), (), (article,), ())
    right = {"title": "雨停路通", "paragraphs": ["路通了。"], "authors": [{"name": "王丹"}]}
    other = {"title": None, "paragraphs": ["雨停了。"], "authors": []}
    assert pages.own_counts(layout, {"articles": [right, other]}) == {
        "article_f1": (1, 1, 2),
        "title_f1": (1, 1, 1),
        "paragraph_f1": (1, 1, 2),
        "author_f1": (1, 1, 1),
    }


@pytest.mark.parametrize(("residual", "closes"), [(3, True), (2, False)])
def test_balance_closes(residual, closes):
    balance = {"in": 10, "in_articles": 5, "in_furniture": 1, "dropped_markup": 1, "residual": residual}
    assert pages.balance_closes(balance) is closes


def test_agree_refuses_figures_that_the_scorer_counts_otherwise():
    figure = Figure("a.f1", 0.5, None, None, 1, "pages", "s", "f")
    agree([figure], {"a.f1": 0.50004})
    with pytest.raises(PipelineError, match=r"a\.f1: counted 0\.5000, the set's scorer says 0\.6000"):
        agree([figure], {"a.f1": 0.6})


def test_figures_of_carry_set_cases_and_direction():
    gold = goldsets.GoldSet("own", "f" * 64, 1)
    (figure,) = figures_of("x", [(1, 2), (1, 2)], {"lost": Reckoning(metrics.rate, "lower")}, gold, "pages")
    assert figure == Figure("x.lost", 0.5, 0.5, 0.5, 2, "pages", "own", "f" * 64, "lower")


# ---- the command ----------------------------------------------------------------------------------------------

LIGHT = ('nlp.pipeline=["sentences","times","quantities"]', "nlp.tokenizer.method=char", "assets.charlm=")
CONFIG = goldsets.ROOT / "configs" / "news.cfg"


def test_evaluate_says_what_it_did_not_measure(tmp_path):
    found = evaluate.evaluate(Subject(CONFIG, tmp_path / "none", LIGHT), ["pages", "entities", "segmentation"])
    assert found["figures"] == {}
    assert found["not_measured"]["entities"].endswith("has no stage 'entities'")
    assert "SHARED=" in found["not_measured"]["pages"]
    assert "not measured: segmentation: no folder" in evaluate.to_table(found)


def test_main_without_the_sets_succeeds_and_writes(tmp_path, capsys):
    config = tmp_path / "light.cfg"
    config.write_text('[nlp]\npipeline = ["sentences"]\n[nlp.tokenizer]\nmethod = "char"\n[assets]\ncharlm = ""\n')
    out = tmp_path / "out" / "evaluation.json"
    given = ["--shared", str(tmp_path / "none"), "--config", str(config), "--out", str(out), "--only", "pages,speed"]
    assert evaluate.main(given) == 0
    assert capsys.readouterr().out.count("not measured:") == 2
    assert json.loads(out.read_text("utf-8"))["schema"] == evaluate.SCHEMA


@pytest.mark.parametrize("only", ["page", "", ","])
def test_only_refuses_what_is_no_section(only):
    with pytest.raises(ConfigError, match="allowed are pages, robustness"):
        evaluate.choose_sections(only)


def test_put_figures_replaces_what_stood_between_the_marks():
    row = {"value": 0.5, "low": None, "high": None, "cases": 2, "unit": "pages", "set": "own", "fingerprint": "f" * 64}
    page = f"a\n{evaluate.MARKS[0]}\nold\n{evaluate.MARKS[1]}\nz\n"
    new = evaluate.put_figures(page, {"figures": {"x.f1": row}, "not_measured": {}})
    assert "old" not in new
    assert "| x.f1 | 0.5000 |  | 2 pages | own `ffffffff` |" in new
    assert (new[:2], new[-2:]) == ("a\n", "z\n")


def test_put_figures_refuses_a_page_without_marks():
    with pytest.raises(ConfigError, match="lacks the lines"):
        evaluate.put_figures("a", {"figures": {}, "not_measured": {}})


def test_own_sets_hold_their_floors(tmp_path):
    """The part of the gate that needs nothing but the repository."""
    found = evaluate.evaluate(Subject(CONFIG, tmp_path / "none", LIGHT[:2]), ["times", "examples"])
    assert found["not_measured"] == {}
    floors = {
        name: floor
        for name, floor in gate.read_floors(gate.FLOORS).items()
        if name.partition(".")[0] in ("times", "examples")
    }
    assert floors
    assert [verdict for verdict in gate.check(found, floors) if verdict.status != "ok"] == []


# ---- words and tags -------------------------------------------------------------------------------------------


def test_tag_counts_want_span_and_tag():
    gold = [("南京", "ns"), ("市", "n"), ("长江", "ns"), ("大桥", "n")]
    found = [("南京", "ns"), ("市长", "n"), ("江", "g"), ("大桥", "v")]
    assert words.tag_counts(found, gold) == [(1, 4, 4), (2, 4, 4)]


def test_parse_conllu_takes_words_without_ranges_and_blanks():
    lines = ["# text = x\n", "1-2\t北京市\t_\n", "1\t北京\t_\n", "2\t市\t_\n", "2.1\t空\t_\n", "\n", "1\tNew York\t_\n"]
    assert list(words.parse_conllu(lines)) == [["北京", "市"], ["NewYork"]]


def test_word_figures_read_the_words_off_the_configured_chain(tmp_path):
    subject = Subject(CONFIG, tmp_path, LIGHT)
    gold = goldsets.GoldSet("own", "f" * 64, 1)
    lines = [["雨", "停", "了"], ["路", "通", "了"], ["他们"]]
    figures = {item.name: item for item in words.word_figures(subject, "x", lines, gold, known=frozenset("雨停了"))}
    assert figures["segmentation.x.precision"].value == pytest.approx(6 / 8)
    assert figures["segmentation.x.recall"].value == pytest.approx(6 / 7)
    assert figures["segmentation.x.oov_recall"].value == pytest.approx(2 / 3)


def test_tags_are_not_measured_without_a_tagger(tmp_path):
    found = evaluate.evaluate(Subject(CONFIG, tmp_path, LIGHT), ["tags"])
    assert found["not_measured"]["tags"].endswith("has neither segmenter nor stage that assigns token.tag")


def test_keyword_ndcg_prefers_right_ones_at_the_head():
    first, last = (
        texts.keyword_ndcg(gold_doc([], found, gold_keywords=["词0"])) for found in (["词0", "x"], ["x", "词0"])
    )
    assert (first, last) == (1.0, pytest.approx(0.6309, abs=1e-4))
    assert texts.keyword_ndcg(gold_doc([], ["x"], gold_keywords=["词0"])) == 0
