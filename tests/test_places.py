"""Places: sure names, names that need support, and what stays open."""

import json
import lzma

import pytest

from pipeline.artefacts import ROOT, read_meta
from pipeline.components.gazetteer import Gazetteer, is_inside, level, short_name
from pipeline.components.places import home_of, make_places, resolve_places, supported_code, sure_code
from pipeline.errors import ConfigError, ModelError
from pipeline.training.places import read_divisions, read_former, read_towns
from pipeline.types import Dateline, Entity, Publication


@pytest.fixture(scope="module")
def gazetteer():
    return Gazetteer(ROOT / "places-1.0.0")


def entities(*items, gap=1):
    """Make entities from texts (places) or (text, label) pairs, ``gap`` characters apart."""
    found, at = [], 0
    for number, item in enumerate(items, 1):
        text, label = item if isinstance(item, tuple) else (item, "LOC")
        found.append(Entity(f"e{number}", at, at + len(text), text, label))
        at += len(text) + gap
    return found


def codes(items, gazetteer, **support):
    return [entity.kb_id for entity in resolve_places(items, gazetteer, **support)]


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("太原市", "太原"),
        ("内蒙古自治区", "内蒙古"),
        ("延边朝鲜族自治州", "延边"),
        ("积石山保安族东乡族撒拉族自治县", "积石山"),
        ("巴音郭楞蒙古自治州", "巴音郭楞"),
        ("香港特别行政区", "香港"),
        ("神农架林区", "神农架"),
        ("大兴安岭地区", "大兴安岭"),
        ("佳县", None),
        ("小店区", "小店"),
    ],
)
def test_short_name_drops_the_kind(name, short):
    assert short_name(name) == short


@pytest.mark.parametrize(("code", "expected"), [("140000", 1), ("140100", 2), ("140105", 3), ("140105005", 4)])
def test_level_follows_the_zeros(code, expected):
    assert level(code) == expected


def test_is_inside_needs_a_lower_level():
    assert is_inside("140105", "140100")
    assert not is_inside("140100", "140100")
    assert not is_inside("140200", "140100")


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("山西省太原市小店区", "山西省太原市小店区"),
        ("浙江台州玉环坎门", "浙江省台州市玉环市坎门街道"),
        ("小店区黄陵街道", "山西省太原市小店区黄陵街道"),
        ("北京市朝阳区", "北京市朝阳区"),
        ("天津蓟州区", "天津市蓟州区"),
        ("太原", "山西省太原市"),
        ("吉林", "吉林省"),
        ("佳县", "陕西省榆林市佳县"),
        ("东莞", "广东省东莞市"),
        ("香港", "香港特别行政区"),
        ("台湾", "台湾省"),
    ],
)
def test_sure_code_knows_compounds_and_large_places(gazetteer, name, full):
    assert gazetteer.full_name(sure_code(name, gazetteer)) == full


@pytest.mark.parametrize(
    "name",
    [
        "朝阳区",
        "朝阳",
        "黄山",
        "城区",
        "小店",
        "黄陵街道",
        "龙城2019小区",
        "太临高速",
        "京津冀",
        "河北镇南庄村",
        "",
        "省",
    ],
)
def test_sure_code_leaves_ambiguous_and_small_names_open(gazetteer, name):
    assert sure_code(name, gazetteer) is None


@pytest.mark.parametrize(
    ("items", "support", "expected"),
    [
        (("小店区", "黄陵街道"), {}, ["gb2260:140105", "gb2260:140105005"]),
        (("朝阳区", ("北京市水务局", "ORG")), {}, ["gb2260:110105", None]),
        (("朝阳区", "长春"), {}, ["gb2260:220104", "gb2260:220100"]),
        (("朝阳区", "长春", "北京"), {}, [None, "gb2260:220100", "gb2260:110000"]),
        (("鼓楼区",), {"dateline": "南京"}, ["gb2260:320106"]),
        (("鼓楼区",), {"home": ["350100"]}, ["gb2260:350102"]),
        (("小店",), {"home": ["140100"]}, ["gb2260:140105"]),
        (("房山", "房山区"), {}, ["gb2260:110111", "gb2260:110111"]),
        (("庐山", "九江"), {}, [None, "gb2260:360400"]),
        (("新兴区", "台湾"), {}, [None, "gb2260:710000"]),
        (("朝阳区", ("朝阳医院", "ORG")), {}, [None, None]),
        (("鼓楼区", ("南京路派出所", "ORG")), {}, [None, None]),
        (("日本", "沙特", "月球"), {}, ["iso3166:JP", "iso3166:SA", None]),
    ],
)
def test_resolve_places_takes_support_from_the_article_and_the_home(gazetteer, items, support, expected):
    assert codes(entities(*items), gazetteer, **support) == expected


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ("中美", ["iso3166:CN", "iso3166:US"]),
        ("京津冀", ["gb2260:110000", "gb2260:120000", "gb2260:130000"]),
        ("港澳", ["gb2260:810000", "gb2260:820000"]),
        ("中澳", ["iso3166:CN", "iso3166:AU"]),
        ("京", [None]),
    ],
)
def test_resolve_places_reads_letters_in_listings_only(gazetteer, items, expected):
    assert codes(entities(*items, gap=0), gazetteer) == expected


def test_resolve_places_prefers_the_place_that_stands_directly_before(gazetteer):
    items = [*entities("长春", "北京"), Entity("e3", 5, 8, "朝阳区", "LOC")]
    assert codes(items, gazetteer)[2] == "gb2260:110105"


def test_supported_code_is_none_without_support(gazetteer):
    assert supported_code("朝阳区", gazetteer, (), ()) is None


def test_resolve_places_keeps_everything_else_of_an_entity(gazetteer):
    before = Entity("e1", 3, 5, "太原", "LOC", None, None, 0.9, "ner")
    after = resolve_places([before], gazetteer)[0]
    assert after == Entity("e1", 3, 5, "太原", "LOC", "山西省太原市", "gb2260:140100", 0.9, "ner")


@pytest.mark.parametrize(
    ("name", "code"), [("太原晚报", "140100"), ("山西日报", "140000"), ("晨报", None), (None, None)]
)
def test_home_of_reads_a_newspaper_s_name(gazetteer, name, code):
    assert home_of(name, gazetteer) == code


def test_stage_uses_dateline_and_publication(make_doc, make_context):
    context = make_context(("paragraph", "鼓楼区开会"), dateline=Dateline("新华社", "南京", None))
    doc = make_doc("鼓楼区开会", context=context)
    doc._.entities = tuple(entities("鼓楼区"))
    assert make_places(None, "places")(doc)._.entities[0].norm == "江苏省南京市鼓楼区"
    context = type(context)(make_context(("paragraph", "鼓楼区开会")).article, Publication(name="福州日报"))
    doc = make_doc("鼓楼区开会", context=context)
    doc._.entities = tuple(entities("鼓楼区"))
    assert make_places(None, "places")(doc)._.entities[0].kb_id == "gb2260:350102"


def test_make_places_takes_a_home_by_name_and_refuses_an_unknown_one():
    assert make_places(None, "places", home="太原市").home == ("140100",)
    with pytest.raises(ConfigError, match="home is '月球'"):
        make_places(None, "places", home="月球")


def test_make_places_names_a_missing_gazetteer():
    with pytest.raises(ModelError, match="places-0"):
        make_places(None, "places", gazetteer="places-0.0.0")


def test_gazetteer_counts_are_those_of_its_meta():
    counts = read_meta("places-1.0.0")["counts"]
    lines = {
        name: len((ROOT / "places-1.0.0" / f"{name}.tsv").read_text("utf-8").splitlines())
        for name in ("divisions", "former", "towns")
    }
    assert counts == lines


def test_builder_keeps_places_only(tmp_path):
    table = {"140100": "太原市", "810101": "中西区", "830000": "台湾省"}
    (tmp_path / "list.json").write_text(json.dumps(table), "utf-8")
    current = read_divisions(tmp_path / "list.json")
    assert current == {"140100": "太原市", "710000": "台湾省"}
    (tmp_path / "history.json").write_text(
        json.dumps({"140100": "太原市", "140101": "市辖区", "140103": "南城区", "140199": "太原市"}), "utf-8"
    )
    (tmp_path / "diff.json").write_text(json.dumps({"140103": ["140100", "140105"]}), "utf-8")
    assert read_former(tmp_path / "history.json", tmp_path / "diff.json", current) == [("140103", "南城区", "140100")]
    rows = "code,name,areaCode\n140100001,甲乙街道,140100\n140100002,某某开发区,140100\n150100001,丙丁镇,150100\n"
    (tmp_path / "streets.csv.xz").write_bytes(lzma.compress(rows.encode()))
    assert read_towns(tmp_path / "streets.csv.xz", current) == [("140100001", "甲乙街道")]
