import pytest

from pipeline.components.conventions import Found, apply_conventions, join_places, rank


def place(text, *names, label="LOC"):
    found, at = [], 0
    for name in names:
        at = text.index(name, at)
        found.append(Found(at, at + len(name), label, "ner"))
        at += len(name)
    return found


def read(found, text):
    return [(text[item.start : item.end], item.label) for item in found]


@pytest.mark.parametrize(
    ("places", "joined"),
    [
        (["山西省", "太原市", "小店区"], ["山西省太原市小店区"]),
        (["太原市", "大同市"], ["太原市", "大同市"]),
        (["临汾市", "尧都区", "贾得乡"], ["临汾市尧都区贾得乡"]),
        (["小店区", "太原市"], ["小店区", "太原市"]),
        (["太原市", "汾河"], ["太原市", "汾河"]),
    ],
)
def test_join_places_joins_falling_ranks(places, joined):
    text, found, at = "".join(places), [], 0
    for place in places:
        found.append(Found(at, at + len(place), "LOC", "ner"))
        at += len(place)
    assert [text[item.start : item.end] for item in join_places(found, text)] == joined


def test_join_places_leaves_apart_what_does_not_touch():
    text = "山西省、太原市"
    assert len(join_places([Found(0, 3, "LOC", "ner"), Found(4, 7, "LOC", "ner")], text)) == 2


@pytest.mark.parametrize(("place", "want"), [("山西省", 1), ("太原市", 2), ("黄陵街道", 4), ("汾河", 0), ("", 0)])
def test_rank_goes_by_the_last_character(place, want):
    assert rank(place) == want


CONVENTIONS = [
    ("四川成都开幕", ["四川", "成都"], [("四川成都", "LOC")]),
    ("四川岷江开渔", ["四川", "岷江"], [("四川", "LOC"), ("岷江", "LOC")]),
    ("嫌疑人刘某某在逃", ["刘"], [("刘某某", "PER")]),
    ("村民张某说", [], [("张某", "PER")]),
    ("中美关系", ["中", "美"], [("中", "LOC"), ("美", "LOC")]),
    ("在湘考察", ["湘"], []),
    ("朝鲜政府声明", ["朝鲜"], [("朝鲜政府", "ORG")]),
    ("杭州亚运会开幕", ["杭州"], []),
    ("杭州第19届亚运会", ["杭州"], []),
    ("杭州开会", ["杭州"], [("杭州", "LOC")]),
    ("", [], []),
]


@pytest.mark.parametrize(("text", "names", "want"), CONVENTIONS)
def test_apply_conventions_follows_the_guide(text, names, want):
    assert read(apply_conventions(place(text, *names), text), text) == want


def test_withheld_name_inside_a_longer_name_stays_inside():
    text = "刘某某公司"
    assert read(apply_conventions(place(text, "刘某某公司", label="ORG"), text), text) == [("刘某某公司", "ORG")]
