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
    ("青岚双桥机场启用", ["青岚", "双桥机场"], [("青岚双桥机场", "LOC")]),
    ("澳大利亚悉尼举行", ["澳大利亚", "悉尼"], [("澳大利亚悉尼", "LOC")]),
    ("澳大利亚大堡礁海峡", ["澳大利亚", "大堡礁海峡"], [("澳大利亚", "LOC"), ("大堡礁海峡", "LOC")]),
    ("临汾尧都区开工", ["临汾", "尧都区"], [("临汾尧都区", "LOC")]),
    ("渤海海峡封航", ["渤海"], [("渤海海峡", "LOC")]),
    ("沿G5京昆高速公路", ["京昆高速公路"], [("G5京昆高速公路", "LOC")]),
    ("悉尼女足世界杯", ["悉尼"], []),
    ("第三个中国农民丰收节", ["中国"], []),
    ("第三届中国的队伍", ["中国"], [("中国", "LOC")]),
    ("中国特色社会主义", ["中国"], []),
    ("《青岚之路》开播", ["青岚"], []),
    ("据《青岚晚报》报道", [], [("青岚晚报", "ORG")]),
    ("《远望》杂志", [], [("远望", "ORG")]),
    ("", [], []),
]


@pytest.mark.parametrize(("text", "names", "want"), CONVENTIONS)
def test_apply_conventions_follows_the_guide(text, names, want):
    assert read(apply_conventions(place(text, *names), text), text) == want


def test_withheld_name_inside_a_longer_name_stays_inside():
    text = "刘某某公司"
    assert read(apply_conventions(place(text, "刘某某公司", label="ORG"), text), text) == [("刘某某公司", "ORG")]


def test_a_paper_that_ran_together_with_where_it_is_from_is_two_names():
    text = "据台湾《晨报》报道"
    found = apply_conventions([Found(1, 6, "ORG", "ner")], text)
    assert read(found, text) == [("台湾", "LOC"), ("晨报", "ORG")]


def test_a_storm_is_no_person():
    text = "台风“海棠”登陆"
    assert apply_conventions([Found(3, 5, "PER", "ner")], text) == []


def test_one_side_of_talks_is_no_name():
    assert apply_conventions([Found(0, 2, "PER", "ner")], "韩方表示") == []


def test_a_person_in_a_title_stays():
    assert apply_conventions([Found(1, 3, "PER", "ner")], "《王丹传》")
