"""MinerU: content lists of the first and second version, and ``middle.json``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline.formats.common import (
    PICTURE,
    Format,
    Piece,
    by_index,
    heading,
    numbered,
    strings,
    to_box,
    to_size,
    unwrap,
)

# Boxes of both content lists are thousandths of the page's width and height.
_PERMILLE = "permille", (1000.0, 1000.0)


# ---- *_content_list.json ------------------------------------------------------------------------------------


def _is_list(data: Any) -> bool:
    """Know a flat list of typed blocks."""
    return isinstance(data, list) and bool(data) and all(isinstance(item, dict) and "type" in item for item in data)


def _list_pieces(data: list[dict[str, Any]]) -> Iterator[Piece]:
    """List the blocks of a content list (headings have a ``text_level``)."""
    for item in data:
        label, box = str(item["type"]), to_box(item.get("bbox"))
        level = item.get("text_level") or 0
        if item.get("img_path"):
            yield Piece(f"![]({item['img_path']})", label, box)
        captions = ("image_caption", "img_caption", "chart_caption", "table_caption", "code_caption")
        for key in captions:
            yield from (Piece(text, label, box) for text in strings(item.get(key)))
        if label == "text" and level:
            yield Piece(heading(item.get("text") or "", int(level)), "title", box)
        else:
            yield from (Piece(text, label, box) for text in strings(item.get("text")))
        bodies = ("list_items", "code_body", "table_body", "table_footnote", "image_footnote", "img_footnote")
        for key in bodies:
            yield from (Piece(text, label, box) for text in strings(item.get(key)))


# ---- *_content_list_v2.json ---------------------------------------------------------------------------------


def _is_nested(data: Any) -> bool:
    """Know a list of pages, each a list of blocks with a ``content``."""
    return (
        isinstance(data, list)
        and bool(data)
        and all(isinstance(page, list) for page in data)
        and any(data)
        and all(isinstance(item, dict) and "type" in item and "content" in item for page in data for item in page)
    )


def _nested_pieces(data: list[list[dict[str, Any]]]) -> Iterator[Piece]:
    """List the blocks of a page: texts are runs of spans, named ``<type>_content``."""
    for item in (item for page in data for item in page):
        label, box, content = str(item["type"]), to_box(item.get("bbox")), item["content"]
        if not isinstance(content, dict):
            yield Piece(_flat(content), label, box)
            continue
        if isinstance(content.get("image_source"), dict):
            yield Piece(f"![]({content['image_source'].get('path') or 'image'})", label, box)
        if label == "title":
            yield Piece(heading(_flat(content.get("title_content")), int(content.get("level") or 1)), label, box)
            continue
        for key, value in content.items():
            if key == "list_items":
                for entry in value:
                    yield Piece(_flat(entry.get("item_content")), label, box)
            elif key == "html" or key.endswith(("_content", "_caption", "_footnote")):
                yield Piece(_flat(value), label, box)


def _flat(value: Any) -> str:
    """Join the spans of a text."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(map(_flat, value)).strip()
    if isinstance(value, dict):
        return _flat(value.get("content"))
    return ""


# ---- *_middle.json ------------------------------------------------------------------------------------------


def _is_middle(data: Any) -> bool:
    """Know the list of pages under ``pdf_info``."""
    return isinstance(data, dict) and isinstance(data.get("pdf_info"), list)


def _middle_pages(data: dict[str, Any]) -> dict[int, Any]:
    """Cut a middle file into pages."""
    pages = by_index((page.get("page_idx", place), page) for place, page in enumerate(data["pdf_info"]))
    return {number: {"pdf_info": found} for number, found in pages.items()}


def _middle_pieces(data: dict[str, Any]) -> Iterator[Piece]:
    """List a page's paragraphs; what MinerU discarded (page lines) stands above or below them, by its box."""
    for page in data["pdf_info"]:
        blocks = page["para_blocks"] if "para_blocks" in page else page.get("preproc_blocks") or []
        height = (to_size(page.get("page_size")) or (0.0, 0.0))[1]
        above: list[dict[str, Any]] = []
        below: list[dict[str, Any]] = []
        for item in page.get("discarded_blocks") or []:
            box = to_box(item.get("bbox"))
            (above if box and box[1] < height / 2 else below).append(item)
        for block in (*above, *blocks, *below):
            yield from _middle_block(block)


def _middle_block(block: dict[str, Any]) -> Iterator[Piece]:
    """List a block, or the blocks inside it (a picture's body and caption)."""
    label, box = str(block.get("type", "text")), to_box(block.get("bbox"))
    inner = block.get("blocks") or []
    for part in inner:
        yield from _middle_block(part)
    spans = [span for line in block.get("lines") or [] for span in [*(line.get("spans") or []), {"content": "\n"}]]
    if any(span.get("image_path") for span in spans) and not inner:
        yield Piece(PICTURE, label, box)
    table = "".join(str(span["html"]) for span in spans if span.get("html"))
    text = "".join(str(span.get("content") or "") for span in spans).strip()
    if table:
        yield Piece(table, label, box)
    elif label == "title":
        yield Piece(heading(unwrap(text), int(block.get("level") or 1)), label, box)
    elif text:
        yield Piece(unwrap(text), label, box)


CONTENT_LIST = Format(
    "mineru",
    _is_list,
    lambda data: dict(by_index((item.get("page_idx"), item) for item in data)),
    _list_pieces,
    lambda _: _PERMILLE,
)
CONTENT_LIST_2 = Format(
    "mineru-v2", _is_nested, lambda data: numbered([page] for page in data), _nested_pieces, lambda _: _PERMILLE
)
MIDDLE = Format(
    "mineru-middle",
    _is_middle,
    _middle_pages,
    _middle_pieces,
    lambda data: ("point", to_size(data["pdf_info"][0].get("page_size")) if data["pdf_info"] else None),
)
