"""People: names joined into mentions, offices and the bodies they are held in."""

import re

import pytest

from pipeline.components.people import find_mentions, make_people
from pipeline.types import Entity


def read(marked):
    """Make a text and its entities from ``[name|LABEL]`` marks."""
    text, found = "", []
    for piece in re.split(r"(\[[^\]]*\])", marked):
        if piece.startswith("["):
            name, label = piece[1:-1].split("|")
            found.append(Entity(f"e{len(found) + 1}", len(text), len(text) + len(name), name, label))
            text += name
        else:
            text += piece
    return text, found


def people(marked):
    return [(m.name, m.count, m.titles, m.org) for m in find_mentions(*read(marked)) if m.label == "PER"]


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        ("[省科技厅|ORG]党组书记、厅长[刘俊义|PER]介绍", ("刘俊义", 1, ("党组书记", "厅长"), "省科技厅")),
        ("日前，省科技厅党组书记、厅长[刘俊义|PER]介绍", ("刘俊义", 1, ("党组书记", "厅长"), "省科技厅")),
        ("记者从市水务局副局长[王建国|PER]处获悉", ("王建国", 1, ("副局长",), "市水务局")),
        ("[临汾机械厂|ORG]信息中心主任[李 明|PER]", ("李明", 1, ("信息中心主任",), "临汾机械厂")),
        ("[科技厅|ORG]聘请的专家组组长[李明|PER]", ("李明", 1, ("组长",), None)),
        ("[临汾法院|ORG]党组成员、副院长[李明|PER]", ("李明", 1, ("党组成员", "副院长"), "临汾法院")),
        ("[王建国|PER]教授说", ("王建国", 1, ("教授",), None)),
        ("[王建国|PER]主任医师", ("王建国", 1, ("主任医师",), None)),
        ("[王建国|PER]代表公司签字", ("王建国", 1, (), None)),
        ("[日本|LOC]首相[安倍晋三|PER]", ("安倍晋三", 1, ("首相",), None)),
        ("居民[张海生|PER]说", ("张海生", 1, (), None)),
        ("记者 [王　丹|PER]", ("王丹", 1, (), None)),
        ("厅长介绍，[刘俊义|PER]到会", ("刘俊义", 1, (), None)),
        ("[王建国|PER]说。县长、书记[王建国|PER]", ("王建国", 2, ("县长", "书记"), None)),
    ],
)
def test_find_mentions_reads_offices_beside_the_name(marked, expected):
    assert people(marked) == [expected]


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        ("[王建国|PER]种树。[王|PER]先生笑了", [("王建国", 2)]),
        ("[王建国|PER]种树。[老王|PER]笑了", [("王建国", 2)]),
        ("[王建国|PER]和[王丽|PER]。[王|PER]先生", [("王建国", 1), ("王丽", 1), ("王", 1)]),
        ("[王某|PER]和[王|PER]先生", [("王某", 1), ("王", 1)]),
        ("[欧阳文成|PER]，[欧阳|PER]老人", [("欧阳文成", 2)]),
        ("[唐纳德·特朗普|PER]与[特朗普|PER]", [("唐纳德·特朗普", 2)]),
        ("[安倍晋三|PER]，[安倍|PER]", [("安倍晋三", 2)]),
        ("[王 丹|PER]，[王丹|PER]", [("王丹", 2)]),
        ("[小小|PER]和[老老|PER]", [("小小", 1), ("老老", 1)]),
    ],
)
def test_find_mentions_joins_what_can_mean_one_person_only(marked, expected):
    assert [(name, count) for name, count, _, _ in people(marked)] == expected


def test_find_mentions_joins_places_by_code_and_organisations_by_name():
    places = [
        Entity("e1", 0, 2, "太原", "LOC", "山西省太原市", "gb2260:140100"),
        Entity("e2", 3, 6, "太原市", "LOC", "山西省太原市", "gb2260:140100"),
        Entity("e3", 7, 10, "科技厅", "ORG"),
        Entity("e4", 11, 14, "科技厅", "ORG"),
        Entity("e5", 15, 17, "太原", "ORG"),
    ]
    found = find_mentions("太原，太原市，科技厅，科技厅，太原", places)
    assert [(m.id, m.label, m.name, m.entity_ids, m.count) for m in found] == [
        ("m1", "LOC", "太原市", ("e1", "e2"), 2),
        ("m2", "ORG", "科技厅", ("e3", "e4"), 2),
        ("m3", "ORG", "太原", ("e5",), 1),
    ]


def test_find_mentions_is_empty_without_entities():
    assert find_mentions("省长", []) == []


def test_stage_puts_mentions_on_the_doc(make_doc):
    text, found = read("厅长[刘俊义|PER]")
    doc = make_doc(text)
    doc._.entities = tuple(found)
    assert [m.titles for m in make_people(None, "people")(doc)._.mentions] == [("厅长",)]
