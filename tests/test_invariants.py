"""What holds for every page, however it looks: nothing is lost, nothing is invented, everything leads back."""

import json

import pytest
from hypothesis import given, settings
from strategies import pages

from pipeline.chain import Chain
from pipeline.config import HOME, load
from pipeline.splitting.articles import balance
from pipeline.text import is_blank
from pipeline.types import Page

RULES_ONLY = [
    'nlp.pipeline=["sentences","entities","times","quantities","people"]',
    "nlp.tokenizer.method=char",
]
SHA = "0" * 64


@pytest.fixture(scope="module")
def chain():
    return Chain.load(load(HOME / "news.cfg", RULES_ONLY))


def page_of(text):
    return Page(id="page", source="page.md", text=text, sha256=SHA, n_bytes=0, encoding="utf-8")


@settings(max_examples=150)
@given(text=pages)
def test_page_every_visible_character_is_in_exactly_one_place(chain, text):
    page = page_of(text)
    layout = chain.split(page)
    owners = [0] * len(text)
    spans = [span for article in layout.articles for span in article.text.source_spans()]
    spans += [(item.start, item.end) for item in layout.remainders]
    for start, end in spans:
        for at in range(start, end):
            owners[at] += 1
    wrong = [(at, char, owners[at]) for at, char in enumerate(text) if not is_blank(char) and owners[at] != 1]
    assert wrong == []
    account = balance(page, layout)
    assert account["in"] == sum(value for key, value in account.items() if key != "in")


@settings(max_examples=100)
@given(text=pages)
def test_records_lead_back_to_the_page_and_repeat_byte_for_byte(chain, text):
    result = chain.process(page_of(text))
    assert chain.process(page_of(text)).records == result.records
    for record in map(json.loads, result.records):
        covered = bytearray(len(record["text"]))
        for start, end, source in record["source"]["map"]:
            assert record["text"][start:end] == text[source : source + end - start]
            covered[start:end] = b"\1" * (end - start)
        for edit in record["edits"]:
            covered[edit["start"] : edit["end"]] = b"\1" * (edit["end"] - edit["start"])
        invented = [char for char, has in zip(record["text"], covered, strict=True) if not has and not is_blank(char)]
        assert invented == []
