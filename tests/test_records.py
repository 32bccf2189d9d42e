"""Records: ids, spans, maps, schemas, and one line of JSON there and back."""

import dataclasses
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from pipeline import records
from pipeline.errors import PageError
from pipeline.text import AlignedText, Replacement
from pipeline.types import Article, Entity, Keyword, Page, Publication, Zone

SUITES = Path(__file__).parent / "schema"
SHA = "0" * 64
ISSUE = Publication(name="并州晚报", date="2024-10-16", date_source="path", page_no="4")
TEXT = "## 雨停路通\n\n记者王丹 and 李强报道,路通了。\n"
PAGE = Page(id="p", source="a.md", text=TEXT, sha256=SHA, n_bytes=60, encoding="utf-8", publication=ISSUE)


def article():
    cleaned = AlignedText.of(TEXT).replace([Replacement(13, 18, "和", "stray_latin", 0.99)])
    text = AlignedText.join([cleaned.slice(3, 7), cleaned.slice(9, 22)], "\n")
    zones = (Zone("title", 0, 4), Zone("paragraph", 5, len(text)))
    return Article(order=2, kind="news", form="news", text=text, zones=zones, title="雨停路通", lines=(1, 3))


@pytest.fixture
def record(make_doc):
    doc = make_doc(["雨停", "路通", "\n", "记者", "王丹", "和", "李强", "报道", ",", "路", "通", "了", "。"])
    doc._.entities = (Entity("e1", 7, 9, "王丹", "PER", score=0.98765, source="ner"),)
    doc._.keywords = (Keyword("路", 0.5, ((2, 3), (15, 16))),)
    return records.to_record(article(), doc, PAGE, layers={"split": "x@1"})


PAGE_IDS = {
    "all known": (ISSUE, "并州晚报-2024-10-16-p04"),
    "letter in the page number": (dataclasses.replace(ISSUE, page_no="A3"), "并州晚报-2024-10-16-pA03"),
    "no page number": (dataclasses.replace(ISSUE, page_no=None), "0" * 12),
    "no date": (dataclasses.replace(ISSUE, date=None), "0" * 12),
    "name with a slash": (dataclasses.replace(ISSUE, name="a/b 报"), "a_b_报-2024-10-16-p04"),
}


@pytest.mark.parametrize(("publication", "expected"), PAGE_IDS.values(), ids=PAGE_IDS.keys())
def test_page_id_names(publication, expected):
    assert records.page_id(publication, SHA) == expected


def test_to_record_follows_the_schema(record):
    Draft202012Validator(records.load_schema("article")).validate(record)


def test_to_record_keeps_the_order_of_the_contract(record):
    assert list(record) == list(records.load_schema("article")["properties"])


def test_to_record_map_leads_back_to_the_page(record):
    for start, end, source in record["source"]["map"]:
        assert record["text"][start:end] == TEXT[source : source + end - start]


def test_to_record_lists_edits_with_what_stood_on_the_page(record):
    (edit,) = record["edits"]
    assert (record["text"][edit["start"] : edit["end"]], edit["original"], edit["rule"]) == (
        "和",
        " and ",
        "stray_latin",
    )


def test_to_record_rounds_scores(record):
    assert record["entities"][0]["score"] == 0.9877


def test_to_record_leaves_tokens_out_when_told(make_doc):
    made = records.to_record(article(), make_doc(list(article().text.text)), PAGE, layers={}, tokens=False)
    assert made["tokens"] == {"start": [], "end": [], "tag": [], "pos": []}


BROKEN = {
    "entity": ("entities", (Entity("e1", 6, 8, "王丹", "PER"),)),
    "keyword": ("keywords", (Keyword("路", 0.5, ((0, 1),)),)),
}


@pytest.mark.parametrize(("layer", "value"), BROKEN.values(), ids=BROKEN.keys())
def test_to_record_refuses_spans_that_do_not_slice_back(make_doc, layer, value):
    doc = make_doc(list(article().text.text))
    setattr(doc._, layer, value)
    with pytest.raises(PageError, match=rf"1 spans do not slice back to the text, the first in {layer}"):
        records.to_record(article(), doc, PAGE, layers={})


def test_to_record_refuses_zones_that_overlap(make_doc):
    wrong = dataclasses.replace(article(), zones=(Zone("title", 0, 4), Zone("paragraph", 3, 9)))
    with pytest.raises(PageError, match="zones"):
        records.to_record(wrong, make_doc(list(wrong.text.text)), PAGE, layers={})


def test_line_is_one_line_and_reads_back(record):
    line = records.to_line(record)
    assert "\n" not in line
    assert records.from_line(line) == record


strings = st.text(st.characters(codec="utf-8"))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | strings,
    lambda inner: st.lists(inner) | st.dictionaries(strings, inner),
)


@given(st.dictionaries(strings, json_values))
def test_line_reads_back_whatever_it_holds(value):
    line = records.to_line(value)
    assert records.from_line(line) == value
    assert records.to_line(records.from_line(line)) == line
    assert "\n" not in line


@pytest.mark.parametrize("value", [{"x": float("nan")}, {"x": float("inf")}, {"x": "\ud800"}])
def test_to_line_refuses_what_json_cannot_hold(value):
    with pytest.raises(PageError, match="not writable as UTF-8 JSON"):
        records.to_line(value)


FINGERPRINTS = {
    "same words, other punctuation": ("今天，太原市下雨。路通了！", "今天太原市下雨 路通了", 0, 0),
    "one word changed": (
        "记者从市农业农村局获悉今年全市粮食播种面积达三百二十万亩",
        "记者从市农业农村局获悉今年全市粮食播种面积达三百三十万亩",
        1,
        20,
    ),
    "other text": ("记者从市农业农村局获悉今年全市粮食播种面积", "春天来了公园里的花都开了游客很多", 16, 64),
}


@pytest.mark.parametrize(("left", "right", "low", "high"), FINGERPRINTS.values(), ids=FINGERPRINTS.keys())
def test_fingerprint_distance(left, right, low, high):
    bits = int(records.fingerprint(left), 16) ^ int(records.fingerprint(right), 16)
    assert low <= bits.bit_count() <= high


@pytest.mark.parametrize("text", ["", "abc", "一二三", "2024"])
def test_fingerprint_of_too_little_is_none(text):
    assert records.fingerprint(text) is None


@pytest.mark.parametrize("path", sorted(SUITES.glob("*/pass/*.json")), ids=lambda path: path.stem)
def test_schema_takes(path):
    Draft202012Validator(records.load_schema(path.parent.parent.name)).validate(json.loads(path.read_text("utf-8")))


@pytest.mark.parametrize("path", sorted(SUITES.glob("*/fail/*.json")), ids=lambda path: path.stem)
def test_schema_refuses(path):
    case = json.loads(path.read_text("utf-8"))
    validator = Draft202012Validator(records.load_schema(path.parent.parent.name))
    assert case["why"] in {error.json_path for error in validator.iter_errors(case["value"])}


@pytest.mark.parametrize("name", ["article", "page", "error"])
def test_schema_is_a_schema_and_has_both_suites(name):
    Draft202012Validator.check_schema(records.load_schema(name))
    assert list((SUITES / name / "pass").glob("*.json"))
    assert list((SUITES / name / "fail").glob("*.json"))
