"""Layout files of OCR engines as Markdown."""

import dataclasses
import gzip
import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from pipeline.chain import Chain
from pipeline.config import HOME, ReaderOptions, load
from pipeline.errors import PageError
from pipeline.formats import split_pages, to_markdown
from pipeline.reader import Input, make_page, read_page
from pipeline.records import load_schema

TITLE, BODY = "市图书馆夜间开放", "本报讯 自习室即日起开放到二十二时。"
EXPECTED = f"![](a.jpg)\n\n读者在自习室。\n\n# {TITLE}\n\n{BODY}\n\n<table><tr><td>一</td></tr></table>\n\n第4版 要闻\n"

MINERU = [
    {"type": "image", "img_path": "a.jpg", "image_caption": ["读者在自习室。"], "page_idx": 0, "bbox": [0, 0, 1, 1]},
    {"type": "text", "text": f"{TITLE} ", "text_level": 1, "page_idx": 0},
    {"type": "text", "text": BODY, "page_idx": 0},
    {"type": "table", "table_caption": [], "table_body": "<table><tr><td>一</td></tr></table>", "page_idx": 0},
    {"type": "header", "text": "第4版 要闻", "page_idx": 0},
]


def block(label, content, order=None):
    return {"block_label": label, "block_content": content, "block_order": order, "block_bbox": [0, 0, 1, 1]}


PADDLE = {
    "input_path": "a.png",
    "parsing_res_list": [
        block("header", "第4版 要闻"),
        block("text", BODY, 2),
        block("paragraph_title", f"## {TITLE}", 1),
        block("image", '<img src="a.jpg"/>'),
    ],
}
PADDLE_EXPECTED = f"第4版 要闻\n\n## {TITLE}\n\n{BODY}\n\n![](image)\n"
DOLMA = {"id": "1", "text": f"# {TITLE}\n\n{BODY}", "attributes": {"pdf_page_numbers": [[0, 9, 1]]}, "metadata": {}}
ALTO = f"""<?xml version="1.0" encoding="UTF-8"?>
<alto xmlns="http://www.loc.gov/standards/alto/ns-v4#"><Layout><Page ID="p1"><PrintSpace>
<TextBlock ID="b1"><TextLine><String CONTENT="市图书馆"/><String CONTENT="夜间"/></TextLine>
<TextLine><String CONTENT="开放"/></TextLine></TextBlock>
<Illustration ID="i1"/>
<TextBlock ID="b2"><TextLine><String CONTENT="本报讯"/><SP/><String CONTENT="{BODY[4:]}"/></TextLine>
<TextLine><String CONTENT="Open"/></TextLine>
<TextLine><String CONTENT="li-" SUBS_TYPE="HypPart1" SUBS_CONTENT="library"/><HYP CONTENT="-"/></TextLine>
<TextLine><String CONTENT="brary" SUBS_TYPE="HypPart2" SUBS_CONTENT="library"/></TextLine></TextBlock>
</PrintSpace></Page></Layout></alto>"""
PAGE_XML = f"""<PcGts xmlns="http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15"><Page>
<ReadingOrder><OrderedGroup id="g"><RegionRefIndexed index="1" regionRef="r1"/>
<RegionRefIndexed index="0" regionRef="r2"/></OrderedGroup></ReadingOrder>
<TextRegion id="r1" type="paragraph"><TextLine><TextEquiv><Unicode>本报讯 自习室即日起</Unicode></TextEquiv></TextLine>
<TextLine><TextEquiv><Unicode>开放到二十二时。</Unicode></TextEquiv></TextLine>
<TextEquiv><Unicode>twice</Unicode></TextEquiv></TextRegion>
<TextRegion id="r2" type="heading"><TextEquiv><Unicode>{TITLE}</Unicode></TextEquiv></TextRegion>
<ImageRegion id="r3"/></Page></PcGts>"""

NESTED = [
    [
        {
            "type": "image",
            "content": {
                "image_source": {"path": "a.jpg"},
                "image_caption": [{"type": "text", "content": "读者在自习室。"}],
            },
            "bbox": [10, 20, 300, 200],
        },
        {
            "type": "title",
            "content": {"title_content": [{"type": "text", "content": TITLE}], "level": 1},
            "bbox": [1, 2, 3, 4],
        },
        {
            "type": "paragraph",
            "content": {
                "paragraph_content": [{"type": "text", "content": BODY[:9]}, {"type": "text", "content": BODY[9:]}]
            },
            "bbox": [1, 2, 3, 4],
        },
        {
            "type": "table",
            "content": {"html": "<table><tr><td>一</td></tr></table>", "table_caption": []},
            "bbox": [1, 2, 3, 4],
        },
        {"type": "page_header", "content": {"page_header_content": [{"type": "text", "content": "第4版 要闻"}]}},
    ]
]


def spans(*texts):
    return [{"bbox": [0, 0, 1, 1], "spans": [{"type": "text", "content": text}]} for text in texts]


MIDDLE = {
    "pdf_info": [
        {
            "page_idx": 0,
            "page_size": [800, 1200],
            "para_blocks": [
                {
                    "type": "image",
                    "bbox": [1, 2, 3, 4],
                    "blocks": [
                        {"type": "image_body", "lines": [{"spans": [{"type": "image", "image_path": "a.jpg"}]}]},
                        {"type": "image_caption", "lines": spans("读者在自习室。")},
                    ],
                },
                {"type": "title", "bbox": [100, 200, 700, 260], "level": 1, "lines": spans(TITLE[:4], TITLE[4:])},
                {"type": "text", "bbox": [100, 300, 700, 500], "lines": spans(BODY[:10], BODY[10:])},
                {
                    "type": "table",
                    "blocks": [{"type": "table_body", "lines": [{"spans": [{"html": "<table></table>"}]}]}],
                },
            ],
            "discarded_blocks": [
                {"type": "discarded", "bbox": [0, 1180, 99, 1190], "lines": spans("电话 8888888")},
                {"type": "discarded", "bbox": [0, 10, 99, 20], "lines": spans("第4版 要闻")},
            ],
        }
    ],
    "_backend": "pipeline",
}
MIDDLE_EXPECTED = (
    f"第4版 要闻\n\n![](image)\n\n读者在自习室。\n\n# {TITLE}\n\n{BODY}\n\n<table></table>\n\n电话 8888888\n"
)


def marker_block(kind, html="", **others):
    return {
        "id": f"/page/0/{kind}/1",
        "block_type": kind,
        "html": html,
        "polygon": [[1, 2], [9, 2], [9, 8], [1, 8]],
    } | others


MARKER_PAGE = marker_block(
    "Page",
    "<content-ref src='/page/0/Text/1'></content-ref>",
    children=[
        marker_block("PageHeader", "<p>第4版 要闻</p>"),
        marker_block(
            "PictureGroup", "", children=[marker_block("Picture"), marker_block("Caption", "<p>读者在自习室。</p>")]
        ),
        marker_block("SectionHeader", f"<h1>{TITLE[:4]}<br/>{TITLE[4:]}</h1>"),
        marker_block("Text", f"<p block-type='Text'>{BODY[:9]}\n{BODY[9:]}</p>"),
        marker_block(
            "Table", "<table><tr><td>一&amp;二</td></tr></table>", children=[marker_block("TableCell", "一&amp;二")]
        ),
    ],
)
MARKER_EXPECTED = (
    f"第4版 要闻\n\n![](image)\n\n读者在自习室。\n\n# {TITLE}\n\n{BODY}\n\n<table><tr><td>一&amp;二</td></tr></table>\n"
)
CHUNKS = {"blocks": [block | {"page": 0} for block in MARKER_PAGE["children"]], "page_info": {"0": {}}}

CASES = [
    (json.dumps(NESTED), EXPECTED, "mineru-v2"),
    (json.dumps(MIDDLE), MIDDLE_EXPECTED, "mineru-middle"),
    (json.dumps({"block_type": "Document", "children": [MARKER_PAGE]}), MARKER_EXPECTED, "marker"),
    (json.dumps([MARKER_PAGE]), MARKER_EXPECTED, "marker"),
    (json.dumps(CHUNKS), MARKER_EXPECTED, "marker"),
    (json.dumps(MINERU), EXPECTED, "mineru"),
    (json.dumps(PADDLE), PADDLE_EXPECTED, "paddleocr"),
    (json.dumps({"res": PADDLE}), PADDLE_EXPECTED, "paddleocr"),
    (json.dumps({"result": {"layoutParsingResults": [{"prunedResult": PADDLE}]}}), PADDLE_EXPECTED, "paddleocr"),
    (json.dumps(DOLMA) + "\n", f"# {TITLE}\n\n{BODY}\n", "dolma"),
    (ALTO, f"{TITLE}\n\n![](image)\n\n本报讯 {BODY[4:]}Open library\n", "alto"),
    (PAGE_XML, f"## {TITLE}\n\n{BODY}\n\n![](image)\n", "page-xml"),
    (json.dumps({"id": "1", "text": "字\ud800"}), "字\ufffd\n", "dolma"),
    (json.dumps({"parsing_res_list": []}), "\n", "paddleocr"),
]


@pytest.mark.parametrize(("text", "markdown", "name"), CASES, ids=lambda item: item if len(item) < 12 else "")
def test_to_markdown_gives_blocks_in_reading_order(text, markdown, name):
    found = to_markdown(text)
    assert (found.text, found.origin.format) == (markdown, name)


BAD = [
    ("", "damaged JSON"),
    ("{", "damaged JSON"),
    ("[]", "none of the layouts that are known: mineru, mineru-v2, mineru-middle, paddleocr, marker, dolma"),
    ('{"a": 1}', "none of the layouts"),
    ("<html></html>", "none of the layouts"),
    ("<alto>", "damaged XML"),
    ('<!DOCTYPE a [<!ENTITY b "c">]><alto>&b;</alto>', "document type"),
    ("[" * 200_000, "nested too deeply|damaged JSON"),
    ('{"id": 1, "text": "a"}\n{"id": 2, "text": "b"}\n', "holds 2 documents where one"),
    (
        json.dumps([{"type": "text", "text": "a", "page_idx": n} for n in range(3)]),
        "holds 3 pages where one",
    ),
    (json.dumps([{"type": "text", "text": 3, "text_level": 1}]), "damaged mineru"),
    (json.dumps([{"type": "text", "text": "a", "text_level": "b"}]), "invalid literal"),
    ('<alto xmlns="a"><Page/><Page/></alto>', "holds 2 pages"),
]


@pytest.mark.parametrize(("text", "message"), BAD)
def test_to_markdown_refuses_what_it_cannot_read(text, message):
    with pytest.raises(ValueError, match=message):
        to_markdown(text)


def region(converted, number):
    found = converted.origin.regions[number]
    return converted.text[found.start : found.end], found.label, found.box


def test_to_markdown_keeps_what_the_engine_saw_where():
    found = to_markdown(json.dumps(MIDDLE))
    assert (found.origin.unit, found.origin.size) == ("point", (800.0, 1200.0))
    assert region(found, 0) == ("第4版 要闻", "discarded", (0.0, 10.0, 99.0, 20.0))
    assert region(found, 3) == (f"# {TITLE}", "title", (100.0, 200.0, 700.0, 260.0))
    assert region(to_markdown(json.dumps([MARKER_PAGE])), 4) == (BODY, "Text", (1.0, 2.0, 9.0, 8.0))
    assert region(to_markdown(json.dumps(PADDLE)), 0) == ("第4版 要闻", "header", (0.0, 0.0, 1.0, 1.0))
    assert to_markdown(json.dumps(DOLMA)).origin.regions[0].box is None


ALTO_ORDERED = """<alto xmlns="a"><Description><MeasurementUnit>pixel</MeasurementUnit></Description>
<Tags><LayoutTag ID="t1" LABEL="heading"/></Tags><Layout><Page WIDTH="100" HEIGHT="200">
<TextBlock ID="b" HPOS="1" VPOS="2" WIDTH="3" HEIGHT="4" IDNEXT="c">
<TextLine><String CONTENT="二"/></TextLine></TextBlock>
<TextBlock ID="a" TAGREFS="t1" IDNEXT="b"><TextLine><String CONTENT="一"/></TextLine></TextBlock>
<TextBlock ID="x"><TextLine><String CONTENT="单"/></TextLine></TextBlock>
<TextBlock ID="c"><TextLine><String CONTENT="三"/></TextLine></TextBlock></Page></Layout></alto>"""


def test_to_markdown_follows_the_reading_order_of_alto():
    found = to_markdown(ALTO_ORDERED)
    assert found.text == "## 一\n\n单\n\n二\n\n三\n"
    assert (found.origin.unit, found.origin.size) == ("pixel", (100.0, 200.0))
    assert region(found, 2) == ("二", "TextBlock", (1.0, 2.0, 4.0, 6.0))


def test_to_markdown_reads_the_outlines_of_page_xml():
    text = PAGE_XML.replace('type="heading">', 'type="heading"><Coords points="5,6 7,6 7,9"/>')
    assert region(to_markdown(text), 0) == (f"## {TITLE}", "heading", (5.0, 6.0, 7.0, 9.0))


ALTO_PAGE = '<Page><TextBlock><TextLine><String CONTENT="{}"/></TextLine></TextBlock></Page>'
TWO_PAGES = f'<alto xmlns="a"><Layout>{ALTO_PAGE.format("一")}{ALTO_PAGE.format("二")}</Layout></alto>'
SEVERAL = [
    (json.dumps([item | {"page_idx": n} for n in (0, 2) for item in MINERU]), {1: EXPECTED, 3: EXPECTED}),
    (json.dumps(NESTED * 2), {1: EXPECTED, 2: EXPECTED}),
    (
        json.dumps({"pdf_info": MIDDLE["pdf_info"] + [MIDDLE["pdf_info"][0] | {"page_idx": 1}]}),
        {1: MIDDLE_EXPECTED, 2: MIDDLE_EXPECTED},
    ),
    (
        json.dumps({"result": {"layoutParsingResults": [{"prunedResult": PADDLE}] * 2}}),
        {1: PADDLE_EXPECTED, 2: PADDLE_EXPECTED},
    ),
    (json.dumps({"block_type": "Document", "children": [MARKER_PAGE] * 2}), {1: MARKER_EXPECTED, 2: MARKER_EXPECTED}),
    (
        json.dumps({"id": "1", "text": "一二\n三四", "attributes": {"pdf_page_numbers": [[0, 2, 7], [3, 5, 8]]}}),
        {7: "一二\n\n", 8: "三四\n"},
    ),
    ('{"id": 1, "text": "一"}\n\n{"id": 2, "text": "二"}\n', {1: "一\n", 2: "二\n"}),
    (
        TWO_PAGES,
        {1: "一\n", 2: "二\n"},
    ),
]


@pytest.mark.parametrize(("text", "pages"), SEVERAL)
def test_split_pages_gives_files_of_one_page(text, pages):
    assert {number: to_markdown(page).text for number, page in split_pages(text).items()} == pages


@pytest.mark.parametrize(
    "text", [json.dumps(MINERU), json.dumps(NESTED), json.dumps(DOLMA), ALTO, PAGE_XML, json.dumps(PADDLE)]
)
def test_split_pages_gives_nothing_for_one_page(text):
    assert split_pages(text) == {}


def test_read_page_reads_layout_files_and_says_which(tmp_path):
    path = tmp_path / "并州晚报_2024-10-16_04_content_list.json.gz"
    path.write_bytes(gzip.compress(json.dumps(MINERU).encode()))
    page = read_page(path, source_name=path.name, options=ReaderOptions())
    assert (page.text, page.flags, page.id) == (EXPECTED, ("format:mineru",), "并州晚报-2024-10-16-p04")


def test_read_page_refuses_a_layout_file_that_it_does_not_know(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("{}")
    with pytest.raises(PageError, match=r"a\.json: holds none of the layouts"):
        read_page(path, source_name="a.json", options=ReaderOptions())


KEYS = ["type", "text", "text_level", "page_idx", "img_path", "table_body", "list_items", "id", "attributes", "res"]
KEYS += [
    "pdf_info",
    "para_blocks",
    "discarded_blocks",
    "lines",
    "spans",
    "content",
    "title_content",
    "children",
    "html",
]
KEYS += ["block_type", "polygon", "bbox", "blocks", "page", "list_items", "item_content", "page_size", "metadata"]
KEYS += ["parsing_res_list", "layoutParsingResults", "block_label", "block_content", "block_order", "pdf_page_numbers"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
)


@settings(max_examples=600)
@given(JSON)
def test_to_markdown_takes_any_json_or_refuses_it(data):
    with suppress(ValueError):
        found = to_markdown(json.dumps(data))
        assert found.text.endswith("\n")
        assert all(0 <= item.start < item.end < len(found.text) for item in found.origin.regions)
    with suppress(ValueError):
        for page in split_pages(json.dumps(data)).values():
            with suppress(ValueError):
                to_markdown(page)


def test_the_engines_word_for_an_edge_makes_furniture_of_what_may_be_it():
    names = "一二三四五六七八九十"
    blocks = [{"type": "text", "text": f"{TITLE}{name}", "text_level": 1} for name in names]
    blocks = [part for block in blocks for part in (block, {"type": "text", "text": BODY})]
    edge = {"type": "header", "text": "文体新闻"}
    data = json.dumps([*blocks[:10], edge, *blocks[10:]])
    found = make_page(Input("a.json", "a.json"), data.encode(), options=ReaderOptions())
    chain = Chain.load(load(HOME / "news.cfg", ["nlp.pipeline=[]", "nlp.tokenizer.method=char", 'assets.charlm=""']))
    page = json.loads(chain.process(found).page_record)
    [block] = [block for block in page["blocks"] if found.text[block["start"] : block["end"]].strip() == "文体新闻"]
    assert (block["role"], block["evidence"]) == ("masthead", ["furniture:section"])
    assert page["layout"]["regions"][10] == {
        "start": block["start"],
        "end": block["start"] + 4,
        "label": "header",
        "box": None,
    }
    Draft202012Validator(load_schema("page")).validate(page)
    without = dataclasses.replace(found, origin=None)
    assert "文体新闻" not in [item["text"] for item in json.loads(chain.process(without).page_record)["remainders"]]
