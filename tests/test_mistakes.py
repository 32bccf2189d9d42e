"""The list of mistakes: what is one, how it is called, and what of it may be shown."""

import json

import pytest

from pipeline import evaluate
from pipeline.measures import goldsets, mistakes
from pipeline.measures.mistakes import Mistake, compare_spans, gold_spans, in_context, to_markdown
from pipeline.measures.subject import Subject

CONFIG = goldsets.ROOT / "configs" / "news.cfg"
LIGHT = ('nlp.pipeline=["sentences","times","quantities"]', "nlp.tokenizer.method=char", "assets.charlm=")

SPANS = {
    "missed": ([(0, 2, "LOC")], [], ["LOC missed"]),
    "invented": ([], [(0, 2, "PER")], ["PER invented"]),
    "same": ([(0, 2, "PER")], [(0, 2, "PER")], []),
    "label": ([(0, 2, "ORG")], [(0, 2, "LOC")], ["ORG called LOC"]),
    "too short": ([(0, 4, "ORG")], [(0, 2, "ORG")], ["ORG too short"]),
    "too long": ([(0, 2, "ORG")], [(0, 4, "ORG")], ["ORG too long"]),
    "displaced": ([(0, 3, "ORG")], [(1, 4, "ORG")], ["ORG displaced"]),
    "label and border": ([(0, 4, "ORG")], [(0, 2, "LOC")], ["ORG called LOC, too short"]),
    "two for one": ([(0, 4, "LOC")], [(0, 2, "LOC"), (2, 4, "LOC")], ["LOC too short", "LOC invented"]),
}


@pytest.mark.parametrize(("gold", "ours", "kinds"), SPANS.values(), ids=SPANS.keys())
def test_compare_spans(gold, ours, kinds):
    assert [kind for kind, _, _ in compare_spans(gold, ours)] == kinds


def test_gold_spans_take_the_longest_first_and_only_the_occurrences_that_count():
    entities = [
        {"text": "临溪", "label": "LOC", "where": [1]},
        {"text": "临溪日报", "label": "ORG", "where": "all"},
    ]
    assert gold_spans("临溪日报在临溪说临溪", entities) == [(0, 4, "ORG"), (8, 10, "LOC")]


def test_in_context_keeps_to_one_line():
    assert in_context("雨\n停了", 2, 3) == "雨⏎[停]了"


def test_time_mistakes_name_what_differs(tmp_path, monkeypatch):
    time = {"type": "DATE", "value": "2024-10-15", "mod": None}
    case = {
        "date": "2024-10-16",
        "text": "10月15日，来了3人。",
        "times": [{"text": "10月15日", **time, "value": "2024-10-14"}],
        "quantities": [],
    }
    path = tmp_path / "cases.jsonl"
    path.write_text(json.dumps(case), "utf-8")
    monkeypatch.setattr(goldsets, "TIMES", path)
    monkeypatch.setattr(goldsets, "TIMES_BLIND", path)
    found = list(mistakes.time_mistakes(Subject(CONFIG, tmp_path, LIGHT)))
    assert [(item.kind, item.gold, item.ours) for item in found[:2]] == [
        ("time value", "10月15日 DATE 2024-10-14 –", "10月15日 DATE 2024-10-15 –"),
        ("quantity invented", "–", "3人 count 3 人"),
    ]


def test_differing_pieces_lie_between_common_borders():
    gold = [("南京", "ns"), ("市", "n"), ("长江", "ns"), ("大桥", "n")]
    ours = [("南京市", "ns"), ("长江", "ns"), ("大桥", "v")]
    assert list(mistakes._differing(gold, ours)) == [
        ([("南京", "ns"), ("市", "n")], [("南京市", "ns")], 0, 3),
        ([("大桥", "n")], [("大桥", "v")], 5, 7),
    ]


def test_markdown_gives_only_numbers_of_held_out_sets():
    shown = Mistake("entities", "LOC missed", "d1", "临溪", "–", "在[临溪]说")
    held = Mistake("msra", "LOC missed", "", "", "", "")
    text = to_markdown([shown, held, held], {"pages": "no folder"}, limit=5)
    assert "| d1 | 临溪 | – | 在[临溪]说 |" in text
    assert "## msra: 2" in text
    assert "### msra" not in text
    assert "not listed: pages: no folder" in text


def test_markdown_cells_hold_their_text():
    text = to_markdown([Mistake("pages", "title differs", "p", "甲|乙", "丙\n丁", "")], {}, limit=1)
    assert "| p | 甲¦乙 | 丙⏎丁 |  |" in text


def test_held_out_pages_give_no_text(tmp_path, monkeypatch):
    """Every mistake on a held-out page leaves its names, gold and context behind."""
    page = Mistake("pages", "title differs", "held.md", "甲", "乙", "丙")
    gold = {"page": "held.md", "articles": []}
    monkeypatch.setattr(mistakes, "present", lambda *_: [tmp_path, tmp_path])
    scorer = type("S", (), {"load_gold": staticmethod(lambda _: [gold]), "records_for": staticmethod(lambda *_: [])})
    monkeypatch.setattr(goldsets, "load_module", lambda *_: scorer)
    monkeypatch.setattr(mistakes.pages, "load_predictions", lambda *_: {})
    monkeypatch.setattr(mistakes, "_articles", lambda *_: iter([page]))
    subject = type("Subject", (), {"shared": tmp_path, "pages": {}})
    assert list(mistakes.page_mistakes(subject)) == [Mistake("pages held20", "title differs", "", "", "", "")]


def test_errors_command_without_the_sets_says_so(tmp_path, capsys):
    out = tmp_path / "errors.md"
    given = ["errors", "--shared", str(tmp_path / "none"), "--out", str(out), "--only", "pages,words"]
    assert evaluate.main(given) == 0
    assert capsys.readouterr().out.count("not listed:") == 2
    assert out.read_text("utf-8").count("not listed:") == 2


def test_errors_command_refuses_an_unknown_section(capsys):
    assert evaluate.main(["errors", "--only", "speed"]) == 2
    assert "allowed are pages, entities" in capsys.readouterr().err
