"""Layout files of OCR engines as Markdown."""

import gzip
import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import ReaderOptions
from pipeline.errors import PageError
from pipeline.formats import to_markdown
from pipeline.reader import read_page

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

CASES = [
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
    assert to_markdown(text) == (markdown, name)


BAD = [
    ("", "damaged JSON"),
    ("{", "damaged JSON"),
    ("[]", "none of the layouts that are known: mineru, paddleocr, dolma, alto, page-xml"),
    ('{"a": 1}', "none of the layouts"),
    ("<html></html>", "none of the layouts"),
    ("<alto>", "damaged XML"),
    ('<!DOCTYPE a [<!ENTITY b "c">]><alto>&b;</alto>', "document type"),
    ("[" * 200_000, "nested too deeply|damaged JSON"),
    ('{"id": 1, "text": "a"}\n{"id": 2, "text": "b"}\n', "holds 2 documents; give one page a file"),
    (
        json.dumps([{"type": "text", "text": "a", "page_idx": n} for n in range(3)]),
        "holds 3 pages; give one page a file",
    ),
    (json.dumps([{"type": "text", "text": 3, "text_level": 1}]), "damaged mineru"),
    (json.dumps([{"type": "text", "text": "a", "text_level": "b"}]), "invalid literal"),
    ('<alto xmlns="a"><Page/><Page/></alto>', "holds 2 pages"),
]


@pytest.mark.parametrize(("text", "message"), BAD)
def test_to_markdown_refuses_what_it_cannot_read(text, message):
    with pytest.raises(ValueError, match=message):
        to_markdown(text)


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
KEYS += ["parsing_res_list", "layoutParsingResults", "block_label", "block_content", "block_order", "pdf_page_numbers"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
)


@given(JSON)
def test_to_markdown_takes_any_json_or_refuses_it(data):
    with suppress(ValueError):
        assert to_markdown(json.dumps(data)).text.endswith("\n")
