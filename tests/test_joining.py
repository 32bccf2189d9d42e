"""Parts of an article on several pages → the whole: one text, every character once, every span leading back."""

import json
from pathlib import Path

import pytest

from pipeline.chain import Chain
from pipeline.config import HOME, load
from pipeline.joining import JOINED, join_records
from pipeline.reader import read_page
from pipeline.text import is_blank

ISSUE = Path(__file__).parent / "issue"
RULES_ONLY = ['nlp.pipeline=["sentences","entities","times"]', "nlp.tokenizer.method=char"]


@pytest.fixture(scope="module")
def chain():
    return Chain.load(load(HOME / "news.cfg", RULES_ONLY))


@pytest.fixture(scope="module")
def pages(chain):
    found = {}
    for path in sorted(ISSUE.iterdir()):
        page = read_page(path, source_name=path.name, options=chain.settings.reader)
        found[page.publication.page_no] = (page, [json.loads(line) for line in chain.process(page).records])
    return found


def ending(pages, number, **jumps):
    return next(r for r in pages[number][1] if all(r[key] == value for key, value in jumps.items()))


@pytest.fixture
def ship(pages):
    return [
        ending(pages, "1", title="一座老船厂的第二次下水"),
        ending(pages, "3", continued_to="4"),
        ending(pages, "4", continued_from="3"),
    ]


@pytest.fixture
def tea(pages):
    return [ending(pages, "1", continued_to="3", order=2), ending(pages, "3", continued_from="1", continued_to=None)]


def zones(record, *roles):
    return [record["text"][z["start"] : z["end"]] for z in record["zones"] if z["role"] in roles]


def test_join_records_mends_the_sentence_that_the_page_break_cut(chain, ship):
    whole = chain.join(ship, probability=1.0)
    assert "在船台边上搭起水池" in zones(whole, "paragraph")[2]


def test_join_records_keeps_a_whole_paragraph_apart(chain, tea):
    whole = chain.join(tea, probability=1.0)
    assert len(zones(whole, "paragraph")) == sum(len(zones(part, "paragraph")) for part in tea) == 4


def test_join_records_puts_headline_first_credit_and_jumps_last(chain, ship):
    whole = chain.join(ship, probability=1.0)
    roles = [zone["role"] for zone in whole["zones"]]
    assert roles[0] == "title"
    assert roles[-6:] == ["credit", "jump", "jump", "jump", "jump", "jump"]
    assert whole["title"] == "一座老船厂的第二次下水"
    assert zones(whole, "jump").count("一座老船厂的第二次下水") == 1


def test_join_records_takes_another_headline_for_a_subhead(tea):
    head, tail = tea
    tail = json.loads(json.dumps(tail).replace(json.dumps("茶山上多了“电子锁”")[1:-1], json.dumps("民警进山")[1:-1]))
    shift = len("茶山上多了“电子锁”") - len("民警进山")
    for zone in tail["zones"]:
        zone["end"] -= shift
        zone["start"] -= shift if zone["start"] else 0
    tail["source"]["map"] = [[max(0, s - shift), e - shift, at] for s, e, at in tail["source"]["map"]]
    whole, _ = join_records([head, tail], probability=1.0)
    assert whole["subheads"] == ["民警进山"]


def test_join_records_leaves_no_jump_open_and_no_cut_flagged(chain, ship):
    whole = chain.join(ship, probability=0.9)
    assert (whole["continued_from"], whole["continued_to"]) == (None, None)
    assert whole["split"]["flags"] == [JOINED]
    assert whole["split"]["confidence"] <= 0.9


def test_join_records_keeps_what_goes_on_beyond_the_batch(chain, ship):
    whole = chain.join(ship[:2], probability=1.0)
    assert whole["continued_to"] == "4"
    rest = chain.join(ship[1:], probability=1.0)
    assert (rest["continued_from"], rest["title"]) == ("1", "一座老船厂的第二次下水")
    assert [zone["role"] for zone in rest["zones"]].count("title") == 1


def test_join_records_names_each_person_once_with_a_role(chain, ship):
    assert chain.join(ship, probability=1.0)["byline"]["people"] == [{"name": "柳文川", "role": "记者"}]


def test_join_records_keeps_every_character_of_the_parts_once(chain, ship, tea):
    for parts in (ship, tea, ship[1:]):
        whole = chain.join(parts, probability=1.0)
        seen = sorted(char for char in whole["text"] if not is_blank(char))
        assert seen == sorted(char for part in parts for char in part["text"] if not is_blank(char))


def test_join_records_leads_each_character_back_to_its_page(chain, pages, ship, tea):
    texts = {page.source: page.text for page, _ in pages.values()}
    for parts in (ship, tea):
        whole = chain.join(parts, probability=1.0)
        covered = bytearray(len(whole["text"]))
        places = [(whole["page"], whole["source"]), *((item["page"], item) for item in whole["source"]["further"])]
        for page, place in places:
            for start, end, at in place["map"]:
                assert whole["text"][start:end] == texts[page["source"]][at : at + end - start]
                covered[start:end] = b"\1" * (end - start)
        for edit in whole["edits"]:
            covered[edit["start"] : edit["end"]] = b"\1" * (edit["end"] - edit["start"])
        assert [char for char, has in zip(whole["text"], covered, strict=True) if not has and char != "\n"] == []


def test_join_records_moves_repairs_with_their_text(tea):
    head, tail = tea
    at = tail["text"].index("值守")
    tail = {**tail, "edits": [{"start": at, "end": at + 2, "original": "直守", "rule": "r", "confidence": 0.9}]}
    end = len(head["text"])
    head = {**head, "edits": [{"start": end, "end": end, "original": "x", "rule": "r", "confidence": 0.9}]}
    whole, _ = join_records([head, tail], probability=1.0)
    assert [whole["text"][edit["start"] : edit["end"]] for edit in whole["edits"]] == ["值守", ""]


def test_join_runs_the_stages_on_the_whole(chain, ship):
    whole = chain.join(ship, probability=1.0)
    cut = whole["text"].index("鲍国良带着六个徒弟")
    sentence = next((start, end) for start, end in whole["sentences"] if start <= cut < end)
    assert whole["text"][slice(*sentence)].endswith("四十个昼夜。")
    assert whole["layers"]["assembly"] == chain.layers["split"]
